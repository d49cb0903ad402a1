/*
 * All documents of an image have the key of the archive with another ending. A key is parsed by
 * taking it apart and formatting it again: both must be equal, so parsing and formatting cannot
 * differ.
 */
#include "catalog/keys.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/random.h"
#include "base/utf8.h"

#define MONTH_LENGTH 6

static const char *ending(enum key_kind kind)
{
    static const char *const endings[] = {[KEY_ARCHIVE] = ".tar.gz",
                                          [KEY_INDEX] = ".index",
                                          [KEY_METADATA] = ".json",
                                          [KEY_RETIRED] = ".retired",
                                          [KEY_CLAIM] = ".first"};

    return endings[kind];
}

static const char *data_ending(enum data_kind kind)
{
    static const char *const endings[] = {[DATA_WHOLE_GZIP] = ".tgz",
                                          [DATA_WHOLE_ZSTD] = ".tar.zst",
                                          [DATA_THIN] = ".data",
                                          [DATA_INDEX] = ".index",
                                          [DATA_RETIRED] = ".retired"};

    return endings[kind];
}

/* Writes the common beginning of all keys of an image; returns its length. The longest key of a
 * valid name has 440 bytes. */
static size_t write_stem(char out[KEY_MAX], const struct image_name *name, const char *month)
{
    return (size_t)snprintf(out, KEY_MAX, "images/%s/%.*s/%s-%s", name->app, MONTH_LENGTH,
                            month ? month : name->time, name->app, name->tag);
}

void key_image(char out[KEY_MAX], const struct image_name *name, const char *month,
               enum key_kind kind)
{
    size_t at = write_stem(out, name, month);

    str_copy(out + at, KEY_MAX - at, ending(kind));
}

int key_unique(char out[KEY_UNIQUE_SIZE], struct err *err)
{
    do {
        if (random_hex(out, (KEY_UNIQUE_SIZE - 1) / 2, err))
            return ERR_FAIL;
    } while (strcmp(out, KEY_UNIQUE_NONE) == 0);
    return 0;
}

void key_data(char out[KEY_MAX], const struct image_name *name, const char *month,
              const char *unique, enum data_kind kind)
{
    size_t at = write_stem(out, name, month);

    snprintf(out + at, KEY_MAX - at, "-%s%s", unique, data_ending(kind));
}

void key_document(char out[KEY_MAX], const struct image_name *name, const char *month,
                  const char *platform, enum key_kind kind)
{
    size_t at = write_stem(out, name, month);
    bool first = !platform || !platform[0];

    snprintf(out + at, KEY_MAX - at, "%s%s%s", first ? "" : "-", first ? "" : platform,
             ending(kind));
}

void key_tag(char out[KEY_MAX], const char *app, const char *version)
{
    snprintf(out, KEY_MAX, "tags/%s/%s.json", app, version);
}

void key_pointer(char out[KEY_MAX], const char *app, const char *env)
{
    snprintf(out, KEY_MAX, "pointers/%s/%s.json", app, env);
}

void key_deployed(char out[KEY_MAX], const char *app, const char *env, const char *host)
{
    snprintf(out, KEY_MAX, "deployments/%s/%s/%s.json", app, env, host);
}

void key_audit(char out[KEY_MAX], const char *app, const char *stamp, const char *type,
               const char *hash, const char *unique)
{
    snprintf(out, KEY_MAX, "audit/%s/%.*s/%s-%s-%s-%s.json", app, MONTH_LENGTH, stamp, stamp, type,
             hash, unique);
}

static void write_replaced(char out[KEY_MAX], const struct image_name *name, const char *month,
                           const char *platform, const char *stamp, unsigned n, enum key_kind kind)
{
    char count[16] = "";

    if (n)
        snprintf(count, sizeof count, "-%u", n);
    snprintf(out, KEY_MAX, "archive/%s/%.*s/%s-%s%s%s-archived-on-%s%s%s", name->app, MONTH_LENGTH,
             month ? month : name->time, name->app, name->tag, platform[0] ? "-" : "", platform,
             stamp, count, ending(kind));
}

void key_replaced(char out[KEY_MAX], const struct image_name *name, const char *month,
                  const char *stamp, unsigned n, enum key_kind kind)
{
    write_replaced(out, name, month, "", stamp, n, kind);
}

void key_replaced_document(char out[KEY_MAX], const struct image_name *name, const char *month,
                           const char *platform, const char *stamp, unsigned n)
{
    write_replaced(out, name, month, platform ? platform : "", stamp, n, KEY_METADATA);
}

bool key_sibling_document(char out[KEY_MAX], const char *archive, const char *platform,
                          enum key_kind kind)
{
    size_t length = strlen(archive), tail = strlen(ending(KEY_ARCHIVE));
    bool first = !platform || !platform[0];

    out[0] = '\0';
    if (length >= KEY_MAX - PLATFORM_KEY_SIZE || length <= tail ||
        strcmp(archive + length - tail, ending(KEY_ARCHIVE)) != 0 ||
        (strncmp(archive, "images/", 7) != 0 && strncmp(archive, "archive/", 8) != 0))
        return false;
    snprintf(out, KEY_MAX, "%.*s%s%s%s", (int)(length - tail), archive, first ? "" : "-",
             first ? "" : platform, ending(kind));
    return true;
}

bool key_sibling(char out[KEY_MAX], const char *archive, enum key_kind kind)
{
    return key_sibling_document(out, archive, "", kind);
}

void key_metadata_of_retired(char out[KEY_MAX], const char *key)
{
    int stem = (int)(strlen(key) - strlen(ending(KEY_RETIRED)));

    snprintf(out, KEY_MAX, "%.*s%s", stem, key, ending(KEY_METADATA));
}

/* ---- reading ---- */

/* Copies the text up to the next '/' and returns the text behind the '/'. Returns NULL if there is
 * no '/' or the text does not fit. */
static const char *take_component(const char *at, char *out, size_t size)
{
    const char *slash = strchr(at, '/');
    size_t length = slash ? (size_t)(slash - at) : 0;

    if (!slash || length >= size)
        return NULL;
    memcpy(out, at, length);
    out[length] = '\0';
    return slash + 1;
}

static bool is_month(const char *text)
{
    int month = strlen(text) == MONTH_LENGTH ? (text[4] - '0') * 10 + (text[5] - '0') : 0;

    return strspn(text, "0123456789") == MONTH_LENGTH && month >= 1 && month <= 12;
}

/* Parses images/{app}/{YYYYMM}/{app}-{time}-{hash} and returns the text behind it, which begins
 * with '.' or '-'. Returns NULL for every other key. */
static const char *parse_stem(const char *key, struct image_name *name,
                              char month[CLOCK_MONTH_SIZE])
{
    char app[NAME_APP_MAX], ref[NAME_REF_MAX], again[KEY_MAX];
    const char *at = strncmp(key, "images/", 7) == 0 ? key + 7 : NULL;
    struct err err; /* ignored */
    size_t length;

    at = at ? take_component(at, app, sizeof app) : NULL;
    at = at ? take_component(at, month, MONTH_LENGTH + 1) : NULL;
    if (!at || !is_month(month) || strncmp(at, app, strlen(app)) != 0)
        return NULL;
    at += strlen(app);
    if (*at++ != '-' || strlen(at) < NAME_TIME_SIZE)
        return NULL;
    length = NAME_TIME_SIZE + strcspn(at + NAME_TIME_SIZE, "-.");
    if (length >= NAME_TAG_MAX || !at[length])
        return NULL;
    snprintf(ref, sizeof ref, "%s:%.*s", app, (int)length, at);
    if (name_parse_image(ref, name, &err) < 0)
        return NULL;
    write_stem(again, name, month);
    return strncmp(again, key, strlen(again)) == 0 ? key + strlen(again) : NULL;
}

bool key_parse_fixed(const char *key, struct image_name *name, char month[CLOCK_MONTH_SIZE],
                     enum key_kind *kind)
{
    const char *rest = parse_stem(key, name, month);

    for (unsigned i = 0; rest && i <= KEY_CLAIM; i++)
        if (strcmp(rest, ending((enum key_kind)i)) == 0) {
            *kind = (enum key_kind)i;
            return true;
        }
    return false;
}

bool key_parse_image(const char *key, struct image_name *name, char month[CLOCK_MONTH_SIZE])
{
    enum key_kind kind;

    return key_parse_fixed(key, name, month, &kind) && kind == KEY_ARCHIVE;
}

bool key_parse_data(const char *key, struct image_name *name, char month[CLOCK_MONTH_SIZE],
                    char unique[KEY_UNIQUE_SIZE], enum data_kind *kind)
{
    const char *rest = parse_stem(key, name, month);

    if (!rest || *rest++ != '-' || strspn(rest, "0123456789abcdef") != KEY_UNIQUE_SIZE - 1)
        return false;
    memcpy(unique, rest, KEY_UNIQUE_SIZE - 1);
    unique[KEY_UNIQUE_SIZE - 1] = '\0';
    rest += KEY_UNIQUE_SIZE - 1;
    for (unsigned i = 0; i <= DATA_RETIRED; i++)
        if (strcmp(rest, data_ending((enum data_kind)i)) == 0) {
            *kind = (enum data_kind)i;
            return true;
        }
    return false;
}

bool key_parse_document(const char *key, struct image_name *name, char month[CLOCK_MONTH_SIZE],
                        char platform[PLATFORM_KEY_SIZE], enum key_kind *kind)
{
    const char *rest = parse_stem(key, name, month), *dot = rest ? strrchr(rest, '.') : NULL;
    struct platform parsed;
    size_t length;

    if (!dot)
        return false;
    if (strcmp(dot, ending(KEY_METADATA)) == 0)
        *kind = KEY_METADATA;
    else if (strcmp(dot, ending(KEY_RETIRED)) == 0)
        *kind = KEY_RETIRED;
    else
        return false;
    platform[0] = '\0';
    if (dot == rest)
        return true;
    length = (size_t)(dot - rest) - 1;
    if (*rest++ != '-' || length >= PLATFORM_KEY_SIZE)
        return false;
    memcpy(platform, rest, length);
    platform[length] = '\0';
    return platform_parse_key(platform, &parsed);
}

/* Parses {root}{group}/{label}.json. */
static bool parse_document(const char *key, const char *root, char *group, size_t group_size,
                           char *label, size_t size)
{
    size_t length = strlen(root), tail = strlen(ending(KEY_METADATA));
    const char *at = strncmp(key, root, length) == 0 ? key + length : NULL;

    at = at ? take_component(at, group, group_size) : NULL;
    length = at ? strlen(at) : 0;
    if (length <= tail || strcmp(at + length - tail, ending(KEY_METADATA)) != 0 ||
        length - tail >= size)
        return false;
    memcpy(label, at, length - tail);
    label[length - tail] = '\0';
    return true;
}

bool key_parse_tag(const char *key, char app[NAME_APP_MAX], char version[NAME_VERSION_MAX])
{
    struct err err;

    return parse_document(key, "tags/", app, NAME_APP_MAX, version, NAME_VERSION_MAX) &&
           name_check_app(app, &err) == 0 && name_check_version(version, &err) == 0;
}

bool key_parse_pointer(const char *key, char app[NAME_APP_MAX], char env[NAME_ENV_MAX])
{
    struct err err;

    return parse_document(key, "pointers/", app, NAME_APP_MAX, env, NAME_ENV_MAX) &&
           name_check_app(app, &err) == 0 && name_check_env(env, &err) == 0;
}

bool key_parse_deployed(const char *key, char app[NAME_APP_MAX], char env[NAME_ENV_MAX],
                        char host[NAME_ENV_MAX])
{
    static const char root[] = "deployments/";
    const char *at = strncmp(key, root, sizeof root - 1) == 0 ? key + sizeof root - 1 : NULL;
    struct err err;

    at = at ? take_component(at, app, NAME_APP_MAX) : NULL;
    return at && parse_document(at, "", env, NAME_ENV_MAX, host, NAME_ENV_MAX) &&
           name_check_app(app, &err) == 0 && name_check_env(env, &err) == 0 &&
           name_check_env(host, &err) == 0;
}

#define SIGNATURES     "signatures/"
#define SIGNATURES_END ".sig"

bool key_signatures(char out[KEY_MAX], const char *key)
{
    size_t length = strlen(key) - strlen(ending(KEY_METADATA));

    if (!str_ends(key, ending(KEY_METADATA)) ||
        strlen(SIGNATURES) + length + sizeof SIGNATURES_END > KEY_MAX)
        return false;
    snprintf(out, KEY_MAX, "%s%.*s%s", SIGNATURES, (int)length, key, SIGNATURES_END);
    return true;
}

bool key_of_signatures(char out[KEY_MAX], const char *key)
{
    const char *document = key + strlen(SIGNATURES);
    size_t length;

    if (strncmp(key, SIGNATURES, strlen(SIGNATURES)) != 0 || !str_ends(document, SIGNATURES_END))
        return false;
    length = strlen(document) - strlen(SIGNATURES_END);
    if (length == 0 || length + strlen(ending(KEY_METADATA)) >= KEY_MAX)
        return false;
    snprintf(out, KEY_MAX, "%.*s%s", (int)length, document, ending(KEY_METADATA));
    return true;
}

bool key_is_sound(const char *key)
{
    const char *at = key;

    if (strlen(key) >= KEY_MAX || !str_is_printable(key))
        return false;
    for (;;) {
        size_t length = strcspn(at, "/");

        if (length == 0 || (length == 1 && at[0] == '.') || (length == 2 && !strncmp(at, "..", 2)))
            return false;
        if (!at[length])
            return true;
        at += length + 1;
    }
}

bool key_is_of_app(const char *key, const char *app)
{
    size_t root = strncmp(key, "images/", 7) == 0 ? 7 : strncmp(key, "archive/", 8) == 0 ? 8 : 0;
    size_t length = strlen(app);

    return root && length && !strchr(app, '/') && strncmp(key + root, app, length) == 0 &&
           key[root + length] == '/';
}

bool key_prefix_of_others(char out[KEY_MAX], const char *archive)
{
    if (!key_sibling(out, archive, KEY_METADATA))
        return false;
    str_copy(strrchr(out, '.'), 2, "-");
    return true;
}

int key_of_sibling(char out[KEY_MAX], const char *archive_key, enum key_kind kind, struct err *err)
{
    if (!key_sibling(out, archive_key, kind))
        return err_set(err, ERR_INTERNAL, "key", "%s is not the key of an archive", archive_key);
    return 0;
}
