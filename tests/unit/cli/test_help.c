#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/bytes.h"
#include "cli/help.h"

static void help_fits_eighty_columns(void **state)
{
    struct text help;

    (void)state;
    text_init(&help, MIB);
    help_general(&help);
    help_group("config", &help);
    for (unsigned i = 0; i < COMMAND_COUNT; i++)
        help_command((enum command_id)i, &help);
    assert_false(help.failed);
    for (const char *line = help.data; *line; line += strcspn(line, "\n") + 1) {
        if (strcspn(line, "\n") > 80)
            fail_msg("too wide: %.*s", (int)strcspn(line, "\n"), line);
    }
    text_finish(&help);
}

/* The possible values, and the default. */
static void help_prints_values_and_defaults(void **state)
{
    struct text help;

    (void)state;
    text_init(&help, MIB);
    help_general(&help);
    help_command(CMD_PUSH, &help);
    assert_non_null(strstr(help.data, "(auto|path|virtual; default: auto)"));
    assert_non_null(strstr(help.data, "(auto|docker|layers; default: auto)"));
    assert_non_null(strstr(help.data, "(gzip|zstd; default: gzip)"));
    assert_non_null(strstr(help.data, "(default: 80M)"));
    assert_null(strstr(help.data, "default: false"));
    text_clear(&help);
    help_command(CMD_CLEANUP, &help);
    assert_non_null(strstr(help.data, "(default: 7d)"));
    text_finish(&help);
}

static void help_begins_with_examples(void **state)
{
    (void)state;
    for (unsigned i = 0; i < COMMAND_COUNT; i++) {
        struct text help;
        const char *at;

        text_init(&help, MIB);
        help_command((enum command_id)i, &help);
        at = strstr(help.data, "Examples:");
        assert_non_null(at);
        assert_true(at < strstr(help.data, "--config"));
        text_finish(&help);
    }
}

/* The last example of "sign" has no description. */
static void help_ends_an_example_without_words(void **state)
{
    struct text help;

    (void)state;
    text_init(&help, MIB);
    help_command(CMD_SIGN, &help);
    assert_non_null(strstr(help.data, "  s3dock sign myapp production --sign-key "
                                      "~/.ssh/id_ed25519\n\npush, tag, promote"));
    text_finish(&help);
}

/* `mandoc -T lint` reports these. */
static void the_man_page_has_no_blank_at_a_line_end_and_no_empty_paragraph(void **state)
{
    struct text page;

    (void)state;
    text_init(&page, MIB);
    help_man(&page);
    assert_non_null(strstr(page.data, ".SH NAME\n"));
    assert_null(strstr(page.data, " \n"));
    assert_null(strstr(page.data, ".PP\n.PP\n"));
    text_finish(&page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(help_fits_eighty_columns),
        cmocka_unit_test(help_prints_values_and_defaults),
        cmocka_unit_test(help_begins_with_examples),
        cmocka_unit_test(help_ends_an_example_without_words),
        cmocka_unit_test(the_man_page_has_no_blank_at_a_line_end_and_no_empty_paragraph),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
