/* The original defines the members and their order. The table `systems` lists CI systems and their
 * variables. */
#include "catalog/audit.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/json_write.h"
#include "base/random.h"
#include "base/utf8.h"
#include "catalog/fields.h"
#include "os/user.h"
#include "store/store.h"

#define EVENT_MAX (64 * KIB)

static const char *const type_names[] = {
    [AUDIT_PUSH] = "push",
    [AUDIT_TAG] = "tag",
    [AUDIT_PROMOTION] = "promotion",
};

/* ---- identity ---- */

/* The variable `mark` identifies a CI system. The user is the first of `users` that is set. */
static const struct {
    const char *name, *mark;
    const char *users[3];
} systems[] = {
    {"github", "GITHUB_ACTIONS", {"GITHUB_TRIGGERING_ACTOR", "GITHUB_ACTOR"}},
    {"gitlab", "GITLAB_CI", {"GITLAB_USER_LOGIN", "GITLAB_USER_EMAIL"}},
    {"jenkins", "JENKINS_URL", {"BUILD_USER_ID", "BUILD_USER", "CHANGE_AUTHOR"}},
};

static const char *variable(char *(*env)(const char *name), const char *name)
{
    const char *value = name ? env(name) : NULL;

    return value ? value : "";
}

static void find_run(struct audit_identity *out, char *(*env)(const char *name))
{
    if (strcmp(out->ci, "github") != 0) {
        str_copy(out->ci_run, sizeof out->ci_run,
                 variable(env, strcmp(out->ci, "gitlab") == 0 ? "CI_JOB_URL" : "BUILD_URL"));
    } else if (*variable(env, "GITHUB_REPOSITORY") && *variable(env, "GITHUB_RUN_ID")) {
        int length =
            snprintf(out->ci_run, sizeof out->ci_run, "%s/%s/actions/runs/%s",
                     *variable(env, "GITHUB_SERVER_URL") ? variable(env, "GITHUB_SERVER_URL")
                                                         : "https://github.com",
                     variable(env, "GITHUB_REPOSITORY"), variable(env, "GITHUB_RUN_ID"));

        if (length < 0 || (size_t)length >= sizeof out->ci_run)
            out->ci_run[0] = '\0'; /* a cut address would be another address */
    }
}

static void find_ci(struct audit_identity *out, char *(*env)(const char *name))
{
    for (size_t i = 0; i < ARRAY_SIZE(systems); i++) {
        if (!*variable(env, systems[i].mark))
            continue;
        str_copy(out->ci, sizeof out->ci, systems[i].name);
        for (size_t k = 0; k < ARRAY_SIZE(systems[i].users) && !out->user[0]; k++)
            str_copy(out->user, sizeof out->user, variable(env, systems[i].users[k]));
        find_run(out, env);
        return;
    }
}

static void find_os_user(struct audit_identity *out)
{
    if (!os_user_name(out->user, sizeof out->user))
        str_copy(out->user, sizeof out->user, "unknown");
}

void audit_identify(struct audit_identity *out, char *(*env)(const char *name))
{
    *out = (struct audit_identity){.user = ""};
    find_ci(out, env);
    if (!out->user[0])
        find_os_user(out);
    str_printable(out->user);
    str_printable(out->ci_run);
}

/* ---- keys ---- */

int audit_unique(char out[AUDIT_UNIQUE_SIZE], struct err *err)
{
    return random_hex(out, (AUDIT_UNIQUE_SIZE - 1) / 2, err);
}

int audit_key(char out[KEY_MAX], const struct audit_event *event, int64_t wall_ns,
              const char *unique, struct err *err)
{
    char stamp[CLOCK_STAMP_SIZE];

    if (name_check_app(event->app_name, err) < 0)
        return ERR_FAIL;
    if (!name_is_hash(event->git_hash))
        return err_set(err, ERR_INTEGRITY, "document", "'%s' is not a git hash", event->git_hash);
    clock_stamp(wall_ns, stamp);
    key_audit(out, event->app_name, stamp, type_names[event->type], event->git_hash, unique);
    return 0;
}

/* ---- reading ---- */

static void read_push(struct fields *fields, struct audit_push *out)
{
    fields_string(fields, "image_reference", out->image_reference, sizeof out->image_reference,
                  NULL);
    fields_string(fields, "s3_path", out->s3_path, sizeof out->s3_path, key_is_sound);
    fields_string(fields, "checksum", out->checksum, sizeof out->checksum, NULL);
    fields_count(fields, "size", &out->size);
    fields_bool(fields, "was_skipped", &out->was_skipped);
    fields_bool(fields, "was_archived", &out->was_archived);
}

static void read_tag(struct fields *fields, struct audit_tag *out)
{
    fields_string(fields, "image_reference", out->image_reference, sizeof out->image_reference,
                  NULL);
    fields_string(fields, "version", out->version, sizeof out->version, NULL);
    fields_string(fields, "tag_path", out->tag_path, sizeof out->tag_path, key_is_sound);
    fields_string(fields, "previous_target", out->previous_target, sizeof out->previous_target,
                  key_is_sound);
}

static void read_promotion(struct fields *fields, struct audit_promotion *out)
{
    fields_string(fields, "environment", out->environment, sizeof out->environment, NULL);
    fields_string(fields, "source", out->source, sizeof out->source, NULL);
    fields_string(fields, "source_type", out->source_type, sizeof out->source_type, NULL);
    fields_string(fields, "pointer_path", out->pointer_path, sizeof out->pointer_path,
                  key_is_sound);
    fields_string(fields, "previous_target", out->previous_target, sizeof out->previous_target,
                  key_is_sound);
    fields_bool(fields, "rollback", &out->rollback);
}

static void read_type(struct fields *fields, enum audit_type *out)
{
    char name[16];

    fields_string(fields, "event_type", name, sizeof name, NULL);
    for (size_t i = 0; i < ARRAY_SIZE(type_names); i++) {
        if (strcmp(name, type_names[i]) == 0) {
            *out = (enum audit_type)i;
            return;
        }
    }
    fields_fail(fields, "event_type", "is not known");
}

int audit_parse(struct view json, struct audit_event *out, struct err *err)
{
    struct fields fields;

    memset(out, 0, sizeof *out); /* all members of the union */
    fields_open(&fields, json, "the audit event", err);
    read_type(&fields, &out->type);
    fields_time(&fields, "timestamp", out->timestamp, sizeof out->timestamp);
    fields_string(&fields, "user", out->by.user, sizeof out->by.user, NULL);
    fields_string(&fields, "app_name", out->app_name, sizeof out->app_name, NULL);
    fields_string(&fields, "git_hash", out->git_hash, sizeof out->git_hash, NULL);
    fields_string(&fields, "git_time", out->git_time, sizeof out->git_time, NULL);
    fields_string(&fields, "ci", out->by.ci, sizeof out->by.ci, NULL);
    fields_string(&fields, "ci_run", out->by.ci_run, sizeof out->by.ci_run, NULL);
    fields_enter(&fields, "details");
    if (out->type == AUDIT_PUSH)
        read_push(&fields, &out->push);
    else if (out->type == AUDIT_TAG)
        read_tag(&fields, &out->tag);
    else
        read_promotion(&fields, &out->promotion);
    fields_bool(&fields, "overtaken", &out->overtaken);
    return fields_close(&fields);
}

/* ---- writing ---- */

static void write_push(struct json_writer *w, const struct audit_push *push)
{
    jw_string(w, "image_reference", push->image_reference);
    jw_string(w, "s3_path", push->s3_path);
    jw_string(w, "checksum", push->checksum);
    jw_int(w, "size", (int64_t)push->size);
    if (push->was_skipped)
        jw_bool(w, "was_skipped", true);
    if (push->was_archived)
        jw_bool(w, "was_archived", true);
}

static void write_tag(struct json_writer *w, const struct audit_tag *tag)
{
    jw_string(w, "image_reference", tag->image_reference);
    jw_string(w, "version", tag->version);
    jw_string(w, "tag_path", tag->tag_path);
    jw_string_if(w, "previous_target", tag->previous_target);
}

static void write_promotion(struct json_writer *w, const struct audit_promotion *promotion)
{
    jw_string(w, "environment", promotion->environment);
    jw_string(w, "source", promotion->source);
    jw_string(w, "source_type", promotion->source_type);
    jw_string(w, "pointer_path", promotion->pointer_path);
    jw_string_if(w, "previous_target", promotion->previous_target);
    if (promotion->rollback)
        jw_bool(w, "rollback", true);
}

void audit_write(const struct audit_event *event, struct text *out)
{
    struct json_writer w;

    jw_init(&w, out, false);
    jw_object(&w, NULL);
    jw_string(&w, "event_type", type_names[event->type]);
    jw_string_if(&w, "timestamp", event->timestamp);
    jw_string(&w, "user", event->by.user);
    jw_string(&w, "app_name", event->app_name);
    jw_string(&w, "git_hash", event->git_hash);
    jw_string(&w, "git_time", event->git_time);
    jw_object(&w, "details");
    if (event->type == AUDIT_PUSH)
        write_push(&w, &event->push);
    else if (event->type == AUDIT_TAG)
        write_tag(&w, &event->tag);
    else
        write_promotion(&w, &event->promotion);
    if (event->overtaken)
        jw_bool(&w, "overtaken", true);
    jw_end(&w);
    jw_string_if(&w, "ci", event->by.ci);
    jw_string_if(&w, "ci_run", event->by.ci_run);
    jw_end(&w);
}

int audit_record(struct store *store, struct audit_event *event, int64_t wall_ns, struct err *err)
{
    _cleanup_text_ struct text text = {0};
    char unique[AUDIT_UNIQUE_SIZE], key[KEY_MAX];

    text_init(&text, EVENT_MAX);
    clock_rfc3339(wall_ns, event->timestamp);
    if (audit_unique(unique, err) || audit_key(key, event, wall_ns, unique, err))
        return ERR_FAIL;
    audit_write(event, &text);
    if (text_check(&text, "the audit event", err))
        return ERR_FAIL;
    /* No condition, because some stores refuse it, and the key is unique. */
    switch (store_put_document(store, key, text_view(&text), NULL, false, NULL, err)) {
    case STORE_DONE:
        return 0;
    case STORE_FAILED:
        return ERR_FAIL;
    default: /* 404 or 412 for a write without condition */
        return err_set(err, ERR_CONFLICT, "audit", "the store refuses to write %s", key);
    }
}
