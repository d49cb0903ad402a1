/* A warning is a line of a text, so that a caller can print the warnings one by one. */
#include "catalog/warnings.h"

#include <stdarg.h>
#include <stdlib.h>

void warnings_add(struct text *warnings, const char *fmt, ...)
{
    va_list args;
    char *line;

    va_start(args, fmt);
    line = str_format_args(fmt, args);
    va_end(args);
    for (char *at = line; at && *at; at++)
        *at = *at == '\n' ? '?' : *at;
    text_str(warnings, line ? line : "out of memory");
    text_char(warnings, '\n');
    free(line);
}
