/* Any settings become a request whose host and headers have no control character, or an error. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "store/s3/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FIELDS (5 + S3_OPTION_COUNT)

/* Splits the input at line ends into strings. */
static char *split(const uint8_t *data, size_t size, const char *fields[FIELDS])
{
    char *text = malloc(size + 1), *at = text;

    memcpy(text, data, size);
    text[size] = '\0';
    for (size_t i = 0; i < FIELDS; i++) {
        fields[i] = at;
        at += strcspn(at, "\n");
        if (*at)
            *at++ = '\0';
    }
    return text;
}

static void check_text(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            abort();
}

static void build(const struct s3_endpoint *place, const struct s3_option_headers *options,
                  unsigned verb)
{
    static struct s3_request request;
    const struct store_op op = {.verb = (enum store_verb)verb,
                                .key = "k",
                                .source = "s",
                                .upload_id_in = "u",
                                .part_number = 1,
                                .archive = true};
    struct err err;

    s3_request_init(&request);
    request.options = options;
    if (s3_request_build(&request, place, &op, &err) < 0) {
        if (op.verb != STORE_BUCKET_CREATE) /* an access point cannot be created */
            abort();
        s3_request_finish(&request);
        return;
    }
    check_text(request.host);
    check_text(request.path);
    for (unsigned i = 0; i < request.header_count; i++)
        check_text(request.headers[i].value);
    s3_request_finish(&request);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *fields[FIELDS];
    char *text = split(data, size, fields);
    const struct s3_place_options where = {.endpoint = fields[0],
                                           .region = fields[1],
                                           .bucket = fields[2],
                                           .addressing = fields[3],
                                           .fips = strchr(fields[4], 'f') != NULL,
                                           .dualstack = strchr(fields[4], 'd') != NULL,
                                           .accelerate = strchr(fields[4], 'a') != NULL,
                                           .own_region_only = strchr(fields[4], 'o') != NULL};
    struct s3_option_headers options;
    struct s3_endpoint place;
    struct err err;

    if (s3_option_headers_init(&options, fields + 5, &err) == 0 &&
        s3_endpoint_init(&place, &where, &err) == 0)
        for (unsigned verb = STORE_HEAD; verb <= STORE_LIFECYCLE; verb++) {
            build(&place, &options, verb);
            (void)s3_endpoint_move(&place, "eu-west-1");
        }
    s3_option_headers_finish(&options);
    free(text);
    return 0;
}
