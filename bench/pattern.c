/*
 * pattern - writes a generated image archive of any size to standard output: `pattern BYTES
 * [SEED]`.
 *
 * For sizes that no daemon and no disk must hold: it streams one file of a layer at a time. Half of
 * the files are words, which compress. The other half is noise, which does not. Equal arguments
 * give equal bytes.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "kit/tarball.h"

#define FILE_SIZE  ((size_t)1 << 20)
#define LAYER_SIZE ((uint64_t)1 << 30) /* approximate */
#define LAYERS_MAX 127                 /* the limit of a Docker daemon */
#define REFERENCE  "huge:20260301-0900-1a2b3c4"

struct pattern {
    uint64_t seed;
    unsigned layers, files; /* files per layer */
    struct digest *digest;  /* of the current layer */
    char diff_ids[LAYERS_MAX][SHA256_HEX_SIZE];
};

static void put(const void *bytes, size_t size)
{
    if (fwrite(bytes, 1, size, stdout) != size) {
        perror("pattern");
        exit(1);
    }
}

/* Writes the buffer and empties it. */
static void flush(struct tarball *tar, struct digest *digest)
{
    if (digest != NULL)
        digest_add(digest, tar->data, tar->size);
    put(tar->data, tar->size);
    tarball_finish(tar);
    tarball_init(tar);
}

/* Words of eight letters, from a vocabulary of 1024. */
static void words(uint8_t *bytes, size_t size, uint64_t seed)
{
    static char vocabulary[1024][8];
    uint64_t x = seed * 0x9e3779b97f4a7c15 + 1;

    if (vocabulary[0][0] == '\0') {
        noise((uint8_t *)vocabulary, sizeof vocabulary, 1);
        for (size_t i = 0; i < sizeof vocabulary; i++)
            (&vocabulary[0][0])[i] = "etaoinshrdlu cmf"[(&vocabulary[0][0])[i] & 15];
    }
    for (size_t i = 0; i + 8 <= size; i += 8) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        memcpy(bytes + i, vocabulary[x >> 32 & 1023], 8);
    }
}

static void write_layer(struct pattern *pattern, unsigned number)
{
    static uint8_t content[FILE_SIZE];
    uint8_t sum[SHA256_SIZE];
    struct tarball tar;
    char name[64];

    tarball_init(&tar);
    snprintf(name, sizeof name, "%u/layer.tar", number);
    tarball_header(&tar, '0', name, "", pattern->files * (uint64_t)(FILE_SIZE + 512) + 1024);
    flush(&tar, NULL);
    for (unsigned i = 0; i < pattern->files; i++) {
        uint64_t seed = pattern->seed * 1000003 + number * (uint64_t)100003 + i;

        (i % 2 ? noise : words)(content, sizeof content, seed);
        snprintf(name, sizeof name, "srv/layer-%u/file-%u", number, i);
        tarball_file(&tar, name, content, sizeof content);
        flush(&tar, pattern->digest);
    }
    tarball_end(&tar);
    flush(&tar, pattern->digest);
    tarball_finish(&tar);
    digest_end(pattern->digest, sum);
    hex_encode(sum, sizeof sum, pattern->diff_ids[number]);
}

/* Config and manifest, in the older one of Docker's two layouts. */
static void write_documents(const struct pattern *pattern)
{
    static char config[LAYERS_MAX * 80 + 256], manifest[LAYERS_MAX * 20 + 256];
    char identity[SHA256_HEX_SIZE], name[SHA256_HEX_SIZE + 8];
    uint8_t sum[SHA256_SIZE];
    struct tarball tar;
    size_t at = 0;

    at += (size_t)sprintf(config, "{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{},"
                                  "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[");
    for (unsigned i = 0; i < pattern->layers; i++)
        at += (size_t)sprintf(config + at, "%s\"sha256:%s\"", i ? "," : "", pattern->diff_ids[i]);
    at += (size_t)sprintf(config + at, "]}}");
    sha256_of((struct view){(const uint8_t *)config, at}, sum);
    hex_encode(sum, sizeof sum, identity);
    snprintf(name, sizeof name, "%s.json", identity);

    tarball_init(&tar);
    tarball_text(&tar, name, config);
    at = (size_t)sprintf(manifest, "[{\"Config\":\"%s\",\"RepoTags\":[\"%s\"],\"Layers\":[", name,
                         REFERENCE);
    for (unsigned i = 0; i < pattern->layers; i++)
        at += (size_t)sprintf(manifest + at, "%s\"%u/layer.tar\"", i ? "," : "", i);
    sprintf(manifest + at, "]}]");
    tarball_text(&tar, "manifest.json", manifest);
    tarball_end(&tar);
    flush(&tar, NULL);
    tarball_finish(&tar);
}

int main(int argc, char **argv)
{
    static struct pattern pattern;
    uint64_t size = argc > 1 ? strtoull(argv[1], NULL, 10) : 0;

    pattern.seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    pattern.layers = (unsigned)(size / LAYER_SIZE + 1);
    pattern.files = (unsigned)(size / pattern.layers / (FILE_SIZE + 512));
    if (argc > 3 || pattern.files == 0 || pattern.layers > LAYERS_MAX) {
        fprintf(stderr, "usage: pattern BYTES [SEED]     (1 MiB to 126 GiB)\n");
        return 2;
    }
    pattern.digest = digest_create(DIGEST_SHA256);
    if (pattern.digest == NULL) {
        fprintf(stderr, "pattern: no SHA-256 here\n");
        return 1;
    }
    for (unsigned i = 0; i < pattern.layers; i++)
        write_layer(&pattern, i);
    write_documents(&pattern);
    digest_destroy(pattern.digest);
    return fflush(stdout) == 0 ? 0 : 1;
}
