/*
 * Pulls of images whose chunks lie in several objects: they equal whole ones, resume after a kill,
 * and survive objects that were moved, copied, changed or deleted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/codes.h"
#include "base/err.h"
#include "base/file.h"
#include "docker/docker.h"
#include "kit/fake_docker.h"
#include "kit/fake_endpoint.h"
#include "kit/fault_store.h"
#include "kit/sample.h"
#include "kit/scratch.h"
#include "kit/tarball.h"
#include "kit/thin_bucket.h"
#include "pull/pull.h"
#include "pull/verify.h"
#include "push/push.h"
#include "store/dir/store_dir.h"

#define FIRST  "shop:20250721-2118-f7a5a27"
#define SECOND "shop:20250722-1000-a1b2c3d"
#define THIRD  "shop:20250723-1100-b2c3d4e"
#define FOLDER "images/shop/202507/"
#define LAYERS 2

#define FILES     40
#define FILE_SIZE (16 * KIB - 512) /* with its header: a chunk */

static struct err err;

/* ---- save streams ---- */

/* Each version changes a fifth of the files. Some files repeat others. */
static unsigned seed_of(unsigned layer, unsigned file, unsigned version)
{
    unsigned kind = file % 16 == 15 ? file - 15 : file, changed = kind % 5;

    return layer * 1000 + (changed <= version ? changed * 100 : 0) + kind;
}

static void make_layer(struct tarball *out, unsigned layer, unsigned version, bool backwards)
{
    uint8_t *bytes = malloc(FILE_SIZE);
    char name[32];

    tarball_init(out);
    for (unsigned i = 0; i < FILES; i++) {
        unsigned file = backwards ? FILES - 1 - i : i;

        noise(bytes, FILE_SIZE / 2, seed_of(layer, file, version));
        memset(bytes + FILE_SIZE / 2, 'a' + (int)file % 20, FILE_SIZE - FILE_SIZE / 2);
        snprintf(name, sizeof name, "%u/%u", layer, file % 16 == 15 ? file - 15 : file);
        tarball_file(out, name, bytes, FILE_SIZE);
    }
    tarball_end(out);
    free(bytes);
}

/* An image of LAYERS layers. The files of the second one may come in the reverse order. */
static void make_image(struct tarball *image, const char *ref, unsigned version, bool backwards)
{
    char ids[LAYERS][SHA256_HEX_SIZE], name[128], json[1024];
    uint8_t sum[SHA256_SIZE];

    tarball_init(image);
    for (unsigned i = 0; i < LAYERS; i++) {
        struct tarball layer;

        make_layer(&layer, i, version, backwards && i == 1);
        sha256_of(view_of(layer.data, layer.size), sum);
        hex_encode(sum, sizeof sum, ids[i]);
        snprintf(name, sizeof name, "%u/layer.tar", i);
        tarball_file(image, name, layer.data, layer.size);
        tarball_finish(&layer);
    }
    snprintf(json, sizeof json,
             "{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{},\"rootfs\":{\"type\":"
             "\"layers\",\"diff_ids\":[\"sha256:%s\",\"sha256:%s\"]}}",
             ids[0], ids[1]);
    tarball_text(image, "c.json", json);
    snprintf(json, sizeof json,
             "[{\"Config\":\"c.json\",\"RepoTags\":[\"%s\"],\"Layers\":[\"0/layer.tar\","
             "\"1/layer.tar\"]}]",
             ref);
    tarball_text(image, "manifest.json", json);
    tarball_end(image);
}

/* ---- buckets ---- */

static struct store *open_bucket(const char *bucket)
{
    struct store *store = store_dir_create(
        &(struct store_dir_options){.path = dir, .bucket = bucket, .create = true}, &err);

    if (!store)
        fail_msg("%s", err.text);
    return store;
}

static void publish(struct thin_bucket *bucket, const char *ref, unsigned version, bool backwards,
                    enum codec codec, bool thin)
{
    struct tarball image;

    make_image(&image, ref, version, backwards);
    thin_bucket_publish(bucket, ref, view_of(image.data, image.size), codec, thin);
    tarball_finish(&image);
}

/* A whole image and two thin ones, with both codecs. The third refers to three objects. */
static void fill_bucket(const char *name)
{
    struct thin_bucket *bucket = malloc(sizeof *bucket);

    thin_bucket_open(bucket, open_bucket(name));
    publish(bucket, FIRST, 0, false, CODEC_GZIP, false);
    publish(bucket, SECOND, 1, false, CODEC_ZSTD, true);
    publish(bucket, THIRD, 2, true, CODEC_ZSTD, true);
    thin_bucket_close(bucket);
    free(bucket);
}

/* Runs a command in the folder of the test. */
static void shell(const char *format, ...)
{
    char command[1500];
    va_list list;
    int at = snprintf(command, sizeof command, "cd '%s' && ", dir);

    va_start(list, format);
    vsnprintf(command + at, sizeof command - (size_t)at, format, list);
    va_end(list);
    assert_int_equal(system(command), 0); /* NOLINT: commands of this file */
}

static void copy_bucket(const char *name)
{
    shell("rm -rf %s && cp -a bucket %s", name, name);
}

/* ---- pulls ---- */

static size_t memory; /* 0: the default */

static int pull_from(struct store *store, const char *ref, const char *output, unsigned jobs,
                     struct pull_result *result)
{
    struct pull_options options = {
        .store = store, .output = path_of(output), .transfer = {.jobs = jobs, .memory = memory}};

    assert_int_equal(name_parse_image(ref, &options.name, &err), 0);
    return pull_run(&options, result, &err);
}

static int pull(const char *bucket, const char *ref, struct pull_result *result)
{
    struct store *store = open_bucket(bucket);
    int answer = pull_from(store, ref, "out.tar", 2, result);

    store_destroy(store);
    return answer;
}

static void assert_file_equals(const char *one, const char *other)
{
    _cleanup_text_ struct text a = {0}, b = {0};

    text_init(&a, 16 * MIB);
    text_init(&b, 16 * MIB);
    assert_int_equal(file_read(path_of(one), &a, &err), FILE_OK);
    assert_int_equal(file_read(path_of(other), &b, &err), FILE_OK);
    assert_int_equal(a.size, b.size);
    assert_memory_equal(a.data, b.data, a.size);
}

static void pull_well(const char *bucket, const char *ref, const char *expected,
                      struct pull_result *result)
{
    if (pull(bucket, ref, result))
        fail_msg("%s: %s", ref, err.text);
    assert_file_equals("out.tar", expected);
}

static int verify(const char *bucket, const char *ref)
{
    struct verify_options options = {.store = open_bucket(bucket), .transfer.jobs = 2};
    struct verify_result result;
    int answer;

    assert_int_equal(name_parse_image(ref, &options.name, &err), 0);
    answer = verify_run(&options, &result, &err);
    store_destroy(options.store);
    return answer;
}

/* The archive that a pull of the whole image writes. */
static void make_expected(const char *ref, unsigned version, bool backwards, const char *output)
{
    struct push_options options = {
        .store = open_bucket("whole"), .choice = {CODEC_GZIP, 1}, .transfer.jobs = 2};
    struct push_result pushed;
    struct pull_result pulled;
    struct tarball image;

    make_image(&image, ref, version, backwards);
    assert_int_equal(file_replace(path_of("in.tar"), view_of(image.data, image.size), 0644, &err),
                     0);
    tarball_finish(&image);
    options.input = path_of("in.tar");
    assert_int_equal(name_parse_image(ref, &options.name, &err), 0);
    if (push_run(&options, &pushed, &err) || pull_from(options.store, ref, output, 2, &pulled))
        fail_msg("%s", err.text);
    store_destroy(options.store);
}

/* ---- stores that act at a request for data ---- */

struct scene {
    struct fault_store fault;
    atomic_uint gets;
    unsigned at; /* the request that the scene acts at, from 1 */
    enum { PASS, KILL, CUT, ABSENT_ONCE } act;
    uint64_t longest;
};

static bool is_data(const struct store_op *op)
{
    return fault_store_matches(op, STORE_GET, ".data") ||
           fault_store_matches(op, STORE_GET, ".tgz") ||
           fault_store_matches(op, STORE_GET, ".tar.zst") ||
           fault_store_matches(op, STORE_GET, ".tar.gz");
}

static bool act(struct fault_store *fault, struct store_op *op)
{
    struct scene *scene = (struct scene *)fault;
    unsigned number;

    if (!is_data(op))
        return false;
    number = atomic_fetch_add(&scene->gets, 1) + 1;
    if (op->length > scene->longest)
        scene->longest = op->length;
    if (number != scene->at || scene->act == PASS)
        return false;
    if (scene->act == KILL)
        kill(getpid(), SIGKILL);
    else if (scene->act == CUT)
        fault_store_fail(op, ERR_NETWORK, "cut", STORE_NO_ANSWER);
    else
        fault_store_complete(op, STORE_ABSENT);
    return true;
}

static int pull_in_scene(struct scene *scene, const char *bucket, const char *ref, unsigned jobs,
                         struct pull_result *result)
{
    int answer;

    fault_store_open(&scene->fault, dir, bucket, act);
    answer = pull_from(&scene->fault.store, ref, "out.tar", jobs, result);
    fault_store_close(&scene->fault);
    return answer;
}

/* ---- tests ---- */

static void thin_images_equal_whole_ones(void **state)
{
    static const struct {
        const char *ref, *expected;
    } images[] = {{FIRST, "first.tar"}, {SECOND, "second.tar"}, {THIRD, "third.tar"}};
    static const unsigned jobs[] = {2, 0, 1, 8};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(images); i++) {
        for (size_t j = 0; j < (i == 2 ? ARRAY_SIZE(jobs) : 1); j++) {
            struct store *store = open_bucket("bucket");
            struct pull_result result;

            if (pull_from(store, images[i].ref, "out.tar", jobs[j], &result))
                fail_msg("%s", err.text);
            store_destroy(store);
            assert_file_equals("out.tar", images[i].expected);
        }
        if (verify("bucket", images[i].ref))
            fail_msg("%s", err.text);
    }
}

/* A repeat is fetched once, and so is each gap. */
static void few_requests_fetch_few_bytes(void **state)
{
    struct scene scene = {.act = PASS};
    struct pull_result result;

    (void)state;
    if (pull_in_scene(&scene, "bucket", SECOND, 2, &result))
        fail_msg("%s", err.text);
    assert_in_range(atomic_load(&scene.gets), 2, 24);
    assert_true(result.stats.downloaded_bytes < result.size + 64 * KIB);
    /* without the gaps that ranges include */
    assert_in_range(result.to_fetch, 1, result.stats.downloaded_bytes);
}

/* Reads the image and writes nothing. Returns the requests for data; 0: it failed. */
static unsigned read_only(void)
{
    struct scene scene = {.act = PASS};
    struct pull_options options = {.no_resume = true, .transfer.jobs = 2};
    struct pull_result result;
    int answer;

    fault_store_open(&scene.fault, dir, "bucket", act);
    options.store = &scene.fault.store;
    assert_int_equal(name_parse_image(THIRD, &options.name, &err), 0);
    answer = pull_run(&options, &result, &err);
    fault_store_close(&scene.fault);
    return answer ? 0 : atomic_load(&scene.gets);
}

/* The partial download takes a part of the image only. The stream fetches the rest itself: each run
 * of chunks is a request. */
static void a_full_disk_costs_requests_only(void **state)
{
    const struct rlimit limit = {100 * KIB, 100 * KIB}; /* of each file */
    unsigned usual = read_only();
    pid_t child = fork();
    int status;

    (void)state;
    assert_true(child >= 0 && usual > 0);
    if (child == 0) {
        signal(SIGXFSZ, SIG_IGN);
        _exit(setrlimit(RLIMIT_FSIZE, &limit) || read_only() <= usual);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* No folder for the partial download can be made in the user's home. */
static void a_host_without_a_cache_pulls(void **state)
{
    struct pull_result result;

    (void)state;
    setenv("XDG_CACHE_HOME", "/dev/null", 1);
    setenv("HOME", "/dev/null", 1);
    pull_well("bucket", THIRD, "third.tar", &result);
    setenv("XDG_CACHE_HOME", dir, 1);
}

static void a_pull_that_keeps_nothing_works(void **state)
{
    struct pull_options options = {
        .store = open_bucket("bucket"), .output = path_of("out.tar"), .no_resume = true};
    struct pull_result result;

    (void)state;
    assert_int_equal(name_parse_image(THIRD, &options.name, &err), 0);
    if (pull_run(&options, &result, &err))
        fail_msg("%s", err.text);
    store_destroy(options.store);
    assert_file_equals("out.tar", "third.tar");
}

static void a_killed_pull_is_resumed(void **state)
{
    struct pull_result result;
    uint64_t all;

    (void)state;
    pull_well("bucket", THIRD, "third.tar", &result);
    all = result.stats.downloaded_bytes;
    for (unsigned at = 2; at < 16; at += sample_step(5)) {
        struct scene scene = {.act = KILL, .at = at};
        pid_t child;
        int status;

        memory = TRANSFER_MEMORY_MIN; /* few requests at once */
        child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            pull_in_scene(&scene, "bucket", THIRD, 0, &result);
            _exit(0);
        }
        memory = 0;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        pull_well("bucket", THIRD, "third.tar", &result);
        if (at > 10) {
            assert_true(result.kept > 0);
            assert_true(result.stats.downloaded_bytes < all);
        }
    }
}

/* The partial download of a replaced image is of no use. */
static void another_set_of_objects_starts_again(void **state)
{
    struct scene scene = {.act = CUT, .at = 6};
    struct thin_bucket *bucket = malloc(sizeof *bucket);
    struct pull_result result;

    (void)state;
    copy_bucket("replaced");
    assert_int_equal(pull_in_scene(&scene, "replaced", THIRD, 0, &result), ERR_FAIL);
    assert_int_equal(err.family, ERR_NETWORK);
    thin_bucket_open(bucket, open_bucket("replaced"));
    bucket->object_count = 8; /* new keys */
    publish(bucket, THIRD, 2, true, CODEC_GZIP, true);
    thin_bucket_close(bucket); /* objects that were not opened have no bytes */
    free(bucket);
    pull_well("replaced", THIRD, "third.tar", &result);
    assert_int_equal(result.kept, 0);
}

/* ---- objects that differ from the metadata ---- */

#define DATA_FIRST  FOLDER "shop-20250721-2118-f7a5a27-0000000000000001.tgz"
#define DATA_SECOND FOLDER "shop-20250722-1000-a1b2c3d-0000000000000002.data"

static void an_object_that_was_lost_is_reported(void **state)
{
    struct pull_result result;

    (void)state;
    copy_bucket("lost");
    shell("rm lost/" DATA_SECOND);
    assert_int_equal(pull("lost", THIRD, &result), ERR_FAIL);
    assert_true(err_is(&err, ERR_NOT_FOUND, CODE_OBJECT));
    assert_non_null(strstr(err.text, DATA_SECOND));
    assert_int_equal(verify("lost", THIRD), ERR_FAIL);
    assert_true(err_is(&err, ERR_NOT_FOUND, CODE_OBJECT));
    pull_well("lost", FIRST, "first.tar", &result);
}

/* A request finds nothing, the next one does: the pull looks again, and continues. */
static void an_object_that_comes_back_is_read(void **state)
{
    struct pull_result result;

    (void)state;
    for (unsigned at = 1; at < 8; at += sample_step(3)) {
        struct scene scene = {.act = ABSENT_ONCE, .at = at};

        if (pull_in_scene(&scene, "bucket", THIRD, 2, &result))
            fail_msg("%s", err.text);
        assert_file_equals("out.tar", "third.tar");
        assert_true(result.stats.downloaded_bytes < result.size + 64 * KIB); /* no new try */
    }
}

/* All ETags differ, all sizes are equal. */
static void a_copied_bucket_is_read(void **state)
{
    struct pull_result result;

    (void)state;
    shell("rm -rf copied && cp -r bucket copied");
    pull_well("copied", THIRD, "third.tar", &result);
    assert_int_equal(verify("copied", THIRD), ERR_FAIL);
    assert_string_equal(err.code, "etag");
}

/* The content changed, and with it the ETag: the digests prove it. */
static void changed_bytes_are_refused(void **state)
{
    struct pull_result result;

    (void)state;
    copy_bucket("changed");
    shell("printf xxxx | dd of=changed/" DATA_FIRST " bs=1 seek=5000 conv=notrunc 2>/dev/null");
    assert_int_equal(pull("changed", THIRD, &result), ERR_FAIL);
    assert_int_equal(err.family, ERR_INTEGRITY);
    shell("truncate -s +1 changed/" DATA_FIRST);
    assert_int_equal(pull("changed", THIRD, &result), ERR_FAIL);
    assert_true(err_is(&err, ERR_NOT_FOUND, CODE_OBJECT));
}

/* Rot: the ETag stays. The error names the object. */
static void flipped_bits_are_found(void **state)
{
    static const char *const keys[] = {DATA_FIRST, DATA_SECOND};
    struct pull_result result;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        struct timespec times[2];
        char path[512];
        struct stat st = {0};
        uint8_t byte;
        int fd;

        copy_bucket("rotten");
        snprintf(path, sizeof path, "%s/rotten/%s", dir, keys[i]);
        fd = open(path, O_RDWR | O_CLOEXEC);
        assert_true(fd >= 0 && fstat(fd, &st) == 0);
        assert_int_equal(pread(fd, &byte, 1, st.st_size / 2), 1);
        byte ^= 0x10;
        assert_int_equal(pwrite(fd, &byte, 1, st.st_size / 2), 1);
        times[0] = st.st_atim;
        times[1] = st.st_mtim;
        assert_int_equal(futimens(fd, times), 0);
        close(fd);
        assert_int_equal(pull("rotten", THIRD, &result), ERR_FAIL);
        assert_int_equal(err.family, ERR_INTEGRITY);
        assert_non_null(strstr(err.text, keys[i]));
        assert_int_equal(verify("rotten", THIRD), ERR_FAIL);
        assert_int_equal(err.family, ERR_INTEGRITY);
    }
}

static void a_thin_image_without_index_is_refused(void **state)
{
    struct pull_result result;

    (void)state;
    copy_bucket("bare");
    shell("rm bare/" FOLDER "*.index");
    assert_int_equal(pull("bare", THIRD, &result), ERR_FAIL);
    assert_true(err_is(&err, ERR_INTEGRITY, CODE_THIN));
    pull_well("bare", FIRST, "first.tar", &result); /* whole: its archive is read */
}

/* Its archive is read in pieces. */
static void a_whole_image_of_frames_needs_no_index(void **state)
{
    struct thin_bucket *bucket = malloc(sizeof *bucket);
    struct pull_result result;

    (void)state;
    thin_bucket_open(bucket, open_bucket("frames"));
    publish(bucket, FIRST, 0, false, CODEC_ZSTD, false);
    thin_bucket_close(bucket);
    free(bucket);
    pull_well("frames", FIRST, "first.tar", &result);
    if (verify("frames", FIRST))
        fail_msg("%s", err.text);
    shell("rm frames/" FOLDER "*.index");
    pull_well("frames", FIRST, "first.tar", &result);
    /* a frame whose window has 16 MiB: a pull has a limit of memory */
    shell("printf '\\050\\265\\057\\375\\000\\160' | dd of=$(echo frames/" FOLDER
          "*.tar.zst) conv=notrunc status=none");
    assert_int_equal(pull("frames", FIRST, &result), ERR_FAIL);
    assert_int_equal(err.family, ERR_UNSUPPORTED);
    assert_string_equal(err.code, CODE_PACKING);
    assert_non_null(strstr(err.text, "more than 8 MiB"));
    assert_non_null(strstr(err.hint, "by force")); /* a push of the same image skips it */
}

/* ---- archives that were replaced in place ---- */

#define STEM_FIRST FOLDER "shop-20250721-2118-f7a5a27"
#define COPY       "archive/shop/202507/shop-20250721-2118-f7a5a27-archived-on-20260101-0000"

/* The metadata that a push copies below archive/. */
static void write_replaced_document(struct thin_bucket *bucket)
{
    struct metadata metadata = {.format = 2, .size = bucket->objects[0].size};
    _cleanup_text_ struct text json = {0};

    snprintf(metadata.image_tag, sizeof metadata.image_tag, "%s", FIRST);
    snprintf(metadata.app_name, sizeof metadata.app_name, "shop");
    snprintf(metadata.git_hash, sizeof metadata.git_hash, "f7a5a27");
    snprintf(metadata.git_time, sizeof metadata.git_time, "20250721-2118");
    snprintf(metadata.archive_etag, sizeof metadata.archive_etag, "%s", bucket->objects[0].etag);
    text_init(&json, MIB);
    metadata_write(&metadata, &json);
    thin_bucket_put(bucket, COPY ".json", text_view(&json), NULL);
}

/* A push of the gzip form replaces the archive that the thin image needs. */
static void a_replaced_archive_is_found_below_archive(void **state)
{
    struct thin_bucket *bucket = malloc(sizeof *bucket);
    struct pull_result result;

    (void)state;
    thin_bucket_open(bucket, open_bucket("moved"));
    publish(bucket, FIRST, 0, false, CODEC_GZIP, false);
    shell("mv moved/" DATA_FIRST " moved/" STEM_FIRST ".tar.gz");
    snprintf(bucket->objects[0].key, sizeof bucket->objects[0].key, STEM_FIRST ".tar.gz");
    publish(bucket, SECOND, 1, false, CODEC_ZSTD, true);
    pull_well("moved", SECOND, "second.tar", &result);
    shell("mkdir -p moved/archive/shop/202507 && cp moved/" STEM_FIRST ".tar.gz moved/" COPY
          ".tar.gz && yes | head -c %llu > moved/" STEM_FIRST ".tar.gz",
          (unsigned long long)bucket->objects[0].size);
    assert_int_equal(pull("moved", SECOND, &result), ERR_FAIL);
    assert_int_equal(err.family, ERR_INTEGRITY);
    write_replaced_document(bucket);
    pull_well("moved", SECOND, "second.tar", &result);
    if (verify("moved", SECOND))
        fail_msg("%s", err.text);
    thin_bucket_close(bucket);
    free(bucket);
}

/* ---- a daemon ---- */

static void a_daemon_gets_what_it_lacks(void **state)
{
    struct fake_docker fake = fake_docker_start("docker-20.10", "store", 0);
    struct docker_endpoint endpoint = fake_endpoint(&fake);
    struct pull_options options = {.reuse = REUSE_ALWAYS, .transfer.jobs = 2};
    struct pull_result result;

    (void)state;
    options.docker = docker_open(&endpoint, NULL, &err);
    options.store = open_bucket("bucket");
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(name_parse_image(i ? THIRD : SECOND, &options.name, &err), 0);
        if (pull_run(&options, &result, &err))
            fail_msg("%s", err.text);
    }
    /* A fifth of the files differs, in both layers. */
    assert_true(result.seed);
    assert_true(result.stats.downloaded_bytes < result.size / 2);
    store_destroy(options.store);
    docker_close(options.docker);
    fake_docker_stop(&fake);
}

/* ---- hostile images ---- */

/* Writes one object for each of the first 63 files of an image. */
static void scatter(struct thin_bucket *bucket)
{
    uint8_t *bytes = malloc(FILE_SIZE);
    struct tarball image;

    make_image(&image, THIRD, 2, false);
    for (unsigned i = 0; i < 31; i++)
        for (unsigned layer = 0; layer < 2; layer++) {
            size_t at = 512 + (size_t)layer * (512 + FILES * (size_t)THIN_CHUNK + 1024);

            thin_bucket_begin(bucket, STEM_FIRST, i % 2 ? CODEC_GZIP : CODEC_ZSTD, ".data");
            thin_bucket_pack(bucket, view_of(image.data + at + i * (size_t)THIN_CHUNK, THIN_CHUNK));
            thin_bucket_end(bucket);
        }
    tarball_finish(&image);
    free(bytes);
}

static void many_objects_are_read_as_one(void **state)
{
    struct thin_bucket *bucket = malloc(sizeof *bucket);
    struct pull_result result;

    (void)state;
    thin_bucket_open(bucket, open_bucket("scattered"));
    scatter(bucket);
    publish(bucket, THIRD, 2, true, CODEC_ZSTD, true);
    pull_well("scattered", THIRD, "third.tar", &result);
    thin_bucket_close(bucket);
    free(bucket);
}

/* An index may place chunks anywhere in the objects that it names. */
static void false_places_are_refused(void **state)
{
    static const struct {
        uint64_t move, size;
    } cases[] = {
        {10, 0},                                /* inside of other chunks */
        {UINT64_C(1) << 40, UINT64_C(1) << 41}, /* behind the end of the object */
        {UINT64_C(1) << 61, UINT64_C(1) << 62},
    };
    struct thin_bucket *bucket = malloc(sizeof *bucket);
    struct pull_result result;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        shell("rm -rf false");
        thin_bucket_open(bucket, open_bucket("false"));
        publish(bucket, FIRST, 0, false, CODEC_GZIP, false);
        for (unsigned j = 20; j < 40; j++)
            bucket->chunks[j].place.offset += cases[i].move;
        if (cases[i].size)
            bucket->objects[0].size = cases[i].size;
        publish(bucket, SECOND, 1, false, CODEC_ZSTD, true);
        assert_int_equal(pull("false", SECOND, &result), ERR_FAIL);
        assert_int_equal(verify("false", SECOND), ERR_FAIL);
        assert_int_equal(err.family, ERR_INTEGRITY);
        thin_bucket_close(bucket);
    }
    free(bucket);
}

static void metadata_with_other_objects_is_refused(void **state)
{
    struct pull_result result;

    (void)state;
    copy_bucket("other");
    shell("sed -i 's/\"codec\": *\"gzip\"/\"codec\":\"zstd\"/' other/" FOLDER
          "shop-20250723-1100-b2c3d4e.json");
    assert_int_equal(pull("other", THIRD, &result), ERR_FAIL);
    assert_true(err_is(&err, ERR_INTEGRITY, CODE_THIN));
    assert_int_equal(verify("other", THIRD), ERR_FAIL);
    assert_int_equal(err.family, ERR_INTEGRITY);
}

static int set_up(void **state)
{
    (void)state;
    if (scratch_create())
        return -1;
    setenv("XDG_CACHE_HOME", dir, 1);
    fill_bucket("bucket");
    make_expected(FIRST, 0, false, "first.tar");
    make_expected(SECOND, 1, false, "second.tar");
    make_expected(THIRD, 2, true, "third.tar");
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(thin_images_equal_whole_ones),
        cmocka_unit_test(few_requests_fetch_few_bytes),
        cmocka_unit_test(a_full_disk_costs_requests_only),
        cmocka_unit_test(a_host_without_a_cache_pulls),
        cmocka_unit_test(a_pull_that_keeps_nothing_works),
        cmocka_unit_test(a_killed_pull_is_resumed),
        cmocka_unit_test(another_set_of_objects_starts_again),
        cmocka_unit_test(an_object_that_was_lost_is_reported),
        cmocka_unit_test(an_object_that_comes_back_is_read),
        cmocka_unit_test(a_copied_bucket_is_read),
        cmocka_unit_test(changed_bytes_are_refused),
        cmocka_unit_test(flipped_bits_are_found),
        cmocka_unit_test(a_thin_image_without_index_is_refused),
        cmocka_unit_test(a_whole_image_of_frames_needs_no_index),
        cmocka_unit_test(a_replaced_archive_is_found_below_archive),
        cmocka_unit_test(a_daemon_gets_what_it_lacks),
        cmocka_unit_test(many_objects_are_read_as_one),
        cmocka_unit_test(false_places_are_refused),
        cmocka_unit_test(metadata_with_other_objects_is_refused),
    };

    return cmocka_run_group_tests(tests, set_up, scratch_teardown);
}
