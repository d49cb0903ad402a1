/*
 * An inspect, a list of containers, or frames of a log, by the first byte. Values that later
 * requests and messages contain have their form, and lines of a log are printable, in any pieces.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/json_check.h"
#include "base/utf8.h"
#include "docker/container_list.h"
#include "docker/log_frames.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LOG_ROOM 300

static void demand(bool truth)
{
    if (!truth)
        abort();
}

static void check_id(const char *id)
{
    demand(strlen(id) == 64 && strspn(id, "0123456789abcdef") == 64);
}

static void check_name(const char *name)
{
    demand(!strpbrk(name, "/ \n\033\"?#%") && str_is_printable(name));
}

static void check_image(const char *id)
{
    demand(!*id || digest_text_valid(id));
}

static void read_inspect(struct json *json)
{
    struct docker_container c;
    struct err err;
    char out[64];

    if (docker_container_read(json, &c, &err) == 0) {
        check_id(c.id);
        check_name(c.name);
        check_image(c.image_id);
        demand(*c.name && *c.stop_signal && c.stop_timeout >= -1 && c.pid >= 0);
        demand(str_is_printable(c.error) && str_is_printable(c.started_at));
        demand(str_is_printable(c.restart_policy) && str_is_printable(c.stop_signal));
        demand(docker_container_address(&c, "", out) == (out[0] != '\0'));
        demand(out[strspn(out, "0123456789abcdefABCDEF:.")] == '\0');
        docker_container_label(&c, "dev.s3dock.slot", out, sizeof out);
        demand(strlen(out) < sizeof out);
    }
    docker_container_finish(&c);
}

static void read_list(struct json *json, const char *label)
{
    struct docker_container_list list;
    struct err err;
    char out[64];

    if (docker_container_list_read(json, label, &list, &err) == 0) {
        demand(list.count <= DOCKER_CONTAINERS_MAX);
        for (unsigned i = 0; i < list.count; i++) {
            check_id(list.containers[i].id);
            check_name(list.containers[i].name);
            check_image(list.containers[i].image_id);
            if (label)
                demand(docker_label(list.containers[i].labels, "a", out, sizeof out) &&
                       strcmp(out, "b") == 0);
        }
    }
    docker_container_list_finish(&list);
}

static void read_document(uint8_t kind, struct view text)
{
    struct json *json;
    struct err err;

    if (json_parse(&json, text, &JSON_IMAGE, "the input", &err) < 0)
        return;
    if (kind == 0)
        read_inspect(json);
    else
        read_list(json, kind == 1 ? NULL : "a=b");
}

/* Returns the lines; the caller finishes them. */
static struct text read_log(bool framed, struct view a, struct view b, unsigned lines)
{
    struct log_frames frames;
    struct text out;

    text_init(&out, LOG_ROOM);
    log_frames_init(&frames, framed, LOG_ROOM);
    log_frames_feed(&frames, a);
    log_frames_feed(&frames, b);
    log_frames_write(&frames, lines, &out);
    log_frames_finish(&frames);
    return out;
}

static void read_frames(bool framed, uint8_t at, struct view bytes)
{
    size_t cut = bytes.size ? at % bytes.size : 0;
    struct text whole = read_log(framed, bytes, view_of(NULL, 0), at);
    struct text parts =
        read_log(framed, view_of(bytes.data, cut), view_of(bytes.data + cut, bytes.size - cut), at);
    size_t lines = 0;

    demand(!whole.failed && whole.size <= LOG_ROOM && strcmp(whole.data, parts.data) == 0);
    for (char *line = whole.data; *line; lines++) {
        char *end = strchr(line, '\n');

        demand(end != NULL);
        *end = '\0';
        demand(str_is_printable(line));
        line = end + 1;
    }
    demand(lines <= at);
    text_finish(&whole);
    text_finish(&parts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    if (data[0] % 5 < 3)
        read_document(data[0] % 5, view_of(data + 1, size - 1));
    else
        read_frames(data[0] % 5 == 3, data[1], view_of(data + 2, size - 2));
    return 0;
}
