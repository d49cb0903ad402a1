/*
 * If the index is valid, the bundle is made before anything is fetched (bundle_plan), and the
 * daemon reports which layers it has (local_layers). Without an index the whole archive is read. In
 * both cases the pull reads the bytes that an earlier pull has fetched from the partial download.
 */
#include "pull/prepare.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/codes.h"
#include "base/digest_text.h"
#include "base/err.h"
#include "base/log.h"
#include "catalog/image_objects.h"
#include "docker/docker.h"
#include "pull/engine_support.h"
#include "pull/pending_load.h"
#include "pull/plan/layer_report.h"
#include "pull/proof.h"
#include "transfer/engine_platform.h"
#include "transfer/fetch_index.h"

/* ---- the documents of the image ---- */

static int locate(struct prepare *p, const struct platform *wanted, struct err *err)
{
    const struct pull_options *o = p->options;

    return guard_locate(&p->demanded, o->store, &o->name, o->key, wanted, &p->at, err);
}

/* Returns whether the image of the wanted platform was signed. Then the bucket must have it, and an
 * image of another platform does not replace it. */
static bool is_stated(const struct prepare *p, const struct platform *wanted)
{
    return p->options->stated && statement_image(p->options->stated, wanted);
}

/* Finds the image for the wanted platform. If that is only the daemon's, an image with another
 * platform alone is found, too: the daemon may emulate it. */
static int locate_wanted(struct prepare *p, const struct platform *wanted, struct err *err)
{
    int answer = locate(p, wanted, err);

    if (answer != LOCATE_OTHER || p->options->platform.os[0] || p->at.other_count != 1 ||
        is_stated(p, wanted))
        return answer;
    answer = locate(p, NULL, err);
    p->foreign =
        answer == LOCATE_FOUND && (strcmp(p->at.platform.os, wanted->os) != 0 ||
                                   strcmp(p->at.platform.architecture, wanted->architecture) != 0);
    return answer;
}

static int find_documents(struct prepare *p, struct err *err)
{
    const struct pull_options *o = p->options;
    struct platform wanted = o->platform.os[0] ? o->platform : engine_platform(o->docker);
    int answer = locate_wanted(p, &wanted, err);

    p->located = answer == LOCATE_FOUND;
    if (answer > LOCATE_FOUND)
        return locate_refuse(o->store, &o->name, &wanted, &p->at, err);
    return answer;
}

/* ---- whether the daemon has the image ---- */

/* Returns true if the other ids in the metadata are not trusted. A demanded signature binds the id
 * of the image. A user who adds it with `sign` compares no other id. */
static bool has_unproven_ids(const struct prepare *p)
{
    return p->options->stated || p->demanded.proven;
}

/* Returns true if containerd's store has the image under the id of the bundle's manifest. The
 * header of the index yields that id. Older programs wrote metadata without a manifest_id. If
 * metadata must be proven, its manifest_id is not used. The manifest names the config, and so the
 * image. */
static bool has_manifest_id(const struct prepare *p, const char *id)
{
    const struct metadata *metadata = &p->at.metadata;
    char manifest_id[DIGEST_TEXT_SIZE];
    struct index *index;
    struct err ignored;
    bool same;

    if (!docker_engine(p->options->docker)->containerd_store ||
        (metadata->manifest_id[0] && !has_unproven_ids(p)) || !metadata->index_key[0] ||
        fetch_index_header(p->options->store, metadata, &index, &ignored))
        return false;
    same = bundle_possible(&index->image) &&
           bundle_manifest_id(&index->image, manifest_id, &ignored) == 0 &&
           strcmp(manifest_id, id) == 0;
    index_destroy(index);
    return same;
}

/* Asks the daemon whether the image is complete and unpacked. */
static int ask_completeness(struct docker *docker, const struct docker_image *local,
                            struct err *err)
{
    return local->partial ? DOCKER_ABSENT : docker_unpacked(docker, local, err);
}

static bool is_wanted_image(const struct prepare *p, const char *id)
{
    const struct metadata *metadata = &p->at.metadata;
    bool named =
        has_unproven_ids(p) ? strcmp(metadata->image_id, id) == 0 : metadata_names(metadata, id);

    return named || has_manifest_id(p, id);
}

/* Decides whether the daemon's copy of the image can run: 1. 0: an earlier load was not verified,
 * or the daemon reports that parts are missing; the image is then loaded again. If parts are
 * missing, a second failed load must not restore the name. */
static int is_complete(struct prepare *p, const struct docker_image *local, struct err *err)
{
    const char *ref = p->options->name.ref;
    int answer = ask_completeness(p->options->docker, local, err);
    bool pending = pending_load_is(p->options->docker, ref);

    if (answer == ERR_FAIL)
        return ERR_FAIL;
    p->suspect = pending || answer == DOCKER_ABSENT;
    if (answer == DOCKER_ABSENT)
        p->before[0] = '\0';
    if (p->suspect)
        log_info("Docker has %s, but %s; loading it again", ref,
                 pending ? "an earlier load of it was not completed" : "parts of it are missing");
    return !p->suspect;
}

/* 1: the daemon has the image. */
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
        answer = !o->force && is_wanted_image(p, local->id);
        if (answer)
            answer = is_complete(p, local, err);
        if (answer > 0)
            str_copy(p->here, sizeof p->here, local->id);
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
        err_set(err, ERR_NOT_FOUND, CODE_ARCHIVE, "%s has metadata, but no archive: %s",
                p->options->name.ref, p->at.archive_key);
        return err_about(err, "%s", p->options->name.ref);
    }
    if (p->archive.size == metadata->size)
        return p->options->prove ? proof_of_archive(metadata, &p->archive, err) : 0;
    err_set(err, ERR_INTEGRITY, "size", "%s has %llu bytes, but its metadata states %llu",
            p->at.archive_key, (unsigned long long)p->archive.size,
            (unsigned long long)metadata->size);
    return err_hint(err, "if it is just being pushed, wait and try again; else push it again");
}

/* The metadata of format 3 is trusted: each request is conditional on the ETag that it states. */
static int find_objects(struct prepare *p, struct err *err)
{
    bool archive = p->at.metadata.format <= METADATA_ARCHIVE_FORMAT;

    if (archive && find_archive(p, err))
        return ERR_FAIL;
    p->objects = object_map_create(&p->at, archive ? &p->archive : NULL, err);
    if (!p->objects)
        return ERR_FAIL;
    if (!archive && p->options->prove)
        return object_map_prove(p->objects, p->options->store, err);
    return 0;
}

/* An image in several objects can only be pulled with an index, and through a partial download. */
bool prepare_is_thin(const struct prepare *p)
{
    return p->at.metadata.thin || image_objects_count(&p->at) > 1;
}

/* ---- the partial download ---- */

/* A daemon stores the image twice while it loads it, a file once. */
uint64_t prepare_leave(const struct prepare *p)
{
    const struct pull_options *o = p->options;
    uint64_t raw = p->at.metadata.raw_size > 0 ? (uint64_t)p->at.metadata.raw_size : 0;

    return PREPARE_KEEP_FREE + raw * (o->docker ? 2 : o->output ? 1 : 0);
}

/* The partial download of an image of format 3 is valid for one set of objects. */
static void open_kept(struct prepare *p)
{
    const struct pull_options *o = p->options;
    bool archive = p->at.metadata.format <= METADATA_ARCHIVE_FORMAT;
    char key[STORE_KEY_MAX], layout[SHA256_HEX_SIZE];
    struct partial_subject subject = {.store = o->store->identity,
                                      .where = o->store->where,
                                      .key = archive ? p->at.archive_key : key,
                                      .etag = archive ? p->archive.etag : layout,
                                      .image = o->name.ref,
                                      .size = object_map_space(p->objects)};
    struct err err;

    image_objects_layout(&p->at, layout);
    snprintf(key, sizeof key, "%.*s %s", (int)(sizeof key - sizeof p->at.metadata.platform - 1),
             p->at.archive_key, p->at.metadata.platform);
    if (!subject.size || !subject.etag[0])
        return;
    p->partial = o->dry_run ? partial_open_read_only(&subject, &err)
                            : partial_open(&subject, prepare_leave(p), &err);
    if (!p->partial && !o->dry_run)
        log_info("%s; an interrupted pull will start again from the beginning", err.text);
}

/* A pull works without a partial download. That of a thin image then needs many more requests. */
static void open_partial(struct prepare *p)
{
    const struct pull_options *o = p->options;
    struct err err;

    if (!o->no_resume)
        open_kept(p);
    if (p->partial || o->dry_run || !prepare_is_thin(p))
        return;
    p->partial = partial_open_temporary(prepare_leave(p), &err);
    if (!p->partial)
        log_info("%s; fetching with more requests", err.text);
}

static void count_kept(struct prepare *p)
{
    p->kept = p->partial ? partial_held(p->partial) : 0;
    if (p->kept)
        log_info("an interrupted pull has fetched %.1f MB already", (double)p->kept / 1e6);
}

/* ---- the bundle, and its chunks on this host ---- */

/* Returns 0 for an index that is missing or damaged: the pull then works without it, slower. Every
 * layer is verified by its digest in any case. */
static int ignore_bad_index(const struct prepare *p, struct err *err)
{
    if (err->family != ERR_INTEGRITY && err->family != ERR_NOT_FOUND)
        return err_wrap(err, "cannot read the index");
    if (prepare_is_thin(p)) {
        struct err why = *err;

        err_set(err, ERR_INTEGRITY, CODE_THIN,
                "a thin image cannot be pulled without its index %s: %s", p->at.metadata.index_key,
                why.text);
        return err_about(err, "%s", p->options->name.ref);
    }
    log_info("%s: %s; pulling the archive without it", p->at.metadata.index_key, err->text);
    return 0;
}

static int open_index(struct prepare *p, struct err *err)
{
    const struct pull_options *o = p->options;
    const struct bundle_plan_options options = {
        .store = o->store, .name = &o->name, .at = &p->at, .objects = p->objects};

    if (!p->at.metadata.index_key[0] || p->without.index)
        return 0;
    p->bundle_plan = bundle_plan_open(&options, err);
    return p->bundle_plan ? 0 : ignore_bad_index(p, err);
}

/* For a proof: the index must be valid, and all of its chunks are read. */
static int choose_all(struct prepare *p, struct err *err)
{
    const struct metadata *metadata = &p->at.metadata;
    struct raw_range all = {0};
    struct err why;

    if (!metadata->index_key[0])
        return 0;
    if (fetch_index(p->options->store, metadata, &p->index, &why)) {
        if (why.family == ERR_INTEGRITY || why.family == ERR_NOT_FOUND)
            return err_set(err, ERR_INTEGRITY, "index", "the index %s is damaged: %s",
                           metadata->index_key, why.text);
        *err = why;
        return ERR_FAIL;
    }
    p->thin = !p->index->whole;
    all.size = p->index->raw_size;
    p->needed = p->every = needed_create(p->index, &all, 1, err);
    if (!p->needed)
        return ERR_FAIL;
    p->every->compare = true;
    return 0;
}

static int find_local_layers(struct prepare *p, struct err *err)
{
    const struct pull_options *o = p->options;

    if (!o->docker || o->force || p->suspect || p->without.local_layers)
        return 0;
    p->local =
        local_layers_find(&(struct local_layers_options){.store = o->store,
                                                         .docker = o->docker,
                                                         .app = o->name.app,
                                                         .metadata = &p->at.metadata,
                                                         .image = &p->bundle_plan->index->image},
                          err);
    return p->local ? 0 : ERR_FAIL;
}

static void choose_seed(struct prepare *p)
{
    const struct pull_options *o = p->options;

    seed_choice_make(&p->seed, &(struct seed_choice_options){.docker = o->docker,
                                                             .local = p->local,
                                                             .metadata = &p->at.metadata,
                                                             .needed = p->needed,
                                                             .reuse = o->reuse,
                                                             .rate = p->bundle_plan->rate,
                                                             .cancel = o->transfer.cancel});
    p->left_out = local_layers_size(p->local, p->bundle_plan->index);
    if (o->dry_run)
        return; /* the caller prints the plan */
    log_print(p->local->has_count ? LOG_INFO : LOG_DEBUG, "%s: Docker has %u of %u layers",
              o->name.ref, p->local->has_count, p->at.metadata.layer_count);
    if (p->seed.reason[0])
        log_info("%s", p->seed.reason);
}

static const bool *layers_here(const struct prepare *p)
{
    return p->local ? p->local->has : NULL;
}

static void drop_index(struct prepare *p)
{
    seed_choice_finish(&p->seed);
    local_layers_destroy(p->local);
    bundle_plan_destroy(p->bundle_plan);
    p->local = NULL;
    p->bundle_plan = NULL;
}

static int choose_bundle(struct prepare *p, struct err *err)
{
    if (p->options->prove)
        return choose_all(p, err);
    if (open_index(p, err))
        return ERR_FAIL;
    if (!p->bundle_plan)
        return 0;
    if (find_local_layers(p, err))
        return ERR_FAIL;
    if (bundle_plan_make(p->bundle_plan, layers_here(p), p->partial, err)) {
        drop_index(p);
        return ignore_bad_index(p, err);
    }
    p->thin = !p->bundle_plan->index->whole;
    p->needed = p->bundle_plan->needed;
    p->bundle = p->bundle_plan->bundle;
    p->image = &p->bundle_plan->index->image;
    if (p->local)
        choose_seed(p);
    return 0;
}

/* ---- the engine ---- */

/* Called before anything is fetched; for an archive without an index, before anything is written.
 */
static int check_engine(const struct prepare *p, const struct image_info *image, struct err *err)
{
    if (!p->options->docker)
        return 0;
    return engine_supports(docker_engine(p->options->docker), image, layers_here(p), err);
}

/* ---- an archive without an index ---- */

/* Opens the partial download again, which finds the bytes of the first pass and checks their sums.
 */
static void reopen_partial(struct prepare *p)
{
    partial_close(p->partial, false);
    p->partial = NULL;
    open_partial(p);
}

int prepare_bundle(struct prepare *p, const struct image_info *image, struct view config,
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
    reopen_partial(p);
    return 0;
}

/* ---- the decision ---- */

static int make_report(struct prepare *p, struct err *err)
{
    const struct index *index = p->bundle_plan->index;

    p->report = layer_report_create(index, err);
    if (!p->report)
        return ERR_FAIL;
    layer_report_plan(p->report, index, p->needed, p->bundle_plan->config, layers_here(p));
    return 0;
}

static uint64_t bytes_to_fetch(const struct prepare *p)
{
    if (p->bundle_plan)
        return bundle_plan_missing(p->bundle_plan);
    return p->needed ? needed_missing(p->needed) : object_map_space(p->objects) - p->kept;
}

int prepare_choose(struct prepare *p, struct prepare_without without, struct err *err)
{
    p->without = without;
    if (find_objects(p, err))
        return ERR_FAIL;
    open_partial(p);
    count_kept(p);
    if (choose_bundle(p, err) || (p->image && check_engine(p, p->image, err)))
        return ERR_FAIL;
    p->to_fetch = bytes_to_fetch(p);
    p->chosen = true;
    return p->options->dry_run && p->bundle_plan ? make_report(p, err) : 0;
}

int prepare_find(struct prepare *p, const struct pull_options *options, struct err *err)
{
    *p = (struct prepare){.options = options};
    guard_image_init(&p->demanded, options->guard, options->stated);
    return find_documents(p, err) ? ERR_FAIL : is_here(p, err);
}

void prepare_finish(struct prepare *p, bool done)
{
    drop_index(p);
    layer_report_destroy(p->report);
    needed_destroy(p->every);
    index_destroy(p->index);
    bundle_destroy(p->made);
    object_map_destroy(p->objects);
    partial_close(p->partial, done);
    guard_image_finish(&p->demanded);
    if (p->located)
        located_finish(&p->at);
}
