/*
 * micro - the modules one by one, on made-up bytes in memory.
 *
 *     micro                 every case: "name nanoseconds bytes cycles", of one operation (bytes 0:
 * none; cycles 0: the kernel does not let us count them) micro --list          the names of the
 * cases micro --count NAME    one operation, for a tool that counts instructions in run_case()
 *     micro --plain NAME    bytes a second of that case, alone
 *
 * Each case is repeated until 50 ms have gone, seven times; the fastest of these counts, because
 * everything else that a machine does only ever adds.
 */
#include <inttypes.h>
#include <linux/perf_event.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/hash.h"
#include "flow/inbox.h"
#include "flow/reorder.h"
#include "kit/tarball.h"
#include "pack/chunk/chunker.h"
#include "pack/chunk/cut.h"
#include "pack/codec/compressible.h"
#include "pack/codec/gzip_member.h"
#include "pack/image/image.h"
#include "pack/index/chunk_lookup.h"
#include "pack/index/index.h"
#include "store/s3/sigv4.h"

#define CHUNK       ((size_t)64 << 10)
#define LARGE       ((size_t)1 << 20)
#define CHUNKS      20000u /* of the index: a 1.4 GB image */
#define SMALL_FILES 400    /* of the layer in the stream */
#define LARGE_FILES 16
#define ROUNDS      7
#define ROUND_NS    50000000

/* What the cases work on. */
static struct {
    struct tarball stream; /* a save stream: one layer of small and large files */
    uint8_t *scratch;      /* a copy of it, for who writes into its window */
    uint8_t *text;         /* LARGE bytes that compress */
    uint8_t *out;
    size_t packed;
    uint8_t *member; /* a packed chunk */
    struct packer *packers[2];
    struct unpacker *unpacker;
    struct cut *cut;
    struct tar *tar;
    struct text index_bytes;
    struct index *index;
    struct chunk_lookup *known;
    struct inbox *inbox;
    uint32_t cursor, at;
} on;

static volatile uint64_t sink; /* what must not be optimised away */

static void must(bool good, const char *what)
{
    if (!good) {
        fprintf(stderr, "micro: %s failed\n", what);
        exit(1);
    }
}

/* ---- the cases: one operation each ---- */

static void do_memcpy(void)
{
    memcpy(on.out, on.text, LARGE);
    sink += on.out[sink & 1023];
}

static void do_fingerprint(void)
{
    sink += chunk_name_of(NAME_SHA256, on.text, CHUNK).bytes[0];
}

static void do_sha256(void)
{
    uint8_t sum[SHA256_SIZE];

    sha256_of(view_of(on.text, LARGE), sum);
    sink += sum[0];
}

static void do_md5(void)
{
    uint8_t sum[MD5_SIZE];

    md5_of(view_of(on.text, LARGE), sum);
    sink += sum[0];
}

static void do_chunker(void)
{
    struct chunker chunker;
    bool cut;

    chunker_init(&chunker, &CHUNK_DEFAULT);
    for (size_t at = 0; at < LARGE;)
        at += chunker_scan(&chunker, on.text + at, LARGE - at, &cut);
    sink += chunker.size;
}

static void do_cut(void)
{
    struct cut *cut = cut_create(&CHUNK_DEFAULT, CUT_FILE_MIN, TARBALL_MTIME);
    struct cut_step step;
    struct err err;

    must(cut != NULL, "cut");
    for (size_t at = 0; at < on.stream.size; at += step.tar.used) {
        must(cut_scan(cut, on.scratch + at, on.stream.size - at, &step, &err) == 0, "cut");
        sink += step.boundary;
    }
    cut_destroy(cut);
}

/* The layer's own tar, behind the header of the outer one. */
static void do_tar(void)
{
    const size_t end = on.stream.size - 2 * TAR_BLOCK;
    struct tar_step step;
    struct err err;

    tar_reset(on.tar);
    for (size_t at = TAR_BLOCK; at < end; at += step.used)
        must(tar_scan(on.tar, on.scratch + at, end - at, &step, &err) == 0, "tar");
}

static void do_density(void)
{
    sink += is_incompressible(view_of(on.text, CHUNK));
}

static void do_pack(struct packer *packer)
{
    sink += gzip_member_pack(packer, view_of(on.text, CHUNK), false, on.out);
}

static void do_pack_5(void)
{
    do_pack(on.packers[0]);
}

static void do_pack_1(void)
{
    do_pack(on.packers[1]);
}

static void do_unpack(void)
{
    struct err err;

    must(gzip_member_unpack(on.unpacker, view_of(on.member, on.packed), on.out, CHUNK, &err) == 0,
         "unpack");
}

static struct index_chunk nth_chunk(uint32_t n)
{
    struct index_chunk chunk = {.raw_size = 65536, .packed_size = 20000 + n % 1000};

    chunk.name = chunk_name_of(NAME_SHA256, &n, sizeof n);
    return chunk;
}

static void do_index_parse(void)
{
    struct index *index = NULL;
    struct err err;

    must(index_parse(text_view(&on.index_bytes), &index, &err) == 0, "index");
    index_destroy(index);
}

static void do_known_find(void)
{
    const struct index_chunk *chunk = &on.index->sections[0].chunks[on.at];
    struct held_chunk held;

    on.at = (on.at + 1) % on.index->sections[0].chunk_count;
    sink += chunk_lookup_find(on.known, &chunk->name, chunk->raw_size, &on.cursor, &held);
}

static void do_known_miss(void)
{
    struct chunk_name name = {{(uint8_t)on.at, (uint8_t)(on.at >> 8), 3, 4, 5, 6, 7, 8, 9}};
    struct held_chunk held;

    on.at = (on.at + 1) % CHUNKS;
    sink += chunk_lookup_find(on.known, &name, 65536, &on.cursor, &held);
}

static void do_order(void)
{
    static struct reorder order;
    int item;

    reorder_init(&order, 16);
    for (uint64_t base = 0; base < 1024; base += 16) {
        for (uint64_t i = 0; i < 16; i++)
            reorder_put(&order, base + (i * 7) % 16, &item);
        while (reorder_take(&order))
            sink++;
    }
}

static void do_inbox(void)
{
    struct msg messages[16];

    for (unsigned round = 0; round < 64; round++) {
        for (unsigned i = 0; i < 16; i++)
            inbox_post(on.inbox, &messages[i]);
        while (inbox_take(on.inbox, 0))
            sink++;
    }
}

static void do_sigv4(void)
{
    static const struct sigv4_header headers[] = {
        {"host", "s3.eu-central-1.amazonaws.com"},
        {"x-amz-content-sha256", "UNSIGNED-PAYLOAD"},
        {"x-amz-date", "20250721T211800Z"},
    };
    static const struct sigv4_request request = {
        .method = "PUT",
        .path = "/acme-images/images/shop/202507/shop-20250721-2118-f7a5a27.tar.gz",
        .query = "partNumber=7&uploadId=2~abcdefghijklmnopqrstuvwxyz",
        .headers = headers,
        .header_count = 3,
        .payload_hash = "UNSIGNED-PAYLOAD",
    };
    static const struct sigv4_key key = {"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
                                         "eu-central-1", "s3"};
    char authorization[SIGV4_AUTHORIZATION_MAX];
    struct err err;

    must(sigv4_sign(&request, &key, 1753132680000000000, authorization, &err) == 0, "sigv4");
    sink += (unsigned char)authorization[60];
}

/* `bytes` SIZE_MAX: those of the stream. `count`: what one operation does so many times. */
static const struct bench_case {
    const char *name;
    void (*run)(void);
    size_t bytes;
    unsigned count;
} cases[] = {
    {"memcpy", do_memcpy, LARGE, 1},
    {"cut", do_cut, SIZE_MAX, 1},
    {"chunker", do_chunker, LARGE, 1},
    {"fingerprint", do_fingerprint, CHUNK, 1},
    {"density", do_density, CHUNK, 1},
    {"member-pack-5", do_pack_5, CHUNK, 1},
    {"member-pack-1", do_pack_1, CHUNK, 1},
    {"member-unpack", do_unpack, CHUNK, 1},
    {"sha256", do_sha256, LARGE, 1},
    {"md5", do_md5, LARGE, 1},
    {"tar", do_tar, 0, SMALL_FILES + LARGE_FILES},
    {"index-parse", do_index_parse, 0, CHUNKS},
    {"known-find", do_known_find, 0, 1},
    {"known-miss", do_known_miss, 0, 1},
    {"order", do_order, 0, 1024},
    {"inbox", do_inbox, 0, 1024},
    {"sigv4", do_sigv4, 0, 1},
};

/* ---- what they work on ---- */

/* Records that share most of their bytes, few words often and many rarely: compresses to a third,
 * as the files of an image do. */
static void words(uint8_t *bytes, size_t size, uint64_t seed)
{
    uint8_t vocabulary[4096][8];
    uint64_t x = seed * 2 + 1;

    noise(&vocabulary[0][0], sizeof vocabulary, 1);
    for (size_t i = 0; i < size;) {
        size_t word, length;

        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        word = (size_t)(x >> 20 & x >> 40 & 4095);
        length = 3 + word % 6;
        length = length < size - i ? length : size - i;
        memcpy(bytes + i, vocabulary[word], length);
        i += length;
    }
}

static void make_stream(void)
{
    struct tarball layer;
    char name[64];

    tarball_init(&layer);
    for (unsigned i = 0; i < SMALL_FILES; i++) {
        snprintf(name, sizeof name, "usr/share/doc/page-%u.txt", i);
        tarball_file(&layer, name, on.text + i * 512, 500 + i * 7);
    }
    for (unsigned i = 0; i < LARGE_FILES; i++) {
        snprintf(name, sizeof name, "usr/lib/lib-%u.so", i);
        tarball_file(&layer, name, on.text + i * 4096, 300 * 1024);
    }
    tarball_end(&layer);
    tarball_init(&on.stream);
    tarball_file(&on.stream, "0/layer.tar", layer.data, layer.size);
    tarball_end(&on.stream);
    tarball_finish(&layer);
    on.scratch = malloc(on.stream.size);
    must(on.scratch != NULL, "memory");
    memcpy(on.scratch, on.stream.data, on.stream.size);
}

static void make_index(void)
{
    static char diff_id[] =
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    struct image_layer layer = {.raw_size = CHUNKS * (uint64_t)65536};
    struct image_info image = {
        .layer_count = 1, .layers = &layer, .config_size = 2, .raw_size = CHUNKS * (uint64_t)65536};
    struct index_builder *builder;
    struct err err;

    memcpy(layer.diff_id, diff_id, sizeof diff_id);
    memcpy(layer.digest, diff_id, sizeof diff_id);
    memcpy(image.id, diff_id, sizeof diff_id);
    builder = index_builder_create(&CHUNK_DEFAULT, 5, &err);
    must(builder != NULL, "index");
    for (uint32_t i = 0; i < CHUNKS; i++) {
        struct index_chunk chunk = nth_chunk(i);

        must(index_builder_add(builder, &chunk, i == 0, &err) == 0, "index");
    }
    text_init(&on.index_bytes, 64 * MIB);
    if (index_builder_finish(builder, &image, &on.index_bytes, &err) != 0 ||
        index_parse(text_view(&on.index_bytes), &on.index, &err) != 0) {
        fprintf(stderr, "micro: %s\n", err.text);
        exit(1);
    }
    index_builder_destroy(builder);
    on.known = chunk_lookup_create(&err);
    must(on.known != NULL && chunk_lookup_add(on.known, 0, on.index, &err) == 0, "known");
}

static void make_everything(void)
{
    struct err err;

    on.text = malloc(LARGE);
    on.out = malloc(2 * LARGE);
    on.member = malloc(2 * CHUNK);
    on.packers[0] = packer_create(5, &err);
    on.packers[1] = packer_create(1, &err);
    on.unpacker = unpacker_create(&err);
    on.inbox = inbox_create(&err);
    on.tar = tar_create();
    must(on.text && on.out && on.member && on.packers[0] && on.packers[1] && on.unpacker &&
             on.inbox && on.tar,
         "memory");
    words(on.text, LARGE, 1);
    on.packed = gzip_member_pack(on.packers[0], view_of(on.text, CHUNK), false, on.member);
    make_stream();
    make_index();
}

/* ---- measuring ---- */

/* Not inlined: a tool that counts instructions switches on here. */
void run_case(const struct bench_case *one, uint64_t times) __attribute__((noinline));
void run_case(const struct bench_case *one, uint64_t times)
{
    while (times-- > 0)
        one->run();
}

/* The thread's own time: others on the machine disturb it least. */
static int64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* A counter of this thread's processor cycles, user space only; negative where there is none. */
static int open_cycles(void)
{
    struct perf_event_attr what = {.type = PERF_TYPE_HARDWARE,
                                   .size = sizeof(what),
                                   .config = PERF_COUNT_HW_CPU_CYCLES,
                                   .exclude_kernel = 1,
                                   .exclude_hv = 1};

    return (int)syscall(SYS_perf_event_open, &what, 0, -1, -1, 0);
}

static uint64_t cycles_now(int counter)
{
    uint64_t count = 0;

    return counter >= 0 && read(counter, &count, sizeof(count)) == sizeof(count) ? count : 0;
}

/* Nanoseconds and cycles of one operation. */
struct cost {
    double ns, cycles;
};

static struct cost measure(const struct bench_case *one)
{
    static int counter = -2;
    struct cost best = {0};
    uint64_t times = 1;

    if (counter == -2)
        counter = open_cycles();
    run_case(one, 1);
    for (int round = 0; round < ROUNDS;) {
        uint64_t cycles = cycles_now(counter);
        int64_t began = now_ns(), took;
        double each;

        run_case(one, times);
        took = now_ns() - began;
        cycles = cycles_now(counter) - cycles;
        if (took < ROUND_NS) {
            times *= 2;
            continue;
        }
        each = (double)took / (double)times / one->count;
        if (round == 0 || each < best.ns)
            best = (struct cost){each, (double)cycles / (double)times / one->count};
        round++;
    }
    return best;
}

static size_t bytes_of(const struct bench_case *one)
{
    return one->bytes == SIZE_MAX ? on.stream.size : one->bytes;
}

static const struct bench_case *find(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        if (strcmp(cases[i].name, name) == 0)
            return &cases[i];
    fprintf(stderr, "micro: there is no case %s\n", name);
    exit(2);
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--list") == 0) {
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
            printf("%s %u\n", cases[i].name, cases[i].count);
        return 0;
    }
    if (argc == 3 && strcmp(argv[1], "--count") == 0) {
        make_everything();
        find(argv[2])->run(); /* what happens once only does not count */
        run_case(find(argv[2]), 1);
    } else if (argc == 3 && strcmp(argv[1], "--plain") == 0) {
        const struct bench_case *one = find(argv[2]);

        make_everything();
        printf("%.0f\n", (double)bytes_of(one) * 1e9 / measure(one).ns);
    } else if (argc == 1) {
        make_everything();
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
            struct cost cost = measure(&cases[i]);

            printf("%s %.2f %zu %.1f\n", cases[i].name, cost.ns, bytes_of(&cases[i]), cost.cycles);
            fflush(stdout);
        }
    } else {
        fprintf(stderr, "usage: micro [--list | --count CASE | --plain CASE]\n");
        return 2;
    }
    return 0;
}
