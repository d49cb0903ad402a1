/*
 * The reader keeps a stack of names and one text. S3's documents have no mixed content, so the text
 * of a child may replace that of its parent.
 */
#include "base/xml.h"

#include <expat.h>
#include <limits.h>
#include <string.h>

#include "base/err.h"

struct reader {
    XML_Parser parser;
    char names[XML_DEPTH + 1][XML_NAME]; /* [0] is "": the parent of the root */
    unsigned depth;
    char text[XML_TEXT];
    size_t size;
    const char *refused; /* reason of the stop, or NULL */
    xml_end *end;
    void *arg;
};

static void refuse(struct reader *reader, const char *why)
{
    if (!reader->refused)
        reader->refused = why;
    XML_StopParser(reader->parser, XML_FALSE);
}

static void on_start(void *arg, const XML_Char *name, const XML_Char **attributes)
{
    struct reader *reader = arg;
    const char *colon = strrchr(name, ':');

    (void)attributes;
    if (reader->refused)
        return;
    if (reader->depth == XML_DEPTH) {
        refuse(reader, "nested too deeply");
        return;
    }
    if (!str_copy(reader->names[++reader->depth], XML_NAME, colon ? colon + 1 : name))
        refuse(reader, "a name is too long");
    reader->size = 0;
}

static void on_text(void *arg, const XML_Char *text, int size)
{
    struct reader *reader = arg;

    if (reader->refused)
        return;
    if ((size_t)size >= sizeof reader->text - reader->size) {
        refuse(reader, "a text is too long");
        return;
    }
    memcpy(reader->text + reader->size, text, (size_t)size);
    reader->size += (size_t)size;
}

static void on_end(void *arg, const XML_Char *name)
{
    struct reader *reader = arg;

    (void)name;
    if (reader->refused || reader->depth == 0)
        return;
    reader->text[reader->size] = '\0';
    reader->size = 0;
    if (!reader->end(reader->arg, reader->depth, reader->names[reader->depth - 1],
                     reader->names[reader->depth], reader->text))
        refuse(reader, "unexpected content");
    reader->depth--;
}

static void on_doctype(void *arg, const XML_Char *name, const XML_Char *system_id,
                       const XML_Char *public_id, int internal)
{
    (void)name, (void)system_id, (void)public_id, (void)internal;
    refuse(arg, "a document type declaration");
}

int xml_read(struct view document, char root[XML_NAME], xml_end *end, void *arg, struct err *err)
{
    struct reader reader = {.end = end, .arg = arg};
    const char *why;
    bool good;
    int size;

    /* A server that keeps the connection alive with blanks may send some before the declaration. */
    while (document.size && strchr(" \t\r\n", document.data[0]) && document.data[0])
        document = view_of(document.data + 1, document.size - 1);
    size = document.size < INT_MAX ? (int)document.size : INT_MAX;
    reader.parser = XML_ParserCreate(NULL);
    if (!reader.parser)
        return err_memory(err, "an XML document");
    XML_SetUserData(reader.parser, &reader);
    XML_SetElementHandler(reader.parser, on_start, on_end);
    XML_SetCharacterDataHandler(reader.parser, on_text);
    XML_SetStartDoctypeDeclHandler(reader.parser, on_doctype);
    good = XML_Parse(reader.parser, document.size ? (const char *)document.data : "", size,
                     XML_TRUE) == XML_STATUS_OK;
    why = reader.refused ? reader.refused : XML_ErrorString(XML_GetErrorCode(reader.parser));
    if (root)
        memcpy(root, reader.names[1], XML_NAME);
    if (!good)
        err_set(err, ERR_INTEGRITY, "xml", "not the XML document expected: %s", why);
    XML_ParserFree(reader.parser);
    return good ? 0 : ERR_FAIL;
}
