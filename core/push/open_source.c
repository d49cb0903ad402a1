#include "push/open_source.h"

#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "transfer/source_layers.h"
#include "transfer/source_oci.h"

int64_t open_source_time(const struct push_options *options, const struct source *source)
{
    int64_t mtime = 0;

    if (strcmp(source->kind, "layers") == 0)
        return -1;
    clock_parse_stamp(options->name.time, &mtime);
    return mtime;
}

bool open_source_is_repeatable(const struct push_options *options)
{
    struct stat st;

    if (options->docker)
        return true;
    return strcmp(options->input, "-") != 0 && stat(options->input, &st) == 0 &&
           S_ISREG(st.st_mode);
}

uint64_t open_source_size(const struct push_options *options, const struct docker_image *local)
{
    struct stat st;

    if (options->docker)
        return local->size;
    if (strcmp(options->input, "-") == 0 || stat(options->input, &st) || !S_ISREG(st.st_mode))
        return 0;
    return (uint64_t)st.st_size;
}

static struct source *open_layers(const struct open_source_wanted *w, struct err *err)
{
    return source_layers(
        &(struct source_layers_options){.image = {.engine = docker_engine(w->push->docker),
                                                  .image_id = w->local->id,
                                                  .diff_ids = w->local->diff_ids,
                                                  .diff_id_count = w->local->layer_count,
                                                  .os = w->local->os,
                                                  .architecture = w->local->architecture,
                                                  .variant = w->local->variant},
                                        .reference = w->push->name.ref,
                                        .indexes = (const struct index *const *)w->bases->indexes,
                                        .index_count = w->bases->count,
                                        .lead = w->lead,
                                        .params = CHUNK_DEFAULT,
                                        .cancel = w->push->transfer.cancel},
        err);
}

/* A daemon's image: its layers, where they can be read on this host, else its export. */
static struct source *open_image(const struct open_source_wanted *w, struct err *err)
{
    const struct push_options *o = w->push;
    struct source *source;

    if (o->source != PUSH_FROM_DOCKER && !w->export_only) {
        source = open_layers(w, err);
        if (source || o->source == PUSH_FROM_LAYERS || err->family == ERR_CANCELLED)
            return source;
        log_info("push: the image comes from Docker's export: %s", err->text);
    }
    return source_docker(o->docker, o->name.ref, w->local->size, err);
}

struct source *open_source(const struct open_source_wanted *wanted, struct err *err)
{
    const struct push_options *o = wanted->push;

    if (o->docker)
        return open_image(wanted, err);
    return source_oci(strcmp(o->input, "-") == 0 ? source_fd(0, o->transfer.cancel, err)
                                                 : source_file(o->input, o->transfer.cancel, err),
                      o->name.ref, err);
}
