/*
 * Pulls into a daemon that stores images like each kind of engine: first a complete image, then its
 * successors, of which the pull may transfer only the difference. Also pulls with a daemon or an
 * index that is wrong.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zstd.h>

#include "base/clock.h"
#include "base/digest_text.h"
#include "base/err.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/json_write.h"
#include "docker/docker.h"
#include "flow/cancel.h"
#include "http/stream.h"
#include "kit/fake_docker.h"
#include "kit/fake_endpoint.h"
#include "kit/sample.h"
#include "kit/scratch.h"
#include "kit/tarball.h"
#include "pull/partial/partial.h"
#include "pull/plan/layer_report.h"
#include "pull/pull.h"
#include "push/push.h"
#include "store/dir/store_dir.h"
#include "store/store.h"

#define FIRST     "shop:20250721-2118-f7a5a27"
#define SECOND    "shop:20250722-1000-a1b2c3d"
#define KEY_FIRST "images/shop/202507/shop-20250721-2118-f7a5a27"
#define KEY       "images/shop/202507/shop-20250722-1000-a1b2c3d"
#define LAYERS    3

static struct err err;

/* ---- two images that share the lowest layer and most bytes of the other layers ---- */

/* The contents of a layer: the number of files, their size, and the number of different files. */
#define FILES     10
#define FILE_SIZE (100 * KIB)

static unsigned files = FILES, kinds = FILES;
static size_t file_size = FILE_SIZE;
static const char *label = "one"; /* in the config */
static bool packed;               /* with zstd: all layers */
static bool hollow; /* the second image's middle layer is empty, its top layer small */

static void pack_layer(struct tarball *layer)
{
    size_t room = ZSTD_compressBound(layer->size);
    uint8_t *out = malloc(room);

    layer->size = ZSTD_compress(out, room, layer->data, layer->size, 1);
    assert_false(ZSTD_isError(layer->size));
    free(layer->data);
    layer->data = out;
}

/* Every `changed_every`th file differs from the same file in other layers; 0: none does. */
static void make_layer(struct tarball *layer, unsigned number, unsigned changed_every)
{
    const size_t size = file_size;
    uint8_t *bytes = malloc(size);
    char name[64];

    tarball_init(layer);
    for (unsigned i = 0; i < files; i++) {
        bool changed = changed_every && i % changed_every == 0;

        noise(bytes, size, 1000 * number + i % kinds + (changed ? 500 : 0));
        snprintf(name, sizeof name, "srv/%u/%u.bin", number, i);
        tarball_file(layer, name, bytes, size);
    }
    tarball_end(layer);
    free(bytes);
}

static void spell(const void *bytes, size_t size, char out[SHA256_HEX_SIZE])
{
    uint8_t sum[SHA256_SIZE];

    sha256_of(view_of(bytes, size), sum);
    hex_encode(sum, sizeof sum, out);
}

static void write_image(const char *path, const char *ref, const unsigned changed[LAYERS])
{
    char ids[LAYERS][SHA256_HEX_SIZE], blobs[LAYERS][SHA256_HEX_SIZE], config_id[SHA256_HEX_SIZE],
        name[256], json[2048];
    struct tarball image;

    tarball_init(&image);
    for (unsigned i = 0; i < LAYERS; i++) {
        struct tarball layer;

        make_layer(&layer, i, changed[i]);
        if (hollow && changed[i])
            layer.size = i == 1 ? 0 : 3 * 1024;
        spell(layer.data, layer.size, ids[i]);
        if (packed)
            pack_layer(&layer);
        spell(layer.data, layer.size, blobs[i]);
        snprintf(name, sizeof name, "blobs/sha256/%s", blobs[i]);
        tarball_file(&image, name, layer.data, layer.size);
        tarball_finish(&layer);
    }
    snprintf(json, sizeof json,
             "{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{\"Labels\":{\"is\":\"%s\"}},"
             "\"rootfs\":{\"type\":\"layers\","
             "\"diff_ids\":[\"sha256:%s\",\"sha256:%s\",\"sha256:%s\"]}}",
             label, ids[0], ids[1], ids[2]);
    spell(json, strlen(json), config_id);
    snprintf(name, sizeof name, "blobs/sha256/%s", config_id);
    tarball_text(&image, name, json);
    snprintf(json, sizeof json,
             "[{\"Config\":\"blobs/sha256/%s\",\"RepoTags\":[\"%s\"],\"Layers\":["
             "\"blobs/sha256/%s\",\"blobs/sha256/%s\",\"blobs/sha256/%s\"]}]",
             config_id, ref, blobs[0], blobs[1], blobs[2]);
    tarball_text(&image, "manifest.json", json);
    tarball_end(&image);
    assert_int_equal(file_replace(path, view_of(image.data, image.size), 0644, &err), 0);
    tarball_finish(&image);
}

/* ---- helpers ---- */

static struct store *open_bucket(const char *bucket)
{
    struct store *store = store_dir_create(
        &(struct store_dir_options){.path = dir, .bucket = bucket, .create = true}, &err);

    if (!store)
        fail_msg("%s", err.text);
    return store;
}

static void push(const char *bucket, const char *ref, const unsigned changed[LAYERS])
{
    char input[256];
    struct push_options options = {.input = input, .choice = {CODEC_GZIP, 1}, .transfer.jobs = 2};
    struct push_result result;

    snprintf(input, sizeof input, "%s/input.tar", dir);
    write_image(input, ref, changed);
    assert_int_equal(name_parse_image(ref, &options.name, &err), 0);
    options.store = open_bucket(bucket);
    if (push_run(&options, &result, &err))
        fail_msg("%s", err.text);
    store_destroy(options.store);
}

/* Pushes both images. Of the second one, every fifth file of the middle layer and every tenth file
 * of the top layer differs. */
static void fill_bucket(const char *bucket)
{
    push(bucket, FIRST, (unsigned[LAYERS]){0, 0, 0});
    push(bucket, SECOND, (unsigned[LAYERS]){0, 5, 10});
}

/* The same as fill_bucket: a copy of the first bucket. */
static void copy_bucket(const char *bucket)
{
    char command[1200];

    snprintf(command, sizeof command, "cp -a '%s/bucket' '%s/%s'", dir, dir, bucket);
    assert_int_equal(system(command), 0);
}

/* The daemon's last line while it loaded. */
static char load_note[256];

static void keep_note(void *arg, const struct transfer_progress *progress)
{
    (void)arg;
    if (progress->phase == PHASE_LOAD && progress->note)
        snprintf(load_note, sizeof load_note, "%s", progress->note);
}

static int pull(const char *bucket, struct docker *docker, const char *ref, enum reuse reuse,
                struct pull_result *result)
{
    struct pull_options options = {
        .docker = docker, .reuse = reuse, .transfer = {.jobs = 2, .progress = keep_note}};
    int answer;

    load_note[0] = 0;
    assert_int_equal(name_parse_image(ref, &options.name, &err), 0);
    options.store = open_bucket(bucket);
    answer = pull_run(&options, result, &err);
    store_destroy(options.store);
    return answer;
}

static void pull_well(const char *bucket, struct docker *docker, const char *ref, enum reuse reuse,
                      struct pull_result *result)
{
    if (pull(bucket, docker, ref, reuse, result))
        fail_msg("%s: %s", ref, err.text);
}

/* ---- scenes ---- */

/* The transferred bytes by engine and by reuse: three changed files, or whole layers, and
 * headers. */
static void only_missing_data_is_transferred(void **state)
{
    static const struct {
        const char *profile;
        enum reuse reuse;
        unsigned layers_here;
        unsigned files;
    } cases[] = {
        {"docker-20.10", REUSE_NEVER, 1, 2 * FILES},
        {"docker-20.10", REUSE_ALWAYS, 1, 3},
        {"docker-25", REUSE_ALWAYS, 1, 3},
        {"podman", REUSE_NEVER, 1, 2 * FILES},
        {"podman", REUSE_ALWAYS, 1, 3},
        {"docker-29.0", REUSE_NEVER, 1, 2 * FILES},
        {"docker-29.0", REUSE_ALWAYS, 1, 3},
        /* does not report whether an image is complete */
        {"docker-26-containerd", REUSE_NEVER, 0, 3 * FILES},
        {"docker-26-containerd", REUSE_ALWAYS, 0, 3},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i += test_is_for_threads() ? 4 : 1) {
        struct fake_docker fake = fake_docker_start(cases[i].profile, "store", 0);
        struct docker *docker = fake_docker_open(&fake);
        struct pull_result result;

        pull_well("bucket", docker, FIRST, cases[i].reuse, &result);
        assert_int_equal(result.layers_here, 0);
        pull_well("bucket", docker, SECOND, cases[i].reuse, &result);
        assert_non_null(strstr(load_note, "Loaded image"));
        assert_false(result.reloaded);
        assert_int_equal(result.layers, LAYERS);
        assert_int_equal(result.layers_here, cases[i].layers_here);
        if (result.stats.downloaded_bytes < cases[i].files * FILE_SIZE ||
            result.stats.downloaded_bytes > cases[i].files * FILE_SIZE + 50 * KIB)
            fail_msg("%s, %d: %llu bytes were fetched", cases[i].profile, (int)cases[i].reuse,
                     (unsigned long long)result.stats.downloaded_bytes);
        pull_well("bucket", docker, SECOND, cases[i].reuse, &result);
        assert_true(result.skipped);
        docker_close(docker);
        fake_docker_stop(&fake);
    }
}

/* So many chunks that the daemon receives the first ones while the seed scan still runs. Each chunk
 * exists twice, and a fifth of them differ from the host's. */
static void the_load_runs_during_the_seed_scan(void **state)
{
    struct fake_docker fake = fake_docker_start("docker-20.10", "store", 0);
    struct docker *docker = fake_docker_open(&fake);
    struct pull_result result;

    (void)state;
    files = 300;
    kinds = 150;
    file_size = 20 * KIB;
    fill_bucket("many");
    pull_well("many", docker, FIRST, REUSE_NEVER, &result);
    pull_well("many", docker, SECOND, REUSE_ALWAYS, &result);
    assert_false(result.reloaded);
    assert_true(result.seed);
    /* the changed files, each once or twice, and headers */
    assert_in_range(result.stats.downloaded_bytes, 45 * 20 * KIB, 2 * 90 * 20 * KIB + 400 * KIB);
    docker_close(docker);
    fake_docker_stop(&fake);
    files = kinds = FILES;
    file_size = FILE_SIZE;
}

/* Neither layer has a section. */
static void an_empty_layer_hides_no_other(void **state)
{
    struct fake_docker fake = fake_docker_start("docker-20.10", "store", 0);
    struct docker *docker = fake_docker_open(&fake);
    struct pull_result result;

    (void)state;
    hollow = true;
    fill_bucket("hollow");
    hollow = false;
    pull_well("hollow", docker, FIRST, REUSE_NEVER, &result);
    pull_well("hollow", docker, SECOND, REUSE_NEVER, &result);
    assert_int_equal(result.layers_here, 1);
    assert_false(result.reloaded);
    docker_close(docker);
    fake_docker_stop(&fake);
}

static void a_dry_run_prints_the_bytes_to_fetch(void **state)
{
    struct fake_docker fake = fake_docker_start("docker-20.10", "store", 0);
    struct docker *docker = fake_docker_open(&fake);
    struct pull_options options = {.docker = docker, .dry_run = true};
    struct pull_result result;

    (void)state;
    pull_well("bucket", docker, FIRST, REUSE_AUTO, &result);
    assert_int_equal(name_parse_image(SECOND, &options.name, &err), 0);
    options.store = open_bucket("bucket");
    assert_int_equal(pull_run(&options, &result, &err), 0);
    store_destroy(options.store);
    assert_int_equal(result.layers_here, 1);
    assert_in_range(result.to_fetch, 2 * FILES * FILE_SIZE, 2 * FILES * FILE_SIZE + 40 * KIB);
    assert_true(result.stats.downloaded_bytes < 64 * KIB);
    assert_non_null(result.layer_report);
    assert_int_equal(result.layer_report->layers, LAYERS);
    assert_true(result.layer_report->rows[0].here && !result.layer_report->rows[0].moves);
    assert_false(result.layer_report->rows[1].here);
    assert_int_equal(result.layer_report->rest.moves, 1); /* the config */
    assert_int_equal(result.layer_report->total.moves_size, result.to_fetch);
    layer_report_destroy(result.layer_report);
    docker_close(docker);
    fake_docker_stop(&fake);
}

/* Layers were pruned after the query, or the engine requires all layers: the pull then sends all.
 */
static void a_daemon_that_refuses_partial_images_gets_all_layers(void **state)
{
    static const char *const profiles[] = {"docker-20.10", "podman"};
    static const char *const behave[] = {"store-whole", "store-forgets"};

    (void)state;
    for (size_t i = 0; i < 4; i += test_is_for_threads() ? 3 : 1) {
        struct fake_docker fake = fake_docker_start(profiles[i / 2], behave[i % 2], 0);
        struct docker *docker = fake_docker_open(&fake);
        struct pull_result result;

        pull_well("bucket", docker, FIRST, REUSE_AUTO, &result);
        pull_well("bucket", docker, SECOND, i % 2 ? REUSE_NEVER : REUSE_ALWAYS, &result);
        assert_true(result.reloaded);
        assert_int_equal(result.layers_here, 0);
        assert_int_equal(result.stats.reused_bytes, 0);
        docker_close(docker);
        fake_docker_stop(&fake);
    }
}

/* Another image has the name on the host. Afterwards the name leads to the pulled image, not to
 * another image of the same layers. */
static void the_name_leads_to_the_pulled_image(void **state)
{
    static const char *const cases[][2] = {{"docker-20.10", "store"},
                                           {"docker-20.10", "store-nameless"},
                                           {"docker-26-containerd", "store-nameless"},
                                           {"docker-29.0", "store"},
                                           {"podman", "store"},
                                           {"podman", "store-built"},
                                           {"podman", "store-nameless"}};
    struct docker_image *local = malloc(sizeof *local);

    (void)state;
    label = "other";
    push("elsewhere", FIRST, (unsigned[LAYERS]){0, 0, 0}); /* the same layers with another config */
    label = "one";
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fake_docker fake = fake_docker_start(cases[i][0], cases[i][1], 0);
        struct docker *docker = fake_docker_open(&fake);
        struct pull_result before, result;
        char id[DIGEST_TEXT_SIZE];

        pull_well("elsewhere", docker, FIRST, REUSE_NEVER, &before);
        assert_int_equal(docker_inspect(docker, FIRST, local, &err), DOCKER_OK);
        memcpy(id, local->id, sizeof id);
        pull_well("bucket", docker, FIRST, REUSE_NEVER, &result);
        assert_string_not_equal(before.image_id, result.image_id);
        assert_int_equal(docker_inspect(docker, FIRST, local, &err), DOCKER_OK);
        assert_string_not_equal(local->id, id);
        if (!docker_engine(docker)->containerd_store)
            assert_string_equal(local->id, result.image_id);
        pull_well("bucket", docker, FIRST, REUSE_NEVER, &result);
        assert_true(result.skipped);
        docker_close(docker);
        fake_docker_stop(&fake);
    }
    free(local);
}

/* The image is registered and named, but not unpacked. No pull accepts it, and the name is
 * restored. */
static void a_refused_load_leaves_no_name(void **state)
{
    struct fake_docker fake = fake_docker_start("docker-29.0", "store,store-unpack", 0);
    struct docker *docker = fake_docker_open(&fake);
    struct docker_image *local = malloc(sizeof *local);
    struct pull_result result;
    char id[DIGEST_TEXT_SIZE];

    (void)state;
    pull_well("elsewhere", docker, FIRST, REUSE_NEVER, &result);
    assert_int_equal(docker_inspect(docker, FIRST, local, &err), DOCKER_OK);
    memcpy(id, local->id, sizeof id);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(pull("bucket", docker, SECOND, REUSE_NEVER, &result), ERR_FAIL);
        assert_int_equal(err.family, ERR_DOCKER);
        assert_int_equal(docker_inspect(docker, SECOND, local, &err), DOCKER_ABSENT);
        assert_int_equal(pull("bucket", docker, FIRST, REUSE_NEVER, &result), ERR_FAIL);
        assert_int_equal(docker_inspect(docker, FIRST, local, &err), DOCKER_OK);
        assert_string_equal(local->id, id);
    }
    free(local);
    docker_close(docker);
    fake_docker_stop(&fake);
}

/* Runs a pull in a child process and kills it when the daemon has the name. */
static void kill_in_load(const struct fake_docker *fake, struct docker *docker, const char *ref)
{
    struct docker_image *local = malloc(sizeof *local);
    int64_t end = clock_monotonic() + 300 * NS_PER_S;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        struct pull_result result;

        pull("bucket", fake_docker_open(fake), ref, REUSE_NEVER, &result);
        _exit(0);
    }
    while (docker_inspect(docker, ref, local, &err) != DOCKER_OK) {
        assert_true(clock_monotonic() < end);
        usleep(10000);
    }
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, NULL, 0), child);
    free(local);
}

/* The daemon has registered the image, but may not have unpacked it. A later pull loads it again,
 * once. A pull also works with a cache that cannot be written. */
static void a_killed_load_is_not_trusted(void **state)
{
    static const char *const profiles[] = {"docker-26-containerd", "docker-29.0"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
        struct fake_docker fake = fake_docker_start(profiles[i], "store,store-hang", 0);
        struct docker *docker = fake_docker_open(&fake);
        struct pull_result result;

        pull_well("elsewhere", docker, FIRST, REUSE_NEVER, &result);
        kill_in_load(&fake, docker, SECOND);
        pull_well("bucket", docker, SECOND, REUSE_NEVER, &result);
        assert_false(result.skipped);
        assert_int_equal(result.layers_here, 0);
        pull_well("bucket", docker, SECOND, REUSE_NEVER, &result);
        assert_true(result.skipped);
        setenv("XDG_CACHE_HOME", "/dev/null", 1);
        pull_well("bucket", docker, FIRST, REUSE_NEVER, &result);
        assert_false(result.skipped);
        setenv("XDG_CACHE_HOME", dir, 1);
        docker_close(docker);
        fake_docker_stop(&fake);
    }
}

/* The daemon reports success, but its history shows that a layer is not unpacked. */
static void an_image_that_is_not_unpacked_is_not_present(void **state)
{
    struct fake_docker fake = fake_docker_start("docker-26-containerd", "store,store-packed", 0);
    struct docker *docker = fake_docker_open(&fake);
    struct docker_image *local = malloc(sizeof *local);
    struct pull_result result;

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(pull("bucket", docker, FIRST, REUSE_NEVER, &result), ERR_FAIL);
        assert_int_equal(err.family, ERR_DOCKER);
        assert_string_equal(err.code, "verify");
        assert_int_equal(docker_inspect(docker, FIRST, local, &err), DOCKER_ABSENT);
    }
    free(local);
    docker_close(docker);
    fake_docker_stop(&fake);
}

/* The pull fails before it downloads anything, also without an index. The hint does not suggest a
 * retry. An engine that reads zstd, or that does not state its version, gets the image. */
static void an_engine_without_zstd_is_reported(void **state)
{
    static const struct {
        const char *profile, *behave;
        bool sent;
    } cases[] = {
        {"docker-20.10", "store", false},
        {"docker-24", "store", true},
        {"docker-20.10", "store,deny-version", true},
    };

    (void)state;
    packed = true;
    push("zstd", FIRST, (unsigned[LAYERS]){0, 0, 0});
    packed = false;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fake_docker fake = fake_docker_start(cases[i].profile, cases[i].behave, 0);
        struct docker *docker = fake_docker_open(&fake);
        struct pull_result result;

        assert_int_equal(pull("zstd", docker, FIRST, REUSE_NEVER, &result), ERR_FAIL);
        if (cases[i].sent) {
            assert_int_equal(err.family, ERR_DOCKER);
        } else {
            assert_int_equal(err.family, ERR_UNSUPPORTED);
            assert_string_equal(err.code, "zstd");
            assert_non_null(strstr(err.text, "20.10"));
            assert_null(strstr(err.hint, "again to go on"));
            assert_true(result.stats.downloaded_bytes < 64 * KIB);
        }
        docker_close(docker);
        fake_docker_stop(&fake);
    }
}

/* From API 1.48 on, an image with one manifest is present only with all of its content. Other
 * images may lack the content for other platforms. */
static void an_image_that_lacks_content_is_not_present(void **state)
{
    static const char *const behave[] = {"store,store-lost", "store,store-attested"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(behave); i++) {
        struct fake_docker fake = fake_docker_start("docker-29.0", behave[i], 0);
        struct docker *docker = fake_docker_open(&fake);
        struct pull_result result;

        pull_well("bucket", docker, FIRST, REUSE_NEVER, &result);
        pull_well("bucket", docker, FIRST, REUSE_NEVER, &result);
        assert_int_equal(result.skipped, i == 1);
        docker_close(docker);
        fake_docker_stop(&fake);
    }
}

/* Names of --as, also for a present image. One of the names belonged to another image. */
static void further_names_lead_to_the_image(void **state)
{
    struct fake_docker fake = fake_docker_start("docker-29.0", "store", 0);
    struct docker *docker = fake_docker_open(&fake);
    struct reference also[2];
    struct pull_options options = {.docker = docker, .also = also, .also_count = 2};
    struct docker_image *images = calloc(3, sizeof *images);
    struct pull_result result;

    (void)state;
    assert_int_equal(reference_parse("shop:current", &also[0], &err), 0);
    assert_int_equal(reference_parse("registry:5000/shop", &also[1], &err), 0);
    options.store = open_bucket("bucket");
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(name_parse_image(i ? SECOND : FIRST, &options.name, &err), 0);
        if (pull_run(&options, &result, &err))
            fail_msg("%s", err.text);
        assert_int_equal(result.skipped, i == 2);
        assert_int_equal(docker_inspect(docker, options.name.ref, &images[0], &err), DOCKER_OK);
        assert_int_equal(docker_inspect(docker, "shop:current", &images[1], &err), DOCKER_OK);
        assert_int_equal(docker_inspect(docker, "registry:5000/shop:latest", &images[2], &err),
                         DOCKER_OK);
        assert_string_equal(images[0].id, images[1].id);
        assert_string_equal(images[0].id, images[2].id);
    }
    store_destroy(options.store);
    free(images);
    docker_close(docker);
    fake_docker_stop(&fake);
}

/* The daemon created more than one image: the pull reports it, also after a successful load. */
static void an_image_that_was_not_sent_is_reported(void **state)
{
    static const char *const profiles[] = {"docker-20.10", "docker-29.0", "podman"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
        struct fake_docker fake = fake_docker_start(profiles[i], "store,store-more", 0);
        struct docker *docker = fake_docker_open(&fake);
        struct pull_result result;

        assert_int_equal(pull("bucket", docker, FIRST, REUSE_AUTO, &result), ERR_FAIL);
        assert_int_equal(err.family, ERR_INTEGRITY);
        assert_string_equal(err.code, "loaded");
        assert_non_null(strstr(err.text, "nginx:latest"));
        assert_non_null(strstr(err.hint, "docker image rm"));
        docker_close(docker);
        fake_docker_stop(&fake);
    }
}

/* A partial download with right sums and wrong bytes: the pull drops it and downloads everything.
 */
static void a_false_partial_download_is_dropped(void **state)
{
    static const char junk[MIB] = "not what stands there"; /* more than a chunk */
    struct fake_docker fake = fake_docker_start("docker-20.10", "store", 0);
    struct docker *docker = fake_docker_open(&fake);
    struct store *store = open_bucket("bucket");
    struct partial_subject subject = {
        .store = store->identity, .where = store->where, .key = KEY ".tar.gz", .image = SECOND};
    struct pull_result result;
    struct store_info info;
    struct partial *partial;

    (void)state;
    assert_int_equal(store_head(store, subject.key, &info, &err), STORE_DONE);
    subject.etag = info.etag;
    subject.size = info.size;
    for (int first = 1; first >= 0; first--) { /* all chunks of the image, then a part of them */
        partial = partial_open(&subject, 0, &err);
        assert_non_null(partial);
        partial_keep(partial, info.size / 2, view_of(junk, sizeof junk));
        partial_close(partial, false);
        if (!first)
            pull_well("bucket", docker, FIRST, REUSE_NEVER, &result);
        pull_well("bucket", docker, SECOND, REUSE_NEVER, &result);
        assert_int_equal(result.kept, 0);
        assert_false(result.reloaded);
        assert_null(partial_open_read_only(&subject, &err));
        docker_close(docker);
        fake_docker_stop(&fake);
        fake = fake_docker_start("docker-20.10", "store", 0);
        docker = fake_docker_open(&fake);
    }
    store_destroy(store);
    docker_close(docker);
    fake_docker_stop(&fake);
}

/* ---- a false index with correct sums ---- */

static char *path_in(const char *bucket, const char *end)
{
    static char path[512];

    snprintf(path, sizeof path, "%s/%s/" KEY "%s", dir, bucket, end);
    return path;
}

static void seal_sum(uint8_t *bytes, size_t size, uint8_t *at)
{
    struct xxh128 sum = xxh128_of(bytes, size);

    memcpy(at, sum.bytes, sizeof sum.bytes);
}

static uint64_t number(const uint8_t *bytes, unsigned size)
{
    uint64_t value = 0;

    while (size--)
        value = value << 8 | bytes[size];
    return value;
}

/* Corrects the sections' sums, then the header's, then the metadata's. */
static void seal(const char *bucket, uint8_t *index, size_t size)
{
    size_t header = number(index + 12, 4), sections = number(index + 44, 4);
    uint8_t *table = index + header - 16 - 40 * sections;
    size_t at = header;
    char hex[SHA256_HEX_SIZE];
    struct text json;
    char *found;

    for (size_t i = 0; i < sections; i++) {
        size_t records = 24 * number(table + 40 * i + 4, 4);

        if (at + records <= size)
            seal_sum(index + at, records, table + 40 * i + 24);
        at += records;
    }
    seal_sum(index, header - 16, index + header - 16);
    assert_int_equal(file_replace(path_in(bucket, ".index"), view_of(index, size), 0644, &err), 0);
    text_init(&json, MIB);
    assert_int_equal(file_read(path_in(bucket, ".json"), &json, &err), 0);
    spell(index, size, hex);
    found = strstr(json.data, "index_sha256");
    assert_non_null(found);
    memcpy(found + strlen("index_sha256\": \""), hex, 64);
    assert_int_equal(file_replace(path_in(bucket, ".json"), text_view(&json), 0644, &err), 0);
    text_finish(&json);
}

enum lie {
    LIE_NAME,
    LIE_SWAP,
    LIE_PACKED,
    LIE_OFFSET,
    LIE_CONFIG,
    LIE_COUNT,
    LIE_SIZE,
    LIE_OVERLAP,
    LIE_SECTION,
    LIES
};

/* Returns the position of the top layer's offset and size in the header: after its digests and its
 * media type. */
static uint8_t *top_layer(uint8_t *index, size_t header)
{
    uint8_t *digest = NULL, *next = index, *end = index + header;

    while ((next = memmem(next, (size_t)(end - next), "sha256:", 7))) {
        digest = next;
        next += 7;
    }
    assert_non_null(digest);
    digest += 7 + 64;
    return digest + 2 + number(digest, 2);
}

/* Copies records of a section of another image, as many as fit. */
static void take_section(const char *bucket, uint8_t *records, size_t size)
{
    char path[512];
    struct text other;
    size_t header;

    snprintf(path, sizeof path, "%s/%s/" KEY_FIRST ".index", dir, bucket);
    text_init(&other, 16 * MIB);
    assert_int_equal(file_read(path, &other, &err), 0);
    header = number((const uint8_t *)other.data + 12, 4);
    if (size > other.size - header)
        size = other.size - header;
    memcpy(records, other.data + header, size);
    text_finish(&other);
}

static void tell_lie(const char *bucket, enum lie lie, uint8_t *index, size_t size)
{
    size_t header = number(index + 12, 4), sections = number(index + 44, 4);
    uint8_t *table = index + header - 16 - 40 * sections, *records = index + header;
    uint8_t *late = index + size - 24 * 12; /* in the top layer, which the pull needs */
    uint8_t record[24], *place;

    switch (lie) {
    case LIE_NAME: /* every chunk has the name of its successor, so that reuse finds others */
        for (uint8_t *at = records; at + 48 <= index + size; at += 24)
            memcpy(at + 8, at + 24 + 8, 16);
        break;
    case LIE_SWAP: /* two chunks of one section are swapped */
        memcpy(record, late, 24);
        memcpy(late, late + 24, 24);
        memcpy(late + 24, record, 24);
        break;
    case LIE_PACKED: /* one is longer, its neighbour shorter */
        late[4]++;
        late[24 + 4]--;
        break;
    case LIE_OFFSET: /* another offset of the config */
        place = memmem(index, header, "amd64", 5);
        assert_non_null(place);
        place[5 + 2 + 2]++;
        break;
    case LIE_CONFIG: /* a huge config */
        place = memmem(index, header, "amd64", 5);
        memset(place + 5 + 2 + 2 + 8, 0x7f, 8);
        break;
    case LIE_COUNT: /* a section with more chunks than exist */
        memset(table + 4, 0xff, 3);
        break;
    case LIE_SIZE: /* a section of impossible size */
        memset(table + 8, 0xff, 8);
        break;
    case LIE_OVERLAP: /* the top layer overlaps the layer below it */
        top_layer(index, header)[5]--;
        break;
    case LIE_SECTION: /* the sections of another image */
        take_section(bucket, records, size - header);
        break;
    default:
        break;
    }
}

static void a_false_index_costs_a_full_download(void **state)
{
    (void)state;
    for (int lie = 0; lie < LIES; lie++) {
        struct fake_docker fake = fake_docker_start("docker-20.10", "store", 0);
        struct docker *docker = fake_docker_open(&fake);
        struct pull_result result;
        struct text index;
        char bucket[32];

        snprintf(bucket, sizeof bucket, "lie-%d", lie);
        copy_bucket(bucket);
        text_init(&index, 16 * MIB);
        assert_int_equal(file_read(path_in(bucket, ".index"), &index, &err), 0);
        tell_lie(bucket, lie, (uint8_t *)index.data, index.size);
        seal(bucket, (uint8_t *)index.data, index.size);
        text_finish(&index);
        pull_well(bucket, docker, FIRST, REUSE_AUTO, &result);
        if (pull(bucket, docker, SECOND, REUSE_ALWAYS, &result))
            fail_msg("lie %d: %s", lie, err.text);
        assert_int_equal(result.stats.reused_bytes, 0);
        docker_close(docker);
        fake_docker_stop(&fake);
    }
}

/* The archive itself is damaged: the pull fails. */
static void a_broken_archive_is_refused(void **state)
{
    struct fake_docker fake = fake_docker_start("docker-20.10", "store", 0);
    struct docker *docker = fake_docker_open(&fake);
    struct docker_image *image = malloc(sizeof *image);
    struct pull_result result;
    struct text archive;

    (void)state;
    copy_bucket("broken");
    text_init(&archive, 16 * MIB);
    assert_int_equal(file_read(path_in("broken", ".tar.gz"), &archive, &err), 0);
    for (size_t at = archive.size / 3; at < archive.size; at += 50 * KIB)
        archive.data[at] ^= 1;
    assert_int_equal(file_replace(path_in("broken", ".tar.gz"), text_view(&archive), 0644, &err),
                     0);
    text_finish(&archive);
    pull_well("broken", docker, FIRST, REUSE_AUTO, &result);
    assert_int_equal(pull("broken", docker, SECOND, REUSE_NEVER, &result), ERR_FAIL);
    assert_int_equal(err.family, ERR_INTEGRITY);
    assert_int_equal(docker_inspect(docker, SECOND, image, &err), DOCKER_ABSENT);
    free(image);
    docker_close(docker);
    fake_docker_stop(&fake);
}

/* ---- a seed that stops sending ---- */

static void tell(const struct fake_docker *fake, const char *script)
{
    struct stream_peer peer = {.unix_socket = fake->socket, .base_url = "http://localhost"};
    struct stream *stream =
        stream_open(&peer, "POST", "/.fake", "application/json", view_str(script), false, &err);
    int status = 0;

    if (!stream || stream_status(stream, &status, &err))
        fail_msg("%s", err.text);
    assert_int_equal(status, 200);
    stream_close(stream);
}

static void *interrupt_soon(void *cancel)
{
    sleep(1);
    cancel_request(cancel, SIGINT);
    return NULL;
}

static void a_silent_seed_can_be_interrupted(void **state)
{
    struct fake_docker fake = fake_docker_start("docker-20.10", "store", 0);
    struct docker_endpoint endpoint = fake_endpoint(&fake);
    struct pull_options options = {.reuse = REUSE_ALWAYS, .transfer.jobs = 2};
    struct pull_result result;
    struct cancel cancel;
    pthread_t thread;

    (void)state;
    for (unsigned i = 0; i < (test_is_sample() ? 1 : 3); i++) {
        cancel_init(&cancel);
        options.docker = docker_open(&endpoint, &cancel, &err);
        assert_non_null(options.docker);
        if (i == 0)
            pull_well("many", options.docker, FIRST, REUSE_NEVER, &result);
        tell(&fake, "{\"rules\":[{\"kind\":\"Get\",\"do\":\"hold\",\"bytes\":8388608,"
                    "\"seconds\":60}]}");
        assert_int_equal(name_parse_image(SECOND, &options.name, &err), 0);
        options.store = open_bucket("many");
        options.transfer.cancel = &cancel;
        assert_int_equal(pthread_create(&thread, NULL, interrupt_soon, &cancel), 0);
        assert_int_equal(pull_run(&options, &result, &err), ERR_FAIL);
        pthread_join(thread, NULL);
        assert_int_equal(err.family, ERR_CANCELLED);
        store_destroy(options.store);
        docker_close(options.docker);
    }
    fake_docker_stop(&fake);
}

static void a_seed_that_stops_sending_is_abandoned(void **state)
{
    struct fake_docker fake = fake_docker_start("docker-20.10", "store", 0);
    struct docker *docker = fake_docker_open(&fake);
    struct pull_result result;
    int64_t began;

    (void)state;
    pull_well("many", docker, FIRST, REUSE_NEVER, &result);
    tell(&fake, "{\"rules\":[{\"kind\":\"Get\",\"do\":\"hold\",\"bytes\":8388608,"
                "\"seconds\":900}]}");
    began = clock_monotonic();
    pull_well("many", docker, SECOND, REUSE_AUTO, &result);
    assert_true(result.seed);
    assert_true(clock_monotonic() - began < 600 * NS_PER_S); /* before the daemon continues */
    docker_close(docker);
    fake_docker_stop(&fake);
}

static int start(void **state)
{
    (void)state;
    if (scratch_create())
        return -1;
    setenv("XDG_CACHE_HOME", dir, 1);
    fill_bucket("bucket");
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_missing_data_is_transferred),
        cmocka_unit_test(the_load_runs_during_the_seed_scan),
        cmocka_unit_test(an_empty_layer_hides_no_other),
        cmocka_unit_test(a_silent_seed_can_be_interrupted),
        cmocka_unit_test(a_seed_that_stops_sending_is_abandoned),
        cmocka_unit_test(a_dry_run_prints_the_bytes_to_fetch),
        cmocka_unit_test(a_daemon_that_refuses_partial_images_gets_all_layers),
        cmocka_unit_test(the_name_leads_to_the_pulled_image),
        cmocka_unit_test(a_refused_load_leaves_no_name),
        cmocka_unit_test(a_killed_load_is_not_trusted),
        cmocka_unit_test(an_image_that_is_not_unpacked_is_not_present),
        cmocka_unit_test(an_engine_without_zstd_is_reported),
        cmocka_unit_test(an_image_that_lacks_content_is_not_present),
        cmocka_unit_test(further_names_lead_to_the_image),
        cmocka_unit_test(an_image_that_was_not_sent_is_reported),
        cmocka_unit_test(a_false_partial_download_is_dropped),
        cmocka_unit_test(a_false_index_costs_a_full_download),
        cmocka_unit_test(a_broken_archive_is_refused),
    };

    const struct CMUnitTest threads[] = {
        cmocka_unit_test(only_missing_data_is_transferred),
        cmocka_unit_test(the_load_runs_during_the_seed_scan),
        cmocka_unit_test(a_silent_seed_can_be_interrupted),
        cmocka_unit_test(a_seed_that_stops_sending_is_abandoned),
        cmocka_unit_test(a_daemon_that_refuses_partial_images_gets_all_layers),
        cmocka_unit_test(a_false_partial_download_is_dropped),
        cmocka_unit_test(a_broken_archive_is_refused),
    };

    if (test_is_for_threads())
        return cmocka_run_group_tests_name("delta pull, threads", threads, start, scratch_teardown);
    return cmocka_run_group_tests_name("delta pull", tests, start, scratch_teardown);
}
