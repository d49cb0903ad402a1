/*
 * A state machine: before the list, before a member of an image, in its name, before and in its
 * value. Inside values, only brackets and strings are counted. The JSON reader then reads the
 * members that were kept.
 */
#include "docker/image_list.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/array.h"
#include "base/err.h"
#include "base/json.h"
#include "base/log.h"

static bool is_wanted(const char *name)
{
    static const char *const wanted[] = {"Id", "Created", "Size", "RepoTags"};

    for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
        if (strcasecmp(name, wanted[i]) == 0)
            return true;
    return false;
}

/* ---- one image ---- */

/* Skips "<none>:<none>" and names that do not fit. */
static int read_tags(struct json_node tags, struct docker_listed *out, struct err *err)
{
    struct json_node at = json_first(tags);
    size_t count = json_count(tags);

    if (count == 0)
        return 0;
    if (count > DOCKER_TAGS_MAX)
        count = DOCKER_TAGS_MAX;
    out->tags = calloc(count, sizeof *out->tags);
    if (!out->tags)
        return err_memory(err, "the names of an image");
    for (size_t i = 0; i < count; i++, at = json_next(tags, at, NULL)) {
        char *tag = out->tags[out->tag_count];

        if (json_string(at, tag, sizeof out->tags[0]) && *tag && *tag != '<')
            out->tag_count++;
    }
    return 0;
}

/* Adds the image whose members were kept, if it has an id. */
static void add_image(struct docker_list_reader *r, struct json_node node)
{
    struct docker_listed *out;
    int64_t size = 0;
    struct err err;

    if (r->list->count == DOCKER_IMAGES_MAX)
        return;
    if (!array_reserve(&r->list->images, &r->room, r->list->count, sizeof *r->list->images)) {
        r->failed = true;
        return;
    }
    out = &r->list->images[r->list->count];
    *out = (struct docker_listed){0};
    if (!json_string(json_get(node, "Id"), out->id, sizeof out->id) || !out->id[0])
        return;
    if (json_int(json_get(node, "Size"), &size) && size > 0)
        out->size = (uint64_t)size;
    json_int(json_get(node, "Created"), &out->created);
    r->list->count++;
    r->failed = read_tags(json_get(node, "RepoTags"), out, &err) < 0;
}

static void end_image(struct docker_list_reader *r)
{
    struct json *json = NULL;
    struct err err;

    text_char(&r->kept, '}');
    if (json_parse(&json, text_view(&r->kept), &JSON_DOCUMENT, "an image of the list", &err) == 0)
        add_image(r, json_root(json));
    else
        log_debug("docker: %s", err.text);
    json_destroy(json);
}

/* ---- members ---- */

static void keep(struct docker_list_reader *r, uint8_t c)
{
    if (r->state == LIST_NAME && c != '"') {
        if (r->name_size < sizeof r->name - 1)
            r->name[r->name_size] = (char)c;
        r->name_size++;
    }
    if (r->state != LIST_VALUE || !r->wanted || r->too_long)
        return;
    r->too_long = r->kept.size >= DOCKER_LIST_KEPT_MAX - 2;
    if (!r->too_long)
        text_char(&r->kept, (char)c);
}

static void start_value(struct docker_list_reader *r)
{
    r->state = LIST_VALUE;
    r->name[r->name_size < sizeof r->name ? r->name_size : 0] = '\0';
    r->wanted = is_wanted(r->name) && r->kept.size + sizeof r->name + 8 < DOCKER_LIST_KEPT_MAX;
    r->too_long = false;
    r->value_start = r->kept.size;
    if (r->wanted)
        text_printf(&r->kept, "%s\"%s\":", r->kept.size > 1 ? "," : "", r->name);
}

static void end_value(struct docker_list_reader *r)
{
    if (r->state == LIST_VALUE && r->too_long)
        text_cut(&r->kept, r->value_start);
    r->state = LIST_MEMBER;
}

/* ---- characters ---- */

static void take_in_string(struct docker_list_reader *r, uint8_t c)
{
    keep(r, c);
    if (r->escaped) {
        r->escaped = false;
    } else if (c == '\\') {
        r->escaped = true;
    } else if (c == '"') {
        r->in_string = false;
        if (r->state == LIST_NAME)
            r->state = LIST_COLON;
    }
}

static void open_bracket(struct docker_list_reader *r, uint8_t c)
{
    r->depth++;
    if (r->depth == 1) {
        r->failed = r->state != LIST_START || c != '[';
        r->state = LIST_MEMBER;
    } else if (r->depth == 2) {
        r->failed = c != '{';
        r->state = LIST_MEMBER;
        text_clear(&r->kept);
        text_char(&r->kept, '{');
    } else {
        r->failed = r->state != LIST_VALUE;
        keep(r, c);
    }
}

static void close_bracket(struct docker_list_reader *r, uint8_t c)
{
    if (r->depth == 0) {
        r->failed = true;
        return;
    }
    if (r->depth == 1) {
        r->state = LIST_END;
    } else if (r->depth == 2) {
        end_value(r);
        end_image(r);
    } else {
        keep(r, c);
    }
    r->depth--;
}

static void take(struct docker_list_reader *r, uint8_t c)
{
    if (r->in_string) {
        take_in_string(r, c);
    } else if (c == '"') {
        r->failed = r->depth < 2 || (r->state != LIST_MEMBER && r->state != LIST_VALUE);
        r->in_string = true;
        if (r->state == LIST_MEMBER) {
            r->state = LIST_NAME;
            r->name_size = 0;
        }
        keep(r, c);
    } else if (c == '{' || c == '[') {
        open_bracket(r, c);
    } else if (c == '}' || c == ']') {
        close_bracket(r, c);
    } else if (c == ',' && r->depth == 2) {
        end_value(r);
    } else if (c == ':' && r->state == LIST_COLON) {
        start_value(r);
    } else if (r->state == LIST_VALUE) {
        keep(r, c);
    } else if (r->depth != 1 && !strchr(" \t\r\n", c)) {
        r->failed = true;
    }
}

void docker_list_start(struct docker_list_reader *reader, struct docker_list *list)
{
    *reader = (struct docker_list_reader){.list = list};
    text_init(&reader->kept, DOCKER_LIST_KEPT_MAX);
}

void docker_list_feed(struct docker_list_reader *reader, struct view bytes)
{
    for (size_t i = 0; i < bytes.size && !reader->failed; i++)
        take(reader, bytes.data[i]);
}

bool docker_list_ended(struct docker_list_reader *reader)
{
    bool ended = !reader->failed && reader->state == LIST_END && reader->depth == 0;

    text_finish(&reader->kept);
    return ended;
}
