/*
 * Trust and proof: chunks with a constructed collision of XXH3-128, archives with an index of
 * version 1, and the verification of intact and damaged images.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/hash.h"
#include "catalog/metadata.h"
#include "kit/index_v1.h"
#include "kit/scale.h"
#include "kit/scratch.h"
#include "kit/tarball.h"
#include "pack/index/chunk_name.h"
#include "pull/pull.h"
#include "pull/verify.h"
#include "push/push.h"
#include "store/dir/store_dir.h"
#include "store/store.h"

#define FIRST  "shop:20250721-2118-f7a5a27"
#define SECOND "shop:20250722-1000-0a1b2c3"
#define STEM   "images/shop/202507/shop-20250721-2118-f7a5a27"

#define LARGE  (11 * mib) /* copied completely: larger than a part */
#define MIDDLE (16 * KIB) /* its own chunk: file_min */

static struct err err;

/* ---- images: a file of noise, a small file, another file of noise ---- */

static void file_of(const char *name, char out[512])
{
    snprintf(out, 512, "%s/%s", dir, name);
}

static void write_layer(struct tarball *out, const uint8_t *middle)
{
    uint8_t *large = malloc(LARGE);

    tarball_init(out);
    noise(large, LARGE, 1);
    tarball_file(out, "a.bin", large, LARGE);
    tarball_file(out, "library.so", middle, MIDDLE);
    noise(large, LARGE, 2);
    tarball_file(out, "z.bin", large, LARGE);
    tarball_end(out);
    free(large);
}

static void write_image(const char *name, const char *ref, const uint8_t *middle)
{
    char id[SHA256_HEX_SIZE], text[512], path[512];
    uint8_t sum[SHA256_SIZE];
    struct tarball layer, tar;

    write_layer(&layer, middle);
    sha256_of(view_of(layer.data, layer.size), sum);
    hex_encode(sum, sizeof sum, id);
    tarball_init(&tar);
    tarball_file(&tar, "l/layer.tar", layer.data, layer.size);
    snprintf(text, sizeof text,
             "{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{},\"rootfs\":{\"type\":"
             "\"layers\",\"diff_ids\":[\"sha256:%s\"]}}",
             id);
    tarball_text(&tar, "c.json", text);
    snprintf(text, sizeof text,
             "[{\"Config\":\"c.json\",\"RepoTags\":[\"%s\"],\"Layers\":[\"l/layer.tar\"]}]", ref);
    tarball_text(&tar, "manifest.json", text);
    tarball_end(&tar);
    file_of(name, path);
    assert_int_equal(file_replace(path, view_of(tar.data, tar.size), 0644, &err), 0);
    tarball_finish(&tar);
    tarball_finish(&layer);
}

/* Lane 0 of a stripe of XXH3 multiplies the halves of (word ^ secret). If the low half equals the
 * secret's, the product is 0 for every high half. Lane 1 adds the word itself. So for two such
 * words, only the sum of the high halves matters. */
static void write_twin(uint8_t out[MIDDLE], uint32_t delta)
{
    const uint32_t words[] = {0x396cfeb8, 0x11111111 + delta, 0x2c81017c, 0x22222222 - delta};

    noise(out, MIDDLE, 3);
    for (unsigned i = 0; i < 4; i++)
        for (unsigned k = 0; k < 4; k++)
            out[64 * (i / 2) + 4 * (i % 2) + k] = (uint8_t)(words[i] >> 8 * k);
}

/* ---- helpers ---- */

static struct store *open_bucket(const char *bucket)
{
    struct store *store = store_dir_create(
        &(struct store_dir_options){.path = dir, .bucket = bucket, .create = true}, &err);

    if (!store)
        fail_msg("%s", err.text);
    store->limits = scaled_limits();
    return store;
}

static struct push_result push(const char *bucket, const char *ref, const char *input)
{
    struct push_result result;
    char path[512];
    struct push_options options = {
        .store = open_bucket(bucket), .input = path, .choice = {CODEC_GZIP, 1}, .transfer.jobs = 2};

    file_of(input, path);
    assert_int_equal(name_parse_image(ref, &options.name, &err), 0);
    if (push_run(&options, &result, &err))
        fail_msg("%s", err.text);
    store_destroy(options.store);
    return result;
}

static void pull(const char *bucket, const char *ref, const char *output)
{
    struct pull_result result;
    char path[512];
    struct pull_options options = {
        .store = open_bucket(bucket), .output = path, .transfer.jobs = 2};

    file_of(output, path);
    assert_int_equal(name_parse_image(ref, &options.name, &err), 0);
    if (pull_run(&options, &result, &err))
        fail_msg("%s", err.text);
    store_destroy(options.store);
}

static int verify(const char *bucket, const char *ref, struct verify_result *result)
{
    struct verify_options options = {.store = open_bucket(bucket), .transfer.jobs = 2};
    int answer;

    assert_int_equal(name_parse_image(ref, &options.name, &err), 0);
    answer = verify_run(&options, result, &err);
    store_destroy(options.store);
    return answer;
}

static struct text read_file(const char *name)
{
    struct text text;
    char path[512];

    file_of(name, path);
    text_init(&text, 64 * MIB);
    if (file_read(path, &text, &err) != FILE_OK)
        fail_msg("%s: %s", path, err.text);
    return text;
}

static void write_file(const char *name, struct view bytes)
{
    char path[512];

    file_of(name, path);
    assert_int_equal(file_replace(path, bytes, 0644, &err), 0);
}

static struct metadata read_metadata(const char *name)
{
    struct text text = read_file(name);
    struct metadata metadata;

    if (metadata_parse(text_view(&text), &metadata, &err))
        fail_msg("%s", err.text);
    text_finish(&text);
    return metadata;
}

static void write_metadata(const char *name, const struct metadata *metadata)
{
    struct text text;

    text_init(&text, MIB);
    metadata_write(metadata, &text);
    write_file(name, text_view(&text));
    text_finish(&text);
}

/* ---- names ---- */

static void a_chunk_that_collides_is_not_copied(void **state)
{
    uint8_t one[MIDDLE], other[MIDDLE];
    struct chunk_name names[2];
    struct push_result result;
    struct text first, second;

    (void)state;
    write_twin(one, 0);
    write_twin(other, 0x01020304);
    assert_memory_not_equal(one, other, MIDDLE);
    names[0] = chunk_name_of(NAME_XXH3, one, MIDDLE);
    names[1] = chunk_name_of(NAME_XXH3, other, MIDDLE);
    assert_true(chunk_name_equals(&names[0], &names[1]));
    write_image("one.tar", FIRST, one);
    write_image("other.tar", SECOND, other);
    push("twins", FIRST, "one.tar");
    result = push("twins", SECOND, "other.tar");
    assert_true(result.stats.copied_bytes > LARGE / 2);
    pull("twins", FIRST, "out-one.tar");
    pull("twins", SECOND, "out-other.tar");
    first = read_file("out-one.tar");
    second = read_file("out-other.tar");
    assert_non_null(memmem(first.data, first.size, one, MIDDLE));
    assert_non_null(memmem(second.data, second.size, other, MIDDLE));
    text_finish(&first);
    text_finish(&second);
}

/* Replaces the image's index by one of version 1. */
static void make_old(const char *bucket)
{
    char archive_name[128], index_name[128], metadata_name[128];
    struct metadata metadata;
    struct text archive, now, old;
    uint8_t sum[SHA256_SIZE];

    snprintf(archive_name, sizeof archive_name, "%s/%s.tar.gz", bucket, STEM);
    snprintf(index_name, sizeof index_name, "%s/%s.index", bucket, STEM);
    snprintf(metadata_name, sizeof metadata_name, "%s/%s.json", bucket, STEM);
    archive = read_file(archive_name);
    now = read_file(index_name);
    text_init(&old, MIB);
    index_v1_make(text_view(&now), text_view(&archive), &old);
    write_file(index_name, text_view(&old));
    metadata = read_metadata(metadata_name);
    sha256_of(text_view(&old), sum);
    hex_encode(sum, sizeof sum, metadata.index_sha256);
    metadata.index_size = old.size;
    write_metadata(metadata_name, &metadata);
    metadata_finish(&metadata);
    text_finish(&archive);
    text_finish(&now);
    text_finish(&old);
}

static void an_archive_of_version_1_is_pulled_but_not_copied_from(void **state)
{
    struct push_result result;
    struct verify_result verified;
    uint8_t middle[MIDDLE];
    struct text out;

    (void)state;
    write_twin(middle, 0);
    push("old", FIRST, "one.tar");
    make_old("old");
    pull("old", FIRST, "out-old.tar");
    out = read_file("out-old.tar");
    assert_non_null(memmem(out.data, out.size, middle, MIDDLE));
    text_finish(&out);
    assert_int_equal(verify("old", FIRST, &verified), 0);
    result = push("old", SECOND, "other.tar");
    assert_int_equal(result.outdated, 1);
    assert_int_equal(result.bases, 0);
    assert_int_equal(result.stats.copied_bytes, 0);
}

/* ---- verification ---- */

static void an_intact_image_is_verified(void **state)
{
    struct verify_result result;

    (void)state;
    push("sound", FIRST, "one.tar");
    if (verify("sound", FIRST, &result))
        fail_msg("%s", err.text);
    assert_int_equal(result.layers, 1);
    assert_true(result.chunks > 20);
    assert_int_equal(strlen(result.checksum), 32);
    assert_int_equal(result.stats.uploaded_bytes, 0);
    if (verify("twins", SECOND, &result)) /* with copied parts: no MD5 */
        fail_msg("%s", err.text);
    assert_string_equal(result.checksum, "");
}

static void other_checksum(struct metadata *m)
{
    m->checksum[0] = m->checksum[0] == '0' ? '1' : '0';
}

static void other_raw_size(struct metadata *m)
{
    m->raw_size++;
}

static void other_etag(struct metadata *m)
{
    strcpy(m->archive_etag, "\"another\"");
}

static void other_index(struct metadata *m)
{
    m->index_sha256[0] = m->index_sha256[0] == '0' ? '1' : '0';
}

static void other_index_size(struct metadata *m)
{
    m->index_size++;
}

static void no_such_index(struct metadata *m)
{
    m->index_key[strlen(m->index_key) - 1] = 'y';
}

static void other_image(struct metadata *m)
{
    m->image_id[70] = m->image_id[70] == '0' ? '1' : '0';
}

static void other_layer(struct metadata *m)
{
    m->layers[0].text[70] = m->layers[0].text[70] == '0' ? '1' : '0';
}

static void other_size(struct metadata *m)
{
    m->size++;
}

static void without_index(struct metadata *m)
{
    m->index_key[0] = m->index_sha256[0] = '\0';
    m->index_size = 0;
}

static void without_index_and_with_other_checksum(struct metadata *m)
{
    without_index(m);
    other_checksum(m);
}

static void check_metadata(void (*change)(struct metadata *), bool sound)
{
    static const char name[] = "sound/" STEM ".json";
    struct metadata metadata = read_metadata(name);
    struct text before = read_file(name);
    struct verify_result result;
    int answer;

    change(&metadata);
    write_metadata(name, &metadata);
    metadata_finish(&metadata);
    answer = verify("sound", FIRST, &result);
    assert_int_equal(answer, sound ? 0 : ERR_FAIL);
    if (!sound) {
        assert_int_equal(err.family, ERR_INTEGRITY);
    }
    write_file(name, text_view(&before));
    text_finish(&before);
}

static void the_metadata_is_verified(void **state)
{
    static void (*const lies[])(struct metadata *) = {
        other_checksum, other_raw_size,  other_etag,  other_index,
        no_such_index,  other_image,     other_layer, without_index_and_with_other_checksum,
        other_size,     other_index_size};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(lies); i++)
        check_metadata(lies[i], false);
    check_metadata(without_index, true);
}

/* The directory store's ETag depends on the time: here the test compares size and bytes. */
static void forget_etag(struct metadata *m)
{
    m->archive_etag[0] = '\0';
}

static void a_damaged_byte_is_detected(void **state)
{
    static const char name[] = "sound/" STEM ".tar.gz", described[] = "sound/" STEM ".json";
    struct text archive = read_file(name);
    struct metadata metadata = read_metadata(described);
    struct verify_result result;

    (void)state;
    forget_etag(&metadata);
    write_metadata(described, &metadata);
    metadata_finish(&metadata);
    assert_int_equal(verify("sound", FIRST, &result), 0);
    for (size_t at = 3; at < archive.size; at += archive.size / 3) {
        archive.data[at] ^= 0x10;
        write_file(name, text_view(&archive));
        assert_int_equal(verify("sound", FIRST, &result), ERR_FAIL);
        assert_int_equal(err.family, ERR_INTEGRITY);
        archive.data[at] ^= 0x10;
    }
    text_finish(&archive);
}

static int set_up(void **state)
{
    (void)state;
    return !scratch_create() && !setenv("XDG_CACHE_HOME", dir, 1) ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chunk_that_collides_is_not_copied),
        cmocka_unit_test(an_archive_of_version_1_is_pulled_but_not_copied_from),
        cmocka_unit_test(an_intact_image_is_verified),
        cmocka_unit_test(the_metadata_is_verified),
        cmocka_unit_test(a_damaged_byte_is_detected),
    };

    return cmocka_run_group_tests_name("verify", tests, set_up, scratch_teardown);
}
