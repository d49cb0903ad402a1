#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "kit/bucket.h"
#include "push/commit.h"
#include "push/sign_existing.h"

#define LAYERS 2
#define KEY    "images/web/202507/web-20250721-2118-f7a5a27.json"

/* A key that counts the documents which it has signed. */
static struct {
    struct signing signing;
    unsigned count;
    struct text document; /* the last one */
    int state;            /* who has signed it before */
} key;

static struct bucket bucket;
static struct image_name name;
static struct image_layer layers[LAYERS];
static struct image_info image;
static struct push_outcome outcome;
static struct existing_image existing;
static struct commit commit;
static struct err err;

static int sign(struct signing *signing, struct store *store, const char *at, struct view document,
                struct err *failed)
{
    (void)signing, (void)store, (void)failed;
    assert_string_equal(at, KEY);
    key.count++;
    text_clear(&key.document);
    text_add(&key.document, document.data, document.size);
    return 0;
}

static int find_signers(struct signing *signing, struct store *store, const char *at,
                        struct view document, struct err *failed)
{
    (void)signing, (void)store, (void)at, (void)document, (void)failed;
    return key.state;
}

static int set_up(void **state)
{
    static const struct signing_table table = {
        .before = sign, .after = sign, .state = find_signers};

    (void)state;
    bucket_open(&bucket);
    key.signing.table = &table;
    key.count = 0;
    text_init(&key.document, MIB);
    assert_int_equal(name_parse_image("web:20250721-2118-f7a5a27", &name, &err), 0);
    image = (struct image_info){.os = "linux", .architecture = "amd64", .raw_size = 4096};
    digest_text_of(image.id, view_str("the config"));
    image.layer_count = LAYERS;
    image.layers = layers;
    for (unsigned i = 0; i < LAYERS; i++) {
        layers[i] = (struct image_layer){.media_type = "application/vnd.oci.image.layer.v1.tar",
                                         .raw_size = 512};
        digest_text_of(layers[i].diff_id, view_of(&i, sizeof i));
        digest_text_of(layers[i].digest, view_of(&i, sizeof i));
    }
    outcome = (struct push_outcome){.image = &image, .size = 1024};
    existing = (struct existing_image){.found = true};
    str_copy(existing.at.metadata_key, sizeof existing.at.metadata_key, KEY);
    commit = (struct commit){.store = bucket.store,
                             .name = &name,
                             .local_id = "",
                             .existing = &existing,
                             .outcome = &outcome,
                             .signing = &key.signing};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    metadata_finish(&existing.at.metadata);
    text_finish(&key.document);
    bucket_close(&bucket);
    return 0;
}

/* Stores the metadata that a push of the image writes, after `change`. `more` is put before its
 * end. The document becomes the existing one. */
static void store_document(void (*change)(struct metadata *metadata), const char *more)
{
    _cleanup_text_ struct text text = {0};
    struct metadata metadata;

    text_init(&text, MIB);
    assert_int_equal(commit_describe(&commit, &metadata, &err), 0);
    if (change)
        change(&metadata);
    metadata_write(&metadata, &text);
    metadata_finish(&metadata);
    assert_string_equal(text.data + text.size - 2, "\n}");
    text_cut(&text, text.size - 2);
    text_printf(&text, "%s\n}", more);
    bucket_put(&bucket, KEY, text.data);
    metadata_finish(&existing.at.metadata);
    if (metadata_parse(text_view(&text), &existing.at.metadata, &err))
        fail_msg("%s", err.text);
}

static void the_bytes_of_the_bucket_are_signed(void **state)
{
    _cleanup_text_ struct text there = {0};

    (void)state;
    store_document(NULL, "");
    assert_int_equal(sign_existing(&commit, &err), 1);
    assert_int_equal(key.count, 1);
    text_init(&there, MIB);
    assert_true(bucket_get(&bucket, KEY, &there));
    assert_string_equal(key.document.data, there.data);
}

static void id(struct metadata *m)
{
    digest_text_of(m->image_id, view_str("another config"));
}

static void platform(struct metadata *m)
{
    str_copy(m->platform, sizeof m->platform, "linux/arm64");
}

static void app(struct metadata *m)
{
    str_copy(m->app_name, sizeof m->app_name, "shop");
}

static void hash(struct metadata *m)
{
    str_copy(m->git_hash, sizeof m->git_hash, "f7a5a28");
}

static void commit_time(struct metadata *m)
{
    str_copy(m->git_time, sizeof m->git_time, "20250721-2119");
}

static void engine_id(struct metadata *m)
{
    digest_text_of(m->engine_id, view_str("another image"));
}

static void manifest_id(struct metadata *m)
{
    digest_text_of(m->manifest_id, view_str("another image"));
}

static void layer(struct metadata *m)
{
    digest_text_of(m->layers[LAYERS - 1].text, view_str("another layer"));
}

static void layer_count(struct metadata *m)
{
    m->layers = realloc(m->layers, (LAYERS + 1) * sizeof *m->layers);
    assert_non_null(m->layers);
    m->layers[m->layer_count++] = m->layers[0];
}

static void metadata_that_states_another_image_is_not_signed(void **state)
{
    static void (*const changes[])(struct metadata * metadata) = {
        id, platform, app, hash, commit_time, engine_id, manifest_id, layer, layer_count};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
        store_document(changes[i], "");
        assert_int_equal(sign_existing(&commit, &err), 0);
    }
    assert_int_equal(key.count, 0);
}

static void without_manifest(struct metadata *m)
{
    m->manifest_id[0] = '\0';
}

static void metadata_may_lack_the_id_of_a_daemon(void **state)
{
    (void)state;
    store_document(without_manifest, "");
    assert_int_equal(sign_existing(&commit, &err), 1);
}

/* A signature would cover the member, too. */
static void metadata_with_unknown_members_is_not_signed(void **state)
{
    (void)state;
    store_document(NULL, ",\n  \"x\": 1");
    key.state = SIGNING_OWN;
    assert_int_equal(sign_existing(&commit, &err), 0);
    assert_int_equal(sign_existing_is_done(&key.signing, bucket.store, &existing, &err), 0);
    assert_int_equal(key.count, 0);
}

static void an_absent_document_is_not_signed(void **state)
{
    (void)state;
    store_document(NULL, "");
    bucket_delete(&bucket, KEY);
    assert_int_equal(sign_existing(&commit, &err), 0);
    store_document(NULL, "");
    existing.found = false;
    assert_int_equal(sign_existing(&commit, &err), 0);
    assert_int_equal(key.count, 0);
}

static void only_a_signature_of_this_key_counts(void **state)
{
    (void)state;
    store_document(NULL, "");
    for (key.state = 0; key.state <= (SIGNING_OWN | SIGNING_OTHERS); key.state++)
        assert_int_equal(sign_existing_is_done(&key.signing, bucket.store, &existing, &err),
                         (key.state & SIGNING_OWN) != 0);
}

#define WITH_BUCKET(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_BUCKET(the_bytes_of_the_bucket_are_signed),
        WITH_BUCKET(metadata_that_states_another_image_is_not_signed),
        WITH_BUCKET(metadata_may_lack_the_id_of_a_daemon),
        WITH_BUCKET(metadata_with_unknown_members_is_not_signed),
        WITH_BUCKET(an_absent_document_is_not_signed),
        WITH_BUCKET(only_a_signature_of_this_key_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
