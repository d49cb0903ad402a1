/* Every image that the checks accept can be bundled, and the bundle is the same image: the same
 * layers and config, one name, and only canonical entries. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "pack/image/bundle.h"

#include "judge.h"
#include "repair.h"

#define REF "app:20250721-2118-f7a5a27"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool fine, const char *what, const struct err *err)
{
    if (fine)
        return;
    fprintf(stderr, "%s %s\n", what, err ? err->text : "");
    abort();
}

static void see_canonical(const struct tar_entry *entry)
{
    static const char *const documents[] = {"index.json", "manifest.json", "oci-layout"};
    bool known = strncmp(entry->name, "blobs/sha256/", 13) == 0 && strlen(entry->name) == 13 + 64;

    for (size_t i = 0; i < ARRAY_SIZE(documents); i++)
        known |= strcmp(entry->name, documents[i]) == 0;
    demand(known && entry->type == TAR_FILE, "an entry that nobody needs:", NULL);
}

static void write_bundle(const struct bundle *bundle, const uint8_t *data, struct text *out)
{
    static const char zeros[BUNDLE_TRAILER];

    for (unsigned i = 0; i < bundle->count; i++) {
        const struct bundle_part *part = &bundle->parts[i];

        if (part->layer == BUNDLE_NO_LAYER) {
            text_add(out, part->bytes.data, part->bytes.size);
        } else {
            text_add(out, data + part->raw_offset, (size_t)part->raw_size);
            text_add(out, zeros, -part->raw_size & (TAR_BLOCK - 1));
        }
    }
    text_add(out, zeros, BUNDLE_TRAILER);
    demand(out->size == bundle->size, "a bundle of another size than it says", NULL);
}

static void compare(const struct image_info *was, const struct image_info *is)
{
    demand(strcmp(was->id, is->id) == 0 && was->config_size == is->config_size, "another config",
           NULL);
    demand(was->layer_count == is->layer_count, "another number of layers", NULL);
    for (unsigned i = 0; i < was->layer_count; i++) {
        const struct image_layer *a = &was->layers[i], *b = &is->layers[i];

        demand(strcmp(a->diff_id, b->diff_id) == 0 && strcmp(a->digest, b->digest) == 0 &&
                   strcmp(a->media_type, b->media_type) == 0 && a->raw_size == b->raw_size,
               "another layer", NULL);
    }
    demand(is->tag_count == 1 && strcmp(is->tags[0], REF) == 0, "another name", NULL);
    demand(is->name_count == 1 && strcmp(is->names[0], "docker.io/library/" REF) == 0,
           "another name in the index", NULL);
}

static void bundle_it(const uint8_t *data, const struct image_info *info)
{
    struct bundle_options options = {
        .image = info,
        .config = view_of(data + info->config_offset, (size_t)info->config_size),
        .reference = REF,
        .mtime = 1753108200};
    struct bundle *bundle;
    struct judged judged;
    struct text out;
    struct err err;

    demand(bundle_possible(info), "an accepted image that no pull can write", NULL);
    bundle = bundle_create(&options, &err);
    demand(bundle, "no bundle:", &err);
    text_init(&out, 256 * MIB);
    write_bundle(bundle, data, &out);
    judged = judge((const uint8_t *)out.data, out.size, see_canonical);
    demand(judged.info, "the bundle is refused:", &judged.err);
    compare(info, judged.info);
    demand(strcmp(judged.info->manifest_id, bundle->manifest_id) == 0, "another manifest", NULL);
    image_destroy(judged.image);
    text_finish(&out);
    bundle_destroy(bundle);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size + 1);
    struct judged judged;

    if (size > 0)
        memcpy(copy, data, size);
    repair(copy, size);
    judged = judge(copy, size, NULL);
    if (judged.info)
        bundle_it(copy, judged.info);
    image_destroy(judged.image);
    free(copy);
    return 0;
}
