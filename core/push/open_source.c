/*
 * An image of a daemon is read from its layer folders where this process may read them, and
 * otherwise from the daemon's export.
 */
#include "push/open_source.h"

#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "transfer/source_layers.h"
#include "transfer/source_oci.h"

static bool is_stdin(const struct image_input *input)
{
    return strcmp(input->path, "-") == 0;
}

/* Returns true if the archive is a regular file. */
static bool stat_archive(const struct image_input *input, struct stat *st)
{
    return !is_stdin(input) && stat(input->path, st) == 0 && S_ISREG(st->st_mode);
}

int64_t open_source_time(const struct source *source, const struct image_name *name)
{
    int64_t mtime = 0;

    if (source->kind == SOURCE_LAYERS)
        return -1;
    clock_parse_stamp(name->time, &mtime);
    return mtime;
}

bool open_source_is_repeatable(const struct image_input *input)
{
    struct stat st;

    return input->docker || stat_archive(input, &st);
}

uint64_t open_source_size(const struct image_input *input)
{
    struct stat st;

    if (input->docker)
        return input->local->size;
    return stat_archive(input, &st) ? (uint64_t)st.st_size : 0;
}

static struct source *open_layers(const struct open_source_wanted *w, struct err *err)
{
    const struct docker_image *local = w->input->local;

    return source_layers(
        &(struct source_layers_options){.image = {.engine = docker_engine(w->input->docker),
                                                  .image_id = local->id,
                                                  .diff_ids = local->diff_ids,
                                                  .diff_id_count = local->layer_count,
                                                  .os = local->os,
                                                  .architecture = local->architecture,
                                                  .variant = local->variant},
                                        .reference = w->reference,
                                        .held = w->bases->held,
                                        .held_count = w->bases->count,
                                        .lead = w->lead,
                                        .params = w->params,
                                        .cancel = w->cancel},
        err);
}

static struct source *open_image(const struct open_source_wanted *w, struct err *err)
{
    enum push_source from = w->input->from;
    struct source *source;

    if (from != PUSH_FROM_DOCKER && !w->export_only) {
        source = open_layers(w, err);
        if (source || from == PUSH_FROM_LAYERS || err->family == ERR_CANCELLED)
            return source;
        log_info("push: the image is read from Docker's export: %s", err->text);
    }
    return source_docker(w->input->docker, w->reference, w->input->platform, w->input->local->size,
                         err);
}

struct source *open_source(const struct open_source_wanted *wanted, struct err *err)
{
    const struct image_input *input = wanted->input;

    if (input->docker)
        return open_image(wanted, err);
    return source_oci(is_stdin(input) ? source_fd(0, wanted->cancel, err)
                                      : source_file(input->path, wanted->cancel, err),
                      wanted->reference, err);
}
