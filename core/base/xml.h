/*
 * xml - reads small XML documents of S3 and STS, with bounds (on top of expat).
 *
 * Document type declarations are refused, and so are their entities. Depth is limited by
 * XML_DEPTH, texts by XML_TEXT. Namespaces are ignored.
 */
#ifndef S3DOCK_BASE_XML_H
#define S3DOCK_BASE_XML_H

#include "base/bytes.h"

struct err;

#define XML_DEPTH 8
#define XML_TEXT  (16 * 1024) /* of one element, decoded; session tokens of STS are long */
#define XML_NAME  64

/* An element has ended. `depth` 1 is the root. `parent` is the name around it ("" for the root);
 * `text` is the text directly in it, up to its end. If it returns false, the reading stops as
 * "malformed". */
typedef bool xml_end(void *arg, unsigned depth, const char *parent, const char *name,
                     const char *text);

/* Reads a whole document and names its root. `root` may be NULL. integrity.xml: the document is
 * empty, not well formed, truncated, or beyond the bounds. */
int xml_read(struct view document, char root[XML_NAME], xml_end *end, void *arg, struct err *err);

#endif
