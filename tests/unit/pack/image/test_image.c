/* The contents of a save stream: every layout, and all kinds of missing or wrong contents. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "base/bytes.h"
#include "base/digest_text.h"
#include "base/err.h"
#include "base/hash.h"
#include "kit/small.h"
#include "kit/tarball.h"
#include "pack/image/image.h"
#include "pack/tar/tar.h"

/* The result of the checks. The info belongs to the image. */
struct verdict {
    struct image *image;
    const struct image_info *info;
    int rc;
    struct err err;
};

static struct verdict judge(struct tarball *tar, size_t piece)
{
    struct verdict verdict = {.image = image_create()};
    struct tar *scanner = tar_create();
    size_t at = 0, end = 0;

    tar_strict(scanner);
    while (verdict.rc == 0) {
        struct tar_step step = {.event = TAR_MORE};

        if (at < end)
            verdict.rc = tar_scan(scanner, tar->data + at, end - at, &step, &verdict.err);
        if (verdict.rc < 0)
            break;
        if (step.event == TAR_MORE) {
            if (end == tar->size)
                break;
            end = end + piece < tar->size ? end + piece : tar->size;
            continue;
        }
        verdict.rc =
            image_feed(verdict.image, &step, tar_entry(scanner), tar->data + at, &verdict.err);
        at += step.used;
    }
    if (verdict.rc == 0)
        verdict.rc = image_finish(verdict.image, &verdict.info, &verdict.err);
    tar_destroy(scanner);
    return verdict;
}

static void accept(struct verdict *verdict)
{
    if (verdict->rc < 0)
        fail_msg("refused: %s", verdict->err.text);
}

static void refuse(struct tarball *tar, const char *code, const char *words)
{
    struct verdict verdict = judge(tar, 1000);

    if (verdict.rc == 0)
        fail_msg("accepted, although: %s", words);
    assert_string_equal(verdict.err.code, code);
    if (!strstr(verdict.err.text, words))
        fail_msg("\"%s\" does not say \"%s\"", verdict.err.text, words);
    image_destroy(verdict.image);
}

/* Returns "sha256:<hex>" of some bytes. */
static const char *id_of(const void *bytes, size_t size, char out[DIGEST_TEXT_SIZE])
{
    uint8_t sum[SHA256_SIZE];

    sha256_of(view_of(bytes, size), sum);
    strcpy(out, "sha256:");
    hex_encode(sum, SHA256_SIZE, out + 7);
    return out;
}

#define LAYERS 3

/* Three layers with different contents, and their config. */
struct parts {
    struct tarball layer[LAYERS];
    char diff_id[LAYERS][DIGEST_TEXT_SIZE];
    char config[1024];
    char config_id[DIGEST_TEXT_SIZE];
};

static void parts_init(struct parts *parts)
{
    uint8_t bytes[3000];

    for (unsigned i = 0; i < LAYERS; i++) {
        tarball_init(&parts->layer[i]);
        noise(bytes, sizeof bytes, i);
        tarball_file(&parts->layer[i], "file", bytes, 1000 * (i + 1));
        tarball_end(&parts->layer[i]);
        id_of(parts->layer[i].data, parts->layer[i].size, parts->diff_id[i]);
    }
    snprintf(parts->config, sizeof parts->config,
             "{\"architecture\":\"arm64\",\"variant\":\"v8\",\"os\":\"linux\","
             "\"created\":\"2025-07-21T14:30:00Z\",\"rootfs\":{\"type\":\"layers\","
             "\"diff_ids\":[\"%s\",\"%s\",\"%s\"]}}",
             parts->diff_id[0], parts->diff_id[1], parts->diff_id[2]);
    id_of(parts->config, strlen(parts->config), parts->config_id);
}

static void parts_finish(struct parts *parts)
{
    for (unsigned i = 0; i < LAYERS; i++)
        tarball_finish(&parts->layer[i]);
}

/* Returns a manifest.json with these files. */
static void add_manifest(struct tarball *tar, const char *config, const char *one, const char *two,
                         const char *three)
{
    char json[2048];

    snprintf(json, sizeof json,
             "[{\"Config\":\"%s\",\"RepoTags\":[\"app:1\",\"app:2\"],"
             "\"Layers\":[\"%s\",\"%s\",\"%s\"]}]",
             config, one, two, three);
    tarball_text(tar, "manifest.json", json);
}

static void add_blob(struct tarball *tar, const void *bytes, size_t size, char id[DIGEST_TEXT_SIZE])
{
    char name[128];

    id_of(bytes, size, id);
    snprintf(name, sizeof name, "blobs/sha256/%.64s", id + 7);
    tarball_file(tar, name, bytes, size);
}

/* In the form of Docker <= 24. Omits the layer `skip` (-1: none). */
static void make_legacy(struct tarball *tar, const struct parts *parts, int skip)
{
    tarball_init(tar);
    tarball_text(tar, "c.json", parts->config);
    for (int i = 0; i < LAYERS; i++) {
        char name[32];

        snprintf(name, sizeof name, "%d/", i);
        tarball_directory(tar, name);
        snprintf(name, sizeof name, "%d/json", i);
        tarball_text(tar, name, "{}");
        snprintf(name, sizeof name, "%d/layer.tar", i);
        if (i != skip)
            tarball_file(tar, name, parts->layer[i].data, parts->layer[i].size);
    }
    add_manifest(tar, "c.json", "0/layer.tar", "1/layer.tar", "2/layer.tar");
    tarball_text(tar, "repositories", "{}");
    tarball_end(tar);
}

static void check_layers(const struct image_info *info, const struct parts *parts,
                         const struct tarball *tar)
{
    assert_string_equal(info->id, parts->config_id);
    assert_memory_equal(tar->data + info->config_offset, parts->config, info->config_size);
    assert_int_equal(info->config_size, strlen(parts->config));
    assert_int_equal(info->layer_count, LAYERS);
    for (unsigned i = 0; i < LAYERS; i++) {
        const struct image_layer *layer = &info->layers[i];
        char id[DIGEST_TEXT_SIZE];

        assert_string_equal(layer->diff_id, parts->diff_id[i]);
        assert_string_equal(layer->digest,
                            id_of(tar->data + layer->raw_offset, layer->raw_size, id));
    }
}

static void the_legacy_layout(void **state)
{
    static const size_t pieces[] = {1, 513, 1 << 20};
    struct parts parts;
    struct tarball tar;

    (void)state;
    parts_init(&parts);
    make_legacy(&tar, &parts, -1);
    for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
        struct verdict verdict = judge(&tar, pieces[i]);
        const struct image_info *info = verdict.info;

        accept(&verdict);
        check_layers(info, &parts, &tar);
        assert_string_equal(info->manifest_id, "");
        assert_string_equal(info->os, "linux");
        assert_string_equal(info->architecture, "arm64");
        assert_string_equal(info->variant, "v8");
        assert_string_equal(info->created, "2025-07-21T14:30:00Z");
        assert_string_equal(info->layers[0].media_type, "application/vnd.oci.image.layer.v1.tar");
        assert_int_equal(info->raw_size, tar.size);
        assert_int_equal(info->tag_count, 2);
        assert_string_equal(info->tags[1], "app:2");
        image_destroy(verdict.image);
    }
    tarball_finish(&tar);
    parts_finish(&parts);
}

/* Packs a layer like a registry: two gzip members, or zstd. */
static size_t add_packed(struct tarball *tar, const struct tarball *layer, bool zstd,
                         char id[DIGEST_TEXT_SIZE])
{
    uint8_t out[16384];
    size_t size = 0;

    if (zstd) {
        size = ZSTD_compress(out, sizeof out, layer->data, layer->size, 3);
        assert_false(ZSTD_isError(size));
    }
    for (unsigned half = 0; !zstd && half < 2; half++) {
        z_stream z = {.next_in = layer->data + half * 512,
                      .avail_in = half ? (uInt)layer->size - 512 : 512,
                      .next_out = out + size,
                      .avail_out = (uInt)(sizeof out - size)};

        assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, 0), Z_OK);
        assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
        size += z.total_out;
        deflateEnd(&z);
    }
    add_blob(tar, out, size, id);
    return size;
}

#define OCI "application/vnd.oci.image."

/* Returns a descriptor. `more`: further members, each with a leading comma. */
static size_t add_descriptor(char *json, const char *type, const char *id, size_t size,
                             const char *more)
{
    return (size_t)sprintf(json,
                           "{\"mediaType\":\"application/vnd.oci.image.%s\",\"digest\":\"%s\","
                           "\"size\":%zu%s}",
                           type, id, size, more);
}

enum oci_kind {
    OCI_PLAIN,
    OCI_NESTED,
    OCI_OTHER,     /* the index leads to another config */
    OCI_TWO,       /* and to ours, too */
    OCI_PLATFORMS, /* the same, of another platform */
    OCI_PARTIAL,   /* the same, and the other config is not in the archive */
    OCI_BAD_BLOB,  /* a name that is not the digest */
    OCI_BAD_LAYER, /* the manifest has another layer than manifest.json */
    OCI_BAD_SIZE,
    OCI_BAD_TYPE,         /* a gzip layer with the media type of a plain one */
    OCI_FEWER,            /* layers in the manifest */
    OCI_BOTH,             /* the manifest is an index, too */
    OCI_NOWHERE,          /* the index leads to missing content */
    OCI_EMPTY,            /* the index lists nothing */
    OCI_WRONG_PLATFORM,   /* the index states another platform for the image */
    OCI_CLAIMED_PLATFORM, /* and the image's platform for another image */
    OCI_SEVERAL,          /* index.json lists a second manifest */
    OCI_VERSION,          /* another version of the layout */
};

/* Writes the manifest of these layers and a config. Sets `top` to its id. Returns its size. */
static size_t add_oci_manifest(struct tarball *tar, const struct parts *parts, enum oci_kind kind,
                               const char *config, char id[LAYERS][DIGEST_TEXT_SIZE],
                               const size_t size[LAYERS], char top[DIGEST_TEXT_SIZE])
{
    static const char *const types[] = {"layer.v1.tar", "layer.v1.tar+gzip", "layer.v1.tar+zstd"};
    char json[2048];
    size_t at = (size_t)sprintf(json, "{\"schemaVersion\":2,\"config\":");

    at += add_descriptor(json + at, "config.v1+json", config,
                         config == parts->config_id ? strlen(parts->config) : 1, "");
    at += (size_t)sprintf(json + at, ",\"layers\":[");
    for (unsigned i = 0; i < LAYERS - (kind == OCI_FEWER); i++) {
        if (i > 0)
            json[at++] = ',';
        at +=
            add_descriptor(json + at, types[kind == OCI_BAD_TYPE ? 0 : i],
                           id[kind == OCI_BAD_LAYER ? 0 : i], size[i] + (kind == OCI_BAD_SIZE), "");
    }
    at += (size_t)sprintf(json + at, kind == OCI_BOTH ? "],\"manifests\":[]}" : "]}");
    add_blob(tar, json, at, top);
    return at;
}

struct oci_blob {
    char id[DIGEST_TEXT_SIZE];
    size_t size;
    const char *type;
};

/* The index has several manifests: for platforms, or one and a missing one. */
static bool has_index(enum oci_kind kind)
{
    return kind == OCI_NESTED || kind == OCI_TWO || kind == OCI_PLATFORMS || kind == OCI_PARTIAL ||
           kind == OCI_WRONG_PLATFORM || kind == OCI_CLAIMED_PLATFORM;
}

/* A config without the layers of the image. */
static void add_other_config(struct tarball *tar, enum oci_kind kind, char id[DIGEST_TEXT_SIZE])
{
    bool amd64 =
        kind == OCI_PLATFORMS || kind == OCI_CLAIMED_PLATFORM || kind == OCI_WRONG_PLATFORM;
    char json[128];

    snprintf(json, sizeof json, "{\"os\":\"linux\",\"architecture\":\"%s\"}",
             amd64 ? "amd64" : "arm64");
    add_blob(tar, json, strlen(json), id);
}

static const char ATTESTED[] =
    ",\"annotations\":{\"vnd.docker.reference.type\":\"attestation-manifest\"},"
    "\"platform\":{\"os\":\"unknown\",\"architecture\":\"unknown\"}";

/* Replaces `top`, a manifest, by an index of it, the attestation, and `second`. */
static void add_oci_index(struct tarball *tar, enum oci_kind kind, const struct oci_blob *second,
                          const char *attestation, struct oci_blob *top)
{
    static const char amd64[] = ",\"platform\":{\"os\":\"linux\",\"architecture\":\"amd64\"}";
    static const char arm64[] = ",\"platform\":{\"os\":\"linux\",\"architecture\":\"arm64\"}";
    char json[2048];
    size_t at = (size_t)sprintf(json, "{\"manifests\":[");

    if (kind == OCI_NESTED)
        at += add_descriptor(json + at, top->type, "sha256:missing", 7, "");
    else
        at += add_descriptor(json + at, second->type, second->id, second->size,
                             kind == OCI_CLAIMED_PLATFORM ? arm64 : amd64);
    at += (size_t)sprintf(json + at, ",");
    at += add_descriptor(json + at, top->type, attestation, 17, ATTESTED);
    at += (size_t)sprintf(json + at, ",");
    at += add_descriptor(json + at, top->type, top->id, top->size,
                         kind == OCI_WRONG_PLATFORM ? amd64 : arm64);
    at += (size_t)sprintf(json + at, "]}");
    add_blob(tar, json, at, top->id);
    top->size = at;
    top->type = "index.v1+json";
}

static void add_index_json(struct tarball *tar, enum oci_kind kind, const struct oci_blob *top,
                           const char *attestation)
{
    char json[2048];
    size_t at = (size_t)sprintf(json, "{\"manifests\":[");

    if (kind != OCI_EMPTY) {
        at += add_descriptor(json + at, top->type, top->id, top->size, "");
        at += (size_t)sprintf(json + at, ",");
        if (kind == OCI_SEVERAL)
            at += add_descriptor(json + at, top->type, "sha256:missing", 5, "");
        else
            at += add_descriptor(json + at, top->type, top->id, top->size, "");
        at += (size_t)sprintf(json + at, ",");
        at += add_descriptor(json + at, "manifest.v1+json", attestation, 17, ATTESTED);
    }
    sprintf(json + at, "]}");
    tarball_text(tar, "index.json", json);
}

static void add_manifest_of_blobs(struct tarball *tar, const char *config,
                                  char id[LAYERS][DIGEST_TEXT_SIZE])
{
    char path[LAYERS + 1][128];

    snprintf(path[LAYERS], sizeof path[LAYERS], "blobs/sha256/%.64s", config + 7);
    for (unsigned i = 0; i < LAYERS; i++)
        snprintf(path[i], sizeof path[i], "blobs/sha256/%.64s", id[i] + 7);
    add_manifest(tar, path[LAYERS], path[0], path[1], path[2]);
}

/* In the form of Docker >= 25 and containerd. */
static void make_oci(struct tarball *tar, struct parts *parts, enum oci_kind kind,
                     char top_id[DIGEST_TEXT_SIZE])
{
    char id[LAYERS][DIGEST_TEXT_SIZE], config[DIGEST_TEXT_SIZE], other[DIGEST_TEXT_SIZE];
    char attestation[DIGEST_TEXT_SIZE];
    struct oci_blob top = {.type = "manifest.v1+json"}, second = top;
    size_t size[LAYERS];

    tarball_init(tar);
    tarball_directory(tar, "blobs/");
    tarball_directory(tar, "blobs/sha256/");
    add_blob(tar, parts->config, strlen(parts->config), config);
    if (kind == OCI_PARTIAL)
        digest_text_of(other, view_str("missing"));
    else
        add_other_config(tar, kind, other);
    add_blob(tar, parts->layer[0].data, parts->layer[0].size, id[0]);
    size[0] = parts->layer[0].size;
    size[1] = add_packed(tar, &parts->layer[1], false, id[1]);
    size[2] = add_packed(tar, &parts->layer[2], true, id[2]);
    top.size = add_oci_manifest(tar, parts, kind, kind == OCI_OTHER ? other : parts->config_id, id,
                                size, top.id);
    add_blob(tar, "{\"attestation\":1}", 17, attestation);
    if (has_index(kind)) {
        if (kind != OCI_NESTED)
            second.size = add_oci_manifest(tar, parts, kind, other, id, size, second.id);
        add_oci_index(tar, kind, &second, attestation, &top);
    }
    if (kind == OCI_BAD_BLOB)
        tarball_text(tar, "blobs/sha256/0123", "{}");
    if (kind == OCI_NOWHERE)
        strcpy(top.id, "sha256:missing");
    add_index_json(tar, kind, &top, attestation);
    add_manifest_of_blobs(tar, config, id);
    tarball_text(tar, "oci-layout",
                 kind == OCI_VERSION ? "{\"imageLayoutVersion\":\"2.0.0\"}"
                                     : "{\"imageLayoutVersion\":\"1.0.0\"}");
    tarball_end(tar);
    strcpy(top_id, top.id);
}

static void the_oci_layout_with_compressed_layers(void **state)
{
    static const enum oci_kind kinds[] = {OCI_PLAIN, OCI_NESTED, OCI_PLATFORMS, OCI_PARTIAL,
                                          OCI_EMPTY};
    struct parts parts;

    (void)state;
    parts_init(&parts);
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        struct tarball tar;
        struct verdict verdict;
        char top[DIGEST_TEXT_SIZE];

        make_oci(&tar, &parts, kinds[i], top);
        verdict = judge(&tar, 700);
        accept(&verdict);
        check_layers(verdict.info, &parts, &tar);
        assert_string_equal(verdict.info->manifest_id, kinds[i] == OCI_EMPTY ? "" : top);
        assert_string_equal(verdict.info->layers[0].digest, verdict.info->layers[0].diff_id);
        assert_string_not_equal(verdict.info->layers[1].digest, verdict.info->layers[1].diff_id);
        assert_int_equal(verdict.info->others, kinds[i] == OCI_PLATFORMS);
        assert_string_equal(verdict.info->layers[1].media_type,
                            "application/vnd.oci.image.layer.v1.tar+gzip");
        assert_string_equal(verdict.info->layers[2].media_type,
                            "application/vnd.oci.image.layer.v1.tar+zstd");
        image_destroy(verdict.image);
        tarball_finish(&tar);
    }
    parts_finish(&parts);
}

/* containerd's store reads the index, graph drivers manifest.json. */
static void descriptions_that_disagree_are_refused(void **state)
{
    static const struct {
        enum oci_kind kind;
        const char *words;
    } cases[] = {
        {OCI_OTHER, "two different images"},
        {OCI_TWO, "two different images"},
        {OCI_BAD_LAYER, "differ in a layer's"},
        {OCI_BAD_SIZE, "differ in a layer's"},
        {OCI_BAD_TYPE, "differ in a layer's"},
        {OCI_FEWER, "number of layers"},
        {OCI_BOTH, "both a manifest and an index"},
        {OCI_NOWHERE, "does not name the image"},
        {OCI_VERSION, "oci-layout"},
        {OCI_SEVERAL, "several images"},
        {OCI_WRONG_PLATFORM, "states another platform"},
        {OCI_CLAIMED_PLATFORM, "another image of this platform"},
    };
    struct parts parts;

    (void)state;
    parts_init(&parts);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char top[DIGEST_TEXT_SIZE];
        struct tarball tar;

        make_oci(&tar, &parts, cases[i].kind, top);
        refuse(&tar, "image", cases[i].words);
        tarball_finish(&tar);
    }
    parts_finish(&parts);
}

/* The error names the remedy. */
static void an_oci_archive_is_named(void **state)
{
    struct parts parts;
    struct tarball tar;
    char top[DIGEST_TEXT_SIZE];
    uint8_t *found;

    (void)state;
    parts_init(&parts);
    make_oci(&tar, &parts, OCI_PLAIN, top);
    found = memmem(tar.data, tar.size, "manifest.json", 13);
    found[0] = 'x';
    tarball_seal(&tar, (size_t)(found - tar.data));
    refuse(&tar, "oci_archive", "OCI archive");
    tarball_finish(&tar);
    parts_finish(&parts);
}

static void links_may_come_before_their_targets(void **state)
{
    struct parts parts;
    struct tarball tar;
    struct verdict verdict;

    (void)state;
    parts_init(&parts);
    tarball_init(&tar);
    tarball_symlink(&tar, "a/layer.tar", "./../z/./layer.tar");
    tarball_text(&tar, "./c.json", parts.config);
    tarball_file(&tar, "z/layer.tar", parts.layer[0].data, parts.layer[0].size);
    tarball_file(&tar, "1.tar", parts.layer[1].data, parts.layer[1].size);
    tarball_file(&tar, "2.tar", parts.layer[2].data, parts.layer[2].size);
    add_manifest(&tar, "c.json", "a/layer.tar", "1.tar", "2.tar");
    tarball_end(&tar);
    verdict = judge(&tar, 700);
    accept(&verdict);
    check_layers(verdict.info, &parts, &tar);
    image_destroy(verdict.image);
    tarball_finish(&tar);
    parts_finish(&parts);
}

static struct tarball read_golden(const char *name)
{
    struct tarball tar = {0};
    uint8_t buffer[4096];
    char path[512];
    FILE *file;
    size_t got;

    snprintf(path, sizeof path, "%s/save/%s", getenv("S3DOCK_TEST_DATA"), name);
    file = fopen(path, "rb");
    assert_non_null(file);
    while ((got = fread(buffer, 1, sizeof buffer, file)) > 0)
        tarball_raw(&tar, buffer, got);
    fclose(file);
    return tar;
}

static void real_streams(void **state)
{
    static const struct {
        const char *file, *id, *manifest_id, *tag;
    } cases[] = {
        {"docker-20.10.tar",
         "sha256:0a1d1aab508b743f50eb90ce3565673cebba4ff4a418b218c812bc1804ed45b3", "", "dup:1"},
        {"docker-archive.tar",
         "sha256:0a1d1aab508b743f50eb90ce3565673cebba4ff4a418b218c812bc1804ed45b3", "",
         "localhost/dup:1"},
        {"containerd-1.6.tar",
         "sha256:5b5c3a52dee4c35f351156b0baca176c31425519eb44ba10463d67517a5871de",
         "sha256:767dd2c8066cf31e0131e20bfb3cdd061c33f48dcf7e5627b57db132606888f1", "dup:1"},
    };

    const size_t step = test_is_small() ? 7777 : 777;

    (void)state;
    if (!getenv("S3DOCK_TEST_DATA"))
        skip();
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct tarball tar = read_golden(cases[i].file);
        struct verdict verdict = judge(&tar, test_is_small() ? 61 : 1);

        accept(&verdict);
        assert_string_equal(verdict.info->id, cases[i].id);
        assert_string_equal(verdict.info->manifest_id, cases[i].manifest_id);
        assert_string_equal(verdict.info->tags[0], cases[i].tag);
        assert_int_equal(verdict.info->layer_count, 3);
        for (unsigned k = 0; k < 3; k++)
            assert_string_equal(verdict.info->layers[k].diff_id, verdict.info->layers[0].diff_id);
        image_destroy(verdict.image);

        /* A stream that is truncated anywhere before its trailer is refused. */
        while (tar.data[tar.size - 1] == 0)
            tar.size--;
        for (;; tar.size -= step) {
            verdict = judge(&tar, 4096);
            assert_int_equal(verdict.rc, ERR_FAIL);
            assert_string_equal(verdict.err.code, "truncated");
            image_destroy(verdict.image);
            if (tar.size < step)
                break;
        }
        tarball_finish(&tar);
    }
}

static void missing_content_is_refused(void **state)
{
    struct parts parts;
    struct tarball tar;
    char top[DIGEST_TEXT_SIZE];
    uint8_t *found;

    (void)state;
    parts_init(&parts);
    for (int i = 0; i < LAYERS; i++) {
        make_legacy(&tar, &parts, i);
        refuse(&tar, "image", "layer is missing");
        tarball_finish(&tar);
    }

    make_legacy(&tar, &parts, -1);
    tar.size -= TAR_BLOCK;
    refuse(&tar, "truncated", "too early");
    tar.size = 0;
    refuse(&tar, "truncated", "too early");
    tarball_finish(&tar);

    make_legacy(&tar, &parts, -1);
    found = memmem(tar.data, tar.size, parts.layer[1].data + 600, 64);
    assert_non_null(found);
    *found ^= 1;
    refuse(&tar, "image", "differs from the config");
    tarball_finish(&tar);

    make_legacy(&tar, &parts, -1);
    found = memmem(tar.data, tar.size, "manifest.json", 13);
    found[0] = 'm' + 1;
    tarball_seal(&tar, (size_t)(found - tar.data));
    refuse(&tar, "image", "no manifest.json");
    tarball_finish(&tar);

    make_legacy(&tar, &parts, -1);
    found = memmem(tar.data, tar.size, "c.json", 6);
    found[0] = 'C';
    tarball_seal(&tar, (size_t)(found - tar.data));
    refuse(&tar, "image", "config is missing");
    tarball_finish(&tar);

    make_legacy(&tar, &parts, -1); /* a file system that ignores case finds it */
    found = memmem(tar.data, tar.size, "manifest.json", 13);
    found[0] = 'M';
    tarball_seal(&tar, (size_t)(found - tar.data));
    refuse(&tar, "image", "the name of a document");
    tarball_finish(&tar);

    make_oci(&tar, &parts, OCI_BAD_BLOB, top);
    refuse(&tar, "image", "differs from its name");
    tarball_finish(&tar);

    make_oci(&tar, &parts, OCI_PLAIN, top);
    found = memmem(tar.data, tar.size, "\x28\xb5\x2f\xfd", 4);
    found[40] ^= 1; /* a damaged zstd layer with its old name */
    refuse(&tar, "image", "differs from its name");
    tarball_finish(&tar);
    parts_finish(&parts);
}

static void errors_at_the_end_of_a_stream_are_reported(void **state)
{
    static const char text[] = "{\"errorDetail\":{\"message\":\"no space left on device\"}}\r\n";
    struct parts parts;
    struct tarball tar;

    (void)state;
    parts_init(&parts);
    make_legacy(&tar, &parts, -1);
    tarball_raw(&tar, text, strlen(text)); /* after the trailer */
    refuse(&tar, "export", "no space left on device");
    tar.size -= strlen(text) + (size_t)2 * TAR_BLOCK;
    tarball_raw(&tar, text, strlen(text)); /* instead of a header */
    refuse(&tar, "export", "no space left on device");
    tar.size = 4000;
    tarball_raw(&tar, text, strlen(text)); /* in a payload */
    refuse(&tar, "export", "no space left on device");
    tar.size = 0;
    tarball_raw(&tar, text, strlen(text)); /* instead of everything */
    refuse(&tar, "export", "no space left on device");
    tarball_finish(&tar);
    parts_finish(&parts);
}

/* Streams with false names and numbers: entries before a complete legacy stream. */
static void false_names_are_refused(void **state)
{
    static const struct {
        char type;
        const char *name, *target, *code, *words;
    } cases[] = {
        {'0', "/etc/passwd", "", "tar", "contains .."},
        {'0', "a/../../b", "", "tar", "contains .."},
        {'0', "..", "", "tar", "contains .."},
        {'0', "./", "", "tar", "contains .."},
        {'0', "a//b", "", "tar", "contains .."},
        {'0', "a/./b", "", "tar", "contains .."},
        {'0', "a/", "", "tar", "contains .."},
        {'0', "a\\b", "", "tar", "backslashes"},
        {'0', "a\nb", "", "tar", "control characters"},
        {'0', "a\xff", "", "tar", "invalid UTF-8"},
        {'0', "a\xc2\x85", "", "tar", "control characters"},
        {'1', "link", "c.json", "tar", "hard link"},
        {'3', "device", "", "tar", "not a file, folder"},
        {'7', "reserved", "", "tar", "not a file, folder"},
        {'0', "./manifest.json", "", "image", "two entries with one name"},
        {'0', "0", "", "image", "two entries with one name"},
        {'0', "c.json/x", "", "image", "that is not a folder"},
        {'2', "index.json", "c.json", "image", "not a file"},
        {'0', "oci-layout", "", "image", "no index.json"},
        {'2', "link", "nowhere", "image", "a missing file"},
        {'2', "link", "link", "image", "a missing file"},
        {'2', "link", "0", "image", "a missing file"},
        {'2', "link", "/c.json", "image", "a missing file"},
        {'2', "link", "../c.json", "image", "a missing file"},
    };
    struct parts parts;

    (void)state;
    parts_init(&parts);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct tarball tar, legacy;

        tarball_init(&tar);
        make_legacy(&legacy, &parts, -1);
        tarball_header(&tar, cases[i].type, cases[i].name, cases[i].target, 0);
        tarball_raw(&tar, legacy.data, legacy.size);
        refuse(&tar, cases[i].code, cases[i].words);
        tarball_finish(&tar);
        tarball_finish(&legacy);
    }
    parts_finish(&parts);
}

#define ROOTFS(ids) "{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[" ids "]}"

static void false_manifests_are_refused(void **state)
{
    static const struct {
        const char *manifest, *config, *code, *words;
    } cases[] = {
        {"[]", "{}", "image", "names no image"},
        {"{}", "{}", "image", "names no image"},
        {"", "{}", "image", "not JSON"},
        {"[{}", "{}", "document", "manifest.json"},
        {"[{\"Config\":\"c\"}]x", "{}", "document", "more text after"},
        {"\xef\xbb\xbf[{\"Config\":\"c\"}]", "{}", "document", "manifest.json"},
        {"[{},{}]", "{}", "image", "2 images"},
        {"[{\"Config\":7}]", "{}", "image", "another type"},
        {"[{}]", "{}", "image", "no config"},
        {"[{\"Config\":\"../c\"}]", "{}", "image", "config is missing"},
        {"[{\"Config\":\"./c\"}]", "{}", "image", "config is missing"},
        {"[{\"Config\":\"d\"}]", "{}", "image", "config is missing"},
        {"[{\"Config\":\"c\"}]", "no json", "image", "not JSON"},
        {"[{\"Config\":\"c\"}]", "{}", "image", "lists no layers"},
        {"[{\"Config\":\"c\"}]", ROOTFS("\"x\"") "}", "image", "number of"},
        {"[{\"Config\":\"c\",\"Layers\":[\"c\"]}]", ROOTFS("\"x\"") "}", "image",
         "differs from the config"},
        {"[{\"Config\":\"c\",\"Layers\":[{}]}]", ROOTFS("\"x\"") "}", "image", "another type"},
        {"[{\"Config\":\"c\",\"Layers\":[null]}]", ROOTFS("\"x\"") "}", "image", "without a name"},
        {"[{\"Config\":\"c\",\"RepoTags\":[[]]}]", "{}", "image", "another type"},
        {"[{\"Config\":\"c\",\"RepoTags\":[null]}]", "{}", "image", "an invalid name"},
        {"[{\"Config\":\"c\",\"RepoTags\":\"app:1\"}]", "{}", "image", "another type"},
        {"[{\"Config\":\"c\",\"LayerSources\":{\"a\":{\"size\":\"7\"}}}]", "{}", "image",
         "another type"},
        /* Go's reader finds nginx:1 in these */
        {"[{\"Config\":\"c\",\"repoTags\":[\"nginx:1\"]}]", "{}", "image", "another case"},
        {"[{\"Config\":\"c\",\"RepoTags\":[\"app:1\"],\"RepoTags\":[\"nginx:1\"]}]", "{}", "image",
         "is repeated"},
        {"[{\"Config\":\"c\",\"RepoTag\xc5\xbf\":[\"nginx:1\"]}]", "{}", "image", "another case"},
        {"[{\"Config\":\"c\",\"RepoTag\\u017f\":[\"nginx:1\"]}]", "{}", "image", "another case"},
        /* configs that Docker refuses, or merges */
        {"[{\"Config\":\"c\"}]", "[]", "image", "not an object"},
        {"[{\"Config\":\"c\"}]", ROOTFS("") ",\"os\":7}", "image", "another type"},
        {"[{\"Config\":\"c\"}]", ROOTFS("") ",\"os\":\"linux\",\"OS\":\"windows\"}", "image",
         "is repeated"},
        {"[{\"Config\":\"c\"}]", ROOTFS("") ",\"roo\\u0074fs\":{\"diff_ids\":[]}}", "image",
         "is repeated"},
        {"[{\"Config\":\"c\"}]", ROOTFS("") ",\"os\":\"\u017f\"}", "image", "an invalid platform"},
        {"[{\"Config\":\"c\"}]", ROOTFS("") ",\"created\":\"\"}", "image", "another type"},
        {"[{\"Config\":\"c\"}]", ROOTFS("") ",\"created\":\"2025-02-29T00:00:00Z\"}", "image",
         "another type"},
        {"[{\"Config\":\"c\"}]", ROOTFS("") ",\"config\":{\"Env\":\"A=1\"}}", "image",
         "another type"},
        {"[{\"Config\":\"c\"}]", ROOTFS("") ",\"config\":{\"Labels\":{\"a\":1}}}", "image",
         "another type"},
        {"[{\"Config\":\"c\"}]", ROOTFS("") ",\"config\":{\"StopTimeout\":1e1}}", "image",
         "another type"},
        {"[{\"Config\":\"c\"}]", ROOTFS("") ",\"history\":[{\"empty_layer\":false}]}", "image",
         "more layers than the image"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct tarball tar;

        tarball_init(&tar);
        tarball_directory(&tar, "d");
        tarball_text(&tar, "c", cases[i].config);
        tarball_text(&tar, "manifest.json", cases[i].manifest);
        tarball_end(&tar);
        refuse(&tar, cases[i].code, cases[i].words);
        tarball_finish(&tar);
    }
}

static void an_image_may_have_no_layers_and_no_name(void **state)
{
    struct tarball tar;
    struct verdict verdict;

    (void)state;
    tarball_init(&tar);
    tarball_text(&tar, "c", ROOTFS("") ",\"os\":\"linux\"}");
    tarball_text(&tar, "manifest.json", "[{\"Config\":\"c\",\"RepoTags\":null,\"Layers\":null}]");
    tarball_end(&tar);
    verdict = judge(&tar, 700);
    accept(&verdict);
    assert_int_equal(verdict.info->layer_count, 0);
    assert_int_equal(verdict.info->tag_count, 0);
    image_destroy(verdict.image);
    tarball_finish(&tar);
}

/* SBOMs of several platforms may exceed the kept size together. The config is not lost. */
static void large_json_gives_way_to_small(void **state)
{
    struct parts parts;
    struct tarball tar, legacy;
    struct verdict verdict;
    char *json = malloc(3 * MIB);
    uint8_t *found;

    (void)state;
    parts_init(&parts);
    make_legacy(&legacy, &parts, -1);
    tarball_init(&tar);
    memset(json, ' ', 3 * MIB);
    json[0] = '{';
    for (unsigned i = 0; i < 13; i++) {
        char name[16];

        snprintf(name, sizeof name, "sbom-%u", i);
        tarball_file(&tar, name, json, 3 * MIB);
    }
    tarball_raw(&tar, legacy.data, legacy.size);
    verdict = judge(&tar, MIB);
    accept(&verdict);
    check_layers(verdict.info, &parts, &tar);
    image_destroy(verdict.image);

    /* But no document may replace the manifest. */
    found = memmem(tar.data, tar.size, "sbom-0", 6);
    memcpy(found, "manifest.json", 13);
    tarball_seal(&tar, 0);
    refuse(&tar, "image", "two entries with one name");
    tarball_finish(&tar);
    tarball_finish(&legacy);
    parts_finish(&parts);
    free(json);
}

static void too_much_is_refused(void **state)
{
    struct tarball tar;
    struct parts parts;
    char name[32], *json = malloc(64 * KIB);

    (void)state;
    tarball_init(&tar);
    for (unsigned i = 0; i <= IMAGE_ENTRIES_MAX; i++) {
        snprintf(name, sizeof name, "%u", i);
        tarball_directory(&tar, name);
    }
    refuse(&tar, "image", "too many entries");
    tarball_finish(&tar);

    parts_init(&parts);
    tarball_text(&tar, "c", "{}");
    strcpy(json, "[{\"Config\":\"c\",\"RepoTags\":[\"a:1\"");
    for (unsigned i = 0; i < IMAGE_TAGS_MAX; i++)
        strcat(json, ",\"a:1\"");
    strcat(json, "]}]");
    tarball_text(&tar, "manifest.json", json);
    tarball_end(&tar);
    refuse(&tar, "image", "too many names");
    tarball_finish(&tar);
    parts_finish(&parts);
    free(json);
}

/* Reading ends soon for an index that refers to itself and to other such indexes many times. */
static void reading_of_a_nested_index_ends_soon(void **state)
{
    struct parts parts;
    struct tarball tar, legacy;
    char id[DIGEST_TEXT_SIZE], *json = malloc(MIB);
    size_t size = 2, at;

    (void)state;
    parts_init(&parts);
    make_legacy(&legacy, &parts, -1);
    tarball_init(&tar);
    add_blob(&tar, "{}", 2, id);
    for (unsigned depth = 0; depth < 3; depth++) {
        at = (size_t)sprintf(json, "{\"manifests\":[{}");
        for (unsigned i = 0; i < 1000; i++) {
            json[at++] = ',';
            at += add_descriptor(json + at, "index.v1+json", id, size, "");
        }
        strcpy(json + at, "]}");
        size = at + 2;
        add_blob(&tar, json, size, id);
    }
    at = (size_t)sprintf(json, "{\"manifests\":[");
    at += add_descriptor(json + at, "index.v1+json", id, size, "");
    strcpy(json + at, "]}");
    tarball_text(&tar, "index.json", json);
    tarball_raw(&tar, legacy.data, legacy.size);
    refuse(&tar, "image", "too many other documents");
    tarball_finish(&tar);
    tarball_finish(&legacy);
    parts_finish(&parts);
    free(json);
}

/* As from /dev/zero. */
static void endless_zeros_are_refused(void **state)
{
    const struct tar_step step = {.event = TAR_TRAILER, .used = MIB};
    struct image *image = image_create();
    uint8_t *zeros = calloc(1, MIB);
    struct err err;

    (void)state;
    for (unsigned i = 0; i < 64; i++)
        assert_int_equal(image_feed(image, &step, NULL, zeros, &err), 0);
    assert_true(image_feed(image, &step, NULL, zeros, &err) < 0);
    assert_string_equal(err.code, "tar");
    free(zeros);
    image_destroy(image);
}

/* As Bazel's rules_oci writes it: the layers have a suffix, and there is no index.json. */
static void blobs_with_a_suffix_are_layers(void **state)
{
    struct parts parts;
    struct tarball tar;
    struct verdict verdict;
    char config[128], name[LAYERS][128];

    (void)state;
    parts_init(&parts);
    tarball_init(&tar);
    snprintf(config, sizeof config, "blobs/sha256/%.64s", parts.config_id + 7);
    tarball_text(&tar, config, parts.config);
    for (unsigned i = 0; i < LAYERS; i++) {
        snprintf(name[i], sizeof name[i], "blobs/sha256/%.64s.tar.gz", parts.diff_id[i] + 7);
        tarball_file(&tar, name[i], parts.layer[i].data, parts.layer[i].size);
    }
    add_manifest(&tar, config, name[0], name[1], name[2]);
    tarball_end(&tar);
    verdict = judge(&tar, 1000);
    accept(&verdict);
    check_layers(verdict.info, &parts, &tar);
    image_destroy(verdict.image);
    tarball_finish(&tar);
    parts_finish(&parts);
}

/* gzip accepts zeros behind its data, Go's reader does not. */
static void a_layer_with_zeros_behind_its_gzip_data_is_refused(void **state)
{
    uint8_t out[16384] = {0};
    struct parts parts;
    struct tarball tar;
    z_stream z = {.next_out = out, .avail_out = sizeof out};

    (void)state;
    parts_init(&parts);
    z.next_in = parts.layer[1].data;
    z.avail_in = (uInt)parts.layer[1].size;
    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, 0), Z_OK);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    parts.layer[1].size = 0;
    tarball_raw(&parts.layer[1], out, z.total_out + 7);
    deflateEnd(&z);
    make_legacy(&tar, &parts, -1);
    refuse(&tar, "image", "zeros follow the gzip data");
    tarball_finish(&tar);
    parts_finish(&parts);
}

/* Graph drivers unpack such layers, containerd's store does not. */
static void layers_of_other_packings_are_named(void **state)
{
    static const char *const starts[] = {"\xfd"
                                         "7zX",
                                         "BZh9"},
                             *const words[] = {"packed by xz", "packed by bzip2"};
    struct parts parts;
    struct tarball tar;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(starts); i++) {
        parts_init(&parts);
        memcpy(parts.layer[1].data, starts[i], 4);
        make_legacy(&tar, &parts, -1);
        refuse(&tar, "image", words[i]);
        tarball_finish(&tar);
        parts_finish(&parts);
    }
}

/* Accepted, like in Docker: a duplicate file, files of desktop programs, an unused link. */
static void harmless_oddities_are_accepted(void **state)
{
    struct parts parts;
    struct tarball tar, whole;
    struct verdict verdict;
    char top[DIGEST_TEXT_SIZE], config[DIGEST_TEXT_SIZE];

    (void)state;
    parts_init(&parts);
    make_oci(&whole, &parts, OCI_PLAIN, top);
    tarball_init(&tar);
    tarball_text(&tar, "blobs/sha256/.DS_Store", "x");
    tarball_text(&tar, "blobs/sha256/._layer", "x");
    tarball_symlink(&tar, "link", "nowhere");
    add_blob(&tar, parts.config, strlen(parts.config), config);
    tarball_raw(&tar, whole.data, whole.size);
    verdict = judge(&tar, 700);
    accept(&verdict);
    check_layers(verdict.info, &parts, &tar);
    image_destroy(verdict.image);
    tarball_finish(&tar);
    tarball_finish(&whole);
    parts_finish(&parts);
}

static void judge_config(const char *config, size_t size)
{
    struct tarball tar;
    struct verdict verdict;

    tarball_init(&tar);
    tarball_file(&tar, "c", config, size);
    tarball_text(&tar, "manifest.json", "[{\"Config\":\"c\",\"Layers\":[]}]");
    tarball_end(&tar);
    verdict = judge(&tar, MIB);
    accept(&verdict);
    assert_string_equal(verdict.info->os, "linux");
    assert_int_equal(verdict.info->config_size, size);
    image_destroy(verdict.image);
    tarball_finish(&tar);
}

/* Bytes that are not UTF-8, deep nesting, megabytes: Go accepts them, and so does Docker. */
static void a_config_is_valid_if_go_accepts_it(void **state)
{
    static const char head[] = ROOTFS("") ",\"OS\":\"linux\",\"x\":";
    static char config[10 * MIB];
    char *value = config + sizeof head - 1;
    size_t size = test_is_small() ? 64 * KIB : 9 * MIB;

    (void)state;
    memcpy(config, head, sizeof head - 1);
    memcpy(value, "\"\xff\xe2\"}", sizeof "\"\xff\xe2\"}");
    judge_config(config, strlen(config));

    memset(value, '[', 5000);
    memset(value + 5000, ']', 5000);
    memcpy(value + 10000, "}", 2);
    judge_config(config, strlen(config));

    memset(value, 'y', size);
    value[0] = '"';
    memcpy(value + size, "\"}", 3);
    judge_config(config, strlen(config));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_legacy_layout),
        cmocka_unit_test(the_oci_layout_with_compressed_layers),
        cmocka_unit_test(descriptions_that_disagree_are_refused),
        cmocka_unit_test(an_oci_archive_is_named),
        cmocka_unit_test(endless_zeros_are_refused),
        cmocka_unit_test(blobs_with_a_suffix_are_layers),
        cmocka_unit_test(layers_of_other_packings_are_named),
        cmocka_unit_test(a_layer_with_zeros_behind_its_gzip_data_is_refused),
        cmocka_unit_test(harmless_oddities_are_accepted),
        cmocka_unit_test(a_config_is_valid_if_go_accepts_it),
        cmocka_unit_test(links_may_come_before_their_targets),
        cmocka_unit_test(real_streams),
        cmocka_unit_test(missing_content_is_refused),
        cmocka_unit_test(errors_at_the_end_of_a_stream_are_reported),
        cmocka_unit_test(false_names_are_refused),
        cmocka_unit_test(false_manifests_are_refused),
        cmocka_unit_test(an_image_may_have_no_layers_and_no_name),
        cmocka_unit_test(large_json_gives_way_to_small),
        cmocka_unit_test(too_much_is_refused),
        cmocka_unit_test(reading_of_a_nested_index_ends_soon),
    };

    /* Without those that read megabytes with the code of the others. */
    const struct CMUnitTest small[] = {
        cmocka_unit_test(the_legacy_layout),
        cmocka_unit_test(the_oci_layout_with_compressed_layers),
        cmocka_unit_test(descriptions_that_disagree_are_refused),
        cmocka_unit_test(an_oci_archive_is_named),
        cmocka_unit_test(blobs_with_a_suffix_are_layers),
        cmocka_unit_test(layers_of_other_packings_are_named),
        cmocka_unit_test(a_layer_with_zeros_behind_its_gzip_data_is_refused),
        cmocka_unit_test(harmless_oddities_are_accepted),
        cmocka_unit_test(a_config_is_valid_if_go_accepts_it),
        cmocka_unit_test(links_may_come_before_their_targets),
        cmocka_unit_test(real_streams),
        cmocka_unit_test(missing_content_is_refused),
        cmocka_unit_test(errors_at_the_end_of_a_stream_are_reported),
        cmocka_unit_test(false_names_are_refused),
        cmocka_unit_test(false_manifests_are_refused),
        cmocka_unit_test(an_image_may_have_no_layers_and_no_name),
        cmocka_unit_test(too_much_is_refused),
    };

    if (test_is_small())
        return cmocka_run_group_tests(small, NULL, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
