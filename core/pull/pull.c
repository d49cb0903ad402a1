/*
 * A pull has three steps. It finds the needed chunks, and those that this host has (prepare). It
 * fetches the rest and writes the bundle (engine). It verifies that the daemon has the image
 * (verify_load).
 *
 * The bundle is made from the index before anything is fetched. An archive without an index is read
 * twice: the first pass verifies it and writes nothing, the second writes the bundle. The second
 * pass reads the bytes that the first has fetched from the partial download.
 *
 * A daemon gets only the layers that it lacks. If it refuses these, the next try sends all layers.
 * If the index is wrong, the next try reads the archive without it. The partial download stays
 * until the pull is done, so a pull that was killed can resume.
 */
#include "pull/pull.h"

#include <stdio.h>
#include <string.h>

#include "base/again.h"
#include "base/err.h"
#include "base/log.h"
#include "pull/engine.h"
#include "pull/pending_load.h"
#include "pull/prepare.h"
#include "pull/proof.h"
#include "pull/verify_load.h"
#include "pull/verify_stream.h"
#include "transfer/describe_image.h"

#define TRIES                                                                                      \
    4 /* replaced, partial download damaged, refused or bad index; and one that succeeds */

/* Results of one try besides 0 and ERR_FAIL; each allows another try. */
enum {
    REPLACED = PULL_ENGINE_REPLACED, /* the archive was replaced meanwhile */
    LAYERS_REFUSED,                  /* the daemon did not take a part of the image */
    INDEX_WRONG,
    PARTIAL_WRONG, /* the partial download holds other bytes than the archive */
    OBJECT_LOST,   /* an object does not exist: the metadata may have been replaced */
};

struct pull {
    const struct pull_options *options;
    struct transfer_start start;
    struct pull_result *result; /* written by fill_result alone */
    bool refetched;             /* a try has deleted the partial download */
    bool searched;              /* a try has found that an object does not exist */
    bool reloaded;              /* a try sends all layers after the daemon has refused some */

    /* Of one try. */
    struct prepare prepared;
    struct verify_stream *verify; /* of an archive without an index */
    struct pull_engine *engine;
    struct pull_outcome outcome;    /* of the engine's last pass */
    const struct image_info *image; /* once the pull is done; else NULL */
    bool verified;                  /* the first pass over an archive without an index succeeded */
    bool moved; /* all bytes were verified and written; the daemon's copy is still to be verified */
    bool spent; /* the partial download is not needed any more */
};

/* ---- one try ---- */

static bool has_left_out_layers(const struct pull *p)
{
    return p->prepared.local && p->prepared.local->has_count;
}

/* Turns a failure into the reason for another try, if one may succeed. */
static int choose_next_try(const struct pull *p, int answer, const struct err *err)
{
    if (answer == REPLACED && p->prepared.at.metadata.format > METADATA_ARCHIVE_FORMAT)
        return p->searched ? ERR_FAIL : OBJECT_LOST;
    if (answer != ERR_FAIL || p->options->prove)
        return answer;
    if (err->family == ERR_DOCKER)
        return has_left_out_layers(p) ? LAYERS_REFUSED : ERR_FAIL;
    if (err->family != ERR_INTEGRITY || p->moved || !p->outcome.may_repeat)
        return ERR_FAIL;
    if (p->prepared.kept || p->verified)
        return PARTIAL_WRONG;
    if (prepare_is_thin(&p->prepared))
        return p->refetched ? ERR_FAIL : PARTIAL_WRONG;
    return p->prepared.bundle_plan ? INDEX_WRONG : ERR_FAIL;
}

/* The partial download is not needed any more when the pull is done, or when bytes were wrong. It
 * stays if the archive was replaced: its journal names its archive. */
static bool is_spent(int answer, const struct err *err)
{
    if (answer == REPLACED || answer == OBJECT_LOST || answer == LAYERS_REFUSED)
        return false;
    return answer != ERR_FAIL || err->family == ERR_INTEGRITY;
}

/* One pass over the archive. */
static int run_engine(struct pull *p, struct verify_stream *verify, struct err *err)
{
    int answer;

    pull_engine_destroy(p->engine);
    p->engine = pull_engine_create(&p->prepared, verify, err);
    if (!p->engine)
        return ERR_FAIL;
    answer = pull_engine_run(p->engine, err);
    p->outcome = pull_engine_outcome(p->engine);
    return answer;
}

static int compare_id(const struct pull *p, const struct image_info *image, struct err *err)
{
    const char *id = p->prepared.at.metadata.image_id;

    if (!id[0] || strcmp(id, image->id) == 0)
        return 0;
    return err_set(err, ERR_INTEGRITY, "image_id", "the archive holds image %s, not %s", image->id,
                   id);
}

/* The first pass over an archive without an index. */
static int verify_archive(struct pull *p, struct err *err)
{
    int answer;

    p->verify = verify_stream_create();
    if (!p->verify)
        return err_memory(err, "the pull");
    answer = run_engine(p, p->verify, err);
    if (answer)
        return answer;
    if (compare_id(p, p->outcome.image, err) ||
        prepare_bundle(&p->prepared, p->outcome.image, p->outcome.config, err))
        return ERR_FAIL;
    p->verified = true;
    return 0;
}

static struct verify_load_options load_options(const struct pull *p)
{
    return (struct verify_load_options){.docker = p->options->docker,
                                        .name = &p->options->name,
                                        .image = p->prepared.image,
                                        .manifest_id = p->prepared.bundle->manifest_id,
                                        .loaded = p->outcome.loaded,
                                        .complete = has_left_out_layers(p)};
}

static void undo_load(const struct pull *p, const struct err *err)
{
    const struct verify_load_options options = load_options(p);

    if (err->family == ERR_DOCKER)
        verify_load_undo(&options, p->prepared.before);
}

/* Without the note, the load works as well, but an interrupted load is not recognized later. */
static void note_load(const struct pull *p)
{
    struct err err;

    if (pending_load_add(p->options->docker, p->options->name.ref, &err))
        log_info("%s; an interrupted load will not be noticed", err.text);
}

/* The second pass over an archive without an index, or the only pass with an index. */
static int write_bundle(struct pull *p, struct err *err)
{
    int answer;

    if (p->options->docker)
        note_load(p);
    answer = run_engine(p, NULL, err);
    if (answer == ERR_FAIL && p->options->docker)
        undo_load(p, err);
    return answer;
}

static int verify_daemon(const struct pull *p, struct err *err)
{
    const struct verify_load_options options = load_options(p);

    if (verify_load(&options, err)) {
        undo_load(p, err);
        return ERR_FAIL;
    }
    pending_load_remove(p->options->docker, p->options->name.ref);
    return 0;
}

static int finish(struct pull *p, struct err *err)
{
    const struct pull_options *o = p->options;
    const struct image_info *image = p->prepared.image;

    if (o->docker && verify_daemon(p, err))
        return ERR_FAIL;
    if (o->prove && proof_of_metadata(&p->prepared.at.metadata, image, p->outcome.raw, err))
        return ERR_FAIL;
    if (o->learned && describe_image(image, o->learned, err))
        return ERR_FAIL;
    p->image = image;
    return 0;
}

/* A pull without a destination needs no second pass over an archive without an index. */
static bool has_more_to_write(const struct pull *p)
{
    return !p->verified || p->options->docker || p->options->output;
}

static int transfer_image(struct pull *p, struct err *err)
{
    int answer = p->prepared.bundle ? 0 : verify_archive(p, err);

    if (answer == 0 && has_more_to_write(p))
        answer = write_bundle(p, err);
    p->moved = answer == 0;
    if (answer == 0)
        answer = finish(p, err);
    answer = choose_next_try(p, answer, err);
    p->spent = is_spent(answer, err);
    return answer;
}

static void hint_at_partial(const struct pull *p, int answer, struct err *err)
{
    if (answer == ERR_FAIL && !p->spent && again_may_help(err) &&
        partial_has_bytes(p->prepared.partial))
        err_general_hint(err, "the fetched bytes are kept: run the same command again to resume");
}

/* ---- the result ---- */

static void fill_documents(struct pull_result *result, const struct located *at)
{
    str_copy(result->key, sizeof result->key, at->archive_key);
    str_copy(result->image_ref, sizeof result->image_ref, at->metadata.image_tag);
    str_copy(result->image_id, sizeof result->image_id, at->metadata.image_id);
    str_copy(result->checksum, sizeof result->checksum, at->metadata.checksum);
    platform_text(&at->platform, result->platform);
    result->size = at->metadata.size;
    result->stats.archive_bytes = at->metadata.size;
}

static void fill_plan(struct pull_result *result, struct prepare *prepared, uint64_t found)
{
    result->layers = prepared->at.metadata.layer_count;
    result->layers_here = prepared->local ? prepared->local->has_count : 0;
    result->chunks = prepared->every ? prepared->every->count : 0;
    result->kept = prepared->kept;
    result->to_fetch = prepared->to_fetch - found;
    result->seed = prepared->seed.image != NULL;
    str_copy(result->reuse, sizeof result->reuse, prepared->seed.reason);
    result->layer_report = prepared->report;
    prepared->report = NULL;
    result->stats.reused_bytes = prepared->left_out + found;
}

/* The id is that of the verified image, also if the name now leads to another one. */
static void fill_daemon_id(const struct pull *p)
{
    const struct pull_options *o = p->options;
    const char *id = p->prepared.here;

    if (p->image && o->docker)
        id = verify_load_id(o->docker, p->image, p->prepared.bundle->manifest_id);
    str_copy(p->result->daemon_id, sizeof p->result->daemon_id, id);
}

/* The result of the last try. The bytes of the save stream stay from an earlier pass, if the last
 * one did not end. */
static void fill_result(struct pull *p)
{
    struct pull_result *result = p->result;

    if (p->prepared.located)
        fill_documents(result, &p->prepared.at);
    result->foreign = p->prepared.foreign;
    if (p->prepared.chosen)
        fill_plan(result, &p->prepared, p->outcome.found);
    if (p->image)
        str_copy(result->image_id, sizeof result->image_id, p->image->id);
    if (p->outcome.raw)
        result->stats.raw_bytes = p->outcome.raw;
    fill_daemon_id(p);
    result->reloaded = p->reloaded;
    transfer_count(&result->stats, &p->start, p->options->store);
}

static void begin_try(struct pull *p)
{
    p->verify = NULL;
    p->engine = NULL;
    p->outcome = (struct pull_outcome){0};
    p->image = NULL;
    p->verified = p->moved = p->spent = false;
    transfer_report(&p->options->transfer,
                    &(struct transfer_progress){.phase = PHASE_PREPARE, .left = -1});
}

static int pull_once(struct pull *p, struct prepare_without without, struct err *err)
{
    int answer;

    begin_try(p);
    answer = prepare_find(&p->prepared, p->options, err);
    p->result->skipped = answer == PREPARE_HERE;
    if (answer == 0)
        answer = prepare_choose(&p->prepared, without, err);
    if (answer == 0 && !p->options->dry_run)
        answer = transfer_image(p, err);
    fill_result(p);
    hint_at_partial(p, answer, err);
    pull_engine_destroy(p->engine);
    verify_stream_destroy(p->verify);
    prepare_finish(&p->prepared, p->spent);
    return p->result->skipped ? 0 : answer;
}

/* ---- all tries ---- */

static const char *const next_step[] = {
    [REPLACED] = "starting again with the new archive",
    [LAYERS_REFUSED] = "pulling all layers",
    [INDEX_WRONG] = "pulling the archive without its index",
    [PARTIAL_WRONG] = "deleting the partial download and fetching it again",
    [OBJECT_LOST] = "reading the metadata again",
};

int pull_run(const struct pull_options *options, struct pull_result *result, struct err *err)
{
    struct pull p = {.options = options, .result = result};
    struct prepare_without without = {0};
    int answer = 0;

    memset(result, 0, sizeof *result);
    transfer_start(&p.start, options->store);
    for (unsigned i = 0; i < TRIES; i++) {
        answer = pull_once(&p, without, err);
        if (answer <= 0)
            break;
        log_info("%s; %s", err->text, next_step[answer]);
        p.searched |= answer == OBJECT_LOST;
        p.refetched |= answer == PARTIAL_WRONG;
        if (answer == LAYERS_REFUSED || answer == INDEX_WRONG) {
            without.local_layers = true;
            without.index = answer == INDEX_WRONG;
            p.reloaded = true;
        }
    }
    if (answer)
        return ERR_FAIL;
    if (!options->docker || options->dry_run)
        return 0;
    return verify_load_name(options->docker, options->name.ref, result->daemon_id, options->also,
                            options->also_count, err);
}
