#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "catalog/metadata.h"
#include "kit/golden.h"

#define DIGEST_A "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define DIGEST_B "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define HEX_C    "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"

static void assert_rewrites(const struct metadata *metadata, const char *json)
{
    _cleanup_text_ struct text out = {0};

    text_init(&out, 64 * KIB);
    metadata_write(metadata, &out);
    assert_string_equal(out.data, json);
}

static void the_originals_document_byte_for_byte(void **state)
{
    struct metadata metadata;
    struct text golden;
    struct err err;

    (void)state;
    golden_read("image-metadata.json", &golden);
    assert_int_equal(metadata_parse(text_view(&golden), &metadata, &err), 0);
    assert_string_equal(metadata.checksum, "1adddf3342e9a160c861ba01b419e807");
    assert_int_equal(metadata.size, 115);
    assert_string_equal(metadata.created_at, "2026-11-23T08:19:34.480966983+01:00");
    assert_string_equal(metadata.git_hash, "f7a5a27");
    assert_string_equal(metadata.git_time, "20250721-2118");
    assert_string_equal(metadata.image_tag, "myapp:20250721-2118-f7a5a27");
    assert_string_equal(metadata.app_name, "myapp");
    assert_int_equal(metadata.format, 0);
    assert_rewrites(&metadata, golden.data);
    metadata_finish(&metadata);
    text_finish(&golden);
}

static const char ours[] = "{\n"
                           "  \"checksum\": \"1adddf3342e9a160c861ba01b419e807\",\n"
                           "  \"size\": 9007199254740993,\n"
                           "  \"created_at\": \"2026-11-23T08:19:34Z\",\n"
                           "  \"git_hash\": \"f7a5a27\",\n"
                           "  \"git_time\": \"20250721-2118\",\n"
                           "  \"image_tag\": \"myapp:20250721-2118-f7a5a27\",\n"
                           "  \"app_name\": \"myapp\",\n"
                           "  \"format\": 2,\n"
                           "  \"image_id\": \"" DIGEST_A "\",\n"
                           "  \"engine_id\": \"" DIGEST_B "\",\n"
                           "  \"manifest_id\": \"sha256:" HEX_C "\",\n"
                           "  \"packed_layers\": true,\n"
                           "  \"platform\": \"linux/arm64/v8\",\n"
                           "  \"layers\": [\n"
                           "    \"" DIGEST_A "\",\n"
                           "    \"" DIGEST_B "\"\n"
                           "  ],\n"
                           "  \"raw_size\": 1460000000,\n"
                           "  \"archive_etag\": \"\\\"d41d8cd9-2\\\"\",\n"
                           "  \"index_key\": \"images/myapp/202507/x.index\",\n"
                           "  \"index_sha256\": \"" HEX_C "\",\n"
                           "  \"index_size\": 4711\n"
                           "}";

static void our_document_round_trips(void **state)
{
    struct metadata metadata;
    struct err err;

    (void)state;
    assert_int_equal(metadata_parse(view_str(ours), &metadata, &err), 0);
    assert_int_equal(metadata.size, INT64_C(9007199254740993));
    assert_int_equal(metadata.format, 2);
    assert_int_equal(metadata.layer_count, 2);
    assert_string_equal(metadata.layers[1].text, DIGEST_B);
    assert_true(metadata_names(&metadata, DIGEST_A) && metadata_names(&metadata, DIGEST_B));
    assert_true(metadata_names(&metadata, "sha256:" HEX_C));
    assert_false(metadata_names(&metadata, "") || metadata_names(&metadata, "sha256:1"));
    assert_string_equal(metadata.archive_etag, "\"d41d8cd9-2\"");
    assert_rewrites(&metadata, ours);
    metadata_finish(&metadata);
    metadata_finish(&metadata); /* writing the parsed document gives the same text */
}

/* A delta push: no checksum, and no member that an old client would refuse. */
static void unknown_values_are_left_out(void **state)
{
    const struct metadata metadata = {.size = 7, .format = 2, .image_id = DIGEST_A};

    (void)state;
    assert_rewrites(&metadata, "{\n"
                               "  \"size\": 7,\n"
                               "  \"git_hash\": \"\",\n"
                               "  \"git_time\": \"\",\n"
                               "  \"image_tag\": \"\",\n"
                               "  \"app_name\": \"\",\n"
                               "  \"format\": 2,\n"
                               "  \"image_id\": \"" DIGEST_A "\"\n"
                               "}");
}

static void read_as_the_original_reads(void **state)
{
    static const char *const good[] = {
        "{}",
        "\xef\xbb\xbf{}",
        "{\"unknown\":[{\"deep\":1}]}",
        "{\"checksum\":null,\"size\":null,\"created_at\":null,\"layers\":null}",
        "{\"CHECKSUM\":\"1adddf3342e9a160c861ba01b419e807\",\"Size\":3}",
        "{\"size\":1,\"size\":2}",
        "{\"checksum\":\"\"}",
        "{\"created_at\":\"2026-11-23T08:19:34.480966983+01:00\"}",
        "{\"created_at\":\"0001-01-01T00:00:00Z\"}",
        "{\"image_tag\":\"host:5000/ns/myapp:latest\"}",
        "{\"app_name\":\"m\\u00e4 <&>\"}",
        /* without a format, s3dock's member names have no meaning */
        "{\"platform\":7,\"layers\":\"x\",\"image_id\":\"?\"}",
        "{\"format\":0,\"platform\":7}",
        "{\"format\":1}",
        "{\"format\":2,\"layers\":[]}",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        struct metadata metadata;
        struct err err;

        if (metadata_parse(view_str(good[i]), &metadata, &err) < 0)
            fail_msg("%s: %s", good[i], err.text);
        metadata_finish(&metadata);
    }
}

static void hostile_documents(void **state)
{
    static const char *const bad[] = {
        "",
        "[]",
        "null",
        "\"x\"",
        "{",
        "{}x",
        "{\"size\":\"115\"}",
        "{\"size\":-1}",
        "{\"size\":1e3}",
        "{\"size\":1.5}",
        "{\"size\":9223372036854775808}",
        "{\"size\":true}",
        "{\"checksum\":5}",
        "{\"checksum\":\"short\"}",
        "{\"checksum\":\"1adddf3342e9a160c861ba01b419e80\"}",
        "{\"checksum\":\"1ADDDF3342E9A160C861BA01B419E807\"}",
        "{\"checksum\":\"1adddf3342e9a160c861ba01b419e807aaaaaaaaaaaaaaa\"}",
        "{\"created_at\":\"\"}",
        "{\"created_at\":\"2026-11-23 08:19:34Z\"}",
        "{\"created_at\":\"yesterday\"}",
        "{\"created_at\":5}",
        "{\"app_name\":{}}",
        "{\"app_name\":\"a\\u0000b\"}",
        "{\"app_name\":\"a\\u001b[2J\"}",
        "{\"app_name\":\"a\\nb\"}",
        "{\"image_tag\":\"\\u202egnp.x\"}",
        "{\"git_hash\":\"0123456789012345678901234567890123456789012345678\"}",
        "{\"format\":-1}",
        "{\"format\":\"2\"}",
        "{\"format\":2,\"image_id\":\"sha256:abc\"}",
        "{\"format\":2,\"image_id\":\"" HEX_C "\"}",
        "{\"format\":2,\"image_id\":\"md5:" HEX_C "\"}",
        "{\"format\":2,\"image_id\":\"" DIGEST_A "a\"}",
        "{\"format\":2,\"platform\":\"linux/amd64 x\"}",
        "{\"format\":2,\"layers\":\"" DIGEST_A "\"}",
        "{\"format\":2,\"layers\":[\"" DIGEST_A "\",7]}",
        "{\"format\":2,\"layers\":[\"" DIGEST_A "\",\"\"]}",
        "{\"format\":2,\"layers\":{\"a\":\"" DIGEST_A "\"}}",
        "{\"format\":2,\"archive_etag\":\"\\\"a\\\"\\r\\nX-Evil: 1\"}",
        "{\"format\":2,\"archive_etag\":\"\\\"\\u00e4\\\"\"}",
        "{\"format\":2,\"index_key\":\"../../etc/passwd\"}",
        "{\"format\":2,\"index_key\":\"/etc/passwd\"}",
        "{\"format\":2,\"index_key\":\"images//x\"}",
        "{\"format\":2,\"index_sha256\":\"" HEX_C "0\"}",
        "{\"format\":2,\"index_size\":-4}",
        "{\"format\":2,\"raw_size\":[1]}",
        "{\"format\":2,\"objects\":[]}", /* was 3 */
        "{\"format\":1,\"objects\":[]}",
        "{\"format\":0,\"objects\":[]}",
        "{\"objects\":[]}",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct metadata metadata;
        struct err err;

        if (metadata_parse(view_str(bad[i]), &metadata, &err) == 0)
            fail_msg("accepted: %s", bad[i]);
        assert_int_equal(err.family, ERR_INTEGRITY);
        assert_string_equal(err.code, "document");
        assert_null(metadata.layers);
    }
}

static void layers_are_bounded(void **state)
{
    for (unsigned count = METADATA_LAYERS_MAX; count <= METADATA_LAYERS_MAX + 1; count++) {
        _cleanup_text_ struct text json = {0};
        struct metadata metadata;
        struct err err;

        text_init(&json, 64 * KIB);
        text_str(&json, "{\"format\":2,\"layers\":[");
        for (unsigned i = 0; i < count; i++)
            text_printf(&json, "%s\"" DIGEST_A "\"", i ? "," : "");
        text_str(&json, "]}");
        assert_int_equal(metadata_parse(text_view(&json), &metadata, &err),
                         count > METADATA_LAYERS_MAX ? ERR_FAIL : 0);
        metadata_finish(&metadata);
    }
    (void)state;
}

static void a_newer_format_asks_for_a_newer_program(void **state)
{
    struct metadata metadata;
    struct err err;

    (void)state;
    assert_int_equal(
        metadata_parse(view_str("{\"format\":4,\"layers\":\"now a string\"}"), &metadata, &err),
        ERR_FAIL);
    assert_int_equal(err.family, ERR_UNSUPPORTED);
    assert_non_null(strstr(err.hint, "newer"));
}

/* ---- format 3 ---- */

static void documents_of_format_3_byte_for_byte(void **state)
{
    static const char *const names[] = {"image-metadata-zstd.json", "image-metadata-thin.json"};

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
        struct metadata metadata;
        struct text golden;
        struct err err;

        golden_read(names[i], &golden);
        if (metadata_parse(text_view(&golden), &metadata, &err))
            fail_msg("%s: %s", names[i], err.text);
        assert_int_equal(metadata.format, 3);
        assert_int_equal(metadata.thin, i == 1);
        assert_int_equal(metadata.object_count, i + 1);
        assert_int_equal(metadata.objects[0].codec, METADATA_ZSTD);
        assert_int_equal(metadata.objects[0].size, 592);
        assert_int_equal(metadata.objects[0].used, i ? 249 : 592);
        assert_string_equal(metadata.objects[0].etag, "\"4c3bbb15e15ff1b3ae6943dd03ebd332\"");
        assert_rewrites(&metadata, golden.data);
        str_copy(metadata.checksum, sizeof metadata.checksum, "1adddf3342e9a160c861ba01b419e807");
        str_copy(metadata.archive_etag, sizeof metadata.archive_etag, "\"1\"");
        assert_rewrites(&metadata, golden.data); /* format 3 has neither */
        assert_int_equal(metadata_check_place(&metadata, "images/hi/202511/x.json", &err), 0);
        assert_int_equal(metadata_check_place(&metadata, "archive/hi/202511/x.json", &err), 0);
        assert_int_equal(metadata_check_place(&metadata, "images/hii/202511/x.json", &err), -1);
        assert_string_equal(err.code, "objects");
        metadata_finish(&metadata);
        text_finish(&golden);
    }
}

/* A document of format 3 with `count` objects and the members `more` of the last one. */
static void add_document(struct text *out, unsigned count, const char *more)
{
    text_str(out, "{\"app_name\":\"hi\",\"format\":3,\"image_id\":\"" DIGEST_A
                  "\",\"platform\":\"linux/amd64\",\"index_key\":\"images/hi/202511/x.index\","
                  "\"index_sha256\":\"" HEX_C "\",\"index_size\":859,\"objects\":[");
    for (unsigned i = 0; i < count; i++)
        text_printf(out,
                    "%s{\"key\":\"images/hi/202511/x-%u.data\",\"etag\":\"\\\"%u\\\"\","
                    "\"size\":100,\"codec\":\"zstd\",\"used\":100%s}",
                    i ? "," : "", i, i, i + 1 < count ? "" : more);
    text_str(out, "]}");
}

/* Returns 0, or checks that the error has this code. */
static int parse_third(unsigned count, const char *more, const char *code)
{
    _cleanup_text_ struct text json = {0};
    struct metadata metadata;
    struct err err;
    int failed;

    text_init(&json, 64 * KIB);
    add_document(&json, count, more);
    failed = metadata_parse(text_view(&json), &metadata, &err);
    if (failed && strcmp(err.code, code) != 0)
        fail_msg("%s: %s", more, err.text);
    if (failed)
        assert_null(metadata.objects);
    metadata_finish(&metadata);
    return failed;
}

static void objects_are_bounded(void **state)
{
    (void)state;
    assert_int_equal(parse_third(0, "", "document"), ERR_FAIL);
    assert_int_equal(parse_third(1, "", ""), 0);
    assert_int_equal(parse_third(METADATA_OBJECTS_MAX, "", ""), 0);
    assert_int_equal(parse_third(METADATA_OBJECTS_MAX + 1, "", "document"), ERR_FAIL);
}

/* Of two members with one name, the last one counts. */
static void each_member_of_an_object_is_checked(void **state)
{
    static const char *const good[] = {
        ",\"key\":\"archive/hi/202511/x-archived-on-20251101-1200.tar.gz\"",
        ",\"codec\":\"gzip\"",
        ",\"used\":0",
        ",\"used\":null",
        ",\"size\":14,\"used\":14",
        ",\"etag\":\"1\"",
        ",\"size\":9223372036854775707", /* the sum of two objects is 2^63 - 1 */
        ",\"unknown\":[]",
    };
    static const char *const bad[] = {
        ",\"key\":\"\"",
        ",\"key\":7",
        ",\"key\":\"images/hj/202511/x.data\"",
        ",\"key\":\"images/hi\"",
        ",\"key\":\"images/hi/../hj/x.data\"",
        ",\"key\":\"tags/hi/1.json\"",
        ",\"key\":\"/images/hi/x\"",
        ",\"etag\":\"\"",
        ",\"etag\":\"a b\"",
        ",\"size\":13,\"used\":0",
        ",\"size\":-1",
        ",\"size\":99",
        ",\"used\":101",
        ",\"size\":9223372036854775708",
        ",\"codec\":\"\"",
        ",\"codec\":\"a codec with a long name\"",
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(good); i++)
        assert_int_equal(parse_third(2, good[i], ""), 0);
    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++)
        if (parse_third(2, bad[i], "document") == 0)
            fail_msg("accepted: %s", bad[i]);
    assert_int_equal(parse_third(2, ",\"codec\":\"lz4\"", "codec"), ERR_FAIL);
}

/* Replaces the first `what` of a good document. */
static int parse_with(const char *what, const char *with)
{
    _cleanup_text_ struct text good = {0}, json = {0};
    struct metadata metadata;
    const char *at;
    struct err err;
    int failed;

    text_init(&good, 64 * KIB);
    text_init(&json, 64 * KIB);
    add_document(&good, 1, "");
    at = strstr(good.data, what);
    assert_non_null(at);
    text_printf(&json, "%.*s%s%s", (int)(at - good.data), good.data, with, at + strlen(what));
    failed = metadata_parse(text_view(&json), &metadata, &err);
    metadata_finish(&metadata);
    return failed;
}

static void format_3_requires_what_a_pull_needs(void **state)
{
    static const char *const required[] = {"\"app_name\"",     "\"image_id\"",   "\"platform\"",
                                           "\"index_key\"",    "\"index_size\"", "\"objects\"",
                                           "\"index_sha256\"", "\"hi\"",         "images/hi/"};

    (void)state;
    assert_int_equal(parse_with("\"format\"", "\"format\""), 0);
    for (unsigned i = 0; i < ARRAY_SIZE(required); i++)
        if (parse_with(required[i], "\"other\"") == 0)
            fail_msg("accepted without %s", required[i]);
    assert_int_equal(parse_with("\"objects\":[", "\"objects\":[7,"), ERR_FAIL);
    assert_int_equal(parse_with("\"format\"", "\"thin\":\"yes\",\"format\""), ERR_FAIL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_originals_document_byte_for_byte),
        cmocka_unit_test(our_document_round_trips),
        cmocka_unit_test(unknown_values_are_left_out),
        cmocka_unit_test(read_as_the_original_reads),
        cmocka_unit_test(hostile_documents),
        cmocka_unit_test(layers_are_bounded),
        cmocka_unit_test(a_newer_format_asks_for_a_newer_program),
        cmocka_unit_test(documents_of_format_3_byte_for_byte),
        cmocka_unit_test(objects_are_bounded),
        cmocka_unit_test(each_member_of_an_object_is_checked),
        cmocka_unit_test(format_3_requires_what_a_pull_needs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
