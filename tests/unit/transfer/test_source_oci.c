/* The added manifest.json of an OCI archive: its image and its position. Other archives do not
 * change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/digest_text.h"
#include "base/err.h"
#include "base/hash.h"
#include "kit/tarball.h"
#include "pack/image/image.h"
#include "transfer/source_oci.h"

#define REF     "app:20250721-2118-f7a5a27"
#define OCI     "application/vnd.oci.image."
#define TRAILER ((size_t)1024)
#define PLATFORM                                                                                   \
    "\"architecture\":\"%s\",\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"%"   \
    "s\"]}"

static void id_of(const void *bytes, size_t size, char out[DIGEST_TEXT_SIZE])
{
    uint8_t sum[SHA256_SIZE];

    sha256_of(view_of(bytes, size), sum);
    strcpy(out, "sha256:");
    hex_encode(sum, SHA256_SIZE, out + 7);
}

static void add_blob(struct tarball *tar, const char *text, char id[DIGEST_TEXT_SIZE])
{
    char name[128];

    id_of(text, strlen(text), id);
    snprintf(name, sizeof name, "blobs/sha256/%s", id + 7);
    tarball_text(tar, name, text);
}

/* Returns a descriptor of this media type. */
static const char *descriptor(const char *type, const char *id, size_t size, const char *more,
                              char out[512])
{
    snprintf(out, 512, "{\"mediaType\":\"" OCI "%s\",\"digest\":\"%s\",\"size\":%zu%s}", type, id,
             size, more);
    return out;
}

/* Adds an image of one layer for a platform. Returns its descriptor and the id of its config. */
static void add_image(struct tarball *tar, const char *architecture, char out[512],
                      char config_id[DIGEST_TEXT_SIZE])
{
    char layer[1024] = "", config[1024], manifest[2048], layer_id[DIGEST_TEXT_SIZE],
         id[DIGEST_TEXT_SIZE];
    char one[512], two[512], name[128];

    id_of(layer, sizeof layer, layer_id);
    snprintf(name, sizeof name, "blobs/sha256/%s", layer_id + 7);
    if (tar->size == 0 || !memmem(tar->data, tar->size, name, strlen(name)))
        tarball_file(tar, name, layer, sizeof layer);
    snprintf(config, sizeof config, "{" PLATFORM "}", architecture, layer_id);
    add_blob(tar, config, config_id);
    snprintf(manifest, sizeof manifest, "{\"schemaVersion\":2,\"config\":%s,\"layers\":[%s]}",
             descriptor("config.v1+json", config_id, strlen(config), "", one),
             descriptor("layer.v1.tar", layer_id, sizeof layer, "", two));
    add_blob(tar, manifest, id);
    descriptor("manifest.v1+json", id, strlen(manifest), "", out);
}

static void add_index(struct tarball *tar, const char *name, const char *descriptors, char out[512])
{
    char text[4096], id[DIGEST_TEXT_SIZE];

    snprintf(text, sizeof text, "{\"schemaVersion\":2,\"manifests\":[%s]}", descriptors);
    if (name) {
        tarball_text(tar, name, text);
        return;
    }
    add_blob(tar, text, id);
    descriptor("index.v1+json", id, strlen(text), "", out);
}

static void end(struct tarball *tar)
{
    tarball_text(tar, "oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}");
    tarball_end(tar);
}

/* Reads the archive through source_oci, with a buffer of `cap` bytes. */
static int read_through(const struct tarball *tar, size_t cap, struct text *out, struct err *err)
{
    char name[] = "/tmp/s3dock-oci-XXXXXX";
    int fd = mkstemp(name);
    struct source *source;
    uint8_t *buffer = malloc(cap);
    long got;

    assert_int_equal(write(fd, tar->data, tar->size), (ssize_t)tar->size);
    source = source_oci(source_file(name, NULL, err), REF, err);
    assert_non_null(source);
    assert_int_equal(source->kind, SOURCE_FILE);
    text_init(out, 8 * MIB);
    while ((got = source_read(source, buffer, cap, err)) > 0)
        text_add(out, buffer, (size_t)got);
    source_destroy(source);
    free(buffer);
    close(fd);
    unlink(name);
    return got < 0 ? ERR_FAIL : 0;
}

/* Checks that a manifest.json with this config precedes the trailer. */
static void expect_added(const struct tarball *tar, size_t cap, const char *config_id)
{
    struct err err = {0};
    struct text out;
    char want[256];
    size_t before = tar->size - TRAILER;

    snprintf(want, sizeof want, "[{\"Config\":\"blobs/sha256/%s\",\"RepoTags\":[\"" REF "\"],",
             config_id + 7);
    if (read_through(tar, cap, &out, &err))
        fail_msg("refused: %s", err.text);
    assert_int_equal(out.size, tar->size + 1024);
    assert_memory_equal(out.data, tar->data, before);
    assert_string_equal(out.data + before, "manifest.json");
    assert_memory_equal(out.data + before + 512, want, strlen(want));
    assert_memory_equal(out.data + before + 1024, tar->data + before, TRAILER);
    text_finish(&out);
}

static void expect_unchanged(const struct tarball *tar)
{
    static const size_t caps[] = {7, 512, 100000};

    for (size_t i = 0; i < ARRAY_SIZE(caps); i++) {
        struct err err = {0};
        struct text out;

        assert_int_equal(read_through(tar, caps[i], &out, &err), 0);
        assert_int_equal(out.size, tar->size);
        assert_memory_equal(out.data, tar->data, tar->size);
        text_finish(&out);
    }
}

static void expect_refused(const struct tarball *tar, const char *words)
{
    struct err err = {0};
    struct text out;

    assert_int_equal(read_through(tar, 10000, &out, &err), ERR_FAIL);
    assert_string_equal(err.code, "image");
    if (!strstr(err.text, words))
        fail_msg("\"%s\" does not say \"%s\"", err.text, words);
    text_finish(&out);
}

/* A layer between the documents is larger than the buffer of the source. */
static void the_document_is_put_before_the_trailer(void **state)
{
    char one[512], id[DIGEST_TEXT_SIZE];
    uint8_t *large = calloc(1, 700001);
    struct tarball tar;

    (void)state;
    tarball_init(&tar);
    tarball_directory(&tar, "blobs/");
    add_image(&tar, "amd64", one, id);
    tarball_file(&tar, "large", large, 700001);
    add_index(&tar, "index.json", one, NULL);
    end(&tar);
    expect_added(&tar, 7, id);
    expect_added(&tar, 100000, id);
    expect_added(&tar, 2000000, id);
    tarball_finish(&tar);
    free(large);
}

/* buildx writes an index with an attestation; further names of one image are equal descriptors. */
static void indexes_and_attestations_lead_to_the_image(void **state)
{
    static const char attests[] =
        ",\"annotations\":{\"vnd.docker.reference.type\":\"attestation-manifest\"},"
        "\"platform\":{\"architecture\":\"unknown\",\"os\":\"unknown\"}";
    char one[512], two[512], id[DIGEST_TEXT_SIZE], other[DIGEST_TEXT_SIZE], list[2048], top[512];
    struct tarball tar;

    (void)state;
    tarball_init(&tar);
    add_image(&tar, "amd64", one, id);
    add_blob(&tar, "{\"schemaVersion\":2,\"layers\":[]}", other);
    descriptor("manifest.v1+json", other, 31, attests, two);
    snprintf(list, sizeof list, "%s,%s", one, two);
    add_index(&tar, NULL, list, top);
    snprintf(list, sizeof list, "%s,%s", top, top);
    add_index(&tar, "index.json", list, NULL);
    end(&tar);
    expect_added(&tar, 5000, id);
    tarball_finish(&tar);
}

static void several_platforms_are_reported(void **state)
{
    char one[512], two[512], id[DIGEST_TEXT_SIZE], list[2048];
    struct tarball tar;

    (void)state;
    tarball_init(&tar);
    add_image(&tar, "amd64", one, id);
    add_image(&tar, "arm64", two, id);
    snprintf(list, sizeof list, "%s,%s", one, two);
    add_index(&tar, "index.json", list, NULL);
    end(&tar);
    expect_refused(&tar, "2 images: linux/amd64, linux/arm64");
    tarball_finish(&tar);
}

static void an_index_that_leads_nowhere_is_refused(void **state)
{
    char gone[512], text[512];
    static const char none[] =
        "sha256:0123456789012345678901234567890123456789012345678901234567890123";
    struct tarball tar;
    struct err err = {0};
    struct text out;

    (void)state;
    tarball_init(&tar);
    add_index(&tar, "index.json", descriptor("manifest.v1+json", none, 31, "", gone), NULL);
    end(&tar);
    expect_refused(&tar, "names no image");
    tarball_finish(&tar);

    tarball_init(&tar);
    tarball_text(&tar, "index.json", "{");
    end(&tar);
    assert_int_equal(read_through(&tar, 1000, &out, &err), ERR_FAIL);
    text_finish(&out);
    tarball_finish(&tar);

    /* a manifest that lacks its layer */
    tarball_init(&tar);
    {
        char config[DIGEST_TEXT_SIZE], manifest[DIGEST_TEXT_SIZE], one[512], two[512];
        char body[2048];

        add_blob(&tar, "{}", config);
        snprintf(body, sizeof body, "{\"config\":%s,\"layers\":[%s]}",
                 descriptor("config.v1+json", config, 2, "", one),
                 descriptor("layer.v1.tar", none, 10, "", two));
        add_blob(&tar, body, manifest);
        add_index(&tar, "index.json",
                  descriptor("manifest.v1+json", manifest, strlen(body), "", text), NULL);
    }
    end(&tar);
    expect_refused(&tar, "lacks a layer");
    tarball_finish(&tar);
}

/* In a valid archive, an index cannot lead to itself by its digest. In a forged one, the search
 * ends. */
static void a_cycle_of_indexes_ends(void **state)
{
    static const char name[] =
        "sha256:0000000000000000000000000000000000000000000000000000000000000000";
    char one[512], list[2048], path[128];
    struct tarball tar;

    (void)state;
    descriptor("index.v1+json", name, 10, "", one);
    snprintf(list, sizeof list, "%s,%s,%s", one, one, one);
    snprintf(path, sizeof path, "blobs/sha256/%s", name + 7);
    tarball_init(&tar);
    add_index(&tar, path, list, NULL);
    add_index(&tar, "index.json", one, NULL);
    end(&tar);
    expect_refused(&tar, "name too many other documents");
    tarball_finish(&tar);
}

static void other_archives_pass_unchanged(void **state)
{
    char one[512], id[DIGEST_TEXT_SIZE];
    struct tarball tar;

    (void)state;
    tarball_init(&tar);
    add_image(&tar, "amd64", one, id);
    add_index(&tar, "index.json", one, NULL);
    tarball_text(&tar, "./manifest.json", "[]");
    end(&tar);
    expect_unchanged(&tar);
    tar.size -= TRAILER; /* truncated: the reader reports it */
    expect_unchanged(&tar);
    tarball_finish(&tar);

    tarball_init(&tar);
    add_image(&tar, "amd64", one, id);
    tarball_end(&tar);
    expect_unchanged(&tar);
    tarball_finish(&tar);

    tarball_init(&tar);
    tarball_raw(&tar, "{\"message\":\"no such image\"}", 27);
    expect_unchanged(&tar);
    tarball_finish(&tar);

    tarball_init(&tar);
    tarball_raw(&tar, "x", 1);
    expect_unchanged(&tar);
    tar.size = 0;
    expect_unchanged(&tar);
    tarball_finish(&tar);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_document_is_put_before_the_trailer),
        cmocka_unit_test(indexes_and_attestations_lead_to_the_image),
        cmocka_unit_test(several_platforms_are_reported),
        cmocka_unit_test(an_index_that_leads_nowhere_is_refused),
        cmocka_unit_test(a_cycle_of_indexes_ends),
        cmocka_unit_test(other_archives_pass_unchanged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
