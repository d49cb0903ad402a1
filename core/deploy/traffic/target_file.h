/*
 * target_file - the file that names the target of a proxy, and a note beside it: the proxy may not
 * run its content.
 *
 * The note is the file `.NAME.switching` in the same folder. It exists from before a write until
 * after the reload, so a crash between the two is noticed. Proxies that read a whole folder skip
 * the name.
 */
#ifndef S3DOCK_DEPLOY_TRAFFIC_TARGET_FILE_H
#define S3DOCK_DEPLOY_TRAFFIC_TARGET_FILE_H

#include <stdbool.h>

#include "base/view.h"

struct err;
struct text;
struct traffic_spec;

#define TARGET_FILE_MAX (1 << 20) /* bytes */

enum target_file_answer { TARGET_FILE_OK = 0, TARGET_FILE_ABSENT = 1 };

/* Appends the content that names an address. */
void target_file_content(const struct traffic_spec *spec, const char *address, struct text *out);
/* Reads the file. TARGET_FILE_ABSENT: there is none. deploy.switch. */
int target_file_read(const struct traffic_spec *spec, struct text *out, struct err *err);
/* Replaces the file in one step, with the mode of the old one. deploy.switch. */
int target_file_write(const struct traffic_spec *spec, struct view content, struct err *err);
/* Deletes the file, if it exists. */
int target_file_remove(const struct traffic_spec *spec, struct err *err);
/* Returns true if the text contains the address as a whole, in a line that is not a comment. */
bool target_file_names(struct view text, const char *address);

/* Writes, deletes and looks for the note. */
int target_note_write(const struct traffic_spec *spec, struct err *err);
int target_note_remove(const struct traffic_spec *spec, struct err *err);
bool target_note_exists(const struct traffic_spec *spec);

#endif
