/*
 * one_line - makes one printable line of bytes from outside, for a message.
 */
#ifndef S3DOCK_DEPLOY_GATE_ONE_LINE_H
#define S3DOCK_DEPLOY_GATE_ONE_LINE_H

#include <stddef.h>

#include "base/view.h"

/* Copies as much as fits. Runs of blanks and line ends become one space; the line neither begins
 * nor ends with one. Invisible characters, NULs and invalid UTF-8 become '?'. */
void one_line(struct view bytes, char *out, size_t size);
/* The same with the last bytes, which begin with a whole line if possible. */
void one_line_end(struct view bytes, char *out, size_t size);

#endif
