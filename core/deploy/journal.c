/*
 * The document is {"sum": ..., "journal": {...}}. The sum is the SHA-256 of the bytes of the inner
 * object. It shows that a file is damaged even if the file is still JSON.
 */
#include "deploy/journal.h"

#include <string.h>

#include "base/err.h"
#include "base/file.h"
#include "base/json_write.h"

static const char *const PHASES[JOURNAL_PHASES] = {
    [JOURNAL_IDLE] = "idle",     [JOURNAL_PREPARE] = "prepare", [JOURNAL_EXCHANGE] = "exchange",
    [JOURNAL_SWITCH] = "switch", [JOURNAL_BACK] = "back",       [JOURNAL_COMMIT] = "commit",
    [JOURNAL_RETIRE] = "retire",
};

/* ---- write ---- */

static void write_units(struct json_writer *w, const struct journal *journal)
{
    jw_array(w, "units");
    for (unsigned i = 0; i < journal->unit_count; i++) {
        jw_object(w, NULL);
        jw_string(w, "unit", journal->units[i].unit);
        jw_string_if(w, "serving", journal->units[i].serving);
        jw_string_if(w, "candidate", journal->units[i].candidate);
        jw_end(w);
    }
    jw_end(w);
}

static void write_stops(struct json_writer *w, const struct journal *journal)
{
    jw_array(w, "stops");
    for (unsigned i = 0; i < journal->stop_count; i++) {
        jw_object(w, NULL);
        jw_string(w, "id", journal->stops[i].id);
        jw_string(w, "started_at", journal->stops[i].started_at);
        jw_int(w, "at", journal->stops[i].at);
        jw_end(w);
    }
    jw_end(w);
}

static void write_failure(struct json_writer *w, const struct journal_failure *failure)
{
    if (!failure->etag[0])
        return;
    jw_object(w, "failure");
    jw_string(w, "pointer_etag", failure->etag);
    jw_string_if(w, "image_ref", failure->ref);
    jw_string(w, "spec", failure->spec);
    jw_string(w, "code", failure->code);
    jw_string(w, "text", failure->text);
    jw_end(w);
}

static void write_journal(const struct journal *journal, struct text *out)
{
    struct json_writer w;

    jw_init(&w, out, true);
    jw_object(&w, NULL);
    jw_string(&w, "phase", PHASES[journal->phase]);
    if (journal->rebuilt)
        jw_bool(&w, "rebuilt", true);
    if (journal->committed_at)
        jw_int(&w, "committed_at", journal->committed_at);
    jw_string_if(&w, "pointer_etag", journal->etag);
    jw_string_if(&w, "image_ref", journal->ref);
    jw_string_if(&w, "hold", journal->hold);
    jw_string_if(&w, "left", journal->left);
    jw_string_if(&w, "target", journal->target);
    write_failure(&w, &journal->failure);
    write_units(&w, journal);
    write_stops(&w, journal);
    jw_end(&w);
}

static void sum_of(struct view bytes, char out[SHA256_HEX_SIZE])
{
    uint8_t digest[SHA256_SIZE];

    sha256_of(bytes, digest);
    hex_encode(digest, sizeof digest, out);
}

void journal_write(const struct journal *journal, struct text *out)
{
    _cleanup_text_ struct text inner = {0};
    char sum[SHA256_HEX_SIZE];
    struct json_writer w;

    text_init(&inner, JOURNAL_SIZE_MAX);
    write_journal(journal, &inner);
    sum_of(text_view(&inner), sum);
    jw_init(&w, out, true);
    jw_object(&w, NULL);
    jw_string(&w, "sum", sum);
    jw_raw(&w, "journal", text_view(&inner));
    jw_end(&w);
    text_char(out, '\n');
}

int journal_save(struct deploy_host *host, const struct journal *journal, struct err *err)
{
    _cleanup_text_ struct text text = {0};

    text_init(&text, JOURNAL_SIZE_MAX);
    journal_write(journal, &text);
    if (text_check(&text, "the journal", err))
        return ERR_FAIL;
    return host->table->journal_write(host, text_view(&text), err);
}

/* ---- read ---- */

static bool read_phase(struct json_node node, enum journal_phase *out)
{
    for (unsigned i = 0; i < JOURNAL_PHASES; i++)
        if (json_string_equals(node, PHASES[i])) {
            *out = (enum journal_phase)i;
            return true;
        }
    return false;
}

/* Reads a member that may be missing. */
static bool read_text(struct json_node node, const char *name, char *out, size_t size)
{
    struct json_node member = json_get(node, name);

    out[0] = '\0';
    return !json_present(member) || json_string(member, out, size);
}

static bool read_units(struct json_node array, struct journal *out)
{
    struct json_node at = {0};

    while (json_present(at = json_next(array, at, NULL))) {
        struct journal_unit *unit = &out->units[out->unit_count];

        if (out->unit_count == DEPLOY_UNITS_MAX ||
            !read_text(at, "unit", unit->unit, sizeof unit->unit) ||
            !read_text(at, "serving", unit->serving, sizeof unit->serving) ||
            !read_text(at, "candidate", unit->candidate, sizeof unit->candidate))
            return false;
        out->unit_count++;
    }
    return true;
}

static bool read_stops(struct json_node array, struct journal *out)
{
    struct json_node at = {0};

    while (json_present(at = json_next(array, at, NULL))) {
        struct journal_stop *stop = &out->stops[out->stop_count];

        if (out->stop_count == DEPLOY_UNITS_MAX ||
            !read_text(at, "id", stop->id, sizeof stop->id) ||
            !read_text(at, "started_at", stop->started_at, sizeof stop->started_at) ||
            !json_int(json_get(at, "at"), &stop->at))
            return false;
        out->stop_count++;
    }
    return true;
}

static bool read_failure(struct json_node node, struct journal_failure *out)
{
    return read_text(node, "pointer_etag", out->etag, sizeof out->etag) &&
           read_text(node, "image_ref", out->ref, sizeof out->ref) &&
           read_text(node, "spec", out->spec, sizeof out->spec) &&
           read_text(node, "code", out->code, sizeof out->code) &&
           read_text(node, "text", out->text, sizeof out->text);
}

static bool read_journal(struct json_node node, struct journal *out)
{
    struct json_node committed = json_get(node, "committed_at");

    out->rebuilt = json_bool(json_get(node, "rebuilt"), false);
    return read_phase(json_get(node, "phase"), &out->phase) &&
           (!json_present(committed) || json_int(committed, &out->committed_at)) &&
           read_text(node, "pointer_etag", out->etag, sizeof out->etag) &&
           read_text(node, "image_ref", out->ref, sizeof out->ref) &&
           read_text(node, "hold", out->hold, sizeof out->hold) &&
           read_text(node, "left", out->left, sizeof out->left) &&
           read_text(node, "target", out->target, sizeof out->target) &&
           read_failure(json_get(node, "failure"), &out->failure) &&
           read_units(json_get(node, "units"), out) && read_stops(json_get(node, "stops"), out);
}

bool journal_parse(struct view text, struct journal *out)
{
    char sum[SHA256_HEX_SIZE];
    struct json_node inner;
    struct json *json;
    struct err ignored;
    bool sound;

    memset(out, 0, sizeof *out);
    if (json_parse(&json, text, &JSON_DOCUMENT, "the journal", &ignored))
        return false;
    inner = json_get(json_root(json), "journal");
    sum_of(json_raw(inner), sum);
    sound = json_string_equals(json_get(json_root(json), "sum"), sum) && read_journal(inner, out);
    json_destroy(json);
    if (!sound)
        memset(out, 0, sizeof *out);
    return sound;
}

int journal_peek(struct deploy_host *host, struct journal *out, struct err *err)
{
    _cleanup_text_ struct text text = {0};
    int answer;

    memset(out, 0, sizeof *out);
    text_init(&text, JOURNAL_SIZE_MAX);
    answer = host->table->journal_read(host, &text, err);
    if (answer < 0 && !text.failed)
        return answer;
    if (answer == FILE_OK && journal_parse(text_view(&text), out))
        return JOURNAL_OK;
    out->rebuilt = true;
    return answer == FILE_ABSENT ? JOURNAL_ABSENT : JOURNAL_DAMAGED;
}

int journal_load(struct deploy_host *host, struct journal *out, struct err *err)
{
    int answer = journal_peek(host, out, err);

    if (answer == JOURNAL_DAMAGED && host->table->journal_set_aside(host, err))
        return ERR_FAIL;
    return answer;
}

/* ---- members ---- */

void journal_set_hold(struct journal *journal, bool hold)
{
    const char *etag = journal->failure.etag[0] ? journal->failure.etag : journal->etag;

    journal->hold[0] = journal->target[0] = '\0';
    if (hold)
        str_copy(journal->hold, sizeof journal->hold, etag[0] ? etag : JOURNAL_HOLD_ANY);
    else
        journal->left[0] = '\0';
}

bool journal_committed(const struct journal *journal)
{
    return journal->phase == JOURNAL_COMMIT || journal->phase == JOURNAL_RETIRE;
}

/* Only a rollback commits with a hold. */
bool journal_committed_rollback(const struct journal *journal)
{
    return journal->hold[0] && journal_committed(journal);
}

const struct journal_unit *journal_unit(const struct journal *journal, const char *unit)
{
    for (unsigned i = 0; i < journal->unit_count; i++)
        if (strcmp(journal->units[i].unit, unit) == 0)
            return &journal->units[i];
    return NULL;
}

static bool has_unit(const struct deployment *deployment, const char *unit)
{
    for (unsigned i = 0; i < deployment->unit_count; i++)
        if (strcmp(deployment->units[i].unit, unit) == 0)
            return true;
    return false;
}

void journal_keep_units(struct journal *journal, const struct deployment *deployment)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < journal->unit_count; i++)
        if (has_unit(deployment, journal->units[i].unit))
            journal->units[kept++] = journal->units[i];
    journal->unit_count = kept;
}

void journal_set_unit(struct journal *journal, const char *unit, const char *serving,
                      const char *candidate)
{
    struct journal_unit *entry = (struct journal_unit *)journal_unit(journal, unit);

    if (!entry && journal->unit_count < DEPLOY_UNITS_MAX)
        entry = &journal->units[journal->unit_count++];
    if (!entry)
        return;
    str_copy(entry->unit, sizeof entry->unit, unit);
    str_copy(entry->serving, sizeof entry->serving, serving);
    str_copy(entry->candidate, sizeof entry->candidate, candidate);
}

const struct journal_stop *journal_stop(const struct journal *journal,
                                        const struct docker_container *container)
{
    for (unsigned i = 0; i < journal->stop_count; i++)
        if (strcmp(journal->stops[i].id, container->id) == 0 &&
            strcmp(journal->stops[i].started_at, container->started_at) == 0)
            return &journal->stops[i];
    return NULL;
}

void journal_drop_stop(struct journal *journal, const char *id)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < journal->stop_count; i++)
        if (strcmp(journal->stops[i].id, id) != 0)
            journal->stops[kept++] = journal->stops[i];
    journal->stop_count = kept;
}

void journal_add_stop(struct journal *journal, const struct docker_container *container, int64_t at)
{
    struct journal_stop *stop;

    journal_drop_stop(journal, container->id);
    if (journal->stop_count == DEPLOY_UNITS_MAX)
        journal_drop_stop(journal, journal->stops[0].id);
    stop = &journal->stops[journal->stop_count++];
    str_copy(stop->id, sizeof stop->id, container->id);
    str_copy(stop->started_at, sizeof stop->started_at, container->started_at);
    stop->at = at;
}
