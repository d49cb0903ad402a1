/*
 * xml - reads the small XML documents of S3, with bounds (on top of expat).
 *
 * Document type declarations are refused, and so are their entities. Depth is limited by
 * S3_XML_DEPTH, texts by S3_XML_TEXT. Namespaces are ignored.
 */
#ifndef S3DOCK_STORE_S3_XML_H
#define S3DOCK_STORE_S3_XML_H

#include "base/bytes.h"

struct err;

#define S3_XML_DEPTH 8
#define S3_XML_TEXT  (8 * 1024) /* of one element, decoded; keys have 1024 bytes */
#define S3_XML_NAME  64

/* An element has ended. `depth` 1 is the root. `parent` is the name around it ("" for the root);
 * `text` is the text directly in it, up to its end. If it returns false, the reading stops as
 * "malformed". */
typedef bool s3_xml_end(void *arg, unsigned depth, const char *parent, const char *name,
                        const char *text);

/* Reads a whole document and names its root. `root` may be NULL. integrity.xml: the document is
 * empty, not well formed, truncated, or beyond the bounds. */
int s3_xml_read(struct view document, char root[S3_XML_NAME], s3_xml_end *end, void *arg,
                struct err *err);

#endif
