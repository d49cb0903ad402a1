/* Metadata has all members already. Those of pointers follow the members of the original, so older
 * programs ignore them. */
#include "catalog/statement.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/json_write.h"
#include "catalog/fields.h"
#include "catalog/keys.h"
#include "catalog/locate.h"

_Static_assert(STATEMENT_IMAGES_MAX == LOCATE_PLATFORMS_MAX, "a pointer states each platform");

/* The parts of a key of a document. */
struct place {
    enum statement_kind kind;
    char app[NAME_APP_MAX], name[NAME_VERSION_MAX];
    char platform[PLATFORM_KEY_SIZE]; /* of metadata of a further platform; else "" */
};

static bool parse_key(const char *key, struct place *out)
{
    struct image_name image;
    char month[CLOCK_MONTH_SIZE], env[NAME_ENV_MAX];
    enum key_kind kind;

    *out = (struct place){.kind = STATEMENT_VERSION};
    if (key_parse_tag(key, out->app, out->name))
        return true;
    if (key_parse_pointer(key, out->app, env)) {
        out->kind = STATEMENT_ENVIRONMENT;
        return str_copy(out->name, sizeof out->name, env);
    }
    out->kind = STATEMENT_IMAGE;
    if (!key_parse_document(key, &image, month, out->platform, &kind) || kind != KEY_METADATA)
        return false;
    str_copy(out->app, sizeof out->app, image.app);
    return str_copy(out->name, sizeof out->name, image.tag);
}

bool statement_kind_of(const char *key, enum statement_kind *kind)
{
    struct place place;

    if (!parse_key(key, &place))
        return false;
    *kind = place.kind;
    return true;
}

const char *statement_namespace(enum statement_kind kind)
{
    static const char *const names[] = {
        [STATEMENT_IMAGE] = "s3dock-image",
        [STATEMENT_VERSION] = "s3dock-version",
        [STATEMENT_ENVIRONMENT] = "s3dock-environment",
    };

    return names[kind];
}

/* ---- reading ---- */

/* Stores the normal form of a platform; "" stays "". */
static void read_platform(struct fields *fields, struct stated_image *out)
{
    char text[PLATFORM_TEXT_SIZE];
    struct platform platform;

    fields_string(fields, "platform", text, sizeof text, NULL);
    if (!platform_parse(text, &platform) && text[0])
        fields_fail(fields, "platform", "has a value that is not allowed");
    platform_text(&platform, out->platform);
}

/* Makes the document invalid if two images have one platform: readers might use different ones. */
static void refuse_twice(struct fields *fields, const struct statement *statement)
{
    const struct stated_image *last = &statement->images[statement->image_count - 1];

    for (const struct stated_image *i = statement->images; i < last; i++)
        if (strcmp(i->platform, last->platform) == 0)
            fields_fail(fields, "images", "has a platform twice");
}

static void read_images(struct fields *fields, struct statement *out)
{
    struct json_node list = fields_array(fields, "images"), image = {0};

    if (json_count(list) > ARRAY_SIZE(out->images)) {
        fields_fail(fields, "images", "is too long");
        return;
    }
    while (!fields->failed && (image = json_next(list, image, NULL)).doc) {
        struct stated_image *next = &out->images[out->image_count++];
        struct fields inner = fields_enter_element(fields, image);

        read_platform(&inner, next);
        fields_string(&inner, "image_id", next->id, sizeof next->id, digest_text_valid);
        fields_require(&inner, "image_id", next->id);
        fields_leave_element(fields, &inner);
        refuse_twice(fields, out);
    }
}

static void read_pointer(struct fields *fields, const struct place *place, struct statement *out)
{
    fields_time(fields, "promoted_at", out->time, sizeof out->time);
    fields_string(fields, place->kind == STATEMENT_VERSION ? "version" : "environment", out->name,
                  sizeof out->name, NULL);
    fields_count(fields, "sequence", &out->sequence);
    read_images(fields, out);
}

static void read_metadata(struct fields *fields, struct statement *out)
{
    char time[24], hash[48];

    fields_time(fields, "created_at", out->time, sizeof out->time);
    fields_string(fields, "git_time", time, sizeof time, NULL);
    fields_string(fields, "git_hash", hash, sizeof hash, NULL);
    snprintf(out->name, sizeof out->name, "%s-%s", time, hash);
    read_platform(fields, &out->images[0]);
    fields_string(fields, "image_id", out->images[0].id, sizeof out->images[0].id,
                  digest_text_valid);
    out->image_count = out->images[0].id[0] ? 1 : 0;
}

/* Returns true if the document was written to be signed. */
static bool is_stated(const struct statement *statement)
{
    return statement->image_count && statement->app[0] && statement->name[0] &&
           (statement->kind == STATEMENT_IMAGE || statement->sequence);
}

static bool is_of_place(const struct statement *statement, const struct place *place)
{
    struct platform platform;
    char text[PLATFORM_TEXT_SIZE];

    if (strcmp(statement->app, place->app) != 0 || strcmp(statement->name, place->name) != 0)
        return false;
    if (!place->platform[0])
        return true;
    platform_parse_key(place->platform, &platform);
    platform_text(&platform, text);
    return strcmp(statement->images[0].platform, text) == 0;
}

int statement_read(const char *key, struct view json, struct statement *out, struct err *err)
{
    struct fields fields;
    struct place place;

    memset(out, 0, sizeof *out);
    if (!parse_key(key, &place))
        return err_set(err, ERR_INTERNAL, "key", "%s is not the key of a document", key);
    out->kind = place.kind;
    fields_open(&fields, json, key, err);
    fields_string(&fields, "app_name", out->app, sizeof out->app, NULL);
    if (place.kind == STATEMENT_IMAGE)
        read_metadata(&fields, out);
    else
        read_pointer(&fields, &place, out);
    if (fields_close(&fields))
        return ERR_FAIL;
    return !is_stated(out)            ? STATEMENT_NONE
           : is_of_place(out, &place) ? STATEMENT_READ
                                      : STATEMENT_OTHER;
}

/* ---- values ---- */

static const char *find_image(const struct statement *statement, const char *platform)
{
    for (unsigned i = 0; i < statement->image_count; i++)
        if (strcmp(statement->images[i].platform, platform) == 0)
            return statement->images[i].id;
    return NULL;
}

int64_t statement_time(const struct statement *statement, int64_t now)
{
    int64_t at;

    return clock_parse_rfc3339(statement->time, &at) ? at : now;
}

const char *statement_image(const struct statement *statement, const struct platform *platform)
{
    char text[PLATFORM_TEXT_SIZE];

    platform_text(platform, text);
    return find_image(statement, text);
}

bool statement_same(const struct statement *a, const struct statement *b)
{
    if (a->kind != b->kind || strcmp(a->app, b->app) != 0 || strcmp(a->name, b->name) != 0 ||
        a->image_count != b->image_count)
        return false;
    for (unsigned i = 0; i < a->image_count; i++) {
        const char *id = find_image(b, a->images[i].platform);

        if (!id || strcmp(id, a->images[i].id) != 0)
            return false;
    }
    return true;
}

/* ---- writing ---- */

void statement_write_images(const struct statement *statement, struct json_writer *w)
{
    jw_array(w, "images");
    for (unsigned i = 0; i < statement->image_count; i++) {
        jw_object(w, NULL);
        jw_string_if(w, "platform", statement->images[i].platform);
        jw_string(w, "image_id", statement->images[i].id);
        jw_end(w);
    }
    jw_end(w);
}

void statement_write(const struct statement *statement, struct json_writer *w)
{
    jw_string(w, "app_name", statement->app);
    jw_string(w, statement->kind == STATEMENT_VERSION ? "version" : "environment", statement->name);
    statement_write_images(statement, w);
    jw_int(w, "sequence", (int64_t)statement->sequence);
}
