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

static int create_assembler(struct push_setup *r, size_t least, struct err *err)
{
    if (r->bases.count == 0)
        return 0;
    if (!resume_earlier(r->resume) && resume_set_bases(r->resume, &r->bases, err))
        return ERR_FAIL;
    r->assembler = assembler_create(&(struct assembler_options){.store = r->push->store,
                                                                .upload = r->upload,
                                                                .bases = &r->bases,
                                                                .parts = r->parts,
                                                                .builder = r->builder,
                                                                .resume = r->resume,
                                                                .md5 = r->md5,
                                                                .home = r->home,
                                                                .kind = PUSH_COMPOSED,
                                                                .level = r->push->level,
                                                                .least = least},
                                    err);
    return r->assembler ? 0 : ERR_FAIL;
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
                                               .kind_unused = PUSH_UNUSED,
                                               .kind_done = PUSH_READ},
                      err);
    return r->reader ? 0 : ERR_FAIL;
}

static struct memory_budget plan_memory(struct push_setup *r)
{
    const struct docker_image *local = r->options.local;
    const struct checkpoint_head *then = resume_earlier(r->resume);
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

/* What is earlier copies from archives that are not there any more, or not to be used. */
static bool lost_bases(const struct push_setup *r)
{
    const struct checkpoint_head *then = resume_earlier(r->resume);

    return then && then->base_count && r->bases.count == 0;
}

int push_setup(struct push_setup *setup, const struct push_engine_options *options, struct err *err)
{
    struct push_setup *r = setup;
    struct memory_budget budget;

    r->options = *options;
    r->push = options->push;
    if (look_back(r, err))
        return ERR_FAIL;
    budget = plan_memory(r);
    if (lost_bases(r)) {
        if (r->bases.trouble.family) { /* it cannot be told now, and what was sent stays */
            *err = r->bases.trouble;
            return err_wrap(err, "cannot look at the archives that the unfinished upload copies "
                                 "from");
        }
        resume_give_up(r->resume, "an archive that it copies from has changed, or is gone");
        budget = plan_memory(r);
    }
    r->copies_refused = budget.copies_refused;
    r->copies_tried = budget.tried;
    r->source = open_source(
        &(struct open_source_wanted){.push = r->push,
                                     .local = r->options.local,
                                     .export_only = r->options.export_only,
                                     .bases = &r->bases,
                                     .lead = r->options.read_all ? UINT64_MAX
                                                                 : assembler_lead(budget.least)},
        err);
    if (!r->source)
        return ERR_FAIL;
    if (make_buffers(r, &budget, err))
        return ERR_FAIL;
    r->upload =
        upload_create(r->push->store, r->options.key, r->home, PUSH_UPLOADED, budget.parts, err);
    if (!r->upload || create_assembler(r, budget.least, err))
        return ERR_FAIL;
    if (resume_earlier(r->resume))
        upload_adopt(r->upload, resume_earlier(r->resume)->upload);
    return start_threads(r, budget.jobs, err);
}

void push_setup_finish(struct push_setup *setup)
{
    reader_destroy(setup->reader);
    source_destroy(setup->source);
    workers_destroy(setup->workers);
    assembler_destroy(setup->assembler);
    upload_destroy(setup->upload);
    index_builder_destroy(setup->builder);
    parts_destroy(setup->parts);
    buffers_destroy(setup->slots);
    inbox_destroy(setup->home);
    resume_destroy(setup->resume);
    digest_destroy(setup->md5);
    bases_finish(&setup->bases);
}
