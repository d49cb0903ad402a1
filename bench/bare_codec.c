/*
 * bare_codec - measures libdeflate or libzstd alone on a file, as the limit for the engine.
 *
 *     bare_codec FILE CHUNK THREADS gzip|zstd LEVEL
 *
 * Cuts the file into equal chunks and compresses each into a gzip member or a zstd frame with a
 * checksum. A second pass unpacks them. It computes no digests, keeps no order and writes no
 * output: no program with this library can be faster. Prints bytes in, bytes out, seconds of
 * packing and seconds of unpacking.
 */
#include <fcntl.h>
#include <libdeflate.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zstd.h>

#define THREADS_MAX 256

struct bench {
    const uint8_t *data;
    size_t size, chunk, bound;
    bool zstd;
    int level;
    uint8_t **packed; /* the compressed chunks, for the second pass */
    size_t *packed_size;
    atomic_size_t next; /* the next chunk to process */
    atomic_size_t total;
    atomic_bool failed;
};

static size_t chunk_count(const struct bench *bench)
{
    return (bench->size + bench->chunk - 1) / bench->chunk;
}

static size_t chunk_size(const struct bench *bench, size_t i)
{
    size_t left = bench->size - i * bench->chunk;

    return left < bench->chunk ? left : bench->chunk;
}

/* One compressor and decompressor of a thread, of one of the libraries. */
struct codec {
    struct libdeflate_compressor *deflating;
    struct libdeflate_decompressor *inflating;
    ZSTD_CCtx *packing;
    ZSTD_DCtx *unpacking;
};

static bool open_codec(struct codec *codec, const struct bench *bench)
{
    *codec = (struct codec){0};
    if (!bench->zstd) {
        codec->deflating = libdeflate_alloc_compressor(bench->level);
        codec->inflating = libdeflate_alloc_decompressor();
        return codec->deflating && codec->inflating;
    }
    codec->packing = ZSTD_createCCtx();
    codec->unpacking = ZSTD_createDCtx();
    return codec->packing && codec->unpacking &&
           !ZSTD_isError(
               ZSTD_CCtx_setParameter(codec->packing, ZSTD_c_compressionLevel, bench->level)) &&
           !ZSTD_isError(ZSTD_CCtx_setParameter(codec->packing, ZSTD_c_checksumFlag, 1));
}

static void close_codec(struct codec *codec)
{
    libdeflate_free_compressor(codec->deflating);
    libdeflate_free_decompressor(codec->inflating);
    ZSTD_freeCCtx(codec->packing);
    ZSTD_freeDCtx(codec->unpacking);
}

/* Returns the size of the packed chunk; 0: failed. */
static size_t pack_chunk(struct codec *codec, const struct bench *bench, size_t i, uint8_t *out)
{
    const uint8_t *raw = bench->data + i * bench->chunk;
    size_t size = chunk_size(bench, i);

    if (codec->deflating)
        return libdeflate_gzip_compress(codec->deflating, raw, size, out, bench->bound);
    size = ZSTD_compress2(codec->packing, out, bench->bound, raw, size);
    return ZSTD_isError(size) ? 0 : size;
}

static void *pack_chunks(void *arg)
{
    struct bench *bench = arg;
    struct codec codec;
    uint8_t *out = malloc(bench->bound);
    size_t i;

    if (!open_codec(&codec, bench) || out == NULL)
        atomic_store(&bench->failed, true);
    else
        while ((i = atomic_fetch_add(&bench->next, 1)) < chunk_count(bench)) {
            size_t size = pack_chunk(&codec, bench, i, out);

            bench->packed[i] = malloc(size + 1);
            if (bench->packed[i] == NULL || size == 0) {
                atomic_store(&bench->failed, true);
                break;
            }
            memcpy(bench->packed[i], out, size);
            bench->packed_size[i] = size;
            atomic_fetch_add(&bench->total, size);
        }
    free(out);
    close_codec(&codec);
    return NULL;
}

static bool unpack_chunk(struct codec *codec, const struct bench *bench, size_t i, uint8_t *out)
{
    const uint8_t *packed = bench->packed[i];
    size_t size = chunk_size(bench, i);

    if (codec->inflating)
        return libdeflate_gzip_decompress(codec->inflating, packed, bench->packed_size[i], out,
                                          size, NULL) == LIBDEFLATE_SUCCESS;
    return ZSTD_decompressDCtx(codec->unpacking, out, size, packed, bench->packed_size[i]) == size;
}

static void *unpack_chunks(void *arg)
{
    struct bench *bench = arg;
    struct codec codec;
    uint8_t *out = malloc(bench->chunk);
    size_t i;

    if (!open_codec(&codec, bench) || out == NULL)
        atomic_store(&bench->failed, true);
    else
        while ((i = atomic_fetch_add(&bench->next, 1)) < chunk_count(bench))
            if (!unpack_chunk(&codec, bench, i, out))
                atomic_store(&bench->failed, true);
    free(out);
    close_codec(&codec);
    return NULL;
}

/* Runs one pass with this number of threads. Returns its seconds. */
static double run_pass(struct bench *bench, unsigned threads, void *(*pass)(void *))
{
    pthread_t ids[THREADS_MAX];
    struct timespec start, end;

    atomic_store(&bench->next, 0);
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (unsigned i = 0; i < threads; i++)
        if (pthread_create(&ids[i], NULL, pass, bench) != 0)
            abort();
    for (unsigned i = 0; i < threads; i++)
        pthread_join(ids[i], NULL);
    clock_gettime(CLOCK_MONOTONIC, &end);
    return (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9;
}

int main(int argc, char **argv)
{
    struct bench bench = {0};
    struct codec codec;
    unsigned threads;
    struct stat status;
    double packing, unpacking;
    int fd;

    if (argc != 6) {
        fprintf(stderr, "usage: bare_codec FILE CHUNK THREADS gzip|zstd LEVEL\n");
        return 2;
    }
    bench.chunk = strtoul(argv[2], NULL, 10);
    threads = (unsigned)strtoul(argv[3], NULL, 10);
    bench.zstd = strcmp(argv[4], "zstd") == 0;
    if (!bench.zstd && strcmp(argv[4], "gzip") != 0) {
        fprintf(stderr, "bare_codec: there is no codec '%s'\n", argv[4]);
        return 2;
    }
    bench.level = (int)strtol(argv[5], NULL, 10);
    if (bench.chunk == 0 || threads == 0 || threads > THREADS_MAX || !open_codec(&codec, &bench)) {
        fprintf(stderr, "bare_codec: no such chunk size, threads or level\n");
        return 2;
    }
    bench.bound = bench.zstd ? ZSTD_compressBound(bench.chunk)
                             : libdeflate_gzip_compress_bound(NULL, bench.chunk);
    close_codec(&codec);

    fd = open(argv[1], O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &status) != 0 || status.st_size == 0) {
        perror(argv[1]);
        return 1;
    }
    bench.size = (size_t)status.st_size;
    bench.data = mmap(NULL, bench.size, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
    bench.packed = calloc(chunk_count(&bench), sizeof *bench.packed);
    bench.packed_size = calloc(chunk_count(&bench), sizeof *bench.packed_size);
    if (bench.data == MAP_FAILED || bench.packed == NULL || bench.packed_size == NULL) {
        perror("bare_codec");
        return 1;
    }
    packing = run_pass(&bench, threads, pack_chunks);
    unpacking = run_pass(&bench, threads, unpack_chunks);
    if (atomic_load(&bench.failed)) {
        fprintf(stderr, "bare_codec: failed\n");
        return 1;
    }
    printf("%zu %zu %.4f %.4f\n", bench.size, atomic_load(&bench.total), packing, unpacking);
    return 0;
}
