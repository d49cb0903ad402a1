#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "docker/messages.h"

static void gather(void *arg, const char *line)
{
    char *lines = arg;
    size_t used = strlen(lines);

    snprintf(lines + used, 1024 - used, "%s|", line);
}

static struct docker_messages hear(const char *said, size_t step, char lines[1024])
{
    struct docker_messages stream;
    size_t size = strlen(said);

    lines[0] = '\0';
    docker_messages_init(&stream, gather, lines);
    for (size_t at = 0; at < size; at += step)
        docker_messages_feed(&stream, view_of(said + at, size - at < step ? size - at : step));
    docker_messages_finish(&stream);
    return stream;
}

static void join(const struct docker_loaded *loaded, char out[1024])
{
    size_t used = 0;

    out[0] = '\0';
    for (unsigned i = 0; i < loaded->count; i++)
        used += (size_t)snprintf(out + used, 1024 - used, "%s%s", i ? " " : "", loaded->names[i]);
}

/* Too many names, or a name that is too long, are reported. */
static void too_many_loaded_images_are_reported(void **state)
{
    struct docker_messages stream;

    (void)state;
    docker_messages_init(&stream, NULL, NULL);
    for (unsigned i = 0; i < DOCKER_LOADED_MAX; i++)
        docker_messages_feed(&stream, view_str("{\"stream\":\"Loaded image: a:1\\n\"}"));
    assert_int_equal(stream.loaded.count, DOCKER_LOADED_MAX);
    assert_false(stream.loaded.more);
    docker_messages_feed(&stream, view_str("{\"stream\":\"Loaded image: a:1\\n\"}"));
    assert_true(stream.loaded.more);
    docker_messages_finish(&stream);
    docker_messages_init(&stream, NULL, NULL);
    docker_messages_feed(&stream, view_str("{\"stream\":\"Loaded image: "));
    for (unsigned i = 0; i < 40; i++)
        docker_messages_feed(&stream, view_str("nineletters"));
    docker_messages_feed(&stream, view_str("\"}"));
    assert_int_equal(stream.loaded.count, 0);
    assert_true(stream.loaded.more);
    docker_messages_finish(&stream);
}

static void reads_the_messages_of_daemons(void **state)
{
    static const struct {
        const char *said, *error, *loaded, *stray, *lines; /* error NULL: success */
    } cases[] = {
        {"", NULL, "", "", ""},
        {"{\"stream\":\"Loaded image: a:1\\n\"}\r\n", NULL, "a:1", "", "Loaded image: a:1|"},
        {"{\"stream\":\"Loaded image ID: sha256:ab\\n\"}", NULL, "sha256:ab", "",
         "Loaded image ID: sha256:ab|"},
        {"{\"stream\":\"Loaded image: a:1,b:2\"}", NULL, "a:1 b:2", "", "Loaded image: a:1,b:2|"},
        {"{\"stream\":\"Loaded image: a:1\\nLoaded image: b:2\\n\"}", NULL, "a:1 b:2", "",
         "Loaded image: a:1|Loaded image: b:2|"},
        {"{\"stream\":\"Loaded image: a:1\\n\"}{\"stream\":\"Loaded image ID: sha256:ab\\n\"}",
         NULL, "a:1 sha256:ab", "", "Loaded image: a:1|Loaded image ID: sha256:ab|"},
        {"{}{\"stream\":\"x\"}\n\n{\"stream\":\"y\"} {\"stream\":7}", NULL, "", "", "x|y|"},
        {"{\"status\":\"Loading\",\"id\":\"ab\",\"progressDetail\":{\"current\":1500000,"
         "\"total\":2000000}}",
         NULL, "", "", "Loading ab: 1.5 of 2.0 MB|"},
        {"{\"status\":\"Waiting\",\"progressDetail\":{}}", NULL, "", "", "Waiting|"},
        {"{\"errorDetail\":{\"code\":1,\"message\":\"no\"},\"error\":\"old\"}", "no", "", "", ""},
        {"{\"error\":\"old\"}", "old", "", "", ""},
        {"{\"errorDetail\":{}}", "an error without a message", "", "", ""},
        {"{\"errorDetail\":{\"message\":\"1st\"}}{\"error\":\"2nd\"}", "1st", "", "", ""},
        {"{\"stream\":\"Loaded image: a\\n\"}{\"stream\":\"Error unpacking image a: gone\\n\"}",
         "Error unpacking image a: gone", "a", "",
         "Loaded image: a|Error unpacking image a: gone|"},
        /* Braces and quotes inside strings are not structure. */
        {"{\"stream\":\"}{\\\"\\\\\"}{\"stream\":\"z\"}", NULL, "", "", "}{\"\\|z|"},
        /* No control character reaches a terminal. */
        {"{\"error\":\"\\u001b[2Jred\\r\\n\"}", "[2Jred", "", "", ""},
        {"\033[2J404 not found", NULL, "", "[2J404 not found", ""},
        {"{\"stream\":}", NULL, "", "{\"stream\":}", ""},
        {"}]", NULL, "", "}]", ""},
        {"{\"stream\":\"Loaded image: a", NULL, "", "", ""}, /* truncated */
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        for (size_t step = 1; step < 100; step = 3 * step + 1) {
            char lines[1024], names[1024];
            struct docker_messages heard = hear(cases[i].said, step, lines);
            const char *error = heard.error[0] == ' ' ? heard.error + 1 : heard.error;

            assert_int_equal(heard.failed, cases[i].error != NULL);
            assert_string_equal(error, cases[i].error ? cases[i].error : "");
            join(&heard.loaded, names);
            assert_string_equal(names, cases[i].loaded);
            assert_string_equal(heard.stray, cases[i].stray);
            assert_string_equal(lines, cases[i].lines);
        }
}

/* An object without end is skipped without being stored. The next one is read. */
static void a_message_has_a_maximum_size(void **state)
{
    struct docker_messages stream;
    char *x = malloc(64 * KIB);

    (void)state;
    assert_non_null(x);
    memset(x, 'x', 64 * KIB);
    docker_messages_init(&stream, NULL, NULL);
    docker_messages_feed(&stream, view_str("{\"stream\":\""));
    for (unsigned i = 0; i < 40; i++) {
        docker_messages_feed(&stream, view_of(x, 64 * KIB));
        assert_true(stream.object.size <= DOCKER_MESSAGE_MAX);
    }
    docker_messages_feed(&stream, view_str("\"}{\"stream\":\"Loaded image: a:1\\n\"}"));
    assert_string_equal(stream.loaded.names[0], "a:1");
    docker_messages_finish(&stream);
    memset(x, '{', 64 * KIB);
    docker_messages_init(&stream, NULL, NULL);
    for (unsigned i = 0; i < 40; i++)
        docker_messages_feed(&stream, view_of(x, 64 * KIB));
    assert_false(stream.failed);
    docker_messages_finish(&stream);
    free(x);
}

static void finds_the_message_of_a_refusal(void **state)
{
    static const struct {
        const char *body, *message;
    } cases[] = {{"{\"message\":\"no such image\"}\n", "no such image"},
                 {"{\"cause\":\"c\",\"message\":\"m\",\"response\":500}", "m"},
                 {"404 page not found\n", "404 page not found"},
                 {"", ""},
                 {"{\"message\":7}", "{\"message\":7}"},
                 {"a message that is longer than its room", "a message that "}};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char out[20];

        docker_error_message(view_str(cases[i].body), out, i == 5 ? 16 : sizeof out);
        assert_memory_equal(out, cases[i].message,
                            strlen(cases[i].message) < 15 ? strlen(cases[i].message) + 1 : 14);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_messages_of_daemons),
        cmocka_unit_test(too_many_loaded_images_are_reported),
        cmocka_unit_test(a_message_has_a_maximum_size),
        cmocka_unit_test(finds_the_message_of_a_refusal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
