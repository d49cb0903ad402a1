/*
 * Tag, promote and rollback choose the image and describe the event. pointer_change does the rest.
 */
#include "catalog/release.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/codes.h"
#include "catalog/pointer_change.h"
#include "catalog/previous.h"
#include "catalog/resolve.h"

/* ---- tag ---- */

static int refuse_move(const struct pointer_change *change, const char *version, struct err *err)
{
    const struct current_pointer *was = &change->was;
    struct image_name image;

    if (!was->sound)
        err_set(err, ERR_CONFLICT, CODE_TAG, "%s exists already and cannot be read (%s)", version,
                was->fault.text);
    else if (resolve_image_of(change->result->image.app, &was->pointer, &image))
        err_set(err, ERR_CONFLICT, CODE_TAG, "%s is the version of %s already", version, image.ref);
    else
        err_set(err, ERR_CONFLICT, CODE_TAG, "%s exists already and leads to %s", version,
                was->pointer.target_path);
    return ERR_FAIL;
}

static int tag(struct pointer_change *change, const struct image_name *image, const char *version,
               struct err *err)
{
    struct release_result *result = change->result;
    struct audit_tag *details = &change->event.tag;
    int answer;

    if (name_check_new_version(version, err))
        return ERR_FAIL;
    pointer_change_image(change, image, AUDIT_TAG);
    key_tag(result->key, image->app, version);
    change->wanted.target = POINTER_IMAGE;
    if (resolve_present(change->options->store, image, NULL, change->wanted.target_path, err))
        return ERR_FAIL;
    str_copy(change->archive_key, sizeof change->archive_key, change->wanted.target_path);
    if (pointer_change_state(change, STATEMENT_VERSION, version, err))
        return ERR_FAIL;
    answer = pointer_change_read(change, err);
    if (answer)
        return answer < 0 ? ERR_FAIL : 0;
    if (change->was.there && !result->renewed && !change->options->force)
        return refuse_move(change, version, err);
    str_copy(details->image_reference, sizeof details->image_reference, image->ref);
    str_copy(details->version, sizeof details->version, version);
    str_copy(details->tag_path, sizeof details->tag_path, result->key);
    str_copy(details->previous_target, sizeof details->previous_target, result->previous);
    return pointer_change_write(change, err);
}

int release_tag(const struct release_options *options, const struct image_name *image,
                const char *version, struct release_result *result, struct err *err)
{
    struct pointer_change change;

    pointer_change_init(&change, options, result);
    return pointer_change_finish(&change, tag(&change, image, version, err));
}

/* ---- promote ---- */

/* Sets the environment to an image that exists; `version` NULL: directly, else through that tag. */
static int promote(struct pointer_change *change, const struct image_name *image,
                   const char *version, const char *env, struct err *err)
{
    struct audit_promotion *details = &change->event.promotion;
    int answer;

    pointer_change_image(change, image, AUDIT_PROMOTION);
    key_pointer(change->result->key, image->app, env);
    if (version) {
        change->wanted.target = POINTER_TAG;
        key_tag(change->wanted.target_path, image->app, version);
        str_copy(change->wanted.source_tag, sizeof change->wanted.source_tag, version);
        str_copy(change->result->version, sizeof change->result->version, version);
    }
    if (pointer_change_state(change, STATEMENT_ENVIRONMENT, env, err))
        return ERR_FAIL;
    answer = pointer_change_read(change, err);
    if (answer)
        return answer < 0 ? ERR_FAIL : 0;
    str_copy(details->environment, sizeof details->environment, env);
    if (version)
        snprintf(details->source, sizeof details->source, "%s:%s", image->app, version);
    else
        str_copy(details->source, sizeof details->source, image->ref);
    str_copy(details->source_type, sizeof details->source_type, version ? "tag" : "image");
    str_copy(details->pointer_path, sizeof details->pointer_path, change->result->key);
    str_copy(details->previous_target, sizeof details->previous_target, change->result->previous);
    return pointer_change_write(change, err);
}

static int promote_image(struct pointer_change *change, const struct image_name *image,
                         const char *key, const char *env, struct err *err)
{
    if (name_check_env(env, err))
        return ERR_FAIL;
    if (resolve_present(change->options->store, image, key, change->wanted.target_path, err))
        return ERR_FAIL;
    str_copy(change->archive_key, sizeof change->archive_key, change->wanted.target_path);
    return promote(change, image, NULL, env, err);
}

static int promote_tag(struct pointer_change *change, const char *app, const char *version,
                       const char *env, struct err *err)
{
    struct locate_reader *reader = change->options->reader;
    struct resolved resolved;

    if (name_check_app(app, err) || name_check_version(version, err) || name_check_env(env, err))
        return ERR_FAIL;
    if (reader && reader->follow(reader, change->options->store, app, version, err))
        return ERR_FAIL;
    if (resolve_tag(change->options->store, app, version, &resolved, err))
        return ERR_FAIL;
    if (resolve_present(change->options->store, &resolved.image, resolved.archive_key,
                        change->archive_key, err))
        return err_wrap(err, "tag %s/%s", app, version);
    return promote(change, &resolved.image, version, env, err);
}

int release_promote_image(const struct release_options *options, const struct image_name *image,
                          const char *env, struct release_result *result, struct err *err)
{
    struct pointer_change change;

    pointer_change_init(&change, options, result);
    return pointer_change_finish(&change, name_check_new_env(env, err)
                                              ? ERR_FAIL
                                              : promote_image(&change, image, NULL, env, err));
}

int release_promote_tag(const struct release_options *options, const char *app, const char *version,
                        const char *env, struct release_result *result, struct err *err)
{
    struct pointer_change change;

    pointer_change_init(&change, options, result);
    return pointer_change_finish(&change, name_check_new_env(env, err)
                                              ? ERR_FAIL
                                              : promote_tag(&change, app, version, env, err));
}

/* ---- rollback ---- */

/* Finds the target_path for a rollback. */
static int find_previous(const struct release_options *o, const char *app, const char *env,
                         const struct pointer *now, char target[KEY_MAX], struct err *err)
{
    struct previous previous = {.env = env, .now = now};
    _cleanup_text_ struct text warnings = {0};

    text_init(&warnings, MIB);
    if (previous_find(o->store, app, &previous, 1, &warnings, err))
        return ERR_FAIL;
    if (warnings.size || warnings.failed) {
        warnings.data[strcspn(warnings.data, "\n")] = '\0';
        err_set(err, ERR_CONFLICT, CODE_HISTORY, "cannot find the previous image of %s/%s: %s", app,
                env, warnings.data);
        return err_about(err, "%s %s", app, env);
    }
    if (previous.answer == PREVIOUS_UNKNOWN) {
        err_set(err, ERR_CONFLICT, CODE_HISTORY,
                "no event of the audit log explains how %s/%s was set to %s", app, env,
                now->target_path);
        return err_about(err, "%s %s", app, env);
    }
    if (previous.answer == PREVIOUS_NONE) {
        err_set(err, ERR_NOT_FOUND, CODE_PREVIOUS, "%s/%s has no earlier image to roll back to",
                app, env);
        return err_about(err, "%s", app);
    }
    str_copy(target, KEY_MAX, previous.target);
    return 0;
}

/* Sets the environment to a target that the audit log names. */
static int promote_target(struct pointer_change *change, const char *app, const char *env,
                          const char *target, struct err *err)
{
    char owner[NAME_APP_MAX], version[NAME_VERSION_MAX], month[CLOCK_MONTH_SIZE];
    struct image_name image;

    change->event.promotion.rollback = true;
    if (key_parse_tag(target, owner, version) && strcmp(owner, app) == 0)
        return promote_tag(change, app, version, env, err);
    if (key_parse_image(target, &image, month) && strcmp(image.app, app) == 0)
        return promote_image(change, &image, target, env, err);
    return err_set(err, ERR_INTEGRITY, "history",
                   "the audit log names %s, which is not an image of %s", target, app);
}

int release_rollback(const struct release_options *options, const char *app, const char *env,
                     struct release_result *result, struct err *err)
{
    struct current_pointer current;
    char target[KEY_MAX];
    struct pointer_change change;

    pointer_change_init(&change, options, result);
    change.expected = current.etag;
    return pointer_change_finish(
        &change, name_check_app(app, err) || name_check_env(env, err) ||
                         resolve_current(options->store, app, env, &current, err) ||
                         find_previous(options, app, env, &current.pointer, target, err)
                     ? ERR_FAIL
                     : promote_target(&change, app, env, target, err));
}
