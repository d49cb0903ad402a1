/* The use of small buckets, computed by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/hash.h"
#include "kit/scratch.h"
#include "kit/thin_documents.h"
#include "store/dir/store_dir.h"
#include "usage/usage.h"

/* The example of docs/format.md: a whole image, and a thin one that uses 249 of its 592 bytes. */
#define FIRST      "images/hi/202511/hi-20251101-1200-abc1234"
#define SECOND     "images/hi/202511/hi-20251102-0900-def5678"
#define FIRST_DATA FIRST "-00112233445566ff.tar.zst"
#define DATA       592
#define OWN_DATA   343
#define SHARED     249

static struct store *store;
static char bucket[64];

static void make_bucket(const char *name, const char *arguments)
{
    struct store_dir_options options = {.path = bucket, .create = true};
    char command[1024];
    struct err err = {0};

    snprintf(bucket, sizeof bucket, "%s", path_of(name));
    snprintf(command, sizeof command, "python3 '%s/../kit/make_thin' '%s' %s",
             getenv("S3DOCK_TEST_DATA"), bucket, arguments);
    if (arguments)
        assert_int_equal(system(command), 0); /* NOLINT: a fixed command */
    store = store_dir_create(&options, &err);
    if (!store)
        fail_msg("%s", err.text);
}

static uint64_t size_of(const char *key)
{
    struct store_info info;
    struct err err;

    if (store_head(store, key, &info, &err) != STORE_DONE)
        fail_msg("%s does not exist", key);
    return info.size;
}

static void delete (const char *key)
{
    struct store_op op = {.verb = STORE_DELETE, .key = key};
    struct err err;

    assert_int_equal(store_run(store, &op, &err), STORE_DONE);
}

/* Reads the application "hi", or all. The warnings begin with `warning`. */
static struct usage *read_usage(const char *app, bool quick, const char *warning)
{
    _cleanup_text_ struct text warnings = {0};
    struct usage *usage;
    struct err err = {0};

    text_init(&warnings, MIB);
    if (usage_read(store, app, quick, &usage, &warnings, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(usage->app_count, 1);
    if (warning ? !strstr(warnings.data, warning) : warnings.size > 0)
        fail_msg("unexpected warnings: %s", warnings.data);
    return usage;
}

static void sharing_is_counted(void **state)
{
    struct usage *usage;
    const struct usage_sums *sums;
    const struct usage_image *image;

    (void)state;
    make_bucket("shared", "--example");
    usage = read_usage("hi", false, NULL);
    sums = &usage->apps[0].sums;
    assert_int_equal(sums->images, 2);
    assert_int_equal(sums->whole, 1);
    assert_int_equal(sums->thin, 1);
    assert_int_equal(sums->platforms, 1);
    assert_int_equal(sums->data_bytes, DATA + OWN_DATA);
    assert_int_equal(sums->document_bytes, size_of(FIRST ".json") + size_of(SECOND ".json"));
    assert_int_equal(sums->bytes, sums->data_bytes + sums->index_bytes + sums->document_bytes);
    assert_int_equal(sums->dead_bytes, 0);
    assert_int_equal(sums->whole_bytes, 2 * DATA);
    assert_int_equal(usage_saved(sums), SHARED);
    assert_int_equal(usage->total.bytes, sums->bytes);

    image = &usage->apps[0].images[0];
    assert_string_equal(image->ref, "hi:20251102-0900-def5678");
    assert_true(image->thin);
    assert_int_equal(image->objects, 2);
    assert_int_equal(image->refers_bytes, SHARED);
    assert_int_equal(image->alone_bytes, OWN_DATA + size_of(SECOND "-8899aabbccddeeff.index"));
    assert_int_equal(image->alone_after_compact, image->alone_bytes);

    image = &usage->apps[0].images[1]; /* its object stays for the other image */
    assert_false(image->thin);
    assert_int_equal(image->refers_bytes, 0);
    assert_int_equal(image->alone_bytes, size_of(FIRST "-00112233445566ff.index"));
    assert_int_equal(image->alone_after_compact, image->alone_bytes + DATA - SHARED);
    usage_destroy(usage);
    store_destroy(store);
}

static void bytes_that_no_image_uses_are_dead(void **state)
{
    (void)state;
    make_bucket("dead", "--example");
    delete (FIRST ".json");
    for (int quick = 0; quick <= 1; quick++) {
        struct usage *usage = read_usage(quick ? NULL : "hi", quick, NULL);
        const struct usage_sums *sums = &usage->total;
        const struct usage_image *image = &usage->apps[0].images[0];

        assert_int_equal(sums->images, 1);
        assert_int_equal(sums->data_bytes, DATA + OWN_DATA);
        assert_int_equal(sums->dead_bytes, DATA - SHARED);
        assert_int_equal(sums->unfinished_bytes, size_of(FIRST "-00112233445566ff.index"));
        assert_int_equal(usage_saved(sums), 0);
        assert_int_equal(image->refers_bytes, SHARED);
        assert_int_equal(image->alone_bytes,
                         DATA + OWN_DATA + size_of(SECOND "-8899aabbccddeeff.index"));
        assert_int_equal(image->alone_after_compact,
                         quick ? 0 : image->alone_bytes - (DATA - SHARED));
        usage_destroy(usage);
    }
    store_destroy(store);
}

static void read_object(const char *key, struct text *out)
{
    struct err err;

    text_init(out, MIB);
    if (store_get_document(store, key, out, NULL, &err) != STORE_DONE)
        fail_msg("%s", err.text);
}

static void put_object(const char *key, struct view bytes)
{
    struct err err;

    if (store_put_document(store, key, bytes, NULL, false, NULL, &err) != STORE_DONE)
        fail_msg("%s", err.text);
}

/* Makes the index of the second image one of a newer version, which its metadata names. */
static void make_index_newer(void)
{
    _cleanup_text_ struct text index = {0}, json = {0};
    char hex[SHA256_HEX_SIZE], *at;
    uint8_t sum[SHA256_SIZE];

    read_object(SECOND "-8899aabbccddeeff.index", &index);
    read_object(SECOND ".json", &json);
    index.data[8] = 99;
    sha256_of(text_view(&index), sum);
    hex_encode(sum, sizeof sum, hex);
    at = strstr(json.data, "\"index_sha256\": \"");
    assert_non_null(at);
    memcpy(at + strlen("\"index_sha256\": \""), hex, strlen(hex));
    put_object(SECOND "-8899aabbccddeeff.index", text_view(&index));
    put_object(SECOND ".json", text_view(&json));
}

static void an_index_of_a_newer_version_is_a_warning(void **state)
{
    struct usage *usage;

    (void)state;
    make_bucket("newer", "--example");
    make_index_newer();
    usage = read_usage("hi", false, "8899aabbccddeeff.index: ");
    usage_destroy(usage);
    store_destroy(store);
}

static void an_index_that_cannot_be_used_is_a_warning(void **state)
{
    struct usage *usage;

    (void)state;
    make_bucket("damaged", "--example");
    thin_object_put(store, SECOND "-8899aabbccddeeff.index", "no index");
    usage = read_usage("hi", false, "8899aabbccddeeff.index: the index differs");
    assert_int_equal(usage->total.dead_bytes, 0);
    usage_destroy(usage);
    delete (SECOND "-8899aabbccddeeff.index");
    usage = read_usage("hi", false, "8899aabbccddeeff.index: the index does not exist");
    usage_destroy(usage);
    delete (FIRST_DATA);
    usage = read_usage("hi", true, ".json: its object " FIRST_DATA " does not exist");
    assert_int_equal(usage->total.data_bytes, OWN_DATA);
    usage_destroy(usage);
    store_destroy(store);
}

/* ---- every kind of object ---- */

#define OLD     "images/hi/202510/hi-20251001-0900-aaaaaaa"
#define COPY    "archive/hi/202510/hi-20251001-0900-aaaaaaa-archived-on-20251003-0900"
#define RETIRED "images/hi/202509/hi-20250901-0900-bbbbbbb"
#define ARCHIVE "the archive of this image"
#define OWN     "the data of the thin image"
#define LOST    "images/hi/202508/hi-20250801-0900-ccccccc.tar.gz"
#define OLD_DOCUMENT                                                                               \
    "{\"size\": 25, \"git_hash\": \"aaaaaaa\", \"git_time\": \"20251001-0900\", \"image_tag\": "   \
    "\"hi:20251001-0900-aaaaaaa\", \"app_name\": \"hi\", \"format\": 2, \"archive_etag\": "        \
    "\"\\\"old\\\"\"}"

static void put_upload(const char *key, const char *body)
{
    struct store_op create = {.verb = STORE_UPLOAD_CREATE, .key = key};
    struct err err;

    assert_int_equal(store_run(store, &create, &err), STORE_DONE);

    struct store_op part = {.verb = STORE_UPLOAD_PART,
                            .key = key,
                            .upload_id_in = create.upload_id,
                            .part_number = 1,
                            .body = view_str(body)};

    assert_int_equal(store_run(store, &part, &err), STORE_DONE);
}

/* An old image was replaced in place: its archive is a copy below archive/, which a thin image
 * still uses. Beside it are a retired image, data without a document, and an upload. */
static void every_byte_has_one_place(void **state)
{
    struct metadata_object objects[2] = {0};
    struct metadata thin = thin_document("hi", objects, SECOND "-1111111111111111.index");
    struct usage *usage;
    const struct usage_sums *sums;

    (void)state;
    make_bucket("kinds", NULL);
    thin_object_put(store, OLD ".tar.gz", "new archive");
    thin_object_put(store, COPY ".tar.gz", ARCHIVE);
    thin_object_put(store, COPY ".json", OLD_DOCUMENT);
    thin_object_put(store, COPY ".index", "its index"); /* the document names that of before */
    thin_object_put(store, SECOND "-1111111111111111.data", OWN);
    thin_document_add(&thin, store, SECOND "-1111111111111111.data");
    objects[thin.object_count++] =
        (struct metadata_object){OLD ".tar.gz", "\"old\"", strlen(ARCHIVE), 20, METADATA_GZIP};
    thin_document_put(&thin, store, SECOND ".json");
    thin_object_put(store, LOST, "lost");
    thin_object_put(store, OLD ".first", "claim");
    thin_object_put(store, "archive/.s3dock-tmp/0123456789abcdef/1", "temporary");
    put_upload(LOST, "a part");
    usage = read_usage(NULL, true, NULL);
    sums = &usage->apps[0].sums;
    assert_int_equal(sums->data_bytes, strlen(OWN) + strlen(ARCHIVE));
    assert_int_equal(sums->document_bytes, size_of(SECOND ".json") + strlen("claim"));
    assert_int_equal(sums->replaced_bytes, strlen(OLD_DOCUMENT) + strlen("its index"));
    assert_int_equal(sums->unfinished_bytes,
                     strlen("new archive") + strlen("lost") + strlen("a part"));
    assert_int_equal(sums->dead_bytes, 0); /* the copy itself uses all of it */
    assert_int_equal(usage->total.unfinished_bytes - sums->unfinished_bytes, strlen("temporary"));
    assert_int_equal(usage->apps[0].images[0].alone_bytes, strlen(OWN));
    usage_destroy(usage);
    store_destroy(store);
}

/* Replaced archives with a lesser and a greater ETag, and with the same ETag and other sizes. */
static void the_right_copy_is_found_among_others(void **state)
{
    static const struct {
        const char *etag, *archive;
    } others[] = {{"a", ARCHIVE}, {"z", ARCHIVE}, {"old", ARCHIVE "!"}, {"old", "short"}};
    struct metadata_object objects[2] = {0};
    struct metadata thin = thin_document("hi", objects, SECOND "-1111111111111111.index");
    struct usage *usage;

    (void)state;
    make_bucket("copies", NULL);
    thin_object_put(store, COPY ".tar.gz", ARCHIVE);
    thin_object_put(store, COPY ".json", OLD_DOCUMENT);
    for (unsigned i = 0; i < ARRAY_SIZE(others); i++) {
        char key[128], document[512];

        snprintf(key, sizeof key, COPY "-%u.tar.gz", i + 2);
        thin_object_put(store, key, others[i].archive);
        snprintf(key, sizeof key, COPY "-%u.json", i + 2);
        snprintf(document, sizeof document,
                 "{\"size\": %zu, \"git_hash\": \"aaaaaaa\", \"git_time\": \"20251001-0900\", "
                 "\"image_tag\": \"hi:20251001-0900-aaaaaaa\", \"app_name\": \"hi\", "
                 "\"format\": 2, \"archive_etag\": \"\\\"%s\\\"\"}",
                 strlen(others[i].archive), others[i].etag);
        thin_object_put(store, key, document);
    }
    thin_object_put(store, SECOND "-1111111111111111.data", OWN);
    thin_document_add(&thin, store, SECOND "-1111111111111111.data");
    objects[thin.object_count++] =
        (struct metadata_object){OLD ".tar.gz", "\"old\"", strlen(ARCHIVE), 20, METADATA_GZIP};
    thin_document_put(&thin, store, SECOND ".json");
    usage = read_usage("hi", true, NULL); /* without the copy: a warning */
    assert_int_equal(usage->apps[0].sums.data_bytes, strlen(OWN) + strlen(ARCHIVE));
    usage_destroy(usage);
    store_destroy(store);
}

static void a_document_that_cannot_be_read_ends_it(void **state)
{
    _cleanup_text_ struct text warnings = {0};
    struct usage *usage;
    struct err err = {0};

    (void)state;
    make_bucket("broken", "--example");
    thin_object_put(store, RETIRED ".json", "{");
    text_init(&warnings, MIB);
    assert_int_equal(usage_read(store, "hi", true, &usage, &warnings, &err), ERR_FAIL);
    assert_null(usage);
    assert_string_equal(err.code, "referenced");
    store_destroy(store);
}

static int set_up(void **state)
{
    (void)state;
    return scratch_create();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sharing_is_counted),
        cmocka_unit_test(bytes_that_no_image_uses_are_dead),
        cmocka_unit_test(an_index_of_a_newer_version_is_a_warning),
        cmocka_unit_test(an_index_that_cannot_be_used_is_a_warning),
        cmocka_unit_test(every_byte_has_one_place),
        cmocka_unit_test(the_right_copy_is_found_among_others),
        cmocka_unit_test(a_document_that_cannot_be_read_ends_it),
    };

    return cmocka_run_group_tests_name("usage/usage", tests, set_up, scratch_teardown);
}
