/*
 * The parts of adopt that write values.
 */
#include "deploy/spec/adoption.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/json_copy.h"
#include "deploy/spec/same.h"
#include "docker/container.h"

#define VOLUME_DIGITS 64

bool adoption_differs(struct json_node value, struct json_node bare)
{
    enum json_kind kind = json_kind(value);

    if (!json_present(value))
        return false;
    return !same_value(value, bare) ||
           ((kind == JSON_NUMBER || kind == JSON_BOOL) && !json_present(bare));
}

void adoption_list(struct adoption *a, const char *name, struct json_node list,
                   struct json_node without)
{
    bool open = false;

    for (struct json_node at = json_first(list); at.doc; at = json_next(list, at, NULL)) {
        if (same_listed(without, at))
            continue;
        if (!open)
            jw_array(&a->w, name);
        open = true;
        json_copy(&a->w, NULL, at);
    }
    if (open)
        jw_end(&a->w);
}

void adoption_note(struct adoption *a, const char *fmt, ...)
{
    char line[1024];
    va_list args;

    va_start(args, fmt);
    vsnprintf(line, sizeof line, fmt, args);
    va_end(args);
    text_str(a->notes, line);
    text_char(a->notes, '\n');
}

void adoption_leave(struct adoption *a, const char *path, struct json_node value,
                    const char *reason)
{
    struct json_writer w;

    text_printf(&a->left, "// %s: ", path);
    jw_init(&w, &a->left, true);
    json_copy(&w, NULL, value);
    text_printf(&a->left, "\n//     %s\n", reason);
    adoption_note(a, "%s is left out: %s", path, reason);
}

bool adoption_anonymous(struct json_node mount, char name[ADOPT_NAME_SIZE])
{
    return json_string_equals(json_get(mount, "Type"), "volume") &&
           json_string(json_get(mount, "Name"), name, ADOPT_NAME_SIZE) &&
           strlen(name) == VOLUME_DIGITS && strspn(name, "0123456789abcdef") == VOLUME_DIGITS;
}

bool adoption_at_anonymous(const struct adoption *a, struct json_node path)
{
    struct json_node mounts = json_get(json_root(a->container->document), "Mounts");
    char name[ADOPT_NAME_SIZE];

    for (struct json_node at = json_first(mounts); at.doc; at = json_next(mounts, at, NULL))
        if (adoption_anonymous(at, name) && same_scalar(json_get(at, "Destination"), path))
            return true;
    return false;
}
