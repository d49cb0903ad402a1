/*
 * Pushes into a bucket with similar images: copied and uploaded bytes together must be the archive
 * of a full push. Then the same with a store that refuses copies.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/hash.h"
#include "catalog/metadata.h"
#include "kit/fault_store.h"
#include "kit/sample.h"
#include "kit/saved_image.h"
#include "kit/scale.h"
#include "kit/scratch.h"
#include "kit/tarball.h"
#include "pull/pull.h"
#include "push/push.h"
#include "store/dir/store_dir.h"
#include "store/store.h"

#define FIRST  "shop:20250721-2118-f7a5a27"
#define SECOND "shop:20250722-1000-0a1b2c3"
#define OTHER  "billing:20250722-1000-0a1b2c3"

#define FILES_MAX  24
#define LAYERS_MAX 4

static struct err err;

/* ---- images: files of noise, named and seeded, in layers ---- */

struct layer {
    unsigned count;
    struct {
        uint64_t seed;
        size_t size;
    } files[FILES_MAX];
};

struct image {
    unsigned count;
    struct layer layers[LAYERS_MAX];
};

static void add_file(struct layer *layer, unsigned at, uint64_t seed, size_t size)
{
    memmove(&layer->files[at + 1], &layer->files[at], (layer->count - at) * sizeof layer->files[0]);
    layer->files[at].seed = seed;
    layer->files[at].size = size;
    layer->count++;
}

/* Three layers of 10 to 15 mib. */
static struct image plain_image(void)
{
    struct image image = {.count = 3};

    for (unsigned i = 0; i < 10; i++)
        add_file(&image.layers[0], i, 100 + i, 1500 * mib / 1024 + i * 1000);
    add_file(&image.layers[1], 0, 200, 12 * mib + 17);
    for (unsigned i = 0; i < 20; i++)
        add_file(&image.layers[2], i, 300 + i, 500 * mib / 1024 + i);
    return image;
}

static void write_layer(const struct layer *layer, struct tarball *out)
{
    tarball_init(out);
    for (unsigned i = 0; i < layer->count; i++) {
        uint8_t *bytes = malloc(layer->files[i].size);
        char name[64];

        noise(bytes, layer->files[i].size, layer->files[i].seed);
        snprintf(name, sizeof name, "opt/%llu", (unsigned long long)layer->files[i].seed);
        tarball_file(out, name, bytes, layer->files[i].size);
        free(bytes);
    }
    tarball_end(out);
}

static void write_image(const char *name, const struct image *image, const char *ref)
{
    struct saved_image saved;
    struct tarball layer;

    saved_image_init(&saved);
    for (unsigned i = 0; i < image->count; i++) {
        write_layer(&image->layers[i], &layer);
        saved_image_add(&saved, &layer, 0);
    }
    saved_image_write(&saved, path_of(name), ref);
}

/* ---- a folder as bucket, behind an intercepting store that can refuse requests ---- */

struct between {
    struct fault_store fault; /* first */
    enum store_verb verb;     /* the request to refuse, from the `nth` on, `times` times */
    unsigned nth, times, seen;
    const char *code; /* an S3 code; NULL: "changed"; "": SIGTERM */
    unsigned copies;  /* requested ranges */
};

static void refuse(struct between *b, struct store_op *op)
{
    if (b->code) {
        bool denied = strcmp(b->code, "AccessDenied") == 0;

        fault_store_fail(op, denied ? ERR_AUTH : ERR_UNSUPPORTED, "refused",
                         denied ? STORE_FORBIDDEN : STORE_REJECTED);
    } else {
        fault_store_complete(op, STORE_CHANGED);
    }
}

static bool between(struct fault_store *fault, struct store_op *op)
{
    struct between *b = (struct between *)fault;

    b->copies += op->verb == STORE_UPLOAD_COPY_PART;
    if (op->verb == b->verb && ++b->seen >= b->nth && b->seen < b->nth + b->times) {
        if (!b->code || b->code[0]) {
            refuse(b, op);
            return true;
        }
        cancel_request(&b->fault.cancel, SIGTERM);
    }
    return false;
}

static void open_between(struct between *b, const char *bucket)
{
    *b = (struct between){.verb = (enum store_verb) - 1, .nth = 1, .times = 1000};
    fault_store_open(&b->fault, dir, bucket, between);
    b->fault.store.limits = scaled_limits();
}

/* ---- helpers ---- */

struct asked {
    const char *bucket, *ref, *input;
    unsigned jobs;
    int level;
    bool no_delta;
};

static int push_through(struct between *b, const struct asked *asked, struct push_result *result)
{
    char path[512];
    struct push_options options = {.store = &b->fault.store,
                                   .input = path,
                                   .choice = {CODEC_GZIP, asked->level ? asked->level : 1},
                                   .no_delta = asked->no_delta};

    snprintf(path, sizeof path, "%s/%s", dir, asked->input);
    if (strcmp(asked->input, "-") == 0)
        options.input = "-";
    options.transfer.jobs = asked->jobs;
    options.transfer.cancel = &b->fault.cancel;
    assert_int_equal(name_parse_image(asked->ref, &options.name, &err), 0);
    return push_run(&options, result, &err);
}

static void push(const struct asked *asked, struct push_result *result)
{
    struct between b;

    open_between(&b, asked->bucket);
    if (push_through(&b, asked, result))
        fail_msg("%s", err.text);
    fault_store_close(&b.fault);
}

/* Returns the bytes of an object. The caller frees them. */
static struct text read_object(const char *bucket, const char *key, enum key_kind kind)
{
    char sibling[KEY_MAX], path[2 * KEY_MAX];
    struct text text;

    text_init(&text, 256 * MIB);
    str_copy(sibling, sizeof sibling, key);
    if (kind != KEY_ARCHIVE)
        assert_true(key_sibling(sibling, key, kind));
    snprintf(path, sizeof path, "%s/%s/%s", dir, bucket, sibling);
    if (file_read(path, &text, &err) != FILE_OK)
        fail_msg("%s: %s", path, err.text);
    return text;
}

static void assert_same_object(const char *a, const char *b, const char *key, enum key_kind kind)
{
    struct text left = read_object(a, key, kind), right = read_object(b, key, kind);

    assert_int_equal(left.size, right.size);
    assert_memory_equal(left.data, right.data, left.size);
    text_finish(&left);
    text_finish(&right);
}

static struct metadata read_metadata(const char *bucket, const char *key)
{
    struct text text = read_object(bucket, key, KEY_METADATA);
    struct metadata metadata;

    if (metadata_parse(text_view(&text), &metadata, &err))
        fail_msg("%s", err.text);
    text_finish(&text);
    return metadata;
}

static void pull(const char *bucket, const char *ref, const char *output)
{
    struct pull_result result;
    char path[512];
    struct pull_options options = {.output = path, .transfer.jobs = 2};
    struct between b;

    snprintf(path, sizeof path, "%s/%s", dir, output);
    open_between(&b, bucket);
    options.store = &b.fault.store;
    assert_int_equal(name_parse_image(ref, &options.name, &err), 0);
    if (pull_run(&options, &result, &err))
        fail_msg("%s", err.text);
    fault_store_close(&b.fault);
}

static void assert_nothing_left(const char *bucket)
{
    struct store_page page = {0};
    struct store_op op = {.verb = STORE_UPLOADS, .key = "", .page = &page};
    struct between b;
    char path[600];

    open_between(&b, bucket);
    assert_int_equal(store_run(b.fault.behind, &op, &err), STORE_DONE);
    assert_int_equal(page.count, 0);
    store_page_finish(&page);
    fault_store_close(&b.fault);
    snprintf(path, sizeof path, "%s/%s/archive", dir, bucket);
    assert_int_not_equal(access(path, F_OK), 0);
}

static void empty(const char *bucket)
{
    char command[600];

    snprintf(command, sizeof command, "rm -rf '%s/%s' '%s/cache'", dir, bucket, dir);
    assert_int_equal(system(command), 0);
}

static struct push_result base; /* of the first image into the bucket "base" */

/* Empties a bucket and puts the first image into it: a copy of the bucket "base". */
static void begin_with_first(const char *bucket)
{
    char command[600];

    empty(bucket);
    snprintf(command, sizeof command, "cp -a '%s/base' '%s/%s'", dir, dir, bucket);
    assert_int_equal(system(command), 0);
}

/* Pushes `second` after the first image, then in full: both archives must be equal. */
static struct push_result compare(const struct image *second, const char *ref, unsigned jobs)
{
    struct push_result result, full;
    struct metadata metadata;

    begin_with_first("delta");
    empty("full");
    write_image("second.tar", second, ref);
    push(&(struct asked){.bucket = "delta", .ref = ref, .input = "second.tar", .jobs = jobs},
         &result);
    push(
        &(struct asked){
            .bucket = "full", .ref = ref, .input = "second.tar", .jobs = 2, .no_delta = true},
        &full);
    assert_string_equal(result.key, full.key);
    assert_int_equal(full.bases + full.stats.copied_bytes, 0);
    assert_same_object("delta", "full", result.key, KEY_ARCHIVE);
    assert_same_object("delta", "full", result.key, KEY_INDEX);
    assert_nothing_left("delta");

    metadata = read_metadata("delta", result.key);
    assert_int_equal(metadata.size, full.size);
    assert_string_equal(metadata.checksum, result.stats.copied_bytes ? "" : full.checksum);
    assert_string_equal(result.checksum, metadata.checksum);
    metadata_finish(&metadata);
    pull("delta", ref, "pulled.tar");
    return result;
}

/* Headers contain the tag's time. So the first chunk is always new, and costs a minimum part. */
static void assert_uploaded_below(const struct push_result *result, uint64_t bytes)
{
    assert_int_equal(result->bases, 1);
    assert_in_range(result->stats.uploaded_bytes, 5 * mib, 5 * mib + bytes);
    assert_in_range(result->stats.uploaded_bytes + result->stats.copied_bytes,
                    result->stats.archive_bytes, result->stats.archive_bytes + 6 * mib);
}

/* ---- scenes ---- */

static void an_edited_file(void **state)
{
    static const unsigned jobs[] = {0, 1, 2, 8};

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(jobs); i++) {
        struct image image = plain_image();
        struct push_result result;

        if (test_is_for_threads() && jobs[i] < 2)
            continue;
        image.layers[2].files[10].seed = 999;
        result = compare(&image, SECOND, jobs[i]);
        assert_uploaded_below(&result, 1 * mib);
        assert_true(result.joins > 0);
    }
}

static void an_inserted_and_a_grown_file(void **state)
{
    struct image image = plain_image();
    struct push_result result;

    (void)state;
    add_file(&image.layers[0], 5, 998, 300 * mib / 1024);
    image.layers[2].files[3].size += mib / 15;
    result = compare(&image, SECOND, 2);
    assert_uploaded_below(&result, 2 * mib);
}

static void a_change_at_the_very_beginning(void **state)
{
    struct image image = plain_image();
    struct push_result result;

    (void)state;
    image.layers[0].files[0].seed = 997;
    result = compare(&image, SECOND, 2);
    assert_uploaded_below(&result, 1 * mib);
}

static void a_dropped_layer(void **state)
{
    struct image image = plain_image();
    struct push_result result;

    (void)state;
    image.layers[1] = image.layers[2];
    image.count = 2;
    result = compare(&image, SECOND, 2);
    assert_uploaded_below(&result, 1 * mib);
}

static void layers_in_another_order(void **state)
{
    struct image image = plain_image();
    struct layer first = image.layers[0];
    struct push_result result;

    (void)state;
    image.layers[0] = image.layers[2];
    image.layers[2] = first;
    result = compare(&image, SECOND, 2);
    assert_uploaded_below(&result, 1 * mib);
}

static void another_app_on_the_same_base(void **state)
{
    struct image image = plain_image();
    struct push_result result;

    (void)state;
    image.layers[1].files[0].seed = 996;
    image.count = 2;
    result = compare(&image, OTHER, 2);
    assert_uploaded_below(&result, 13 * mib);
}

static void images_without_common_chunks(void **state)
{
    struct image image = plain_image();
    struct push_result result;

    (void)state;
    for (unsigned i = 0; i < image.count; i++)
        for (unsigned k = 0; k < image.layers[i].count; k++)
            image.layers[i].files[k].seed += 5000;
    result = compare(&image, SECOND, 2);
    assert_int_equal(result.stats.copied_bytes, 0);
    assert_int_equal(result.joins, 0);
    assert_int_not_equal(result.checksum[0], 0);
}

/* Small changes everywhere: the runs between them are too short to copy. */
static void many_small_changes(void **state)
{
    struct image image = plain_image();
    struct push_result result;

    (void)state;
    for (unsigned k = 0; k < image.layers[2].count; k += 2)
        image.layers[2].files[k].seed += 5000;
    for (unsigned k = 0; k < image.layers[0].count; k += 3)
        image.layers[0].files[k].seed += 5000;
    result = compare(&image, SECOND, 2);
    assert_uploaded_below(&result, 24 * mib);
}

/* Chunks of another level are copied unchanged, and the index has their sizes. */
static void archives_of_another_writer(void **state)
{
    struct image image = plain_image();
    struct push_result result;

    (void)state;
    empty("writer");
    image.layers[2].files[10].seed = 999;
    write_image("second.tar", &image, SECOND);
    push(
        &(struct asked){
            .bucket = "writer", .ref = FIRST, .input = "first.tar", .jobs = 2, .level = 9},
        &result);
    push(&(struct asked){.bucket = "writer", .ref = SECOND, .input = "second.tar", .jobs = 2},
         &result);
    assert_uploaded_below(&result, 2 * mib);
    assert_nothing_left("writer");
    pull("writer", SECOND, "pulled.tar");
}

static void a_base_that_differs_from_its_metadata_is_not_used(void **state)
{
    struct push_result result;
    char path[2 * KEY_MAX];
    uint8_t byte = 0;
    int fd;

    (void)state;
    begin_with_first("damaged");
    snprintf(path, sizeof path, "%s/damaged/%.*s.index", dir, (int)strlen(base.key) - 7, base.key);
    fd = open(path, O_WRONLY);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, &byte, 1, 500), 1);
    close(fd);
    push(&(struct asked){.bucket = "damaged", .ref = SECOND, .input = "second.tar", .jobs = 2},
         &result);
    assert_int_equal(result.bases, 0);
    pull("damaged", SECOND, "pulled.tar");
}

static void assert_full(const char *bucket, const struct push_result *result)
{
    assert_true(result->copies_refused);
    assert_int_equal(result->bases + result->joins, 0);
    assert_int_not_equal(result->checksum[0], 0);
    assert_nothing_left(bucket);
    pull(bucket, SECOND, "pulled.tar");
}

static void a_store_without_copies_gets_everything(void **state)
{
    static const struct {
        enum store_verb verb;
        const char *code;
        unsigned nth, times;
        bool remembered;
    } cases[] = {
        {STORE_UPLOAD_COPY_PART, "NotImplemented", 1, 1000, true},
        {STORE_UPLOAD_COPY_PART, "AccessDenied", 2, 1000, true},
        {STORE_UPLOAD_COMPLETE, "InvalidPart", 1, 1, true}, /* requires equal parts */
        {STORE_UPLOAD_COPY_PART, NULL, 2, 1000, false},     /* bases change again and again */
    };
    struct image image = plain_image();

    (void)state;
    image.layers[2].files[10].seed = 999;
    write_image("second.tar", &image, SECOND);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i += test_is_for_threads() ? 2 : 1) {
        struct asked asked = {.bucket = "refuses", .ref = SECOND, .input = "second.tar", .jobs = 2};
        struct push_result result;
        struct between b;

        begin_with_first("refuses");
        open_between(&b, "refuses");
        b.verb = cases[i].verb;
        b.code = cases[i].code;
        b.nth = cases[i].nth;
        b.times = cases[i].times;
        if (push_through(&b, &asked, &result))
            fail_msg("%zu: %s", i, err.text);
        assert_full("refuses", &result);
        assert_true(b.copies > 0);
        b.copies = 0;
        b.verb = (enum store_verb) - 1;
        asked.ref = "shop:20250723-1000-0a1b2c3";
        write_image("third.tar", &image, asked.ref);
        asked.input = "third.tar";
        if (push_through(&b, &asked, &result))
            fail_msg("%zu: %s", i, err.text);
        assert_int_equal(b.copies > 0, !cases[i].remembered);
        fault_store_close(&b.fault);
    }
}

/* The push looks for bases again and uses the current archive. */
static void a_replaced_base_does_not_fail_the_push(void **state)
{
    struct asked asked = {.bucket = "changes", .ref = SECOND, .input = "second.tar", .jobs = 2};
    struct image image = plain_image();
    struct push_result result;
    struct between b;

    (void)state;
    begin_with_first("changes");
    image.layers[2].files[10].seed = 999;
    write_image("second.tar", &image, SECOND);
    open_between(&b, "changes");
    b.verb = STORE_UPLOAD_COPY_PART;
    b.nth = 3;
    b.times = 1;
    if (push_through(&b, &asked, &result))
        fail_msg("%s", err.text);
    fault_store_close(&b.fault);
    assert_false(result.copies_refused);
    assert_int_equal(result.bases, 1);
    assert_true(result.joins > 0);
    assert_nothing_left("changes");
    pull("changes", SECOND, "pulled.tar");
}

/* Overwrites the archive from `offset` on, every `step` bytes, and writes its new ETag into the
 * metadata. The index is wrong then. */
static void make_a_liar(const char *bucket, const char *key, off_t offset, off_t step)
{
    struct metadata metadata = read_metadata(bucket, key);
    char path[2 * KEY_MAX], json[KEY_MAX];
    struct store_info info;
    struct text text;
    struct between b;
    int fd;

    snprintf(path, sizeof path, "%s/%s/%s", dir, bucket, key);
    fd = open(path, O_WRONLY);
    assert_true(fd >= 0);
    for (; offset < (off_t)metadata.size; offset += step)
        assert_int_equal(pwrite(fd, "a lie", 5, offset), 5);
    close(fd);
    open_between(&b, bucket);
    assert_int_equal(store_head(&b.fault.store, key, &info, &err), STORE_DONE);
    str_copy(metadata.archive_etag, sizeof metadata.archive_etag, info.etag);
    metadata.checksum[0] = '\0';
    text_init(&text, 256 * KIB);
    metadata_write(&metadata, &text);
    assert_true(key_sibling(json, key, KEY_METADATA));
    assert_int_equal(
        store_put_document(&b.fault.store, json, text_view(&text), NULL, false, NULL, &err),
        STORE_DONE);
    fault_store_close(&b.fault);
    text_finish(&text);
    metadata_finish(&metadata);
}

static void a_false_index_is_detected(void **state)
{
    struct image image = plain_image();
    struct push_result result;

    (void)state;
    begin_with_first("liar");
    image.layers[2].files[10].seed = 999;
    write_image("second.tar", &image, SECOND);
    make_a_liar("liar", base.key, 1000, (off_t)(mib / 104));
    push(&(struct asked){.bucket = "liar", .ref = SECOND, .input = "second.tar", .jobs = 2},
         &result);
    assert_string_equal(result.corrupt_base, base.key);
    assert_int_equal(result.bases + result.joins, 0);
    assert_false(result.copies_refused);
    assert_int_not_equal(result.checksum[0], 0);
    assert_nothing_left("liar");
    pull("liar", SECOND, "pulled.tar");
}

/* A single damaged chunk: the spot check rarely finds it, but no pull accepts it, and the pull's
 * hint names the remedy. */
static void a_small_falsification_never_becomes_an_image(void **state)
{
    struct image image = plain_image();
    struct push_result result;
    struct pull_result pulled;
    struct pull_options options = {.output = path_of("pulled.tar"), .transfer.jobs = 2};
    struct between b;

    (void)state;
    begin_with_first("liar");
    image.layers[2].files[10].seed = 999;
    write_image("second.tar", &image, SECOND);
    make_a_liar("liar", base.key, 12 * (off_t)mib, (off_t)base.size);
    push(&(struct asked){.bucket = "liar", .ref = SECOND, .input = "second.tar", .jobs = 2},
         &result);
    open_between(&b, "liar");
    options.store = &b.fault.store;
    assert_int_equal(name_parse_image(SECOND, &options.name, &err), 0);
    if (result.corrupt_base[0]) {
        assert_int_equal(pull_run(&options, &pulled, &err), 0);
    } else {
        assert_int_equal(pull_run(&options, &pulled, &err), ERR_FAIL);
        assert_int_equal(err.family, ERR_INTEGRITY);
    }
    fault_store_close(&b.fault);
}

static void push_standard_input(struct between *b, struct push_result *result)
{
    struct asked asked = {.bucket = "stdin", .ref = SECOND, .input = "-", .jobs = 2};
    int saved = dup(0), fd = open(path_of("second.tar"), O_RDONLY);

    assert_true(fd >= 0 && dup2(fd, 0) == 0);
    close(fd);
    if (push_through(b, &asked, result))
        fail_msg("%s", err.text);
    dup2(saved, 0);
    close(saved);
}

static void standard_input_is_read_once(void **state)
{
    struct image image = plain_image();
    struct push_result result;
    struct between b;

    (void)state;
    image.layers[2].files[10].seed = 999;
    write_image("second.tar", &image, SECOND);
    for (unsigned refused = 0; refused < 2; refused++) {
        begin_with_first("stdin");
        open_between(&b, "stdin");
        if (refused) {
            b.verb = STORE_UPLOAD_COMPLETE; /* of the probe */
            b.code = "InvalidPart";
            b.times = 1;
        }
        push_standard_input(&b, &result);
        fault_store_close(&b.fault);
        if (refused)
            assert_full("stdin", &result);
        else
            assert_uploaded_below(&result, 1 * mib);
        assert_nothing_left("stdin");
    }
}

/* An interrupted push leaves only the data that the same push needs to resume. */
static void a_stop_at_any_time_can_be_resumed(void **state)
{
    static const struct {
        enum store_verb verb;
        unsigned nth;
    } moments[] = {{STORE_UPLOAD_CREATE, 1},    {STORE_UPLOAD_CREATE, 2},
                   {STORE_UPLOAD_COPY_PART, 1}, {STORE_UPLOAD_COPY_PART, 3},
                   {STORE_UPLOAD_PART, 1},      {STORE_UPLOAD_COMPLETE, 1}};
    struct image image = plain_image();
    struct push_result result;

    (void)state;
    begin_with_first("stop");
    image.layers[2].files[10].seed = 999;
    write_image("second.tar", &image, SECOND);
    for (size_t i = 0; i < ARRAY_SIZE(moments); i++) {
        char command[1200];
        struct asked asked = {
            .bucket = "stop", .ref = SECOND, .input = "second.tar", .jobs = (unsigned)i % 3};
        struct between b;

        if (test_is_for_threads() && !asked.jobs)
            continue;
        open_between(&b, "stop");
        b.verb = moments[i].verb;
        b.nth = moments[i].nth;
        b.code = "";
        assert_int_equal(push_through(&b, &asked, &result), ERR_FAIL);
        assert_int_equal(err.family, ERR_CANCELLED);
        fault_store_close(&b.fault);
        push(&asked, &result);
        assert_string_equal(result.resume_refusal, "");
        assert_nothing_left("stop");
        result.key[strlen(result.key) - strlen(".tar.gz")] = '\0';
        snprintf(command, sizeof command, "rm '%s/stop/%.600s'.*", dir, result.key);
        assert_int_equal(system(command), 0);
    }
}

static int start(void **state)
{
    struct image image = plain_image();
    char cache[64];

    (void)state;
    if (scratch_create())
        return -1;
    snprintf(cache, sizeof cache, "%s/cache", dir);
    setenv("XDG_CACHE_HOME", cache, 1);
    write_image("first.tar", &image, FIRST);
    push(&(struct asked){.bucket = "base", .ref = FIRST, .input = "first.tar", .jobs = 2}, &base);
    return base.bases == 0 ? 0 : -1;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest full_size[] = {
        cmocka_unit_test(an_inserted_and_a_grown_file),
    };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_edited_file),
        cmocka_unit_test(an_inserted_and_a_grown_file),
        cmocka_unit_test(a_change_at_the_very_beginning),
        cmocka_unit_test(a_dropped_layer),
        cmocka_unit_test(layers_in_another_order),
        cmocka_unit_test(another_app_on_the_same_base),
        cmocka_unit_test(images_without_common_chunks),
        cmocka_unit_test(many_small_changes),
        cmocka_unit_test(archives_of_another_writer),
        cmocka_unit_test(a_base_that_differs_from_its_metadata_is_not_used),
        cmocka_unit_test(a_store_without_copies_gets_everything),
        cmocka_unit_test(a_replaced_base_does_not_fail_the_push),
        cmocka_unit_test(a_false_index_is_detected),
        cmocka_unit_test(a_small_falsification_never_becomes_an_image),
        cmocka_unit_test(standard_input_is_read_once),
        cmocka_unit_test(a_stop_at_any_time_can_be_resumed),
    };

    const struct CMUnitTest threads[] = {
        cmocka_unit_test(an_edited_file),
        cmocka_unit_test(a_store_without_copies_gets_everything),
        cmocka_unit_test(a_replaced_base_does_not_fail_the_push),
        cmocka_unit_test(standard_input_is_read_once),
        cmocka_unit_test(a_stop_at_any_time_can_be_resumed),
    };

    (void)argv;
    if (argc == 1 && test_is_for_threads())
        return cmocka_run_group_tests_name("delta, threads", threads, start, scratch_teardown);
    if (argc > 1) {
        mib = MIB;
        return cmocka_run_group_tests_name("delta in full size", full_size, start,
                                           scratch_teardown);
    }
    return cmocka_run_group_tests_name("delta", tests, start, scratch_teardown);
}
