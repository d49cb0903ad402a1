/*
 * A record is: kind (u32), size of its body (u32), the body, and the XXH3-128 of all that. The
 * first record is the head, after eight bytes of magic.
 *
 * A record whose checksum is right is still validated: counts are bounded by the bytes that carry
 * them, parts follow one another without gaps, and pieces lie within the objects that they are
 * copied from. The first record that is not valid ends the reading.
 */
#include "push/resume/checkpoint.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/err.h"
#include "base/le.h"
#include "pack/chunk/chunker.h"
#include "pack/codec/codec.h"

#define MAGIC_SIZE 8
#define SUM_SIZE   16
#define HEAD_MAX   (256 * KIB)
#define FRAME_SIZE 8 /* kind and size */
#define SIDE_SIZE  20
#define STEP_MOST  (5 * (uint64_t)GIB) /* no part is larger, and so is no join */

static const uint8_t MAGIC[MAGIC_SIZE] = {0x89, 'S', '3', 'D', 'C', 0x0d, 0x0a, 0x1a};

enum record_kind {
    RECORD_HEAD = 1,
    RECORD_PART,
    RECORD_ETAG,
    RECORD_STOP,
    RECORD_CLAIM,
    RECORD_JOIN,
    RECORD_WHOLE
};

/* ---- writing ---- */

/* Returns the start of the record for end_record. */
static size_t begin_record(struct text *to, enum record_kind kind, uint64_t size)
{
    size_t at = to->size;

    le_add(to, kind, 4);
    le_add(to, size, 4);
    return at;
}

static void end_record(struct text *to, size_t at)
{
    struct xxh128 sum;

    if (to->failed)
        return;
    sum = xxh128_of(to->data + at, to->size - at);
    text_add(to, sum.bytes, sizeof sum.bytes);
}

static void put_record(struct text *to, enum record_kind kind, const struct text *body)
{
    size_t at = begin_record(to, kind, body->size);

    text_add(to, body->data, body->size);
    end_record(to, at);
}

void checkpoint_put_head(struct text *out, const struct checkpoint_head *head)
{
    struct text body;

    text_init(&body, HEAD_MAX);
    le_add(&body, CHECKPOINT_VERSION, 4);
    le_add(&body, head->kind, 1);
    le_add_string(&body, head->image_key);
    le_add_string(&body, codec_name(head->codec));
    le_add_string(&body, head->store);
    le_add_string(&body, head->key);
    le_add_string(&body, head->content);
    le_add_string(&body, head->upload);
    le_add_string(&body, head->writer);
    le_add_string(&body, head->owner);
    le_add_string(&body, head->host);
    le_add(&body, (uint64_t)head->began, 8);
    le_add(&body, head->part_size, 8);
    le_add_string(&body, head->folder);
    le_add(&body, head->base_count, 4);
    for (unsigned i = 0; i < head->base_count; i++) {
        le_add_string(&body, head->bases[i].key);
        le_add_string(&body, head->bases[i].etag);
        le_add(&body, head->bases[i].size, 8);
        le_add(&body, head->bases[i].codec, 1);
    }
    text_add(out, MAGIC, sizeof MAGIC);
    put_record(out, RECORD_HEAD, &body);
    text_finish(&body);
}

void checkpoint_put_step(struct text *out, const struct checkpoint_step *step,
                         const uint32_t *sizes, uint32_t count)
{
    unsigned sides = step->join ? 2 : 1;
    uint64_t md5 = step->has_md5 ? MD5_STATE_SIZE : 0;
    size_t at = begin_record(out, step->join ? RECORD_JOIN : RECORD_PART,
                             (uint64_t)sides * SIDE_SIZE + 1 + md5 + 4 + sizeof step->sum +
                                 (uint64_t)count * 4);

    for (unsigned i = 0; i < sides; i++) {
        le_add(out, step->side[i].object, 4);
        le_add(out, step->side[i].offset, 8);
        le_add(out, step->side[i].size, 8);
    }
    le_add(out, step->has_md5, 1);
    text_add(out, step->md5, md5);
    le_add(out, step->chunks, 4);
    text_add(out, step->sum, sizeof step->sum);
    for (uint32_t i = 0; i < count; i++)
        le_add(out, sizes[i], 4);
    end_record(out, at);
}

static void put_etag(struct text *out, enum record_kind of, unsigned number, const char *etag)
{
    struct text body;

    text_init(&body, KIB);
    le_add(&body, of == RECORD_JOIN, 1);
    le_add(&body, number, 4);
    le_add_string(&body, etag);
    put_record(out, RECORD_ETAG, &body);
    text_finish(&body);
}

void checkpoint_put_part_etag(struct text *out, unsigned number, const char *etag)
{
    put_etag(out, RECORD_PART, number, etag);
}

void checkpoint_put_join_etag(struct text *out, unsigned number, const char *etag)
{
    put_etag(out, RECORD_JOIN, number, etag);
}

void checkpoint_put_whole(struct text *out, uint64_t size, const char *etag)
{
    struct text body;

    text_init(&body, KIB);
    le_add(&body, size, 8);
    le_add_string(&body, etag);
    put_record(out, RECORD_WHOLE, &body);
    text_finish(&body);
}

void checkpoint_put_stop(struct text *out)
{
    end_record(out, begin_record(out, RECORD_STOP, 0));
}

void checkpoint_put_claim(struct text *out)
{
    end_record(out, begin_record(out, RECORD_CLAIM, 0));
}

bool checkpoint_has_md5(const struct checkpoint_head *head)
{
    return strcmp(head->key, head->image_key) == 0;
}

/* ---- reading ---- */

/* Reads bytes in sequence. A read beyond the end returns zeroes and sets `failed`. */
/* Reads a string without control characters, which may be printed and be put into a request. */
static void get_string(struct le_reader *cursor, char *out, size_t size)
{
    le_read_string(cursor, out, size);
    for (const char *c = out; *c; c++)
        cursor->failed = cursor->failed || (unsigned char)*c < 0x20 || *c == 0x7f;
}

static bool get_base(struct le_reader *cursor, uint32_t version, struct base_object *base)
{
    uint64_t codec = CODEC_GZIP;

    get_string(cursor, base->key, sizeof base->key);
    get_string(cursor, base->etag, sizeof base->etag);
    base->size = le_read(cursor, 8);
    if (version > CHECKPOINT_GZIP)
        codec = le_read(cursor, 1);
    base->codec = (enum codec)codec;
    return base->key[0] && base->etag[0] && base->size &&
           (codec == CODEC_GZIP || codec == CODEC_ZSTD);
}

/* Reads what only version 4 states. */
static bool read_form(struct le_reader *body, struct checkpoint_head *head)
{
    char codec[16];
    uint64_t kind = le_read(body, 1);

    get_string(body, head->image_key, sizeof head->image_key);
    get_string(body, codec, sizeof codec);
    head->kind = (enum checkpoint_kind)kind;
    return kind <= CHECKPOINT_THIN && head->image_key[0] && codec_parse(codec, &head->codec);
}

/* Earlier versions describe archives of gzip members under the image key. */
static void set_old_form(struct checkpoint_head *head)
{
    head->kind = head->base_count ? CHECKPOINT_COPIES : CHECKPOINT_PLAIN;
    head->codec = CODEC_GZIP;
    str_copy(head->image_key, sizeof head->image_key, head->key);
}

static bool read_head(struct le_reader *body, struct checkpoint *c)
{
    struct checkpoint_head *head = &c->head;

    c->version = (uint32_t)le_read(body, 4);
    if (c->version < CHECKPOINT_OLD || c->version > CHECKPOINT_VERSION ||
        (c->version > CHECKPOINT_GZIP && !read_form(body, head)))
        return false;
    get_string(body, head->store, sizeof head->store);
    get_string(body, head->key, sizeof head->key);
    get_string(body, head->content, sizeof head->content);
    get_string(body, head->upload, sizeof head->upload);
    get_string(body, head->writer, sizeof head->writer);
    get_string(body, head->owner, sizeof head->owner);
    get_string(body, head->host, sizeof head->host);
    head->began = (int64_t)le_read(body, 8);
    head->part_size = le_read(body, 8);
    get_string(body, head->folder, sizeof head->folder);
    head->base_count = (unsigned)le_read(body, 4);
    if (body->failed || head->base_count > BASE_OBJECTS_MAX || !head->upload[0] || !head->key[0])
        return false;
    for (unsigned i = 0; i < head->base_count; i++)
        if (!get_base(body, c->version, &head->bases[i]))
            return false;
    if (c->version <= CHECKPOINT_GZIP)
        set_old_form(head);
    return head->part_size > 0;
}

/* Returns the size of the object that a piece is copied from; 0: there is no such object. */
static uint64_t object_size(const struct checkpoint *c, unsigned object)
{
    if (c->head.kind == CHECKPOINT_COPIES && object < c->head.base_count)
        return c->head.bases[object].size;
    if (object >= PART_PLANNER_TEMP && object - PART_PLANNER_TEMP < c->join_count)
        return checkpoint_join(c, object - PART_PLANNER_TEMP)->size;
    return 0;
}

static bool read_side(struct le_reader *body, const struct checkpoint *c, struct region *side)
{
    uint64_t whole;

    side->object = (unsigned)le_read(body, 4);
    side->offset = le_read(body, 8);
    side->size = le_read(body, 8);
    if (body->failed || side->size == 0 || side->size > STEP_MOST)
        return false;
    if (side->object == CHECKPOINT_BYTES)
        return side->offset == 0;
    whole = object_size(c, side->object);
    return side->offset <= whole && side->size <= whole - side->offset;
}

/* Reads the sizes of as many chunks as the record announces. */
static bool read_sizes(struct le_reader *body, struct checkpoint *c, uint32_t chunks)
{
    size_t count = body->left.size / 4;
    uint64_t described = 0;

    if (body->left.size % 4 || c->size_count + (uint64_t)count > INDEX_CHUNKS_MAX)
        return false;
    if (!array_reserve(&c->sizes, &c->size_room, c->size_count + (size_t)count, sizeof *c->sizes))
        return false;
    for (size_t i = 0; i < count; i++) {
        uint32_t size = (uint32_t)le_read(body, 4);

        c->sizes[c->size_count + i] = size;
        described += size & CHECKPOINT_HELD ? size & ~CHECKPOINT_HELD : 1;
        if ((size & ~CHECKPOINT_HELD) == 0 ||
            (!(size & CHECKPOINT_HELD) && size > codec_packed_max(CHUNK_MAX_LIMIT)))
            return false;
    }
    if (described != chunks || c->chunk_count + described > INDEX_CHUNKS_MAX)
        return false;
    c->size_count += (uint32_t)count;
    c->chunk_count += chunks;
    return true;
}

/* Enters the step in the list of parts, or of joins. */
static bool number_step(struct checkpoint *c, struct checkpoint_step *step)
{
    uint32_t **list = step->join ? &c->joins : &c->parts;
    unsigned *count = step->join ? &c->join_count : &c->part_count;

    if (*count == (step->join ? CHECKPOINT_JOINS : CHECKPOINT_PARTS))
        return false;
    if (!array_reserve(list, step->join ? &c->joins_room : &c->parts_room, *count, sizeof **list))
        return false;
    (*list)[*count] = c->step_count;
    step->number = *count + (step->join ? 0 : 1);
    return true;
}

static bool read_step(struct le_reader *body, struct checkpoint *c, bool join)
{
    struct checkpoint_step step = {.join = join, .offset = c->end};
    const uint8_t *md5 = NULL, *sum;

    for (unsigned i = 0; i < (join ? 2u : 1u); i++) {
        if (!read_side(body, c, &step.side[i]))
            return false;
        step.size += step.side[i].size;
    }
    step.has_md5 = le_read(body, 1) == 1;
    if (step.has_md5)
        md5 = le_read_bytes(body, MD5_STATE_SIZE);
    step.chunks = (uint32_t)le_read(body, 4);
    sum = le_read_bytes(body, sizeof step.sum);
    if (!sum || step.size > STEP_MOST || (step.has_md5 && join))
        return false;
    if (md5)
        memcpy(step.md5, md5, MD5_STATE_SIZE);
    memcpy(step.sum, sum, sizeof step.sum);
    if (!array_reserve(&c->steps, &c->step_room, c->step_count, sizeof *c->steps))
        return false;
    if (!number_step(c, &step) || !read_sizes(body, c, step.chunks))
        return false;
    c->steps[c->step_count++] = step;
    c->part_count += !join;
    c->join_count += join;
    c->end += join ? 0 : step.size;
    return true;
}

static bool read_etag(struct le_reader *body, struct checkpoint *c)
{
    bool join = le_read(body, 1) == 1;
    uint64_t number = le_read(body, 4);
    char etag[STORE_ETAG_MAX];
    struct checkpoint_step *step;

    get_string(body, etag, sizeof etag);
    if (body->failed || (join ? number >= c->join_count : number == 0 || number > c->part_count))
        return false;
    step = join ? checkpoint_join(c, (unsigned)number) : checkpoint_part(c, (unsigned)number);
    str_copy(step->etag, sizeof step->etag, etag);
    return true;
}

static bool read_whole(struct le_reader *body, struct checkpoint *c)
{
    uint64_t size = le_read(body, 8);

    get_string(body, c->whole_etag, sizeof c->whole_etag);
    c->whole = size;
    return size > 0 && size == c->end;
}

static bool read_body(enum record_kind kind, struct view bytes, struct checkpoint *c)
{
    struct le_reader body = {.left = bytes};
    bool good = false;

    c->stopped = kind == RECORD_STOP;
    switch (kind) {
    case RECORD_HEAD:
        good = c->good == MAGIC_SIZE && read_head(&body, c);
        break;
    case RECORD_PART:
    case RECORD_JOIN:
        good = read_step(&body, c, kind == RECORD_JOIN);
        break;
    case RECORD_ETAG:
        good = read_etag(&body, c);
        break;
    case RECORD_WHOLE:
        good = read_whole(&body, c);
        break;
    case RECORD_STOP:
    case RECORD_CLAIM:
        good = true;
        break;
    }
    return good && !body.failed && body.left.size == 0;
}

/* Reads the next record. Returns false if it is incomplete or not valid. */
static bool read_record(struct le_reader *cursor, struct checkpoint *c)
{
    const uint8_t *start = cursor->left.data;
    enum record_kind kind = (enum record_kind)le_read(cursor, 4);
    size_t size = (size_t)le_read(cursor, 4);
    const uint8_t *body = le_read_bytes(cursor, size), *sum = le_read_bytes(cursor, SUM_SIZE);
    struct xxh128 actual;

    if (!sum || (c->good == MAGIC_SIZE) != (kind == RECORD_HEAD))
        return false;
    actual = xxh128_of(start, FRAME_SIZE + size);
    if (memcmp(actual.bytes, sum, SUM_SIZE) != 0 || !read_body(kind, view_of(body, size), c))
        return false;
    c->good += FRAME_SIZE + size + SUM_SIZE;
    return true;
}

int checkpoint_parse(struct view bytes, struct checkpoint **out, struct err *err)
{
    struct checkpoint *c = calloc(1, sizeof *c);
    struct le_reader cursor = {.left = bytes};
    const uint8_t *magic = le_read_bytes(&cursor, MAGIC_SIZE);

    if (!c)
        return err_memory(err, "the checkpoint");
    c->good = MAGIC_SIZE;
    if (!magic || memcmp(magic, MAGIC, MAGIC_SIZE) != 0 || !read_record(&cursor, c)) {
        checkpoint_destroy(c);
        return err_set(err, ERR_INTEGRITY, "checkpoint",
                       "the checkpoint of the unfinished upload is damaged, or of another version");
    }
    while (c->version != CHECKPOINT_OLD && read_record(&cursor, c))
        ;
    *out = c;
    return 0;
}

void checkpoint_destroy(struct checkpoint *checkpoint)
{
    if (!checkpoint)
        return;
    free(checkpoint->steps);
    free(checkpoint->parts);
    free(checkpoint->joins);
    free(checkpoint->sizes);
    free(checkpoint);
}

struct checkpoint_step *checkpoint_part(const struct checkpoint *checkpoint, unsigned number)
{
    return &checkpoint->steps[checkpoint->parts[number - 1]];
}

struct checkpoint_step *checkpoint_join(const struct checkpoint *checkpoint, unsigned number)
{
    return &checkpoint->steps[checkpoint->joins[number]];
}
