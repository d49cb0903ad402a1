#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "docker/log_frames.h"

static void feed_all(struct log_frames *frames, const void *data, size_t size, size_t piece)
{
    for (size_t at = 0; at < size; at += piece)
        log_frames_feed(frames,
                        view_of((const uint8_t *)data + at, size - at < piece ? size - at : piece));
}

/* Reads bytes in pieces of every size up to 12. */
static void lines_are(bool framed, const void *data, size_t size, unsigned lines,
                      const char *expected)
{
    for (size_t piece = 1; piece < 13; piece++) {
        struct log_frames frames;
        struct text out;

        text_init(&out, 1024);
        log_frames_init(&frames, framed, 256);
        feed_all(&frames, data, size, piece);
        log_frames_write(&frames, lines, &out);
        assert_string_equal(out.data, expected);
        log_frames_finish(&frames);
        text_finish(&out);
    }
}

#define FRAME(size, text) "\1\0\0\0\0\0\0" size text

static void frames_are_read_in_any_pieces(void **state)
{
    static const char two[] = FRAME("\4", "one\n") FRAME("\4", "two\n");
    static const char split[] = FRAME("\2", "on") FRAME("\0", "") FRAME("\5", "e\ntwo");

    (void)state;
    lines_are(true, two, sizeof two - 1, 9, "one\ntwo\n");
    lines_are(true, two, sizeof two - 1, 1, "two\n");
    lines_are(true, two, sizeof two - 1, 0, "");
    lines_are(true, split, sizeof split - 1, 9, "one\ntwo\n");
    lines_are(true, "", 0, 9, "");
}

static void frames_that_lie_about_their_size_are_read(void **state)
{
    static const char longer[] = "\1\0\0\0\377\377\377\377one\n";
    static const char shorter[] = FRAME("\2", "one\ntwo\nthree\n");
    static const char half[] = FRAME("\4", "one\n") "\1\0\0";
    static const char kind[] = "\7\0\0\0\0\0\0\4one\n";

    (void)state;
    lines_are(true, longer, sizeof longer - 1, 9, "one\n");
    lines_are(true, shorter, sizeof shorter - 1, 9, "one\ntwo\nthree\n");
    lines_are(true, half, sizeof half - 1, 9, "one\n");
    lines_are(true, kind, sizeof kind - 1, 9, "?      ?one\n");
}

static void lines_are_printable(void **state)
{
    static const char colours[] = "\33[1;31mred\33[0m\ttab\r\n\33]0;title\7x\n\33[";

    (void)state;
    lines_are(false, colours, sizeof colours - 1, 9, "red tab\n?]0;title?x\n\n");
    lines_are(false, "a\0b\n", 4, 9, "a b\n");
    lines_are(false, "\n\n", 2, 9, "\n\n");
    lines_are(false, "caf\303\251 \303", 7, 9, "caf\303\251 ?\n");
}

static void the_end_is_kept(void **state)
{
    struct log_frames frames;
    struct text out;

    (void)state;
    text_init(&out, 41);
    log_frames_init(&frames, false, 100);
    for (int i = 0; i < 1000; i++) {
        char line[16];

        snprintf(line, sizeof line, "line %04d\n", i);
        log_frames_feed(&frames, view_str(line));
    }
    log_frames_write(&frames, 20, &out);
    assert_string_equal(out.data, "line 0996\nline 0997\nline 0998\nline 0999\n");
    log_frames_finish(&frames);
    text_finish(&out);
}

static void a_full_text_receives_nothing(void **state)
{
    struct log_frames frames;
    struct text out;

    (void)state;
    text_init(&out, 4);
    text_str(&out, "full");
    log_frames_init(&frames, false, 100);
    log_frames_feed(&frames, view_str("one\n"));
    log_frames_write(&frames, 20, &out);
    assert_string_equal(out.data, "full");
    log_frames_finish(&frames);
    text_finish(&out);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_are_read_in_any_pieces),
        cmocka_unit_test(frames_that_lie_about_their_size_are_read),
        cmocka_unit_test(lines_are_printable),
        cmocka_unit_test(the_end_is_kept),
        cmocka_unit_test(a_full_text_receives_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
