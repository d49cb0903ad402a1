/* A `*` first takes nothing, and one more character each time that the rest does not match. Only
 * the last `*` is tried again: an earlier one could not do better. */
#include "sign/patterns.h"

#include <string.h>

bool pattern_matches(struct view text, struct view pattern)
{
    size_t at = 0, in = 0, star = pattern.size, retry = 0;

    while (at < text.size) {
        if (in < pattern.size && pattern.data[in] == '*') {
            star = in++;
            retry = at;
        } else if (in < pattern.size &&
                   (pattern.data[in] == '?' || pattern.data[in] == text.data[at])) {
            in++;
            at++;
        } else if (star < pattern.size) {
            in = star + 1;
            at = ++retry;
        } else {
            return false;
        }
    }
    while (in < pattern.size && pattern.data[in] == '*')
        in++;
    return in == pattern.size;
}

bool patterns_next(struct view *list, struct view *pattern)
{
    const uint8_t *comma;

    if (list->size == 0)
        return false;
    comma = memchr(list->data, ',', list->size);
    *pattern = view_of(list->data, comma ? (size_t)(comma - list->data) : list->size);
    list->data += pattern->size + (comma != NULL);
    list->size -= pattern->size + (comma != NULL);
    return true;
}

bool patterns_match(struct view text, struct view list)
{
    struct view pattern;
    bool found = false, negated;

    while (patterns_next(&list, &pattern)) {
        negated = pattern.size > 0 && pattern.data[0] == '!';
        if (negated)
            pattern = view_of(pattern.data + 1, pattern.size - 1);
        if (!pattern_matches(text, pattern))
            continue;
        if (negated)
            return false;
        found = true;
    }
    return found;
}

bool pattern_is_literal(struct view text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] == '\0' || strchr("*?!,", text.data[i]))
            return false;
    return true;
}
