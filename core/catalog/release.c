/*
 * Every change has the same steps. Read the current document; check that the image exists; stop if
 * nothing would change; write the document if it is still the same; write the audit event.
 */
#include "catalog/release.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/codes.h"
#include "catalog/change.h"
#include "catalog/conditions.h"
#include "catalog/previous.h"
#include "catalog/resolve.h"
#include "catalog/retired.h"
#include "catalog/stated_images.h"

/* A clock that is further ahead than this is wrong, and its time is not passed on. Nor is that of a
 * signed document beyond STATEMENT_AHEAD: hosts would refuse it. */
#define CLOCKS_DIFFER (24 * 3600 * NS_PER_S)

/* The state of one change. */
struct step {
    const struct release_options *options;
    struct release_result *result;
    int64_t now;          /* wall ns: the time of the change */
    int64_t logged;       /* that of its event */
    const char *expected; /* ETag of the document that the request is based on; NULL: any */
    struct current_pointer was;
    struct text present; /* the bytes of that document */
    struct pointer wanted;
    struct statement stated;   /* by the wanted document, if it is signed */
    char archive_key[KEY_MAX]; /* of the image */
    struct audit_event event;
};

static void step_init(struct step *step, const struct release_options *options,
                      struct release_result *result)
{
    memset(step, 0, sizeof *step);
    memset(result, 0, sizeof *result);
    step->options = options;
    step->result = result;
    step->now = step->logged = options->now;
    text_init(&step->present, CHANGE_DOCUMENT_MAX);
}

static int step_finish(struct step *step, int answer)
{
    text_finish(&step->present);
    return answer;
}

/* Fills the members of pointer and event that name the image. */
static void fill_image(struct step *step, const struct image_name *image, enum audit_type type)
{
    struct pointer *wanted = &step->wanted;
    struct audit_event *event = &step->event;

    step->result->image = *image;
    clock_rfc3339(step->now, wanted->promoted_at);
    str_copy(wanted->promoted_by, sizeof wanted->promoted_by, step->options->by.user);
    str_copy(wanted->git_hash, sizeof wanted->git_hash, image->hash);
    str_copy(wanted->git_time, sizeof wanted->git_time, image->time);
    str_copy(wanted->source_image, sizeof wanted->source_image, image->ref);
    event->type = type;
    event->by = step->options->by;
    str_copy(event->app_name, sizeof event->app_name, image->app);
    str_copy(event->git_hash, sizeof event->git_hash, image->hash);
    str_copy(event->git_time, sizeof event->git_time, image->time);
}

/* Returns true if a pointer has the requested value already: the same tag with the same target, or
 * the same image, in any month. */
static bool has_value(const struct step *step, const struct pointer *pointer)
{
    struct image_name image;

    if (step->wanted.target == POINTER_TAG)
        return pointer->target == POINTER_TAG &&
               strcmp(pointer->target_path, step->wanted.target_path) == 0 &&
               strcmp(pointer->source_image, step->wanted.source_image) == 0;
    return resolve_image_of(step->result->image.app, pointer, &image) &&
           strcmp(image.ref, step->result->image.ref) == 0;
}

static int report_conflict(const struct step *step, struct err *err)
{
    const struct current_pointer *was = &step->was;

    if (was->sound)
        err_set(err, ERR_CONFLICT, "changed",
                "%s was set to %s by %s at the same time; that value was kept", step->result->key,
                was->pointer.target_path, was->pointer.promoted_by);
    else
        err_set(err, ERR_CONFLICT, "changed", "another user changed %s at the same time",
                step->result->key);
    return err_hint(err, "check its current value; to replace it, run the command again");
}

/* Returns a time after that of the current value, if the latter is less than `ahead` ns ahead of
 * the clock; else the time of the change. */
static int64_t after_current(const struct step *step, int64_t ahead)
{
    int64_t last;

    if (!clock_parse_rfc3339(step->was.pointer.promoted_at, &last) || last < step->now ||
        last >= step->options->now + ahead)
        return step->now;
    return last + 1;
}

/* Sets the time of the event after that of the value that it replaces. The audit log is ordered by
 * time, and the other writer may have begun later, or may have a clock that is ahead. `stated`:
 * sets the time of the document in the same way. */
static void follow_current(struct step *step, bool stated)
{
    int64_t ahead = step->options->signing ? STATEMENT_AHEAD : CLOCKS_DIFFER;

    step->logged = after_current(step, CLOCKS_DIFFER);
    if (!stated)
        return;
    step->now = after_current(step, ahead);
    clock_rfc3339(step->now, step->wanted.promoted_at);
}

/* Returns whether the time and the number of the present document count. Hosts refuse a number
 * below the highest one that they have seen. A writer of the bucket without a key must not raise
 * signed numbers: after a deletion of the pointer, the next number would be lower. */
static int counts(struct step *step, bool *out, struct err *err)
{
    const struct release_options *o = step->options;
    int answer = 1;

    if (o->signing && o->present)
        answer = o->present->is_signed(o->present, o->store, step->result->key,
                                       text_view(&step->present), err);
    *out = answer == 1;
    return answer < 0 ? ERR_FAIL : 0;
}

/* Sets the sequence number behind that of the present document, and not before the time. */
static void set_sequence(struct step *step, uint64_t present)
{
    const struct release_options *o = step->options;
    uint64_t now = (uint64_t)(step->now / NS_PER_MS);
    uint64_t most = (uint64_t)((o->now + STATEMENT_AHEAD) / NS_PER_MS);
    bool sane = o->present || present < most;

    step->stated.sequence = sane && present >= now && present < INT64_MAX ? present + 1 : now;
}

/* Sets time and number behind those of the present document. */
static int follow(struct step *step, struct statement *present, struct err *err)
{
    struct err ignored;
    bool follows = false;

    if (step->was.sound) {
        (void)statement_read(step->result->key, text_view(&step->present), present, &ignored);
        if (counts(step, &follows, err))
            return ERR_FAIL;
        follow_current(step, follows);
    }
    set_sequence(step, follows ? present->sequence : 0);
    return 0;
}

/* Returns whether the present document states a later time or a higher number than a new one
 * would. */
static bool is_ahead(const struct step *step, const struct statement *present)
{
    int64_t time;

    return present->sequence > step->stated.sequence ||
           (clock_parse_rfc3339(present->time, &time) && time > step->now);
}

/* Signs the present document, which has the requested value, if it states what the wanted one
 * would. Returns 1 if so; 0: it must be written again. */
static int sign_present(struct step *step, const struct statement *present, struct err *err)
{
    const struct release_options *o = step->options;

    if (o->force || is_ahead(step, present) || !statement_same(present, &step->stated))
        return 0;
    if (signing_before(o->signing, o->store, step->result->key, text_view(&step->present), err))
        return ERR_FAIL;
    step->result->is_signed = true;
    return 1;
}

/* The document has the requested value. Returns 1 if nothing must be written. */
static int keep_value(struct step *step, const struct statement *present, struct err *err)
{
    int answer = 1;

    if (step->options->signing && !step->options->dry_run)
        answer = sign_present(step, present, err);
    step->result->skipped = answer == 1;
    step->result->renewed = answer == 0;
    return answer;
}

/* Reads the current document. Returns 1 if it has the requested value already. */
static int read_current(struct step *step, struct err *err)
{
    const struct release_options *o = step->options;
    struct current_pointer *was = &step->was;
    struct statement present = {.sequence = 0};

    if (change_read_bytes(o->store, step->result->key, was, &step->present, err))
        return ERR_FAIL;
    if (step->expected && strcmp(step->expected, was->etag) != 0)
        return report_conflict(step, err);
    if (follow(step, &present, err))
        return ERR_FAIL;
    if (was->sound && has_value(step, &was->pointer))
        return keep_value(step, &present, err);
    step->result->renewed = false;
    if (was->sound)
        str_copy(step->result->previous, sizeof step->result->previous, was->pointer.target_path);
    return 0;
}

/* Another writer was faster. That is success if both wanted the same. */
static int compare_winner(struct step *step, struct err *err)
{
    int answer = read_current(step, err);

    if (answer == 1)
        return 0;
    return answer ? ERR_FAIL : report_conflict(step, err);
}

/* Checks the image again after the write. A cleanup may have retired it meanwhile. The cleanup
 * also reads the pointers again afterwards, so at least one of the two notices and restores the
 * image. */
static int check_image_again(const struct step *step, struct err *err)
{
    const struct image_name *image = &step->result->image;
    char key[KEY_MAX];
    struct store_info info;
    int answer;

    if (key_sibling(key, step->archive_key, KEY_METADATA)) {
        answer = (int)store_head(step->options->store, key, &info, err);
        if (answer == STORE_DONE)
            return 0;
        if (answer != STORE_ABSENT)
            return ERR_FAIL;
    }
    answer = retired_restore(step->options->store, image, step->archive_key, err);
    if (answer == 0)
        return 0;
    if (answer > 0)
        err_set(err, ERR_CONFLICT, "removed", "a cleanup removed %s in the meantime", image->ref);
    err_wrap(err, "%s was set", step->result->key);
    return err_hint(err, "push %s again, or set %s to another image", image->ref,
                    step->result->key);
}

/* Signs the document, writes it, and makes sure of its signature. Returns an enum change_answer. */
static int write_document(struct step *step, struct err *err)
{
    const struct release_options *o = step->options;
    const char *key = step->result->key;
    _cleanup_text_ struct text document = {0};
    int answer;

    text_init(&document, CHANGE_DOCUMENT_MAX);
    pointer_write_stated(&step->wanted, o->signing ? &step->stated : NULL, &document);
    if (text_check(&document, key, err) ||
        signing_before(o->signing, o->store, key, text_view(&document), err))
        return ERR_FAIL;
    answer = change_set(o->store, key, &step->was, text_view(&document), step->result->atomic, err);
    if (answer < 0 || answer == CHANGE_LOST)
        return answer;
    step->result->is_signed = o->signing != NULL;
    return signing_after(o->signing, o->store, key, text_view(&document), err) ? ERR_FAIL : answer;
}

/* A value that was only signed again has no event: a rollback would lead to the same value. */
static void record(struct step *step)
{
    struct release_result *result = step->result;

    result->audited = result->renewed || audit_record(step->options->store, &step->event,
                                                      step->logged, &result->why_not_audited) == 0;
}

static int set(struct step *step, struct err *err)
{
    const struct release_options *o = step->options;
    struct release_result *result = step->result;
    int answer;

    if (o->dry_run)
        return 0;
    if (conditions_find(o->store, &result->atomic, err))
        return ERR_FAIL;
    answer = write_document(step, err);
    if (answer < 0)
        return ERR_FAIL;
    if (answer == CHANGE_LOST)
        return compare_winner(step, err);
    step->event.overtaken = answer == CHANGE_OVERTAKEN;
    record(step);
    if (check_image_again(step, err))
        return ERR_FAIL;
    return step->event.overtaken ? compare_winner(step, err) : 0;
}

/* Reads what the wanted document states, if it is signed. The images are proven before, if they
 * must be. */
static int state_images(struct step *step, enum statement_kind kind, const char *name,
                        struct err *err)
{
    struct statement *stated = &step->stated;

    if (!step->options->signing && !step->options->reader)
        return 0;
    stated->kind = kind;
    str_copy(stated->app, sizeof stated->app, step->result->image.app);
    str_copy(stated->name, sizeof stated->name, name);
    return stated_images_read(step->options->reader, step->options->store, &step->result->image,
                              step->archive_key, stated, err);
}

/* ---- tag ---- */

static int refuse_move(const struct step *step, const char *version, struct err *err)
{
    const struct current_pointer *was = &step->was;
    struct image_name image;

    if (!was->sound)
        err_set(err, ERR_CONFLICT, CODE_TAG, "%s exists already and cannot be read (%s)", version,
                was->fault.text);
    else if (resolve_image_of(step->result->image.app, &was->pointer, &image))
        err_set(err, ERR_CONFLICT, CODE_TAG, "%s is the version of %s already", version, image.ref);
    else
        err_set(err, ERR_CONFLICT, CODE_TAG, "%s exists already and leads to %s", version,
                was->pointer.target_path);
    return ERR_FAIL;
}

static int tag(struct step *step, const struct image_name *image, const char *version,
               struct err *err)
{
    struct release_result *result = step->result;
    struct audit_tag *details = &step->event.tag;
    int answer;

    if (name_check_new_version(version, err))
        return ERR_FAIL;
    fill_image(step, image, AUDIT_TAG);
    key_tag(result->key, image->app, version);
    step->wanted.target = POINTER_IMAGE;
    if (resolve_present(step->options->store, image, NULL, step->wanted.target_path, err))
        return ERR_FAIL;
    str_copy(step->archive_key, sizeof step->archive_key, step->wanted.target_path);
    if (state_images(step, STATEMENT_VERSION, version, err))
        return ERR_FAIL;
    answer = read_current(step, err);
    if (answer)
        return answer < 0 ? ERR_FAIL : 0;
    if (step->was.there && !result->renewed && !step->options->force)
        return refuse_move(step, version, err);
    str_copy(details->image_reference, sizeof details->image_reference, image->ref);
    str_copy(details->version, sizeof details->version, version);
    str_copy(details->tag_path, sizeof details->tag_path, result->key);
    str_copy(details->previous_target, sizeof details->previous_target, result->previous);
    return set(step, err);
}

int release_tag(const struct release_options *options, const struct image_name *image,
                const char *version, struct release_result *result, struct err *err)
{
    struct step step;

    step_init(&step, options, result);
    return step_finish(&step, tag(&step, image, version, err));
}

/* ---- promote ---- */

/* Sets the environment to an image that exists; `version` NULL: directly, else through that tag. */
static int promote(struct step *step, const struct image_name *image, const char *version,
                   const char *env, struct err *err)
{
    struct audit_promotion *details = &step->event.promotion;
    int answer;

    fill_image(step, image, AUDIT_PROMOTION);
    key_pointer(step->result->key, image->app, env);
    if (version) {
        step->wanted.target = POINTER_TAG;
        key_tag(step->wanted.target_path, image->app, version);
        str_copy(step->wanted.source_tag, sizeof step->wanted.source_tag, version);
        str_copy(step->result->version, sizeof step->result->version, version);
    }
    if (state_images(step, STATEMENT_ENVIRONMENT, env, err))
        return ERR_FAIL;
    answer = read_current(step, err);
    if (answer)
        return answer < 0 ? ERR_FAIL : 0;
    str_copy(details->environment, sizeof details->environment, env);
    if (version)
        snprintf(details->source, sizeof details->source, "%s:%s", image->app, version);
    else
        str_copy(details->source, sizeof details->source, image->ref);
    str_copy(details->source_type, sizeof details->source_type, version ? "tag" : "image");
    str_copy(details->pointer_path, sizeof details->pointer_path, step->result->key);
    str_copy(details->previous_target, sizeof details->previous_target, step->result->previous);
    return set(step, err);
}

static int promote_image(struct step *step, const struct image_name *image, const char *key,
                         const char *env, struct err *err)
{
    if (name_check_env(env, err))
        return ERR_FAIL;
    if (resolve_present(step->options->store, image, key, step->wanted.target_path, err))
        return ERR_FAIL;
    str_copy(step->archive_key, sizeof step->archive_key, step->wanted.target_path);
    return promote(step, image, NULL, env, err);
}

static int promote_tag(struct step *step, const char *app, const char *version, const char *env,
                       struct err *err)
{
    struct locate_reader *reader = step->options->reader;
    struct resolved resolved;

    if (name_check_app(app, err) || name_check_version(version, err) || name_check_env(env, err))
        return ERR_FAIL;
    if (reader && reader->follow(reader, step->options->store, app, version, err))
        return ERR_FAIL;
    if (resolve_tag(step->options->store, app, version, &resolved, err))
        return ERR_FAIL;
    if (resolve_present(step->options->store, &resolved.image, resolved.archive_key,
                        step->archive_key, err))
        return err_wrap(err, "tag %s/%s", app, version);
    return promote(step, &resolved.image, version, env, err);
}

int release_promote_image(const struct release_options *options, const struct image_name *image,
                          const char *env, struct release_result *result, struct err *err)
{
    struct step step;

    step_init(&step, options, result);
    return step_finish(&step, name_check_new_env(env, err)
                                  ? ERR_FAIL
                                  : promote_image(&step, image, NULL, env, err));
}

int release_promote_tag(const struct release_options *options, const char *app, const char *version,
                        const char *env, struct release_result *result, struct err *err)
{
    struct step step;

    step_init(&step, options, result);
    return step_finish(&step, name_check_new_env(env, err)
                                  ? ERR_FAIL
                                  : promote_tag(&step, app, version, env, err));
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
static int promote_target(struct step *step, const char *app, const char *env, const char *target,
                          struct err *err)
{
    char owner[NAME_APP_MAX], version[NAME_VERSION_MAX], month[CLOCK_MONTH_SIZE];
    struct image_name image;

    step->event.promotion.rollback = true;
    if (key_parse_tag(target, owner, version) && strcmp(owner, app) == 0)
        return promote_tag(step, app, version, env, err);
    if (key_parse_image(target, &image, month) && strcmp(image.app, app) == 0)
        return promote_image(step, &image, target, env, err);
    return err_set(err, ERR_INTEGRITY, "history",
                   "the audit log names %s, which is not an image of %s", target, app);
}

int release_rollback(const struct release_options *options, const char *app, const char *env,
                     struct release_result *result, struct err *err)
{
    struct current_pointer current;
    char target[KEY_MAX];
    struct step step;

    step_init(&step, options, result);
    step.expected = current.etag;
    return step_finish(&step,
                       name_check_app(app, err) || name_check_env(env, err) ||
                               resolve_current(options->store, app, env, &current, err) ||
                               find_previous(options, app, env, &current.pointer, target, err)
                           ? ERR_FAIL
                           : promote_target(&step, app, env, target, err));
}
