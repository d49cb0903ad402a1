/*
 * The whole engine: a push of an image archive into a folder and a pull, with the serial twin and
 * with threads. Then the same with damaged data.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/hash.h"
#include "kit/sample.h"
#include "kit/scratch.h"
#include "kit/tarball.h"
#include "pull/pull.h"
#include "push/push.h"
#include "store/dir/store_dir.h"
#include "store/store.h"

#define REF "shop:20250721-2118-f7a5a27"
#define KEY "images/shop/202507/shop-20250721-2118-f7a5a27"

static char input[256];
static struct tarball image;
static struct err err;

/* ---- an image with three layers: text, noise, many small files ---- */

#define TEXT  (3 * MIB / 2)
#define NOISE MIB

static void layer_text(struct tarball *layer)
{
    uint8_t *text = malloc(TEXT);

    for (size_t i = 0; i < TEXT; i++)
        text[i] = (uint8_t) "int main(void) { return 0; } /* comment */\n"[(i * i / 977 + i) % 43];
    tarball_directory(layer, "usr/");
    tarball_file(layer, "usr/large.c", text, TEXT);
    tarball_file(layer, "usr/small.c", text, 700);
    tarball_end(layer);
    free(text);
}

static void layer_noise(struct tarball *layer)
{
    uint8_t *bytes = malloc(NOISE);

    noise(bytes, NOISE, 42);
    tarball_file(layer, "opt/picture.webp", bytes, NOISE - 17);
    tarball_end(layer);
    free(bytes);
}

static void layer_small(struct tarball *layer)
{
    uint8_t bytes[9000];
    char name[64];

    for (unsigned i = 0; i < 400; i++) {
        noise(bytes, sizeof bytes, i);
        memset(bytes, 'a', 6000);
        snprintf(name, sizeof name, "srv/%u.bin", i);
        tarball_file(layer, name, bytes, 100 + i * 22);
    }
    tarball_end(layer);
}

static void diff_id(const struct tarball *layer, char out[SHA256_HEX_SIZE])
{
    uint8_t sum[SHA256_SIZE];

    sha256_of(view_of(layer->data, layer->size), sum);
    hex_encode(sum, sizeof sum, out);
}

static void make_image(void)
{
    void (*const makers[])(struct tarball *) = {layer_text, layer_noise, layer_small};
    char ids[3][SHA256_HEX_SIZE], config_id[SHA256_HEX_SIZE], name[256], json[2048];
    uint8_t sum[SHA256_SIZE];

    tarball_init(&image);
    for (unsigned i = 0; i < 3; i++) {
        struct tarball layer;

        tarball_init(&layer);
        makers[i](&layer);
        diff_id(&layer, ids[i]);
        snprintf(name, sizeof name, "blobs/sha256/%s", ids[i]);
        tarball_file(&image, name, layer.data, layer.size);
        tarball_finish(&layer);
    }
    snprintf(json, sizeof json,
             "{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{},\"rootfs\":{\"type\":"
             "\"layers\","
             "\"diff_ids\":[\"sha256:%s\",\"sha256:%s\",\"sha256:%s\"]}}",
             ids[0], ids[1], ids[2]);
    sha256_of(view_str(json), sum);
    hex_encode(sum, sizeof sum, config_id);
    snprintf(name, sizeof name, "blobs/sha256/%s", config_id);
    tarball_text(&image, name, json);
    snprintf(json, sizeof json,
             "[{\"Config\":\"blobs/sha256/%s\",\"RepoTags\":[\"" REF "\"],\"Layers\":["
             "\"blobs/sha256/%s\",\"blobs/sha256/%s\",\"blobs/sha256/%s\"]}]",
             config_id, ids[0], ids[1], ids[2]);
    tarball_text(&image, "manifest.json", json);
    tarball_end(&image);
}

/* ---- helpers ---- */

static void write_input(const void *data, size_t size)
{
    assert_int_equal(file_replace(input, view_of(data, size), 0644, &err), 0);
}

static struct store *open_bucket(const char *bucket)
{
    struct store *store = store_dir_create(
        &(struct store_dir_options){.path = dir, .bucket = bucket, .create = true}, &err);

    if (!store)
        fail_msg("%s", err.text);
    return store;
}

static int push(const char *bucket, unsigned jobs, struct push_result *result)
{
    struct push_options options = {
        .input = input, .choice = {CODEC_GZIP, 6}, .transfer.jobs = jobs};
    struct store *store = open_bucket(bucket);
    int answer;

    assert_int_equal(name_parse_image(REF, &options.name, &err), 0);
    options.store = store;
    answer = push_run(&options, result, &err);
    store_destroy(store);
    return answer;
}

static int pull(const char *bucket, unsigned jobs, const char *output, struct pull_result *result)
{
    struct pull_options options = {.output = output, .transfer.jobs = jobs};
    struct store *store = open_bucket(bucket);
    int answer;

    assert_int_equal(name_parse_image(REF, &options.name, &err), 0);
    options.store = store;
    answer = pull_run(&options, result, &err);
    store_destroy(store);
    return answer;
}

static void read_all(const char *path, struct text *out)
{
    text_init(out, 64 * MIB);
    if (file_read(path, out, &err) != FILE_OK)
        fail_msg("%s: %s", path, err.text);
}

static void assert_same_file(const char *a, const char *b)
{
    struct text left, right;

    read_all(a, &left);
    read_all(b, &right);
    assert_int_equal(left.size, right.size);
    assert_memory_equal(left.data, right.data, left.size);
    text_finish(&left);
    text_finish(&right);
}

static bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

/* Changes one byte of a file in the bucket. */
static void flip(const char *path, off_t at)
{
    int fd = open(path, O_RDWR);
    uint8_t byte;

    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte ^= 0x10;
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    close(fd);
}

/* ---- scenes ---- */

static void any_number_of_threads_gives_the_same_bytes(void **state)
{
    static const unsigned jobs[] = {0, 1, 2, 8};
    struct push_result result;
    char bucket[32];

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(jobs); i++) {
        snprintf(bucket, sizeof bucket, "threads-%u", jobs[i]);
        if (push(bucket, jobs[i], &result))
            fail_msg("%s", err.text);
        assert_false(result.skipped);
        assert_int_equal(result.stats.raw_bytes, image.size);
        char a[600], b[600];
        snprintf(a, sizeof a, "%s/threads-0/%s.tar.gz", dir, KEY);
        snprintf(b, sizeof b, "%s/%s/%s.tar.gz", dir, bucket, KEY);
        assert_same_file(a, b);
        snprintf(a, sizeof a, "%s/threads-0/%s.index", dir, KEY);
        snprintf(b, sizeof b, "%s/%s/%s.index", dir, bucket, KEY);
        assert_same_file(a, b);
    }
}

static void a_pull_returns_the_pushed_image(void **state)
{
    static const unsigned jobs[] = {0, 1, 2, 8};
    struct pull_result result;

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(jobs); i++) {
        const char *out = path_of("out.tar");

        if (pull("threads-2", jobs[i], out, &result))
            fail_msg("%s", err.text);
        assert_int_equal(result.stats.raw_bytes, image.size);
        if (i == 0)
            assert_int_equal(rename(out, path_of("first.tar")), 0);
        else
            assert_same_file(out, path_of("first.tar"));
    }
}

/* The output of a pull depends only on the image: pushed and pulled again, it is the same. */
static void an_output_that_is_pushed_again_gives_the_same_output(void **state)
{
    struct push_result before, again;
    struct pull_result result;
    struct text tar;

    (void)state;
    assert_int_equal(push("threads-1", 2, &before), 0);
    read_all(path_of("first.tar"), &tar);
    write_input(tar.data, tar.size);
    text_finish(&tar);
    assert_int_equal(push("again", 2, &again), 0);
    assert_string_equal(before.image_id, again.image_id);
    assert_int_equal(pull("again", 2, path_of("out.tar"), &result), 0);
    assert_same_file(path_of("out.tar"), path_of("first.tar"));
    write_input(image.data, image.size);
}

static void the_same_image_is_not_pushed_twice(void **state)
{
    struct push_result result;

    (void)state;
    assert_int_equal(push("threads-2", 2, &result), 0);
    assert_true(result.skipped);
    assert_false(result.archived);
}

static void an_archive_without_its_index_can_be_pulled(void **state)
{
    struct push_result pushed;
    struct pull_result result;

    (void)state;
    assert_int_equal(push("no-index", 2, &pushed), 0);
    assert_int_equal(unlink(path_of("no-index/" KEY ".index")), 0);
    if (pull("no-index", 2, path_of("out.tar"), &result))
        fail_msg("%s", err.text);
    assert_same_file(path_of("out.tar"), path_of("first.tar"));
}

static void a_damaged_index_is_not_used(void **state)
{
    struct push_result pushed;
    struct pull_result result;

    (void)state;
    assert_int_equal(push("bad-index", 2, &pushed), 0);
    flip(path_of("bad-index/" KEY ".index"), 200);
    if (pull("bad-index", 2, path_of("out.tar"), &result))
        fail_msg("%s", err.text);
    assert_same_file(path_of("out.tar"), path_of("first.tar"));
}

/* With an index, a pull reads only layers and config. Damage elsewhere may stay undetected. Then
 * the output is the same as that of an intact archive. */
static void a_damaged_chunk_is_refused_or_not_read(void **state)
{
    unsigned refused = 0;
    struct push_result pushed;
    struct pull_result result;
    off_t size;

    (void)state;
    assert_int_equal(push("bad-chunk", 2, &pushed), 0);
    size = (off_t)pushed.size;
    for (off_t at = 5; at < size; at += size / 7) {
        flip(path_of("bad-chunk/" KEY ".tar.gz"), at);
        unlink(path_of("out.tar"));
        if (pull("bad-chunk", 2, path_of("out.tar"), &result) == 0) {
            assert_same_file(path_of("out.tar"), path_of("first.tar"));
        } else {
            assert_int_equal(err.family, ERR_INTEGRITY);
            assert_false(exists(path_of("out.tar")));
            refused++;
        }
        flip(path_of("bad-chunk/" KEY ".tar.gz"), at);
    }
    assert_int_equal(refused, 6); /* not the first, not the last */
    unlink(path_of("bad-chunk/" KEY ".index"));
    for (off_t at = 30; at < size; at += size / 7) {
        flip(path_of("bad-chunk/" KEY ".tar.gz"), at);
        assert_int_equal(pull("bad-chunk", 2, path_of("out.tar"), &result), ERR_FAIL);
        assert_int_equal(err.family, ERR_INTEGRITY);
        assert_false(exists(path_of("out.tar")));
        flip(path_of("bad-chunk/" KEY ".tar.gz"), at);
    }
}

static void a_truncated_archive_leaves_nothing_in_the_bucket(void **state)
{
    static const unsigned cuts[] = {0, 1, 100, 512, 700, 3000};
    struct push_result result;

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(cuts) + 8; i++) {
        size_t size = i < ARRAY_SIZE(cuts)
                          ? cuts[i]
                          : image.size - 1 - (i - ARRAY_SIZE(cuts)) * image.size / 8;

        write_input(image.data, size);
        assert_int_equal(push("half", i % 3, &result), ERR_FAIL);
        assert_int_equal(err.family, ERR_INTEGRITY);
        assert_false(exists(path_of("half/images")));
    }
    write_input(image.data, image.size);
}

static void a_false_layer_is_refused(void **state)
{
    struct push_result result;
    uint8_t *copy = malloc(image.size);

    (void)state;
    memcpy(copy, image.data, image.size);
    copy[MIB] ^= 1;
    write_input(copy, image.size);
    assert_int_equal(push("lie", 2, &result), ERR_FAIL);
    assert_int_equal(err.family, ERR_INTEGRITY);
    assert_false(exists(path_of("lie/images")));
    write_input(image.data, image.size);
    free(copy);
}

static void cancelling_leaves_nothing(void **state)
{
    struct push_options options = {.input = input, .choice = {CODEC_GZIP, 6}, .transfer.jobs = 2};
    struct store *store = open_bucket("cancel");
    struct push_result result;
    struct cancel cancel;

    (void)state;
    cancel_init(&cancel);
    cancel_request(&cancel, 15);
    options.transfer.cancel = &cancel;
    options.store = store;
    assert_int_equal(name_parse_image(REF, &options.name, &err), 0);
    assert_int_equal(push_run(&options, &result, &err), ERR_FAIL);
    assert_int_equal(err.family, ERR_CANCELLED);
    store_destroy(store);
    assert_false(exists(path_of("cancel/images")));
}

static int start(void **state)
{
    (void)state;
    if (scratch_create())
        return -1;
    setenv("XDG_CACHE_HOME", dir, 1);
    snprintf(input, sizeof input, "%s/input.tar", dir);
    make_image();
    write_input(image.data, image.size);
    return 0;
}

static int end(void **state)
{
    (void)state;
    tarball_finish(&image);
    return scratch_remove();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_number_of_threads_gives_the_same_bytes),
        cmocka_unit_test(a_pull_returns_the_pushed_image),
        cmocka_unit_test(an_output_that_is_pushed_again_gives_the_same_output),
        cmocka_unit_test(the_same_image_is_not_pushed_twice),
        cmocka_unit_test(an_archive_without_its_index_can_be_pulled),
        cmocka_unit_test(a_damaged_index_is_not_used),
        cmocka_unit_test(a_damaged_chunk_is_refused_or_not_read),
        cmocka_unit_test(a_truncated_archive_leaves_nothing_in_the_bucket),
        cmocka_unit_test(a_false_layer_is_refused),
        cmocka_unit_test(cancelling_leaves_nothing),
    };

    const struct CMUnitTest threads[] = {
        cmocka_unit_test(any_number_of_threads_gives_the_same_bytes),
        cmocka_unit_test(a_pull_returns_the_pushed_image),
        cmocka_unit_test(an_archive_without_its_index_can_be_pulled),
        cmocka_unit_test(a_damaged_index_is_not_used),
        cmocka_unit_test(a_false_layer_is_refused),
        cmocka_unit_test(cancelling_leaves_nothing),
    };

    if (test_is_for_threads())
        return cmocka_run_group_tests_name("engine, threads", threads, start, end);
    return cmocka_run_group_tests_name("engine", tests, start, end);
}
