/*
 * What earlier archives hold is looked up before the source is opened, because layers that they
 * hold need not be read; and what an earlier push left decides whether they are looked for at all.
 */
#include "push/setup.h"

#include "pack/chunk/cut.h"
#include "pack/codec/gzip_member.h"
#include "push/memory_budget.h"
#include "push/open_source.h"
#include "push/plan/span.h"

static void *make_packer(void *arg)
{
    const struct push_setup *r = arg;
    struct err ignored;

    return packer_create(r->push->level, &ignored);
}

static void free_packer(void *packer)
{
    packer_destroy(packer);
}

static int make_buffers(struct push_setup *r, const struct memory_budget *s, struct err *err)
{
    reorder_init(&r->order, s->slots);
    reorder_init(&r->named, s->slots);
    r->home = inbox_create(err);
    r->slots =
        buffers_create(s->slots, MEMORY_BUDGET_SLOT_SIZE, push_span_bound(MEMORY_BUDGET_SLOT_SIZE),
                       sizeof(struct push_span), err);
    r->parts = parts_create(s->parts, s->part_size, err);
    return r->home && r->slots && r->parts ? 0 : ERR_FAIL;
}

/* What a push before this one left behind, if it is of use. */
static int look_back(struct push_setup *r, struct err *err)
{
    const struct push_options *push = r->push;
    struct resume_options options = {
        .store = push->store,
        .key = r->options.key,
        .content = r->options.content,
        .level = push->level,
        .off = push->no_resume,
        .delta = r->options.delta,
        .part_size = memory_budget_part_size(push->store, open_source_size(push, r->options.local)),
        .least = assembler_least(push->store, open_source_size(push, r->options.local)),
    };

    r->md5 = digest_create(DIGEST_MD5);
    if (!r->md5)
        return err_memory(err, "the checksum");
    r->builder = index_builder_create(&CHUNK_DEFAULT, push->level, err);
    options.md5 = r->md5;
    options.builder = r->builder;
    return r->builder ? resume_open(&options, &r->resume, err) : ERR_FAIL;
}

static int start_weave(struct push_setup *r, size_t least, struct err *err)
{
    if (r->bases.count == 0)
        return 0;
    if (!resume_follows(r->resume) && resume_weaves(r->resume, &r->bases, err))
        return ERR_FAIL;
    r->weave = assembler_create(&(struct assembler_options){.store = r->push->store,
                                                            .upload = r->upload,
                                                            .bases = &r->bases,
                                                            .parts = r->parts,
                                                            .builder = r->builder,
                                                            .resume = r->resume,
                                                            .md5 = r->md5,
                                                            .home = r->home,
                                                            .kind = PUSH_JOINED,
                                                            .level = r->push->level,
                                                            .least = least},
                                err);
    return r->weave ? 0 : ERR_FAIL;
}

static int start_threads(struct push_setup *r, unsigned jobs, struct err *err)
{
    r->workers = workers_create(
        &(struct workers_options){
            .count = jobs, .scratch_create = make_packer, .scratch_destroy = free_packer, .arg = r},
        err);
    if (!r->workers)
        return ERR_FAIL;
    r->reader =
        reader_create(&(struct reader_options){.source = r->source,
                                               .params = CHUNK_DEFAULT,
                                               .mtime = open_source_time(r->push, r->source),
                                               .slot_size = MEMORY_BUDGET_SLOT_SIZE,
                                               .known = r->source->unread ? r->bases.known : NULL,
                                               .home = r->home,
                                               .kind_started = PUSH_STARTED,
                                               .kind_span = PUSH_FILLED,
                                               .kind_spare = PUSH_SPARE,
                                               .kind_done = PUSH_READ},
                      err);
    return r->reader ? 0 : ERR_FAIL;
}

static struct memory_budget find_shares(struct push_setup *r)
{
    const struct docker_image *local = r->options.local;
    const struct checkpoint_head *then = resume_follows(r->resume);
    struct memory_budget_wanted wanted = {
        .push = r->push,
        .size_hint = open_source_size(r->push, local),
        .delta = r->options.delta && (!then || then->base_count),
        .recall = then ? then->bases : NULL,
        .recall_count = then ? then->base_count : 0,
        .bases = {.name = &r->push->name,
                  .first = r->options.first,
                  .described = resume_is_whole(r->resume),
                  .layers = (const char(*)[80])local->diff_ids,
                  .layer_count = local->id[0] ? local->layer_count : 0},
    };

    return memory_budget_of(&wanted, &r->bases);
}

/* What is followed copies from archives that are not there any more, or not to be used. */
static bool lost_bases(const struct push_setup *r)
{
    const struct checkpoint_head *then = resume_follows(r->resume);

    return then && then->base_count && r->bases.count == 0;
}

int push_setup(struct push_setup *rig, const struct push_engine_options *options, struct err *err)
{
    struct push_setup *r = rig;
    struct memory_budget shares;

    r->options = *options;
    r->push = options->push;
    if (look_back(r, err))
        return ERR_FAIL;
    shares = find_shares(r);
    if (lost_bases(r)) {
        if (r->bases.trouble.family) { /* it cannot be told now, and what was sent stays */
            *err = r->bases.trouble;
            return err_wrap(err, "cannot look at the archives that the unfinished upload copies "
                                 "from");
        }
        resume_give_up(r->resume, "an archive that it copies from has changed, or is gone");
        shares = find_shares(r);
    }
    r->copies_refused = shares.copies_refused;
    r->copies_tried = shares.tried;
    r->source = open_source(
        &(struct open_source_wanted){.push = r->push,
                                     .local = r->options.local,
                                     .export_only = r->options.export_only,
                                     .bases = &r->bases,
                                     .lead = r->options.read_all ? UINT64_MAX
                                                                 : assembler_lead(shares.least)},
        err);
    if (!r->source)
        return ERR_FAIL;
    if (make_buffers(r, &shares, err))
        return ERR_FAIL;
    r->upload =
        upload_create(r->push->store, r->options.key, r->home, PUSH_UPLOADED, shares.parts, err);
    if (!r->upload || start_weave(r, shares.least, err))
        return ERR_FAIL;
    if (resume_follows(r->resume))
        upload_adopt(r->upload, resume_follows(r->resume)->upload);
    return start_threads(r, shares.jobs, err);
}

void push_setup_finish(struct push_setup *rig)
{
    reader_destroy(rig->reader);
    source_destroy(rig->source);
    workers_destroy(rig->workers);
    assembler_destroy(rig->weave);
    upload_destroy(rig->upload);
    index_builder_destroy(rig->builder);
    parts_destroy(rig->parts);
    buffers_destroy(rig->slots);
    inbox_destroy(rig->home);
    resume_destroy(rig->resume);
    digest_destroy(rig->md5);
    bases_finish(&rig->bases);
}
