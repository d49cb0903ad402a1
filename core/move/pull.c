/*
 * A pull is three steps: look what there is and what is here of it (provision), bring in the rest
 * (intake), see whether the daemon has it.
 *
 * Into a daemon goes only what it lacks. If it does not take that, or the index has lied, all of
 * the image follows. What was fetched is kept in a spool until the pull is done: so one that is
 * killed goes on where it was.
 */
#include "move/pull.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "move/identity.h"
#include "move/intake.h"
#include "move/loaded.h"
#include "move/provision.h"

#define ATTEMPTS 4 /* replaced, spoiled, refused or misled, and one that goes well */

/* What one attempt answers besides 0 and failure: the archive was replaced meanwhile; the daemon
 * did not take a part of the image; what the index says is not so, or what the spool held. */
enum { REPLACED = INTAKE_REPLACED, REFUSED, MISLED, SPOILED };

struct pull {
    const struct pull_options *options;
    struct pull_result *result;
    struct transfer_start start;

    struct provision from;
    struct intake *intake;
    bool spent; /* what was kept of the archive is not needed any more */
};

/* ---- one attempt ---- */

/* A part of the image that was not taken, or an index or a spool that has lied: the whole may go
 * well. */
static int fall_back(const struct pull *p, int answer, const struct err *err)
{
    if (answer != ERR_FAIL)
        return answer;
    if (err->family == ERR_INTEGRITY && p->result->kept && intake_may_repeat(p->intake))
        return SPOILED;
    if (!p->from.delta)
        return ERR_FAIL;
    return err->family == ERR_DOCKER ? REFUSED : err->family == ERR_INTEGRITY ? MISLED : ERR_FAIL;
}

/* Kept is what a rerun can use: not when the pull is done, and not when the bytes were wrong. What
 * was replaced may only seem so: the spool itself knows which archive it is about. */
static bool is_spent(int answer, const struct err *err)
{
    if (answer == REPLACED || answer == REFUSED)
        return false;
    return answer != ERR_FAIL || err->family == ERR_INTEGRITY;
}

static int finish(struct pull *p, struct err *err)
{
    const struct pull_options *o = p->options;
    const struct image_info *image = intake_image(p->intake);

    if (o->docker && loaded_verify(o->docker, &o->name, image, p->from.delta != NULL, err))
        return ERR_FAIL;
    if (o->learned && identity_describe(image, o->learned, err))
        return ERR_FAIL;
    snprintf(p->result->image_id, sizeof p->result->image_id, "%s", image->id);
    return 0;
}

static int transfer(struct pull *p, struct err *err)
{
    int answer;

    p->intake = intake_create(&p->from, err);
    if (!p->intake)
        return ERR_FAIL;
    answer = intake_run(p->intake, err);
    if (answer == 0)
        answer = finish(p, err);
    if (intake_raw(p->intake))
        p->result->stats.raw_bytes = intake_raw(p->intake);
    answer = fall_back(p, answer, err);
    p->spent = is_spent(answer, err);
    return answer;
}

static void say_what_is_kept(const struct pull *p, int answer, struct err *err)
{
    if (answer == ERR_FAIL && !p->spent && !err->hint[0] && spool_serves(p->from.spool))
        err_hint(err, "what was fetched is kept: run the same command again to go on");
}

static int pull_once(struct pull *p, struct abstain without, struct err *err)
{
    int answer;

    transfer_report(&p->options->transfer,
                    &(struct transfer_progress){.phase = PHASE_PREPARE, .left = -1});
    answer = provision_find(&p->from, p->options, p->result, err);
    p->result->skipped = answer == PROVISION_HERE;
    if (answer == 0)
        answer = provision_choose(&p->from, without, err);
    if (answer == 0 && !p->options->dry_run)
        answer = transfer(p, err);
    p->result->stats.archive_bytes = p->result->size;
    transfer_count(&p->result->stats, &p->start, p->options->store);
    intake_destroy(p->intake);
    say_what_is_kept(p, answer, err);
    provision_finish(&p->from, p->spent);
    return p->result->skipped ? 0 : answer;
}

/* Nothing but a new push mends an archive. Without --force it would find the image there, and with
 * copies it may copy the damage. */
static int advise(const struct pull_options *options, struct err *err)
{
    if (err->family == ERR_INTEGRITY && !err->hint[0])
        err_hint(err,
                 "the archive in the bucket is damaged; from where %s is sound: s3dock push %s "
                 "--force --no-delta",
                 options->name.ref, options->name.ref);
    return ERR_FAIL;
}

static const char *const next_step[] = {
    [REPLACED] = "beginning again with the new one",
    [REFUSED] = "pulling all of the image",
    [MISLED] = "pulling all of the image",
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
        p.spent = false;
        answer = pull_once(&p, without, err);
        if (answer <= 0)
            break;
        log_info("%s; %s", err->text, next_step[answer]);
        if (answer == REFUSED || answer == MISLED) {
            without = (struct abstain){.delta = true, .index = answer == MISLED};
            result->reloaded = true;
        }
    }
    return answer ? advise(options, err) : 0;
}
