#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "catalog/locate.h"
#include "catalog/tombstone.h"
#include "kit/bucket.h"

#define STEM  "images/web/202507/web-20250721-2118-f7a5a27"
#define LATER "images/web/202611/web-20250721-2118-f7a5a27"

static struct bucket bucket;
static struct image_name web;
static struct located at;
static struct err err;

static int set_up(void **state)
{
    (void)state;
    bucket_open(&bucket);
    assert_int_equal(name_parse_image("web:20250721-2118-f7a5a27", &web, &err), 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    bucket_close(&bucket);
    return 0;
}

static void put(const char *key, const char *platform)
{
    char body[512];

    snprintf(body, sizeof body,
             "{\"size\":4,\"git_hash\":\"f7a5a27\",\"git_time\":\"20250721-2118\","
             "\"image_tag\":\"web:20250721-2118-f7a5a27\",\"app_name\":\"web\"%s%s%s}",
             platform ? ",\"format\":2,\"platform\":\"" : "", platform ? platform : "",
             platform ? "\"" : "");
    bucket_put(&bucket, key, body);
}

/* Returns the answer; `wanted` NULL: the first platform. */
static int locate(const char *key, const char *wanted)
{
    struct platform platform;
    int answer;

    if (wanted)
        assert_true(platform_parse(wanted, &platform));
    answer = locate_image(bucket.store, &web, key, wanted ? &platform : NULL, &at, &err);
    if (answer == LOCATE_FOUND)
        located_finish(&at);
    return answer;
}

static void finds(const char *key, const char *wanted, const char *metadata_key)
{
    int answer = locate(key, wanted);

    if (answer != LOCATE_FOUND)
        fail_msg("%d: %s", answer, answer < 0 ? err.text : at.others);
    assert_string_equal(at.metadata_key, metadata_key);
}

static void each_platform_has_metadata_of_its_own(void **state)
{
    (void)state;
    put(STEM ".json", "linux/amd64");
    put(STEM "-linux-arm64.json", "linux/arm64/v8");
    put(STEM "-linux-arm-v7.json", "linux/arm/v7");
    finds(NULL, NULL, STEM ".json");
    assert_string_equal(at.platform.architecture, "amd64");
    finds(NULL, "linux/amd64/v1", STEM ".json");
    finds(NULL, "linux/arm64", STEM "-linux-arm64.json");
    assert_string_equal(at.archive_key, STEM ".tar.gz");
    finds(NULL, "linux/arm", STEM "-linux-arm-v7.json");
    finds(STEM ".tar.gz", "linux/arm64", STEM "-linux-arm64.json");
    assert_int_equal(locate(NULL, "linux/riscv64"), LOCATE_OTHER);
    assert_int_equal(at.other_count, 3);
    assert_string_equal(at.others, "linux/amd64, linux/arm/v7, linux/arm64");
    assert_string_equal(at.archive_key, STEM ".tar.gz");
}

static void metadata_without_a_platform_fits_each(void **state)
{
    (void)state;
    put(STEM ".json", NULL);
    finds(NULL, NULL, STEM ".json");
    finds(NULL, "linux/arm64", STEM ".json");
    assert_string_equal(at.platform.os, "");
}

static void the_month_of_the_push_has_all_platforms(void **state)
{
    (void)state;
    put(LATER ".json", "linux/amd64");
    put(LATER "-linux-arm64.json", "linux/arm64");
    finds(NULL, NULL, LATER ".json");
    finds(NULL, "linux/arm64", LATER "-linux-arm64.json");
    assert_int_equal(locate(NULL, "linux/riscv64"), LOCATE_OTHER);
    assert_string_equal(at.archive_key, LATER ".tar.gz");
}

/* The push of the first platform was killed, or its cleanup is at work. */
static void a_platform_is_found_without_the_first_one(void **state)
{
    (void)state;
    assert_int_equal(locate(NULL, NULL), LOCATE_ABSENT);
    assert_int_equal(locate(NULL, "linux/arm64"), LOCATE_ABSENT);
    assert_int_equal(at.other_count, 0);
    put(STEM "-linux-arm64.json", "linux/arm64");
    put(STEM "a-linux-riscv64.json", "linux/riscv64"); /* another hash */
    finds(NULL, NULL, STEM "-linux-arm64.json");
    finds(NULL, "linux/arm64", STEM "-linux-arm64.json");
    assert_int_equal(locate(NULL, "linux/amd64"), LOCATE_OTHER);
    assert_string_equal(at.others, "linux/arm64");
}

/* Writes metadata, and moves them into their tombstone. */
static void retire(const char *key, const char *tombstone, const char *platform)
{
    struct tombstone retired = {.archive_etag = "\"1\""};

    put(key, platform);
    text_init(&retired.metadata, 64 * KIB);
    assert_true(bucket_get(&bucket, key, &retired.metadata));
    bucket_delete(&bucket, key);
    assert_int_equal(tombstone_put(bucket.store, tombstone, &retired, NULL, &err), STORE_DONE);
    tombstone_finish(&retired);
}

static void a_retired_image_is_found_for_its_platform(void **state)
{
    (void)state;
    retire(STEM ".json", STEM ".retired", "linux/amd64");
    finds(STEM ".tar.gz", "linux/amd64", STEM ".json");
    assert_true(at.retired);
    assert_int_equal(locate(STEM ".tar.gz", "linux/arm64"), LOCATE_OTHER);
    assert_int_equal(locate(NULL, "linux/amd64"), LOCATE_ABSENT);
}

/* A cleanup was killed in between, or has restored only the first one. */
static void a_retired_platform_is_found_beside_the_first_one(void **state)
{
    struct platform platforms[LOCATE_PLATFORMS_MAX];
    unsigned count;

    (void)state;
    retire(STEM ".json", STEM ".retired", "linux/amd64");
    retire(STEM "-linux-arm64.json", STEM "-linux-arm64.retired", "linux/arm64/v8");
    finds(STEM ".tar.gz", "linux/amd64", STEM ".json");
    finds(STEM ".tar.gz", "linux/arm64", STEM "-linux-arm64.json");
    assert_true(at.retired);
    assert_int_equal(locate(STEM ".tar.gz", "linux/riscv64"), LOCATE_OTHER);
    assert_int_equal(locate(NULL, "linux/arm64"), LOCATE_ABSENT);
    assert_int_equal(locate_platforms(bucket.store, &web, STEM ".tar.gz", platforms, &count, &err),
                     LOCATE_FOUND);
    assert_int_equal(count, 2);
    assert_string_equal(platforms[1].architecture, "arm64");

    put(STEM ".json", "linux/amd64");
    finds(STEM ".tar.gz", "linux/arm64", STEM "-linux-arm64.json");
    assert_int_equal(locate(NULL, "linux/arm64"), LOCATE_OTHER);
    retire(STEM "-linux-s390x.json", STEM "-linux-s390x.retired", "linux/amd64");
    assert_int_equal(locate(STEM ".tar.gz", "linux/s390x"), ERR_FAIL);
    assert_string_equal(err.code, "document");
}

static void the_error_names_the_missing_document(void **state)
{
    struct platform arm64;

    (void)state;
    assert_true(platform_parse("linux/arm64", &arm64));
    put(STEM ".json", "linux/amd64");
    put(STEM "-linux-arm64.json", "linux/amd64");
    assert_int_equal(locate(NULL, "linux/arm64"), ERR_FAIL);
    assert_string_equal(err.code, "document");
    bucket_put(&bucket, STEM "-linux-arm64.json", "{");
    assert_int_equal(locate(NULL, "linux/arm64"), ERR_FAIL);
    assert_non_null(strstr(err.hint, STEM "-linux-arm64.json")); /* no push replaces it */
    assert_int_equal(locate(NULL, "linux/riscv64"), LOCATE_OTHER);
    locate_refuse(bucket.store, &web, &arm64, &at, &err);
    assert_string_equal(err.code, "platform");
    assert_string_equal(err.text, "web:20250721-2118-f7a5a27 has no image for linux/arm64; it has "
                                  "linux/amd64, linux/arm64");
    at.other_count = 0;
    locate_refuse(bucket.store, &web, &arm64, &at, &err);
    assert_string_equal(err.code, "image");
}

static void many_platforms_are_cut(void **state)
{
    char key[256], platform[64];

    (void)state;
    put(STEM ".json", "linux/amd64");
    for (int i = 0; i < 40; i++) {
        snprintf(platform, sizeof platform, "linux/architecture%02d", i);
        snprintf(key, sizeof key, STEM "-linux-architecture%02d.json", i);
        put(key, platform);
    }
    assert_int_equal(locate(NULL, "linux/arm64"), LOCATE_OTHER);
    assert_int_equal(at.other_count, 41);
    assert_true(strlen(at.others) < sizeof at.others);
    assert_string_equal(at.others + strlen(at.others) - 5, ", ...");
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(each_platform_has_metadata_of_its_own),
        TEST(metadata_without_a_platform_fits_each),
        TEST(the_month_of_the_push_has_all_platforms),
        TEST(a_platform_is_found_without_the_first_one),
        TEST(a_retired_image_is_found_for_its_platform),
        TEST(a_retired_platform_is_found_beside_the_first_one),
        TEST(the_error_names_the_missing_document),
        TEST(many_platforms_are_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
