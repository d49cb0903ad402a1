/*
 * A push has three steps: find the objects that the bucket has, upload the bytes, and make them
 * visible. The second step may be repeated, each time in a simpler way (enum push_remedy). The
 * result of the first step stays.
 */
#include "push/push.h"

#include <stdlib.h>
#include <string.h>

#include "base/again.h"
#include "base/codes.h"
#include "base/digest_text.h"
#include "base/log.h"
#include "docker/docker.h"
#include "push/claim.h"
#include "push/commit.h"
#include "push/commit_objects.h"
#include "push/early_bases.h"
#include "push/engine.h"
#include "push/existing_image.h"
#include "push/learn_image.h"
#include "push/memory_budget.h"
#include "push/moved_archive.h"
#include "push/new_image.h"
#include "push/open_source.h"
#include "push/own_platform.h"
#include "push/sign_existing.h"
#include "push/tar_image_id.h"
#include "store/store.h"

struct push {
    const struct push_options *options;
    struct push_result *result;
    struct transfer_start start;

    struct existing_image existing;
    bool learned;              /* its metadata did not name its image; the archive was read */
    struct docker_image local; /* the daemon's description of the image; id "": no daemon */
    struct image_input input;
    struct platform platform;       /* of the image; any platform: only its stream states it */
    struct docker_platform chosen;  /* of several in the daemon */
    char key[KEY_MAX];              /* of the object that the attempt writes */
    struct early_bases *early;      /* or NULL */
    char content[DIGEST_TEXT_SIZE]; /* id of the image to push; "": only its stream contains it */

    /* The way of the next attempt. */
    bool export_only;    /* Docker's layers were not as expected */
    bool delta;          /* compare with earlier archives */
    bool read_all;       /* read all layers, even those that earlier archives hold */
    bool searched_again; /* for bases, because one has changed */
    bool further;        /* the image was found to exist for another platform */
    bool claimed;        /* this push has the claim of the first platform */
    enum push_remedy remedy;
};

/* ---- the objects in the bucket ---- */

static void skip(struct push *p)
{
    const struct metadata *metadata = &p->existing.at.metadata;
    struct push_result *result = p->result;

    result->skipped = true;
    str_copy(result->key, sizeof result->key, p->existing.at.archive_key);
    str_copy(result->checksum, sizeof result->checksum, metadata->checksum);
    str_copy(result->image_id, sizeof result->image_id, metadata->image_id);
    result->size = metadata->size;
    result->thin = metadata->thin;
    result->objects = metadata->object_count;
    result->codec = metadata->object_count
                        ? (enum codec)metadata->objects[metadata->object_count - 1].codec
                        : CODEC_GZIP;
    if (p->learned && !p->options->dry_run)
        learn_image_add(p->options->store, &p->existing);
}

/* Metadata of the original program does not name the image. */
static int learn(struct push *p, struct err *err)
{
    const struct push_options *o = p->options;

    if (o->force || !learn_image_is_missing(&p->existing))
        return 0;
    p->learned = true;
    return learn_image(o->store, &o->name, &o->transfer, &p->existing, err);
}

/* The cleanup could delete objects right after this push has written them. */
static int refuse_during_cleanup(const struct push *p, struct err *err)
{
    err_set(err, ERR_CONFLICT, "removed", "a cleanup is about to remove the earlier image of %s",
            p->options->name.ref);
    return err_hint(err, "run the same command again when it is done, or after half an hour");
}

/* Returns 1 if the bucket has the image with this id. An archive whose bucket was copied is checked
 * first. */
static int is_pushed(struct push *p, const char *id, struct err *err)
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

/* Returns 1 if the bucket has the image and nothing is left to do. An image that this key has not
 * signed is read first: its metadata may name another image. */
static int is_finished(struct push *p, struct err *err)
{
    const struct push_options *o = p->options;
    int answer = is_pushed(p, p->content, err);

    if (answer <= 0 || !o->signing || o->dry_run)
        return answer;
    answer = sign_existing_is_done(o->signing, o->store, &p->existing, err);
    p->result->is_signed = answer > 0;
    return answer;
}

/* Takes what an archive file says about its image. The layers serve the search for bases. */
static void learn_from_file(struct push *p, const struct tar_image *image)
{
    str_copy(p->content, sizeof p->content, image->id);
    if (!platform_parse(image->platform, &p->platform))
        p->platform = p->options->platform;
    if (image->layer_count <= ARRAY_SIZE(p->local.diff_ids)) {
        p->local.layer_count = image->layer_count;
        memcpy(p->local.diff_ids, image->layers, image->layer_count * sizeof image->layers[0]);
    }
}

/* Sets p->content and p->platform where they are known before the stream is read. */
static int find_content(struct push *p, struct err *err)
{
    const struct push_options *o = p->options;
    struct tar_image *image;

    if (o->docker) {
        str_copy(p->content, sizeof p->content, p->local.id);
        return 0;
    }
    image = calloc(1, sizeof *image);
    if (!image)
        return err_memory(err, "the image");
    if (open_source_is_repeatable(&p->input))
        tar_image_id_read(o->input, image);
    learn_from_file(p, image);
    free(image);
    return own_platform_check(o, &p->platform, err);
}

/* A thin push of a new image looks for bases and for its image at the same time. */
static void search_early(struct push *p)
{
    const struct push_options *o = p->options;
    struct find_bases_wanted wanted = {
        .name = &o->name,
        .platform = p->result->platform,
        .layers = p->local.diff_ids,
        .layer_count = p->local.layer_count,
        .thin = true,
        .index_most = memory_budget_indexes(
            &(struct memory_budget_input){.limits = o->store->limits,
                                          .memory = o->transfer.memory,
                                          .jobs = o->transfer.jobs,
                                          .size_hint = open_source_size(&p->input),
                                          .thin = true}),
    };

    if (o->thin && !o->no_delta && !o->dry_run && wanted.index_most)
        p->early = early_bases_start(o->store, &wanted);
}

static int learn_from_docker(struct push *p, struct err *err)
{
    if (own_platform_inspect(p->options, &p->local, &p->chosen, &p->platform, err))
        return ERR_FAIL;
    p->input.platform = p->chosen.os[0] ? &p->chosen : NULL;
    return 0;
}

/* The rounds of requests count in a thin push, which has few bytes to send. */
static int find_existing(struct push *p, struct err *err)
{
    const struct push_options *o = p->options;

    if (o->thin && new_image_find(o->store, &o->name, &p->platform, &p->existing))
        return 0;
    return existing_image_find(o->store, &o->name, &p->platform, &p->existing, err);
}

static int prepare(struct push *p, struct err *err)
{
    const struct push_options *o = p->options;
    int pushed;

    transfer_report(&o->transfer, &(struct transfer_progress){.phase = PHASE_PREPARE});
    if (o->docker && learn_from_docker(p, err))
        return ERR_FAIL;
    if (find_content(p, err))
        return ERR_FAIL;
    platform_text(&p->platform, p->result->platform);
    search_early(p);
    if (find_existing(p, err) || learn(p, err))
        return ERR_FAIL;
    str_copy(p->result->key, sizeof p->result->key, p->existing.key);
    pushed = is_finished(p, err);
    if (pushed < 0)
        return ERR_FAIL;
    if (p->existing.going)
        return refuse_during_cleanup(p, err);
    if (pushed)
        skip(p);
    return 0;
}

/* ---- the transfer ---- */

static int find_again(struct push *p, struct err *err)
{
    existing_image_finish(&p->existing);
    return existing_image_find(p->options->store, &p->options->name, &p->platform, &p->existing,
                               err);
}

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
    if (find_again(p, err))
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
    answer = find_again(p, err) ? ERR_FAIL : sign_pushed(p, commit, err);
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
        answer = is_pushed(p, outcome->image->id, err);
    if (answer > 0)
        answer = sign_pushed(p, &what, err);
    if (answer < 0)
        return ERR_FAIL;
    if (answer) {
        skip(p);
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
 * archive that lies under the image key, but is
 * not the image's, may hold chunks of others: it is not replaced. */
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
    char unique[KEY_UNIQUE_SIZE], month[7];
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

static int transfer(struct push *p, struct err *err)
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

/* ---- another attempt ---- */

/* A source that cannot be read twice gets no second attempt: adds a hint for the user. */
static void hint_unrepeatable(const struct push *p, struct err *err)
{
    if (p->remedy == REMEDY_AS_FURTHER)
        err_about(err, "%s", p->result->platform);
    else if (p->remedy != REMEDY_AFRESH)
        err_hint(err, "a pipe cannot be read twice: push from a file, or without copying from "
                      "earlier archives");
    else if (again_may_help(err))
        err_hint(err, "the unfinished upload was removed: run the same command again");
}

static void upload_everything(struct push *p, const struct err *err)
{
    log_debug("push: nothing can be copied from other archives, everything is uploaded: %s",
              err->text);
    p->result->copies_refused = true;
    str_copy(p->result->refusal, sizeof p->result->refusal, err->text);
    p->delta = false;
}

/* Chooses the way of the next attempt after the failure `err`. False: there is none. Each way is
 * chosen once. */
static bool choose_remedy(struct push *p, struct err *err)
{
    struct push_result *result = p->result;

    if (p->remedy != REMEDY_NONE && !open_source_is_repeatable(&p->input)) {
        hint_unrepeatable(p, err);
        return false;
    }
    switch (p->remedy) {
    case REMEDY_NONE:
        return false;
    case REMEDY_AFRESH:
        str_copy(result->resume_refusal, sizeof result->resume_refusal,
                 "the image has changed since");
        break;
    case REMEDY_WITH_EXPORT:
        str_copy(result->source_reason, sizeof result->source_reason, err->text);
        log_debug("push: reads Docker's export instead of its layers: %s", err->text);
        p->export_only = true;
        break;
    case REMEDY_READING_ALL:
        log_info("push: starts again and reads the whole image: %s", err->text);
        p->read_all = true;
        break;
    case REMEDY_WITH_OTHER_BASES:
        if (p->searched_again) {
            upload_everything(p, err);
            break;
        }
        log_info("push: starts again with other archives to copy from: %s", err->text);
        p->searched_again = true;
        break;
    case REMEDY_WITHOUT_BASES:
        log_info("push: everything is uploaded: %s", err->text);
        p->delta = false;
        break;
    case REMEDY_WITHOUT_COPIES:
        upload_everything(p, err);
        break;
    case REMEDY_AS_FURTHER:
        log_info("push: starts again, beside the other platform: %s", err->text);
        return find_again(p, err) == 0 && p->existing.platform[0];
    }
    return true;
}

static int transfer_with_remedies(struct push *p, struct err *err)
{
    int answer;

    do
        answer = transfer(p, err);
    while (answer && choose_remedy(p, err));
    return answer;
}

int push_run(const struct push_options *options, struct push_result *result, struct err *err)
{
    struct push *p = calloc(1, sizeof *p);
    int answer;

    if (!p)
        return err_memory(err, "the push");
    memset(result, 0, sizeof *result);
    result->thin = options->thin;
    result->codec = options->choice.codec;
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
        answer = transfer_with_remedies(p, err);
    if (p->claimed)
        claim_end(options->store, result->key);
    result->stats.archive_bytes = result->size;
    transfer_count(&result->stats, &p->start, options->store);
    existing_image_finish(&p->existing);
    early_bases_destroy(p->early);
    free(p);
    return answer;
}
