/* Lists of layers, valid and hostile, in pieces of any size. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/hash.h"
#include "layers/tarsplit.h"

static void pack(const char *lines, size_t size, struct text *out)
{
    uLong room = compressBound((uLong)size) + 100;
    uint8_t *packed = malloc(room);
    z_stream z = {0};

    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (uint8_t *)(uintptr_t)lines;
    z.avail_in = (uInt)size;
    z.next_out = packed;
    z.avail_out = (uInt)room;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    text_init(out, 64 * MIB);
    text_add(out, packed, z.total_out);
    deflateEnd(&z);
    free(packed);
}

/* Reads a list in pieces and returns its contents: plain bytes, and "<name:size>" for a file. */
static int read_list(struct view packed, size_t step, struct text *out, struct err *err)
{
    struct tarsplit *t = tarsplit_create(err);
    struct view in = view_of(packed.data, 0);
    struct tarsplit_piece piece;
    int answer;

    assert_non_null(t);
    for (;;) {
        answer = tarsplit_next(t, &in, &piece, err);
        if (answer == TARSPLIT_BYTES) {
            text_add(out, piece.bytes.data, piece.bytes.size);
            assert_int_equal(piece.size, piece.bytes.size);
        } else if (answer == TARSPLIT_FILE) {
            text_printf(out, "<%s:%llu>", piece.name, (unsigned long long)piece.size);
        } else if (answer == TARSPLIT_MORE && packed.size) {
            assert_int_equal(in.size, 0);
            in = view_of(packed.data, packed.size < step ? packed.size : step);
            packed = view_of(packed.data + in.size, packed.size - in.size);
        } else {
            break;
        }
    }
    if (answer == TARSPLIT_MORE)
        answer = tarsplit_finish(t, err);
    tarsplit_destroy(t);
    return answer;
}

static const size_t steps[] = {1, 7, 1000, 1 << 20};

static void taken(const char *lines, const char *said)
{
    struct text packed;

    pack(lines, strlen(lines), &packed);
    for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
        struct err err = {0};
        struct text out;

        text_init(&out, MIB);
        if (read_list(text_view(&packed), steps[i], &out, &err))
            fail_msg("%s: %s", lines, err.text);
        assert_string_equal(out.data, said);
        text_finish(&out);
    }
    text_finish(&packed);
}

static void refused_bytes(const char *lines, size_t size)
{
    struct text packed;

    pack(lines, size, &packed);
    for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
        struct err err = {0};
        struct text out;

        text_init(&out, MIB);
        if (read_list(text_view(&packed), steps[i], &out, &err) == 0)
            fail_msg("taken: %.200s", lines);
        assert_int_equal(err.family, ERR_INTEGRITY);
        text_finish(&out);
    }
    text_finish(&packed);
}

static void lists_as_docker_writes_them(void **state)
{
    (void)state;
    taken("", "");
    taken(
        "{\"type\":2,\"payload\":\"aGVhZA==\",\"position\":0}\n"
        "{\"type\":1,\"name\":\"etc/\",\"payload\":null,\"position\":1}\n"
        "{\"type\":1,\"name\":\"etc/a\",\"size\":12,\"payload\":\"4u8dbd4DkRM=\",\"position\":2}\n"
        "{\"type\":2,\"payload\":\"dGFpbA==\",\"position\":3}\n",
        "head<etc/a:12>tail");
    taken("{\"type\":1,\"name\":\"a\\\\ \\u003cb\\u003e \\\"\\u00e9\",\"size\":1}\n",
          "<a\\ <b> \"\xc3\xa9:1>");
    taken("{\"type\":1,\"name_raw\":\"/2E=\",\"size\":3}\n", "<\xff"
                                                             "a:3>");
    taken("{\"type\":1,\"name\":\"./usr/..x/...\",\"size\":9}\n", "<./usr/..x/...:9>");
    taken(" { \"type\" : 2 , \"payload\" : \"YQ==\" , \"new\" : 7 } \r\n", "a");
    taken("{\"type\":2,\"payload\":\"\"}\n{\"type\":2,\"payload\":null}\n", "");
    taken("{\"type\":1,\"name\":\"../of/no/size\"}\n", ""); /* empty: never opened */
}

static void hostile_lists(void **state)
{
    static const char *const lines[] = {
        "{\"type\":1,\"name\":\"../x\",\"size\":1}\n",
        "{\"type\":1,\"name\":\"a/../../x\",\"size\":1}\n",
        "{\"type\":1,\"name\":\"a/..\",\"size\":1}\n",
        "{\"type\":1,\"name\":\"..\",\"size\":1}\n",
        "{\"type\":1,\"name\":\"/etc/shadow\",\"size\":1}\n",
        "{\"type\":1,\"name\":\"a//b\",\"size\":1}\n",
        "{\"type\":1,\"name\":\"\",\"size\":1}\n",
        "{\"type\":1,\"size\":1}\n",
        "{\"type\":1,\"name\":7,\"size\":1}\n",
        "{\"type\":1,\"name\":\"a\\u0000b\",\"size\":1}\n",
        "{\"type\":1,\"name\":\"\\u002e\\u002e/x\",\"size\":1}\n",
        "{\"type\":1,\"name\":\"a\\q\",\"size\":1}\n",
        "{\"type\":1,\"name_raw\":\"Li4veA==\",\"size\":1}\n", /* ../x */
        "{\"type\":1,\"name_raw\":\"YQBi\",\"size\":1}\n",     /* a NUL b */
        "{\"type\":1,\"name_raw\":\"L2E=\",\"size\":1}\n",     /* /a */
        "{\"type\":1,\"name_raw\":\"?\",\"size\":1}\n",
        "{\"type\":1,\"name\":\"a\",\"size\":-1}\n",
        "{\"type\":1,\"name\":\"a\",\"size\":1.5}\n",
        "{\"type\":1,\"name\":\"a\",\"size\":4398046511105}\n",
        "{\"type\":1,\"name\":\"a\",\"size\":9223372036854775808}\n",
        ("{\"type\":1,\"name\":\"a\",\"size\":3000000000000}\n"
         "{\"type\":1,\"name\":\"b\",\"size\":3000000000000}\n"),
        "{\"type\":3,\"name\":\"a\",\"size\":1}\n",
        "{\"type\":\"1\",\"name\":\"a\",\"size\":1}\n",
        "{\"type\":2,\"payload\":\"YQ=\"}\n",
        "{\"type\":2,\"payload\":\"Y=Q=\"}\n",
        "{\"type\":2,\"payload\":\"YQ==YQ==\"}\n",
        "{\"type\":2,\"payload\":\"====\"}\n",
        "{\"type\":2,\"payload\":\"\\u0059Q==\"}\n",
        "{\"type\":2,\"payload\":\"YQ==\"",
        "{\"type\":2,\"payload\":\"YQ==\"}",
        "{\"type\":2,\"payload\":\"YQ==}\n",
        "{\"type\":2,\"payload\":\"YQ==\"}x\n",
        "{\"type\":2,\"payload\":[\"YQ==\"]}\n",
        "{\"type\":2 \"payload\":\"YQ==\"}\n",
        "{\"type\":2,}\n",
        "{}\n",
        "\n",
        "null\n",
        "{\"a\\\n",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
        refused_bytes(lines[i], strlen(lines[i]));
    refused_bytes("{\"type\":1,\"name\":\"a\0b\",\"size\":1}\n", 34);
}

static void a_long_name_is_refused(void **state)
{
    struct text line;

    (void)state;
    text_init(&line, MIB);
    text_str(&line, "{\"type\":1,\"name\":\"");
    for (unsigned i = 0; i < TARSPLIT_NAME_MAX; i++)
        text_char(&line, 'n');
    text_str(&line, "\",\"size\":1}\n");
    refused_bytes(line.data, line.size);
    text_finish(&line);
}

static void payloads_of_any_length(void **state)
{
    static const size_t sizes[] = {1, 2, 3, 512, 100 * 1024, 1 << 20, 3 * 1000 * 1000};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        uint8_t *raw = malloc(sizes[i]);
        char *coded = malloc(BASE64_SIZE(sizes[i]));
        struct text line, packed, out;
        struct err err = {0};

        for (size_t k = 0; k < sizes[i]; k++)
            raw[k] = (uint8_t)(k * 2654435761u >> 13);
        base64_encode(raw, sizes[i], coded);
        text_init(&line, 8 * MIB);
        text_init(&out, 8 * MIB);
        text_printf(&line, "{\"type\":2,\"payload\":\"%s\"}\n", coded);
        pack(line.data, line.size, &packed);
        assert_int_equal(read_list(text_view(&packed), 4096, &out, &err), 0);
        assert_int_equal(out.size, sizes[i]);
        assert_memory_equal(out.data, raw, sizes[i]);
        text_finish(&packed);
        text_finish(&line);
        text_finish(&out);
        free(coded);
        free(raw);
    }
}

static void an_endless_line_is_refused(void **state)
{
    char *line = malloc(TARSPLIT_LINE_MAX + 100);

    (void)state;
    memset(line, 'A', TARSPLIT_LINE_MAX + 100);
    memcpy(line, "{\"type\":2,\"payload\":\"", 21);
    refused_bytes(line, TARSPLIT_LINE_MAX + 100);
    free(line);
}

static void damaged_gzip(void **state)
{
    const char *line = "{\"type\":2,\"payload\":\"YWJjZGVmZ2g=\"}\n";
    struct text packed;

    (void)state;
    pack(line, strlen(line), &packed);
    for (size_t size = 0; size < packed.size; size++) { /* truncated at any position */
        struct err err = {0};
        struct text out;

        text_init(&out, MIB);
        assert_int_not_equal(read_list(view_of(packed.data, size), 1000, &out, &err), 0);
        assert_int_equal(err.family, ERR_INTEGRITY);
        text_finish(&out);
    }
    text_finish(&packed);
}

static void a_failure_lasts(void **state)
{
    struct err err = {0};
    struct tarsplit *t = tarsplit_create(&err);
    struct tarsplit_piece piece;
    struct text packed;
    struct view in;

    (void)state;
    pack("{}\n{\"type\":2,\"payload\":\"YQ==\"}\n", 32, &packed);
    in = text_view(&packed);
    assert_int_equal(tarsplit_next(t, &in, &piece, &err), ERR_FAIL);
    assert_int_equal(tarsplit_next(t, &in, &piece, &err), ERR_FAIL);
    assert_int_equal(tarsplit_finish(t, &err), ERR_FAIL);
    tarsplit_destroy(t);
    tarsplit_destroy(NULL);
    text_finish(&packed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_as_docker_writes_them),
        cmocka_unit_test(hostile_lists),
        cmocka_unit_test(a_long_name_is_refused),
        cmocka_unit_test(payloads_of_any_length),
        cmocka_unit_test(an_endless_line_is_refused),
        cmocka_unit_test(damaged_gzip),
        cmocka_unit_test(a_failure_lasts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
