/*
 * bare_deflate - measures libdeflate alone on a file, as the limit for the engine.
 *
 *     bare_deflate FILE CHUNK THREADS LEVEL
 *
 * Cuts the file into equal chunks and compresses each into a gzip member. A second pass inflates
 * them. It computes no digests, keeps no order and writes no output: no program with this library
 * can be faster. Prints bytes in, bytes out, seconds of compression and seconds of inflation.
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

#define THREADS_MAX 256

struct bench {
    const uint8_t *data;
    size_t size, chunk, bound;
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

static void *deflate_chunks(void *arg)
{
    struct bench *bench = arg;
    struct libdeflate_compressor *compressor = libdeflate_alloc_compressor(bench->level);
    uint8_t *out = malloc(bench->bound);
    size_t i;

    if (compressor == NULL || out == NULL)
        atomic_store(&bench->failed, true);
    else
        while ((i = atomic_fetch_add(&bench->next, 1)) < chunk_count(bench)) {
            size_t size = libdeflate_gzip_compress(compressor, bench->data + i * bench->chunk,
                                                   chunk_size(bench, i), out, bench->bound);

            bench->packed[i] = malloc(size);
            if (bench->packed[i] == NULL) {
                atomic_store(&bench->failed, true);
                break;
            }
            memcpy(bench->packed[i], out, size);
            bench->packed_size[i] = size;
            atomic_fetch_add(&bench->total, size);
        }
    free(out);
    libdeflate_free_compressor(compressor);
    return NULL;
}

static void *inflate_chunks(void *arg)
{
    struct bench *bench = arg;
    struct libdeflate_decompressor *decompressor = libdeflate_alloc_decompressor();
    uint8_t *out = malloc(bench->chunk);
    size_t i;

    if (decompressor == NULL || out == NULL)
        atomic_store(&bench->failed, true);
    else
        while ((i = atomic_fetch_add(&bench->next, 1)) < chunk_count(bench))
            if (libdeflate_gzip_decompress(decompressor, bench->packed[i], bench->packed_size[i],
                                           out, chunk_size(bench, i), NULL) != LIBDEFLATE_SUCCESS)
                atomic_store(&bench->failed, true);
    free(out);
    libdeflate_free_decompressor(decompressor);
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
    struct libdeflate_compressor *compressor;
    unsigned threads;
    struct stat status;
    double packing, unpacking;
    int fd;

    if (argc != 5) {
        fprintf(stderr, "usage: bare_deflate FILE CHUNK THREADS LEVEL\n");
        return 2;
    }
    bench.chunk = strtoul(argv[2], NULL, 10);
    threads = (unsigned)strtoul(argv[3], NULL, 10);
    bench.level = (int)strtol(argv[4], NULL, 10);
    compressor = libdeflate_alloc_compressor(bench.level);
    if (bench.chunk == 0 || threads == 0 || threads > THREADS_MAX || compressor == NULL) {
        fprintf(stderr, "bare_deflate: no such chunk size, threads or level\n");
        return 2;
    }
    bench.bound = libdeflate_gzip_compress_bound(compressor, bench.chunk);
    libdeflate_free_compressor(compressor);

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
        perror("bare_deflate");
        return 1;
    }
    packing = run_pass(&bench, threads, deflate_chunks);
    unpacking = run_pass(&bench, threads, inflate_chunks);
    if (atomic_load(&bench.failed)) {
        fprintf(stderr, "bare_deflate: failed\n");
        return 1;
    }
    printf("%zu %zu %.4f %.4f\n", bench.size, atomic_load(&bench.total), packing, unpacking);
    return 0;
}
