/* The grammar of the AWS files. A test compares the sections and keys that the reader keeps, as
 * "kind:name{key=value;...}"; line ends within values are shown as "|". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "aws/shared_file.h"
#include "base/bytes.h"
#include "base/codes.h"
#include "base/err.h"

static void add_section(struct text *out, const struct shared_file *file, unsigned section)
{
    static const char *const kinds[] = {"profile", "sso-session", "services"};

    text_printf(out, "%s:%s{", kinds[file->sections[section].kind], file->sections[section].name);
    for (size_t i = 0; i < file->key_count; i++)
        if (file->keys[i].section == section)
            text_printf(out, "%s=%s;", file->keys[i].name, file->keys[i].value);
    text_str(out, "}");
}

static void assert_parsed(const char *content, bool credentials, const char *wanted)
{
    struct shared_file file;
    struct text out;
    struct err err;

    text_init(&out, 4096);
    assert_int_equal(shared_file_parse(view_str(content), "/c", credentials, &file, &err), 0);
    for (unsigned i = 0; i < file.section_count; i++)
        if (!file.sections[i].dropped)
            add_section(&out, &file, i);
    for (char *c = out.data; *c; c++)
        if (*c == '\n')
            *c = '|';
    assert_string_equal(out.data, wanted);
    text_finish(&out);
    shared_file_finish(&file);
}

static void assert_refused(const char *content, unsigned line, const char *reason)
{
    struct shared_file file;
    struct err err;
    char where[32];

    snprintf(where, sizeof where, "/c, line %u: ", line);
    assert_true(shared_file_parse(view_str(content), "/c", false, &file, &err) < 0);
    assert_true(err_is(&err, ERR_USAGE, CODE_AWS_CONFIG));
    assert_non_null(strstr(err.text, where));
    assert_non_null(strstr(err.text, reason));
    shared_file_finish(&file);
}

static void assert_warned(const char *content, const char *wanted)
{
    struct shared_file file;
    struct err err;

    assert_int_equal(shared_file_parse(view_str(content), "/c", false, &file, &err), 0);
    if (*wanted)
        assert_non_null(strstr(file.warnings.data, wanted));
    else
        assert_string_equal(file.warnings.data, "");
    shared_file_finish(&file);
}

static void the_config_file_has_kinds_of_sections(void **state)
{
    (void)state;
    assert_parsed("", false, "");
    assert_parsed("[default]\nA = 1\n[profile b]\nc=2\n[sso-session d]\n[services e]\nf=", false,
                  "profile:default{a=1;}profile:b{c=2;}sso-session:d{}services:e{f=;}");
    assert_parsed("[ \t profile \t b \t ]", false, "profile:b{}");
    assert_parsed("[b]\na=1\n[profileb]\na=1\n[profile]\n[sso-sessions x]\n[]\n[profile a b]",
                  false, "");
    assert_parsed("[profile a]#c\n[profile b];c]\n[profile c] # ] c\n[profile d] \t\r\n", false,
                  "profile:a{}profile:b{}profile:c{}profile:d{}");
    assert_parsed("\xEF\xBB\xBF[default]\nr=1", false, "profile:default{r=1;}");
}

static void a_prefixed_default_replaces_the_plain_one(void **state)
{
    (void)state;
    assert_parsed("[default]\na=1\n[profile default]\nb=2\n[default]\nc=3\n[profile default]\nd=4",
                  false, "profile:default{b=2;}profile:default{d=4;}");
    assert_parsed("[sso-session default]\na=1\n[default]\nb=2\n[profile default]", false,
                  "sso-session:default{a=1;}profile:default{}");
}

static void the_credentials_file_has_names_alone(void **state)
{
    (void)state;
    assert_parsed("[default]\na=1\n[ b ]\nc=2\n[profile b]\nx=1\n[sso-session d]\ny=1", true,
                  "profile:default{a=1;}profile:b{c=2;}");
}

static void comments_and_blank_lines_are_skipped(void **state)
{
    (void)state;
    assert_parsed(
        "# c\n;c\n\n \t \n[default]\n#c\na=1 # c\n;c\nb=2\t;c\nc=3#d\nd=4;e\ne= # c\nf=#g\n", false,
        "profile:default{a=1;b=2;c=3#d;d=4;e;e=;f=#g;}");
    assert_parsed("[default]\r\na=1\r\n\r\nb=2\r\n", false, "profile:default{a=1;b=2;}");
    assert_parsed("[default]\na \t= \t b c \t\nd=e=f\ng==\n\xC3\xA9=1\nh=\xC3\xA9", false,
                  "profile:default{a=b c;d=e=f;g==;h=\xC3\xA9;}");
}

static void values_continue_on_lines_with_blanks(void **state)
{
    (void)state;
    assert_parsed("[default]\na=1\n b # c\n\t\t; d \n\n [e]\nf=1", false,
                  "profile:default{a=1|b # c|; d|[e];f=1;}");
    assert_parsed("[default]\ns3 =\n a = 1\n \t \n b=\n # c\nd=1", false,
                  "profile:default{s3=|a = 1|b=|# c;d=1;}");
    assert_parsed("[x]\ns3 =\n a = 1\n", false, "");
}

static void a_broken_line_is_refused_with_its_number(void **state)
{
    (void)state;
    assert_refused("[default\n", 1, "]");
    assert_refused("[default] x\n", 1, "]");
    assert_refused("[\n", 1, "]");
    assert_refused("# c\na=1\n", 2, "before the first section");
    assert_refused("\n a\n", 2, "no value to continue");
    assert_refused("[default]\n a\n", 2, "no value to continue");
    assert_refused("[default]\na=1\n[default]\n b\n", 4, "no value to continue");
    assert_refused("[default]\na\n", 2, "no key");
    assert_refused("[default]\n=1\n", 2, "no key before");
    assert_refused("[default]\r\ns3=\r\n x\r\n", 3, "s3");
    assert_refused("[default]\ns3=\n a=1\n\n = 2\n", 5, "no name");
    assert_refused("[wrong kind]\na\n", 2, "no key");
}

static void names_have_a_fixed_set_of_characters(void **state)
{
    (void)state;
    assert_parsed("[profile aZ09_-/.%@:+]\nkZ09_-/.%@:+ = 1\nk k = 2\nk! = 3\n[profile a!]\nx = 1",
                  false, "profile:aZ09_-/.%@:+{kz09_-/.%@:+=1;}");
    assert_warned("[default]\nk k = secret\n", "/c, line 2: a key is ignored");
    assert_warned("[profile a!]\n", "/c, line 1: [profile a!] has no effect");
    assert_warned("[ci]\n", "needs [profile ci]");
    assert_warned("[default]\na=1\n", "");
}

static void differences_to_the_aws_program_are_warnings(void **state)
{
    (void)state;
    assert_warned("[default]\naws_secret_access_key = ab ;cd\n", "line 2: the text behind");
    assert_warned("[default]\nregion = eu ; home\n", "");
    assert_warned("[default]\nregion = eu\n  # home\n", "line 3: an indented comment");
}

static void sub_keys_are_split(void **state)
{
    struct shared_sub_key *keys;
    size_t count;
    struct err err;

    (void)state;
    assert_int_equal(shared_sub_keys_parse("\nA = 1 # c\n# b = 2\nc=\nD=x#y", &keys, &count, &err),
                     0);
    assert_int_equal(count, 3);
    assert_string_equal(keys[0].name, "a");
    assert_string_equal(keys[0].value, "1");
    assert_string_equal(keys[1].value, "");
    assert_string_equal(keys[2].name, "d");
    assert_string_equal(keys[2].value, "x#y");
    shared_sub_keys_free(keys, count);
    assert_int_equal(shared_sub_keys_parse("plain\na = 1", &keys, &count, &err), 0);
    assert_int_equal(count, 0);
    assert_null(keys);
}

/* Returns `head`, then `count` times `piece`. */
static char *repeated(const char *head, const char *piece, size_t count)
{
    size_t size = strlen(piece);
    char *text = malloc(strlen(head) + size * count + 1);

    assert_non_null(text);
    strcpy(text, head);
    for (size_t i = 0, at = strlen(head); i <= count; i++, at += size)
        strcpy(text + at, i < count ? piece : "");
    return text;
}

static void sizes_are_bounded(void **state)
{
    static const struct {
        const char *head, *piece;
        size_t count;
        unsigned line;
        const char *reason;
    } cases[] = {
        {"[default]\na=", "x", SHARED_LINE_MAX, 2, "the line has more than"},
        {"[default]\na=1", "\n  123456", SHARED_LINE_MAX / 6, SHARED_LINE_MAX / 6 + 2, "the value"},
        {"", "[default]\n", SHARED_SECTIONS_MAX + 1, SHARED_SECTIONS_MAX + 1, "sections"},
        {"[default]", "\na=", SHARED_KEYS_MAX + 1, SHARED_KEYS_MAX + 2, "keys"},
        {"#", "###########\n", SHARED_FILE_MAX / 12 + 1, 0, "the file has more than"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char *content = repeated(cases[i].head, cases[i].piece, cases[i].count);

        assert_refused(content, cases[i].line, cases[i].reason);
        free(content);
    }
}

static void a_file_with_nul_bytes_is_refused(void **state)
{
    struct shared_file file;
    struct err err;

    (void)state;
    assert_true(shared_file_parse(view_of("[default]\0", 10), "/c", false, &file, &err) < 0);
    assert_true(err_is(&err, ERR_USAGE, CODE_AWS_CONFIG));
    shared_file_finish(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_config_file_has_kinds_of_sections),
        cmocka_unit_test(a_prefixed_default_replaces_the_plain_one),
        cmocka_unit_test(the_credentials_file_has_names_alone),
        cmocka_unit_test(comments_and_blank_lines_are_skipped),
        cmocka_unit_test(values_continue_on_lines_with_blanks),
        cmocka_unit_test(a_broken_line_is_refused_with_its_number),
        cmocka_unit_test(names_have_a_fixed_set_of_characters),
        cmocka_unit_test(differences_to_the_aws_program_are_warnings),
        cmocka_unit_test(sub_keys_are_split),
        cmocka_unit_test(sizes_are_bounded),
        cmocka_unit_test(a_file_with_nul_bytes_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
