/*
 * Recursion ends at the depth of the writer.
 */
#include "base/json_copy.h"

#define STRING_MAX (16 * MIB)

/* Strings are decoded and written again, so that no character of a daemon ends a comment. */
static void copy_string(struct json_writer *w, const char *name, struct json_node value)
{
    _cleanup_text_ struct text text = {0};

    text_init_secret(&text, STRING_MAX);
    if (json_string_text(value, &text))
        jw_string_view(w, name, text_view(&text));
    else
        jw_string(w, name, "");
}

static void copy_members(struct json_writer *w, struct json_node object)
{
    struct json_node name, value = {0};

    while ((value = json_next(object, value, &name)).doc) {
        _cleanup_text_ struct text text = {0};

        text_init(&text, STRING_MAX);
        if (json_present(value) && json_string_text(name, &text))
            json_copy(w, text.data, value);
    }
}

void json_copy(struct json_writer *w, const char *name, struct json_node value)
{
    enum json_kind kind = json_kind(value);

    if (w->depth >= JSON_WRITE_DEPTH && (kind == JSON_OBJECT || kind == JSON_ARRAY)) {
        jw_raw(w, name, view_str("null"));
        return;
    }
    if (kind == JSON_STRING) {
        copy_string(w, name, value);
    } else if (kind == JSON_OBJECT) {
        jw_object(w, name);
        copy_members(w, value);
        jw_end(w);
    } else if (kind == JSON_ARRAY) {
        jw_array(w, name);
        for (struct json_node at = json_first(value); at.doc; at = json_next(value, at, NULL))
            json_copy(w, NULL, at);
        jw_end(w);
    } else {
        jw_raw(w, name, json_raw(value));
    }
}
