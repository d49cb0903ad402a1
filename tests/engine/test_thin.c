/*
 * Pushes of images of format 3, thin and whole. The stream of each image is read from its objects
 * and compared with that of a plain archive.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/hash.h"
#include "catalog/image_objects.h"
#include "catalog/locate.h"
#include "kit/fault_store.h"
#include "kit/sample.h"
#include "kit/saved_image.h"
#include "kit/scratch.h"
#include "kit/tarball.h"
#include "pack/codec/codec.h"
#include "pack/index/index.h"
#include "push/push.h"

#define FIRST  "shop:20250721-2118-f7a5a27"
#define SECOND "shop:20250722-1000-0a1b2c3"
#define THIRD  "shop:20250723-1000-0a1b2c4"
#define LARGE  "shop:20250724-1000-0a1b2c5"

#define PART (128 * KIB)

static struct err err;

/* ---- images: three layers of noise; some files occur twice ---- */

static void add_files(struct tarball *layer, uint64_t seed, unsigned count, unsigned distinct)
{
    const size_t size = 60 * KIB;
    uint8_t *bytes = malloc(size);

    for (unsigned i = 0; i < count; i++) {
        char name[64];

        noise(bytes, size, seed + i % distinct);
        memset(bytes, 'a', size / 3);
        snprintf(name, sizeof name, "opt/%llu-%u", (unsigned long long)seed, i);
        tarball_file(layer, name, bytes, size);
    }
    free(bytes);
}

/* `edition`: images of different editions have the first two layers in common. `last`: files of the
 * last layer. */
static void write_image_for(const char *architecture, const char *ref, unsigned edition,
                            unsigned last)
{
    static const uint64_t seeds[] = {100, 200, 300};
    struct saved_image saved;
    struct tarball layer;

    saved_image_init(&saved);
    saved.architecture = architecture;
    for (unsigned i = 0; i < ARRAY_SIZE(seeds); i++) {
        tarball_init(&layer);
        add_files(&layer, seeds[i] + (i == 2 ? 1000 * edition : 0), i == 2 ? last : 8,
                  i == 2 ? last : 7);
        tarball_end(&layer);
        saved_image_add(&saved, &layer, 0);
    }
    saved_image_write(&saved, path_of(ref), ref);
}

static void write_image(const char *ref, unsigned edition, unsigned last)
{
    write_image_for("amd64", ref, edition, last);
}

/* ---- a folder as bucket, behind an intercepting store ---- */

struct between {
    struct fault_store fault; /* first */
    bool plain;               /* ignores conditions */
    bool no_copies;
    enum store_verb verb; /* the process is killed after the nth of these requests */
    unsigned nth;
    const char *gone; /* deleted before the metadata is written, once */
    bool damaged;     /* ranges of data objects have other bytes */
    bool vanishes;    /* `gone` is the new data object, each time */
    bool copied;      /* a part was copied */
    bool uneven;      /* refuses to complete an upload with copied parts, whose sizes differ */
    char own[KEY_MAX];
    unsigned commits; /* with `gone` */
    uint64_t sent;
    pthread_mutex_t *late; /* unfinished uploads are listed after the index of a base was read */
    bool index_read;
    struct store_op *listing; /* waits for that */
    bool committed;           /* the metadata was written */
    unsigned heads, lists;    /* after that */
    unsigned heads_first;     /* before the first of the lists */
};

/* Counts the requests that check the commit. */
static void count_checks(struct between *b, const struct store_op *op)
{
    if (b->committed && op->verb == STORE_HEAD)
        b->heads++;
    if (b->committed && op->verb == STORE_LIST && b->lists++ == 0)
        b->heads_first = b->heads;
    if (fault_store_matches(op, STORE_PUT, ".json") && strncmp(op->key, "images/", 7) == 0)
        b->committed = true;
}

/* Returns true if the request is held back. */
static bool hold_listing(struct between *b, struct store_op *op)
{
    struct store_op *held = NULL;
    bool hold;

    if (!b->late)
        return false;
    pthread_mutex_lock(b->late);
    hold = op->verb == STORE_LIST && strncmp(op->key, "archive/", 8) == 0 && !b->index_read;
    if (hold)
        b->listing = op;
    if (fault_store_matches(op, STORE_GET, ".index")) {
        held = b->listing;
        b->listing = NULL;
        b->index_read = true;
    }
    pthread_mutex_unlock(b->late);
    if (held)
        store_submit(b->fault.behind, held);
    return hold;
}

static bool between(struct fault_store *fault, struct store_op *op)
{
    struct between *b = (struct between *)fault;

    if (b->plain) {
        op->if_match = NULL;
        op->if_none_match = false;
    }
    if (op->verb == STORE_UPLOAD_PART || op->verb == STORE_PUT)
        b->sent += op->body.size;
    count_checks(b, op);
    if (hold_listing(b, op))
        return true;
    if (b->no_copies && op->verb == STORE_UPLOAD_COPY_PART) {
        fault_store_fail(op, ERR_UNSUPPORTED, "refused", STORE_UNSUPPORTED);
        return true;
    }
    if (op->verb == STORE_UPLOAD_COPY_PART) /* of the engine's thread, as the completion */
        b->copied = true;
    if (b->uneven && b->copied && op->verb == STORE_UPLOAD_COMPLETE &&
        strncmp(op->key, "images/", 7) == 0) {
        b->copied = false;
        fault_store_fail(op, ERR_INTERNAL, "InvalidPart", STORE_REJECTED);
        return true;
    }
    if (b->vanishes && fault_store_matches(op, STORE_UPLOAD_COMPLETE, ".data"))
        b->gone = strcpy(b->own, op->key);
    if (b->gone && fault_store_matches(op, STORE_PUT, ".json") &&
        strncmp(op->key, "images/", 7) == 0) {
        struct store_op drop = {.verb = STORE_DELETE, .key = b->gone};

        fault_store_run(fault, &drop);
        b->gone = b->vanishes ? b->gone : NULL;
        b->commits++;
    }
    if (b->damaged && fault_store_matches(op, STORE_GET, ".data") && op->buffer) {
        fault_store_run(fault, op);
        op->buffer[op->length / 2] ^= 1;
        fault_store_complete(op, op->answer);
        return true;
    }
    if (b->nth && op->verb == b->verb && --b->nth == 0) {
        fault_store_run(fault, op);
        raise(SIGKILL);
    }
    return false;
}

static void open_between(struct between *b, const char *bucket)
{
    *b = (struct between){.plain = false};
    fault_store_open(&b->fault, dir, bucket, between);
    b->fault.store.limits = (struct store_limits){.part_least = PART,
                                                  .part_size = PART,
                                                  .parts_most = 10000,
                                                  .run_least = 32 * KIB,
                                                  .copy_most = 8 * PART,
                                                  .remote_step = 8 * PART};
}

static void empty(const char *bucket)
{
    char command[600];

    snprintf(command, sizeof command, "rm -rf '%s/%s' '%s/cache'", dir, bucket, dir);
    assert_int_equal(system(command), 0);
}

/* ---- pushes ---- */

struct form {
    enum codec codec;
    bool thin;
};

static const struct form forms[] = {
    {CODEC_GZIP, false}, {CODEC_ZSTD, false}, {CODEC_GZIP, true}, {CODEC_ZSTD, true}};

static int push_through(struct between *b, const char *ref, struct form form, unsigned jobs,
                        struct push_result *result)
{
    struct push_options options = {.store = &b->fault.store,
                                   .input = path_of(ref),
                                   .choice = {form.codec, 1},
                                   .thin = form.thin,
                                   .force = true,
                                   .transfer = {.jobs = jobs, .cancel = &b->fault.cancel}};

    assert_int_equal(name_parse_image(ref, &options.name, &err), 0);
    return push_run(&options, result, &err);
}

static struct push_result push(const char *bucket, const char *ref, struct form form, unsigned jobs)
{
    struct push_result result;
    struct between b;

    open_between(&b, bucket);
    if (push_through(&b, ref, form, jobs, &result))
        fail_msg("%s", err.text);
    fault_store_close(&b.fault);
    return result;
}

/* A child pushes until it is killed. Returns false if it ended before. */
static bool push_and_die(const char *bucket, const char *ref, struct form form,
                         enum store_verb verb, unsigned nth)
{
    pid_t child = fork();
    int status;

    assert_true(child >= 0);
    if (child == 0) {
        struct push_result result;
        struct between b;

        open_between(&b, bucket);
        b.verb = verb;
        b.nth = nth;
        push_through(&b, ref, form, 2, &result);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status);
}

/* ---- images in the bucket ---- */

static void find(struct store *store, const char *ref, struct located *at)
{
    struct image_name name;

    assert_int_equal(name_parse_image(ref, &name, &err), 0);
    if (locate_image(store, &name, NULL, NULL, at, &err) != LOCATE_FOUND)
        fail_msg("%s: %s", ref, err.text);
}

static struct text get(struct store *store, const char *key, const char *etag)
{
    struct text text;
    struct store_op op = {.verb = STORE_GET, .key = key, .if_match = etag, .text = &text};

    text_init(&text, 64 * MIB);
    if (store_run(store, &op, &err) != STORE_DONE)
        fail_msg("%s", key);
    return text;
}

/* Unpacks a section from the objects, and adds its raw bytes to `digest`. */
static void read_section(const struct index *index, unsigned number, const struct text *objects,
                         struct digest *digest)
{
    struct unpacker *unpacker = unpacker_create(&err);
    struct index_cursor cursor;
    struct index_place place;
    const struct index_chunk *chunk;
    uint8_t *raw = malloc(CHUNK_MAX_LIMIT);

    index_cursor_init(&cursor, &index->sections[number]);
    while ((chunk = index_cursor_next(&cursor, &place))) {
        struct chunk_name name;

        if (unpacker_unpack(unpacker, index->objects[place.object].codec,
                            view_of(objects[place.object].data + place.offset, chunk->packed_size),
                            raw, chunk->raw_size, &err))
            fail_msg("%s", err.text);
        name = chunk_name_of(NAME_SHA256, raw, chunk->raw_size);
        assert_memory_equal(&name, &chunk->name, sizeof name);
        digest_add(digest, raw, chunk->raw_size);
    }
    free(raw);
    unpacker_destroy(unpacker);
}

struct seen {
    uint8_t stream[SHA256_SIZE]; /* of the save stream */
    uint8_t own[SHA256_SIZE];    /* of the last object */
    unsigned objects;
    uint64_t own_size;
    int format;
};

/* Reads a whole image. */
static struct seen see(const char *bucket, const char *ref)
{
    struct digest *digest = digest_create(DIGEST_SHA256);
    struct text objects[METADATA_OBJECTS_MAX], index_text;
    struct index *index;
    struct located at;
    struct between b;
    struct seen seen = {.objects = 0};

    open_between(&b, bucket);
    find(&b.fault.store, ref, &at);
    seen.objects = image_objects_count(&at);
    seen.format = at.metadata.format;
    for (unsigned i = 0; i < seen.objects; i++) {
        struct image_object object = image_objects_get(&at, i);

        objects[i] = get(&b.fault.store, object.key, object.etag);
        assert_int_equal(objects[i].size, object.size);
        seen.own_size = object.size;
    }
    sha256_of(text_view(&objects[seen.objects - 1]), seen.own);
    index_text = get(&b.fault.store, at.metadata.index_key, NULL);
    if (index_parse(text_view(&index_text), &index, &err))
        fail_msg("%s", err.text);
    assert_int_equal(index->object_count, seen.objects);
    for (unsigned i = 0; i < index->section_count; i++)
        read_section(index, i, objects, digest);
    digest_end(digest, seen.stream);
    digest_destroy(digest);
    index_destroy(index);
    for (unsigned i = 0; i < seen.objects; i++)
        text_finish(&objects[i]);
    text_finish(&index_text);
    located_finish(&at);
    fault_store_close(&b.fault);
    return seen;
}

/* The image must be that of a plain archive. */
static void assert_same_stream(const char *bucket, const char *ref)
{
    static struct {
        const char *ref;
        uint8_t stream[SHA256_SIZE];
    } plain[4];
    struct seen seen = see(bucket, ref);
    unsigned i = 0;

    while (plain[i].ref && strcmp(plain[i].ref, ref) != 0)
        i++;
    if (!plain[i].ref) {
        push("plain", ref, forms[0], 2);
        memcpy(plain[i].stream, see("plain", ref).stream, SHA256_SIZE);
        plain[i].ref = ref;
    }
    assert_memory_equal(seen.stream, plain[i].stream, SHA256_SIZE);
}

static unsigned unfinished_uploads(const char *bucket)
{
    struct store_page page = {0};
    struct store_op op = {.verb = STORE_UPLOADS, .key = "", .page = &page};
    struct between b;
    unsigned count;

    open_between(&b, bucket);
    assert_int_equal(store_run(b.fault.behind, &op, &err), STORE_DONE);
    count = (unsigned)page.count;
    store_page_finish(&page);
    fault_store_close(&b.fault);
    return count;
}

/* ---- scenes ---- */

static void every_number_of_workers(void **state)
{
    static const unsigned jobs[] = {0, 1, 2, 8};

    (void)state;
    for (unsigned f = 1; f < ARRAY_SIZE(forms); f++) {
        struct seen one = {.objects = 0}, seen;

        for (unsigned i = 0; i < ARRAY_SIZE(jobs); i++) {
            empty("a");
            push("a", FIRST, forms[f], jobs[i]);
            push("a", SECOND, forms[f], jobs[i]);
            seen = see("a", SECOND);
            assert_int_equal(seen.format, 3);
            assert_int_equal(seen.objects, forms[f].thin ? 2 : 1);
            if (i == 0)
                one = seen;
            assert_memory_equal(&seen, &one, sizeof seen);
        }
        assert_same_stream("a", SECOND);
        assert_same_stream("a", FIRST);
    }
}

/* The first thin image has each chunk once; the second one only what is new. */
static void only_new_chunks_are_sent(void **state)
{
    struct push_result whole, first, second, again;

    (void)state;
    empty("a");
    whole = push("plain", FIRST, forms[1], 2);
    first = push("a", FIRST, forms[3], 2);
    assert_int_equal(first.objects, 1);
    assert_int_equal(first.referred_bytes, 0);
    assert_int_equal(first.size, whole.size);
    assert_true(see("a", FIRST).own_size < whole.size - 60 * KIB);
    second = push("a", SECOND, forms[3], 2);
    assert_int_equal(second.objects, 2);
    assert_int_equal(second.checksum[0], '\0');
    assert_true(second.referred_bytes > second.size / 2);
    assert_true(second.stats.uploaded_bytes < second.size / 3);
    again = push("a", SECOND, forms[3], 2); /* it replaces itself */
    assert_true(again.archived);
    assert_true(again.stats.uploaded_bytes < 32 * KIB);
    assert_same_stream("a", SECOND);
}

/* The tombstone and the metadata are asked for before the answer about the objects is known: the
 * store behind answers a request before it takes the next one. */
static void the_checks_of_a_commit_run_at_once(void **state)
{
    struct push_result result;
    struct between b;

    (void)state;
    empty("a");
    open_between(&b, "a");
    if (push_through(&b, FIRST, forms[3], 2, &result))
        fail_msg("%s", err.text);
    fault_store_close(&b.fault);
    assert_true(b.lists > 0);
    assert_int_equal(b.heads_first, 2);
}

/* The listing waits for the index of the base, which a thread reads meanwhile. If the push waited
 * for the listing first, it would never end. */
static void bases_are_read_while_the_push_asks_for_other_things(void **state)
{
    pthread_mutex_t late = PTHREAD_MUTEX_INITIALIZER;
    struct push_result result;
    struct between b;

    (void)state;
    empty("a");
    push("a", FIRST, forms[3], 2);
    open_between(&b, "a");
    b.late = &late;
    alarm(120);
    if (push_through(&b, SECOND, forms[3], 2, &result))
        fail_msg("%s", err.text);
    alarm(0);
    assert_true(b.index_read);
    assert_int_equal(result.objects, 2);
    fault_store_close(&b.fault);
}

static void every_form_after_every_form(void **state)
{
    (void)state;
    for (unsigned f = 0; f < ARRAY_SIZE(forms); f++)
        for (unsigned s = 0; s < ARRAY_SIZE(forms); s++) {
            struct push_result result;

            empty("a");
            push("a", FIRST, forms[f], 2);
            result = push("a", SECOND, forms[s], 2);
            if (forms[s].thin)
                assert_true(result.referred_bytes > 0);
            assert_same_stream("a", SECOND);
            result = push("a", FIRST, forms[s], 2); /* the same name in another form */
            assert_true(result.archived);
            assert_same_stream("a", FIRST);
            assert_same_stream("a", SECOND);
        }
}

static void killed_and_resumed(void **state)
{
    (void)state;
    for (unsigned f = 1; f < ARRAY_SIZE(forms); f++) {
        struct push_result result;
        struct seen whole;

        empty("a");
        push("a", LARGE, forms[f], 2);
        whole = see("a", LARGE);
        /* 12 parts are sent at once: part 16 follows the answers to four of them */
        for (unsigned nth = 16; nth < 22; nth += 4) {
            empty("a");
            assert_true(push_and_die("a", LARGE, forms[f], STORE_UPLOAD_PART, nth));
            assert_int_equal(unfinished_uploads("a"), 1);
            result = push("a", LARGE, forms[f], 1);
            assert_string_equal(result.resume_refusal, "");
            assert_true(result.resumed_bytes > 0);
            assert_memory_equal(see("a", LARGE).own, whole.own, SHA256_SIZE);
            assert_int_equal(unfinished_uploads("a"), 0);
        }
        empty("a");
        assert_true(push_and_die("a", LARGE, forms[f], STORE_UPLOAD_COMPLETE, 1));
        result = push("a", LARGE, forms[f], 1);
        assert_memory_equal(see("a", LARGE).own, whole.own, SHA256_SIZE);
        assert_true(result.stats.uploaded_bytes < 32 * KIB);
    }
}

/* Pushes of two platforms of one name keep their unfinished uploads apart, also when the image of
 * another platform has the key of the first one. */
static void killed_with_two_platforms(void **state)
{
    const struct form form = {CODEC_ZSTD, true};
    struct push_result result;

    (void)state;
    empty("a");
    assert_true(push_and_die("a", LARGE, form, STORE_UPLOAD_PART, 16));
    write_image_for("arm64", LARGE, 7, 60);
    assert_true(push_and_die("a", LARGE, form, STORE_UPLOAD_PART, 20));
    assert_int_equal(unfinished_uploads("a"), 2);
    write_image(LARGE, 4, 60);
    result = push("a", LARGE, form, 1);
    assert_string_equal(result.resume_refusal, "");
    assert_true(result.resumed_bytes > 0);
    assert_int_equal(unfinished_uploads("a"), 1);
    write_image_for("arm64", LARGE, 7, 60);
    result = push("a", LARGE, form, 1);
    assert_string_equal(result.resume_refusal, "");
    assert_true(result.resumed_bytes > 0);
    assert_int_equal(unfinished_uploads("a"), 0);
    write_image(LARGE, 4, 60);
}

/* Another form cannot continue the upload. */
static void killed_and_pushed_in_another_form(void **state)
{
    struct push_result result;

    (void)state;
    empty("a");
    assert_true(push_and_die("a", LARGE, forms[3], STORE_UPLOAD_PART, 12));
    result = push("a", LARGE, forms[1], 2);
    assert_string_equal(result.resume_refusal, "its form is another one");
    assert_int_equal(unfinished_uploads("a"), 0);
    assert_same_stream("a", LARGE);
}

static void of_a_store(bool plain, bool no_copies)
{
    struct push_result result;
    struct between b;

    empty("a");
    push("a", FIRST, forms[1], 2);
    open_between(&b, "a");
    b.plain = plain;
    b.no_copies = no_copies;
    if (push_through(&b, SECOND, forms[3], 2, &result))
        fail_msg("%s", err.text);
    fault_store_close(&b.fault);
    assert_true(result.referred_bytes > 0);
    assert_false(result.copies_refused);
    assert_same_stream("a", SECOND);
}

static void stores_with_less(void **state)
{
    (void)state;
    of_a_store(true, false);
    of_a_store(false, true);
}

struct pusher {
    pthread_t thread;
    const char *ref;
    int answer;
    struct err err;
};

static void *push_beside(void *arg)
{
    struct pusher *pusher = arg;
    struct push_result result;
    struct between b;
    struct push_options options = {
        .input = path_of(pusher->ref), .choice = {CODEC_ZSTD, 1}, .thin = true, .transfer.jobs = 1};

    open_between(&b, "a");
    options.store = &b.fault.store;
    name_parse_image(pusher->ref, &options.name, &pusher->err);
    pusher->answer = push_run(&options, &result, &pusher->err);
    fault_store_close(&b.fault);
    return NULL;
}

/* Two pushes of one name: each succeeds, or reports that the other one was faster. */
static void several_at_once(void **state)
{
    struct pusher pushers[] = {{.ref = SECOND}, {.ref = SECOND}, {.ref = THIRD}};

    (void)state;
    empty("a");
    push("a", FIRST, forms[3], 2);
    for (size_t i = 0; i < ARRAY_SIZE(pushers); i++)
        assert_int_equal(pthread_create(&pushers[i].thread, NULL, push_beside, &pushers[i]), 0);
    for (size_t i = 0; i < ARRAY_SIZE(pushers); i++)
        pthread_join(pushers[i].thread, NULL);
    for (size_t i = 0; i < ARRAY_SIZE(pushers); i++)
        if (pushers[i].answer && pushers[i].err.family != ERR_CONFLICT)
            fail_msg("%s", pushers[i].err.text);
    assert_int_equal(pushers[2].answer, 0);
    assert_same_stream("a", SECOND);
    assert_same_stream("a", THIRD);
}

/* Writes the key of the first object of an image. */
static void only_object(const char *ref, char key[KEY_MAX])
{
    struct located at;
    struct between b;

    open_between(&b, "a");
    find(&b.fault.store, ref, &at);
    str_copy(key, KEY_MAX, image_objects_get(&at, 0).key);
    located_finish(&at);
    fault_store_close(&b.fault);
}

/* Pushes FIRST, whose only object *key will be the base of SECOND, and opens the bucket. */
static void open_with_base(struct between *b, char key[KEY_MAX])
{
    empty("a");
    push("a", FIRST, forms[3], 2);
    only_object(FIRST, key);
    open_between(b, "a");
}

/* Pushes SECOND through `b`, which it closes. The image must not refer to the base. */
static struct push_result push_without_base(struct between *b)
{
    struct push_result result;

    if (push_through(b, SECOND, forms[3], 2, &result))
        fail_msg("%s", err.text);
    fault_store_close(&b->fault);
    assert_int_equal(result.objects, 1);
    return result;
}

/* The base is deleted right before the commit: the push notices it, and starts again. */
static void a_base_that_disappears(void **state)
{
    char key[KEY_MAX];
    struct between b;

    (void)state;
    open_with_base(&b, key);
    b.gone = key;
    push_without_base(&b);
    assert_null(b.gone);
    assert_same_stream("a", SECOND);
}

/* The push must not start again without end. */
static void an_object_that_disappears_each_time(void **state)
{
    struct push_result result;
    struct store_info info;
    struct between b;
    char metadata[KEY_MAX];
    struct image_name name;

    (void)state;
    empty("a");
    open_between(&b, "a");
    b.vanishes = true;
    assert_int_equal(push_through(&b, FIRST, forms[3], 8, &result), ERR_FAIL);
    assert_string_equal(err.code, "removed");
    assert_in_range(b.commits, 2, 3);
    assert_int_equal(name_parse_image(FIRST, &name, &err), 0);
    key_image(metadata, &name, "202507", KEY_METADATA);
    assert_int_equal(store_head(&b.fault.store, metadata, &info, &err), STORE_ABSENT);
    fault_store_close(&b.fault);
}

/* An archive under a fixed key that thin images use is replaced: it stays under archive/, where the
 * next push finds it. The key itself is not written again by a push that finds metadata of format 3
 * there. */
static void an_archive_that_is_not_the_images(void **state)
{
    struct push_result result;
    struct seen seen;

    (void)state;
    empty("a");
    push("a", SECOND, forms[0], 2);
    push("a", THIRD, forms[2], 2);
    assert_int_equal(see("a", THIRD).objects, 2);
    result = push("a", SECOND, forms[2], 2);
    assert_true(result.archived);
    seen = see("a", SECOND);
    assert_int_equal(seen.format, 3);
    push("a", SECOND, forms[0], 2);
    seen = see("a", SECOND);
    assert_int_equal(seen.format, 3);
    assert_int_equal(seen.objects, 1);
    assert_same_stream("a", SECOND);
    assert_same_stream("a", THIRD);
}

/* The push starts again without copies, under other keys. */
static void a_refused_completion_leaves_no_index(void **state)
{
    struct push_result result;
    char command[700];
    struct between b;

    (void)state;
    empty("a");
    push("a", FIRST, forms[1], 2);
    open_between(&b, "a");
    b.uneven = true;
    if (push_through(&b, SECOND, forms[1], 2, &result))
        fail_msg("%s", err.text);
    fault_store_close(&b.fault);
    assert_true(result.copies_refused);
    assert_same_stream("a", SECOND);
    snprintf(command, sizeof command,
             "test $(find '%s/a/images' -name '*0a1b2c3*.index' | wc -l) = 1", dir);
    assert_int_equal(system(command), 0); /* NOLINT: a command of the test */
}

/* The spot check notices that an object differs from its index: the image refers to nothing. */
static void a_damaged_base(void **state)
{
    char key[KEY_MAX];
    struct push_result result;
    struct between b;

    (void)state;
    open_with_base(&b, key);
    b.damaged = true;
    result = push_without_base(&b);
    assert_string_equal(result.corrupt_base, key);
    assert_int_equal(result.referred_bytes, 0);
    assert_same_stream("a", SECOND);
}

/* A gzip push replaces the archive to which a thin image refers. The next thin push does not refer
 * to the missing objects. */
static void a_base_that_is_replaced_in_place(void **state)
{
    struct push_result result;

    (void)state;
    empty("a");
    push("a", SECOND, forms[0], 2);
    push("a", THIRD, forms[3], 2);
    write_image(SECOND, 9, 3);
    result = push("a", SECOND, forms[0], 2);
    assert_true(result.archived);
    push("a", FIRST, forms[3], 2);
    assert_same_stream("a", FIRST);
    write_image(SECOND, 2, 2);
}

static int set_up(void **state)
{
    (void)state;
    if (scratch_create() || setenv("XDG_CACHE_HOME", path_of("cache"), 1))
        return -1;
    write_image(FIRST, 1, 2);
    write_image(SECOND, 2, 2);
    write_image(THIRD, 3, 2);
    write_image(LARGE, 4, 60);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_number_of_workers),
        cmocka_unit_test(only_new_chunks_are_sent),
        cmocka_unit_test(the_checks_of_a_commit_run_at_once),
        cmocka_unit_test(bases_are_read_while_the_push_asks_for_other_things),
        cmocka_unit_test(every_form_after_every_form),
        cmocka_unit_test(killed_and_resumed),
        cmocka_unit_test(killed_with_two_platforms),
        cmocka_unit_test(killed_and_pushed_in_another_form),
        cmocka_unit_test(stores_with_less),
        cmocka_unit_test(several_at_once),
        cmocka_unit_test(a_base_that_disappears),
        cmocka_unit_test(an_object_that_disappears_each_time),
        cmocka_unit_test(an_archive_that_is_not_the_images),
        cmocka_unit_test(a_base_that_is_replaced_in_place),
        cmocka_unit_test(a_refused_completion_leaves_no_index),
        cmocka_unit_test(a_damaged_base),
    };

    const struct CMUnitTest threads[] = {
        cmocka_unit_test(only_new_chunks_are_sent),
        cmocka_unit_test(several_at_once),
        cmocka_unit_test(a_base_that_disappears),
    };

    if (test_is_for_threads())
        return cmocka_run_group_tests_name("thin, threads", threads, set_up, scratch_teardown);
    return cmocka_run_group_tests(tests, set_up, scratch_teardown);
}
