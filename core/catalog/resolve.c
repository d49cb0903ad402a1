/* Each step reads one document and checks that its target is allowed. */
#include "catalog/resolve.h"

#include <stdio.h>
#include <string.h>

#include "base/codes.h"
#include "base/err.h"

static int refuse(struct err *err, const char *key, const struct pointer *pointer, const char *why)
{
    return err_set(err, ERR_INTEGRITY, CODE_POINTER, "%s leads to %s: %s", key,
                   pointer->target_path, why);
}

bool resolve_image_of(const char *app, const struct pointer *pointer, struct image_name *out)
{
    char month[CLOCK_MONTH_SIZE];
    struct image_name image;

    if (pointer->target != POINTER_IMAGE || !key_parse_image(pointer->target_path, &image, month) ||
        strcmp(image.app, app) != 0)
        return false;
    *out = image;
    return true;
}

bool resolve_version_of(const char *app, const struct pointer *pointer,
                        char version[NAME_VERSION_MAX])
{
    char owner[NAME_APP_MAX];

    return pointer->target == POINTER_TAG && key_parse_tag(pointer->target_path, owner, version) &&
           strcmp(owner, app) == 0;
}

int resolve_take_image(const char *app, const char *key, const struct pointer *pointer,
                       struct resolved *out, struct err *err)
{
    char month[CLOCK_MONTH_SIZE];

    if (pointer->target == POINTER_TAG)
        return refuse(err, key, pointer, "a tag must lead to an image");
    if (!key_parse_image(pointer->target_path, &out->image, month))
        return refuse(err, key, pointer, "not the key of an image");
    if (strcmp(out->image.app, app) != 0)
        return refuse(err, key, pointer, "an image of another application");
    str_copy(out->archive_key, sizeof out->archive_key, pointer->target_path);
    return 0;
}

int resolve_no_tag(const char *app, const char *version, struct err *err)
{
    err_set(err, ERR_NOT_FOUND, CODE_TAG, "tag not found: %s/%s", app, version);
    return err_about(err, "%s", app);
}

int resolve_no_environment(const char *app, const char *env, struct err *err)
{
    err_set(err, ERR_NOT_FOUND, CODE_ENVIRONMENT, "environment pointer not found: %s/%s", app, env);
    return err_about(err, "%s", app);
}

int resolve_tag(struct store *store, const char *app, const char *version, struct resolved *out,
                struct err *err)
{
    char key[KEY_MAX];
    struct current_pointer current;

    key_tag(key, app, version);
    if (change_read(store, key, &current, err))
        return ERR_FAIL;
    if (!current.there)
        return resolve_no_tag(app, version, err);
    if (!current.sound) {
        *err = current.fault;
        return ERR_FAIL;
    }
    *out = (struct resolved){.version = ""};
    str_copy(out->version, sizeof out->version, version);
    return resolve_take_image(app, key, &current.pointer, out, err);
}

int resolve_pointer(struct store *store, const char *key, const struct pointer *pointer,
                    struct resolved *out, struct err *err)
{
    char app[NAME_APP_MAX], owner[NAME_APP_MAX], env[NAME_ENV_MAX], version[NAME_VERSION_MAX];

    if (!key_parse_pointer(key, app, env))
        return err_set(err, ERR_INTERNAL, "pointer", "%s is not an environment", key);
    *out = (struct resolved){.version = ""};
    if (pointer->target == POINTER_IMAGE)
        return resolve_take_image(app, key, pointer, out, err);
    if (!key_parse_tag(pointer->target_path, owner, version))
        return refuse(err, key, pointer, "not the key of a tag");
    if (strcmp(owner, app) != 0)
        return refuse(err, key, pointer, "a tag of another application");
    if (resolve_tag(store, app, version, out, err))
        return err_wrap(err, "%s/%s", app, env);
    return 0;
}

int resolve_current(struct store *store, const char *app, const char *env,
                    struct current_pointer *out, struct err *err)
{
    char key[KEY_MAX];

    key_pointer(key, app, env);
    if (change_read(store, key, out, err))
        return ERR_FAIL;
    if (!out->there)
        return resolve_no_environment(app, env, err);
    if (out->sound)
        return 0;
    *err = out->fault;
    return ERR_FAIL;
}

int resolve_environment(struct store *store, const char *app, const char *env, struct resolved *out,
                        struct err *err)
{
    char key[KEY_MAX];
    struct current_pointer current;

    key_pointer(key, app, env);
    if (resolve_current(store, app, env, &current, err))
        return ERR_FAIL;
    return resolve_pointer(store, key, &current.pointer, out, err);
}

int resolve_present(struct store *store, const struct image_name *image, const char *hint_key,
                    char archive_key[KEY_MAX], struct err *err)
{
    char data_key[KEY_MAX];
    struct located at;
    struct store_info info;
    int answer = locate_image(store, image, hint_key, NULL, &at, err);

    if (answer < 0)
        return ERR_FAIL;
    if (answer == LOCATE_FOUND) {
        str_copy(archive_key, KEY_MAX, at.archive_key);
        str_copy(data_key, sizeof data_key,
                 at.metadata.format > METADATA_ARCHIVE_FORMAT ? at.metadata.index_key
                                                              : archive_key);
        located_finish(&at);
        answer = (int)store_head(store, data_key, &info, err);
        if (answer == STORE_FAILED)
            return ERR_FAIL;
        if (answer == STORE_DONE)
            return 0;
    } else {
        key_image(archive_key, image, NULL, KEY_ARCHIVE);
    }
    err_set(err, ERR_NOT_FOUND, CODE_IMAGE, "image not found in S3: %s", archive_key);
    return err_about(err, "%s", image->app);
}
