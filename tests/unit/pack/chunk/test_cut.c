/* Chunk boundaries depend on content, not on piece sizes, names or neighbours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/hash.h"
#include "kit/sample.h"
#include "kit/small.h"
#include "kit/tarball.h"
#include "pack/chunk/cut.h"

#define CHUNKS_MAX 8192
#define LARGE      (200 * KIB + 100)

static const struct chunk_params SMALL = {1024, 4096, 16384, 16384};

struct chunk {
    size_t end;
    unsigned flags;
    struct xxh128 name;
};

struct chunks {
    size_t count;
    struct chunk list[CHUNKS_MAX];
    char entries[512];
    uint64_t data;
    int rc;
    struct err err;
};

static void add_chunk(struct chunks *chunks, const struct tarball *tar, size_t end, unsigned flags)
{
    size_t start = chunks->count > 0 ? chunks->list[chunks->count - 1].end : 0;

    assert_true(chunks->count < CHUNKS_MAX);
    assert_true(end > start);
    chunks->list[chunks->count++] =
        (struct chunk){end, flags, xxh128_of(tar->data + start, end - start)};
}

/* Cuts like the pipeline, with a reader that delivers `piece` bytes at a time. */
static struct chunks *cut_up(struct tarball *tar, const struct chunk_params *params, size_t piece)
{
    struct chunks *chunks = calloc(1, sizeof *chunks);
    struct cut *cut = cut_create(params, -1);
    size_t at = 0, end = 0, start = 0;
    unsigned flags;

    for (;;) {
        struct cut_step step = {.tar = {.event = TAR_MORE}};

        if (at < end)
            chunks->rc = cut_scan(cut, tar->data + at, end - at, &step, &chunks->err);
        if (chunks->rc < 0)
            break;
        if (step.tar.event == TAR_MORE) {
            assert_int_equal(step.tar.used, 0);
            assert_true(end - at < TAR_BLOCK);
            if (end == tar->size)
                break;
            end = end + piece < tar->size ? end + piece : tar->size;
            continue;
        }
        assert_true(step.tar.used > 0 && step.tar.used <= end - at);
        at += step.tar.used;
        assert_true(at - start <= params->max);
        if (step.tar.event == TAR_ENTRY) {
            size_t length = strlen(chunks->entries);

            snprintf(chunks->entries + length, sizeof chunks->entries - length, "%.60s;",
                     cut_entry(cut)->name);
        }
        chunks->data += step.tar.event == TAR_DATA ? step.tar.used : 0;
        if (step.boundary) {
            add_chunk(chunks, tar, at, step.flags);
            start = at;
        }
    }
    if (chunks->rc == 0)
        chunks->rc = cut_finish(cut, &flags, &chunks->err);
    if (chunks->rc == 0 && at > start)
        add_chunk(chunks, tar, at, flags);
    cut_destroy(cut);
    return chunks;
}

static void add_noise(struct tarball *tar, const char *name, size_t size, unsigned seed,
                      const char *magic, size_t magic_size)
{
    uint8_t *bytes = malloc(size + 1);

    noise(bytes, size, seed);
    memcpy(bytes, magic, magic_size);
    tarball_file(tar, name, bytes, size);
    free(bytes);
}

static void add_file(struct tarball *tar, const char *name, size_t size, unsigned seed)
{
    add_noise(tar, name, size, seed, "", 0);
}

/* A layer with small and large files. One large file is compressed, another one is zeros. */
static void make_layer(struct tarball *layer, unsigned seed)
{
    uint8_t *zeros = calloc(1, LARGE);
    char name[64];

    tarball_directory(layer, "usr/");
    for (unsigned i = 0; i < 60; i++) {
        snprintf(name, sizeof name, "usr/small-%u", i);
        add_file(layer, name, i * 37 % 3000, seed + i);
    }
    add_file(layer, "usr/large", LARGE, seed + 100);
    tarball_pax(layer, 'x', "12 path=abc\n");
    tarball_text(layer, "usr/x", "tiny");
    add_noise(layer, "usr/doc.gz", LARGE, seed + 101, "\x1f\x8b\x08", 3);
    tarball_file(layer, "usr/zeros", zeros, LARGE);
    for (unsigned i = 0; i < 60; i++) {
        snprintf(name, sizeof name, "var/small-%u", i);
        add_file(layer, name, i * 41 % 3000, seed + 200 + i);
    }
    add_file(layer, "usr/last", LARGE, seed + 102);
    tarball_end(layer);
    free(zeros);
}

/* A save stream with all kinds of entries, also malformed layers. */
static void make_stream(struct tarball *tar)
{
    struct tarball layer;

    tarball_init(tar);
    tarball_init(&layer);
    make_layer(&layer, 1);
    tarball_text(tar, "VERSION", "1.0");
    tarball_file(tar, "a/layer.tar", layer.data, layer.size);
    tarball_file(tar, "half/layer.tar", layer.data, layer.size - LARGE); /* ends in a large file */
    tarball_file(tar, "odd/layer.tar", layer.data, layer.size - LARGE - 1024 - 512 + 3);
    memset(layer.data + 1024 + 156, 'S', 1); /* an entry that the scanner does not read */
    tarball_seal(&layer, 1024);
    tarball_file(tar, "strange/layer.tar", layer.data, layer.size);
    tarball_file(tar, "more/layer.tar", layer.data, 70 * KIB + 200);
    add_file(tar, "plain", LARGE, 7);
    add_noise(tar, "blobs/gzip", LARGE, 8, "\x1f\x8b\x08", 3);
    add_noise(tar, "blobs/zstd", LARGE, 9, "\x28\xb5\x2f\xfd", 4);
    tarball_text(tar, "manifest.json", "[]");
    tarball_end(tar);
    tarball_raw(tar, (uint8_t[9000]){0}, 9000);
    tarball_finish(&layer);
}

static void pieces_do_not_matter(void **state)
{
    const size_t pieces[] = {
        test_is_small() ? 100 : 1, test_is_small() ? 37 : 3, 511, 513, 4096, 100000};
    struct tarball tar;
    struct chunks *whole;

    (void)state;
    make_stream(&tar);
    for (unsigned large = 0; large < 2; large++) {
        const struct chunk_params *params = large ? &CHUNK_DEFAULT : &SMALL;

        whole = cut_up(&tar, params, tar.size);
        assert_int_equal(whole->rc, 0);
        assert_int_equal(whole->list[whole->count - 1].end, tar.size);
        assert_string_equal(whole->entries,
                            "VERSION;a/layer.tar;half/layer.tar;odd/layer.tar;strange/layer.tar;"
                            "more/layer.tar;plain;blobs/gzip;blobs/zstd;manifest.json;");
        for (size_t i = large && test_is_sample() ? 2 : 0; i < ARRAY_SIZE(pieces); i++) {
            struct chunks *other = cut_up(&tar, params, pieces[i]);

            assert_int_equal(other->rc, 0);
            assert_int_equal(other->data, whole->data);
            assert_string_equal(other->entries, whole->entries);
            assert_int_equal(other->count, whole->count);
            for (size_t k = 0; k < whole->count; k++) {
                assert_int_equal(other->list[k].end, whole->list[k].end);
                assert_int_equal(other->list[k].flags, whole->list[k].flags);
            }
            free(other);
        }
        free(whole);
    }
    tarball_finish(&tar);
}

static bool ends_at(const struct chunks *chunks, size_t at)
{
    for (size_t i = 0; i < chunks->count; i++)
        if (chunks->list[i].end == at)
            return true;
    return false;
}

static size_t padded(size_t size)
{
    return (size + 511) / 512 * 512;
}

static void large_files_have_chunks_of_their_own(void **state)
{
    struct tarball tar, layer;
    struct chunks *chunks;
    size_t begin, first, second;

    (void)state;
    tarball_init(&tar);
    tarball_init(&layer);
    tarball_text(&layer, "small", "x");
    first = layer.size + 512;
    add_file(&layer, "first", LARGE, 1);
    second = layer.size + 512;
    add_noise(&layer, "second.xz", LARGE, 2,
              "\xfd"
              "7zXZ\0",
              6);
    tarball_end(&layer);
    tarball_text(&tar, "VERSION", "1.0");
    begin = tar.size + 512;
    tarball_file(&tar, "layer.tar", layer.data, layer.size);
    tarball_end(&tar);

    chunks = cut_up(&tar, &CHUNK_DEFAULT, 100000);
    assert_int_equal(chunks->rc, 0);
    assert_true(ends_at(chunks, begin));
    assert_true(ends_at(chunks, begin + first));
    assert_true(ends_at(chunks, begin + first + padded(LARGE)));
    assert_true(ends_at(chunks, begin + second));
    assert_true(ends_at(chunks, begin + second + padded(LARGE)));
    assert_true(ends_at(chunks, begin + layer.size));
    for (size_t i = 0; i < chunks->count; i++) {
        size_t from = i > 0 ? chunks->list[i - 1].end : 0;
        bool stored = from >= begin + second && from < begin + second + padded(LARGE);
        bool section = from == 0 || from == begin || from == begin + layer.size;

        assert_int_equal(chunks->list[i].flags,
                         (stored ? CHUNK_STORED : 0) | (section ? CHUNK_SECTION : 0));
    }
    free(chunks);
    tarball_finish(&tar);
    tarball_finish(&layer);
}

static void file_min_decides_which_files_are_large(void **state)
{
    static const size_t sizes[] = {8 * KIB - 1, 8 * KIB, 16 * KIB - 1, 16 * KIB};
    size_t begins[ARRAY_SIZE(sizes)];
    struct tarball tar;

    (void)state;
    tarball_init(&tar);
    for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
        begins[i] = tar.size + 512;
        add_file(&tar, "file", sizes[i], i);
    }
    tarball_end(&tar);
    for (unsigned fine = 0; fine < 2; fine++) {
        struct chunks *chunks = cut_up(&tar, fine ? &CHUNK_FINE : &CHUNK_DEFAULT, 100000);

        assert_int_equal(chunks->rc, 0);
        for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++)
            assert_int_equal(ends_at(chunks, begins[i]), sizes[i] >= (fine ? 8 : 16) * KIB);
        free(chunks);
    }
    tarball_finish(&tar);
}

static size_t count_missing(const struct chunks *in, const struct chunks *from)
{
    size_t missing = 0;

    for (size_t i = 0; i < in->count; i++) {
        bool found = false;

        for (size_t k = 0; k < from->count && !found; k++)
            found = xxh128_equals(&in->list[i].name, &from->list[k].name);
        missing += !found;
    }
    return missing;
}

static void a_file_inserted_early_changes_no_later_file(void **state)
{
    struct tarball before, after, layer, longer;
    struct chunks *old, *new;

    (void)state;
    tarball_init(&before);
    tarball_init(&after);
    tarball_init(&layer);
    tarball_init(&longer);
    make_layer(&layer, 5);
    tarball_raw(&longer, layer.data, 512);
    tarball_text(&longer, "usr/new", "a file that was not there");
    tarball_raw(&longer, layer.data + 512, layer.size - 512);
    tarball_file(&before, "layer.tar", layer.data, layer.size);
    tarball_file(&after, "layer.tar", longer.data, longer.size);
    tarball_end(&before);
    tarball_end(&after);
    old = cut_up(&before, &SMALL, 100000);
    new = cut_up(&after, &SMALL, 100000);
    assert_true(old->count > 100);
    assert_true(count_missing(new, old) <= 5); /* the outer header, and the position of the file */
    free(old);
    free(new);
    tarball_finish(&before);
    tarball_finish(&after);
    tarball_finish(&layer);
    tarball_finish(&longer);
}

static void equal_layers_are_cut_equally_whatever_they_are_called(void **state)
{
    struct tarball legacy, oci, layer;
    struct chunks *one, *other;

    (void)state;
    tarball_init(&legacy);
    tarball_init(&oci);
    tarball_init(&layer);
    make_layer(&layer, 9);
    tarball_text(&legacy, "0123/json", "{}");
    tarball_file(&legacy, "0123/layer.tar", layer.data, layer.size);
    tarball_end(&legacy);
    tarball_directory(&oci, "blobs/");
    add_file(&oci, "blobs/sha256/other", LARGE, 3);
    tarball_file(&oci, "blobs/sha256/4567", layer.data, layer.size);
    tarball_end(&oci);
    one = cut_up(&legacy, &CHUNK_DEFAULT, 100000);
    other = cut_up(&oci, &CHUNK_DEFAULT, 777);
    assert_true(one->count > 5);
    assert_int_equal(count_missing(one, other), 1); /* the headers before the payload */
    free(one);
    free(other);
    tarball_finish(&legacy);
    tarball_finish(&oci);
    tarball_finish(&layer);
}

static void zeros_make_the_largest_chunks(void **state)
{
    uint8_t *zeros = calloc(1, 4 * MIB);
    struct tarball tar;
    struct chunks *chunks;

    (void)state;
    tarball_init(&tar);
    tarball_file(&tar, "zeros", zeros, 4 * MIB);
    tarball_end(&tar);
    chunks = cut_up(&tar, &CHUNK_DEFAULT, 100000);
    assert_int_equal(chunks->count, 1 + 16 + 1);
    free(chunks);
    free(zeros);
    tarball_finish(&tar);
}

static void the_reason_of_an_early_end_is_found(void **state)
{
    static const char text[] = "{\"errorDetail\":{\"message\":\"no space left on device\"},"
                               "\"error\":\"no space left on device\"}\r\n";
    struct tarball whole, layer;
    size_t at[6];

    (void)state;
    tarball_init(&whole);
    tarball_init(&layer);
    make_layer(&layer, 11);
    at[0] = 0;
    tarball_text(&whole, "VERSION", "1.0");
    at[1] = whole.size;
    tarball_file(&whole, "layer.tar", layer.data, layer.size);
    at[2] = at[1] + 512 + 1024 + 5; /* in a header of the layer */
    at[3] = whole.size - 100000;
    at[4] = whole.size;
    tarball_end(&whole);
    at[5] = whole.size;
    for (size_t i = 0; i < ARRAY_SIZE(at); i++) {
        for (size_t piece = test_is_small() ? 50 : 1; piece < 5000; piece += 2499) {
            struct tarball cut = {0};
            struct chunks *chunks;

            tarball_raw(&cut, whole.data, at[i]);
            chunks = cut_up(&cut, &CHUNK_DEFAULT, piece);
            if (i < 5) {
                assert_int_equal(chunks->rc, ERR_FAIL);
                assert_string_equal(chunks->err.code, "truncated");
                assert_int_equal(chunks->err.family, ERR_INTEGRITY);
            } else {
                assert_int_equal(chunks->rc, 0);
            }
            free(chunks);
            tarball_raw(&cut, text, strlen(text));
            chunks = cut_up(&cut, &CHUNK_DEFAULT, piece);
            assert_int_equal(chunks->rc, ERR_FAIL);
            assert_int_equal(chunks->err.family, ERR_DOCKER);
            assert_string_equal(chunks->err.code, "export");
            assert_non_null(strstr(chunks->err.text, "no space left on device"));
            free(chunks);
            tarball_finish(&cut);
        }
    }
    tarball_finish(&whole);
    tarball_finish(&layer);
}

static void a_malformed_outer_tar_is_an_error(void **state)
{
    struct tarball tar;
    struct chunks *chunks;

    (void)state;
    tarball_init(&tar);
    tarball_text(&tar, "VERSION", "1.0");
    add_file(&tar, "junk", 5000, 1);
    tar.data[1024] ^= 1;
    tarball_end(&tar);
    chunks = cut_up(&tar, &CHUNK_DEFAULT, 1000);
    assert_int_equal(chunks->rc, ERR_FAIL);
    assert_string_equal(chunks->err.code, "tar");
    free(chunks);
    tarball_finish(&tar);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_do_not_matter),
        cmocka_unit_test(large_files_have_chunks_of_their_own),
        cmocka_unit_test(file_min_decides_which_files_are_large),
        cmocka_unit_test(a_file_inserted_early_changes_no_later_file),
        cmocka_unit_test(equal_layers_are_cut_equally_whatever_they_are_called),
        cmocka_unit_test(zeros_make_the_largest_chunks),
        cmocka_unit_test(the_reason_of_an_early_end_is_found),
        cmocka_unit_test(a_malformed_outer_tar_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
