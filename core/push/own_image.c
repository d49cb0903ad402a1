/*
 * The source may name its image before it is read: the daemon always does, a file that can be read
 * twice does. Then the push looks for the image in the bucket, and may have nothing to do.
 */
#include "push/own_image.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/err.h"
#include "push/learn_image.h"
#include "push/memory_budget.h"
#include "push/moved_archive.h"
#include "push/new_image.h"
#include "push/open_source.h"
#include "push/own_platform.h"
#include "push/sign_existing.h"
#include "push/tar_image_id.h"
#include "store/store.h"

void own_image_skip(struct push *p)
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
static int learn_id(struct push *p, struct err *err)
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

int own_image_is_pushed(struct push *p, const char *id, struct err *err)
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
    int answer = own_image_is_pushed(p, p->content, err);

    if (answer <= 0 || !o->signing || o->dry_run)
        return answer;
    answer = sign_existing_is_done(o->signing, o->store, &p->existing, err);
    p->result->is_signed = answer > 0;
    return answer;
}

/* Stores the id, platform and layers that an archive file states. The layers serve the search for
 * bases. */
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

int own_image_prepare(struct push *p, struct err *err)
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
    if (find_existing(p, err) || learn_id(p, err))
        return ERR_FAIL;
    str_copy(p->result->key, sizeof p->result->key, p->existing.key);
    pushed = is_finished(p, err);
    if (pushed < 0)
        return ERR_FAIL;
    if (p->existing.going)
        return refuse_during_cleanup(p, err);
    if (pushed)
        own_image_skip(p);
    return 0;
}

int own_image_find_again(struct push *p, struct err *err)
{
    existing_image_finish(&p->existing);
    return existing_image_find(p->options->store, &p->options->name, &p->platform, &p->existing,
                               err);
}
