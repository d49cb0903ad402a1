/*
 * Every change has the same steps. Read the current document; stop if nothing would change; write
 * the document if it is still the same; write the audit event; check the image again.
 */
#include "catalog/pointer_change.h"

#include <string.h>

#include "base/clock.h"
#include "catalog/conditions.h"
#include "catalog/resolve.h"
#include "catalog/retired.h"
#include "catalog/stated_images.h"

/* A clock that is further ahead than this is wrong, and its time is not passed on. Nor is that of a
 * signed document beyond STATEMENT_AHEAD: hosts would refuse it. */
#define CLOCKS_DIFFER (24 * 3600 * NS_PER_S)

void pointer_change_init(struct pointer_change *change, const struct release_options *options,
                         struct release_result *result)
{
    memset(change, 0, sizeof *change);
    memset(result, 0, sizeof *result);
    change->options = options;
    change->result = result;
    change->now = change->logged = options->now;
    text_init(&change->present, CHANGE_DOCUMENT_MAX);
}

int pointer_change_finish(struct pointer_change *change, int answer)
{
    text_finish(&change->present);
    return answer;
}

void pointer_change_image(struct pointer_change *change, const struct image_name *image,
                          enum audit_type type)
{
    struct pointer *wanted = &change->wanted;
    struct audit_event *event = &change->event;

    change->result->image = *image;
    clock_rfc3339(change->now, wanted->promoted_at);
    str_copy(wanted->promoted_by, sizeof wanted->promoted_by, change->options->by.user);
    str_copy(wanted->git_hash, sizeof wanted->git_hash, image->hash);
    str_copy(wanted->git_time, sizeof wanted->git_time, image->time);
    str_copy(wanted->source_image, sizeof wanted->source_image, image->ref);
    event->type = type;
    event->by = change->options->by;
    str_copy(event->app_name, sizeof event->app_name, image->app);
    str_copy(event->git_hash, sizeof event->git_hash, image->hash);
    str_copy(event->git_time, sizeof event->git_time, image->time);
}

/* Returns true if a pointer has the requested value already: the same tag with the same target, or
 * the same image, in any month. */
static bool has_value(const struct pointer_change *change, const struct pointer *pointer)
{
    struct image_name image;

    if (change->wanted.target == POINTER_TAG)
        return pointer->target == POINTER_TAG &&
               strcmp(pointer->target_path, change->wanted.target_path) == 0 &&
               strcmp(pointer->source_image, change->wanted.source_image) == 0;
    return resolve_image_of(change->result->image.app, pointer, &image) &&
           strcmp(image.ref, change->result->image.ref) == 0;
}

static int report_conflict(const struct pointer_change *change, struct err *err)
{
    const struct current_pointer *was = &change->was;

    if (was->sound)
        err_set(err, ERR_CONFLICT, "changed",
                "%s was set to %s by %s at the same time; that value was kept", change->result->key,
                was->pointer.target_path, was->pointer.promoted_by);
    else
        err_set(err, ERR_CONFLICT, "changed", "another user changed %s at the same time",
                change->result->key);
    return err_hint(err, "check its current value; to replace it, run the command again");
}

/* Takes the time of the store if the clock of this machine is wrong. But a store must not choose
 * the time that a signature proves. */
static void use_clock_of_store(struct pointer_change *change)
{
    struct store_stats stats;

    store_stats(change->options->store, &stats);
    change->logged = change->options->now + stats.clock_offset;
    if (change->options->signing || !stats.clock_offset)
        return;
    change->now = change->logged;
    clock_rfc3339(change->now, change->wanted.promoted_at);
}

/* Returns a time after that of the current value, if the latter is before `limit`; else `now`. */
static int64_t after_current(const struct pointer_change *change, int64_t now, int64_t limit)
{
    int64_t last;

    if (!clock_parse_rfc3339(change->was.pointer.promoted_at, &last) || last < now || last >= limit)
        return now;
    return last + 1;
}

/* Sets the time of the event after that of the value that it replaces. The audit log is ordered by
 * time, and the other writer may have begun later, or may have a clock that is ahead. `stated`:
 * sets the time of the document in the same way. */
static void follow_current(struct pointer_change *change, bool stated)
{
    int64_t limit = change->options->signing ? change->options->now + STATEMENT_AHEAD
                                             : change->logged + CLOCKS_DIFFER;

    change->logged = after_current(change, change->logged, change->logged + CLOCKS_DIFFER);
    if (!stated)
        return;
    change->now = after_current(change, change->now, limit);
    clock_rfc3339(change->now, change->wanted.promoted_at);
}

/* Returns whether the time and the number of the present document count. Hosts refuse a number
 * below the highest one that they have seen. A writer of the bucket without a key must not raise
 * signed numbers: after a deletion of the pointer, the next number would be lower. */
static int counts(struct pointer_change *change, bool *out, struct err *err)
{
    const struct release_options *o = change->options;
    int answer = 1;

    if (o->signing && o->present)
        answer = o->present->is_signed(o->present, o->store, change->result->key,
                                       text_view(&change->present), err);
    *out = answer == 1;
    return answer < 0 ? ERR_FAIL : 0;
}

/* Sets the sequence number behind that of the present document, and not before the time. */
static void set_sequence(struct pointer_change *change, uint64_t present)
{
    const struct release_options *o = change->options;
    uint64_t now = (uint64_t)(change->now / NS_PER_MS);
    uint64_t most = (uint64_t)((o->now + STATEMENT_AHEAD) / NS_PER_MS);
    bool sane = o->present || present < most;

    change->stated.sequence = sane && present >= now && present < INT64_MAX ? present + 1 : now;
}

/* Sets time and number behind those of the present document. */
static int follow(struct pointer_change *change, struct statement *present, struct err *err)
{
    struct err ignored;
    bool follows = false;

    if (change->was.sound) {
        (void)statement_read(change->result->key, text_view(&change->present), present, &ignored);
        if (counts(change, &follows, err))
            return ERR_FAIL;
        follow_current(change, follows);
    }
    set_sequence(change, follows ? present->sequence : 0);
    return 0;
}

/* Returns whether the present document states a later time or a higher number than a new one
 * would. */
static bool is_ahead(const struct pointer_change *change, const struct statement *present)
{
    int64_t time;

    return present->sequence > change->stated.sequence ||
           (clock_parse_rfc3339(present->time, &time) && time > change->now);
}

/* Signs the present document, which has the requested value, if it states what the wanted one
 * would. Returns 1 if so; 0: it must be written again. */
static int sign_present(struct pointer_change *change, const struct statement *present,
                        struct err *err)
{
    const struct release_options *o = change->options;

    if (o->force || is_ahead(change, present) || !statement_same(present, &change->stated))
        return 0;
    if (signing_before(o->signing, o->store, change->result->key, text_view(&change->present), err))
        return ERR_FAIL;
    change->result->is_signed = true;
    return 1;
}

/* The document has the requested value. Returns 1 if nothing must be written. */
static int keep_value(struct pointer_change *change, const struct statement *present,
                      struct err *err)
{
    int answer = 1;

    if (change->options->signing && !change->options->dry_run)
        answer = sign_present(change, present, err);
    change->result->skipped = answer == 1;
    change->result->renewed = answer == 0;
    return answer;
}

int pointer_change_read(struct pointer_change *change, struct err *err)
{
    const struct release_options *o = change->options;
    struct current_pointer *was = &change->was;
    struct statement present = {.sequence = 0};

    if (change_read_bytes(o->store, change->result->key, was, &change->present, err))
        return ERR_FAIL;
    if (change->expected && strcmp(change->expected, was->etag) != 0)
        return report_conflict(change, err);
    use_clock_of_store(change);
    if (follow(change, &present, err))
        return ERR_FAIL;
    if (was->sound && has_value(change, &was->pointer))
        return keep_value(change, &present, err);
    change->result->renewed = false;
    if (was->sound)
        str_copy(change->result->previous, sizeof change->result->previous,
                 was->pointer.target_path);
    return 0;
}

/* Another writer was faster. That is success if both wanted the same. */
static int compare_winner(struct pointer_change *change, struct err *err)
{
    int answer = pointer_change_read(change, err);

    if (answer == 1)
        return 0;
    return answer ? ERR_FAIL : report_conflict(change, err);
}

/* Checks the image again after the write. A cleanup may have retired it meanwhile. The cleanup
 * also reads the pointers again afterwards, so at least one of the two notices and restores the
 * image. */
static int check_image_again(const struct pointer_change *change, struct err *err)
{
    const struct image_name *image = &change->result->image;
    char key[KEY_MAX];
    struct store_info info;
    int answer;

    if (key_sibling(key, change->archive_key, KEY_METADATA)) {
        answer = (int)store_head(change->options->store, key, &info, err);
        if (answer == STORE_DONE)
            return 0;
        if (answer != STORE_ABSENT)
            return ERR_FAIL;
    }
    answer = retired_restore(change->options->store, image, change->archive_key, err);
    if (answer == 0)
        return 0;
    if (answer > 0)
        err_set(err, ERR_CONFLICT, "removed", "a cleanup removed %s in the meantime", image->ref);
    err_wrap(err, "%s was set", change->result->key);
    return err_hint(err, "push %s again, or set %s to another image", image->ref,
                    change->result->key);
}

/* Signs the document, writes it, and makes sure of its signature. Returns an enum change_answer. */
static int write_document(struct pointer_change *change, struct err *err)
{
    const struct release_options *o = change->options;
    const char *key = change->result->key;
    _cleanup_text_ struct text document = {0};
    int answer;

    text_init(&document, CHANGE_DOCUMENT_MAX);
    pointer_write_stated(&change->wanted, o->signing ? &change->stated : NULL, &document);
    if (text_check(&document, key, err) ||
        signing_before(o->signing, o->store, key, text_view(&document), err))
        return ERR_FAIL;
    answer =
        change_set(o->store, key, &change->was, text_view(&document), change->result->atomic, err);
    if (answer < 0 || answer == CHANGE_LOST)
        return answer;
    change->result->is_signed = o->signing != NULL;
    return signing_after(o->signing, o->store, key, text_view(&document), err) ? ERR_FAIL : answer;
}

/* A value that was only signed again has no event: a rollback would lead to the same value. */
static void record(struct pointer_change *change)
{
    struct release_result *result = change->result;

    result->audited =
        result->renewed || audit_record(change->options->store, &change->event, change->logged,
                                        &result->why_not_audited) == 0;
}

int pointer_change_write(struct pointer_change *change, struct err *err)
{
    const struct release_options *o = change->options;
    struct release_result *result = change->result;
    int answer;

    if (o->dry_run)
        return 0;
    if (conditions_find(o->store, &result->atomic, err))
        return ERR_FAIL;
    answer = write_document(change, err);
    if (answer < 0)
        return ERR_FAIL;
    if (answer == CHANGE_LOST)
        return compare_winner(change, err);
    change->event.overtaken = answer == CHANGE_OVERTAKEN;
    record(change);
    if (check_image_again(change, err))
        return ERR_FAIL;
    return change->event.overtaken ? compare_winner(change, err) : 0;
}

int pointer_change_state(struct pointer_change *change, enum statement_kind kind, const char *name,
                         struct err *err)
{
    struct statement *stated = &change->stated;

    if (!change->options->signing && !change->options->reader)
        return 0;
    stated->kind = kind;
    str_copy(stated->app, sizeof stated->app, change->result->image.app);
    str_copy(stated->name, sizeof stated->name, name);
    return stated_images_read(change->options->reader, change->options->store,
                              &change->result->image, change->archive_key, stated, err);
}
