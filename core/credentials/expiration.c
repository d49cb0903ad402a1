/*
 * The text is changed to strict RFC 3339 first. A text that is too long for its fraction and offset
 * is no time.
 */
#include "credentials/expiration.h"

#include <string.h>

#include "base/bytes.h"
#include "base/clock.h"

#define DATE_SIZE   10 /* "2026-03-01" */
#define OFFSET_SIZE 5  /* "+0100" */

/* Writes the end of the text as "Z" or "+01:00". `text` has room for the colon. */
static void change_end(char *text)
{
    size_t size = strlen(text);
    char *offset = text + size - OFFSET_SIZE;

    if (text[size - 1] == 'z')
        text[size - 1] = 'Z';
    else if (strcmp(text + size - 3, "UTC") == 0)
        memcpy(text + size - 3, "Z", 2);
    else if (strchr("+-", *offset) && strspn(offset + 1, "0123456789") == 4)
        memcpy(offset + 3, (char[]){':', offset[3], offset[4], '\0'}, 4);
}

bool expiration_read(const char *text, int64_t *wall_ns)
{
    char strict[CLOCK_RFC3339_SIZE + 2];
    int64_t time;

    *wall_ns = 0;
    if (strlen(text) <= DATE_SIZE || !str_copy(strict, sizeof strict - 1, text))
        return false;
    if (strchr(" t", strict[DATE_SIZE]))
        strict[DATE_SIZE] = 'T';
    change_end(strict);
    if (!clock_parse_rfc3339(strict, &time))
        return false;
    *wall_ns = time;
    return true;
}
