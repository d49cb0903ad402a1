#include "kit/memory_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/codes.h"
#include "base/err.h"
#include "base/hash.h"

static void *copy_of(const void *data, size_t size)
{
    void *copy = malloc(size + 1);

    if (!copy)
        abort();
    memcpy(copy, data, size);
    return copy;
}

static struct memory_object *find(struct memory_object *objects, unsigned count, const char *key)
{
    for (unsigned i = 0; i < count; i++)
        if (strcmp(objects[i].key, key) == 0)
            return &objects[i];
    return NULL;
}

/* Takes ownership of `data`. The objects are sorted by key. */
static void put(struct memory_object *objects, unsigned *count, const char *key, void *data,
                size_t size, struct store_op *op)
{
    struct memory_object *object = find(objects, *count, key);
    uint8_t sum[SHA256_SIZE];
    char hex[SHA256_HEX_SIZE];
    unsigned at = *count;

    if (object) {
        free(object->data);
    } else {
        if (*count == MEMORY_OBJECTS)
            abort();
        while (at > 0 && strcmp(objects[at - 1].key, key) > 0)
            at--;
        memmove(&objects[at + 1], &objects[at], (*count - at) * sizeof *objects);
        object = &objects[at];
        ++*count;
    }
    sha256_of(view_of(data, size), sum);
    hex_encode(sum, sizeof sum, hex);
    *object = (struct memory_object){.data = data, .size = size, .modified = clock_wall()};
    snprintf(object->key, sizeof object->key, "%s", key);
    snprintf(object->etag, sizeof object->etag, "\"%.32s\"", hex);
    op->info = (struct store_info){.size = size, .modified = object->modified};
    memcpy(op->info.etag, object->etag, sizeof op->info.etag);
}

static void drop(struct memory_object *objects, unsigned *count, struct memory_object *object)
{
    size_t at = (size_t)(object - objects);

    free(object->data);
    memmove(object, object + 1, (*count - at - 1) * sizeof *object);
    --*count;
}

static enum store_answer check(const struct memory_store *memory, const struct memory_object *there,
                               const struct store_op *op)
{
    if (!memory->conditions)
        return STORE_DONE;
    if (op->if_none_match && there)
        return STORE_CHANGED;
    if (op->if_match && (!there || strcmp(there->etag, op->if_match) != 0))
        return STORE_CHANGED;
    return STORE_DONE;
}

static void tell(const struct memory_object *object, struct store_op *op)
{
    op->info = (struct store_info){.size = object->size, .modified = object->modified};
    memcpy(op->info.etag, object->etag, sizeof op->info.etag);
}

static enum store_answer get(const struct memory_store *memory, const struct memory_object *object,
                             struct store_op *op)
{
    size_t length;

    if (op->if_match && strcmp(op->if_match, object->etag) != 0)
        return STORE_CHANGED;
    tell(object, op);
    if (memory->conditions && op->unless && strcmp(op->unless, object->etag) == 0)
        return STORE_SAME;
    length = op->length ? op->length : object->size - op->offset;
    if (op->offset + length > object->size)
        return err_set(&op->err, ERR_INTEGRITY, "range", "beyond the end");
    if (op->buffer)
        memcpy(op->buffer, object->data + op->offset, length);
    if (op->text && length > op->text->max - op->text->size)
        return err_set(&op->err, ERR_INTEGRITY, CODE_TOO_LARGE, "it is too large");
    if (op->text)
        text_add(op->text, object->data + op->offset, length);
    return STORE_DONE;
}

static void add_entry(struct store_page *page, const char *key, bool is_prefix,
                      const struct memory_object *object)
{
    struct store_entry *entry;

    page->entries = realloc(page->entries, (page->count + 1) * sizeof *page->entries);
    if (!page->entries)
        abort();
    entry = &page->entries[page->count++];
    *entry = (struct store_entry){.key = strdup(key), .is_prefix = is_prefix};
    if (is_prefix)
        return;
    entry->info = (struct store_info){.size = object->size, .modified = object->modified};
    memcpy(entry->info.etag, object->etag, sizeof entry->info.etag);
}

static enum store_answer list(const struct memory_bucket *bucket, const struct store_op *op)
{
    const char *prefix = op->key ? op->key : "";
    size_t size = strlen(prefix);
    char group[STORE_KEY_MAX] = "";

    for (unsigned i = 0; i < bucket->object_count; i++) {
        const struct memory_object *object = &bucket->objects[i];
        const char *end = op->delimiter && strncmp(object->key, prefix, size) == 0
                              ? strchr(object->key + size, op->delimiter)
                              : NULL;

        if (strncmp(object->key, prefix, size) != 0)
            continue;
        if (!end) {
            add_entry(op->page, object->key, false, object);
            continue;
        }
        if (strncmp(group, object->key, (size_t)(end - object->key) + 1) == 0)
            continue;
        snprintf(group, sizeof group, "%.*s", (int)(end - object->key) + 1, object->key);
        add_entry(op->page, group, true, NULL);
    }
    return STORE_DONE;
}

static enum store_answer complete(struct memory_store *memory, struct store_op *op)
{
    struct memory_bucket *bucket = &memory->now;
    uint8_t *data = NULL;
    size_t size = 0;
    enum store_answer answer =
        check(memory, find(bucket->objects, bucket->object_count, op->key), op);

    for (unsigned i = 0; answer == STORE_DONE && i < op->part_count; i++) {
        char key[2 * STORE_KEY_MAX];
        struct memory_object *part;

        snprintf(key, sizeof key, "%.500s\n%.20s\n%u", op->key, op->upload_id_in,
                 op->parts[i].number);
        part = find(bucket->parts, bucket->part_count, key);
        if (!part)
            abort();
        data = realloc(data, size + part->size + 1);
        if (!data)
            abort();
        memcpy(data + size, part->data, part->size);
        size += part->size;
        drop(bucket->parts, &bucket->part_count, part);
    }
    if (answer == STORE_DONE)
        put(bucket->objects, &bucket->object_count, op->key, data, size, op);
    return answer;
}

static enum store_answer put_part(struct memory_bucket *bucket, struct store_op *op,
                                  struct view body)
{
    char key[2 * STORE_KEY_MAX];

    snprintf(key, sizeof key, "%.500s\n%.20s\n%u", op->key, op->upload_id_in, op->part_number);
    put(bucket->parts, &bucket->part_count, key, copy_of(body.data, body.size), body.size, op);
    return STORE_DONE;
}

static enum store_answer execute(struct memory_store *memory, struct store_op *op)
{
    struct memory_bucket *bucket = &memory->now;
    struct memory_object *there = find(bucket->objects, bucket->object_count, op->key);
    struct memory_object *source =
        op->source ? find(bucket->objects, bucket->object_count, op->source) : NULL;
    enum store_answer answer = STORE_DONE;

    switch (op->verb) {
    case STORE_HEAD:
        if (there)
            tell(there, op);
        return there ? STORE_DONE : STORE_ABSENT;
    case STORE_GET:
        return there ? get(memory, there, op) : STORE_ABSENT;
    case STORE_PUT:
        answer = check(memory, there, op);
        if (answer == STORE_DONE)
            put(bucket->objects, &bucket->object_count, op->key,
                copy_of(op->body.data, op->body.size), op->body.size, op);
        return answer;
    case STORE_DELETE:
        answer = there ? check(memory, there, op) : STORE_DONE;
        if (answer == STORE_DONE && there)
            drop(bucket->objects, &bucket->object_count, there);
        return answer;
    case STORE_COPY:
        if (!source)
            return STORE_ABSENT;
        put(bucket->objects, &bucket->object_count, op->key, copy_of(source->data, source->size),
            source->size, op);
        return STORE_DONE;
    case STORE_LIST:
        return list(bucket, op);
    case STORE_UPLOAD_CREATE:
        snprintf(op->upload_id, sizeof op->upload_id, "upload-%u", ++memory->uploads);
        return STORE_DONE;
    case STORE_UPLOAD_PART:
        return put_part(bucket, op, op->body);
    case STORE_UPLOAD_COPY_PART:
        return source ? put_part(bucket, op, view_of(source->data + op->offset, op->length))
                      : STORE_ABSENT;
    case STORE_UPLOAD_COMPLETE:
        return complete(memory, op);
    case STORE_UPLOAD_ABORT:
    case STORE_UPLOAD_PARTS:
    case STORE_UPLOADS:
    case STORE_BUCKET_CREATE:
        return STORE_DONE;
    case STORE_LIFECYCLE:
        if (memory->lifecycle)
            text_str(op->text, memory->lifecycle);
        return memory->lifecycle ? STORE_DONE : STORE_ABSENT;
    }
    return STORE_FAILED;
}

static void memory_submit(struct store *store, struct store_op *op)
{
    struct memory_store *memory = (struct memory_store *)store;

    pthread_mutex_lock(&memory->mutex);
    op->server_time = clock_wall();
    op->answer = execute(memory, op);
    op->tries = 1;
    pthread_mutex_unlock(&memory->mutex);
    inbox_post(op->inbox, &op->msg);
}

static void memory_stats(struct store *store, struct store_stats *out)
{
    (void)store;
    *out = (struct store_stats){.requests = 0};
}

static void memory_nothing(struct store *store)
{
    (void)store;
}

static const struct store_table memory_table = {memory_submit, memory_stats, memory_nothing};

struct memory_store *memory_store_create(const char *name, bool conditions)
{
    struct memory_store *memory = calloc(1, sizeof *memory);

    if (!memory)
        abort();
    memory->conditions = conditions;
    pthread_mutex_init(&memory->mutex, NULL);
    memory->store = (struct store){.table = &memory_table, .limits = STORE_LIMITS};
    snprintf(memory->store.where, sizeof memory->store.where, "memory://%s", name);
    snprintf(memory->store.identity, sizeof memory->store.identity, "memory://%s", name);
    return memory;
}

static void clear(struct memory_object *objects, unsigned *count)
{
    for (unsigned i = 0; i < *count; i++)
        free(objects[i].data);
    *count = 0;
}

static void copy(const struct memory_bucket *from, struct memory_bucket *to)
{
    clear(to->objects, &to->object_count);
    clear(to->parts, &to->part_count);
    to->object_count = from->object_count;
    for (unsigned i = 0; i < from->object_count; i++) {
        to->objects[i] = from->objects[i];
        to->objects[i].data = copy_of(from->objects[i].data, from->objects[i].size);
    }
}

void memory_store_save(struct memory_store *memory)
{
    copy(&memory->now, &memory->saved);
}

void memory_store_load(struct memory_store *memory)
{
    copy(&memory->saved, &memory->now);
}

void memory_store_destroy(struct memory_store *memory)
{
    clear(memory->now.objects, &memory->now.object_count);
    clear(memory->now.parts, &memory->now.part_count);
    clear(memory->saved.objects, &memory->saved.object_count);
    pthread_mutex_destroy(&memory->mutex);
    free(memory);
}
