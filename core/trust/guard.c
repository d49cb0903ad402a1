/*
 * Signatures are judged at the time that the document states. A key that may
 * not sign any more can state an earlier time, so a key that was stolen belongs
 * into the list of revoked keys.
 */
#include "trust/guard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/codes.h"
#include "base/err.h"
#include "base/hash.h"
#include "sign/signers.h"
#include "trust/proofs.h"
#include "trust/sequences.h"
#include "trust/signatures.h"

#define POINTER_MAX (64 * KIB)

struct guard {
    struct proofs *proofs;
    struct policy policy;
    char memory[PATH_MAX]; /* "": that of the user */
};

/* ---- open ---- */

struct guard *guard_open(struct guard_settings *settings, struct err *err)
{
    struct guard *guard = calloc(1, sizeof *guard);

    if (!guard) {
        err_memory(err, "the demands on signatures");
        policy_finish(&settings->policy);
        return NULL;
    }
    guard->policy = settings->policy;
    settings->policy = (struct policy){.require = 0};
    guard->proofs = proofs_open(settings->signers, settings->revoked, err);
    if (guard->proofs &&
        str_copy(guard->memory, sizeof guard->memory, settings->memory ? settings->memory : ""))
        return guard;
    if (guard->proofs)
        err_set(err, ERR_LOCAL, "state", "the path of the state folder is too long");
    guard_close(guard);
    return NULL;
}

void guard_close(struct guard *guard)
{
    if (!guard)
        return;
    proofs_close(guard->proofs);
    policy_finish(&guard->policy);
    free(guard);
}

bool guard_requires(const struct guard *guard, enum policy_kind kind)
{
    return guard && (guard->policy.require & kind);
}

/* ---- the sequence number ---- */

static struct sequence_subject subject_of(const struct guard *guard, const struct store *store,
                                          const char *key)
{
    return (struct sequence_subject){
        .folder = guard->memory[0] ? guard->memory : NULL, .identity = store->identity, .key = key};
}

static int accept_sequence(const struct guard *guard, const struct store *store, const char *key,
                           const struct guarded_document *read, struct err *err)
{
    struct sequence_subject subject = subject_of(guard, store, key);
    uint8_t sum[SHA256_SIZE];

    sha256_of(text_view(&read->document), sum);
    return sequences_accept(&subject, (int64_t)read->report.statement.sequence, sum, err);
}

int guard_forget(const struct guard *guard, const struct store *store, const char *key,
                 struct err *err)
{
    struct sequence_subject subject = subject_of(guard, store, key);

    return sequences_forget(&subject, err);
}

/* ---- the verdict on one document ---- */

/* A document, while it is judged. */
struct trial {
    const struct guard *guard;
    const struct store *store;
    const char *key;
    struct view document;
    struct guard_report *report;
    int64_t at; /* wall ns: the stated time */
    unsigned signer_count;
    struct signer signers[POLICY_PROOFS_MAX]; /* of the sound signatures, in their order */
};

static enum policy_kind policy_kind_for(enum statement_kind kind)
{
    return kind == STATEMENT_IMAGE     ? POLICY_IMAGES
           : kind == STATEMENT_VERSION ? POLICY_VERSIONS
                                       : POLICY_ENVIRONMENTS;
}

/* Reads what the document states. */
static int read_statement(const struct trial *t, struct err *err)
{
    switch (statement_read(t->key, t->document, &t->report->statement, err)) {
    case STATEMENT_READ:
        t->report->read = true;
        return 0;
    case STATEMENT_NONE:
        return err_set(err, ERR_TRUST, CODE_MISSING,
                       "%s states no image id, so no signature can prove it", t->key);
    case STATEMENT_OTHER:
        return err_set(err, ERR_TRUST, CODE_STATEMENT,
                       "%s states %s/%s: the document belongs to another key", t->key,
                       t->report->statement.app, t->report->statement.name);
    default:
        return ERR_FAIL;
    }
}

/* Reads the stated time. A document without one is judged now. */
static int read_time(struct trial *t, struct err *err)
{
    int64_t now = clock_wall();

    t->at = statement_time(&t->report->statement, now);
    if (t->at <= now + STATEMENT_AHEAD)
        return 0;
    return err_set(err, ERR_TRUST, CODE_CLOCK,
                   "%s states the time %s, which is yet to come by the clock of "
                   "this machine",
                   t->key, t->report->statement.time);
}

static void judge_blocks(struct trial *t, const struct signatures *blocks)
{
    const char *name = statement_namespace(t->report->statement.kind);

    for (unsigned i = 0; i < blocks->count && i < POLICY_PROOFS_MAX; i++)
        t->signer_count +=
            proofs_judge(t->guard->proofs, blocks->blocks[i], name, t->document, t->at,
                         &t->report->signatures[t->report->count++], &t->signers[t->signer_count]);
}

/* Returns the number of different signers that may sign the document. */
static unsigned count_signers(const struct trial *t)
{
    struct guard_report *report = t->report;
    struct policy_subject subject = {.kind = policy_kind_for(report->statement.kind),
                                     .app = report->statement.app,
                                     .environment = report->statement.name};
    const struct signer *signers[POLICY_PROOFS_MAX];
    struct policy_verdict verdict;
    unsigned at = 0;

    for (unsigned i = 0; i < t->signer_count; i++)
        signers[i] = &t->signers[i];
    report->holds = policy_judge(&t->guard->policy, &subject, signers, t->signer_count, &verdict);
    for (unsigned i = 0; i < report->count; i++) {
        struct signature_proof *signature = &report->signatures[i];

        if (!signature->sound)
            continue;
        signature->permitted = verdict.permitted[at++];
        if (!signature->permitted)
            snprintf(signature->why, sizeof signature->why, "may not sign this");
    }
    return verdict.signers;
}

/* Returns the signature that explains the refusal best: a sound one, else one of a key that can
 * be read. NULL: there is none. */
static const struct signature_proof *best_signature(const struct guard_report *report)
{
    const struct signature_proof *best = NULL;

    for (unsigned i = 0; i < report->count; i++) {
        const struct signature_proof *s = &report->signatures[i];

        if (!best || (s->sound && !best->sound) || (s->proves && !best->sound && !best->proves))
            best = s;
    }
    return best;
}

static int refuse_signers(const struct trial *t, unsigned signers, struct err *err)
{
    const struct signature_proof *best = best_signature(t->report);

    if (!best)
        return err_set(err, ERR_TRUST, CODE_MISSING, "%s is not signed", t->key);
    if (!best->proves)
        return err_set(err, ERR_TRUST, CODE_SIGNATURE, "no signature of %s proves it: %s", t->key,
                       best->why);
    if (!best->sound)
        return err_set(err, ERR_TRUST, best->code, "%s: %s", t->key, best->why);
    if (!signers)
        return err_set(err, ERR_TRUST, CODE_SIGNER, "%s is signed by %s, who may not sign it",
                       t->key, best->identity);
    return err_set(err, ERR_TRUST, CODE_SIGNER, "%s is signed by %u of %u different signers",
                   t->key, signers, t->guard->policy.min);
}

static int check_sequence(const struct trial *t, struct err *err)
{
    struct sequence_subject subject = subject_of(t->guard, t->store, t->key);
    uint8_t sum[SHA256_SIZE];

    if (t->report->statement.kind == STATEMENT_IMAGE)
        return 0;
    if (t->report->statement.sequence > INT64_MAX)
        return err_set(err, ERR_TRUST, CODE_STATEMENT, "%s states an impossible sequence number",
                       t->key);
    sha256_of(t->document, sum);
    return sequences_check(&subject, (int64_t)t->report->statement.sequence, sum, err);
}

static int judge_document(struct trial *t, const struct signatures *blocks, struct err *err)
{
    unsigned signers;

    if (read_statement(t, err) || read_time(t, err))
        return ERR_FAIL;
    judge_blocks(t, blocks);
    signers = count_signers(t);
    return t->report->holds ? check_sequence(t, err) : refuse_signers(t, signers, err);
}

void guard_judge(const struct guard *guard, const struct store *store, const char *key,
                 struct view document, struct view signatures, struct guard_report *report)
{
    struct trial trial = {
        .guard = guard, .store = store, .key = key, .document = document, .report = report};
    struct signatures blocks;

    *report = (struct guard_report){.count = 0};
    signatures_split(signatures, &blocks);
    if (judge_document(&trial, &blocks, &report->why))
        report->holds = false;
    for (unsigned i = 0; i < trial.signer_count; i++)
        signer_finish(&trial.signers[i]);
}

bool guard_is_signed(const struct guard_report *report)
{
    for (unsigned i = 0; i < report->count; i++)
        if (report->signatures[i].permitted)
            return true;
    return false;
}

/* ---- documents of the bucket ---- */

/* Returns whether a writer between its two writes would explain the refusal. */
static bool may_change(const struct guard_report *report)
{
    return err_is(&report->why, ERR_TRUST, CODE_MISSING) ||
           err_is(&report->why, ERR_TRUST, CODE_SIGNATURE) ||
           err_is(&report->why, ERR_TRUST, CODE_SIGNER);
}

/* A large object is read as none. So its size is the reason of the refusal. */
static void name_size(const char *key, const struct signed_document *read,
                      struct guard_report *report)
{
    if (read->too_large && err_is(&report->why, ERR_TRUST, CODE_MISSING) && report->read)
        err_set(&report->why, ERR_TRUST, CODE_SIGNATURE,
                "the signatures of %s are not read: they have %llu bytes, more than %d", key,
                (unsigned long long)read->too_large, (int)SIGNATURES_SIZE_MAX);
}

static void take_document(struct guarded_document *out, struct signed_document *from)
{
    text_finish(&out->document);
    out->document = from->document;
    from->document = (struct text){0};
    str_copy(out->etag, sizeof out->etag, from->etag);
}

static enum store_answer read_signed(const struct guard *guard, struct store *store,
                                     const char *key, size_t max, struct guarded_document *out,
                                     struct err *err)
{
    struct signed_document read = {.etag = ""};
    enum store_answer answer = signed_document_read(store, key, max, &read, err);

    if (answer == STORE_DONE) {
        guard_judge(guard, store, key, text_view(&read.document), text_view(&read.signatures),
                    &out->report);
        if (!out->report.holds && may_change(&out->report)) {
            answer = signed_document_read_again(store, key, max, &read, err);
            if (answer == STORE_DONE)
                guard_judge(guard, store, key, text_view(&read.document),
                            text_view(&read.signatures), &out->report);
        }
    }
    if (answer == STORE_DONE) {
        name_size(key, &read, &out->report);
        take_document(out, &read);
    }
    signed_document_finish(&read);
    return answer;
}

enum store_answer guard_read(const struct guard *guard, struct store *store, const char *key,
                             size_t max, struct guarded_document *out, struct err *err)
{
    guarded_document_finish(out);
    if (guard)
        return read_signed(guard, store, key, max, out, err);
    text_init(&out->document, max);
    return store_get_document(store, key, &out->document, out->etag, err);
}

void guarded_document_finish(struct guarded_document *document)
{
    text_finish(&document->document);
    *document = (struct guarded_document){.etag = ""};
}

/* ---- versions and environments ---- */

/* Reads a pointer that must be signed if the policy requires it for its kind. STORE_ABSENT:
 * there is none. */
static int read_pointer(const struct guard *guard, struct store *store, const char *key,
                        enum policy_kind kind, struct pointer *pointer, struct guarded *out,
                        struct err *err)
{
    bool required = guard_requires(guard, kind);
    struct guarded_document read = {.etag = ""};
    int answer = (int)guard_read(required ? guard : NULL, store, key, POINTER_MAX, &read, err);

    if (answer == STORE_DONE && required && !read.report.holds) {
        *err = read.report.why;
        answer = ERR_FAIL;
    }
    if (answer == STORE_DONE && pointer_parse(text_view(&read.document), pointer, err))
        answer = err_wrap(err, "%s", key);
    if (answer == STORE_DONE && required)
        answer = accept_sequence(guard, store, key, &read, err);
    if (answer == STORE_DONE) {
        str_copy(out->etag, sizeof out->etag, read.etag);
        if (required && !out->stated) {
            out->statement = read.report.statement;
            out->stated = true;
        }
    }
    guarded_document_finish(&read);
    return answer;
}

static int follow_version(const struct guard *guard, struct store *store, const char *app,
                          const char *version, struct guarded *out, struct err *err)
{
    struct pointer pointer;
    char key[KEY_MAX];
    int answer;

    key_tag(key, app, version);
    answer = read_pointer(guard, store, key, POLICY_VERSIONS, &pointer, out, err);
    if (answer == STORE_ABSENT)
        return resolve_no_tag(app, version, err);
    if (answer != STORE_DONE || resolve_take_image(app, key, &pointer, &out->resolved, err))
        return ERR_FAIL;
    str_copy(out->resolved.version, sizeof out->resolved.version, version);
    return 0;
}

int guard_version(const struct guard *guard, struct store *store, const char *app,
                  const char *version, struct guarded *out, struct err *err)
{
    *out = (struct guarded){.stated = false};
    return follow_version(guard, store, app, version, out, err);
}

int guard_environment(const struct guard *guard, struct store *store, const char *app,
                      const char *env, struct guarded *out, struct err *err)
{
    char key[KEY_MAX], version[NAME_VERSION_MAX], etag[STORE_ETAG_MAX];
    struct pointer pointer;
    int answer;

    *out = (struct guarded){.stated = false};
    key_pointer(key, app, env);
    answer = read_pointer(guard, store, key, POLICY_ENVIRONMENTS, &pointer, out, err);
    if (answer == STORE_ABSENT)
        return resolve_no_environment(app, env, err);
    if (answer != STORE_DONE)
        return ERR_FAIL;
    if (!resolve_version_of(app, &pointer, version))
        return resolve_pointer(store, key, &pointer, &out->resolved, err);
    str_copy(etag, sizeof etag, out->etag);
    if (follow_version(guard, store, app, version, out, err))
        return err_wrap(err, "%s/%s", app, env);
    str_copy(out->etag, sizeof out->etag, etag);
    return 0;
}
