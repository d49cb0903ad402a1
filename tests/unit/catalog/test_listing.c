#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/clock.h"
#include "catalog/history.h"
#include "catalog/image_list.h"
#include "catalog/listing.h"
#include "catalog/temp_objects.h"
#include "kit/bucket.h"
#include "kit/golden.h"

static struct bucket bucket;
static struct text warnings;
static struct err err;

static int set_up(void **state)
{
    (void)state;
    bucket_open(&bucket);
    text_init(&warnings, MIB);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    text_finish(&warnings);
    bucket_close(&bucket);
    return 0;
}

static void fine(int answer)
{
    if (answer)
        fail_msg("%s", err.text);
}

static void put_tag(const char *app, const char *version, const char *ref)
{
    char key[KEY_MAX], body[KEY_MAX + 512];
    struct image_name name;

    fine(name_parse_image(ref, &name, &err));
    key_image(key, &name, NULL, KEY_ARCHIVE);
    snprintf(body, sizeof body,
             "{\"target_type\":\"image\",\"target_path\":\"%s\",\"source_image\":\"%s\"}", key,
             ref);
    key_tag(key, app, version);
    bucket_put(&bucket, key, body);
}

/* ---- applications ---- */

static void applications(void **state)
{
    struct listed_app *apps;
    size_t count;

    (void)state;
    fine(listing_apps(bucket.store, &apps, &count, &warnings, &err));
    assert_int_equal(count, 0);
    free(apps);
    bucket_image(&bucket, "web:20250721-2118-f7a5a27", "202507");
    bucket_image(&bucket, "my-app:20250721-2118-f7a5a27", "202507");
    put_tag("web", "v1", "web:20250721-2118-f7a5a27");
    put_tag("only-tagged", "v1", "web:20250721-2118-f7a5a27");
    bucket_put(&bucket, "pointers/only-promoted/x.json", "{}");
    bucket_put(&bucket, "pointers/Strange App/x.json", "{}");
    bucket_put(&bucket, "images/stray.txt", "");
    bucket_put(&bucket, "audit/not-an-app/x.json", "{}");
    fine(listing_apps(bucket.store, &apps, &count, &warnings, &err));
    assert_int_equal(count, 4);
    assert_string_equal(apps[0].name, "my-app");
    assert_string_equal(apps[1].name, "only-promoted");
    assert_string_equal(apps[2].name, "only-tagged");
    assert_string_equal(apps[3].name, "web");
    assert_non_null(strstr(warnings.data, "pointers/Strange App/"));
    assert_non_null(strstr(warnings.data, "images/stray.txt"));
    free(apps);
}

/* ---- images ---- */

static void images_newest_first(void **state)
{
    struct image_list images;

    (void)state;
    bucket_put(&bucket, "images/my-app/202507/my-app-20250723-0000-ddddddd.retired", "{}");
    bucket_put(&bucket, "images/my-app/202507/my-app-20250723-0000-ddddddd.tar.gz", "x");
    bucket_image(&bucket, "my-app:20250721-2118-f7a5a27", "202507");
    bucket_image(&bucket, "my-app:20250721-2118-f7a5a27", "202611"); /* by the original, later */
    bucket_image(&bucket, "my-app:20250801-0000-abcde", "202508");
    bucket_image(&bucket, "my-app:20241231-2359-abcdef0", "202501");
    bucket_put(&bucket, "images/my-app/202507/my-app-20250722-0000-aaaaaaa.tar.gz", "x");
    bucket_put(&bucket, "images/my-app/202507/my-app-20250722-0000-bbbbbbb.json", "{}");
    bucket_put(&bucket, "images/my-app/202507/my-app-20250722-0000-ccccccc.index", "x");
    bucket_put(&bucket, "images/my-app/202507/my-app-latest.tar.gz", "x");
    bucket_put(&bucket, "images/my-app/202507/my-app-latest.json", "{}");
    bucket_image(&bucket, "my-app2:20250721-2118-f7a5a27", "202507");

    fine(image_list_read(bucket.store, "my-app", NULL, &images, &warnings, &err));
    assert_int_equal(images.count, 4);
    assert_string_equal(images.items[0].tag, "20250801-0000-abcde");
    assert_string_equal(images.items[0].ref, "my-app:20250801-0000-abcde");
    assert_int_equal(images.items[0].size, 4);
    assert_true(images.items[0].pushed > 0);
    assert_false(images.unsure);
    assert_null(strstr(warnings.data, "ddddddd")); /* retired by a cleanup */
    assert_string_equal(images.items[1].month, "202611");
    assert_string_equal(images.items[1].key,
                        "images/my-app/202611/my-app-20250721-2118-f7a5a27.tar.gz");
    assert_string_equal(images.items[2].month, "202507");
    assert_string_equal(images.items[3].month, "202501");
    assert_non_null(
        strstr(warnings.data, "my-app-20250722-0000-aaaaaaa.tar.gz: it has no metadata"));
    assert_non_null(strstr(warnings.data, "my-app-latest.tar.gz: the name is not"));
    image_list_finish(&images);

    fine(image_list_read(bucket.store, "my-app", "202508", &images, &warnings, &err));
    assert_int_equal(images.count, 1);
    image_list_finish(&images);
    fine(image_list_read(bucket.store, "my-app", "202001", &images, &warnings, &err));
    assert_int_equal(images.count, 0);
    image_list_finish(&images);
}

static void platforms_of_an_image(void **state)
{
    struct image_list images;

    (void)state;
    bucket_image(&bucket, "web:20250721-2118-f7a5a27", "202507");
    bucket_image(&bucket, "web:20250722-2118-f7a5a27", "202507");
    bucket_put(&bucket, "images/web/202507/web-20250722-2118-f7a5a27.json",
               "{\"size\":4,\"app_name\":\"web\",\"format\":2,\"platform\":\"linux/amd64/v1\"}");
    bucket_put(&bucket, "images/web/202507/web-20250722-2118-f7a5a27-linux-arm64.json", "{}");
    bucket_put(&bucket, "images/web/202507/web-20250722-2118-f7a5a27-linux-arm-v7.json", "{}");
    bucket_put(&bucket, "images/web/202507/web-20250723-2118-f7a5a27-linux-arm64.json", "{}");
    bucket_put(&bucket, "images/web/202507/web-20250723-2118-f7a5a27-0011223344556677.index", "x");
    fine(image_list_read(bucket.store, "web", NULL, &images, &warnings, &err));
    fine(image_list_platforms(bucket.store, &images, &warnings, &err));
    assert_int_equal(images.count, 3);
    assert_string_equal(images.items[0].further, "linux/arm64");
    assert_string_equal(images.items[0].first, "");
    assert_string_equal(images.items[1].further, "linux/arm/v7, linux/arm64");
    assert_string_equal(images.items[1].first, "linux/amd64");
    assert_string_equal(images.items[2].further, "");
    assert_string_equal(images.items[0].key, "images/web/202507/web-20250723-2118-f7a5a27.tar.gz");
    assert_string_equal(warnings.data, ""); /* an image without a first platform is complete */
    image_list_finish(&images);
}

static void more_than_a_page(void **state)
{
    struct tag_list tags;
    char version[32];

    (void)state;
    for (int i = 0; i < 1100; i++) {
        snprintf(version, sizeof version, "v1.%d.0", i);
        put_tag("web", version, "web:20250721-2118-f7a5a27");
    }
    fine(listing_tags(bucket.store, "web", &tags, &warnings, &err));
    assert_int_equal(tags.count, 1100);
    for (int i = 0; i < 1100; i++) {
        snprintf(version, sizeof version, "v1.%d.0", 1099 - i);
        assert_string_equal(tags.items[i].version, version);
    }
    assert_string_equal(warnings.data, "");
    tag_list_finish(&tags);
}

/* ---- tags and environments ---- */

static void unreadable_documents_are_warnings(void **state)
{
    struct tag_list tags;

    (void)state;
    put_tag("web", "v1.9.0", "web:20250721-2118-f7a5a27");
    put_tag("web", "v1.10.0", "web:20250722-2118-f7a5a27");
    put_tag("web", "stable", "web:20250722-2118-f7a5a27");
    put_tag("web", "theirs", "other:20250722-2118-f7a5a27");
    bucket_put(&bucket, "tags/web/empty.json", "");
    bucket_put(&bucket, "tags/web/torn.json", "{\"target_type\":\"ima");
    bucket_put(&bucket, "tags/web/bad name.json", "{}");
    bucket_put(&bucket, "tags/web/deep/v1.json", "{}");
    bucket_put(&bucket, "tags/web/note.txt", "nobody's");
    fine(listing_tags(bucket.store, "web", &tags, &warnings, &err));
    assert_int_equal(tags.count, 3);
    assert_string_equal(tags.items[0].version, "v1.10.0");
    assert_string_equal(tags.items[0].image, "web:20250722-2118-f7a5a27");
    assert_string_equal(tags.items[0].key, "tags/web/v1.10.0.json");
    assert_string_equal(tags.items[1].version, "v1.9.0");
    assert_string_equal(tags.items[2].version, "stable");
    assert_non_null(strstr(warnings.data, "tags/web/empty.json: "));
    assert_non_null(strstr(warnings.data, "tags/web/torn.json: "));
    assert_non_null(strstr(warnings.data, "tags/web/bad name.json: "));
    assert_non_null(strstr(warnings.data, "tags/web/deep/v1.json: "));
    assert_non_null(strstr(warnings.data, "tags/web/theirs.json: "));
    assert_null(strstr(warnings.data, "note.txt"));
    tag_list_finish(&tags);
}

/* The image in the environment's document may be outdated: the tag decides. */
static void environments(void **state)
{
    struct listed_environment *list;
    size_t count;

    (void)state;
    put_tag("web", "v1.0.0", "web:20250722-2118-f7a5a27");
    bucket_put(&bucket, "pointers/web/production.json",
               "{\"target_type\":\"tag\",\"target_path\":\"tags/web/v1.0.0.json\","
               "\"source_image\":\"web:20200101-0000-0000000\",\"source_tag\":\"v1.0.0\"}");
    bucket_put(&bucket, "pointers/web/eu.json",
               "{\"target_type\":\"tag\",\"target_path\":\"tags/web/v1.0.0.json\"}");
    bucket_put(&bucket, "pointers/web/staging.json",
               "{\"target_type\":\"image\",\"target_path\":"
               "\"images/web/202507/web-20250721-2118-f7a5a27.tar.gz\"}");
    bucket_put(&bucket, "pointers/web/broken.json", "{\"target_type\":\"tag\"}");
    bucket_put(&bucket, "pointers/web/dangling.json",
               "{\"target_type\":\"tag\",\"target_path\":\"tags/web/v7.json\"}");
    bucket_put(&bucket, "pointers/web/thief.json",
               "{\"target_type\":\"image\",\"target_path\":"
               "\"images/other/202507/other-20250721-2118-f7a5a27.tar.gz\"}");
    fine(listing_environments(bucket.store, "web", &list, &count, &warnings, &err));
    assert_int_equal(count, 3);
    assert_string_equal(list[0].env, "eu");
    assert_string_equal(list[1].env, "production");
    assert_string_equal(list[1].image, "web:20250722-2118-f7a5a27");
    assert_string_equal(list[1].version, "v1.0.0");
    assert_string_equal(list[2].env, "staging");
    assert_string_equal(list[2].image, "web:20250721-2118-f7a5a27");
    assert_string_equal(list[2].version, "");
    assert_non_null(strstr(warnings.data, "pointers/web/broken.json: "));
    assert_non_null(strstr(warnings.data, "tags/web/v7.json: it does not exist"));
    assert_non_null(strstr(warnings.data, "pointers/web/dangling.json: "));
    assert_non_null(strstr(warnings.data, "pointers/web/thief.json: "));
    free(list);
}

/* ---- refusals ---- */

/* A store that refuses one verb, for one key or for all. */
static struct {
    struct store store; /* first */
    enum store_verb verb;
    const char *key;
    enum err_family family;
} front;

static void submit(struct store *store, struct store_op *op)
{
    (void)store;
    if (op->verb != front.verb || (front.key && strcmp(op->key, front.key) != 0)) {
        store_submit(bucket.store, op);
        return;
    }
    op->answer = STORE_FAILED;
    err_set(&op->err, front.family, "refused", "refused");
    inbox_post(op->inbox, &op->msg);
}

static const struct store_table table = {.submit = submit};

/* Without the right to list, the original printed "no apps". */
static void a_refused_list_is_a_failure(void **state)
{
    struct image_list images;
    struct tag_list tags;
    struct listed_app *apps = NULL;
    size_t count;

    (void)state;
    memset(&front, 0, sizeof front);
    front.store.table = &table;
    front.verb = STORE_LIST;
    front.family = ERR_AUTH;
    assert_int_equal(listing_apps(&front.store, &apps, &count, &warnings, &err), ERR_FAIL);
    assert_int_equal(err.family, ERR_AUTH);
    assert_int_equal(image_list_read(&front.store, "web", NULL, &images, &warnings, &err),
                     ERR_FAIL);
    assert_int_equal(listing_tags(&front.store, "web", &tags, &warnings, &err), ERR_FAIL);
    free(apps);
    image_list_finish(&images);
    tag_list_finish(&tags);
}

static void a_refused_document_is_a_warning_and_a_lost_network_is_not(void **state)
{
    struct tag_list tags;

    (void)state;
    memset(&front, 0, sizeof front);
    front.store.table = &table;
    front.verb = STORE_GET;
    front.key = "tags/web/v1.0.0.json";
    front.family = ERR_AUTH;
    put_tag("web", "v1.0.0", "web:20250721-2118-f7a5a27");
    put_tag("web", "v2.0.0", "web:20250721-2118-f7a5a27");
    fine(listing_tags(&front.store, "web", &tags, &warnings, &err));
    assert_int_equal(tags.count, 1);
    assert_string_equal(warnings.data, "tags/web/v1.0.0.json: refused\n");
    tag_list_finish(&tags);
    front.family = ERR_NETWORK;
    assert_int_equal(listing_tags(&front.store, "web", &tags, &warnings, &err), ERR_FAIL);
    assert_int_equal(err.family, ERR_NETWORK);
    tag_list_finish(&tags);
}

/* ---- history ---- */

static int remember(void *arg, const struct history_event *event)
{
    struct text *seen = arg;

    text_printf(seen, "%s by %s|", event->event.promotion.source, event->event.by.user);
    return seen->size > 100;
}

/* Keys of the original (minutes, no unique part) and of s3dock, in several months. */
static void events_newest_first(void **state)
{
    _cleanup_text_ struct text theirs = {0}, seen = {0};

    (void)state;
    text_init(&seen, 64 * KIB);
    golden_read("audit-promotion-image.json", &theirs); /* 07:19:34.503 */
    bucket_put(&bucket, "audit/myapp/202611/20261123-0819-promotion-f7a5a27.json", theirs.data);
    text_finish(&theirs);
    golden_read("audit-promotion-tag-with-previous.json", &theirs); /* 07:19:34.523 */
    bucket_put(&bucket, "audit/myapp/202611/20261123-0719-promotion-f7a5a27-0000000000000000.json",
               theirs.data);
    bucket_put(&bucket, "audit/myapp/202611/20261123-0819-tag-f7a5a27.json", "not read");
    bucket_put(&bucket, "audit/myapp/202611/20261124-0819-promotion-f7a5a27.json", "{");
    bucket_put(
        &bucket, "audit/myapp/202612/20261201-0000-promotion-f7a5a27.json",
        "{\"event_type\":\"promotion\",\"timestamp\":\"2026-12-01T00:00:00Z\",\"user\":\"eve\","
        "\"details\":{\"environment\":\"staging\",\"source\":\"elsewhere\"}}");
    bucket_put(
        &bucket, "audit/myapp/202701/20270101-0000-promotion-f7a5a27.json",
        "{\"event_type\":\"promotion\",\"timestamp\":\"2027-01-01T00:00:00Z\",\"user\":\"ann\","
        "\"details\":{\"environment\":\"production\",\"source\":\"newest\"}}");
    fine(history_read(bucket.store, "myapp", "production", remember, &seen, &warnings, &err));
    assert_string_equal(seen.data, "newest by ann|myapp:v1.2.0 by root|"
                                   "myapp:20250721-2118-f7a5a27 by root|");
    assert_non_null(strstr(warnings.data, "20261124-0819-promotion-f7a5a27.json: "));
    text_clear(&seen);
    text_clear(&warnings);
    bucket_put(&bucket, "audit/a-promotion-b/202611/20261123-0819-tag-f7a5a27.json", "not read");
    fine(history_read(bucket.store, "a-promotion-b", NULL, remember, &seen, &warnings, &err));
    assert_int_equal(warnings.size, 0);
    fine(history_read(bucket.store, "nobody", "production", remember, &seen, &warnings, &err));
    assert_string_equal(seen.data, "");
}

/* ---- pages ---- */

/* A store that returns fixed pages for any list request. */
struct paged {
    struct store store;
    const struct paged_page {
        const char *key, *next; /* NULL: none */
        bool unsure;
    } * pages;
    unsigned at;
};

static void paged_submit(struct store *store, struct store_op *op)
{
    struct paged *paged = (struct paged *)store;
    const struct paged_page *page = &paged->pages[paged->at++];

    op->answer = STORE_DONE;
    if (page->key) {
        op->page->entries = calloc(1, sizeof *op->page->entries);
        op->page->entries[op->page->count++].key = strdup(page->key);
    }
    op->page->next = page->next ? strdup(page->next) : NULL;
    op->page->unsure = page->unsure;
    inbox_post(op->inbox, &op->msg);
}

static int walk_pages(const struct paged_page *pages, struct walk *walk)
{
    static const struct store_table pages_table = {paged_submit, NULL, NULL};
    struct paged paged = {.store.table = &pages_table, .pages = pages};

    *walk = (struct walk){0};
    return walk_run(walk, &paged.store, "tags/", 0, &err);
}

static void a_list_ends_only_when_the_store_states_it(void **state)
{
    static const struct paged_page empty[] = {
        {NULL, "1", false}, {NULL, "2", false}, {"tags/a", "3", false}, {NULL, NULL, false}};
    static const struct paged_page unsure[] = {{"tags/a", NULL, true}};
    static const struct paged_page same[] = {{"tags/a", "1", false}, {"tags/b", "1", false}};
    static const struct paged_page twice[] = {
        {"tags/b", "1", false}, {"tags/a", "2", false}, {"tags/b", NULL, false}};
    static const struct paged_page circle[] = {
        {"tags/a", "1", false}, {"tags/b", "2", false}, {"tags/c", "3", false},
        {"tags/b", "2", false}, {"tags/c", "3", false}, {"tags/b", "2", false},
        {"tags/c", "3", false}, {"tags/b", "2", false}, {"tags/c", "3", false}};
    struct walk walk;

    (void)state;
    fine(walk_pages(empty, &walk));
    assert_int_equal(walk.count, 1);
    walk_warn(&walk, "tags/", &warnings);
    assert_int_equal(warnings.size, 0);
    walk_finish(&walk);
    fine(walk_pages(unsure, &walk));
    walk_warn(&walk, "tags/", &warnings);
    assert_non_null(strstr(warnings.data, "tags/: the store did not confirm"));
    walk_finish(&walk);
    text_clear(&warnings);
    fine(walk_pages(twice, &walk));
    assert_int_equal(walk.count, 2);
    assert_string_equal(walk.keys[0], "tags/a");
    walk_warn(&walk, "tags/", &warnings);
    assert_non_null(strstr(warnings.data, "twice or out of order"));
    walk_finish(&walk);
    assert_int_equal(walk_pages(same, &walk), ERR_FAIL);
    assert_string_equal(err.code, "listing");
    walk_finish(&walk);
    assert_int_equal(walk_pages(circle, &walk), ERR_FAIL);
    assert_string_equal(err.code, "listing");
    walk_finish(&walk);
}

/* Retention counts images: a duplicate must not take the place of another image. */
static void a_duplicate_image_in_a_list_counts_once(void **state)
{
#define WEB "images/web/202507/web-20250721-2118-f7a5a27"
    static const struct paged_page pages[] = {{WEB ".json", "1", false},
                                              {WEB ".tar.gz", "2", false},
                                              {WEB ".json", "3", false},
                                              {WEB ".tar.gz", NULL, false}};
    static const struct store_table pages_table = {paged_submit, NULL, NULL};
    struct paged paged = {.store.table = &pages_table, .pages = pages};
    struct image_list images;

    (void)state;
    fine(image_list_read(&paged.store, "web", NULL, &images, &warnings, &err));
    assert_int_equal(images.count, 1);
    assert_true(images.unsure);
    image_list_finish(&images);
}

static void absent_submit(struct store *store, struct store_op *op)
{
    (void)store;
    op->answer = STORE_ABSENT;
    inbox_post(op->inbox, &op->msg);
}

static int ignore(void *arg, const struct store_entry *entry, struct err *why)
{
    (void)arg, (void)entry, (void)why;
    return 0;
}

static void a_missing_bucket_is_no_empty_list(void **state)
{
    static const struct store_table absent_table = {absent_submit, NULL, NULL};
    struct store store = {.table = &absent_table};

    (void)state;
    assert_int_equal(temp_objects_find(&store, INT64_MAX, ignore, NULL, &err), ERR_FAIL);
    assert_string_equal(err.code, "bucket");
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(applications),
        TEST(images_newest_first),
        TEST(platforms_of_an_image),
        TEST(more_than_a_page),
        TEST(unreadable_documents_are_warnings),
        TEST(a_refused_list_is_a_failure),
        TEST(a_refused_document_is_a_warning_and_a_lost_network_is_not),
        TEST(environments),
        TEST(events_newest_first),
        TEST(a_list_ends_only_when_the_store_states_it),
        TEST(a_duplicate_image_in_a_list_counts_once),
        TEST(a_missing_bucket_is_no_empty_list),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
