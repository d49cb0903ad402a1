/*
 * Objects are separated by "\r\n", by nothing, or by any bytes of a proxy. So the reader finds them
 * by their braces: it counts the depth outside of strings and passes each object to the JSON
 * reader. Text outside of objects is kept for the error message.
 *
 * These members are read: errorDetail.message and the older error (failure); stream (lines of text,
 * such as "Loaded image: x", "Loaded image ID: x", and "Error unpacking image" of the containerd
 * store, which is a failure); status with id and progressDetail.
 */
#include "docker/messages.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/json.h"

#define LINE_MAX_SIZE 1024

static const struct json_limits message_limits = {
    .bytes = DOCKER_MESSAGE_MAX, .depth = 32, .nodes = 4096};

void docker_messages_init(struct docker_messages *stream, void (*line)(void *arg, const char *line),
                          void *arg)
{
    *stream = (struct docker_messages){.line = line, .arg = arg};
    text_init(&stream->object, DOCKER_MESSAGE_MAX);
}

void docker_messages_finish(struct docker_messages *stream)
{
    text_finish(&stream->object);
}

/* Copies as much as fits, printable. */
static void print_into(char *out, size_t size, const char *text, size_t length)
{
    size_t used = 0;

    for (size_t i = 0; i < length && used + 1 < size; i++)
        out[used++] = (unsigned char)text[i] < 0x20 || text[i] == 0x7f ? ' ' : text[i];
    while (used > 0 && out[used - 1] == ' ')
        used--;
    out[used] = '\0';
}

static void fail(struct docker_messages *stream, const char *why)
{
    if (!stream->failed) /* the first error counts */
        print_into(stream->error, sizeof stream->error, why, strlen(why));
    stream->failed = true;
}

static void report_line(const struct docker_messages *stream, const char *line)
{
    if (stream->line && *line)
        stream->line(stream->arg, line);
}

static const char *after(const char *text, const char *prefix)
{
    size_t size = strlen(prefix);

    return strncmp(text, prefix, size) == 0 ? text + size : NULL;
}

/* Podman lists several names in one line. */
static void note_loaded(struct docker_loaded *loaded, const char *names)
{
    for (names += strspn(names, ", "); *names; names += strspn(names, ", ")) {
        size_t size = strcspn(names, ", ");

        if (loaded->count == DOCKER_LOADED_MAX || size >= sizeof loaded->names[0]) {
            loaded->more = true;
            return;
        }
        print_into(loaded->names[loaded->count++], sizeof loaded->names[0], names, size);
        names += size;
    }
}

/* One line of text, printable. */
static void handle_line(struct docker_messages *stream, const char *line)
{
    const char *name = after(line, "Loaded image: ");

    if (!name)
        name = after(line, "Loaded image ID: ");
    if (!name)
        name = after(line, "Loaded image(s): "); /* podman 3 */
    if (name)
        note_loaded(&stream->loaded, name);
    if (strncmp(line, "Error unpacking image", 21) == 0)
        fail(stream, line);
    report_line(stream, line);
}

static void handle_text(struct docker_messages *stream, const char *text)
{
    while (*text) {
        size_t size = strcspn(text, "\r\n");
        char line[LINE_MAX_SIZE];

        print_into(line, sizeof line, text, size);
        handle_line(stream, line);
        text += size;
        text += strspn(text, "\r\n");
    }
}

static void handle_status(const struct docker_messages *stream, struct json_node object)
{
    struct json_node detail = json_get(object, "progressDetail");
    char status[LINE_MAX_SIZE], id[128], raw[LINE_MAX_SIZE + 256], line[LINE_MAX_SIZE];
    int64_t current, total;
    int used;

    if (!json_string(json_get(object, "status"), status, sizeof status))
        return;
    json_string(json_get(object, "id"), id, sizeof id);
    used = snprintf(raw, sizeof raw, "%s%s%s", status, *id ? " " : "", id);
    if (json_int(json_get(detail, "current"), &current) &&
        json_int(json_get(detail, "total"), &total) && used > 0 && (size_t)used < sizeof raw)
        snprintf(raw + used, sizeof raw - (size_t)used, ": %.1f of %.1f MB", (double)current / 1e6,
                 (double)total / 1e6);
    print_into(line, sizeof line, raw, strlen(raw));
    report_line(stream, line);
}

static void handle_error(struct docker_messages *stream, struct json_node object)
{
    struct json_node detail = json_get(object, "errorDetail");
    struct json_node message = json_get(detail, "message");
    struct text text;

    if (!json_present(detail) && !json_present(json_get(object, "error")))
        return;
    if (!json_present(message))
        message = json_get(object, "error");
    text_init(&text, DOCKER_MESSAGE_MAX);
    if (!json_string_text(message, &text) || text.size == 0)
        text_str(&text, "an error without a message");
    fail(stream, text.data);
    text_finish(&text);
}

static void read_object(struct docker_messages *stream, struct view bytes)
{
    struct err ignored;
    struct json *json = NULL;
    struct json_node object;
    struct text text;

    if (json_parse(&json, bytes, &message_limits, "the daemon's response", &ignored) < 0) {
        if (!stream->stray[0])
            print_into(stream->stray, sizeof stream->stray, (const char *)bytes.data, bytes.size);
        return;
    }
    object = json_root(json);
    handle_error(stream, object);
    text_init(&text, DOCKER_MESSAGE_MAX);
    if (json_string_text(json_get(object, "stream"), &text))
        handle_text(stream, text.data);
    text_finish(&text);
    handle_status(stream, object);
    json_destroy(json);
}

/* Takes a byte of an object. True: it ends the object. */
static bool ends_object(struct docker_messages *stream, uint8_t c)
{
    if (stream->in_string) {
        if (stream->escaped)
            stream->escaped = false;
        else if (c == '\\')
            stream->escaped = true;
        else if (c == '"')
            stream->in_string = false;
        return false;
    }
    if (c == '"')
        stream->in_string = true;
    else if (c == '{')
        stream->depth++;
    else if (c == '}')
        return --stream->depth == 0;
    return false;
}

static void note_stray(struct docker_messages *stream, uint8_t c)
{
    size_t used = strlen(stream->stray);

    if (used + 1 < sizeof stream->stray && (used > 0 || c > ' '))
        stream->stray[used] = c < 0x20 || c == 0x7f ? ' ' : (char)c;
}

void docker_messages_feed(struct docker_messages *stream, struct view bytes)
{
    size_t from = 0; /* of the object's bytes in this piece */

    for (size_t i = 0; i < bytes.size; i++) {
        uint8_t c = bytes.data[i];

        if (stream->depth == 0 && c != '{') {
            note_stray(stream, c);
            continue;
        }
        if (stream->depth == 0)
            from = i;
        if (!ends_object(stream, c))
            continue;
        text_add(&stream->object, bytes.data + from, i + 1 - from);
        if (!stream->object.failed)
            read_object(stream, text_view(&stream->object));
        text_clear(&stream->object);
    }
    if (stream->depth > 0 && bytes.size > from)
        text_add(&stream->object, bytes.data + from, bytes.size - from);
}

void docker_error_message(struct view body, char *out, size_t size)
{
    struct err ignored;
    struct json *json = NULL;
    struct text text;

    text_init(&text, DOCKER_MESSAGE_MAX);
    if (json_parse(&json, body, &message_limits, "the daemon's response", &ignored) < 0 ||
        !json_string_text(json_get(json_root(json), "message"), &text))
        text_add(&text, body.data, body.size);
    print_into(out, size, text.data, text.size);
    text_finish(&text);
    json_destroy(json);
}
