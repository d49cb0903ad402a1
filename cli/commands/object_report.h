/*
 * object_report - prints which objects hold an image, what it refers to, and what it holds alone:
 * for inspect.
 */
#ifndef S3DOCK_CLI_COMMANDS_OBJECT_REPORT_H
#define S3DOCK_CLI_COMMANDS_OBJECT_REPORT_H

struct cli;
struct err;
struct image_name;
struct index;
struct located;
struct store;

/* Writes members of the data: format, thin, codec, platforms (if there are several), and for an
 * image of format 3 objects, alone_bytes, extents and ranges. Prints lines for the latter. `index`
 * has all of its sections. A bucket whose documents cannot be read omits what an image holds
 * alone, with a note. */
int object_report(struct cli *cli, struct store *store, const struct image_name *name,
                  const struct located *at, const struct index *index, struct err *err);

#endif
