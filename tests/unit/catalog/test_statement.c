#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "catalog/pointer.h"
#include "catalog/statement.h"

#define A "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

#define PRODUCTION "pointers/shop/production.json"
#define IMAGE      "images/shop/202511/shop-20251130-0101-abcdef0.json"
#define ARM        "images/shop/202511/shop-20251130-0101-abcdef0-linux-arm64.json"

static struct statement statement;
static struct err err;

static int read_text(const char *key, const char *json)
{
    return statement_read(key, view_str(json), &statement, &err);
}

static struct statement production(void)
{
    return (struct statement){.kind = STATEMENT_ENVIRONMENT,
                              .app = "shop",
                              .name = "production",
                              .sequence = 1796000000123,
                              .images = {{"linux/amd64", A}, {"linux/arm64", B}},
                              .image_count = 2};
}

static void the_members_follow_the_originals(void **state)
{
    const struct pointer pointer = {.target = POINTER_TAG, .target_path = "tags/shop/v1.json"};
    struct statement stated = production();
    _cleanup_text_ struct text out = {0};

    (void)state;
    text_init(&out, 4096);
    pointer_write_stated(&pointer, &stated, &out);
    assert_string_equal(out.data, "{\n"
                                  "  \"target_type\": \"tag\",\n"
                                  "  \"target_path\": \"tags/shop/v1.json\",\n"
                                  "  \"promoted_by\": \"\",\n"
                                  "  \"git_hash\": \"\",\n"
                                  "  \"git_time\": \"\",\n"
                                  "  \"app_name\": \"shop\",\n"
                                  "  \"environment\": \"production\",\n"
                                  "  \"images\": [\n"
                                  "    {\n"
                                  "      \"platform\": \"linux/amd64\",\n"
                                  "      \"image_id\": \"" A "\"\n"
                                  "    },\n"
                                  "    {\n"
                                  "      \"platform\": \"linux/arm64\",\n"
                                  "      \"image_id\": \"" B "\"\n"
                                  "    }\n"
                                  "  ],\n"
                                  "  \"sequence\": 1796000000123\n"
                                  "}");
    assert_int_equal(read_text(PRODUCTION, out.data), STATEMENT_READ);
    assert_true(statement_same(&statement, &stated));
    assert_true(statement.sequence == stated.sequence);
}

static void a_version_has_its_own_member(void **state)
{
    const struct pointer pointer = {.target_path = "images/x"};
    struct statement stated = production();
    _cleanup_text_ struct text out = {0};

    (void)state;
    text_init(&out, 4096);
    stated.kind = STATEMENT_VERSION;
    str_copy(stated.name, sizeof stated.name, "v1.2");
    pointer_write_stated(&pointer, &stated, &out);
    assert_non_null(strstr(out.data, "\"version\": \"v1.2\""));
    assert_int_equal(read_text("tags/shop/v1.2.json", out.data), STATEMENT_READ);
    assert_int_equal(read_text("tags/shop/v1.3.json", out.data), STATEMENT_OTHER);
    /* as an environment it states nothing */
    assert_int_equal(read_text("pointers/shop/v1.2.json", out.data), STATEMENT_NONE);
}

/* A document under another key is not that of the key. */
static void a_swapped_document(void **state)
{
    const struct pointer pointer = {.target_path = "images/x"};
    struct statement stated = production();
    _cleanup_text_ struct text out = {0};

    (void)state;
    text_init(&out, 4096);
    pointer_write_stated(&pointer, &stated, &out);
    assert_int_equal(read_text("pointers/shop/staging.json", out.data), STATEMENT_OTHER);
    assert_int_equal(read_text("pointers/shop2/production.json", out.data), STATEMENT_OTHER);
}

#define METADATA(platform)                                                                         \
    "{\"app_name\":\"shop\",\"git_time\":\"20251130-0101\",\"git_hash\":\"abcdef0\","              \
    "\"created_at\":\"2025-11-30T01:01:02Z\",\"format\":2,\"image_id\":\"" A "\"" platform "}"

static void metadata_states_one_image(void **state)
{
    const struct platform amd64 = {"linux", "amd64", ""}, arm64 = {"linux", "arm64", ""},
                          any = {"", "", ""};

    (void)state;
    assert_int_equal(read_text(IMAGE, METADATA(",\"platform\":\"linux/arm64/v8\"")),
                     STATEMENT_READ);
    assert_int_equal(statement.kind, STATEMENT_IMAGE);
    assert_string_equal(statement.name, "20251130-0101-abcdef0");
    assert_string_equal(statement.time, "2025-11-30T01:01:02Z");
    assert_string_equal(statement_image(&statement, &arm64), A);
    assert_null(statement_image(&statement, &amd64));
    assert_null(statement_image(&statement, &any));
    /* another month, another platform, another image */
    assert_int_equal(read_text("images/shop/202601/shop-20251130-0101-abcdef0.json",
                               METADATA(",\"platform\":\"linux/arm64\"")),
                     STATEMENT_READ);
    assert_int_equal(read_text(ARM, METADATA(",\"platform\":\"linux/arm64\"")), STATEMENT_READ);
    assert_int_equal(read_text(ARM, METADATA(",\"platform\":\"linux/amd64\"")), STATEMENT_OTHER);
    assert_int_equal(read_text(ARM, METADATA("")), STATEMENT_OTHER);
    assert_int_equal(read_text(IMAGE, METADATA("")), STATEMENT_READ);
    assert_string_equal(statement_image(&statement, &any), A);
    assert_int_equal(read_text("images/shop/202511/shop-20251130-0102-abcdef0.json", METADATA("")),
                     STATEMENT_OTHER);
    assert_int_equal(
        read_text("images/shop2/202511/shop2-20251130-0101-abcdef0.json", METADATA("")),
        STATEMENT_OTHER);
}

static void documents_that_state_nothing(void **state)
{
    (void)state;
    assert_int_equal(read_text(IMAGE, "{\"app_name\":\"shop\",\"git_time\":\"20251130-0101\","
                                      "\"git_hash\":\"abcdef0\"}"),
                     STATEMENT_NONE);
    assert_int_equal(read_text(PRODUCTION, "{\"target_type\":\"image\",\"target_path\":\"x\"}"),
                     STATEMENT_NONE);
    assert_int_equal(read_text(PRODUCTION, "{\"app_name\":\"shop\",\"environment\":\"production\","
                                           "\"images\":[{\"image_id\":\"" A "\"}]}"),
                     STATEMENT_NONE);
    assert_int_equal(read_text(PRODUCTION, "{\"app_name\":\"shop\",\"environment\":\"production\","
                                           "\"images\":[],\"sequence\":1}"),
                     STATEMENT_NONE);
}

/* One platform in two forms. */
#define PLATFORM_TWICE                                                                             \
    "{\"images\":[{\"platform\":\"linux/arm64\",\"image_id\":\"" A "\"},"                          \
    "{\"platform\":\"linux/arm64/v8\",\"image_id\":\"" B "\"}]}"

#define NO_PLATFORM "{\"images\":[{\"platform\":\"x\",\"image_id\":\"" A "\"}]}"

static void hostile_documents(void **state)
{
    static const char *const bad[] = {
        "",
        "[]",
        "{\"images\":[1]}",
        "{\"images\":[{}]}",
        "{\"images\":{}}",
        "{\"images\":[{\"image_id\":\"sha256:1\"}]}",
        NO_PLATFORM,
        PLATFORM_TWICE,
        "{\"sequence\":-1}",
        "{\"sequence\":1.5}",
        "{\"sequence\":\"1\"}",
        "{\"sequence\":99999999999999999999}",
        "{\"promoted_at\":\"yesterday\"}",
        "{\"environment\":[]}",
    };
    _cleanup_text_ struct text many = {0};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        if (read_text(PRODUCTION, bad[i]) != ERR_FAIL)
            fail_msg("%s", bad[i]);
    text_init(&many, MIB);
    text_str(&many, "{\"images\":[");
    for (int i = 0; i <= STATEMENT_IMAGES_MAX; i++)
        text_printf(&many, "%s{\"platform\":\"linux/a%d\",\"image_id\":\"" A "\"}", i ? "," : "",
                    i);
    text_str(&many, "]}");
    assert_int_equal(read_text(PRODUCTION, many.data), ERR_FAIL);
}

static void other_images_are_another_statement(void **state)
{
    struct statement one = production(), two = production();

    (void)state;
    two.images[0] = one.images[1];
    two.images[1] = one.images[0];
    two.sequence++;
    assert_true(statement_same(&one, &two));
    two.image_count = 1;
    assert_false(statement_same(&one, &two));
    two = production();
    str_copy(two.images[1].id, sizeof two.images[1].id, A);
    assert_false(statement_same(&one, &two));
    two = production();
    str_copy(two.name, sizeof two.name, "staging");
    assert_false(statement_same(&one, &two));
}

static void namespaces(void **state)
{
    enum statement_kind kind;

    (void)state;
    assert_true(statement_kind_of(PRODUCTION, &kind));
    assert_string_equal(statement_namespace(kind), "s3dock-environment");
    assert_true(statement_kind_of("tags/shop/v1.json", &kind));
    assert_string_equal(statement_namespace(kind), "s3dock-version");
    assert_true(statement_kind_of(ARM, &kind));
    assert_string_equal(statement_namespace(kind), "s3dock-image");
    assert_false(statement_kind_of("audit/shop/x.json", &kind));
    assert_false(statement_kind_of("images/shop/202511/shop-20251130-0101-abcdef0.index", &kind));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_members_follow_the_originals),
        cmocka_unit_test(a_version_has_its_own_member),
        cmocka_unit_test(a_swapped_document),
        cmocka_unit_test(metadata_states_one_image),
        cmocka_unit_test(documents_that_state_nothing),
        cmocka_unit_test(hostile_documents),
        cmocka_unit_test(other_images_are_another_statement),
        cmocka_unit_test(namespaces),
    };

    return cmocka_run_group_tests_name("catalog/statement", tests, NULL, NULL);
}
