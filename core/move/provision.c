/*
 * The index is asked for what is missing (delta), and failing that for all of the image; without a
 * sound one the archive is read from its first byte to its last. What an earlier pull has fetched
 * is counted off in any case.
 */
#include "move/provision.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "move/check.h"
#include "move/fetch_index.h"
#include "move/survey.h"
#include "wire/docker.h"

#define KEEP_FREE (256 * MIB) /* of the disk: a spool is not to be what fills it */

/* ---- what is asked for ---- */

static int find_documents(struct provision *p, struct err *err)
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
    p->result->size = p->at.metadata.size;
    return 0;
}

/* 1: the daemon has the image already. */
static int is_here(struct provision *p, struct err *err)
{
    const struct pull_options *o = p->options;
    struct docker_image *local;
    int answer;

    if (!o->docker || o->force)
        return 0;
    local = malloc(sizeof *local);
    if (!local)
        return err_memory(err, "the image");
    answer = docker_inspect(o->docker, o->name.ref, local, err);
    if (answer == DOCKER_OK)
        answer = metadata_names(&p->at.metadata, local->id);
    else if (answer == DOCKER_ABSENT)
        answer = 0;
    free(local);
    return answer;
}

static int find_archive(struct provision *p, struct err *err)
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
        return 0;
    err_set(err, ERR_INTEGRITY, "size", "%s has %llu bytes where its metadata says %llu",
            p->at.archive_key, (unsigned long long)p->archive.size,
            (unsigned long long)metadata->size);
    return err_hint(err, "if it is just being pushed, wait and try again; else push it again");
}

/* Without a sound index the pull still works: slower, and judged by the layers' own digests. */
static int choose_index(struct provision *p, struct err *err)
{
    const char *key = p->at.metadata.index_key;
    struct raw_range all = {0};

    if (!key[0] || p->abstain.index)
        return 0;
    if (fetch_index(p->options->store, &p->at.metadata, &p->index, err) == 0) {
        all.size = p->index->raw_size;
        p->wanted = need_create(p->index, &all, 1, err);
        if (p->wanted && p->spool)
            need_kept(p->wanted, p->spool);
        return p->wanted ? 0 : ERR_FAIL;
    }
    if (err->family != ERR_INTEGRITY && err->family != ERR_NOT_FOUND)
        return err_wrap(err, "cannot read the index");
    log_info("%s: %s; pulling the archive without it", key, err->text);
    return 0;
}

/* ---- what an earlier pull has fetched ---- */

/* A daemon stores the image twice while it loads it; a file once. */
uint64_t provision_leave(const struct provision *p)
{
    const struct pull_options *o = p->options;
    uint64_t raw = p->at.metadata.raw_size > 0 ? (uint64_t)p->at.metadata.raw_size : 0;

    return KEEP_FREE + raw * (o->docker ? 2 : o->output ? 1 : 0);
}

/* A pull goes well without a spool. */
static void open_spool(struct provision *p)
{
    const struct pull_options *o = p->options;
    struct spool_subject subject = {.store = o->store->identity,
                                    .where = o->store->where,
                                    .key = p->at.archive_key,
                                    .etag = p->archive.etag,
                                    .image = o->name.ref,
                                    .size = p->archive.size};
    struct err err;

    if (o->no_resume || !p->archive.size || !p->archive.etag[0])
        return;
    p->spool =
        o->dry_run ? spool_look(&subject, &err) : spool_open(&subject, provision_leave(p), &err);
    if (!p->spool) {
        if (!o->dry_run)
            log_info("%s; what is fetched is not kept", err.text);
        return;
    }
    p->result->kept = spool_held(p->spool);
    if (p->result->kept)
        log_info("%.1f MB were fetched by a pull that did not end", (double)p->result->kept / 1e6);
}

/* ---- what the host has ---- */

/* The names in the archive must be ours: else the whole is pulled, and refused as such. */
static bool may_be_bundled(const struct provision *p, const struct delta *delta)
{
    struct err ignored;

    return check_names(&delta->index->image, p->options->name.ref, p->at.metadata.image_tag,
                       &ignored) == 0;
}

static int choose_delta(struct provision *p, struct err *err)
{
    const struct pull_options *o = p->options;
    struct delta_options options = {.store = o->store,
                                    .docker = o->docker,
                                    .name = &o->name,
                                    .at = &p->at,
                                    .archive = &p->archive,
                                    .spool = p->spool,
                                    .reuse = o->reuse,
                                    .reason = p->result->reuse,
                                    .cancel = o->transfer.cancel};
    int answer;

    if (!o->docker || o->force || p->abstain.delta || !p->at.metadata.index_key[0] ||
        !p->at.metadata.layer_count || !p->at.metadata.image_id[0])
        return 0;
    answer = delta_prepare(&options, &p->delta, err);
    if (answer == ERR_FAIL && (err->family == ERR_INTEGRITY || err->family == ERR_NOT_FOUND)) {
        log_info("%s; pulling all of the image", err->text);
        return 0;
    }
    if (answer != DELTA_READY)
        return answer == DELTA_POINTLESS ? 0 : ERR_FAIL;
    if (!may_be_bundled(p, p->delta)) {
        delta_destroy(p->delta);
        p->delta = NULL;
        return 0;
    }
    p->wanted = p->delta->wanted;
    p->result->donor = p->delta->donor != NULL;
    p->result->layers_here = p->delta->has_count;
    p->result->stats.reused_bytes = delta_left_out(p->delta);
    log_info("%s: %u of %u layers are here", o->name.ref, p->delta->has_count,
             p->at.metadata.layer_count);
    return 0;
}

/* ---- all of it ---- */

/* For who only wants to know. */
static int survey_it(struct provision *p, struct err *err)
{
    const struct index *index = p->delta ? p->delta->index : p->index;
    struct survey *survey = survey_create(index, err);

    if (!survey)
        return ERR_FAIL;
    survey_plan(survey, index, p->wanted, p->delta ? p->delta->has : NULL);
    p->result->survey = survey;
    return 0;
}

int provision_choose(struct provision *p, struct abstain abstain, struct err *err)
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
    if (choose_delta(p, err))
        return ERR_FAIL;
    if (!p->delta && choose_index(p, err))
        return ERR_FAIL;
    p->result->to_fetch = p->wanted ? need_missing(p->wanted) : p->archive.size - p->result->kept;
    return p->options->dry_run && p->wanted ? survey_it(p, err) : 0;
}

int provision_find(struct provision *p, const struct pull_options *options,
                   struct pull_result *result, struct err *err)
{
    *p = (struct provision){.options = options, .result = result};
    return find_documents(p, err) ? ERR_FAIL : is_here(p, err);
}

void provision_finish(struct provision *p, bool done)
{
    if (!p->delta)
        need_destroy(p->wanted);
    index_destroy(p->index);
    delta_destroy(p->delta);
    spool_close(p->spool, done);
    if (p->located)
        located_finish(&p->at);
}
