/*
 * unfinished_ui - prints unfinished transfers, for resume and cleanup.
 */
#ifndef S3DOCK_CLI_COMMANDS_UNFINISHED_UI_H
#define S3DOCK_CLI_COMMANDS_UNFINISHED_UI_H

#include <stdint.h>

#include "cleanup/unfinished.h"

struct config;
struct json_writer;
struct output;

#define UNFINISHED_LINE 2048

/* Returns how long the data of a retired image are kept, in ns: --retired-after. */
int64_t unfinished_retention(const struct config *config);
/* Warns if the list may lack uploads. */
void unfinished_warn(struct output *output, const struct unfinished_list *list);
/* Writes one object of a JSON array. `retention` as above. */
void unfinished_write(struct json_writer *w, const struct unfinished *what, int64_t retention);
/* Formats "push     images/..., 24.1 MB, 2 h ago" into `out` of UNFINISHED_LINE bytes. `now`: wall
 * ns by the clock of the store. */
const char *unfinished_line(const struct unfinished *what, int64_t now, int64_t retention,
                            char *out);

#endif
