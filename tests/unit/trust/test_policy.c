#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "sign/signers.h"
#include "trust/policy.h"

#define SHOP                                                                                       \
    (&(struct policy_subject){POLICY_ENVIRONMENTS, .app = "shop", .environment = "production"})
#define SIGNERS_MOST (POLICY_PROOFS_MAX + 8)

static struct signer signers[SIGNERS_MOST];

/* Makes a signer of one identity, or of one list of patterns. */
static const struct signer *signer_of(unsigned at, const char *name, const char *key)
{
    struct signer *signer = &signers[at];
    struct text *to = strchr(name, '*') ? &signer->patterns : &signer->names;

    signer_finish(signer);
    *signer = (struct signer){.line = 1};
    text_init(&signer->names, KIB);
    text_init(&signer->patterns, KIB);
    text_add(to, name, strlen(name) + 1);
    snprintf(signer->fingerprint, sizeof signer->fingerprint, "SHA256:%s", key);
    return signer;
}

static struct policy_patterns only(char (*room)[POLICY_PATTERN_SIZE], const char *pattern)
{
    snprintf(*room, sizeof *room, "%s", pattern);
    return (struct policy_patterns){.count = 1, .items = room};
}

static bool judge(const struct policy_rule *rule, const struct policy_subject *subject)
{
    struct policy_rule copy = *rule;
    struct policy policy = {.min = 1, .rule_count = 1, .rules = &copy};
    const struct signer *signer = signer_of(0, "ci@example.com", "a");
    struct policy_verdict verdict;

    return policy_judge(&policy, subject, &signer, 1, &verdict);
}

static void a_rule_permits_its_identity(void **state)
{
    static const struct {
        const char *identity;
        bool permitted;
    } rows[] = {{"ci@example.com", true},  {"ci@*", true},      {"*", true},
                {"ci@example.org", false}, {"CI@*", false},     {"ci", false},
                {"c?@example.com", true},  {"c?@other", false}, {"", false}};
    struct policy_rule rule = {.sign = 0};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        snprintf(rule.identity, sizeof rule.identity, "%s", rows[i].identity);
        if (judge(&rule, SHOP) != rows[i].permitted)
            fail_msg("%s", rows[i].identity);
    }
}

static void a_rule_is_limited_to_its_documents(void **state)
{
    const struct policy_subject image = {.kind = POLICY_IMAGES, .app = "shop"},
                                other = {.kind = POLICY_IMAGES, .app = "blog"},
                                test = {POLICY_ENVIRONMENTS, "shop", "test"};
    struct policy_rule rule = {.identity = "ci@example.com"};
    char apps[1][POLICY_PATTERN_SIZE], environments[1][POLICY_PATTERN_SIZE];

    (void)state;
    assert_true(judge(&rule, &image) && judge(&rule, SHOP));
    rule.sign = POLICY_IMAGES;
    assert_true(judge(&rule, &image) && judge(&rule, &other));
    assert_false(judge(&rule, SHOP));
    rule.apps = only(apps, "sho*");
    assert_true(judge(&rule, &image));
    assert_false(judge(&rule, &other));
    rule.sign = POLICY_ENVIRONMENTS | POLICY_IMAGES;
    rule.environments = only(environments, "test");
    assert_true(judge(&rule, &image) && judge(&rule, &test));
    assert_false(judge(&rule, SHOP));
}

/* Counts signers, each a name and a key. */
static unsigned count(const char *const *pairs)
{
    const struct signer *all[SIGNERS_MOST];
    struct policy policy = {.min = 2};
    struct policy_verdict verdict;
    unsigned number = 0;

    for (; pairs[2 * number]; number++)
        all[number] = signer_of(number, pairs[2 * number], pairs[2 * number + 1]);
    (void)policy_judge(&policy, SHOP, all, number, &verdict);
    assert_int_equal(verdict.holds, verdict.signers >= 2);
    return verdict.signers;
}

#define COUNT(...) count((const char *const[]){__VA_ARGS__, NULL})

static void signatures_of_one_person_count_once(void **state)
{
    (void)state;
    assert_int_equal(COUNT(NULL), 0);
    assert_int_equal(COUNT("a@x", "1"), 1);
    assert_int_equal(COUNT("a@x", "1", "b@x", "2"), 2);
    assert_int_equal(COUNT("a@x", "1", "a@x", "2"), 1); /* two keys of one person */
    assert_int_equal(COUNT("a@x", "1", "b@x", "1"), 1); /* one key on two lines */
    assert_int_equal(COUNT("a@x", "1", "*@x", "2"), 1);
    assert_int_equal(COUNT("*@x", "1", "a@x", "2"), 1);
    assert_int_equal(COUNT("*@x", "1", "a@y", "2"), 2);
    /* The third one joins the first two. */
    assert_int_equal(COUNT("a@x", "1", "b@x", "2", "*@x", "3"), 1);
    assert_int_equal(COUNT("a@x", "1", "b@x", "2", "c@x", "1", "d@x", "4"), 3);
}

static void signers_that_are_not_permitted_do_not_count(void **state)
{
    struct policy_rule rules[] = {{.identity = "a@x"}, {.identity = "b@x", .sign = POLICY_IMAGES}};
    struct policy policy = {.min = 2, .rule_count = 2, .rules = rules};
    const struct signer *all[] = {signer_of(0, "a@x", "1"), signer_of(1, "b@x", "2"),
                                  signer_of(2, "c@x", "3")};
    struct policy_verdict verdict;

    (void)state;
    assert_false(policy_judge(&policy, SHOP, all, 3, &verdict));
    assert_int_equal(verdict.signers, 1);
    assert_true(verdict.permitted[0] && !verdict.permitted[1] && !verdict.permitted[2]);
    rules[1].sign = 0;
    assert_true(policy_judge(&policy, SHOP, all, 3, &verdict));
    policy.min = 0; /* not set */
    assert_false(policy_judge(&policy, SHOP, all + 2, 1, &verdict));
}

static void more_signers_than_can_be_counted_are_ignored(void **state)
{
    const struct signer *all[SIGNERS_MOST];
    struct policy policy = {.min = 1};
    struct policy_verdict verdict;
    char name[16];

    (void)state;
    for (unsigned i = 0; i < SIGNERS_MOST; i++) {
        snprintf(name, sizeof name, "n%u", i);
        all[i] = signer_of(i, name, name);
    }
    assert_true(policy_judge(&policy, SHOP, all, SIGNERS_MOST, &verdict));
    assert_int_equal(verdict.signers, POLICY_PROOFS_MAX);
}

static void kinds_have_names(void **state)
{
    (void)state;
    assert_int_equal(policy_kind_of("images"), POLICY_IMAGES);
    assert_int_equal(policy_kind_of("versions"), POLICY_VERSIONS);
    assert_int_equal(policy_kind_of("environments"), POLICY_ENVIRONMENTS);
    assert_int_equal(policy_kind_of("image"), 0);
    assert_string_equal(policy_kind_name(POLICY_VERSIONS), "versions");
}

static int free_signers(void **state)
{
    (void)state;
    for (unsigned i = 0; i < SIGNERS_MOST; i++)
        signer_finish(&signers[i]);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rule_permits_its_identity),
        cmocka_unit_test(a_rule_is_limited_to_its_documents),
        cmocka_unit_test(signatures_of_one_person_count_once),
        cmocka_unit_test(signers_that_are_not_permitted_do_not_count),
        cmocka_unit_test(more_signers_than_can_be_counted_are_ignored),
        cmocka_unit_test(kinds_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, free_signers);
}
