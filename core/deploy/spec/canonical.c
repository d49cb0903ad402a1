/*
 * A tree of digests. An object is the digest of the sorted digests of its members, so that nothing
 * compares names. A letter before each kind keeps the kinds apart.
 */
#include "deploy/spec/canonical.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"

#define VALUE_MAX (16 * MIB)

typedef uint8_t digest_bytes[SHA256_SIZE];

static int compare(const void *a, const void *b)
{
    return memcmp(a, b, SHA256_SIZE);
}

static int digest_text(char kind, struct json_node string, const uint8_t *value, digest_bytes out,
                       struct err *err)
{
    _cleanup_text_ struct text text = {0};

    text_init_secret(&text, VALUE_MAX);
    text_char(&text, kind);
    if (json_kind(string) == JSON_STRING && !json_string_text(string, &text) && !text.failed)
        text_add(&text, json_raw(string).data, json_raw(string).size); /* it has a NUL */
    if (json_kind(string) == JSON_NUMBER)
        text_add(&text, json_raw(string).data, json_raw(string).size);
    text_char(&text, 0);
    if (value)
        text_add(&text, value, SHA256_SIZE);
    if (text_check(&text, "a value of the container file", err))
        return ERR_FAIL;
    sha256_of(text_view(&text), out);
    return 0;
}

/* Fills `list` with the digests of the members or elements. Returns their number, or -1. */
static long digest_children(struct json_node parent, digest_bytes *list, struct err *err)
{
    bool object = json_kind(parent) == JSON_OBJECT;
    struct json_node name, value = {0};
    long count = 0;

    while ((value = json_next(parent, value, &name)).doc) {
        digest_bytes digest;

        if (object && !json_present(value))
            continue;
        if (canonical_digest(value, digest, err))
            return -1;
        if (object && digest_text('m', name, digest, list[count], err))
            return -1;
        if (!object)
            memcpy(list[count], digest, sizeof digest);
        count++;
    }
    return count;
}

static int digest_group(struct json_node parent, digest_bytes out, struct err *err)
{
    bool object = json_kind(parent) == JSON_OBJECT;
    digest_bytes *list = calloc(json_count(parent) + 1, sizeof *list);
    long count;

    if (!list)
        return err_memory(err, "the digest of the container file");
    memset(list[0], object ? 'o' : 'a', sizeof list[0]);
    count = digest_children(parent, list + 1, err);
    if (count >= 0) {
        if (object)
            qsort(list + 1, (size_t)count, sizeof *list, compare);
        sha256_of(view_of(list, (size_t)(count + 1) * sizeof *list), out);
    }
    free(list);
    return count < 0 ? ERR_FAIL : 0;
}

int canonical_digest(struct json_node value, uint8_t out[SHA256_SIZE], struct err *err)
{
    switch (json_kind(value)) {
    case JSON_OBJECT:
    case JSON_ARRAY:
        return digest_group(value, out, err);
    case JSON_STRING:
        return digest_text('s', value, NULL, out, err);
    case JSON_NUMBER:
        return digest_text('n', value, NULL, out, err);
    case JSON_BOOL:
        return digest_text(json_bool(value, false) ? 't' : 'f', value, NULL, out, err);
    case JSON_NULL:
    case JSON_ABSENT:
        break;
    }
    return digest_text('0', value, NULL, out, err);
}
