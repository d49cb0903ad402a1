#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "cli/command_line.h"
#include "cli/settings/args.h"

#define WORDS_MAX 12

static int parse(const char *const words[], struct args *args, struct err *err)
{
    char *argv[WORDS_MAX + 2] = {(char *)"s3dock"};
    int argc = 1;

    for (; words[argc - 1]; argc++)
        argv[argc] = (char *)words[argc - 1];
    *err = (struct err){0};
    return command_line_parse(argc, argv, args, err);
}

#define PARSE(...) parse((const char *const[]){__VA_ARGS__, NULL}, &args, &err)

static void flags_may_be_anywhere(void **state)
{
    struct args args;
    struct err err;
    static const char *const lines[][WORDS_MAX] = {
        {"push", "a:b", "--bucket", "x", "--json"}, {"--json", "--bucket", "x", "push", "a:b"},
        {"push", "--bucket=x", "--json", "a:b"},    {"-b", "x", "push", "--json=true", "a:b"},
        {"push", "-bx", "a:b", "--json"},           {"push", "a:b", "-b=x", "--json=yes"},
        {"--json", "push", "-b", "x", "--", "a:b"}, {"push", "a:b", "-b", "y", "--json", "-b", "x"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        assert_int_equal(parse(lines[i], &args, &err), 0);
        assert_int_equal(args.command, CMD_PUSH);
        assert_string_equal(args.values[OPT_BUCKET], "x");
        assert_int_equal(args.parsed[OPT_JSON].number, 1);
        assert_int_equal(args.operand_count, 1);
        assert_string_equal(args.operands[0], "a:b");
    }
}

static void words_for_another_program(void **state)
{
    struct args args;
    struct err err;

    (void)state;
    assert_int_equal(PARSE("build", "--strict", "app", "--", "--no-cache", "--", "x"), 0);
    assert_int_equal(args.command, CMD_BUILD);
    assert_int_equal(args.passed, 1);
    assert_int_equal(args.operand_count, 4);
    assert_string_equal(args.operands[1], "--no-cache");
    assert_string_equal(args.operands[2], "--");
    assert_int_equal(PARSE("build", "--", "app"), ERR_FAIL);
    assert_string_equal(err.code, "arguments");
    assert_int_equal(PARSE("build", "app", "other", "--", "x"), ERR_FAIL);
    assert_non_null(strstr(err.text, "other"));
    assert_int_equal(PARSE("build", "app", "--no-cache"), ERR_FAIL);
    assert_string_equal(err.code, "flag");
}

static void short_flags_gather(void **state)
{
    struct args args;
    struct err err;

    (void)state;
    assert_int_equal(PARSE("push", "-nqpeu", "a"), 0);
    assert_string_equal(args.values[OPT_DRY_RUN], "true");
    assert_string_equal(args.values[OPT_QUIET], "true");
    assert_string_equal(args.values[OPT_PROFILE], "eu");
}

static void dashes_end_the_flags(void **state)
{
    struct args args;
    struct err err;

    (void)state;
    assert_int_equal(PARSE("help", "--", "--json"), 0);
    assert_null(args.values[OPT_JSON]);
    assert_string_equal(args.operands[0], "--json");
    assert_int_equal(args.passed, 0);
    /* the command comes before them */
    assert_int_equal(PARSE("--", "push", "x"), ERR_FAIL);
    assert_string_equal(err.code, "command");
}

static void a_single_dash_is_a_value(void **state)
{
    struct args args;
    struct err err;

    (void)state;
    assert_int_equal(PARSE("push", "a", "--input", "-"), 0);
    assert_string_equal(args.values[OPT_INPUT], "-");
}

struct mistake {
    const char *words[WORDS_MAX];
    const char *code;
    const char *says; /* in the text */
    const char *hint; /* in the hint */
};

static void mistakes_are_usage_errors(void **state)
{
    static const struct mistake mistakes[] = {
        {{NULL}, "command", "no command", "help"},
        {{"psuh", "x"}, "command", "psuh", "s3dock push"},
        {{"zzzzzzzzz"}, "command", "zzzzzzzzz", "help"},
        {{"config"}, "command", "init, show", "help config"},
        {{"config", "shwo"}, "command", "config shwo", "config show"},
        {{"deploy", "--blue-green"}, "arguments", "deploy needs APP ENV", "usage: s3dock deploy"},
        {{"undeploy", "--blue-green"},
         "command",
         "unknown command \"undeploy\"",
         "did you mean s3dock deploy"},
        {{"config", "shwo", "--bogus"}, "command", "config shwo", "config show"},
        {{"config", "--bogus"}, "flag", "--bogus", "help"},
        {{"--bogus"}, "flag", "--bogus", "help"},
        {{"pull", "-app:v1"}, "flag", "unknown flag -a", "after --"},
        {{"sweep"}, "command", "sweep", "help"},
        {{"push"}, "arguments", "push needs REF", "usage"},
        {{"push", "a", "b"}, "arguments", "\"b\"", "usage: s3dock push REF; more"},
        {{"resume", "x"}, "arguments", "\"x\"", "usage: s3dock resume; more"},
        {{"push", "a", "--bukcet", "x"}, "flag", "--bukcet", "--bucket"},
        {{"push", "a", "--bukcet=x"}, "flag", "--bukcet", "--bucket"},
        {{"push", "a", "--qqqqqq"}, "flag", "--qqqqqq", "help"},
        {{"push", "a", "-z"}, "flag", "-z", "help"},
        {{"push", "a", "--secret-key", "x"}, "flag", "--secret-key", ""},
        {{"pull", "a", "--input", "x"}, "flag", "pull has no flag --input", "pull --help"},
        {{"push", "a", "--bucket"}, "value", "--bucket needs a value", "NAME"},
        {{"push", "a", "-b"}, "value", "--bucket needs a value", "NAME"},
        {{"push", "a", "--bucket", "--json"}, "value", "followed by --json", "NAME"},
        {{"push", "a", "--bucket", "--"}, "value", "followed by --", "NAME"},
        {{"push", "a", "--bucket="}, "value", "--bucket is empty", ""},
        {{"push", "a", "--bucket", ""}, "value", "--bucket is empty", ""},
        {{"push", "a", "--json=maybe"}, "value", "maybe", ""},
        {{"push", "a", "--jobs", "33"}, "value", "0 to 32", ""},
        {{"push", "a", "--jobs", "-1"}, "value", "-1", ""},
        {{"push", "a", "--jobs", "4x"}, "value", "4x", ""},
        {{"push", "a", "--jobs", "99999999999999999999999"}, "value", "0 to 32", ""},
        {{"push", "a", "--level=0"}, "value", "1 to 19", ""},
        {{"push", "a", "--memory", "1M"}, "value", "not a size from 24M to 64G", ""},
        {{"push", "a", "--limit-rate", "512"}, "value", "not a size from 1K to 1024G", ""},
        {{"cleanup", "--unfinished", "0"}, "value", "from 1s to 36500d", ""},
        {{"push", "a", "--memory", "96Q"}, "value", "96Q", ""},
        {{"push", "a", "--memory", "99999999999999999999G"}, "value", "not a size", ""},
        {{"cleanup", "app", "--older-than", "30"}, "value", "not an age with its unit", ""},
        {{"cleanup", "--unfinished", "7"}, "value", "from 1s to 36500d", ""},
        {{"cleanup", "--retired-after", "3600"}, "value", "such as 12h or 30d", ""},
        {{"push", "a", "--progress", "loud"}, "value", "auto|tty|plain|none", ""},
        {{"push", "a", "--log-level", "4"}, "value", "off|error|info|debug", ""},
    };
    struct args args;
    struct err err;

    (void)state;
    for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
        const struct mistake *mistake = &mistakes[i];

        assert_int_equal(parse(mistake->words, &args, &err), ERR_FAIL);
        assert_int_equal(err.family, ERR_USAGE);
        assert_string_equal(err.code, mistake->code);
        assert_non_null(strstr(err.text, mistake->says));
        assert_non_null(strstr(err.hint, mistake->hint));
    }
}

static void a_failing_line_still_names_its_command(void **state)
{
    struct args args;
    struct err err;

    (void)state;
    assert_int_equal(PARSE("pull", "a", "--nonsense"), ERR_FAIL);
    assert_int_equal(args.command, CMD_PULL);
}

static void help_excuses_missing_operands(void **state)
{
    struct args args;
    struct err err;

    (void)state;
    assert_int_equal(PARSE("push", "--help"), 0);
    assert_int_equal(args.command, CMD_PUSH);
    assert_int_equal(PARSE("-h"), 0);
    assert_int_equal(args.command, CMD_NONE);
    assert_int_equal(PARSE("--version"), 0);
}

static void too_many_operands_are_refused(void **state)
{
    char *argv[ARGS_OPERANDS_MAX + 8];
    struct args args;
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(argv); i++)
        argv[i] = (char *)"push";
    assert_int_equal(command_line_parse((int)ARRAY_SIZE(argv), argv, &args, &err), ERR_FAIL);
    assert_string_equal(err.code, "arguments");
}

static void switches_are_known_before_the_line_is(void **state)
{
    char *yes[] = {(char *)"s3dock", (char *)"--nonsense", (char *)"--json"};
    char *no[] = {(char *)"s3dock", (char *)"push", (char *)"--", (char *)"--json"};
    char *off[] = {(char *)"s3dock", (char *)"--json", (char *)"--json=false"};

    (void)state;
    assert_true(args_early_switch(3, yes, OPT_JSON, NULL));
    assert_true(args_early_switch(3, yes, OPT_JSON, "0"));
    assert_false(args_early_switch(3, yes, OPT_NO_COLOR, NULL));
    assert_false(args_early_switch(4, no, OPT_JSON, ""));
    assert_true(args_early_switch(4, no, OPT_JSON, "yes"));
    assert_false(args_early_switch(3, off, OPT_JSON, "1"));
}

static void sizes_are_read(void **state)
{
    static const struct {
        const char *text;
        uint64_t size;
    } good[] = {{"0", 0},
                {"1", 1},
                {"1k", 1024},
                {"96M", 96 << 20},
                {"96mb", 96 << 20},
                {"96MiB", 96 << 20},
                {"2G", UINT64_C(2) << 30}};
    static const char *const bad[] = {"", "M", "-1", "1.5M", "1 M", "1T", "99999999999999999999"};
    uint64_t size;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        assert_true(option_read_size(good[i].text, &size));
        assert_true(size == good[i].size);
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_false(option_read_size(bad[i], &size));
}

static void words_match_whole(void **state)
{
    (void)state;
    assert_int_equal(option_word("auto|path|virtual", "path"), 1);
    assert_int_equal(option_word("auto|path|virtual", "VIRTUAL"), 2);
    assert_int_equal(option_word("auto|path|virtual", "pat"), -1);
    assert_int_equal(option_word("auto|path|virtual", "paths"), -1);
    assert_int_equal(option_word("auto|path|virtual", ""), -1);
    assert_int_equal(option_word("auto|path|virtual", "auto|path"), -1);
    assert_int_equal(option_word(NULL, "x"), -1);
}

static void every_option_has_its_own_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const struct option *option = &option_table[i];
        struct option_value value;
        struct err err;

        assert_non_null(option->name);
        assert_non_null(option->help);
        if (option->fallback)
            assert_int_equal(option_parse(option, option->fallback, option->name, &value, &err), 0);
        if (!option->no_flag && option_takes_value(option))
            assert_non_null(option->argument);
        if (option->secret)
            assert_true(option->no_flag);
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(option->name, option_table[j].name);
            assert_true(!option->letter || option->letter != option_table[j].letter);
            if (option->env && option_table[j].env)
                assert_string_not_equal(option->env, option_table[j].env);
            if (option->key && option_table[j].key)
                assert_string_not_equal(option->key, option_table[j].key);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flags_may_be_anywhere),
        cmocka_unit_test(words_for_another_program),
        cmocka_unit_test(short_flags_gather),
        cmocka_unit_test(dashes_end_the_flags),
        cmocka_unit_test(a_single_dash_is_a_value),
        cmocka_unit_test(mistakes_are_usage_errors),
        cmocka_unit_test(a_failing_line_still_names_its_command),
        cmocka_unit_test(help_excuses_missing_operands),
        cmocka_unit_test(too_many_operands_are_refused),
        cmocka_unit_test(switches_are_known_before_the_line_is),
        cmocka_unit_test(sizes_are_read),
        cmocka_unit_test(words_match_whole),
        cmocka_unit_test(every_option_has_its_own_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
