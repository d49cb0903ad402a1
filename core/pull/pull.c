/*
 * A pull is three steps: look what there is and what is here of it (provision), bring in the rest
 * and write the bundle (intake), see whether the daemon has the image (loaded).
 *
 * The bundle is made from the index before anything is fetched. An archive without an index is read
 * twice: the first pass judges it and writes nothing, the second writes the bundle. What the first
 * has fetched is in the spool, from where the second reads it.
 *
 * A daemon gets only the layers that it lacks. If it does not take that, it gets all of them; if
 * the index has lied, the archive is read without it. The spool is kept until the pull is done: a
 * pull that was killed resumes from it.
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

#define ATTEMPTS 4 /* replaced, spoiled, refused or misled, and one that goes well */

/* What one attempt answers besides 0 and failure: the archive was replaced meanwhile; the daemon
 * did not take a part of the image; what the index says is not so, or what the spool held. */
enum { REPLACED = INTAKE_REPLACED, REFUSED, MISLED, SPOILED };

struct pull {
    const struct pull_options *options;
    struct pull_result *result;
    struct transfer_start start;

    struct prepare from;
    struct verify_stream *judge; /* of an archive without an index */
    bool judged;                 /* it was found to be sound */
    bool moved; /* all was written and proven; what the daemon made of it is open */
    struct pull_engine *intake;
    bool spent; /* what was kept of the archive is not needed any more */
};

/* ---- one attempt ---- */

/* Whether another attempt may go well: layers that the daemon was said to have and has not, an
 * index that has lied, bytes of the spool that are not what was fetched. */
static int fall_back(const struct pull *p, int answer, const struct err *err)
{
    if (answer != ERR_FAIL || p->options->prove)
        return answer;
    if (err->family == ERR_DOCKER)
        return p->from.delta && p->from.delta->has_count ? REFUSED : ERR_FAIL;
    if (err->family != ERR_INTEGRITY || p->moved || !p->intake ||
        !pull_engine_may_repeat(p->intake))
        return ERR_FAIL;
    if (p->result->kept || p->judged)
        return SPOILED;
    return p->from.bundling ? MISLED : ERR_FAIL;
}

/* Kept is what a rerun can use: not when the pull is done, and not when the bytes were wrong. What
 * was replaced may only seem so: the spool itself knows which archive it is about. */
static bool is_spent(int answer, const struct err *err)
{
    if (answer == REPLACED || answer == REFUSED)
        return false;
    return answer != ERR_FAIL || err->family == ERR_INTEGRITY;
}

/* One pass over the archive. */
static int run_intake(struct pull *p, struct verify_stream *judge, struct err *err)
{
    int answer;

    pull_engine_destroy(p->intake);
    p->intake = pull_engine_create(&p->from, judge, err);
    if (!p->intake)
        return ERR_FAIL;
    answer = pull_engine_run(p->intake, err);
    if (pull_engine_raw(p->intake))
        p->result->stats.raw_bytes = pull_engine_raw(p->intake);
    return answer;
}

static int compare_id(const struct pull *p, const struct image_info *image, struct err *err)
{
    const char *id = p->from.at.metadata.image_id;

    if (!id[0] || strcmp(id, image->id) == 0)
        return 0;
    return err_set(err, ERR_INTEGRITY, "image_id", "the archive holds image %s, not %s", image->id,
                   id);
}

/* The first pass over an archive without an index. */
static int judge(struct pull *p, struct err *err)
{
    const struct image_info *image;
    int answer;

    p->judge = verify_stream_create();
    if (!p->judge)
        return err_memory(err, "the pull");
    answer = run_intake(p, p->judge, err);
    if (answer)
        return answer;
    image = pull_engine_image(p->intake);
    if (compare_id(p, image, err) ||
        prepare_judged(&p->from, image, pull_engine_config(p->intake), err))
        return ERR_FAIL;
    p->judged = true;
    return 0;
}

static struct verify_load_options loaded_options(const struct pull *p)
{
    return (struct verify_load_options){.docker = p->options->docker,
                                        .name = &p->options->name,
                                        .image = p->from.image,
                                        .manifest_id = p->from.bundle->manifest_id,
                                        .said = pull_engine_loaded(p->intake),
                                        .whole = p->from.delta && p->from.delta->has_count};
}

static void undo(const struct pull *p, const struct err *err)
{
    const struct verify_load_options options = loaded_options(p);

    if (err->family == ERR_DOCKER)
        verify_load_undo(&options, p->from.before);
}

/* A load without the note goes as well, but is not known as incomplete when it is killed. */
static void note_load(const struct pull *p)
{
    struct err err;

    if (pending_load_add(p->options->docker, p->options->name.ref, &err))
        log_info("%s; the load is not noted", err.text);
}

/* The second pass over an archive without an index, and the only one with an index. */
static int write_bundle(struct pull *p, struct err *err)
{
    int answer;

    if (p->options->docker)
        note_load(p);
    answer = run_intake(p, NULL, err);
    if (answer == ERR_FAIL && p->options->docker)
        undo(p, err);
    return answer;
}

static int verify(const struct pull *p, struct err *err)
{
    const struct verify_load_options options = loaded_options(p);

    if (verify_load(&options, err)) {
        undo(p, err);
        return ERR_FAIL;
    }
    pending_load_remove(p->options->docker, p->options->name.ref);
    return 0;
}

static int finish(struct pull *p, struct err *err)
{
    const struct pull_options *o = p->options;
    const struct image_info *image = p->from.image;

    if (o->docker && verify(p, err))
        return ERR_FAIL;
    if (o->prove && proof_of_metadata(&p->from.at.metadata, image, pull_engine_raw(p->intake), err))
        return ERR_FAIL;
    if (o->learned && describe_image(image, o->learned, err))
        return ERR_FAIL;
    snprintf(p->result->image_id, sizeof p->result->image_id, "%s", image->id);
    return 0;
}

/* Who only wants to know whether an archive is sound needs no second pass. */
static bool is_written(const struct pull *p)
{
    return !p->judged || p->options->docker || p->options->output;
}

static int transfer(struct pull *p, struct err *err)
{
    int answer = p->from.bundle ? 0 : judge(p, err);

    if (answer == 0 && is_written(p))
        answer = write_bundle(p, err);
    p->moved = answer == 0;
    if (answer == 0)
        answer = finish(p, err);
    answer = fall_back(p, answer, err);
    p->spent = is_spent(answer, err);
    return answer;
}

static void say_what_is_kept(const struct pull *p, int answer, struct err *err)
{
    if (answer == ERR_FAIL && !p->spent && !err->hint[0] && again_may_help(err) &&
        partial_serves(p->from.spool))
        err_hint(err, "what was fetched is kept: run the same command again to go on");
}

static int pull_once(struct pull *p, struct abstain without, struct err *err)
{
    int answer;

    transfer_report(&p->options->transfer,
                    &(struct transfer_progress){.phase = PHASE_PREPARE, .left = -1});
    answer = prepare_find(&p->from, p->options, p->result, err);
    p->result->skipped = answer == PROVISION_HERE;
    if (answer == 0)
        answer = prepare_choose(&p->from, without, err);
    if (answer == 0 && !p->options->dry_run)
        answer = transfer(p, err);
    p->result->stats.archive_bytes = p->result->size;
    transfer_count(&p->result->stats, &p->start, p->options->store);
    pull_engine_destroy(p->intake);
    verify_stream_destroy(p->judge);
    say_what_is_kept(p, answer, err);
    prepare_finish(&p->from, p->spent);
    return p->result->skipped ? 0 : answer;
}

/* Nothing but a new push mends an archive. Without --force it would find the image there, and with
 * copies it may copy the damage. */
static int advise(const struct pull_options *options, struct err *err)
{
    if (err->family == ERR_INTEGRITY && !err->hint[0])
        err_hint(err,
                 "the archive in the bucket is damaged; replace it from a host that has %s: s3dock "
                 "push %s --force --no-delta",
                 options->name.ref, options->name.ref);
    return ERR_FAIL;
}

static const char *const next_step[] = {
    [REPLACED] = "beginning again with the new one",
    [REFUSED] = "pulling all of the image",
    [MISLED] = "pulling the archive without its index",
    [SPOILED] = "what was kept of an earlier pull is dropped, and fetched again",
};

int pull_run(const struct pull_options *options, struct pull_result *result, struct err *err)
{
    struct pull p = {.options = options, .result = result};
    struct abstain without = {0};
    int answer = 0;

    memset(result, 0, sizeof *result);
    transfer_start(&p.start, options->store);
    for (unsigned i = 0; i < ATTEMPTS; i++) {
        p.intake = NULL;
        p.judge = NULL;
        p.judged = p.moved = p.spent = false;
        answer = pull_once(&p, without, err);
        if (answer <= 0)
            break;
        log_info("%s; %s", err->text, next_step[answer]);
        if (answer == REFUSED || answer == MISLED) {
            without = (struct abstain){.layers = true, .index = answer == MISLED};
            result->reloaded = true;
        }
    }
    if (answer)
        return advise(options, err);
    if (!options->docker || options->dry_run)
        return 0;
    return verify_load_name(options->docker, options->name.ref, options->also, options->also_count,
                            err);
}
