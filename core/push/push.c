/*
 * A push has three steps: find the objects that the bucket has (own_image), upload the bytes, and
 * make them visible (attempt). The last two may be repeated, each time in a simpler way (enum
 * push_remedy). The result of the first step stays.
 */
#include "push/push.h"

#include <stdlib.h>
#include <string.h>

#include "base/again.h"
#include "base/log.h"
#include "push/attempt.h"
#include "push/claim.h"
#include "push/open_source.h"
#include "push/own_image.h"
#include "store/store.h"

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

/* Returns the way of the next attempt, REMEDY_NONE: there is none. Each way is chosen once, so that
 * a store with contradictory responses ends the push. The other platform has its own name, and so
 * its own unfinished upload. */
static enum push_remedy next_way(struct push *p)
{
    enum push_remedy way = p->remedy;

    if (way == REMEDY_WITH_OTHER_BASES && p->tried & 1U << way)
        way = REMEDY_WITHOUT_COPIES;
    if (p->tried & 1U << way)
        return REMEDY_NONE;
    p->tried = way == REMEDY_AS_FURTHER ? 1U << way : p->tried | 1U << way;
    return way;
}

/* Chooses the way of the next attempt after the failure `err`. False: there is none. */
static bool choose_remedy(struct push *p, struct err *err)
{
    struct push_result *result = p->result;

    if (p->remedy != REMEDY_NONE && !open_source_is_repeatable(&p->input)) {
        hint_unrepeatable(p, err);
        return false;
    }
    switch (next_way(p)) {
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
        log_info("push: starts again with other archives to copy from: %s", err->text);
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
        return own_image_find_again(p, err) == 0 && p->existing.platform[0];
    }
    return true;
}

static int transfer_with_remedies(struct push *p, struct err *err)
{
    int answer;

    do
        answer = attempt_run(p, err);
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

    answer = own_image_prepare(p, err);
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
