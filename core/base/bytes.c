/*
 * A text that is empty and owns no memory points to one shared NUL, so that `data` is a string at
 * any time. The memory doubles until it reaches the maximum.
 */
#include "base/bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/codes.h"
#include "base/err.h"
#include "os/memory.h"

#define SMALLEST_ROOM 64 /* one allocation for a typical name */

static char nothing[1] = "";

void text_init(struct text *text, size_t max)
{
    *text = (struct text){.data = nothing, .max = max};
}

void text_init_secret(struct text *text, size_t max)
{
    text_init(text, max);
    text->secret = true;
}

static void free_memory(struct text *text)
{
    if (text->room && text->secret)
        os_wipe(text->data, text->room);
    if (text->room)
        free(text->data);
}

void text_finish(struct text *text)
{
    bool secret = text->secret;

    free_memory(text);
    text_init(text, text->max);
    text->secret = secret;
}

void text_clear(struct text *text)
{
    text->size = 0;
    text->failed = false;
    if (text->room)
        text->data[0] = '\0';
}

static void text_fail(struct text *text, bool no_memory)
{
    text_finish(text);
    text->failed = true;
    text->no_memory = no_memory;
}

/* Returns memory of `room` bytes with the content. realloc would leave a secret in the old
 * memory. */
static char *grow(struct text *text, size_t room)
{
    char *data;

    if (!text->secret)
        return realloc(text->room ? text->data : NULL, room);
    data = malloc(room);
    if (!data)
        return NULL;
    memcpy(data, text->data, text->size + 1);
    free_memory(text);
    return data;
}

/* Makes room for `more` bytes and the NUL. Returns false, and marks the text, if that fails. */
static bool text_reserve(struct text *text, size_t more)
{
    size_t need, room;
    char *data;

    if (text->failed)
        return false;
    if (more > text->max || text->size > text->max - more || text->size + more == SIZE_MAX) {
        text_fail(text, false);
        return false;
    }
    need = text->size + more + 1;
    if (need <= text->room)
        return true;
    room = text->room > SIZE_MAX / 2 ? need : 2 * text->room;
    room = room < need ? need : room;
    room = room < SMALLEST_ROOM ? SMALLEST_ROOM : room;
    if (room > text->max && need <= text->max)
        room = text->max + 1; /* the maximum and the NUL */
    data = grow(text, room);
    if (!data) {
        text_fail(text, true);
        return false;
    }
    text->data = data;
    text->room = room;
    return true;
}

void text_add(struct text *text, const void *data, size_t size)
{
    if (!text_reserve(text, size))
        return;
    if (size)
        memcpy(text->data + text->size, data, size);
    text->size += size;
    text->data[text->size] = '\0';
}

void text_str(struct text *text, const char *str)
{
    text_add(text, str, strlen(str));
}

void text_char(struct text *text, char c)
{
    text_add(text, &c, 1);
}

void text_percent(struct text *text, const char *str, const char *keep)
{
    for (; *str; str++) {
        unsigned char c = (unsigned char)*str;

        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
            strchr("-._~", c) || strchr(keep, c))
            text_char(text, (char)c);
        else
            text_printf(text, "%%%02X", c);
    }
}

void text_cut(struct text *text, size_t size)
{
    if (size >= text->size)
        return;
    text->size = size;
    text->data[size] = '\0';
}

void text_printf(struct text *text, const char *fmt, ...)
{
    va_list args, again;
    int need;

    va_start(args, fmt);
    va_copy(again, args);
    need = vsnprintf(NULL, 0, fmt, args);
    if (need < 0) {
        text_fail(text, false);
    } else if (text_reserve(text, (size_t)need)) {
        vsnprintf(text->data + text->size, (size_t)need + 1, fmt, again);
        text->size += (size_t)need;
    }
    va_end(again);
    va_end(args);
}

int text_check(const struct text *text, const char *what, struct err *err)
{
    if (!text->failed)
        return 0;
    if (text->no_memory)
        return err_memory(err, what);
    return err_set(err, ERR_LOCAL, CODE_TOO_LARGE, "%s does not fit in %zu bytes", what, text->max);
}

char *text_steal(struct text *text)
{
    char *data;

    if (text->failed)
        return NULL;
    data = text->room ? text->data : strdup("");
    text->room = 0;
    text_init(text, text->max);
    return data;
}

struct view text_view(const struct text *text)
{
    return view_of(text->data, text->size);
}

bool str_copy(char *to, size_t size, const char *from)
{
    size_t need = strlen(from);

    if (need >= size) {
        to[0] = '\0';
        return false;
    }
    memcpy(to, from, need + 1);
    return true;
}

bool str_ends(const char *text, const char *ending)
{
    size_t size = strlen(text), tail = strlen(ending);

    return size >= tail && strcmp(text + size - tail, ending) == 0;
}

const char *str_find_any_case(const char *text, const char *word)
{
    size_t size = strlen(word);

    for (; strncasecmp(text, word, size) != 0; text++)
        if (!*text)
            return NULL;
    return text;
}

char *str_format_args(const char *fmt, va_list args)
{
    va_list again;
    char *out = NULL;
    int need;

    va_copy(again, args);
    need = vsnprintf(NULL, 0, fmt, args);
    if (need >= 0)
        out = malloc((size_t)need + 1);
    if (out)
        vsnprintf(out, (size_t)need + 1, fmt, again);
    va_end(again);
    return out;
}

char *str_format(const char *fmt, ...)
{
    va_list args;
    char *out;

    va_start(args, fmt);
    out = str_format_args(fmt, args);
    va_end(args);
    return out;
}
