/*
 * With a sound index the bundle is made before anything is fetched (bundling), and a daemon is
 * asked which layers it has (delta). Without one the archive is read from its first byte to its
 * last. What an earlier pull has fetched is not fetched again in either case.
 */
#include "pull/prepare.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "docker/docker.h"
#include "pull/engine_support.h"
#include "pull/pending_load.h"
#include "pull/plan/layer_report.h"
#include "pull/proof.h"
#include "transfer/fetch_index.h"

/* ---- what is asked for ---- */

static int find_documents(struct prepare *p, struct err *err)
{
    const struct pull_options *o = p->options;
    int answer = locate_image(o->store, &o->name, o->key, &p->at, err);

    p->located = answer == LOCATE_FOUND;
    if (answer == LOCATE_ABSENT) {
        err_set(err, ERR_NOT_FOUND, "image", "there is no image %s in %s", o->name.ref,
                o->store->where);
        return err_hint(err, "s3dock list images %s shows what there is", o->name.app);
    }
    if (answer)
        return ERR_FAIL;
    snprintf(p->result->key, sizeof p->result->key, "%s", p->at.archive_key);
    snprintf(p->result->image_ref, sizeof p->result->image_ref, "%s", p->at.metadata.image_tag);
    snprintf(p->result->image_id, sizeof p->result->image_id, "%s", p->at.metadata.image_id);
    str_copy(p->result->checksum, sizeof p->result->checksum, p->at.metadata.checksum);
    p->result->size = p->at.metadata.size;
    return 0;
}

/* Metadata without a manifest_id was written by a program that did not bundle packed layers. The
 * header of the index tells the id. */
static bool is_foretold(const struct prepare *p, const char *id)
{
    const struct metadata *metadata = &p->at.metadata;
    char manifest_id[IMAGE_ID_SIZE];
    struct index *index;
    struct err ignored;
    bool same;

    if (!docker_engine(p->options->docker)->containerd_store || metadata->manifest_id[0] ||
        !metadata->index_key[0] ||
        fetch_index_header(p->options->store, metadata, &index, &ignored))
        return false;
    same = bundle_possible(&index->image) &&
           bundle_manifest_id(&index->image, manifest_id, &ignored) == 0 &&
           strcmp(manifest_id, id) == 0;
    index_destroy(index);
    return same;
}

/* Asks whether all of the image is there and unpacked, as far as the daemon tells. */
static int ask_parts(struct docker *docker, const struct docker_image *local, struct err *err)
{
    return local->partial ? DOCKER_ABSENT : docker_unpacked(docker, local, err);
}

/* Decides about an image that the name leads to and that is the one of the bucket: 1 when it can
 * run. 0 after a load that was not verified, and when the daemon says that a part is missing; then
 * the name is not restored after a load that is refused again. */
static int is_sound(struct prepare *p, const struct docker_image *local, struct err *err)
{
    const char *ref = p->options->name.ref;
    int answer = ask_parts(p->options->docker, local, err);
    bool pending = pending_load_is(p->options->docker, ref);

    if (answer == ERR_FAIL)
        return ERR_FAIL;
    p->suspect = pending || answer == DOCKER_ABSENT;
    if (answer == DOCKER_ABSENT)
        p->before[0] = '\0';
    if (p->suspect)
        log_info("%s is here, but %s; loading it again", ref,
                 pending ? "an earlier load of it was not completed" : "parts of it are missing");
    return !p->suspect;
}

/* 1: the daemon has the image already. */
static int is_here(struct prepare *p, struct err *err)
{
    const struct pull_options *o = p->options;
    struct docker_image *local;
    int answer;

    if (!o->docker)
        return 0;
    local = malloc(sizeof *local);
    if (!local)
        return err_memory(err, "the image");
    answer = docker_inspect(o->docker, o->name.ref, local, err);
    if (answer == DOCKER_OK) {
        snprintf(p->before, sizeof p->before, "%s", local->id);
        answer =
            !o->force && (metadata_names(&p->at.metadata, local->id) || is_foretold(p, local->id));
        if (answer)
            answer = is_sound(p, local, err);
    } else if (answer == DOCKER_ABSENT) {
        answer = 0;
    }
    free(local);
    return answer;
}

static int find_archive(struct prepare *p, struct err *err)
{
    const struct metadata *metadata = &p->at.metadata;

    switch (store_head(p->options->store, p->at.archive_key, &p->archive, err)) {
    case STORE_DONE:
        break;
    case STORE_FAILED:
        return ERR_FAIL;
    default:
        err_set(err, ERR_NOT_FOUND, "archive",
                "the metadata of %s is there, its archive is not: %s", p->options->name.ref,
                p->at.archive_key);
        return err_hint(err, "push the image again: s3dock push %s", p->options->name.ref);
    }
    if (p->archive.size == metadata->size)
        return p->options->prove ? proof_of_archive(metadata, &p->archive, err) : 0;
    err_set(err, ERR_INTEGRITY, "size", "%s has %llu bytes where its metadata says %llu",
            p->at.archive_key, (unsigned long long)p->archive.size,
            (unsigned long long)metadata->size);
    return err_hint(err, "if it is just being pushed, wait and try again; else push it again");
}

/* ---- what an earlier pull has fetched ---- */

/* A daemon stores the image twice while it loads it; a file once. */
uint64_t prepare_leave(const struct prepare *p)
{
    const struct pull_options *o = p->options;
    uint64_t raw = p->at.metadata.raw_size > 0 ? (uint64_t)p->at.metadata.raw_size : 0;

    return PREPARE_KEEP_FREE + raw * (o->docker ? 2 : o->output ? 1 : 0);
}

/* A pull goes well without a spool. */
static void open_spool(struct prepare *p)
{
    const struct pull_options *o = p->options;
    struct partial_subject subject = {.store = o->store->identity,
                                      .where = o->store->where,
                                      .key = p->at.archive_key,
                                      .etag = p->archive.etag,
                                      .image = o->name.ref,
                                      .size = p->archive.size};
    struct err err;

    if (o->no_resume || !p->archive.size || !p->archive.etag[0])
        return;
    p->spool =
        o->dry_run ? partial_look(&subject, &err) : partial_open(&subject, prepare_leave(p), &err);
    if (!p->spool && !o->dry_run)
        log_info("%s; what is fetched is not kept", err.text);
}

static void count_kept(struct prepare *p)
{
    p->result->kept = p->spool ? partial_held(p->spool) : 0;
    if (p->result->kept)
        log_info("%.1f MB were fetched by a pull that did not end", (double)p->result->kept / 1e6);
}

/* ---- what is written, and what of it the host has ---- */

/* 0 also when the index is not to be used: the pull goes without it, slower, and judged by the
 * layers' own digests. */
static int forgive(const struct prepare *p, struct err *err)
{
    if (err->family != ERR_INTEGRITY && err->family != ERR_NOT_FOUND)
        return err_wrap(err, "cannot read the index");
    log_info("%s: %s; pulling the archive without it", p->at.metadata.index_key, err->text);
    return 0;
}

static int open_index(struct prepare *p, struct err *err)
{
    const struct pull_options *o = p->options;
    const struct bundle_plan_options options = {
        .store = o->store, .name = &o->name, .at = &p->at, .archive = &p->archive};

    if (!p->at.metadata.index_key[0] || p->abstain.index)
        return 0;
    p->bundling = bundle_plan_open(&options, err);
    return p->bundling ? 0 : forgive(p, err);
}

/* For proof the index must be sound, and all of its chunks are read. */
static int choose_all(struct prepare *p, struct err *err)
{
    const struct metadata *metadata = &p->at.metadata;
    struct raw_range all = {0};
    struct err why;

    if (!metadata->index_key[0])
        return 0;
    if (fetch_index(p->options->store, metadata, &p->index, &why)) {
        if (why.family == ERR_INTEGRITY || why.family == ERR_NOT_FOUND)
            return err_set(err, ERR_INTEGRITY, "index", "the index %s is not sound: %s",
                           metadata->index_key, why.text);
        *err = why;
        return ERR_FAIL;
    }
    all.size = p->index->raw_size;
    p->wanted = p->every = needed_create(p->index, &all, 1, err);
    if (!p->wanted)
        return ERR_FAIL;
    p->every->compare = true;
    p->result->chunks = p->every->count;
    return 0;
}

static struct delta_options delta_options(const struct prepare *p)
{
    const struct pull_options *o = p->options;

    return (struct delta_options){.store = o->store,
                                  .docker = o->docker,
                                  .name = &o->name,
                                  .at = &p->at,
                                  .image = &p->bundling->index->image,
                                  .reuse = o->reuse,
                                  .reason = p->result->reuse,
                                  .cancel = o->transfer.cancel};
}

static int look_at_host(struct prepare *p, struct err *err)
{
    const struct delta_options options = delta_options(p);

    if (!p->options->docker || p->options->force || p->suspect || p->abstain.layers)
        return 0;
    p->delta = delta_create(&options, err);
    return p->delta ? 0 : ERR_FAIL;
}

static void drop_index(struct prepare *p)
{
    delta_destroy(p->delta);
    bundle_plan_destroy(p->bundling);
    p->delta = NULL;
    p->bundling = NULL;
}

static void tell_delta(struct prepare *p)
{
    struct pull_result *result = p->result;

    result->donor = p->delta->donor != NULL;
    result->layers_here = p->delta->has_count;
    result->stats.reused_bytes = delta_left_out(p->delta, p->bundling->index);
    log_info("%s: %u of %u layers are here", p->options->name.ref, p->delta->has_count,
             p->at.metadata.layer_count);
}

static int choose_bundle(struct prepare *p, struct err *err)
{
    struct delta_options options;

    if (p->options->prove)
        return choose_all(p, err);
    if (open_index(p, err))
        return ERR_FAIL;
    if (!p->bundling)
        return 0;
    if (look_at_host(p, err))
        return ERR_FAIL;
    if (bundle_plan_make(p->bundling, p->delta ? p->delta->has : NULL, p->spool, err)) {
        drop_index(p);
        return forgive(p, err);
    }
    p->wanted = p->bundling->wanted;
    p->bundle = p->bundling->bundle;
    p->image = &p->bundling->index->image;
    if (!p->delta)
        return 0;
    options = delta_options(p);
    delta_choose_donor(&options, p->delta, p->wanted, p->bundling->rate);
    tell_delta(p);
    return 0;
}

/* ---- the engine ---- */

/* Asked before anything is fetched, and of an archive without an index before anything is written.
 */
static int check_engine(const struct prepare *p, const struct image_info *image, struct err *err)
{
    if (!p->options->docker)
        return 0;
    return engine_supports(docker_engine(p->options->docker), image,
                           p->delta ? p->delta->has : NULL, err);
}

/* ---- an archive without an index ---- */

/* What the first pass has kept is found by a spool that is opened anew, which checks its sums. */
static void reopen_spool(struct prepare *p)
{
    partial_close(p->spool, false);
    p->spool = NULL;
    open_spool(p);
}

int prepare_judged(struct prepare *p, const struct image_info *image, struct view config,
                   struct err *err)
{
    struct bundle_options options = {
        .image = image, .config = config, .reference = p->options->name.ref};

    if (check_engine(p, image, err))
        return ERR_FAIL;
    clock_parse_stamp(p->options->name.time, &options.mtime);
    p->made = bundle_create(&options, err);
    if (!p->made)
        return ERR_FAIL;
    p->bundle = p->made;
    p->image = image;
    reopen_spool(p);
    return 0;
}

/* ---- all of it ---- */

/* For who only wants to know. */
static int survey_it(struct prepare *p, struct err *err)
{
    const struct index *index = p->bundling->index;
    struct layer_report *survey = layer_report_create(index, err);

    if (!survey)
        return ERR_FAIL;
    layer_report_plan(survey, index, p->wanted, p->bundling->config,
                      p->delta ? p->delta->has : NULL);
    p->result->survey = survey;
    return 0;
}

static uint64_t bytes_to_fetch(const struct prepare *p)
{
    if (p->bundling)
        return bundle_plan_missing(p->bundling);
    return p->wanted ? needed_missing(p->wanted) : p->archive.size - p->result->kept;
}

int prepare_choose(struct prepare *p, struct abstain abstain, struct err *err)
{
    p->abstain = abstain;
    p->result->layers = p->at.metadata.layer_count;
    p->result->layers_here = 0;
    p->result->stats.reused_bytes = 0;
    p->result->reuse[0] = '\0';
    p->result->donor = false;
    p->result->kept = 0;
    if (find_archive(p, err))
        return ERR_FAIL;
    open_spool(p);
    count_kept(p);
    if (choose_bundle(p, err) || (p->image && check_engine(p, p->image, err)))
        return ERR_FAIL;
    p->result->to_fetch = bytes_to_fetch(p);
    return p->options->dry_run && p->bundling ? survey_it(p, err) : 0;
}

int prepare_find(struct prepare *p, const struct pull_options *options, struct pull_result *result,
                 struct err *err)
{
    *p = (struct prepare){.options = options, .result = result};
    return find_documents(p, err) ? ERR_FAIL : is_here(p, err);
}

void prepare_finish(struct prepare *p, bool done)
{
    drop_index(p);
    needed_destroy(p->every);
    index_destroy(p->index);
    bundle_destroy(p->made);
    partial_close(p->spool, done);
    if (p->located)
        located_finish(&p->at);
}
