/*
 * The engine in trouble: a bucket that refuses, and signals that come at the worst moment. What
 * stands between the engine and a folder is a store of our own, which does as a scene tells it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/hash.h"
#include "kit/tarball.h"
#include "move/pull.h"
#include "move/push.h"
#include "wire/store.h"

#define REF "shop:20250721-2118-f7a5a27"
#define KEY "images/shop/202507/shop-20250721-2118-f7a5a27"

static char dir[] = "/tmp/s3dock-trouble-XXXXXX";
static struct err err;

/* ---- an image of one layer, larger than a few parts ---- */

static void hex_of(const void *data, size_t size, char out[SHA256_HEX_SIZE])
{
    uint8_t sum[SHA256_SIZE];

    sha256_of(view_of(data, size), sum);
    hex_encode(sum, sizeof sum, out);
}

static void write_image(const char *path, size_t size, uint64_t seed)
{
    char id[SHA256_HEX_SIZE], config_id[SHA256_HEX_SIZE], config[512], text[1024];
    struct tarball image, layer;
    uint8_t *bytes = malloc(size);

    noise(bytes, size, seed);
    tarball_init(&layer);
    tarball_file(&layer, "opt/data", bytes, size);
    tarball_end(&layer);
    free(bytes);
    hex_of(layer.data, layer.size, id);

    tarball_init(&image);
    snprintf(text, sizeof text, "%s/layer.tar", id);
    tarball_file(&image, text, layer.data, layer.size);
    snprintf(config, sizeof config,
             "{\"architecture\":\"amd64\",\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\","
             "\"diff_ids\":[\"sha256:%s\"]}}",
             id);
    hex_of(config, strlen(config), config_id);
    snprintf(text, sizeof text, "%s.json", config_id);
    tarball_text(&image, text, config);
    snprintf(text, sizeof text,
             "[{\"Config\":\"%s.json\",\"RepoTags\":[\"" REF "\"],\"Layers\":[\"%s/layer.tar\"]}]",
             config_id, id);
    tarball_text(&image, "manifest.json", text);
    tarball_end(&image);
    assert_int_equal(file_replace(path, view_of(image.data, image.size), 0644, &err), 0);
    tarball_finish(&layer);
    tarball_finish(&image);
}

/* ---- the store in between ---- */

struct between {
    struct store store;
    struct store *folder;
    struct cancel cancel;
    bool refuses; /* `verb` is denied; otherwise SIGTERM comes when it is asked for */
    enum store_verb verb;
    const char *suffix; /* of the key; NULL: any */
    bool hit;
};

static bool meant(const struct between *b, const struct store_op *op)
{
    size_t size = strlen(op->key), tail = b->suffix ? strlen(b->suffix) : 0;

    return op->verb == b->verb && size >= tail &&
           (!b->suffix || strcmp(op->key + size - tail, b->suffix) == 0);
}

static void between_submit(struct store *store, struct store_op *op)
{
    struct between *b = (struct between *)store;

    if (meant(b, op)) {
        b->hit = true;
        if (b->refuses) {
            err_set(&op->err, ERR_AUTH, "denied", "access denied");
            op->answer = STORE_FAILED;
            inbox_post(op->home, &op->msg);
            return;
        }
        cancel_request(&b->cancel, SIGTERM);
    }
    store_submit(b->folder, op);
}

static void between_stats(struct store *store, struct store_stats *out)
{
    store_stats(((struct between *)store)->folder, out);
}

static void between_destroy(struct store *store)
{
    (void)store;
}

static const struct store_table between_table = {between_submit, between_stats, between_destroy};

static void open_between(struct between *b, const char *bucket)
{
    *b = (struct between){.verb = (enum store_verb) - 1};
    cancel_init(&b->cancel);
    b->folder = store_dir_create(
        &(struct store_dir_options){
            .path = dir, .bucket = bucket, .create = true, .cancel = &b->cancel},
        &err);
    if (!b->folder)
        fail_msg("%s", err.text);
    b->store = *b->folder;
    b->store.table = &between_table;
}

/* ---- helpers ---- */

static const char *path_of(const char *name)
{
    static char path[4][512];
    static unsigned next;
    char *out = path[next++ % 4];

    snprintf(out, sizeof path[0], "%s/%s", dir, name);
    return out;
}

static bool exists(const char *name)
{
    return access(path_of(name), F_OK) == 0;
}

static int push(struct between *b, const char *input)
{
    char path[512];
    struct push_options options = {.store = &b->store, .input = path, .level = 1};
    struct push_result result;

    snprintf(path, sizeof path, "%s/%s", dir, input);
    options.transfer.jobs = 2;
    options.transfer.cancel = &b->cancel;
    assert_int_equal(name_parse_image(REF, &options.name, &err), 0);
    return push_run(&options, &result, &err);
}

static int unfinished_uploads(struct between *b)
{
    struct store_page page = {0};
    struct store_op op = {.verb = STORE_UPLOADS, .key = "", .page = &page};
    int count;

    cancel_init(&b->cancel);
    assert_int_equal(store_run(b->folder, &op, &err), STORE_DONE);
    count = (int)page.count;
    store_page_finish(&page);
    return count;
}

/* ---- scenes ---- */

static void an_upload_that_is_refused_is_told(void **state)
{
    static const enum store_verb verbs[] = {STORE_UPLOAD_CREATE, STORE_UPLOAD_PART,
                                            STORE_UPLOAD_COMPLETE};
    struct between b;

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(verbs); i++) {
        open_between(&b, "refused");
        b.refuses = true;
        b.verb = verbs[i];
        assert_int_equal(push(&b, "one.tar"), ERR_FAIL);
        assert_true(b.hit);
        assert_int_equal(err.family, ERR_AUTH);
        assert_int_equal(unfinished_uploads(&b), 0);
        assert_false(exists("refused/images"));
        store_destroy(b.folder);
    }
}

static int start(void **state)
{
    (void)state;
    if (!mkdtemp(dir))
        return -1;
    write_image(path_of("one.tar"), 30 * MIB, 1);
    write_image(path_of("two.tar"), 20 * MIB, 2);
    return 0;
}

static int end(void **state)
{
    char command[600];

    (void)state;
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_upload_that_is_refused_is_told),
    };

    return cmocka_run_group_tests_name("trouble", tests, start, end);
}
