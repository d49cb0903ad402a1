/*
 * A record is: kind (u32), size of its body (u32), the body, XXH3-128 of all that. The first one is
 * the head, behind eight bytes of magic.
 *
 * What is read is held against its sum, and then treated as hostile all the same: counts are
 * bounded by the bytes that carry them, parts follow one another without holes, and the chunks that
 * are told reach exactly as far as the parts do. The first record that does not fit ends the
 * reading.
 */
#include "move/checkpoint.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "pack/chunker.h"
#include "pack/member.h"

#define MAGIC_SIZE  8
#define SUM_SIZE    16
#define FRAME_SIZE  8 /* kind and size */
#define RECORD_SIZE 24
#define PART_FIXED  (4 + 8 + 1)

static const uint8_t MAGIC[MAGIC_SIZE] = {0x89, 'S', '3', 'D', 'C', 0x0d, 0x0a, 0x1a};

enum record_kind { RECORD_HEAD = 1, RECORD_PART, RECORD_ETAG, RECORD_STOP, RECORD_CLAIM };

/* ---- writing ---- */

static void put_number(struct text *to, uint64_t value, unsigned size)
{
    uint8_t bytes[8];

    for (unsigned i = 0; i < size; i++)
        bytes[i] = (uint8_t)(value >> 8 * i);
    text_add(to, bytes, size);
}

static void put_string(struct text *to, const char *string)
{
    size_t size = strlen(string);

    put_number(to, size, 2);
    text_add(to, string, size);
}

/* Returns where the record begins; end_record closes it. */
static size_t begin_record(struct text *to, enum record_kind kind, uint64_t size)
{
    size_t at = to->size;

    put_number(to, kind, 4);
    put_number(to, size, 4);
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

    text_init(&body, 64 * KIB);
    put_number(&body, CHECKPOINT_VERSION, 4);
    put_string(&body, head->store);
    put_string(&body, head->key);
    put_string(&body, head->content);
    put_string(&body, head->upload);
    put_string(&body, head->writer);
    put_string(&body, head->owner);
    put_string(&body, head->host);
    put_number(&body, (uint64_t)head->began, 8);
    put_number(&body, head->part_size, 8);
    put_string(&body, head->folder);
    put_number(&body, head->base_count, 4);
    for (unsigned i = 0; i < head->base_count; i++) {
        put_string(&body, head->bases[i].key);
        put_string(&body, head->bases[i].etag);
        put_number(&body, head->bases[i].size, 8);
    }
    text_add(out, MAGIC, sizeof MAGIC);
    put_record(out, RECORD_HEAD, &body);
    text_finish(&body);
}

void checkpoint_put_part(struct text *out, const struct checkpoint_part *part,
                         const struct index_chunk *chunks, uint32_t count)
{
    uint64_t md5 = part->has_md5 ? MD5_STATE_SIZE : 0;
    size_t at = begin_record(out, RECORD_PART, PART_FIXED + md5 + (uint64_t)count * RECORD_SIZE);

    put_number(out, count, 4);
    put_number(out, part->size, 8);
    put_number(out, part->has_md5, 1);
    text_add(out, part->md5, md5);
    for (uint32_t i = 0; i < count; i++) {
        put_number(out, chunks[i].raw_size, 4);
        put_number(out, chunks[i].packed_size, 4);
        text_add(out, chunks[i].name.bytes, sizeof chunks[i].name.bytes);
    }
    end_record(out, at);
}

void checkpoint_put_etag(struct text *out, unsigned number, const char *etag)
{
    struct text body;

    text_init(&body, KIB);
    put_number(&body, number, 4);
    put_string(&body, etag);
    put_record(out, RECORD_ETAG, &body);
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

/* ---- reading ---- */

/* Walks over bytes. Reading beyond the end gives zeroes and is remembered. */
struct cursor {
    struct view left;
    bool failed;
};

static const uint8_t *get_bytes(struct cursor *cursor, size_t size)
{
    const uint8_t *bytes = cursor->left.data;

    if (cursor->failed || cursor->left.size < size) {
        cursor->failed = true;
        return NULL;
    }
    cursor->left = view_of(bytes + size, cursor->left.size - size);
    return bytes;
}

static uint64_t get_number(struct cursor *cursor, size_t size)
{
    const uint8_t *bytes = get_bytes(cursor, size);
    uint64_t value = 0;

    for (size_t i = 0; bytes && i < size; i++)
        value |= (uint64_t)bytes[i] << 8 * i;
    return value;
}

/* No control characters: such a string may be shown, and be put into a request. */
static void get_string(struct cursor *cursor, char *out, size_t room)
{
    size_t size = (size_t)get_number(cursor, 2);
    const uint8_t *bytes = get_bytes(cursor, size);

    out[0] = '\0';
    if (!bytes || size >= room) {
        cursor->failed = true;
        return;
    }
    for (size_t i = 0; i < size; i++)
        cursor->failed = cursor->failed || bytes[i] < 0x20 || bytes[i] == 0x7f;
    memcpy(out, bytes, size);
    out[size] = '\0';
}

static bool get_base(struct cursor *cursor, struct base *base)
{
    get_string(cursor, base->key, sizeof base->key);
    get_string(cursor, base->etag, sizeof base->etag);
    base->size = get_number(cursor, 8);
    return base->key[0] && base->etag[0] && base->size;
}

static bool read_head(struct cursor *body, struct checkpoint *c)
{
    struct checkpoint_head *head = &c->head;

    if (get_number(body, 4) != CHECKPOINT_VERSION)
        return false;
    get_string(body, head->store, sizeof head->store);
    get_string(body, head->key, sizeof head->key);
    get_string(body, head->content, sizeof head->content);
    get_string(body, head->upload, sizeof head->upload);
    get_string(body, head->writer, sizeof head->writer);
    get_string(body, head->owner, sizeof head->owner);
    get_string(body, head->host, sizeof head->host);
    head->began = (int64_t)get_number(body, 8);
    head->part_size = get_number(body, 8);
    get_string(body, head->folder, sizeof head->folder);
    head->base_count = (unsigned)get_number(body, 4);
    if (body->failed || head->base_count > BASES_MAX || !head->upload[0] || !head->key[0])
        return false;
    for (unsigned i = 0; i < head->base_count; i++)
        if (!get_base(body, &head->bases[i]))
            return false;
    return head->part_size > 0;
}

/* Room for `more` items. The list is moved when it has to be; NULL: there is no memory. */
static void *make_room(void *list, size_t item, uint64_t have, uint64_t more, uint32_t *room)
{
    uint64_t wanted = have + more;
    void *grown;

    if (list && wanted <= *room)
        return list;
    if (wanted < 2 * have)
        wanted = 2 * have;
    grown = realloc(list, (size_t)wanted * item);
    if (grown)
        *room = (uint32_t)wanted;
    return grown;
}

static bool read_chunk(struct cursor *body, struct checkpoint *c)
{
    struct index_chunk *chunk = &c->chunks[c->chunk_count];
    const uint8_t *name;

    chunk->raw_size = (uint32_t)get_number(body, 4);
    chunk->packed_size = (uint32_t)get_number(body, 4);
    name = get_bytes(body, sizeof chunk->name.bytes);
    if (!name || chunk->raw_size == 0 || chunk->raw_size > CHUNK_MAX_LIMIT ||
        chunk->packed_size == 0 || chunk->packed_size > member_stored_size(chunk->raw_size))
        return false;
    memcpy(chunk->name.bytes, name, sizeof chunk->name.bytes);
    c->packed += chunk->packed_size;
    c->chunk_count++;
    return true;
}

static bool read_chunks(struct cursor *body, struct checkpoint *c, uint32_t count, uint64_t end)
{
    struct index_chunk *chunks;

    if (body->left.size != (uint64_t)count * RECORD_SIZE ||
        c->chunk_count + (uint64_t)count > INDEX_CHUNKS_MAX)
        return false;
    chunks =
        make_room(c->chunks, sizeof *chunks, c->chunk_count, (uint64_t)count + 1, &c->chunk_room);
    if (!chunks)
        return false;
    c->chunks = chunks;
    for (uint32_t i = 0; i < count; i++)
        if (c->packed >= end || !read_chunk(body, c))
            return false;
    return c->packed >= end;
}

static bool read_part(struct cursor *body, struct checkpoint *c)
{
    uint32_t count = (uint32_t)get_number(body, 4);
    uint32_t had = c->chunk_count;
    uint64_t packed = c->packed;
    struct checkpoint_part part = {.size = get_number(body, 8)};
    struct checkpoint_part *parts;
    const uint8_t *md5;

    part.has_md5 = get_number(body, 1) == 1;
    if (c->part_count)
        part.offset = c->parts[c->part_count - 1].offset + c->parts[c->part_count - 1].size;
    if (body->failed || part.size == 0 || part.size > 5 * (uint64_t)GIB ||
        c->part_count == CHECKPOINT_PARTS)
        return false;
    md5 = part.has_md5 ? get_bytes(body, MD5_STATE_SIZE) : NULL;
    if (part.has_md5 && !md5)
        return false;
    if (md5)
        memcpy(part.md5, md5, MD5_STATE_SIZE);
    parts = make_room(c->parts, sizeof *parts, c->part_count, 1, &c->part_room);
    if (!parts)
        return false;
    c->parts = parts;
    if (!read_chunks(body, c, count, part.offset + part.size)) {
        c->chunk_count = had;
        c->packed = packed;
        return false;
    }
    c->parts[c->part_count++] = part;
    return true;
}

static bool read_etag(struct cursor *body, struct checkpoint *c)
{
    uint64_t number = get_number(body, 4);
    char etag[STORE_ETAG_MAX];

    get_string(body, etag, sizeof etag);
    if (body->failed || number == 0 || number > c->part_count)
        return false;
    str_copy(c->parts[number - 1].etag, sizeof etag, etag);
    return true;
}

static bool read_body(enum record_kind kind, struct view bytes, struct checkpoint *c)
{
    struct cursor body = {.left = bytes};
    bool good = false;

    c->stopped = kind == RECORD_STOP;
    switch (kind) {
    case RECORD_HEAD:
        good = c->good == MAGIC_SIZE && read_head(&body, c);
        break;
    case RECORD_PART:
        good = read_part(&body, c);
        break;
    case RECORD_ETAG:
        good = read_etag(&body, c);
        break;
    case RECORD_STOP:
    case RECORD_CLAIM:
        good = true;
        break;
    }
    return good && !body.failed && body.left.size == 0;
}

/* False: no whole record is left, or one that cannot be. */
static bool read_record(struct cursor *cursor, struct checkpoint *c)
{
    const uint8_t *start = cursor->left.data;
    enum record_kind kind = (enum record_kind)get_number(cursor, 4);
    size_t size = (size_t)get_number(cursor, 4);
    const uint8_t *body = get_bytes(cursor, size), *sum = get_bytes(cursor, SUM_SIZE);
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
    struct cursor cursor = {.left = bytes};
    const uint8_t *magic = get_bytes(&cursor, MAGIC_SIZE);

    if (!c)
        return err_memory(err, "the state of an upload");
    c->good = MAGIC_SIZE;
    if (!magic || memcmp(magic, MAGIC, MAGIC_SIZE) != 0 || !read_record(&cursor, c)) {
        checkpoint_destroy(c);
        return err_set(err, ERR_INTEGRITY, "checkpoint",
                       "the state of the unfinished upload is damaged, or of another version");
    }
    while (read_record(&cursor, c))
        ;
    *out = c;
    return 0;
}

void checkpoint_destroy(struct checkpoint *checkpoint)
{
    if (!checkpoint)
        return;
    free(checkpoint->parts);
    free(checkpoint->chunks);
    free(checkpoint);
}
