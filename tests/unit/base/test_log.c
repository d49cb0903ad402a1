#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

/* Redirects standard error to a file during a test. */
struct capture {
    FILE *file;
    int stderr_before;
};

static int capture_start(void **state)
{
    struct capture *c = calloc(1, sizeof *c);

    if (!c)
        return -1;
    c->file = tmpfile();
    c->stderr_before = dup(STDERR_FILENO);
    if (!c->file || dup2(fileno(c->file), STDERR_FILENO) < 0)
        return -1;
    *state = c;
    return 0;
}

static int capture_stop(void **state)
{
    struct capture *c = *state;

    log_set_level(LOG_OFF);
    log_set_hooks(NULL, NULL);
    dup2(c->stderr_before, STDERR_FILENO);
    close(c->stderr_before);
    fclose(c->file);
    free(c);
    return 0;
}

static const char *printed(struct capture *c)
{
    static char text[65536];
    ssize_t size = pread(fileno(c->file), text, sizeof text - 1, 0);

    text[size < 0 ? 0 : size] = '\0';
    return text;
}

static void silent_by_default(void **state)
{
    log_info("nobody hears this");
    log_print(LOG_ERROR, "nor this");
    log_print(LOG_OFF, "nor this");
    assert_string_equal(printed(*state), "");
}

static void lines_have_level_and_time(void **state)
{
    int year, month, day, hour, minute, second, end = 0;
    const char *text;

    log_set_level(LOG_INFO);
    assert_int_equal(log_level(), LOG_INFO);
    log_info("push %s", "a:b");
    log_debug("not this");
    text = printed(*state);
    assert_int_equal(sscanf(text, "[INFO] %4d-%2d-%2d %2d:%2d:%2d push a:b\n%n", &year, &month,
                            &day, &hour, &minute, &second, &end),
                     6);
    assert_int_equal(end, strlen(text));
    assert_int_equal(text[end - 1], '\n');
}

static void secrets_are_redacted(void **state)
{
    char text[] = "k=SECRETsecret1; SECRETsecret1longer SECRETsecret; short";

    log_set_level(LOG_DEBUG);
    log_secret("SECRETsecret1");
    log_secret("SECRETsecret1");
    log_secret("SECRETsecret1longer");
    log_secret("short");
    log_secret(NULL);
    log_secret("");
    log_redact(text);
    assert_string_equal(text, "k=***; *** SECRETsecret; short");
    log_debug("header %s%s", "SECRET", "secret1\x1b[2J\nsecond line");
    assert_null(strstr(printed(*state), "SECRETsecret1"));
    assert_non_null(strstr(printed(*state), "header ***?[2J?second line\n"));
}

static void passwords_of_urls_are_redacted(void **state)
{
    static const struct {
        const char *text, *redacted;
    } cases[] = {
        {"tcp://me:pa55-word@host:1, http://u:p@h/", "tcp://me:***@host:1, http://u:*@h/"},
        {"\"https://:token@h\" ssh://u:a:b@h", "\"https://:***@h\" ssh://u:***@h"},
        {"http://a://u:password@h", "http://a://u:***@h"},
        {"http://url-secret-user:word@h", "http://***:***@h"},
        {"http://host:80/a@b http://host:80?c@d", "http://host:80/a@b http://host:80?c@d"},
        {"http://me@host http://me:@host", "http://me@host http://me:@host"},
        {"http://u:p\" @ \"h:1@2\" x:y@z ://", "http://u:p\" @ \"h:1@2\" x:y@z ://"},
    };

    (void)state;
    log_secret("url-secret-user");
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char text[128];

        str_copy(text, sizeof text, cases[i].text);
        log_redact(text);
        assert_string_equal(text, cases[i].redacted);
    }
}

/* Redaction finds a secret at the end of a line of any length. */
static void long_lines_are_redacted_too(void **state)
{
    static char filler[20001];

    memset(filler, 'x', sizeof filler - 1);
    log_set_level(LOG_INFO);
    log_secret("another-secret");
    log_info("%sanother-secret", filler);
    assert_null(strstr(printed(*state), "another"));
    assert_non_null(strstr(printed(*state), "xxx***\n"));
}

static void the_first_and_the_last_secrets_are_kept(void **state)
{
    char secret[32];

    (void)state;
    log_secret("the-first-secret");
    for (int i = 0; i < 500; i++) {
        snprintf(secret, sizeof secret, "rotated-secret-%03d", i);
        log_secret(secret);
        log_redact(secret);
        assert_string_equal(secret, "***");
    }
    char old[] = "the-first-secret rotated-secret-480 rotated-secret-400";
    log_redact(old);
    assert_string_equal(old, "*** *** rotated-secret-400");
}

static int before_calls, after_calls;

static void before(void)
{
    before_calls++;
    assert_int_equal(before_calls, after_calls + 1);
}

static void after(void)
{
    after_calls++;
}

static void hooks_surround_a_line(void **state)
{
    (void)state;
    log_set_hooks(before, after);
    log_info("silent: no hooks");
    assert_int_equal(before_calls, 0);
    log_set_level(LOG_INFO);
    log_info("one");
    log_info("two");
    assert_int_equal(before_calls, 2);
    assert_int_equal(after_calls, 2);
}

static void *chatter(void *argument)
{
    for (int i = 0; i < 100; i++) {
        log_info("line of %s", (const char *)argument);
        log_secret("a secret of a thread");
    }
    return NULL;
}

static void threads_do_not_mix_lines(void **state)
{
    static char names[4][40];
    pthread_t threads[4];
    int lines = 0;

    log_set_level(LOG_INFO);
    for (int i = 0; i < 4; i++) {
        memset(names[i], 'a' + i, sizeof names[i] - 1);
        assert_int_equal(pthread_create(&threads[i], NULL, chatter, names[i]), 0);
    }
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    for (const char *at = printed(*state); *at; at = strchr(at, '\n') + 1, lines++) {
        const char *name = strstr(at, "line of ") + 8;

        assert_int_equal(strspn(name, (char[]){name[0], '\0'}), 39);
        assert_int_equal(name[39], '\n');
    }
    assert_int_equal(lines, 400);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(silent_by_default, capture_start, capture_stop),
        cmocka_unit_test_setup_teardown(lines_have_level_and_time, capture_start, capture_stop),
        cmocka_unit_test_setup_teardown(secrets_are_redacted, capture_start, capture_stop),
        cmocka_unit_test(the_first_and_the_last_secrets_are_kept),
        cmocka_unit_test(passwords_of_urls_are_redacted),
        cmocka_unit_test_setup_teardown(long_lines_are_redacted_too, capture_start, capture_stop),
        cmocka_unit_test_setup_teardown(hooks_surround_a_line, capture_start, capture_stop),
        cmocka_unit_test_setup_teardown(threads_do_not_mix_lines, capture_start, capture_stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
