/*
 * A push is three steps: look what is there already, bring the bytes into the bucket, make them
 * visible. The second may be tried more than once, each time in a plainer way (engine.h); what was
 * looked up before stays.
 */
#include "push/push.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/again.h"
#include "base/codes.h"
#include "base/digest_text.h"
#include "base/log.h"
#include "docker/docker.h"
#include "push/commit.h"
#include "push/engine.h"
#include "push/existing_image.h"
#include "push/learn_image.h"
#include "push/moved_archive.h"
#include "push/open_source.h"
#include "push/tar_image_id.h"
#include "store/store.h"

struct push {
    const struct push_options *options;
    struct push_result *result;
    struct transfer_start start;

    struct existing_image existing;
    bool learned;              /* which image that is: its metadata did not say */
    struct docker_image local; /* what the daemon says of the image; id "" without a daemon */
    struct image_input input;

    char content[DIGEST_TEXT_SIZE]; /* which image is to be pushed; "": only its stream will tell */

    bool export_only;        /* Docker's layers turned out not to be what they should be */
    bool delta;              /* compare with earlier archives, as long as that may help */
    bool read_all;           /* what earlier archives hold, too */
    bool looked_again;       /* for archives to compare with, because one has changed */
    enum push_remedy remedy; /* of the engine that failed last */
};

/* ---- what is there already ---- */

static int look_at_image(struct push *p, struct err *err)
{
    switch (docker_inspect(p->options->docker, p->options->name.ref, &p->local, err)) {
    case DOCKER_OK:
        return 0;
    case DOCKER_ABSENT:
        err_set(err, ERR_NOT_FOUND, CODE_IMAGE, "Docker has no image %s", p->options->name.ref);
        return err_hint(err,
                        "docker images %s lists the images of the daemon; build or pull it "
                        "first",
                        p->options->name.app);
    default:
        return ERR_FAIL;
    }
}

static void skip(struct push *p)
{
    const struct metadata *metadata = &p->existing.at.metadata;

    p->result->skipped = true;
    snprintf(p->result->key, sizeof p->result->key, "%s", p->existing.at.archive_key);
    snprintf(p->result->checksum, sizeof p->result->checksum, "%s", metadata->checksum);
    snprintf(p->result->image_id, sizeof p->result->image_id, "%s", metadata->image_id);
    p->result->size = metadata->size;
    if (p->learned && !p->options->dry_run)
        learn_image_add(p->options->store, &p->existing);
}

/* The original's archives do not say which image they hold. */
static int learn(struct push *p, struct err *err)
{
    const struct push_options *o = p->options;

    if (o->force || !learn_image_is_missing(&p->existing))
        return 0;
    p->learned = true;
    return learn_image(o->store, &o->name, &o->transfer, &p->existing, err);
}

/* Objects that this push writes could be deleted right after. */
static int is_going(const struct push *p, struct err *err)
{
    err_set(err, ERR_CONFLICT, "removed", "a cleanup is about to remove the earlier image of %s",
            p->options->name.ref);
    return err_hint(err, "run the same command again when it is done, or after half an hour");
}

/* 1: the bucket holds the image with this id, so that nothing is to be done. An archive that was
 * copied with its bucket is checked first. */
static int is_there(struct push *p, const char *id, struct err *err)
{
    struct existing_image *existing = &p->existing;

    if (p->options->force)
        return 0;
    if (!existing->going && moved_archive_is_likely(existing) &&
        metadata_names(&existing->at.metadata, id) &&
        moved_archive_settle(p->options->store, existing, !p->options->dry_run, err))
        return ERR_FAIL;
    return existing_image_is(existing, id);
}

static int prepare(struct push *p, struct err *err)
{
    int there;

    const struct push_options *o = p->options;
    transfer_report(&o->transfer, &(struct transfer_progress){.phase = PHASE_PREPARE});
    if (o->docker && look_at_image(p, err))
        return ERR_FAIL;
    if (existing_image_find(o->store, &o->name, &p->existing, err) || learn(p, err))
        return ERR_FAIL;
    str_copy(p->result->key, sizeof p->result->key, p->existing.key);
    if (o->docker)
        str_copy(p->content, sizeof p->content, p->local.id);
    else if (open_source_is_repeatable(&p->input))
        tar_image_id_read(o->input, p->content);
    there = is_there(p, p->content, err);
    if (there < 0)
        return ERR_FAIL;
    if (there && !p->existing.going)
        skip(p);
    return p->result->skipped || !p->existing.going ? 0 : is_going(p, err);
}

/* ---- the transfer ---- */

static void take_stock(struct push *p, const struct push_engine *engine)
{
    struct push_result *result = p->result;
    struct push_facts facts;

    push_engine_facts(engine, &facts);
    str_copy(result->source, sizeof result->source, facts.source);
    result->bases = facts.bases;
    result->outdated = facts.outdated;
    result->stats.raw_bytes = facts.raw;
    result->resumed_bytes = facts.resumed;
    if (facts.copies_refused)
        result->copies_refused = true;
    if (facts.copies_refused && facts.copies_tried)
        str_copy(result->refusal, sizeof result->refusal, "the store refused a trial");
    if (result->skipped)
        return;
    result->joins = facts.joins;
    result->stats.copied_bytes += facts.copied;
}

/* An archive's image is only known once it was read: it may be the one that the bucket holds. */
static int settle(struct push *p, struct push_engine *engine, struct err *err)
{
    struct push_facts facts;
    int there;

    push_engine_facts(engine, &facts);
    there = is_there(p, facts.image->id, err);
    if (there < 0)
        return ERR_FAIL;
    if (there) {
        skip(p);
        return 0;
    }
    return commit_run(&(struct commit){.push = p->options,
                                       .key = p->result->key,
                                       .local = &p->local,
                                       .existing = &p->existing,
                                       .engine = engine,
                                       .result = p->result},
                      err);
}

static void note_refusal(struct push *p, const struct push_engine *engine)
{
    struct push_facts facts;

    push_engine_facts(engine, &facts);
    if (facts.refusal[0])
        str_copy(p->result->resume_refusal, sizeof p->result->resume_refusal, facts.refusal);
}

static void note_failure(struct push *p, const struct push_engine *engine)
{
    struct push_facts facts;

    push_engine_facts(engine, &facts);
    p->remedy = push_engine_remedy(engine);
    if (facts.corrupt_base)
        str_copy(p->result->corrupt_base, sizeof p->result->corrupt_base, facts.corrupt_base);
}

static int transfer(struct push *p, struct err *err)
{
    struct push_engine *engine = push_engine_create(
        &(struct push_engine_options){
            .store = p->options->store,
            .transfer = &p->options->transfer,
            .name = &p->options->name,
            .input = p->input,
            .key = p->result->key,
            .content = p->content,
            .first = p->existing.whole ? p->existing.at.archive_key : NULL,
            .level = p->options->level,
            .no_resume = p->options->no_resume,
            .export_only = p->export_only,
            .delta = p->delta,
            .read_all = p->read_all,
        },
        err);
    int answer;

    p->remedy = REMEDY_HOPELESS;
    if (!engine)
        return ERR_FAIL;
    note_refusal(p, engine);
    answer = push_engine_run(engine, err);
    if (answer == 0)
        answer = settle(p, engine, err);
    if (answer == 0) {
        take_stock(p, engine);
    } else {
        note_failure(p, engine);
        push_engine_keep(engine, err);
    }
    push_engine_destroy(engine);
    return answer;
}

/* Whether a failed transfer may succeed another way, and takes it. Each way is taken once. */
static bool finds_another_way(struct push *p, struct err *err)
{
    if (p->remedy == REMEDY_HOPELESS)
        return false;
    if (p->remedy == REMEDY_AFRESH && !open_source_is_repeatable(&p->input)) {
        if (again_may_help(err))
            err_hint(err, "the unfinished upload was removed: run the same command again");
        return false;
    }
    if (!open_source_is_repeatable(&p->input)) {
        err_hint(err, "a pipe cannot be read twice: push from a file, or without copying from "
                      "earlier archives");
        return false;
    }
    if (p->remedy == REMEDY_AFRESH) {
        str_copy(p->result->resume_refusal, sizeof p->result->resume_refusal,
                 "the image has changed since");
    } else if (p->remedy == REMEDY_WITH_EXPORT) {
        str_copy(p->result->source_reason, sizeof p->result->source_reason, err->text);
        log_info("push: Docker's export takes over from its layers: %s", err->text);
        p->export_only = true;
    } else if (p->remedy == REMEDY_READING_ALL) {
        log_info("push: begins again, reading all of the image: %s", err->text);
        p->read_all = true;
    } else if (p->remedy == REMEDY_WITH_OTHER_BASES && !p->looked_again) {
        log_info("push: begins again with other archives to copy from: %s", err->text);
        p->looked_again = true;
    } else if (p->remedy == REMEDY_WITHOUT_BASES) {
        log_info("push: everything is uploaded: %s", err->text);
        p->delta = false;
    } else {
        log_info("push: nothing can be copied from other archives, everything is uploaded: %s",
                 err->text);
        p->result->copies_refused = true;
        str_copy(p->result->refusal, sizeof p->result->refusal, err->text);
        p->delta = false;
    }
    return true;
}

static int transfer_somehow(struct push *p, struct err *err)
{
    int answer;

    do
        answer = transfer(p, err);
    while (answer && finds_another_way(p, err));
    return answer;
}

int push_run(const struct push_options *options, struct push_result *result, struct err *err)
{
    struct push *p = calloc(1, sizeof *p);
    int answer;

    if (!p)
        return err_memory(err, "the push");
    memset(result, 0, sizeof *result);
    p->options = options;
    p->result = result;
    p->delta = !options->no_delta;
    p->input = (struct image_input){.docker = options->docker,
                                    .local = &p->local,
                                    .path = options->input,
                                    .from = options->source};
    transfer_start(&p->start, options->store);

    answer = prepare(p, err);
    if (answer == 0 && !result->skipped && !options->dry_run)
        answer = transfer_somehow(p, err);
    result->stats.archive_bytes = result->size;
    transfer_count(&result->stats, &p->start, options->store);
    existing_image_finish(&p->existing);
    free(p);
    return answer;
}
