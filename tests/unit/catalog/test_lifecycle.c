/* Lifecycle rules as the servers write them, and hostile documents. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/err.h"
#include "catalog/lifecycle.h"

#define RULES(rules)                                                                               \
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<LifecycleConfiguration "                         \
    "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">" rules "</LifecycleConfiguration>"
#define RULE(fields)   RULES("<Rule><ID>a</ID>" fields "<Status>Enabled</Status></Rule>")
#define EXPIRATION(of) "<Expiration>" of "</Expiration>"
#define DAYS(n)        "<Days>" n "</Days>"
#define MOVE(days, to) "<Transition>" days "<StorageClass>" to "</StorageClass></Transition>"

static struct lifecycle parse(const char *document)
{
    struct lifecycle lifecycle;
    struct err err = {0};

    if (lifecycle_parse(view_str(document), &lifecycle, &err) < 0)
        fail_msg("%s: %s", document, err.text);
    return lifecycle;
}

static void each_form_of_a_rule_is_read(void **state)
{
    static const struct {
        const char *document, *prefix;
        bool expires, moves, aborts, tagged;
        unsigned days;
    } ROWS[] = {
        {RULE("<Prefix>old/</Prefix>" EXPIRATION(DAYS("30"))), "old/", true, .days = 30},
        {RULE("<Filter><Prefix>old/</Prefix></Filter>" EXPIRATION(DAYS("30"))), "old/", true,
         .days = 30},
        {RULE(EXPIRATION(DAYS("1")) "<Filter><And><Prefix>a&amp;b</Prefix><Tag><Key>k</Key>"
                                    "<Value>v</Value></Tag></And></Filter>"),
         "a&b", true, .tagged = true, .days = 1},
        {RULE("<Filter><Tag><Key>k</Key><Value>v</Value></Tag></Filter>" EXPIRATION(DAYS("1"))), "",
         true, .tagged = true, .days = 1},
        {RULE("<Filter/>" EXPIRATION("<Date>2027-01-01T00:00:00Z</Date>")), "", true},
        {RULE(EXPIRATION(DAYS("-3"))), "", true},
        {RULE(MOVE(DAYS("9"), "STANDARD_IA") MOVE(DAYS("90"), "DEEP_ARCHIVE")), "", false, true,
         .days = 90},
        {RULE("<AbortIncompleteMultipartUpload><DaysAfterInitiation>2</DaysAfterInitiation>"
              "</AbortIncompleteMultipartUpload>"),
         "", false, false, true, .days = 2},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
        struct lifecycle lifecycle = parse(ROWS[i].document);
        const struct lifecycle_rule *rule = lifecycle.rules;

        assert_int_equal(lifecycle.count, 1);
        assert_string_equal(rule->id, "a");
        assert_string_equal(rule->prefix, ROWS[i].prefix);
        assert_int_equal(rule->expires, ROWS[i].expires);
        assert_int_equal(rule->moves, ROWS[i].moves);
        assert_int_equal(rule->aborts, ROWS[i].aborts);
        assert_int_equal(rule->tagged, ROWS[i].tagged);
        assert_int_equal(rule->expires_days + rule->moves_days + rule->aborts_days, ROWS[i].days);
        lifecycle_finish(&lifecycle);
    }
}

static void rules_without_an_effect_are_left_out(void **state)
{
    static const char *const NONE[] = {
        RULES(""),
        RULES("<Rule><Status>Disabled</Status>" EXPIRATION(DAYS("1")) "</Rule>"),
        RULES("<Rule>" EXPIRATION(DAYS("1")) "</Rule>"),
        RULE(EXPIRATION("<ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker>")),
        RULE("<NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays>"
             "</NoncurrentVersionExpiration>"),
        RULE("<NoncurrentVersionTransition><NoncurrentDays>1</NoncurrentDays>"
             "<StorageClass>GLACIER</StorageClass></NoncurrentVersionTransition>"),
        RULE(MOVE(DAYS("9"), "GLACIER_IR")),
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(NONE); i++) {
        struct lifecycle lifecycle = parse(NONE[i]);

        assert_int_equal(lifecycle.count, 0);
        lifecycle_finish(&lifecycle);
    }
}

static void a_rule_does_not_inherit_from_the_one_before(void **state)
{
    struct lifecycle lifecycle = parse(RULES(
        "<Rule><ID>a</ID><Prefix>p</Prefix><Status>Enabled</Status>" MOVE(DAYS("3"), "GLACIER")
            EXPIRATION(DAYS("1")) "</Rule>"
                                  "<Rule><Status>Enabled</Status>" EXPIRATION(
                                      "<Date>d</Date>") "</Rule>"));

    (void)state;
    assert_int_equal(lifecycle.count, 2);
    assert_string_equal(lifecycle.rules[0].moves_to, "GLACIER");
    assert_string_equal(lifecycle.rules[1].id, "");
    assert_string_equal(lifecycle.rules[1].prefix, "");
    assert_int_equal(lifecycle.rules[1].expires_days, 0);
    assert_false(lifecycle.rules[1].moves);
    lifecycle_finish(&lifecycle);
}

static void add_rules(struct text *text, unsigned count)
{
    text_str(text, "<LifecycleConfiguration>");
    for (unsigned i = 0; i < count; i++)
        text_str(text, "<Rule><Status>Enabled</Status>" EXPIRATION(DAYS("1")) "</Rule>");
    text_str(text, "</LifecycleConfiguration>");
}

static void hostile_documents_are_refused(void **state)
{
    static const char *const BAD[] = {
        "",
        "none",
        "<ListBucketResult></ListBucketResult>",
        "<LifecycleConfiguration>",
        "<!DOCTYPE a [<!ENTITY b \"c\">]><LifecycleConfiguration/>",
        "<LifecycleConfiguration><a><a><a><a><a><a><a><a></a></a></a></a></a></a></a></a>"
        "</LifecycleConfiguration>",
    };
    _cleanup_text_ struct text text = {0};
    struct lifecycle lifecycle;
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(BAD); i++)
        assert_int_equal(lifecycle_parse(view_str(BAD[i]), &lifecycle, &err), ERR_FAIL);
    text_init(&text, LIFECYCLE_BYTES_MAX);
    add_rules(&text, LIFECYCLE_RULES_MAX);
    lifecycle = parse(text.data);
    assert_int_equal(lifecycle.count, LIFECYCLE_RULES_MAX);
    lifecycle_finish(&lifecycle);
    text_clear(&text);
    add_rules(&text, LIFECYCLE_RULES_MAX + 1);
    assert_int_equal(lifecycle_parse(text_view(&text), &lifecycle, &err), ERR_FAIL);
    text_clear(&text);
    text_str(&text, "<LifecycleConfiguration><Rule><Prefix>");
    for (unsigned i = 0; i <= STORE_KEY_MAX; i++)
        text_char(&text, 'a');
    text_str(&text, "</Prefix></Rule></LifecycleConfiguration>");
    assert_int_equal(lifecycle_parse(text_view(&text), &lifecycle, &err), ERR_FAIL);
    assert_int_equal(lifecycle.count, 0);
}

static void a_rule_covers_a_folder_above_and_below(void **state)
{
    static const struct {
        const char *prefix;
        bool covers;
    } ROWS[] = {
        {"", true},          {"i", true},        {"images/", true},   {"images/app/2025", true},
        {"imagesx/", false}, {"archive", false}, {"o/images/", false}};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
        struct lifecycle_rule rule = {0};

        snprintf(rule.prefix, sizeof rule.prefix, "%s", ROWS[i].prefix);
        assert_int_equal(lifecycle_covers(&rule, "images/"), ROWS[i].covers);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_form_of_a_rule_is_read),
        cmocka_unit_test(rules_without_an_effect_are_left_out),
        cmocka_unit_test(a_rule_does_not_inherit_from_the_one_before),
        cmocka_unit_test(hostile_documents_are_refused),
        cmocka_unit_test(a_rule_covers_a_folder_above_and_below),
    };

    return cmocka_run_group_tests_name("catalog/lifecycle", tests, NULL, NULL);
}
