#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "http/http1.h"

#define CUT (-2) /* the connection ended within the response */

/* Feeds a response in steps, then the end of the connection. Returns the last event, or CUT. */
static int decode(const char *answer, size_t step, bool head_request, int *status,
                  struct text *body)
{
    struct http1 http;
    struct err err = {0};
    size_t size = strlen(answer);
    int event = HTTP1_MORE;

    text_clear(body);
    http1_init(&http, head_request);
    for (size_t at = 0; at < size && event >= 0 && event != HTTP1_END; at += step) {
        struct view in = view_of(answer + at, size - at < step ? size - at : step);

        do {
            struct view piece = {0};

            event = http1_feed(&http, &in, &piece, &err);
            text_add(body, piece.data, piece.size);
        } while (event == HTTP1_HEAD || event == HTTP1_BODY);
    }
    if (event == HTTP1_MORE)
        event = http1_eof(&http, &err) < 0 ? CUT : HTTP1_END;
    if (event < 0) {
        assert_int_equal(err.family,
                         event == CUT || err.family == ERR_DOCKER ? ERR_DOCKER : err.family);
        assert_true(err.text[0] != '\0');
    }
    *status = http.status;
    http1_finish(&http);
    return event;
}

#define OK      "HTTP/1.1 200 OK\r\n"
#define CHUNKED OK "Transfer-Encoding: chunked\r\n\r\n"

static void responses_are_parsed(void **state)
{
    static const struct {
        const char *answer;
        int event, status;
        const char *body;
    } cases[] = {
        {OK "Content-Length: 3\r\n\r\nabc", HTTP1_END, 200, "abc"},
        {OK "content-length:3\r\n\r\nabcdef", HTTP1_END, 200, "abc"},
        {OK "Content-Length: 0\r\n\r\n", HTTP1_END, 200, ""},
        {OK "Content-Length: 4\r\n\r\nabc", CUT, 200, "abc"},
        {OK "Content-Length: -1\r\n\r\nabc", ERR_FAIL, 200, ""},
        {OK "Content-Length: 99999999999999999999\r\n\r\n", ERR_FAIL, 200, ""},
        {OK "\r\nto the end", HTTP1_END, 200, "to the end"},
        {"HTTP/1.0 404 Not Found\n\nbare newlines", HTTP1_END, 404, "bare newlines"},
        {"HTTP/1.1 204\r\nContent-Length: 9\r\n\r\n", HTTP1_END, 204, ""},
        {"HTTP/1.1 304 x\r\n\r\n", HTTP1_END, 304, ""},
        {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nA: b\r\n\r\n" OK "\r\nx", HTTP1_END,
         200, "x"},
        {"HTTP/1.1 100 Continue\r\n\r\n", CUT, 0, ""},
        {CHUNKED "3\r\nabc\r\n0a;x=y\r\n0123456789\r\n0\r\n\r\n", HTTP1_END, 200, "abc0123456789"},
        {CHUNKED "0\r\nTrailer: x\r\n\r\n", HTTP1_END, 200, ""},
        {CHUNKED "3\r\nabc\r\n0\r\n", CUT, 200, "abc"},
        {CHUNKED "3\r\nabc\r\n", CUT, 200, "abc"},
        {CHUNKED "3\r\nab", CUT, 200, "ab"},
        {CHUNKED "2\r\nabc\r\n0\r\n\r\n", ERR_FAIL, 200, "ab"},
        {CHUNKED "\r\n", ERR_FAIL, 200, ""},
        {CHUNKED "-1\r\n", ERR_FAIL, 200, ""},
        {CHUNKED "11111111111111111\r\n", ERR_FAIL, 200, ""},
        {OK "Transfer-Encoding: gzip\r\n\r\nx", ERR_FAIL, 200, ""},
        {"", CUT, 0, ""},
        {OK, CUT, 0, ""},
        {"SSH-2.0\r\n", ERR_FAIL, 0, ""},
        {"HTTP/1.1 2000 x\r\n", ERR_FAIL, 0, ""},
        {"HTTP/1.1 099 x\r\n", ERR_FAIL, 0, ""},
        {"HTTP/2 200 no\r\n", ERR_FAIL, 0, ""},
    };
    struct text body;

    (void)state;
    text_init(&body, KIB);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        for (size_t step = 1; step < 1000; step = 4 * step + 1) {
            int status;
            int event = decode(cases[i].answer, step, false, &status, &body);

            if (event != cases[i].event || status != cases[i].status ||
                strcmp(body.data, cases[i].body) != 0)
                fail_msg("case %zu by %zu: event %d, status %d, \"%s\"", i, step, event, status,
                         body.data);
        }
    text_finish(&body);
}

static void the_response_to_head_has_no_body(void **state)
{
    struct text body;
    int status;

    (void)state;
    text_init(&body, KIB);
    assert_int_equal(decode(OK "Content-Length: 5\r\n\r\n", 7, true, &status, &body), HTTP1_END);
    assert_int_equal(status, 200);
    text_finish(&body);
}

static void finds_headers(void **state)
{
    static const char answer[] = OK "Api-Version:1.41\r\nX-API-version: no\r\nEmpty:\r\n\r\n";
    struct view in = view_str(answer), body;
    struct http1 http;
    struct err err = {0};

    (void)state;
    http1_init(&http, false);
    assert_int_equal(http1_feed(&http, &in, &body, &err), HTTP1_HEAD);
    assert_string_equal(http1_header(&http, "api-version"), "1.41");
    assert_string_equal(http1_header(&http, "empty"), "");
    assert_null(http1_header(&http, "version"));
    http1_finish(&http);
}

static void heads_have_their_maximum(void **state)
{
    struct text answer, body;
    int status;

    (void)state;
    text_init(&answer, MIB);
    text_init(&body, KIB);
    text_str(&answer, OK);
    for (unsigned i = 0; i < 10000; i++)
        text_printf(&answer, "Header-%u: value\r\n", i);
    assert_int_equal(decode(answer.data, 4096, false, &status, &body), ERR_FAIL);
    text_clear(&answer);
    text_str(&answer, OK "A: ");
    for (unsigned i = 0; i < 10000; i++)
        text_char(&answer, 'a');
    assert_int_equal(decode(answer.data, 100, false, &status, &body), ERR_FAIL);
    text_finish(&answer);
    text_finish(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(responses_are_parsed),
        cmocka_unit_test(the_response_to_head_has_no_body),
        cmocka_unit_test(finds_headers),
        cmocka_unit_test(heads_have_their_maximum),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
