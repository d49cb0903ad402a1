/*
 * An attempt chooses the keys that it writes, runs the engine, and commits what the engine has
 * uploaded. The stream may show only at its end that the bucket has the image, or has it for
 * another platform.
 */
#include "push/attempt.h"

#include <string.h>

#include "base/codes.h"
#include "push/claim.h"
#include "push/commit.h"
#include "push/commit_objects.h"
#include "push/own_image.h"
#include "push/own_platform.h"
#include "push/sign_existing.h"

/* The bucket has the image for another platform, which has the key of the archive. */
static int is_further(struct push *p, struct err *err)
{
    p->further = true;
    return err_set(err, ERR_CONFLICT, CODE_PLATFORM,
                   "the bucket has %s for another platform already", p->options->name.ref);
}

/* Compares the platform that the stream states with the expected one. If none was, finds the image
 * that this one replaces. */
static int settle_platform(struct push *p, const struct push_outcome *outcome, struct err *err)
{
    const struct image_info *image = outcome->image;
    struct platform actual = own_platform_of(image->os, image->architecture, image->variant);
    bool known = p->platform.os[0];

    if (!actual.os[0])
        return 0;
    if (own_platform_check(p->options, &actual, err))
        return ERR_FAIL;
    platform_text(&actual, p->result->platform);
    p->platform = actual;
    if (known || !p->existing.found || platform_same(&p->existing.at.platform, &actual))
        return 0;
    if (own_image_find_again(p, err))
        return ERR_FAIL;
    return p->existing.platform[0] && !outcome->third ? is_further(p, err) : 0;
}

/* Signs the image that the bucket has. Returns 1, or 0 if it must be pushed. */
static int sign_pushed(struct push *p, const struct commit *commit, struct err *err)
{
    int answer = commit->signing ? sign_existing(commit, err) : 1;

    p->result->is_signed = commit->signing && answer > 0;
    return answer;
}

/* Another push has stored the image meanwhile, and may have another key. */
static int sign_winner(struct push *p, const struct commit *commit, struct err *err)
{
    int answer;

    if (!commit->signing)
        return 0;
    answer = own_image_find_again(p, err) ? ERR_FAIL : sign_pushed(p, commit, err);
    if (answer == 0) {
        err_set(err, ERR_CONFLICT, CODE_PUSH,
                "another program has stored the image %s at the same time, with metadata that this "
                "push does not sign",
                commit->name->ref);
        err_hint(err, "run the same command again");
    }
    return answer > 0 ? 0 : ERR_FAIL;
}

static int run_commit(struct push *p, const struct commit *commit, struct err *err)
{
    struct push_result *result = p->result;
    struct commit_result committed;
    int answer = commit_run(commit, &committed, err);

    result->skipped = committed.same;
    result->objects = committed.objects;
    result->archived = result->archived || committed.archived;
    result->stats.copied_bytes += committed.copied;
    result->size = committed.size;
    str_copy(result->checksum, sizeof result->checksum, committed.checksum);
    str_copy(result->image_id, sizeof result->image_id, committed.image_id);
    result->is_signed = answer == 0 && commit->signing;
    if (answer == 0 && committed.same)
        return sign_winner(p, commit, err);
    return answer == COMMIT_OTHER_PLATFORM ? is_further(p, err) : answer;
}

/* Completes the upload, unless the stream has shown that the bucket has the image already. */
static int commit(struct push *p, struct push_engine *engine, const struct push_outcome *outcome,
                  struct err *err)
{
    const struct commit what = {.store = p->options->store,
                                .name = &p->options->name,
                                .key = p->result->key,
                                .local_id = p->local.id,
                                .existing = &p->existing,
                                .outcome = outcome,
                                .signing = p->options->signing,
                                .keep_existing = !p->result->archived};
    int answer = settle_platform(p, outcome, err);

    if (answer == 0)
        answer = own_image_is_pushed(p, outcome->image->id, err);
    if (answer > 0)
        answer = sign_pushed(p, &what, err);
    if (answer < 0)
        return ERR_FAIL;
    if (answer) {
        own_image_skip(p);
        return 0;
    }
    push_engine_report_commit(engine);
    return run_commit(p, &what, err);
}

static void count(struct push *p, const struct push_facts *facts)
{
    struct push_result *result = p->result;

    str_copy(result->source, sizeof result->source, facts->source);
    result->bases = facts->bases;
    result->outdated = facts->outdated;
    result->stats.raw_bytes = facts->raw;
    result->resumed_bytes = facts->resumed;
    if (facts->copies_refused)
        result->copies_refused = true;
    if (facts->copies_refused && facts->copies_tried)
        str_copy(result->refusal, sizeof result->refusal, "the store refused a test copy");
    result->others = facts->others;
    if (result->skipped)
        return;
    result->joins = facts->joins;
    result->stats.copied_bytes += facts->copied;
    result->referred_bytes = facts->referred;
}

/* One attempt. After a failure p->remedy is set. */
static int transfer_with(struct push *p, struct push_engine *engine, struct err *err)
{
    struct push_result *result = p->result;
    struct push_outcome outcome;
    struct push_facts facts;
    int answer;

    push_engine_facts(engine, &facts);
    if (facts.refusal[0])
        str_copy(result->resume_refusal, sizeof result->resume_refusal, facts.refusal);
    answer = push_engine_run(engine, &outcome, err);
    if (answer == 0)
        answer = commit(p, engine, &outcome, err);
    push_engine_facts(engine, &facts);
    if (answer == 0) {
        count(p, &facts);
        return 0;
    }
    p->remedy = p->further ? REMEDY_AS_FURTHER : push_engine_remedy(engine);
    if (facts.corrupt_base)
        str_copy(result->corrupt_base, sizeof result->corrupt_base, facts.corrupt_base);
    push_engine_keep(engine, err);
    return answer;
}

/* Returns true if the image is written in format 3. The fixed keys belong to the first platform. An
 * archive that lies under the image key, but is not the image's, may hold chunks of others: it is
 * not replaced. */
static bool is_third(const struct push *p)
{
    return p->options->thin || p->options->choice.codec != CODEC_GZIP || p->existing.platform[0] ||
           (existing_image_has_objects(&p->existing) && p->existing.has_archive);
}

/* Chooses the key of the object that the next attempt writes. */
static int choose_key(struct push *p, struct err *err)
{
    enum data_kind kind = p->options->thin                         ? DATA_THIN
                          : p->options->choice.codec == CODEC_ZSTD ? DATA_WHOLE_ZSTD
                                                                   : DATA_WHOLE_GZIP;
    char unique[KEY_UNIQUE_SIZE], month[CLOCK_MONTH_SIZE];
    struct image_name name;

    str_copy(p->key, sizeof p->key, p->existing.key);
    if (!is_third(p))
        return 0;
    if (!key_parse_image(p->existing.key, &name, month))
        return err_set(err, ERR_INTERNAL, "key", "%s is not the key of an image", p->existing.key);
    if (key_unique(unique, err))
        return ERR_FAIL;
    key_data(p->key, &name, month, unique, kind);
    return 0;
}

/* Claims the fixed keys for the platform of a new image. If another one has them, this push writes
 * other keys. */
static int claim_keys(struct push *p, struct err *err)
{
    if (p->claimed || p->existing.found || !p->platform.os[0] || is_third(p))
        return 0;
    if (claim_take(p->options->store, p->existing.key, &p->platform, &p->claimed, err))
        return ERR_FAIL;
    if (!p->claimed)
        platform_key(&p->platform, p->existing.platform);
    return 0;
}

/* Writes the image key that names the push, with the platform if it is known: pushes of several
 * platforms have unfinished uploads of their own. The fixed keys belong to one platform, whose
 * checkpoints have always had the name without it. */
static int name_push(const struct push *p, char out[KEY_MAX], struct err *err)
{
    struct existing_image image = {.found = false};

    if (strcmp(p->key, p->existing.key) == 0)
        return str_copy(out, KEY_MAX, p->key) ? 0 : ERR_FAIL;
    str_copy(image.key, sizeof image.key, p->existing.key);
    if (p->platform.os[0])
        platform_key(&p->platform, image.platform);
    return existing_image_document(&image, KEY_ARCHIVE, out, err);
}

int attempt_run(struct push *p, struct err *err)
{
    const struct push_options *o = p->options;
    struct push_engine *engine;
    char name[KEY_MAX];
    int answer;

    p->remedy = REMEDY_NONE;
    p->further = false;
    if (claim_keys(p, err) || choose_key(p, err) || name_push(p, name, err))
        return ERR_FAIL;
    engine = push_engine_create(
        &(struct push_engine_options){
            .store = o->store,
            .transfer = &o->transfer,
            .name = &o->name,
            .input = p->input,
            .image_key = name,
            .key = p->key,
            .content = p->content,
            .first = p->existing.whole ? p->existing.at.metadata_key : NULL,
            .choice = o->choice,
            .thin = o->thin,
            .platform = p->result->platform,
            .early = p->early,
            .no_resume = o->no_resume,
            .export_only = p->export_only,
            .delta = p->delta,
            .read_all = p->read_all,
        },
        err);
    if (!engine)
        return ERR_FAIL;
    answer = transfer_with(p, engine, err);
    push_engine_destroy(engine);
    return answer;
}
