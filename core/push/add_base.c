/*
 * An object counts if the bucket has it with the size and the ETag of the metadata. If all objects
 * of an image have their sizes, but other ETags, the bucket was probably copied: a sample of the
 * chunks decides (moved_archive.h).
 */
#include "push/add_base.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/hash.h"
#include "base/log.h"
#include "catalog/image_objects.h"
#include "push/moved_archive.h"
#include "push/parallel_get.h"

/* A HEAD of an object that one or several images name. */
struct head {
    struct store_op op;
    char key[KEY_MAX];
};

struct opening {
    const struct add_base_options *options;
    struct bases *out;
    const struct located *const *images;
    unsigned count;
    struct parallel_get gets[BASES_MAX]; /* of the indexes */
    struct head *heads;
    unsigned head_count;
};

/* Such an error does not prove that the object is absent. */
static void note_trouble(struct opening *o, const struct store_op *op)
{
    if (op->answer == STORE_FAILED && !o->out->trouble.family &&
        (op->err.family == ERR_NETWORK || op->err.family == ERR_CANCELLED))
        o->out->trouble = op->err;
}

/* ---- requests ---- */

static struct head *head_of(const struct opening *o, const char *key)
{
    for (unsigned i = 0; i < o->head_count; i++)
        if (strcmp(o->heads[i].key, key) == 0)
            return &o->heads[i];
    return NULL;
}

static void prepare(struct opening *o)
{
    for (unsigned i = 0; i < o->count; i++) {
        const struct metadata *metadata = &o->images[i]->metadata;

        parallel_get_prepare(&o->gets[i], metadata->index_key, metadata->index_size);
        for (unsigned k = 0; !o->options->described && k < image_objects_count(o->images[i]); k++) {
            struct image_object object = image_objects_get(o->images[i], k);
            struct head *head = &o->heads[o->head_count];

            if (head_of(o, object.key))
                continue;
            str_copy(head->key, sizeof head->key, object.key);
            head->op = (struct store_op){.verb = STORE_HEAD, .key = head->key, .optional = true};
            o->head_count++;
        }
    }
}

static bool run(struct opening *o)
{
    struct store_op *ops[BASES_MAX + BASES_MAX * METADATA_OBJECTS_MAX] = {NULL};
    struct err ignored;
    bool done;

    for (unsigned i = 0; i < o->count; i++)
        ops[i] = &o->gets[i].op;
    for (unsigned i = 0; i < o->head_count; i++)
        ops[o->count + i] = &o->heads[i].op;
    done = store_run_all(o->options->store, ops, o->count + o->head_count, &ignored) == 0;
    for (unsigned i = 0; done && i < o->count + o->head_count; i++)
        note_trouble(o, ops[i]);
    return done;
}

/* ---- the index ---- */

static bool index_is(const struct metadata *metadata, struct view bytes)
{
    char hex[SHA256_HEX_SIZE];
    uint8_t sum[SHA256_SIZE];

    sha256_of(bytes, sum);
    hex_encode(sum, sizeof sum, hex);
    return bytes.size == metadata->index_size && strcmp(hex, metadata->index_sha256) == 0;
}

/* Returns true if index and metadata list the same objects. */
static bool objects_agree(const struct located *image, const struct index *index)
{
    if (index->object_count != image_objects_count(image))
        return false;
    for (unsigned i = 0; i < index->object_count; i++) {
        struct image_object object = image_objects_get(image, i);

        if (index->objects[i].size != object.size || (int)index->objects[i].codec != object.codec)
            return false;
    }
    return true;
}

/* Returns the index if its chunks can be used; NULL if not. */
static struct index *parse(struct opening *o, const struct located *image, struct view bytes)
{
    struct index *index = NULL;
    struct err err;

    if (!index_is(&image->metadata, bytes) || index_parse(bytes, &index, &err)) {
        log_debug("bases: the index of %s differs from its metadata", image->archive_key);
        return NULL;
    }
    if (index->names == NAME_SHA256 && objects_agree(image, index))
        return index;
    if (index->names != NAME_SHA256)
        o->out->outdated++;
    log_debug("bases: the index of %s cannot be used", image->archive_key);
    index_destroy(index);
    return NULL;
}

/* ---- the objects ---- */

enum presence { GONE, MOVED, THERE };

static enum presence presence_of(const struct opening *o, const struct image_object *object)
{
    const struct head *head = head_of(o, object->key);

    if (!head)
        return THERE; /* not asked */
    if (head->op.answer != STORE_DONE || head->op.info.size != object->size)
        return GONE;
    if (strcmp(head->op.info.etag, object->etag) == 0)
        return THERE;
    return head->op.info.etag[0] ? MOVED : GONE;
}

/* Returns true if the chunks of the object may be used at all. */
static bool is_wanted(const struct opening *o, const struct image_object *object)
{
    const struct add_base_options *options = o->options;

    return (options->codec == 0 || options->codec == object->codec) &&
           object->size > options->object_least;
}

/* Numbers the objects of the image that the bucket has. Returns their number. *moved: some have
 * another ETag; *gone: some are not there. */
static unsigned number_objects(struct opening *o, const struct located *image,
                               struct held_index *held, bool *moved, bool *gone)
{
    unsigned usable = 0;

    for (unsigned i = 0; i < image_objects_count(image); i++) {
        struct image_object object = image_objects_get(image, i);
        enum presence presence = presence_of(o, &object);
        const struct head *head = head_of(o, object.key);
        struct base_object base = {.size = object.size, .codec = (enum codec)object.codec};
        unsigned number;

        *moved = *moved || presence == MOVED;
        *gone = *gone || presence == GONE;
        held->objects[i] = HELD_UNUSABLE;
        if (presence == GONE || !is_wanted(o, &object))
            continue;
        str_copy(base.key, sizeof base.key, object.key);
        str_copy(base.etag, sizeof base.etag, head ? head->op.info.etag : object.etag);
        number = bases_object(o->out, &base);
        if (number == BASE_OBJECTS_MAX)
            continue;
        held->objects[i] = (unsigned char)number;
        usable++;
    }
    return usable;
}

/* Numbers the objects, and checks them if the bucket was copied. */
static bool open_objects(struct opening *o, const struct located *image, struct held_index *held)
{
    unsigned before = o->out->object_count;
    bool moved = false, gone = false, usable;
    struct err ignored;

    usable = number_objects(o, image, held, &moved, &gone) > 0;
    if (usable && moved)
        usable =
            !gone && moved_archive_check(o->options->store, o->out->objects, held, &ignored) == 0;
    if (!usable)
        o->out->object_count = before;
    return usable;
}

static void add(struct opening *o, unsigned number)
{
    const struct located *image = o->images[number];
    struct held_index *held = &o->out->held[o->out->count];
    struct index *index;

    if (!parallel_get_done(&o->gets[number]))
        return;
    index = parse(o, image, text_view(&o->gets[number].text));
    if (!index)
        return;
    *held = (struct held_index){.index = index};
    if (!open_objects(o, image, held)) {
        log_debug("bases: the objects of %s cannot be used", image->archive_key);
        index_destroy(index);
        return;
    }
    str_copy(o->out->keys[o->out->count++], KEY_MAX, image->archive_key);
    o->out->index_bytes += o->gets[number].text.size;
    log_debug("bases: %s", image->archive_key);
}

void add_bases(const struct add_base_options *options, const struct located *const *images,
               unsigned count, struct bases *out)
{
    struct opening o = {.options = options, .out = out, .images = images, .count = count};

    if (count == 0)
        return;
    o.heads = calloc((size_t)count * METADATA_OBJECTS_MAX, sizeof *o.heads);
    if (o.heads) {
        prepare(&o);
        if (run(&o))
            for (unsigned i = 0; i < count && out->count < BASES_MAX; i++)
                add(&o, i);
        for (unsigned i = 0; i < count; i++)
            text_finish(&o.gets[i].text);
    }
    free(o.heads);
}
