/* A warning is a line of a text, so that a caller can print the warnings one by one. */
#include "catalog/warnings.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

#define MORE "further warnings are left out\n"

/* Returns false if the line does not fit before the last line, which states that. */
static bool make_room(struct text *warnings, const char *line)
{
    const size_t more = strlen(MORE);

    if (warnings->size + strlen(line) + 1 + more <= warnings->max)
        return true;
    if (warnings->size < more || strcmp(warnings->data + warnings->size - more, MORE) != 0)
        text_str(warnings, MORE);
    return false;
}

void warnings_add(struct text *warnings, const char *fmt, ...)
{
    va_list args;
    char *line;

    va_start(args, fmt);
    line = str_format_args(fmt, args);
    va_end(args);
    for (char *at = line; at && *at; at++)
        *at = *at == '\n' ? '?' : *at;
    if (line && make_room(warnings, line)) {
        text_str(warnings, line);
        text_char(warnings, '\n');
    }
    if (!line)
        text_str(warnings, "a warning needs more memory\n");
    free(line);
}

const char *warnings_key(const char *key, const char *text)
{
    return strstr(text, key) ? "" : key;
}

void warnings_add_error(struct text *warnings, const char *key, const struct err *error)
{
    key = warnings_key(key, error->text);
    warnings_add(warnings, "%s%s%s", key, key[0] ? ": " : "", error->text);
}
