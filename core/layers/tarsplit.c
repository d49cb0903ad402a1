/*
 * The window: inflated bytes are collected in one buffer. A line is parsed in place, and its
 * payload is decoded in place (base64 shrinks):
 *
 *     0        at           have        room
 *     | lines   | line so    |   room   |
 *     |  done   |  far       |          |
 *
 * A line is one flat object of Docker's JSON writer, so it is scanned without a JSON parser: a
 * layer has a hundred thousand lines. Unknown members are ignored, and the last of two equal
 * members wins. Only a name with escapes goes to the JSON reader.
 */
#include "layers/tarsplit.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/json.h"
#include "pack/codec/gunzip.h"

#define ROOM_FIRST (128 * KIB)

struct tarsplit {
    struct gunzip *gunzip;
    uint8_t *window;
    size_t at, have, room;
    size_t searched; /* bytes from `at` on without a newline */
    uint64_t lines, size;
    bool failed;
};

/* The members of a line. Strings are raw, without their quotes. */
struct entry {
    int64_t type, size;
    struct view name, name_raw, payload;
    bool name_escaped;
};

static const struct json_limits LINE_LIMITS = {.bytes = TARSPLIT_LINE_MAX, .depth = 4, .nodes = 64};

struct tarsplit *tarsplit_create(struct err *err)
{
    struct tarsplit *t = calloc(1, sizeof *t);

    if (t) {
        t->room = ROOM_FIRST;
        t->window = malloc(t->room);
    }
    if (!t || !t->window) {
        tarsplit_destroy(t);
        err_memory(err, "the layer's list");
        return NULL;
    }
    t->gunzip = gunzip_create(err);
    if (!t->gunzip) {
        tarsplit_destroy(t);
        return NULL;
    }
    return t;
}

void tarsplit_destroy(struct tarsplit *tarsplit)
{
    if (!tarsplit)
        return;
    gunzip_destroy(tarsplit->gunzip);
    free(tarsplit->window);
    free(tarsplit);
}

uint64_t tarsplit_size(const struct tarsplit *tarsplit)
{
    return tarsplit->size;
}

static int fail(struct tarsplit *t, const char *why, struct err *err)
{
    t->failed = true;
    return err_set(err, ERR_INTEGRITY, "tarsplit", "line %llu of tar-split.json: %s",
                   (unsigned long long)t->lines, why);
}

/* ---- a line ---- */

static const uint8_t *skip_space(const uint8_t *at, const uint8_t *end)
{
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\r'))
        at++;
    return at;
}

/* Scans a string from after its opening quote. Returns the position after its closing quote, or
 * NULL. */
static const uint8_t *scan_string(const uint8_t *at, const uint8_t *end, struct view *out,
                                  bool *escaped)
{
    const uint8_t *begin = at;

    *escaped = false;
    for (;;) {
        const uint8_t *quote = memchr(at, '"', (size_t)(end - at));
        const uint8_t *slash = quote ? memchr(at, '\\', (size_t)(quote - at)) : NULL;

        if (!quote)
            return NULL;
        if (!slash) {
            *out = view_of(begin, (size_t)(quote - begin));
            return quote + 1;
        }
        *escaped = true;
        at = slash + 2; /* the quote follows the slash, so this is within the line */
    }
}

/* Scans a number without sign, fraction or exponent. null does not change *out. */
static const uint8_t *scan_plain(const uint8_t *at, const uint8_t *end, int64_t *out)
{
    int64_t value = 0;
    const uint8_t *begin = at;

    if (end - at >= 4 && memcmp(at, "null", 4) == 0)
        return at + 4;
    for (; at < end && *at >= '0' && *at <= '9'; at++) {
        if (at - begin == 18)
            return NULL;
        value = value * 10 + (*at - '0');
    }
    *out = value;
    return at > begin ? at : NULL;
}

static const uint8_t *scan_member(const uint8_t *at, const uint8_t *end, struct entry *e)
{
    struct view key, text = {NULL, 0};
    int64_t number = 0;
    bool escaped, is_text;

    at = skip_space(at, end);
    if (at == end || *at != '"' || !(at = scan_string(at + 1, end, &key, &escaped)))
        return NULL;
    at = skip_space(at, end);
    if (at == end || *at != ':')
        return NULL;
    at = skip_space(at + 1, end);
    is_text = at < end && *at == '"';
    at = is_text ? scan_string(at + 1, end, &text, &escaped) : scan_plain(at, end, &number);
    if (!at)
        return NULL;
    if (view_equals_str(key, "type"))
        e->type = number;
    else if (view_equals_str(key, "size"))
        e->size = number;
    else if (view_equals_str(key, "payload"))
        e->payload = text;
    else if (view_equals_str(key, "name_raw"))
        e->name_raw = text;
    else if (view_equals_str(key, "name")) {
        e->name = text;
        e->name_escaped = is_text && escaped;
    }
    return skip_space(at, end);
}

static bool scan_line(struct view line, struct entry *e)
{
    const uint8_t *end = line.data + line.size;
    const uint8_t *at = skip_space(line.data, end);

    *e = (struct entry){0};
    if (at == end || *at != '{')
        return false;
    do {
        at = scan_member(at + 1, end, e);
    } while (at && at < end && *at == ',');
    return at && at < end && *at == '}' && skip_space(at + 1, end) == end;
}

/* ---- meaning of a line ---- */

/* Accepts names below their folder: relative, no "..", empty components only at the end. */
static bool is_safe(const char *name, size_t size)
{
    size_t begin = 0;

    if (size == 0 || name[0] == '/' || memchr(name, '\0', size) != NULL)
        return false;
    for (size_t i = 0; i <= size; i++) {
        if (i < size && name[i] != '/')
            continue;
        if (i - begin == 2 && name[begin] == '.' && name[begin + 1] == '.')
            return false;
        if (i == begin && i < size)
            return false;
        begin = i + 1;
    }
    return true;
}

static int decode_escapes(struct view line, char *out, size_t room)
{
    struct json *json;
    struct err ignored;
    bool done;

    if (json_parse(&json, line, &LINE_LIMITS, "a line", &ignored))
        return ERR_FAIL;
    done = json_string(json_get(json_root(json), "name"), out, room);
    json_destroy(json);
    return done ? 0 : ERR_FAIL;
}

/* Reads a name. A name that is not UTF-8 is in name_raw. */
static int read_name(struct tarsplit *t, struct view line, const struct entry *e, char *out,
                     struct err *err)
{
    long size = -1;

    if (e->name_raw.size) {
        size = base64_decode((const char *)e->name_raw.data, e->name_raw.size, (uint8_t *)out,
                             TARSPLIT_NAME_MAX - 1);
    } else if (e->name_escaped) {
        if (decode_escapes(line, out, TARSPLIT_NAME_MAX) == 0)
            size = (long)strlen(out);
    } else if (e->name.size > 0 && e->name.size < TARSPLIT_NAME_MAX) {
        memcpy(out, e->name.data, e->name.size);
        size = (long)e->name.size;
    }
    if (size < 0 || !is_safe(out, (size_t)size))
        return fail(t, "not the name of a file in the layer", err);
    out[size] = '\0';
    return 0;
}

static int count(struct tarsplit *t, uint64_t size, struct err *err)
{
    if (size > TARSPLIT_SIZE_MAX - t->size)
        return fail(t, "the size of the layer is implausible", err);
    t->size += size;
    return 0;
}

static int read_file(struct tarsplit *t, struct view line, const struct entry *e,
                     struct tarsplit_piece *piece, struct err *err)
{
    if (e->size == 0)
        return 0;
    if (read_name(t, line, e, piece->name, err) || count(t, (uint64_t)e->size, err))
        return ERR_FAIL;
    piece->size = (uint64_t)e->size;
    return TARSPLIT_FILE;
}

static int read_bytes(struct tarsplit *t, const struct entry *e, struct tarsplit_piece *piece,
                      struct err *err)
{
    uint8_t *place;
    long size;

    if (e->payload.size == 0)
        return 0;
    place = t->window + (e->payload.data - t->window);
    size = base64_decode((const char *)e->payload.data, e->payload.size, place, e->payload.size);
    if (size < 0)
        return fail(t, "its payload is not base64", err);
    if (count(t, (uint64_t)size, err))
        return ERR_FAIL;
    piece->bytes = view_of(place, (size_t)size);
    piece->size = (uint64_t)size;
    return TARSPLIT_BYTES;
}

/* Interprets a line. Returns 0 if it adds nothing to the tar. */
static int read_line(struct tarsplit *t, struct view line, struct tarsplit_piece *piece,
                     struct err *err)
{
    struct entry e;

    if (++t->lines > TARSPLIT_ENTRIES_MAX)
        return fail(t, "there are too many entries", err);
    if (!scan_line(line, &e))
        return fail(t, "not an entry", err);
    switch (e.type) {
    case 1:
        return read_file(t, line, &e, piece, err);
    case 2:
        return read_bytes(t, &e, piece, err);
    default:
        return fail(t, "an entry of an unknown type", err);
    }
}

/* ---- the window ---- */

/* Makes room at the end: moves the incomplete line to the front, or grows the buffer. */
static int make_room(struct tarsplit *t, struct err *err)
{
    uint8_t *larger;

    if (t->have < t->room)
        return 0;
    if (t->at > 0) {
        memmove(t->window, t->window + t->at, t->have - t->at);
        t->have -= t->at;
        t->at = 0;
        return 0;
    }
    if (t->room >= TARSPLIT_LINE_MAX)
        return fail(t, "too long", err);
    larger = realloc(t->window, 2 * t->room);
    if (!larger)
        return err_memory(err, "the layer's list");
    t->window = larger;
    t->room *= 2;
    return 0;
}

/* Returns 0 after inflating more bytes, or TARSPLIT_MORE if the input is empty. */
static int inflate_more(struct tarsplit *t, struct view *in, struct err *err)
{
    size_t produced;

    if (make_room(t, err))
        return ERR_FAIL;
    if (gunzip_read(t->gunzip, in, t->window + t->have, t->room - t->have, &produced, err)) {
        t->failed = true;
        return err_wrap(err, "tar-split.json.gz");
    }
    t->have += produced;
    return produced ? 0 : TARSPLIT_MORE;
}

static bool next_line(struct tarsplit *t, struct view *line)
{
    uint8_t *begin = t->window + t->at;
    uint8_t *end = memchr(begin + t->searched, '\n', t->have - t->at - t->searched);

    if (!end) {
        t->searched = t->have - t->at;
        return false;
    }
    *line = view_of(begin, (size_t)(end - begin));
    t->at += line->size + 1;
    t->searched = 0;
    return true;
}

int tarsplit_next(struct tarsplit *tarsplit, struct view *in, struct tarsplit_piece *piece,
                  struct err *err)
{
    struct view line;
    int answer = 0;

    if (tarsplit->failed)
        return fail(tarsplit, "the list is damaged", err);
    while (answer == 0)
        answer = next_line(tarsplit, &line) ? read_line(tarsplit, line, piece, err)
                                            : inflate_more(tarsplit, in, err);
    return answer;
}

int tarsplit_finish(struct tarsplit *tarsplit, struct err *err)
{
    if (tarsplit->failed)
        return fail(tarsplit, "the list is damaged", err);
    if (gunzip_finish(tarsplit->gunzip, err))
        return err_wrap(err, "tar-split.json.gz");
    if (tarsplit->at < tarsplit->have)
        return fail(tarsplit, "the last entry is cut short", err);
    return 0;
}
