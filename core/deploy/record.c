/*
 * The document in the bucket is the only memory: it is read, changed, and written whole. Only this
 * host writes it, so no condition is needed. Two hosts of one name are distinguished by `machine`,
 * and the later one adds a suffix to its name.
 */
#include "deploy/record.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/codes.h"
#include "base/err.h"
#include "base/file.h"
#include "catalog/deployed.h"
#include "deploy/machine.h"

#define DOCUMENT_MAX (64 * KIB)
#define DAY          (INT64_C(24) * 3600 * NS_PER_S)
#define BEATS_MISSED 3

struct record {
    const struct record_options *options;
    char folder[PATH_MAX - 512]; /* of the state */
    char machine[MACHINE_SIZE];
    char key[KEY_MAX];
    int64_t now; /* wall ns, by the clock of the store if it has one */
    bool there;  /* `last` is the document of this host */
    struct deployed last;
};

/* ---- the note of a refusal ---- */

static bool note_path(const struct record *record, char out[PATH_MAX])
{
    return snprintf(out, PATH_MAX, "%s/unrecorded/%s@%s", record->folder, record->options->app,
                    record->options->env) < PATH_MAX;
}

/* Returns true if a write was refused within a day. */
static bool is_noted(const struct record *record)
{
    _cleanup_text_ struct text text = {0};
    int64_t then, now = clock_wall();
    char path[PATH_MAX];
    struct err ignored;

    text_init(&text, KIB);
    if (!note_path(record, path) || file_read(path, &text, &ignored) != FILE_OK || !text.size)
        return false;
    text_cut(&text, strcspn(text.data, "\n"));
    return clock_parse_rfc3339(text.data, &then) && then <= now && now - then < DAY;
}

static void note_refusal(const struct record *record)
{
    char path[PATH_MAX], line[CLOCK_RFC3339_SIZE + 1], at[CLOCK_RFC3339_SIZE];
    struct err ignored; /* the next refusal is reported again */

    clock_rfc3339(clock_wall(), at);
    snprintf(line, sizeof line, "%s\n", at);
    if (note_path(record, path) && file_make_parents(path, 0700, &ignored) == 0)
        (void)file_replace(path, view_str(line), 0600, &ignored);
}

static void drop_note(const struct record *record)
{
    char path[PATH_MAX];

    if (note_path(record, path))
        (void)unlink(path);
}

/* ---- the note of what was written ---- */

/* Documents with equal values of these have equal content. */
static bool written_line(const struct record *record, const struct deploy_result *result,
                         const char *code, char out[1024])
{
    return snprintf(out, 1024, "%s %s %s %lld%s", result->pointer_etag, result->image_ref,
                    code[0] ? code : "-", (long long)record->options->heartbeat,
                    result->hold ? " held" : "") < 1024;
}

static bool written_path(const struct record *record, char out[PATH_MAX])
{
    return snprintf(out, PATH_MAX, "%s/recorded/%s@%s", record->folder, record->options->app,
                    record->options->env) < PATH_MAX;
}

static void note_written(const struct record *record, const struct deploy_result *result,
                         const char *code)
{
    char path[PATH_MAX], line[1024], text[1024 + CLOCK_RFC3339_SIZE + 2], at[CLOCK_RFC3339_SIZE];
    struct err ignored; /* the next run writes the document again */

    if (!written_path(record, path) || !written_line(record, result, code, line))
        return;
    clock_rfc3339(clock_wall(), at);
    snprintf(text, sizeof text, "%s\n%s\n", at, line);
    if (file_make_parents(path, 0700, &ignored) == 0)
        (void)file_replace(path, view_str(text), 0600, &ignored);
}

/* Returns true if the document with this result was written within a day. */
static bool is_written(const struct record *record, const struct deploy_result *result,
                       const char *code)
{
    _cleanup_text_ struct text text = {0};
    int64_t then, now = clock_wall();
    char path[PATH_MAX], line[1024];
    struct err ignored;
    size_t size;

    text_init(&text, 4 * KIB);
    if (!written_path(record, path) || !written_line(record, result, code, line) ||
        file_read(path, &text, &ignored) != FILE_OK)
        return false;
    size = strcspn(text.data, "\n");
    if (!text.data[size] || strncmp(text.data + size + 1, line, strlen(line)) != 0 ||
        strcmp(text.data + size + 1 + strlen(line), "\n") != 0)
        return false;
    text_cut(&text, size);
    return clock_parse_rfc3339(text.data, &then) && then <= now && now - then < DAY;
}

/* ---- reading ---- */

/* A host with a heartbeat that sends no documents was removed, or has a new machine id. Then its
 * name is free again. A host without a heartbeat need not send any. */
static bool is_abandoned(const struct deployed *other, int64_t now)
{
    int64_t seen, patience = BEATS_MISSED * other->heartbeat * NS_PER_S;

    return other->heartbeat > 0 && clock_parse_rfc3339(other->seen, &seen) &&
           now - seen > (patience > DAY ? patience : DAY);
}

/* Reads the document at record->key. Returns 1: it is that of another machine; 0: it is that of
 * this host, or there is none that can be read; negative: the store does not work. */
static int read_document(struct record *record, struct err *err)
{
    _cleanup_text_ struct text text = {0};
    struct store_op op = {.verb = STORE_GET, .key = record->key, .text = &text};
    enum store_answer answer;
    struct err why;

    text_init(&text, DOCUMENT_MAX);
    record->there = false;
    answer = store_run(record->options->store, &op, &why);
    record->now = op.server_time ? op.server_time : clock_wall();
    /* Without the right to list, S3 denies a read of an absent object. */
    if (answer == STORE_FAILED && (op.failure == STORE_NO_ANSWER || op.failure == STORE_BUSY)) {
        *err = why;
        return ERR_FAIL;
    }
    if (answer != STORE_DONE || deployed_parse(text_view(&text), &record->last, &why) < 0)
        return 0;
    record->there = strcmp(record->last.machine, record->machine) == 0;
    return !record->there && !is_abandoned(&record->last, record->now);
}

static void host_name(const struct record_options *options, char host[DEPLOYED_HOST_MAX])
{
    char name[256] = "";

    if (options->host_name)
        snprintf(name, sizeof name, "%s", options->host_name);
    else
        (void)gethostname(name, sizeof name - 1);
    deployed_host(host, name);
}

static int find_document(struct record *record, struct err *err)
{
    const struct record_options *options = record->options;
    char host[DEPLOYED_HOST_MAX];
    int answer;

    host_name(options, host);
    key_deployed(record->key, options->app, options->env, host);
    answer = read_document(record, err);
    if (answer > 0) {
        deployed_host_add(host, record->machine);
        key_deployed(record->key, options->app, options->env, host);
        answer = read_document(record, err);
    }
    if (answer < 0)
        return err_wrap(err, "%s", record->key);
    if (!record->there)
        record->last = (struct deployed){.host = ""};
    snprintf(record->last.host, sizeof record->last.host, "%s", host);
    snprintf(record->last.machine, sizeof record->last.machine, "%s", record->machine);
    snprintf(record->last.app_name, sizeof record->last.app_name, "%s", options->app);
    snprintf(record->last.environment, sizeof record->last.environment, "%s", options->env);
    return 0;
}

static int open_record(struct record *record, const struct record_options *options, struct err *err)
{
    *record = (struct record){.options = options};
    if (!options->state_folder)
        return file_state_dir(record->folder, sizeof record->folder, err);
    if (str_copy(record->folder, sizeof record->folder, options->state_folder))
        return 0;
    return err_set(err, ERR_LOCAL, "state", "the path %.200s is too long", options->state_folder);
}

/* ---- what happened ---- */

/* Sets the image that serves. If nothing serves, the last one that did is kept. Returns true if the
 * document had another image. */
static bool take_image(struct deployed *doc, const struct deploy_result *result, const char *now)
{
    const char *serves = result->image_ref;
    bool had_image = doc->image_reference[0] != '\0';

    if (!serves[0])
        return false;
    if (digest_text_valid(result->image_id))
        snprintf(doc->image_id, sizeof doc->image_id, "%s", result->image_id);
    if (strcmp(doc->image_reference, serves) == 0)
        return false;
    if (result->previous_ref[0] && strcmp(result->previous_ref, serves) != 0)
        snprintf(doc->previous, sizeof doc->previous, "%s", result->previous_ref);
    else if (doc->image_reference[0])
        snprintf(doc->previous, sizeof doc->previous, "%s", doc->image_reference);
    snprintf(doc->image_reference, sizeof doc->image_reference, "%s", serves);
    snprintf(doc->since, sizeof doc->since, "%s", now);
    return had_image;
}

static void take_units(struct deployed *doc, const struct deploy_result *result)
{
    if (!result->unit_count)
        return;
    doc->unit_count = 0;
    for (unsigned i = 0; i < result->unit_count && i < DEPLOYED_UNITS_MAX; i++) {
        struct deployed_unit *unit = &doc->units[doc->unit_count++];

        snprintf(unit->unit, sizeof unit->unit, "%s", result->units[i].unit);
        snprintf(unit->container, sizeof unit->container, "%s", result->units[i].container);
        unit->generation = result->units[i].generation;
    }
}

static bool is_same_event(const struct deployed_event *a, const struct deployed_event *b)
{
    return strcmp(a->result, b->result) == 0 &&
           strcmp(a->image_reference, b->image_reference) == 0 &&
           strcmp(a->error_code, b->error_code) == 0;
}

/* Returns the result for the event. A run that only found what an interrupted run had done reports
 * what that one did. */
static enum deploy_outcome event_outcome(const struct deploy_result *result)
{
    switch (result->outcome) {
    case DEPLOY_UNCHANGED:
        return DEPLOY_DEPLOYED;
    case DEPLOY_HELD:
        return DEPLOY_ROLLED_BACK;
    default:
        return result->outcome;
    }
}

/* Adds the event, unless nothing happened. A run that fails again and again is one event. */
static void add_event(struct deployed *doc, const struct deploy_result *result, const char *now)
{
    struct deployed_event event = {.at = ""};

    snprintf(event.at, sizeof event.at, "%s", now);
    snprintf(event.result, sizeof event.result, "%s", deploy_outcome_name(event_outcome(result)));
    snprintf(event.image_reference, sizeof event.image_reference, "%s",
             result->wanted_ref[0] && result->outcome != DEPLOY_HELD ? result->wanted_ref
                                                                     : result->image_ref);
    snprintf(event.error_code, sizeof event.error_code, "%s", doc->error_code);
    if (doc->event_count && is_same_event(&doc->events[0], &event))
        return;
    memmove(&doc->events[1], &doc->events[0], (DEPLOYED_EVENTS_MAX - 1) * sizeof event);
    doc->events[0] = event;
    doc->event_count += doc->event_count < DEPLOYED_EVENTS_MAX;
}

/* Writes the code of a failure, "deploy.exited", or "". */
static void code_of(const struct err *failure, char out[64])
{
    out[0] = '\0';
    if (failure)
        snprintf(out, 64, "%.20s.%.40s", err_family_name(failure->family), failure->code);
}

/* Returns true if the document has the failure already. One that found nothing running does not
 * know the cause. */
static bool has_failure(const struct deployed *doc, const struct deploy_result *result,
                        const char *code)
{
    if (!result->repeated)
        return false;
    if (!code[0])
        return result->outcome == DEPLOY_DOWN &&
               strcmp(doc->result, deploy_outcome_name(DEPLOY_DOWN)) == 0;
    return strcmp(doc->error_code, code) == 0 &&
           strcmp(doc->pointer_etag, result->pointer_etag) == 0;
}

static void take_result(struct record *record, const struct deploy_result *result, const char *code)
{
    struct deployed *doc = &record->last;
    char now[CLOCK_RFC3339_SIZE];
    bool replaced;

    clock_rfc3339(record->now, now);
    replaced = take_image(doc, result, now);
    doc->hold = result->hold;
    take_units(doc, result);
    if (has_failure(doc, result, code))
        return;
    snprintf(doc->result, sizeof doc->result, "%s", deploy_outcome_name(result->outcome));
    snprintf(doc->error_code, sizeof doc->error_code, "%s", code);
    if (result->pointer_etag[0])
        snprintf(doc->pointer_etag, sizeof doc->pointer_etag, "%s", result->pointer_etag);
    if (replaced || code[0] || !result->repeated || result->outcome == DEPLOY_DOWN)
        add_event(doc, result, now);
}

/* ---- writing ---- */

static int refuse(const struct record *record, const struct err *err)
{
    bool known = is_noted(record);

    if (!err_is(err, ERR_AUTH, CODE_DENIED) && !err_is(err, ERR_LOCAL, "permission"))
        return ERR_FAIL;
    if (known)
        return RECORD_KNOWN;
    note_refusal(record);
    return ERR_FAIL;
}

static int write_document(struct record *record, struct err *err)
{
    const struct record_options *options = record->options;
    struct deployed *doc = &record->last;
    _cleanup_text_ struct text text = {0};

    clock_rfc3339(record->now, doc->seen);
    doc->heartbeat = options->heartbeat;
    snprintf(doc->version, sizeof doc->version, "%s", options->version ? options->version : "");
    text_init(&text, DOCUMENT_MAX);
    deployed_write(doc, &text);
    if (text_check(&text, "the record of this host", err) < 0)
        return ERR_FAIL;
    if (store_put_document(options->store, record->key, text_view(&text), NULL, false, NULL, err) !=
        STORE_DONE)
        return refuse(record, err);
    drop_note(record);
    return RECORD_WRITTEN;
}

int record_result(const struct record_options *options, const struct deploy_result *result,
                  const struct err *failure, struct err *err)
{
    struct record record;
    char code[64];
    int answer;

    if (!options->store)
        return RECORD_KNOWN;
    if (open_record(&record, options, err) < 0)
        return ERR_FAIL;
    code_of(failure, code);
    if (result->repeated && (is_written(&record, result, code) || is_noted(&record)))
        return RECORD_KNOWN;
    if (machine_read(options->id_file, record.folder, record.machine, err) < 0 ||
        find_document(&record, err) < 0)
        return ERR_FAIL;
    take_result(&record, result, code);
    answer = write_document(&record, err);
    if (answer == RECORD_WRITTEN)
        note_written(&record, result, code);
    return answer;
}

int record_heartbeat(const struct record_options *options, struct err *err)
{
    struct record record;

    if (open_record(&record, options, err) < 0)
        return ERR_FAIL;
    if (is_noted(&record))
        return RECORD_KNOWN;
    if (machine_read(options->id_file, record.folder, record.machine, err) < 0 ||
        find_document(&record, err) < 0)
        return ERR_FAIL;
    return record.there ? write_document(&record, err) : RECORD_NOTHING;
}
