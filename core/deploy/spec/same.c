/*
 * Recursion is bounded by the depth with which the documents were parsed.
 */
#include "deploy/spec/same.h"

#include <string.h>

#include "base/bytes.h"

#define STRING_MAX (16 * MIB)

bool same_empty(struct json_node value)
{
    int64_t number;

    switch (json_kind(value)) {
    case JSON_ABSENT:
    case JSON_NULL:
        return true;
    case JSON_BOOL:
        return !json_bool(value, false);
    case JSON_NUMBER:
        return json_int(value, &number) && number == 0;
    case JSON_STRING:
        return json_string_equals(value, "");
    case JSON_ARRAY:
    case JSON_OBJECT:
        break;
    }
    return json_count(value) == 0;
}

static bool same_string(struct json_node a, struct json_node b)
{
    _cleanup_text_ struct text x = {0}, y = {0};

    if (view_equals(json_raw(a), json_raw(b)))
        return true;
    text_init_secret(&x, STRING_MAX);
    text_init_secret(&y, STRING_MAX);
    return json_string_text(a, &x) && json_string_text(b, &y) &&
           view_equals(text_view(&x), text_view(&y));
}

bool same_scalar(struct json_node a, struct json_node b)
{
    if (json_kind(a) != json_kind(b))
        return false;
    if (json_kind(a) == JSON_STRING)
        return same_string(a, b);
    return json_kind(a) == JSON_NUMBER && view_equals(json_raw(a), json_raw(b));
}

struct json_node same_member(struct json_node object, struct json_node name)
{
    struct json_node other, value = {0};

    if (json_kind(object) != JSON_OBJECT)
        return (struct json_node){0};
    while ((value = json_next(object, value, &other)).doc)
        if (same_string(name, other))
            return value;
    return (struct json_node){0};
}

/* Returns true if all members of `a` are the same in `b`. */
static bool same_members(struct json_node a, struct json_node b)
{
    struct json_node name, value = {0};

    while ((value = json_next(a, value, &name)).doc)
        if (!same_value(value, same_member(b, name)))
            return false;
    return true;
}

static bool same_elements(struct json_node a, struct json_node b)
{
    struct json_node x = json_first(a), y = json_first(b);

    for (; x.doc && y.doc; x = json_next(a, x, NULL), y = json_next(b, y, NULL))
        if (!same_value(x, y))
            return false;
    return !x.doc && !y.doc;
}

bool same_value(struct json_node a, struct json_node b)
{
    if (same_empty(a) || same_empty(b))
        return same_empty(a) && same_empty(b);
    if (json_kind(a) != json_kind(b))
        return false;
    switch (json_kind(a)) {
    case JSON_OBJECT:
        return same_members(a, b) && same_members(b, a);
    case JSON_ARRAY:
        return same_elements(a, b);
    case JSON_BOOL:
        return true; /* both are true: false is empty */
    default:
        return same_scalar(a, b);
    }
}

bool same_listed(struct json_node list, struct json_node value)
{
    for (struct json_node at = json_first(list); at.doc; at = json_next(list, at, NULL))
        if (same_value(at, value))
            return true;
    return false;
}
