/*
 * The options of the pull choose the sink. Without one of them, the image is read and dropped.
 */
#include "pull/output.h"

#include <string.h>

#include "base/codes.h"
#include "base/err.h"
#include "catalog/image_objects.h"
#include "pack/codec/unpack.h"

static struct sink *open_sink(const struct pull_output_options *out, struct err *err)
{
    const struct pull_options *o = out->prepared->options;

    if (o->docker)
        return sink_docker(o->docker, out->line, out->arg, err);
    if (!o->output)
        return sink_null(err);
    if (strcmp(o->output, "-") == 0)
        return sink_fd(1, o->transfer.cancel, err);
    return sink_file(o->output, o->transfer.cancel, err);
}

/* Metadata of the original program does not state the size of the image: without this check, a
 * pull could fill the disk. */
static int check_room(const struct sink *sink, const struct prepare *prepared, struct err *err)
{
    uint64_t room = sink_room(sink), size = prepared->bundle->size;

    if (prepared->at.metadata.raw_size || room >= size + PREPARE_KEEP_FREE)
        return 0;
    err_set(err, ERR_LOCAL, CODE_DISK_FULL,
            "the image has %llu bytes, and the disk of %s has %llu left", (unsigned long long)size,
            prepared->options->output, (unsigned long long)room);
    return err_hint(err, "free space there, or write the image to another disk");
}

static int open_bundle_writer(struct pull_output *output, const struct pull_output_options *o,
                              struct err *err)
{
    output->sink = open_sink(o, err);
    if (!output->sink || check_room(output->sink, o->prepared, err))
        return ERR_FAIL;
    output->bundle_writer =
        bundle_writer_create(o->prepared->bundle, o->prepared->image, output->sink);
    return output->bundle_writer ? 0 : err_memory(err, "the bundle");
}

/* The packing of an archive that is read without an index; NULL: chunks are read. */
static const struct packing *packing_of_archive(const struct prepare *prepared)
{
    if (prepared->needed)
        return NULL;
    return packing_of(view_str(image_objects_get(&prepared->at, 0).codec == METADATA_ZSTD
                                   ? "\x28\xb5\x2f\xfd"
                                   : "\x1f\x8b"));
}

int pull_output_open(struct pull_output *output, const struct pull_output_options *o,
                     struct err *err)
{
    const struct metadata *metadata = &o->prepared->at.metadata;

    if (!o->verify && open_bundle_writer(output, o, err))
        return ERR_FAIL;
    output->writer =
        writer_create(&(struct writer_options){.sink = output->sink,
                                               .bundle_writer = output->bundle_writer,
                                               .verify = o->verify,
                                               .packed = packing_of_archive(o->prepared),
                                               .summed = o->verify && o->prepared->needed &&
                                                         metadata->checksum[0],
                                               .raw_size = metadata->raw_size,
                                               .checksum = metadata->checksum,
                                               .inbox = o->inbox,
                                               .kind_span = o->kind_span,
                                               .kind_verified = o->kind_verified,
                                               .kind_done = o->kind_done},
                      err);
    return output->writer ? 0 : ERR_FAIL;
}

void pull_output_close(struct pull_output *output)
{
    writer_destroy(output->writer);
    bundle_writer_destroy(output->bundle_writer);
    sink_destroy(output->sink);
}
