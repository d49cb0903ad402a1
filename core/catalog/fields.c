/* A failure makes the node absent, and every member of an absent node is absent. So the functions
 * below do not check for earlier failures. */
#include "catalog/fields.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/utf8.h"

void fields_fail(struct fields *fields, const char *name, const char *why)
{
    if (!fields->failed)
        err_set(fields->err, ERR_INTEGRITY, "document", "%s: member %s %s", fields->what, name,
                why);
    fields->failed = true;
    fields->node = (struct json_node){0};
}

void fields_open(struct fields *fields, struct view json, const char *what, struct err *err)
{
    *fields = (struct fields){.what = what, .err = err};
    if (json_parse(&fields->json, json, &JSON_DOCUMENT, what, err) < 0) {
        fields->failed = true;
        return;
    }
    fields->node = json_root(fields->json);
    if (json_kind(fields->node) == JSON_OBJECT)
        return;
    fields->failed = true;
    fields->node = (struct json_node){0};
    err_set(err, ERR_INTEGRITY, "document", "%s is not a JSON object", what);
}

void fields_enter(struct fields *fields, const char *name)
{
    if (fields->failed)
        return;
    fields->node = json_root(fields->json);
    if (!name)
        return;
    fields->node = json_get(fields->node, name);
    if (json_present(fields->node) && json_kind(fields->node) != JSON_OBJECT)
        fields_fail(fields, name, "is not an object");
}

struct fields fields_enter_element(const struct fields *parent, struct json_node element)
{
    struct fields inner = *parent;

    inner.node = element;
    if (!inner.failed && json_kind(element) != JSON_OBJECT)
        fields_fail(&inner, "of a list", "is not an object");
    return inner;
}

void fields_leave_element(struct fields *parent, const struct fields *inner)
{
    parent->failed = inner->failed;
    if (inner->failed)
        parent->node = (struct json_node){0};
}

static bool is_time(const char *text)
{
    int64_t ignored;

    return clock_parse_rfc3339(text, &ignored);
}

/* Reads the text of a present member. */
static void read_string(struct fields *fields, struct json_node node, const char *name, char *out,
                        size_t size, bool (*fine)(const char *text))
{
    const char *why = NULL;

    if (json_kind(node) != JSON_STRING)
        why = "is not a string";
    else if (!json_string(node, out, size))
        why = "is too long, or contains a NUL";
    else if (!str_is_printable(out) || (fine && !fine(out)))
        why = "has a value that is not allowed";
    if (!why)
        return;
    out[0] = '\0';
    fields_fail(fields, name, why);
}

void fields_string(struct fields *fields, const char *name, char *out, size_t size,
                   bool (*fine)(const char *text))
{
    struct json_node node = json_get(fields->node, name);

    out[0] = '\0';
    if (json_present(node) && !json_string_equals(node, ""))
        read_string(fields, node, name, out, size, fine);
}

void fields_time(struct fields *fields, const char *name, char *out, size_t size)
{
    struct json_node node = json_get(fields->node, name);

    out[0] = '\0';
    if (json_present(node))
        read_string(fields, node, name, out, size, is_time);
}

void fields_count(struct fields *fields, const char *name, uint64_t *out)
{
    struct json_node node = json_get(fields->node, name);
    int64_t value = 0;

    *out = 0;
    if (!json_present(node))
        return;
    if (!json_int(node, &value) || value < 0)
        fields_fail(fields, name, "is not a whole number");
    else
        *out = (uint64_t)value;
}

void fields_bool(struct fields *fields, const char *name, bool *out)
{
    struct json_node node = json_get(fields->node, name);

    *out = json_bool(node, false);
    if (json_present(node) && json_kind(node) != JSON_BOOL)
        fields_fail(fields, name, "is neither true nor false");
}

struct json_node fields_array(struct fields *fields, const char *name)
{
    struct json_node node = json_get(fields->node, name);

    if (!json_present(node))
        return (struct json_node){0};
    if (json_kind(node) == JSON_ARRAY)
        return node;
    fields_fail(fields, name, "is not a list");
    return (struct json_node){0};
}

void fields_require(struct fields *fields, const char *name, const char *text)
{
    if (!fields->failed && !text[0])
        fields_fail(fields, name, "is missing");
}

int fields_close(struct fields *fields)
{
    json_destroy(fields->json);
    fields->json = NULL;
    fields->node = (struct json_node){0};
    return fields->failed ? ERR_FAIL : 0;
}
