/*
 * The order of the steps: the unfinished upload decides whether, and which, bases are used. The
 * bases are found before the source is opened, because layers that they hold need not be read. The
 * memory that their indexes leave determines the number of buffers and parts.
 */
#include "push/setup.h"

#include <string.h>

#include "base/log.h"
#include "pack/chunk/chunker.h"
#include "pack/codec/codec.h"
#include "push/early_bases.h"
#include "push/find_bases.h"
#include "push/memory_budget.h"
#include "push/plan/span.h"
#include "push/upload/copy_support.h"

static void *make_packer(void *arg)
{
    const struct push_setup *s = arg;
    struct err ignored;

    return packer_create(&s->options.choice, &ignored);
}

static void free_packer(void *packer)
{
    packer_destroy(packer);
}

static struct part_planner_options planner_options(const struct push_setup *s)
{
    return part_planner_options_of(&s->options.store->limits, open_source_size(&s->options.input));
}

bool push_setup_is_third(const struct push_setup *setup)
{
    return strcmp(setup->options.key, setup->options.image_key) != 0;
}

const char *push_setup_key(const struct push_setup *setup)
{
    const struct checkpoint_head *earlier = resume_earlier(setup->resume);

    return earlier ? earlier->key : setup->options.key;
}

/* Looks for an unfinished upload of an earlier push. */
static int open_resume(struct push_setup *s, struct err *err)
{
    const struct push_engine_options *o = &s->options;
    struct resume_options options = {
        .store = o->store,
        .image_key = o->image_key,
        .key = o->key,
        .content = o->content,
        .choice = o->choice,
        .thin = o->thin,
        .off = o->no_resume,
        .delta = o->delta,
        .part_size = memory_budget_part_size(&o->store->limits, open_source_size(&o->input)),
        .least = planner_options(s).least,
    };

    s->builder = index_builder_create(
        &s->params,
        &(struct index_writer){.version = push_setup_is_third(s) ? 3 : 2, .choice = o->choice},
        err);
    options.builder = s->builder;
    return s->builder ? resume_open(&options, &s->resume, err) : ERR_FAIL;
}

/* ---- bases ---- */

/* Returns true if the store copies ranges. A source that cannot be read twice must know it in
 * advance, so that a probe is made for it. */
static bool may_copy(struct push_setup *s)
{
    enum copy_support support = copy_support_remembered(s->options.store);

    s->copies_tried =
        support == COPY_SUPPORT_UNKNOWN && !open_source_is_repeatable(&s->options.input);
    if (s->copies_tried)
        support = copy_support_probe(s->options.store, &s->bases.objects[0],
                                     (size_t)planner_options(s).least);
    return s->copies_tried ? support == COPY_SUPPORT_YES : support != COPY_SUPPORT_NO;
}

/* Fills s->bases: with the archives of the unfinished upload if there is one, else with the best of
 * the bucket. */
static void search_bases(struct push_setup *s, uint64_t index_most)
{
    const struct push_engine_options *o = &s->options;
    const struct docker_image *local = o->input.local;
    const struct checkpoint_head *earlier = resume_earlier(s->resume);
    struct find_bases_wanted wanted = {
        .name = o->name,
        .platform = o->platform,
        .thin = o->thin,
        .codec = o->choice.codec,
        .first = o->first,
        .described = resume_is_whole(s->resume),
        .layers = local->diff_ids,
        .layer_count = local->layer_count,
        .archive_least = planner_options(s).least,
        .index_most = index_most,
    };

    if (earlier)
        find_bases_again(o->store, &wanted, earlier->bases, earlier->base_count, &s->bases);
    else if (!early_bases_take(o->early, &s->bases))
        find_bases(o->store, &wanted, &s->bases);
    if (s->bases.count && !o->thin && !may_copy(s)) {
        log_debug("push: the store does not copy ranges: everything is uploaded");
        s->copies_refused = true;
        bases_finish(&s->bases);
    } else if (s->bases.count) {
        log_info("push: comparing with %u earlier archive%s, first %s", s->bases.count,
                 s->bases.count > 1 ? "s" : "", s->bases.keys[0]);
    }
}

static void open_bases(struct push_setup *s, const struct memory_budget_input *input)
{
    const struct checkpoint_head *earlier = resume_earlier(s->resume);
    uint64_t index_most = memory_budget_indexes(input);

    s->bases = (struct bases){0};
    if (!s->options.delta || (earlier && !earlier->base_count))
        return;
    if (index_most)
        search_bases(s, index_most);
    else
        log_info("push: the memory limit is too low to compare with earlier archives, which needs "
                 "more than %zu bytes",
                 memory_budget_least(input));
}

/* The bases of the unfinished upload do not exist, or must not be used any more. */
static bool lost_bases(const struct push_setup *s)
{
    const struct checkpoint_head *earlier = resume_earlier(s->resume);

    return earlier && earlier->base_count && s->bases.count == 0;
}

/* Opens the bases, and removes the unfinished upload if its bases are lost. */
static int settle_bases(struct push_setup *s, const struct memory_budget_input *input,
                        struct err *err)
{
    open_bases(s, input);
    if (!lost_bases(s))
        return 0;
    if (s->bases.trouble.family) { /* a temporary error: keep the unfinished upload */
        *err = s->bases.trouble;
        return err_wrap(err, "cannot read the archives that the unfinished upload copies from");
    }
    resume_give_up(s->resume, "an archive that it copies from has changed, or is gone");
    s->copies_refused = false;
    open_bases(s, input);
    return 0;
}

/* ---- the parts of a push ---- */

static int make_source(struct push_setup *s, struct err *err)
{
    const struct push_engine_options *o = &s->options;
    struct part_planner_options planner = planner_options(s);

    s->source =
        open_source(&(struct open_source_wanted){.input = &o->input,
                                                 .reference = o->name->ref,
                                                 .params = s->params,
                                                 .export_only = o->export_only,
                                                 .bases = &s->bases,
                                                 .lead = o->read_all ? UINT64_MAX
                                                         : o->thin   ? 0
                                                                     : part_planner_lead(&planner),
                                                 .cancel = o->transfer->cancel},
                    err);
    return s->source ? 0 : ERR_FAIL;
}

static int make_buffers(struct push_setup *s, const struct memory_budget *budget, struct err *err)
{
    log_debug("push: %u workers, %u buffers, %u parts of %zu bytes: at most %zu bytes",
              budget->jobs, budget->buffers, budget->parts, budget->part_size, budget->bytes);
    reorder_init(&s->packed, budget->buffers);
    reorder_init(&s->named, budget->buffers);
    s->inbox = inbox_create(err);
    s->buffers =
        buffers_create(budget->buffers, MEMORY_BUDGET_BUFFER_SIZE,
                       push_span_bound(MEMORY_BUDGET_BUFFER_SIZE), sizeof(struct push_span), err);
    s->parts = parts_create(budget->parts, budget->part_size, err);
    return s->inbox && s->buffers && s->parts ? 0 : ERR_FAIL;
}

static int make_assembler(struct push_setup *s, struct err *err)
{
    s->assembler = assembler_create(&(struct assembler_options){.store = s->options.store,
                                                                .upload = s->upload,
                                                                .bases = &s->bases,
                                                                .parts = s->parts,
                                                                .builder = s->builder,
                                                                .resume = s->resume,
                                                                .inbox = s->inbox,
                                                                .kind = PUSH_COMPOSED,
                                                                .choice = s->options.choice,
                                                                .planner = planner_options(s)},
                                    err);
    return s->assembler ? 0 : ERR_FAIL;
}

static int make_thin(struct push_setup *s, struct err *err)
{
    s->thin = thin_upload_create(&(struct thin_upload_options){.store = s->options.store,
                                                               .upload = s->upload,
                                                               .bases = &s->bases,
                                                               .parts = s->parts,
                                                               .builder = s->builder,
                                                               .resume = s->resume},
                                 err);
    return s->thin ? 0 : ERR_FAIL;
}

/* Makes what decides on the chunks of the image. */
static int make_deciders(struct push_setup *s, struct err *err)
{
    if (s->bases.count && !resume_earlier(s->resume) && resume_set_bases(s->resume, &s->bases, err))
        return ERR_FAIL;
    if (s->options.thin)
        return make_thin(s, err);
    return s->bases.count ? make_assembler(s, err) : 0;
}

static int make_upload(struct push_setup *s, unsigned parts, struct err *err)
{
    s->upload =
        upload_create(&(struct upload_options){.store = s->options.store,
                                               .key = push_setup_key(s),
                                               .content_type = s->options.choice.codec == CODEC_ZSTD
                                                                   ? "application/zstd"
                                                                   : "application/gzip",
                                               .inbox = s->inbox,
                                               .kind = PUSH_UPLOADED,
                                               .parts_out = parts,
                                               .digest = !push_setup_is_third(s),
                                               .checked_later = push_setup_is_third(s)},
                      err);
    if (!s->upload || make_deciders(s, err))
        return ERR_FAIL;
    s->fates = (struct chunk_fates){.resume = s->resume, .planner = planner_options(s)};
    s->plain = (struct plain_upload){
        .upload = s->upload, .parts = s->parts, .builder = s->builder, .resume = s->resume};
    if (resume_earlier(s->resume))
        upload_adopt(s->upload, resume_earlier(s->resume)->upload);
    return 0;
}

static int start_threads(struct push_setup *s, unsigned jobs, struct err *err)
{
    s->workers = workers_create(
        &(struct workers_options){
            .count = jobs, .scratch_create = make_packer, .scratch_destroy = free_packer, .arg = s},
        err);
    if (!s->workers)
        return ERR_FAIL;
    s->reader = reader_create(
        &(struct reader_options){.source = s->source,
                                 .params = s->params,
                                 .mtime = open_source_time(s->source, s->options.name),
                                 .buffer_size = MEMORY_BUDGET_BUFFER_SIZE,
                                 .known = s->source->unread ? s->bases.known : NULL,
                                 .inbox = s->inbox,
                                 .kind_started = PUSH_STARTED,
                                 .kind_span = PUSH_FILLED,
                                 .kind_unused = PUSH_UNUSED,
                                 .kind_done = PUSH_READ},
        err);
    return s->reader ? 0 : ERR_FAIL;
}

int push_setup(struct push_setup *setup, const struct push_engine_options *options, struct err *err)
{
    struct memory_budget_input input = {.limits = options->store->limits,
                                        .memory = options->transfer->memory,
                                        .jobs = options->transfer->jobs,
                                        .size_hint = open_source_size(&options->input),
                                        .thin = options->thin};
    struct memory_budget budget;

    setup->options = *options;
    setup->params = options->choice.codec == CODEC_ZSTD ? CHUNK_FINE : CHUNK_DEFAULT;
    if (open_resume(setup, err) || settle_bases(setup, &input, err) || make_source(setup, err))
        return ERR_FAIL;
    budget = memory_budget_of(&input, setup->bases.count ? setup->bases.index_bytes : 0);
    if (make_buffers(setup, &budget, err) || make_upload(setup, budget.parts, err))
        return ERR_FAIL;
    return start_threads(setup, budget.jobs, err);
}

void push_setup_finish(struct push_setup *setup)
{
    reader_destroy(setup->reader);
    source_destroy(setup->source);
    workers_destroy(setup->workers);
    assembler_destroy(setup->assembler);
    thin_upload_destroy(setup->thin);
    upload_destroy(setup->upload);
    index_builder_destroy(setup->builder);
    parts_destroy(setup->parts);
    buffers_destroy(setup->buffers);
    inbox_destroy(setup->inbox);
    resume_destroy(setup->resume);
    bases_finish(&setup->bases);
}
