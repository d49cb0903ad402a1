/*
 * Every form of an image after every other one: an image is pushed beside a predecessor of each
 * form, and over it. Both can be pulled and verified, and the comparison of the two does not depend
 * on their forms.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/file.h"
#include "catalog/locate.h"
#include "kit/index_v1.h"
#include "kit/sample.h"
#include "kit/saved_image.h"
#include "kit/scratch.h"
#include "kit/tarball.h"
#include "pull/plan/layer_report.h"
#include "pull/pull.h"
#include "pull/verify.h"
#include "push/push.h"
#include "store/dir/store_dir.h"
#include "transfer/fetch_index.h"

#define FIRST  "shop:20250721-2118-f7a5a27"
#define SECOND "shop:20250722-1000-a1b2c3d"
#define OTHER  "shop:20250721-2359-0123abc"
#define STEM   "images/shop/202507/shop-20250721-2118-f7a5a27"
#define FILES  8
#define SIZE   (24 * KIB)

static struct err err;

/* ---- images ---- */

/* Two layers. The first one is the same in all versions below 100, and has a file twice. */
static void write_image(const char *file, const char *ref, unsigned version)
{
    uint8_t *bytes = malloc(SIZE);
    struct saved_image image;

    saved_image_init(&image);
    for (unsigned l = 0; l < 2; l++) {
        struct tarball layer;
        char name[32];

        tarball_init(&layer);
        for (unsigned i = 0; i < FILES; i++) {
            noise(bytes, SIZE / 2,
                  version / 100 * 1000 + 100 * l + (l && i == 3 ? 50 + version % 100 : i % 7));
            memset(bytes + SIZE / 2, 'a', SIZE / 2);
            snprintf(name, sizeof name, "%u/%u", l, i);
            tarball_file(&layer, name, bytes, SIZE);
        }
        tarball_end(&layer);
        saved_image_add(&image, &layer, 0);
    }
    saved_image_write(&image, path_of(file), ref);
    free(bytes);
}

/* ---- commands ---- */

static void run(const char *format, const char *bucket)
{
    char command[1200];

    snprintf(command, sizeof command, format, dir, bucket);
    assert_int_equal(system(command), 0); /* NOLINT: a fixed command */
}

static struct store *open_bucket(const char *bucket)
{
    struct store *store = store_dir_create(
        &(struct store_dir_options){.path = dir, .bucket = bucket, .create = true}, &err);

    if (!store)
        fail_msg("%s", err.text);
    return store;
}

/* ---- forms ---- */

enum form { ORIGINAL, VERSION_1, GZIP, ZSTD, THIN_GZIP, THIN_ZSTD, FORMS };
static const char *const form_names[FORMS] = {"original", "version-1", "gzip",
                                              "zstd",     "thin-gzip", "thin-zstd"};

static bool is_zstd(enum form form)
{
    return form == ZSTD || form == THIN_ZSTD;
}

static struct push_result push(const char *bucket, const char *ref, const char *file,
                               enum form form)
{
    struct store *store = open_bucket(bucket);
    struct push_options options = {.store = store,
                                   .input = path_of(file),
                                   .choice = {is_zstd(form) ? CODEC_ZSTD : CODEC_GZIP, 1},
                                   .thin = form >= THIN_GZIP,
                                   .transfer.jobs = 2};
    struct push_result result;

    assert_int_equal(name_parse_image(ref, &options.name, &err), 0);
    if (push_run(&options, &result, &err))
        fail_msg("%s: push of %s: %s", bucket, ref, err.text);
    store_destroy(store);
    return result;
}

static void read_object(const char *bucket, const char *ending, struct text *out)
{
    char name[256];

    snprintf(name, sizeof name, "%s/" STEM "%s", bucket, ending);
    text_init(out, 16 * MIB);
    assert_int_equal(file_read(path_of(name), out, &err), FILE_OK);
}

static void write_object(const char *bucket, const char *ending, struct view bytes)
{
    char name[256];

    snprintf(name, sizeof name, "%s/" STEM "%s", bucket, ending);
    assert_int_equal(file_replace(path_of(name), bytes, 0644, &err), 0);
}

/* Replaces the index by one of version 1. */
static void make_version_1(const char *bucket)
{
    _cleanup_text_ struct text archive = {0}, now = {0}, old = {0}, json = {0};
    struct metadata metadata;
    uint8_t sum[SHA256_SIZE];

    read_object(bucket, ".tar.gz", &archive);
    read_object(bucket, ".index", &now);
    read_object(bucket, ".json", &json);
    text_init(&old, MIB);
    index_v1_make(text_view(&now), text_view(&archive), &old);
    write_object(bucket, ".index", text_view(&old));
    assert_int_equal(metadata_parse(text_view(&json), &metadata, &err), 0);
    sha256_of(text_view(&old), sum);
    hex_encode(sum, sizeof sum, metadata.index_sha256);
    metadata.index_size = old.size;
    text_clear(&json);
    metadata_write(&metadata, &json);
    write_object(bucket, ".json", text_view(&json));
    metadata_finish(&metadata);
}

/* One gzip member, and metadata without a format. */
static void make_original(const char *bucket)
{
    _cleanup_text_ struct text archive = {0}, json = {0};
    uint8_t sum[MD5_SIZE];
    char hex[2 * MD5_SIZE + 1];

    run("cd '%1$s' && mkdir -p '%2$s/images/shop/202507' && "
        "gzip -n -1 <first.tar >'%2$s/" STEM ".tar.gz'",
        bucket);
    read_object(bucket, ".tar.gz", &archive);
    md5_of(text_view(&archive), sum);
    hex_encode(sum, sizeof sum, hex);
    text_init(&json, KIB);
    text_printf(&json,
                "{\"checksum\":\"%s\",\"size\":%zu,\"created_at\":\"2025-07-21T21:18:00Z\","
                "\"git_hash\":\"f7a5a27\",\"git_time\":\"20250721-2118\",\"image_tag\":\"" FIRST
                "\",\"app_name\":\"shop\"}",
                hex, archive.size);
    write_object(bucket, ".json", text_view(&json));
}

/* The bucket from-FORM has the first image in this form. */
static const char *bucket_of(enum form form)
{
    static char name[32];

    snprintf(name, sizeof name, "from-%s", form_names[form]);
    return name;
}

static void make_predecessor(enum form form)
{
    if (form == ORIGINAL) {
        make_original(bucket_of(form));
        return;
    }
    push(bucket_of(form), FIRST, "first.tar", form);
    if (form == VERSION_1)
        make_version_1(bucket_of(form));
}

/* ---- checks ---- */

static void same_files(const char *one, const char *other)
{
    _cleanup_text_ struct text a = {0}, b = {0};

    text_init(&a, 16 * MIB);
    text_init(&b, 16 * MIB);
    assert_int_equal(file_read(path_of(one), &a, &err), FILE_OK);
    assert_int_equal(file_read(path_of(other), &b, &err), FILE_OK);
    assert_true(view_equals(text_view(&a), text_view(&b)));
}

static void pull(const char *bucket, const char *ref, const char *output)
{
    struct pull_options options = {
        .store = open_bucket(bucket), .output = path_of(output), .transfer.jobs = 2};
    struct pull_result result;

    assert_int_equal(name_parse_image(ref, &options.name, &err), 0);
    if (pull_run(&options, &result, &err))
        fail_msg("%s: pull of %s: %s", bucket, ref, err.text);
    store_destroy(options.store);
}

static void is_sound(const char *bucket, const char *ref, const char *expected)
{
    struct verify_options options = {.store = open_bucket(bucket), .transfer.jobs = 2};
    struct verify_result result;

    pull(bucket, ref, "out.tar");
    same_files("out.tar", expected);
    assert_int_equal(name_parse_image(ref, &options.name, &err), 0);
    if (verify_run(&options, &result, &err))
        fail_msg("%s: verify of %s: %s", bucket, ref, err.text);
    store_destroy(options.store);
}

static struct index *index_of(struct store *store, const char *ref)
{
    struct index *index = NULL;
    struct image_name name;
    struct located at;

    assert_int_equal(name_parse_image(ref, &name, &err), 0);
    assert_int_equal(locate_image(store, &name, NULL, NULL, &at, &err), LOCATE_FOUND);
    if (fetch_index(store, &at.metadata, &index, &err))
        fail_msg("%s: %s", ref, err.text);
    located_finish(&at);
    assert_int_equal(index->params.file_min, (index->codec == CODEC_ZSTD ? 8 : 16) * KIB);
    return index;
}

/* Returns the chunks of the second image that a host with the first one lacks. */
static uint64_t compare(const char *bucket)
{
    struct store *store = open_bucket(bucket);
    struct index *first = index_of(store, FIRST), *second = index_of(store, SECOND);
    struct layer_report *report = layer_report_create(second, &err);
    bool has[2] = {false};
    uint64_t moves;

    assert_int_equal(layer_report_against(report, second, first, has, &err), 0);
    moves = report->total.moves;
    layer_report_destroy(report);
    index_destroy(first);
    index_destroy(second);
    store_destroy(store);
    return moves;
}

/* ---- tests ---- */

static uint64_t moves; /* of two gzip archives */

static int set_up(void **state)
{
    (void)state;
    if (scratch_create())
        return -1;
    setenv("XDG_CACHE_HOME", dir, 1);
    write_image("first.tar", FIRST, 0);
    write_image("second.tar", SECOND, 1);
    write_image("over.tar", FIRST, 1);
    push("expected", FIRST, "first.tar", GZIP);
    push("expected", SECOND, "second.tar", GZIP);
    push("over", FIRST, "over.tar", GZIP);
    pull("expected", FIRST, "first.out");
    pull("expected", SECOND, "second.out");
    pull("over", FIRST, "over.out");
    moves = compare("expected");
    for (unsigned form = 0; form < FORMS; form++)
        make_predecessor((enum form)form);
    return 0;
}

/* A sample plays every second pair. */
static bool plays(unsigned from, unsigned to)
{
    return (from + to) % sample_step(2) == 0;
}

static void copy_predecessor(enum form form)
{
    run("rm -rf '%1$s/bucket' && cp -a '%1$s/%2$s' '%1$s/bucket'", bucket_of(form));
}

static void a_successor_of_every_form_is_sound(void **state)
{
    (void)state;
    assert_int_equal(moves, 2); /* the changed file, and the config */
    for (unsigned from = 0; from < FORMS; from++)
        for (unsigned to = GZIP; to < FORMS; to++) {
            struct push_result result;

            if (!plays(from, to))
                continue;
            copy_predecessor((enum form)from);
            result = push("bucket", SECOND, "second.tar", (enum form)to);
            /* names of version 1 prove nothing */
            assert_int_equal(result.referred_bytes > 0, to >= THIN_GZIP && from >= GZIP);
            is_sound("bucket", SECOND, "second.out");
            is_sound("bucket", FIRST, "first.out");
            if (from >= GZIP)
                assert_int_equal(compare("bucket"), moves);
        }
}

/* The image that is replaced is kept, and what refers to its objects stays whole. */
static void an_image_of_every_form_is_replaced(void **state)
{
    (void)state;
    for (unsigned from = 0; from < FORMS; from++)
        for (unsigned to = GZIP; to < FORMS; to++) {
            struct push_result result;

            if (!plays(from, to))
                continue;
            copy_predecessor((enum form)from);
            result = push("bucket", FIRST, "first.tar", (enum form)to);
            assert_true(result.skipped); /* the same image, in whatever form */
            result = push("bucket", FIRST, "over.tar", (enum form)to);
            assert_false(result.skipped);
            assert_true(result.archived);
            is_sound("bucket", FIRST, "over.out");
            run("test $(ls '%1$s'/%2$s/archive/shop/202507/*.json | wc -l) = 1", "bucket");
        }
}

/* A thin image refers to the image that is replaced. An archive under a fixed key is replaced in
 * place; pull and verify find its copy. */
static void a_thin_image_outlives_what_it_refers_to(void **state)
{
    (void)state;
    for (unsigned from = GZIP; from < FORMS; from++)
        for (unsigned to = GZIP; to < FORMS; to++) {
            if (!plays(from, to))
                continue;
            copy_predecessor((enum form)from);
            push("bucket", SECOND, "second.tar", (from + to) % 2 ? THIN_ZSTD : THIN_GZIP);
            push("bucket", FIRST, "over.tar", (enum form)to);
            is_sound("bucket", SECOND, "second.out");
            is_sound("bucket", FIRST, "over.out");
        }
}

/* The layers in an archive file select the base: the newest image has none of them. */
static void a_file_finds_the_image_with_its_layers(void **state)
{
    struct push_result result;

    (void)state;
    copy_predecessor(ZSTD);
    write_image("other.tar", OTHER, 100);
    push("bucket", OTHER, "other.tar", ZSTD);
    result = push("bucket", SECOND, "second.tar", THIN_ZSTD);
    assert_true(result.referred_bytes > result.size / 2);
    is_sound("bucket", SECOND, "second.out");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_successor_of_every_form_is_sound),
        cmocka_unit_test(an_image_of_every_form_is_replaced),
        cmocka_unit_test(a_thin_image_outlives_what_it_refers_to),
        cmocka_unit_test(a_file_finds_the_image_with_its_layers),
    };

    return cmocka_run_group_tests_name("forms", tests, set_up, scratch_teardown);
}
