/* Numbers are compared as they are spelled. Strings are decoded. */
#include "tests/cases/json_equal.h"

#include <stdlib.h>
#include <string.h>

char *json_copy(struct json_node node)
{
    struct text text;

    if (json_kind(node) != JSON_STRING)
        return NULL;
    text_init(&text, MIB);
    json_string_text(node, &text);
    char *copy = text.size ? text_steal(&text) : strdup("");
    text_finish(&text);
    return copy;
}

static bool strings_equal(struct json_node a, struct json_node b)
{
    char *text_a = json_copy(a), *text_b = json_copy(b);
    bool same = text_a && text_b && strcmp(text_a, text_b) == 0;

    free(text_a);
    free(text_b);
    return same;
}

static bool has_member(struct json_node object, struct json_node name, struct json_node value)
{
    struct json_node key;

    for (struct json_node at = json_next(object, (struct json_node){0}, &key);
         json_kind(at) != JSON_ABSENT; at = json_next(object, at, &key))
        if (strings_equal(key, name))
            return json_equal(at, value);
    return false;
}

static bool objects_equal(struct json_node a, struct json_node b)
{
    struct json_node key;

    if (json_count(a) != json_count(b))
        return false;
    for (struct json_node at = json_next(a, (struct json_node){0}, &key);
         json_kind(at) != JSON_ABSENT; at = json_next(a, at, &key))
        if (!has_member(b, key, at))
            return false;
    return true;
}

static bool arrays_equal(struct json_node a, struct json_node b)
{
    struct json_node at_a = json_first(a), at_b = json_first(b);

    if (json_count(a) != json_count(b))
        return false;
    for (; json_kind(at_a) != JSON_ABSENT; at_a = json_next(a, at_a, NULL)) {
        if (!json_equal(at_a, at_b))
            return false;
        at_b = json_next(b, at_b, NULL);
    }
    return true;
}

bool json_equal(struct json_node a, struct json_node b)
{
    struct view raw_a, raw_b;

    if (json_kind(a) != json_kind(b))
        return false;
    switch (json_kind(a)) {
    case JSON_OBJECT:
        return objects_equal(a, b);
    case JSON_ARRAY:
        return arrays_equal(a, b);
    case JSON_STRING:
        return strings_equal(a, b);
    default:
        raw_a = json_raw(a);
        raw_b = json_raw(b);
        return view_equals(raw_a, raw_b);
    }
}
