/*
 * Pulls of signed images from a bucket whose writer has no key. Whatever it does with archives,
 * indexes and metadata: the daemon gets the signed image or none, and a name in the daemon is no
 * proof.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/codes.h"
#include "base/err.h"
#include "base/file.h"
#include "base/hash.h"
#include "catalog/pointer.h"
#include "docker/docker.h"
#include "kit/fake_docker.h"
#include "kit/fake_endpoint.h"
#include "kit/sample.h"
#include "kit/scratch.h"
#include "kit/ssh_guard.h"
#include "kit/ssh_signer.h"
#include "kit/tarball.h"
#include "pull/pull.h"
#include "push/push.h"
#include "store/dir/store_dir.h"
#include "trust/guard.h"

#define GOOD     "shop:20250721-2118-f7a5a27"
#define EVIL     "shop:20250722-1000-a1b2c3d"
#define GOOD_KEY "images/shop/202507/shop-20250721-2118-f7a5a27"
#define EVIL_KEY "images/shop/202507/shop-20250722-1000-a1b2c3d"
#define POINTER  "pointers/shop/production.json"

static struct ssh_signer signer;
static struct store *bucket;
static char good_id[DIGEST_TEXT_SIZE], evil_id[DIGEST_TEXT_SIZE];
static struct err err;

/* ---- the bucket ---- */

static void read_object(const char *key, struct text *out)
{
    text_init(out, 8 * MIB);
    if (store_get_document(bucket, key, out, NULL, &err) != STORE_DONE)
        fail_msg("%s is not there", key);
}

static void write_object(const char *key, const struct text *content)
{
    assert_int_equal(store_put_document(bucket, key, text_view(content), NULL, false, NULL, &err),
                     STORE_DONE);
}

static void copy_object(const char *from, const char *to)
{
    _cleanup_text_ struct text content = {0};

    read_object(from, &content);
    write_object(to, &content);
}

static void delete_object(const char *key)
{
    struct store_op op = {.verb = STORE_DELETE, .key = key};

    assert_int_equal(store_run(bucket, &op, &err), STORE_DONE);
}

static void sign_object(const char *key, const char *name_space)
{
    _cleanup_text_ struct text document = {0}, signatures = {0};
    char signatures_key[KEY_MAX];

    read_object(key, &document);
    text_init(&signatures, MIB);
    ssh_signer_sign(&signer, name_space, text_view(&document), &signatures);
    assert_true(key_signatures(signatures_key, key));
    write_object(signatures_key, &signatures);
}

static void write_image(const char *path, const char *ref, unsigned seed)
{
    uint8_t *bytes = malloc(300 * KIB), sum[SHA256_SIZE];
    char layer_id[SHA256_HEX_SIZE], config_id[SHA256_HEX_SIZE], name[128], json[1024];
    struct tarball image, layer;

    tarball_init(&layer);
    noise(bytes, 300 * KIB, seed);
    tarball_file(&layer, "srv/data", bytes, 300 * KIB);
    tarball_end(&layer);
    sha256_of(view_of(layer.data, layer.size), sum);
    hex_encode(sum, sizeof sum, layer_id);
    tarball_init(&image);
    snprintf(name, sizeof name, "blobs/sha256/%s", layer_id);
    tarball_file(&image, name, layer.data, layer.size);
    snprintf(json, sizeof json,
             "{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{},\"rootfs\":{\"type\":"
             "\"layers\",\"diff_ids\":[\"sha256:%s\"]}}",
             layer_id);
    sha256_of(view_str(json), sum);
    hex_encode(sum, sizeof sum, config_id);
    snprintf(name, sizeof name, "blobs/sha256/%s", config_id);
    tarball_text(&image, name, json);
    snprintf(json, sizeof json,
             "[{\"Config\":\"blobs/sha256/%s\",\"RepoTags\":[\"%s\"],\"Layers\":[\"blobs/sha256/"
             "%s\"]}]",
             config_id, ref, layer_id);
    tarball_text(&image, "manifest.json", json);
    tarball_end(&image);
    assert_int_equal(file_replace(path, view_of(image.data, image.size), 0644, &err), 0);
    tarball_finish(&layer);
    tarball_finish(&image);
    free(bytes);
}

static void push(const char *ref, unsigned seed, char id[DIGEST_TEXT_SIZE])
{
    char input[256];
    struct push_options options = {.input = input,
                                   .store = bucket,
                                   .choice = {CODEC_GZIP, 1},
                                   .no_delta = true,
                                   .transfer.jobs = 1};
    struct push_result result;

    snprintf(input, sizeof input, "%s/input.tar", dir);
    write_image(input, ref, seed);
    assert_int_equal(name_parse_image(ref, &options.name, &err), 0);
    if (push_run(&options, &result, &err))
        fail_msg("%s", err.text);
    str_copy(id, DIGEST_TEXT_SIZE, result.image_id);
}

static void promote(const char *target, const char *id)
{
    _cleanup_text_ struct text text = {0};
    struct statement stated = {.kind = STATEMENT_ENVIRONMENT,
                               .app = "shop",
                               .name = "production",
                               .sequence = 1000,
                               .image_count = 1};
    struct pointer pointer = {.target = POINTER_IMAGE, .promoted_at = "2025-08-01T00:00:00Z"};

    str_copy(stated.images[0].platform, sizeof stated.images[0].platform, "linux/amd64");
    str_copy(stated.images[0].id, sizeof stated.images[0].id, id);
    str_copy(pointer.target_path, sizeof pointer.target_path, target);
    text_init(&text, MIB);
    pointer_write_stated(&pointer, &stated, &text);
    write_object(POINTER, &text);
    sign_object(POINTER, "s3dock-environment");
}

/* Both images are in the bucket, and both are signed. */
static void fill_bucket(unsigned number)
{
    char name[32];
    struct store_dir_options options = {.path = dir, .bucket = name, .create = true};

    snprintf(name, sizeof name, "bucket-%u", number);
    bucket = store_dir_create(&options, &err);
    if (!bucket)
        fail_msg("%s", err.text);
    push(GOOD, 1, good_id);
    push(EVIL, 2, evil_id);
    sign_object(GOOD_KEY ".json", "s3dock-image");
    sign_object(EVIL_KEY ".json", "s3dock-image");
    promote(GOOD_KEY ".tar.gz", good_id);
}

/* ---- attacks ---- */

static void exchange_all(void)
{
    copy_object(EVIL_KEY ".json", GOOD_KEY ".json");
    copy_object(EVIL_KEY ".index", GOOD_KEY ".index");
    copy_object(EVIL_KEY ".tar.gz", GOOD_KEY ".tar.gz");
    copy_object("signatures/" EVIL_KEY ".sig", "signatures/" GOOD_KEY ".sig");
}

static void exchange_archive_and_index(void)
{
    copy_object(EVIL_KEY ".index", GOOD_KEY ".index");
    copy_object(EVIL_KEY ".tar.gz", GOOD_KEY ".tar.gz");
}

static void exchange_archive(void)
{
    copy_object(EVIL_KEY ".tar.gz", GOOD_KEY ".tar.gz");
}

static void exchange_index(void)
{
    copy_object(EVIL_KEY ".index", GOOD_KEY ".index");
}

static void delete_index(void)
{
    delete_object(GOOD_KEY ".index");
}

static void delete_index_and_exchange_archive(void)
{
    delete_index();
    exchange_archive();
}

/* Puts the id of the other image into metadata, as the id that daemons give it. */
static void lie_about_the_id(void)
{
    _cleanup_text_ struct text from = {0}, to = {0};
    const char *at;

    read_object(GOOD_KEY ".json", &from);
    text_init(&to, MIB);
    at = strstr(from.data, "\"image_id\"");
    assert_non_null(at);
    text_add(&to, from.data, (size_t)(at - from.data));
    text_printf(&to, "\"engine_id\": \"%s\", \"manifest_id\": \"%s\", ", evil_id, evil_id);
    while (*at) {
        bool stated = strncmp(at, "\"manifest_id\"", 13) == 0;

        text_printf(&to, "%s", stated ? "\"x" : "");
        text_char(&to, stated ? *++at : *at);
        at++;
    }
    write_object(GOOD_KEY ".json", &to);
}

/* The same. A user who compares only the image id signs it. */
static void lie_to_a_signer(void)
{
    lie_about_the_id();
    sign_object(GOOD_KEY ".json", "s3dock-image");
}

static void exchange_metadata_and_lie(void)
{
    copy_object(EVIL_KEY ".json", GOOD_KEY ".json");
}

static void move_pointer(void)
{
    promote(EVIL_KEY ".tar.gz", evil_id);
    delete_object("signatures/pointers/shop/production.sig");
}

static void leave_alone(void)
{
}

/* ---- the host ---- */

static struct guard *open_guard(unsigned require, unsigned number)
{
    char memory[32];

    snprintf(memory, sizeof memory, "memory-%u", number);
    return ssh_guard_open(&signer, require, memory);
}

/* Pulls the image of production, as `pull` does. */
static int pull(const struct guard *guard, struct docker *docker, struct pull_result *result)
{
    struct pull_options options = {
        .store = bucket, .docker = docker, .guard = guard, .transfer.jobs = 1, .no_resume = true};
    struct guarded meant;

    *result = (struct pull_result){.skipped = false};
    if (guard_environment(guard, bucket, "shop", "production", &meant, &err))
        return ERR_FAIL;
    options.name = meant.resolved.image;
    options.key = meant.resolved.archive_key;
    options.stated = meant.stated ? &meant.statement : NULL;
    return pull_run(&options, result, &err);
}

/* Gives the name of the signed image to the other one. */
static void hide_behind_the_name(struct docker *docker, char id[DIGEST_TEXT_SIZE])
{
    struct pull_options options = {.store = bucket, .docker = docker, .transfer.jobs = 1};
    struct pull_result result;

    assert_int_equal(name_parse_image(EVIL, &options.name, &err), 0);
    if (pull_run(&options, &result, &err))
        fail_msg("%s", err.text);
    str_copy(id, DIGEST_TEXT_SIZE, result.daemon_id);
    assert_int_equal(docker_tag(docker, id, "shop", GOOD + 5, &err), DOCKER_OK);
}

/* Returns the id under the name; "": there is none. */
static void inspect(struct docker *docker, const char *name, char id[DIGEST_TEXT_SIZE])
{
    struct docker_image *image = malloc(sizeof *image);

    id[0] = '\0';
    if (docker_inspect(docker, name, image, &err) == DOCKER_OK)
        str_copy(id, DIGEST_TEXT_SIZE, image->id);
    free(image);
}

struct row {
    const char *name;
    void (*attack)(void);
    bool hidden; /* the daemon has the other image under the name of the signed one */
    /* The expected result if images and environments must be signed, or environments alone. */
    bool loads, loads_by_environment;
};

static void play(const struct row *row, const char *profile, unsigned require, bool loads)
{
    static unsigned number;
    struct fake_docker fake = fake_docker_start(profile, "store", 0);
    struct docker *docker = fake_docker_open(&fake);
    char evil[DIGEST_TEXT_SIZE] = "", named[DIGEST_TEXT_SIZE];
    struct pull_result result;
    struct guard *guard;
    int failed;

    fill_bucket(++number);
    guard = open_guard(require, number);
    if (row->hidden)
        hide_behind_the_name(docker, evil);
    if (evil[0])
        str_copy(evil_id, sizeof evil_id, evil);
    row->attack();
    failed = pull(guard, docker, &result);
    if (failed == 0 && !loads)
        fail_msg("%s, %s: nothing was refused", row->name, profile);
    if (failed && loads)
        fail_msg("%s, %s: %s", row->name, profile, err.text);
    inspect(docker, GOOD, named);
    if (loads && (strcmp(named, result.daemon_id) != 0 || strcmp(named, evil) == 0 ||
                  strcmp(result.image_id, good_id) != 0))
        fail_msg("%s, %s: the name leads to %s", row->name, profile, named);
    if (!loads && strcmp(named, evil) != 0)
        fail_msg("%s, %s: %s was loaded", row->name, profile, named);
    if (!row->hidden) {
        inspect(docker, evil_id, named);
        assert_string_equal(named, "");
        inspect(docker, EVIL, named);
        assert_string_equal(named, "");
    }
    guard_close(guard);
    docker_close(docker);
    store_destroy(bucket);
    fake_docker_stop(&fake);
}

static const struct row ROWS[] = {
    {"nothing", leave_alone, false, true, true},
    {"the name leads to another image", leave_alone, true, true, true},
    {"pointer", move_pointer, false, false, false},
    {"all of another image", exchange_all, false, false, false},
    {"archive and index", exchange_archive_and_index, false, false, false},
    {"archive", exchange_archive, false, false, false},
    {"index", exchange_index, false, true, true},
    {"no index", delete_index, false, true, true},
    {"archive, no index", delete_index_and_exchange_archive, false, false, false},
    {"engine id", lie_about_the_id, true, false, true},
    {"engine id, signed", lie_to_a_signer, true, true, true},
    {"metadata", exchange_metadata_and_lie, true, false, false},
};

/* Each kind of daemon with one of both policies; if the daemon has the other image, with both, and
 * a daemon that names images by their manifest with signed images alone. */
static void the_daemon_gets_the_signed_image_or_none(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(ROWS); i += test_is_for_threads() ? 4 : 1) {
        const struct row *row = &ROWS[i];

        play(row, "docker-25", POLICY_ALL, row->loads);
        play(row, "docker-29.0", POLICY_ENVIRONMENTS, row->loads_by_environment);
        if (!row->hidden)
            continue;
        play(row, "docker-29.0", POLICY_ALL, row->loads);
        play(row, "docker-25", POLICY_ENVIRONMENTS, row->loads_by_environment);
        play(row, "docker-29.0", POLICY_IMAGES, row->loads);
    }
}

static int start(void **state)
{
    (void)state;
    if (scratch_create())
        return -1;
    signer = ssh_signer_of(1);
    setenv("XDG_CACHE_HOME", path_of("cache"), 1);
    setenv("XDG_STATE_HOME", path_of("state"), 1);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_daemon_gets_the_signed_image_or_none),
    };

    return cmocka_run_group_tests(tests, start, scratch_teardown);
}
