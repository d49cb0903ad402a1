/*
 * xml - a bounded reader of the small XML documents that S3 answers with (expat inside).
 *
 * Document type declarations, and with them entities of one's own, are refused; so are depth beyond
 * S3_XML_DEPTH and texts beyond S3_XML_TEXT. Namespaces are ignored.
 */
#ifndef S3DOCK_STORE_S3_XML_H
#define S3DOCK_STORE_S3_XML_H

#include "base/bytes.h"

struct err;

#define S3_XML_DEPTH 8
#define S3_XML_TEXT  (8 * 1024) /* of one element, decoded; keys have 1024 bytes */
#define S3_XML_NAME  64

/* An element has ended. `depth` 1 is the root. `parent` is the name around it ("" for the root);
 * `text` is what stood directly in it, up to its end. Returning false stops the reading as
 * "malformed". */
typedef bool s3_xml_end(void *arg, unsigned depth, const char *parent, const char *name,
                        const char *text);

/* Reads a whole document and names its root. `root` may be NULL. integrity.xml when it is not well
 * formed, truncated, or beyond the bounds; empty (blanks only) is that too. */
int s3_xml_read(struct view document, char root[S3_XML_NAME], s3_xml_end *end, void *arg,
                struct err *err);

#endif
