/*
 * The fields of the document are read at any root, because S3 clones differ in it.
 */
#include "store/s3/error_document.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/xml.h"

static bool on_field(void *arg, unsigned depth, const char *parent, const char *name,
                     const char *text)
{
    struct s3_error_document *error = arg;

    /* <Error><Code>; some clones send <ErrorResponse><Error><Code>, or another root */
    if (depth != 2 && (depth != 3 || strcmp(parent, "Error") != 0))
        return true;
    if (strcmp(name, "Code") == 0)
        error->found = str_copy(error->code, sizeof error->code, text);
    else if (strcmp(name, "Message") == 0)
        snprintf(error->message, sizeof error->message, "%s", text);
    else if (strcmp(name, "Region") == 0)
        str_copy(error->region, sizeof error->region, text);
    else if (strcmp(name, "Endpoint") == 0)
        str_copy(error->endpoint, sizeof error->endpoint, text);
    else if (strcmp(name, "StorageClass") == 0)
        str_copy(error->storage_class, sizeof error->storage_class, text);
    else if (strcmp(name, "ServerTime") == 0)
        (void)clock_parse_rfc3339(text, &error->server_time);
    return true;
}

/* Some stores name the region only in the message: "... expecting 'eu-west-1'". */
static void take_expected_region(struct s3_error_document *error)
{
    static const char BEFORE[] = "expecting '";
    const char *at = strstr(error->message, BEFORE);
    char region[S3_REGION_SIZE] = "";

    if (!error->region[0] && at && sscanf(at + sizeof BEFORE - 1, "%63[A-Za-z0-9_-]'", region) == 1)
        str_copy(error->region, sizeof error->region, region);
}

void s3_error_document_read(struct s3_error_document *error, struct view body)
{
    struct err ignored;

    *error = (struct s3_error_document){0};
    if (body.size > 0)
        (void)xml_read(body, NULL, on_field, error, &ignored);
    take_expected_region(error);
}
