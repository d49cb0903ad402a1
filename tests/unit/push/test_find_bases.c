#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest_text.h"
#include "catalog/pointer.h"
#include "kit/thin_image.h"
#include "push/early_bases.h"
#include "push/find_bases.h"

static struct bucket bucket;
static struct bases bases;

static int set_up(void **state)
{
    (void)state;
    bucket_open(&bucket);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    bases_finish(&bases);
    bucket_close(&bucket);
    return 0;
}

struct wanted {
    const char *layers, *first, *platform;
    uint64_t least, most;
    bool thin;
    enum codec codec; /* 0: gzip */
};

static void find(const struct wanted *wanted)
{
    struct digest_text layers[ARCHIVE_LAYERS];
    struct image_name name;
    struct find_bases_wanted w = {.name = &name,
                                  .first = wanted->first,
                                  .layers = layers,
                                  .archive_least = wanted->least,
                                  .platform = wanted->platform,
                                  .thin = wanted->thin,
                                  .codec = wanted->codec ? wanted->codec : CODEC_GZIP,
                                  .index_most = wanted->most ? wanted->most : MIB};
    struct err err;

    assert_int_equal(name_parse_image("shop:20250801-0000-abcdef0", &name, &err), 0);
    for (; wanted->layers && wanted->layers[w.layer_count]; w.layer_count++)
        archive_diff_id(layers[w.layer_count].text, wanted->layers[w.layer_count]);
    bases_finish(&bases);
    find_bases(bucket.store, &w, &bases);
    assert_int_equal(bases.count > 0, bases.known != NULL);
}

static void assert_base(unsigned at, const char *ref)
{
    struct image_name name;
    char key[KEY_MAX];
    struct err err;

    assert_true(at < bases.count);
    assert_int_equal(name_parse_image(ref, &name, &err), 0);
    key_image(key, &name, NULL, KEY_ARCHIVE);
    assert_string_equal(bases.keys[at], key);
}

static void an_empty_bucket_has_none(void **state)
{
    (void)state;
    find(&(struct wanted){.layers = "ab"});
    assert_int_equal(bases.count, 0);
}

static void the_newest_images_of_the_app_serve(void **state)
{
    (void)state;
    archive_publish(&bucket, "shop:20250601-0000-0000001", "abc", NULL);
    archive_publish(&bucket, "shop:20250701-0000-0000002", "abd", NULL);
    archive_publish(&bucket, "shop:20250702-0000-0000003", "abe", NULL);
    archive_publish(&bucket, "billing:20250702-0000-0000003", "xyz", NULL);
    find(&(struct wanted){0});
    assert_int_equal(bases.count, 3);
    assert_base(0, "shop:20250702-0000-0000003");
    assert_base(1, "shop:20250701-0000-0000002");
    assert_base(2, "shop:20250601-0000-0000001");
    assert_int_equal(chunk_lookup_count(bases.known), 3 * (3 * ARCHIVE_CHUNKS + 1));
}

static void those_that_share_most_layers_come_first(void **state)
{
    (void)state;
    archive_publish(&bucket, "shop:20250701-0000-0000001", "abc", NULL);
    archive_publish(&bucket, "shop:20250702-0000-0000002", "axx", NULL);
    archive_publish(&bucket, "shop:20250703-0000-0000003", "xyz", NULL);
    archive_publish(&bucket, "shop:20250704-0000-0000004", "abz", NULL);
    archive_publish(&bucket, "shop:20250705-0000-0000005", "zzz", NULL);
    find(&(struct wanted){.layers = "abc"});
    assert_int_equal(bases.count, BASES_MAX);
    assert_base(0, "shop:20250701-0000-0000001");
    assert_base(1, "shop:20250704-0000-0000004");
    assert_base(2, "shop:20250702-0000-0000002");
}

static void duplicates_add_nothing(void **state)
{
    (void)state;
    archive_publish(&bucket, "shop:20250701-0000-0000001", "abc", NULL);
    archive_publish(&bucket, "shop:20250702-0000-0000002", "abc", NULL);
    find(&(struct wanted){.layers = "abc"});
    assert_int_equal(bases.count, 1);
    assert_base(0, "shop:20250702-0000-0000002");
}

static void other_apps_help_one_that_is_new(void **state)
{
    (void)state;
    archive_publish(&bucket, "billing:20250601-0000-0000001", "abc", NULL);
    archive_publish(&bucket, "billing:20250702-0000-0000002", "abd", NULL);
    find(&(struct wanted){.layers = "ab"});
    assert_int_equal(bases.count, 1);
    assert_base(0, "billing:20250702-0000-0000002");
}

static void images_of_environments_are_used_at_any_age(void **state)
{
    struct pointer pointer = {.target = POINTER_IMAGE};
    struct text text;
    char ref[64];

    (void)state;
    archive_publish(&bucket, "shop:20240101-0000-0000001", "abc", NULL);
    for (unsigned i = 1; i < 8; i++) {
        snprintf(ref, sizeof ref, "shop:2025070%u-0000-000000%u", i, i);
        archive_publish(&bucket, ref, &"vwx"[i % 3], NULL);
    }
    strcpy(pointer.target_path, "images/shop/202401/shop-20240101-0000-0000001.tar.gz");
    text_init(&text, MIB);
    pointer_write(&pointer, &text);
    archive_put(&bucket, "pointers/shop/production.json", text_view(&text), NULL);
    text_finish(&text);
    find(&(struct wanted){.layers = "abc"});
    assert_base(0, "shop:20240101-0000-0000001");
}

static void no_etag(struct metadata *m)
{
    m->archive_etag[0] = '\0';
}

static void other_etag(struct metadata *m)
{
    strcpy(m->archive_etag, "\"another\"");
}

static void other_size(struct metadata *m)
{
    m->size++;
}

static void other_index(struct metadata *m)
{
    m->index_sha256[0] = m->index_sha256[0] == '0' ? '1' : '0';
}

static void shorter_index(struct metadata *m)
{
    m->index_size--;
}

static void endless_index(struct metadata *m)
{
    m->index_size = UINT64_C(1) << 50;
}

static void foreign_index(struct metadata *m)
{
    strcpy(m->index_key, "../../etc/passwd");
}

static void no_index(struct metadata *m)
{
    m->index_key[0] = '\0';
}

static void archives_that_differ_from_their_metadata_are_not_used(void **state)
{
    static void (*const lies[])(struct metadata *) = {
        no_etag, other_size, other_index, shorter_index, endless_index, foreign_index, no_index};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(lies); i++) {
        archive_publish(&bucket, "shop:20250701-0000-0000001", "abc", lies[i]);
        find(&(struct wanted){.layers = "abc"});
        if (bases.count)
            fail_msg("lie %zu", i);
    }
    archive_publish(&bucket, "shop:20250701-0000-0000001", "abc", NULL);
    find(&(struct wanted){.layers = "abc"});
    assert_int_equal(bases.count, 1);
}

/* A copied bucket: other ETags with the same bytes, or with other bytes. */
static void an_archive_under_another_etag_is_read_first(void **state)
{
    static const char key[] = "images/shop/202507/shop-20250701-0000-0000001.tar.gz";
    char etag[STORE_ETAG_MAX];
    struct text archive, index;

    (void)state;
    archive_publish(&bucket, "shop:20250701-0000-0000001", "abc", other_etag);
    find(&(struct wanted){.layers = "abc"});
    assert_int_equal(bases.count, 1);
    archive_make("abc", &archive, &index);
    archive_put(&bucket, key, text_view(&archive), etag);
    find(&(struct wanted){.layers = "abc"});
    assert_string_equal(bases.objects[0].etag,
                        etag); /* copies are conditional on the current ETag */
    memset(archive.data + archive.size / 8, 'x', archive.size / 2);
    archive_put(&bucket, key, text_view(&archive), NULL);
    find(&(struct wanted){.layers = "abc"});
    assert_int_equal(bases.count, 0);
    text_finish(&archive);
    text_finish(&index);
}

/* Names of version 1 prove nothing: such archives are counted, and other bases are used. */
static void an_index_of_version_1_is_left_alone(void **state)
{
    (void)state;
    archive_publish_as(&bucket, "shop:20250701-0000-0000001", "abc", 1, NULL);
    find(&(struct wanted){.layers = "abc"});
    assert_int_equal(bases.count, 0);
    assert_int_equal(bases.outdated, 1);
    archive_publish_as(&bucket, "shop:20250702-0000-0000002", "abd", 1, NULL);
    archive_publish_as(&bucket, "shop:20250703-0000-0000003", "abe", 1, NULL);
    archive_publish_as(&bucket, "shop:20250704-0000-0000004", "abf", 1, NULL);
    archive_publish(&bucket, "shop:20250705-0000-0000005", "axy", NULL);
    find(&(struct wanted){.layers = "abc"});
    assert_int_equal(bases.outdated, BASES_MAX);
    assert_int_equal(bases.count, 1);
    assert_base(0, "shop:20250705-0000-0000005");
}

static void invalid_documents_are_skipped(void **state)
{
    (void)state;
    archive_publish(&bucket, "shop:20250701-0000-0000001", "abc", NULL);
    bucket_put(&bucket, "images/shop/202507/shop-20250702-0000-0000002.tar.gz", "x");
    bucket_put(&bucket, "images/shop/202507/shop-20250702-0000-0000002.json", "{\"size\": [");
    bucket_put(&bucket, "images/shop/202507/shop-20250703-0000-0000003.tar.gz", "x");
    bucket_put(&bucket, "images/shop/202507/strange.tar.gz", "x");
    bucket_put(&bucket, "pointers/shop/production.json", "[]");
    bucket_put(&bucket, "pointers/shop/staging.json",
               "{\"target_type\": \"tag\", \"target_path\": \"tags/shop/v1.json\"}");
    find(&(struct wanted){.layers = "abc"});
    assert_int_equal(bases.count, 1);
}

static void small_archives_and_large_indexes_are_left_alone(void **state)
{
    uint64_t one;

    (void)state;
    archive_publish(&bucket, "shop:20250701-0000-0000001", "abc", NULL);
    archive_publish(&bucket, "shop:20250702-0000-0000002", "abd", NULL);
    find(&(struct wanted){.layers = "abc", .least = MIB});
    assert_int_equal(bases.count, 0);
    find(&(struct wanted){.layers = "abc"});
    assert_int_equal(bases.count, 2);
    one = bases.index_bytes / 2;
    find(&(struct wanted){.layers = "abc", .most = one + 1}); /* the better one */
    assert_int_equal(bases.count, 1);
    assert_base(0, "shop:20250701-0000-0000001");
    assert_int_equal(bases.index_bytes, one);
    find(&(struct wanted){.layers = "abc", .most = one - 1});
    assert_int_equal(bases.count, 0);
}

/* ---- images with several objects ---- */

#define WHOLE     "shop:20250701-0000-0000001"
#define WHOLE_KEY "images/shop/202507/shop-20250701-0000-0000001.tar.gz"
#define THIN      "shop:20250702-0000-0000002"
#define THIN_KEY  "images/shop/202507/shop-20250702-0000-0000002-0000000000000002.data"

#define LAYER_CHUNKS ARCHIVE_CHUNKS

/* An archive of the layers a, b, c, and a thin image of a, b, d that refers to it. */
static void publish_both(void (*change)(struct metadata *))
{
    archive_publish(&bucket, WHOLE, "abc", NULL);
    thin_image_publish(&bucket, THIN, "abd", WHOLE, "abc", change);
}

static void assert_objects(const char *first, const char *second, uint32_t chunks)
{
    assert_int_equal(bases.object_count, second ? 2 : 1);
    assert_string_equal(bases.objects[0].key, first);
    if (second)
        assert_string_equal(bases.objects[1].key, second);
    assert_int_equal(chunk_lookup_count(bases.known), chunks);
}

/* A thin image needs one base: it refers to all data that its predecessors share with it. */
static void a_thin_push_takes_the_best_image(void **state)
{
    (void)state;
    publish_both(NULL);
    find(&(struct wanted){.layers = "abd", .thin = true});
    assert_int_equal(bases.count, 1);
    assert_base(0, THIN);
    assert_objects(WHOLE_KEY, THIN_KEY, 3 * LAYER_CHUNKS + 1);
    assert_int_equal(bases.objects[0].codec, CODEC_GZIP);
    assert_int_equal(bases.objects[1].codec, CODEC_ZSTD);
    find(&(struct wanted){.layers = "abcd", .thin = true}); /* both have a layer of their own */
    assert_int_equal(bases.count, 2);
    find(&(struct wanted){.thin = true}); /* layers that are not known: the newest image */
    assert_int_equal(bases.count, 1);
    assert_base(0, THIN);
}

/* The store copies chunks of the wanted codec only, also out of a thin image. */
static void copies_have_one_codec(void **state)
{
    (void)state;
    publish_both(NULL);
    find(&(struct wanted){.layers = "abd"});
    assert_int_equal(bases.count, 2);
    assert_base(0, THIN);
    assert_objects(WHOLE_KEY, NULL, 2 * LAYER_CHUNKS + 1 + 3 * LAYER_CHUNKS + 1);
    find(&(struct wanted){.layers = "abd", .codec = CODEC_ZSTD});
    assert_int_equal(bases.count, 1);
    assert_objects(THIN_KEY, NULL, LAYER_CHUNKS);
}

static void missing_objects_are_left_out(void **state)
{
    (void)state;
    publish_both(NULL);
    bucket_delete(&bucket, WHOLE_KEY);
    find(&(struct wanted){.layers = "abd", .thin = true});
    assert_objects(THIN_KEY, NULL, LAYER_CHUNKS);
    bucket_put(&bucket, WHOLE_KEY, "of another size");
    find(&(struct wanted){.layers = "abd", .thin = true});
    assert_objects(THIN_KEY, NULL, LAYER_CHUNKS);
    bucket_delete(&bucket, THIN_KEY);
    find(&(struct wanted){.layers = "abd", .thin = true});
    assert_int_equal(bases.count, 0);
}

static void change_etags(struct metadata *m)
{
    for (unsigned i = 0; i < m->object_count; i++)
        strcpy(m->objects[i].etag, "\"of-the-old-bucket\"");
}

static void all_objects_of_a_copied_bucket_are_checked(void **state)
{
    char etag[STORE_ETAG_MAX];
    struct text archive, index;

    (void)state;
    publish_both(change_etags);
    find(&(struct wanted){.layers = "abd", .thin = true});
    assert_int_equal(bases.count, 1);
    assert_base(0, THIN);
    assert_int_equal(bases.object_count, 2);
    archive_make("abc", &archive, &index);
    memset(archive.data, 'x', archive.size);
    archive_put(&bucket, WHOLE_KEY, text_view(&archive), etag);
    find(&(struct wanted){.layers = "abd", .thin = true});
    assert_int_equal(bases.count, 0);
    text_finish(&archive);
    text_finish(&index);
}

/* References stay within the application and the platform. */
static void a_thin_push_takes_images_of_its_own_kind(void **state)
{
    (void)state;
    archive_publish(&bucket, "billing:20250702-0000-0000002", "abc", NULL);
    find(&(struct wanted){.layers = "abc", .thin = true});
    assert_int_equal(bases.count, 0);
    publish_both(NULL);
    find(&(struct wanted){.layers = "abd", .thin = true, .platform = "linux/arm64"});
    assert_int_equal(bases.count, 1); /* the archive states no platform */
    assert_base(0, WHOLE);
    find(&(struct wanted){.layers = "abd", .thin = true, .platform = "linux/amd64"});
    assert_base(0, THIN);
}

/* Newer images lack the platform. The key of a further platform states it. */
static void the_platform_is_found_behind_newer_images(void **state)
{
    _cleanup_text_ struct text document = {0};
    char key[KEY_MAX];

    (void)state;
    publish_both(NULL);
    text_init(&document, MIB);
    assert_true(
        bucket_get(&bucket, "images/shop/202507/shop-20250702-0000-0000002.json", &document));
    bucket_delete(&bucket, "images/shop/202507/shop-20250702-0000-0000002.json");
    bucket_put(&bucket, "images/shop/202507/shop-20250702-0000-0000002-linux-amd64.json",
               document.data);
    for (unsigned i = 0; i < 8; i++) {
        snprintf(key, sizeof key, "images/shop/202507/shop-2025071%u-0000-0000003.json", i);
        bucket_put(&bucket, key, "{}");
        snprintf(key, sizeof key, "images/shop/202507/shop-2025071%u-0000-0000003-linux-arm.json",
                 i);
        bucket_put(&bucket, key, "{}");
    }
    find(&(struct wanted){.layers = "abd", .thin = true, .platform = "linux/amd64"});
    assert_int_equal(bases.count, 1);
    assert_base(0, THIN);
}

/* The search in a thread finds the same, and nothing for an image that the bucket has. */
static void an_early_search_finds_the_same(void **state)
{
    struct digest_text layers[3];
    struct image_name name, own;
    struct find_bases_wanted wanted = {
        .name = &name, .thin = true, .layers = layers, .layer_count = 3, .index_most = MIB};
    struct early_bases *early;
    struct err err;

    (void)state;
    publish_both(NULL);
    for (unsigned i = 0; i < 3; i++)
        archive_diff_id(layers[i].text, "abd"[i]);
    assert_int_equal(name_parse_image("shop:20250801-0000-abcdef0", &name, &err), 0);
    assert_int_equal(name_parse_image(THIN, &own, &err), 0);
    early = early_bases_start(bucket.store, &wanted);
    assert_true(early_bases_take(early, &bases));
    assert_base(0, THIN);
    assert_true(held_index_allows_section(&bases.held[0], &bases.held[0].index->sections[0]));
    bases_finish(&bases);
    assert_false(early_bases_take(early, &bases));
    early_bases_destroy(early);
    wanted.name = &own;
    early = early_bases_start(bucket.store, &wanted);
    assert_false(early_bases_take(early, &bases));
    early_bases_destroy(early);
    assert_false(early_bases_take(NULL, &bases));
    early_bases_destroy(early_bases_start(bucket.store, &wanted)); /* not taken */
}

static void the_same_objects_are_found_again(void **state)
{
    struct digest_text layers[3];
    struct image_name name;
    struct find_bases_wanted wanted = {
        .name = &name, .thin = true, .layers = layers, .layer_count = 3, .index_most = MIB};
    struct base_object then[2];
    struct err err;

    (void)state;
    publish_both(NULL);
    for (unsigned i = 0; i < 3; i++)
        archive_diff_id(layers[i].text, "abd"[i]);
    assert_int_equal(name_parse_image("shop:20250801-0000-abcdef0", &name, &err), 0);
    bases_finish(&bases);
    find_bases(bucket.store, &wanted, &bases);
    assert_int_equal(bases.object_count, 2);
    memcpy(then, bases.objects, sizeof then);
    bases_finish(&bases);
    find_bases_again(bucket.store, &wanted, then, 2, &bases);
    assert_int_equal(bases.object_count, 2);
    bases_finish(&bases);
    bucket_delete(&bucket, THIN_KEY);
    find_bases_again(bucket.store, &wanted, then, 2, &bases);
    assert_int_equal(bases.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_empty_bucket_has_none, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_newest_images_of_the_app_serve, set_up, tear_down),
        cmocka_unit_test_setup_teardown(those_that_share_most_layers_come_first, set_up, tear_down),
        cmocka_unit_test_setup_teardown(duplicates_add_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(other_apps_help_one_that_is_new, set_up, tear_down),
        cmocka_unit_test_setup_teardown(images_of_environments_are_used_at_any_age, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(archives_that_differ_from_their_metadata_are_not_used,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_archive_under_another_etag_is_read_first, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_index_of_version_1_is_left_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(invalid_documents_are_skipped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(small_archives_and_large_indexes_are_left_alone, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_thin_push_takes_the_best_image, set_up, tear_down),
        cmocka_unit_test_setup_teardown(copies_have_one_codec, set_up, tear_down),
        cmocka_unit_test_setup_teardown(missing_objects_are_left_out, set_up, tear_down),
        cmocka_unit_test_setup_teardown(all_objects_of_a_copied_bucket_are_checked, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_thin_push_takes_images_of_its_own_kind, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_platform_is_found_behind_newer_images, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_early_search_finds_the_same, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_same_objects_are_found_again, set_up, tear_down),
    };

    return cmocka_run_group_tests_name("bases", tests, NULL, NULL);
}
