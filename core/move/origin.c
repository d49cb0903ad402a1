#include "move/origin.h"

#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "move/source_layers.h"

int64_t origin_time(const struct push_options *options)
{
    int64_t mtime = 0;

    clock_parse_stamp(options->name.time, &mtime);
    return mtime;
}

bool origin_is_repeatable(const struct push_options *options)
{
    return options->docker || strcmp(options->input, "-") != 0;
}

/* A daemon's image: its layers, where they can be read on this host, else its export. */
static struct source *open_image(const struct push_options *o, const struct docker_image *local,
                                 bool export_only, struct err *err)
{
    struct source *source;

    if (o->source != PUSH_FROM_DOCKER && !export_only) {
        source = source_layers(docker_engine(o->docker), local->id, o->name.ref, origin_time(o),
                               o->transfer.cancel, err);
        if (source || o->source == PUSH_FROM_LAYERS || err->family == ERR_CANCELLED)
            return source;
        log_info("push: the image comes from Docker's export: %s", err->text);
    }
    return source_docker(o->docker, o->name.ref, local->size, err);
}

struct source *origin_open(const struct push_options *options, const struct docker_image *local,
                           bool export_only, struct err *err)
{
    const struct cancel *cancel = options->transfer.cancel;

    if (options->docker)
        return open_image(options, local, export_only, err);
    if (strcmp(options->input, "-") == 0)
        return source_fd(0, cancel, err);
    return source_file(options->input, cancel, err);
}
