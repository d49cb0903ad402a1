/*
 * unfinished_ui - how resume and cleanup show what is unfinished.
 */
#ifndef S3DOCK_CLI_COMMANDS_UNFINISHED_UI_H
#define S3DOCK_CLI_COMMANDS_UNFINISHED_UI_H

#include <stdint.h>

#include "cleanup/unfinished.h"

struct config;
struct json_writer;

#define UNFINISHED_LINE 2048

/* How long the data of a retired image stay, in ns: --retired-after. */
int64_t unfinished_stays(const struct config *config);
/* One object of a JSON array. */
void unfinished_write(struct json_writer *w, const struct unfinished *what, int64_t stays);
/* "push of images/...: 24.1 MB sent, 2 h ago": `out` holds UNFINISHED_LINE. */
const char *unfinished_line(const struct unfinished *what, int64_t now, int64_t stays, char *out);

#endif
