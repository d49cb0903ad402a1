#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "kit/bucket.h"
#include "kit/fault_store.h"
#include "publish/publish.h"

#define STEM  "images/hi/202511/hi-20251102-0900-def5678"
#define KEY   STEM ".json"
#define DATA  STEM "-8899aabbccddeeff.tar.zst"
#define INDEX STEM "-8899aabbccddeeff.index"
#define ID    "sha256:fc6c19a3650598abae49d22e8f3f14dce9ea9b2ef56713cf91c0d3f7c9e96fb1"
#define OTHER "sha256:3aacd1e2a9386ef6c5555c898410fb7e19792d9d6748e51ad0965fb8c8910e7e"

/* A store in front of the bucket: it may ignore conditions, may state a wrong ETag,
 * and writes a document of another program before the first PUT, or right after it. */
static struct front {
    struct fault_store fault; /* first */
    bool ignores, index_first;
    enum store_verb wrong;      /* states a wrong ETag; STORE_LIST: none does */
    const char *before, *after; /* documents of another program; NULL: none */
} front;

static struct bucket bucket;
static struct metadata_object object;
static struct metadata metadata;
static struct err err;
static char etag[STORE_ETAG_MAX];

static bool intercept(struct fault_store *fault, struct store_op *op)
{
    const char *after = front.after;

    (void)fault;
    if (front.ignores) {
        op->if_match = NULL;
        op->if_none_match = false;
    }
    if (front.wrong == op->verb && front.wrong != STORE_LIST) {
        fault_store_run(fault, op);
        str_copy(op->info.etag, sizeof op->info.etag, "\"0\"");
        fault_store_complete(op, op->answer);
        return true;
    }
    if (!fault_store_matches(op, STORE_PUT, KEY))
        return false;
    front.index_first = bucket_get(&bucket, INDEX, NULL);
    if (front.before)
        bucket_put(&bucket, KEY, front.before);
    front.before = front.after = NULL;
    if (!after)
        return false;
    fault_store_run(fault, op);
    bucket_put(&bucket, KEY, after);
    fault_store_complete(op, op->answer);
    return true;
}

static int set_up(void **state)
{
    (void)state;
    bucket_open(&bucket);
    front = (struct front){.wrong = STORE_LIST};
    fault_store_init(&front.fault, bucket.store, intercept);
    snprintf(front.fault.store.identity, sizeof front.fault.store.identity, "http://127.0.0.1:1/x");
    object = (struct metadata_object){.key = DATA, .etag = "\"a\"", .size = 100, .codec = 2};
    metadata =
        (struct metadata){.format = 3,
                          .size = 100,
                          .image_tag = "hi:20251102-0900-def5678",
                          .app_name = "hi",
                          .image_id = ID,
                          .platform = "linux/amd64",
                          .raw_size = 1024,
                          .index_key = INDEX,
                          .index_sha256 = "ec9143f6689292d44891f17a14bbffe7b84bae8fa6e0cbaffc"
                                          "454c417176b29d",
                          .index_size = 5,
                          .object_count = 1,
                          .objects = &object};
    memset(&err, 0, sizeof err);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    bucket_close(&bucket);
    return 0;
}

/* Returns the document of another push; valid until the next call. */
static const char *document(const char *id, const char *platform)
{
    static struct text text;
    struct metadata other = metadata;

    text_finish(&text);
    text_init(&text, 64 * KIB);
    str_copy(other.image_id, sizeof other.image_id, id);
    str_copy(other.platform, sizeof other.platform, platform);
    other.index_size++;
    metadata_write(&other, &text);
    text_add(&text, "", 1);
    return text.data;
}

/* The document may be another program's by now. */
static int all_there(struct store *store, const struct metadata *named, char lost[KEY_MAX],
                     struct err *reason)
{
    (void)store, (void)reason;
    lost[0] = '\0';
    assert_int_equal(named->object_count, 1);
    assert_true(bucket_get(&bucket, KEY, NULL));
    return 0;
}

static int one_lost(struct store *store, const struct metadata *named, char lost[KEY_MAX],
                    struct err *reason)
{
    (void)store, (void)reason;
    strcpy(lost, named->objects[0].key);
    return PUBLISH_MISSING;
}

static bool was_written;

static void note_written(void *arg)
{
    assert_ptr_equal(arg, &metadata);
    assert_true(bucket_get(&bucket, KEY, NULL));
    was_written = true;
}

static int after_written(struct store *store, const struct metadata *named, char lost[KEY_MAX],
                         struct err *reason)
{
    assert_true(was_written);
    return all_there(store, named, lost, reason);
}

/* The requests of the caller run beside those of the check. */
static void the_caller_is_notified_between_the_commit_and_the_check(void **state)
{
    struct publish publish = {.store = &front.fault.store,
                              .key = KEY,
                              .replaces = "",
                              .metadata = &metadata,
                              .index = view_str("index"),
                              .written = note_written,
                              .arg = &metadata,
                              .check = after_written};

    (void)state;
    was_written = false;
    assert_int_equal(publish_run(&publish, etag, &err), PUBLISHED);
    was_written = false;
    front.before = "{}";
    assert_int_not_equal(publish_run(&publish, etag, &err), PUBLISHED);
    assert_false(was_written);
}

static int no_answer(struct store *store, const struct metadata *named, char lost[KEY_MAX],
                     struct err *reason)
{
    (void)store, (void)named;
    lost[0] = '\0';
    return err_set(reason, ERR_NETWORK, "timeout", "no");
}

static int run(const char *replaces, publish_check *check)
{
    struct publish publish = {.store = &front.fault.store,
                              .key = KEY,
                              .replaces = replaces,
                              .metadata = &metadata,
                              .index = view_str("index"),
                              .check = check};

    return publish_run(&publish, etag, &err);
}

/* Returns true if the document in the bucket is of this image or platform. */
static bool holds(const char *id)
{
    _cleanup_text_ struct text text = {0};

    text_init(&text, 64 * KIB);
    if (!bucket_get(&bucket, KEY, &text))
        return false;
    text_add(&text, "", 1);
    return strstr(text.data, id) != NULL;
}

static void put(const char *text, char seen[STORE_ETAG_MAX])
{
    struct store_info info;

    bucket_put(&bucket, KEY, text);
    assert_int_equal(store_head(bucket.store, KEY, &info, &err), STORE_DONE);
    strcpy(seen, info.etag);
}

/* ---- with conditions, and on a store that ignores them ---- */

static void of_a_new_image(void)
{
    struct store_info info;

    assert_int_equal(run("", all_there), PUBLISHED);
    assert_true(front.index_first);
    assert_true(holds(ID));
    assert_int_equal(store_head(bucket.store, KEY, &info, &err), STORE_DONE);
    assert_string_equal(info.etag, etag);
}

static void of_a_replaced_image(void)
{
    char seen[STORE_ETAG_MAX];

    put(document(OTHER, "linux/amd64"), seen);
    assert_int_equal(run(seen, all_there), PUBLISHED);
    assert_true(holds(ID));
}

static void beside_another_document(void)
{
    static const struct {
        const char *id, *platform;
        int answer;
    } rows[] = {
        {ID, "linux/amd64", PUBLISH_SAME},
        {OTHER, "linux/amd64", PUBLISH_CHANGED},
        {OTHER, "linux/arm64/v8", PUBLISH_OTHER_PLATFORM},
        {ID, "linux/arm64", PUBLISH_OTHER_PLATFORM},
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        bucket_put(&bucket, KEY, document(rows[i].id, rows[i].platform));
        assert_int_equal(run("", all_there), rows[i].answer);
        assert_true(holds(rows[i].id));
        assert_true(holds(rows[i].platform));
        assert_int_equal(run("\"00\"", all_there), rows[i].answer);
        assert_true(holds(rows[i].id));
    }
    bucket_put(&bucket, KEY, "no metadata");
    assert_int_equal(run("", all_there), PUBLISH_CHANGED);
    assert_string_equal(err.code, "push");
}

static void with_a_lost_object(void)
{
    char seen[STORE_ETAG_MAX];

    assert_int_equal(run("", one_lost), PUBLISH_LOST);
    assert_false(bucket_get(&bucket, KEY, NULL));
    assert_string_equal(err.code, "removed");
    assert_non_null(strstr(err.text, DATA));
    put(document(OTHER, "linux/amd64"), seen);
    assert_int_equal(run(seen, one_lost), PUBLISH_LOST);
    assert_true(holds(OTHER));
}

static void without_an_answer(void)
{
    assert_int_equal(run("", no_answer), ERR_FAIL);
    assert_int_equal(err.family, ERR_NETWORK);
    assert_true(holds(ID));
}

static void with_manners(void (*scene)(void))
{
    void *state = NULL;

    scene();
    tear_down(&state);
    set_up(&state);
    front.ignores = true;
    scene();
}

static void new_image(void **state)
{
    (void)state;
    with_manners(of_a_new_image);
}

static void replaced_image(void **state)
{
    (void)state;
    with_manners(of_a_replaced_image);
}

static void another_document(void **state)
{
    (void)state;
    with_manners(beside_another_document);
}

static void lost_object(void **state)
{
    (void)state;
    with_manners(with_a_lost_object);
}

static void no_response_to_the_check(void **state)
{
    (void)state;
    with_manners(without_an_answer);
}

/* ---- two programs at once ---- */

static void another_program_before_the_write(void **state)
{
    (void)state;
    front.before = document(OTHER, "linux/amd64");
    assert_int_equal(run("", all_there), PUBLISH_CHANGED);
    assert_true(holds(OTHER));
    front.before = document(OTHER, "linux/arm64");
    assert_int_equal(run("\"00\"", all_there), PUBLISH_CHANGED); /* the former one is amd64 */
}

/* The store has repeated a request after a lost response: the document is that of this program. */
static void the_same_bytes_before_the_write(void **state)
{
    metadata.index_size--;
    front.before = document(ID, "linux/amd64");
    metadata.index_size++;
    (void)state;
    assert_int_equal(run("", all_there), PUBLISHED);
    assert_true(holds(ID));
}

/* Another program writes right after the commit. Its document stays, also if an object is lost. */
static void after_the_write(void)
{
    front.after = document(OTHER, "linux/amd64");
    assert_int_equal(run("", one_lost), PUBLISH_LOST);
    assert_true(holds(OTHER));
    bucket_delete(&bucket, KEY);
    front.after = document(OTHER, "linux/amd64");
    /* without conditions, both programs may have seen no document */
    assert_int_equal(run("", all_there), front.ignores ? PUBLISH_CHANGED : PUBLISHED);
    assert_true(holds(OTHER));
}

static void another_program_after_the_write(void **state)
{
    (void)state;
    with_manners(after_the_write);
}

/* The metadata that names the lost object must not stay, because the caller deletes what it
 * names. */
static void with_a_wrong_etag(void)
{
    static const enum store_verb verbs[] = {STORE_HEAD, STORE_PUT};

    for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
        bucket_delete(&bucket, KEY);
        front.wrong = verbs[i];
        with_a_lost_object();
        bucket_delete(&bucket, KEY);
        assert_int_equal(run("", all_there), PUBLISHED);
        assert_true(holds(ID));
        front.wrong = STORE_LIST;
    }
}

static void lost_object_and_a_wrong_etag(void **state)
{
    (void)state;
    with_manners(with_a_wrong_etag);
}

/* The caller would report success for an image that cannot be pulled. */
static void beside_the_same_image_without_its_object(void)
{
    bucket_put(&bucket, KEY, document(ID, "linux/amd64"));
    assert_int_equal(run("", one_lost), PUBLISH_CHANGED);
    assert_string_equal(err.code, "push");
    assert_true(holds(ID));
    assert_int_equal(run("", no_answer), ERR_FAIL);
    assert_int_equal(err.family, ERR_NETWORK);
}

static void the_same_image_without_its_object(void **state)
{
    (void)state;
    with_manners(beside_the_same_image_without_its_object);
}

static void objects_of_another_application(void **state)
{
    (void)state;
    strcpy(metadata.app_name, "ho");
    assert_int_equal(run("", all_there), ERR_FAIL);
    assert_false(bucket_get(&bucket, KEY, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_caller_is_notified_between_the_commit_and_the_check,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(new_image, set_up, tear_down),
        cmocka_unit_test_setup_teardown(replaced_image, set_up, tear_down),
        cmocka_unit_test_setup_teardown(another_document, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lost_object, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lost_object_and_a_wrong_etag, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_same_image_without_its_object, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_response_to_the_check, set_up, tear_down),
        cmocka_unit_test_setup_teardown(another_program_before_the_write, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_same_bytes_before_the_write, set_up, tear_down),
        cmocka_unit_test_setup_teardown(another_program_after_the_write, set_up, tear_down),
        cmocka_unit_test_setup_teardown(objects_of_another_application, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
