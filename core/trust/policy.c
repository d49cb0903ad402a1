/*
 * Each signer is permitted or not by the rules. The permitted ones are counted
 * by groups: a signer joins each earlier group with a member that may be the
 * same person.
 */
#include "trust/policy.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "sign/patterns.h"
#include "sign/signers.h"

static const struct {
    enum policy_kind kind;
    const char *name;
} KINDS[] = {{POLICY_IMAGES, "images"},
             {POLICY_VERSIONS, "versions"},
             {POLICY_ENVIRONMENTS, "environments"}};

const char *policy_kind_name(enum policy_kind kind)
{
    for (size_t i = 0; i < ARRAY_SIZE(KINDS); i++)
        if (KINDS[i].kind == kind)
            return KINDS[i].name;
    return "";
}

unsigned policy_kind_of(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(KINDS); i++)
        if (strcmp(KINDS[i].name, name) == 0)
            return KINDS[i].kind;
    return 0;
}

/* ---- the verdict ---- */

static bool matches_any(const struct policy_patterns *patterns, const char *name)
{
    for (unsigned i = 0; i < patterns->count; i++)
        if (pattern_matches(view_str(name), view_str(patterns->items[i])))
            return true;
    return !patterns->count;
}

static bool rule_permits(const struct policy_rule *rule, const struct policy_subject *subject,
                         const struct signer *signer)
{
    if (rule->sign && !(rule->sign & subject->kind))
        return false;
    if (!matches_any(&rule->apps, subject->app))
        return false;
    if (subject->kind == POLICY_ENVIRONMENTS &&
        !matches_any(&rule->environments, subject->environment))
        return false;
    return signer_is(signer, rule->identity);
}

static bool is_permitted(const struct policy *policy, const struct policy_subject *subject,
                         const struct signer *signer)
{
    for (unsigned i = 0; i < policy->rule_count; i++)
        if (rule_permits(&policy->rules[i], subject, signer))
            return true;
    return !policy->rule_count;
}

/* Renames group `from` to `to`. */
static void merge_groups(unsigned *groups, unsigned count, unsigned from, unsigned to)
{
    for (unsigned i = 0; i < count; i++)
        if (groups[i] == from)
            groups[i] = to;
}

static unsigned count_signers(const struct signer *const *signers, unsigned count,
                              const bool *permitted)
{
    unsigned groups[POLICY_PROOFS_MAX], found = 0;

    for (unsigned i = 0; i < count; i++) {
        groups[i] = i;
        for (unsigned j = 0; permitted[i] && j < i; j++)
            if (permitted[j] && groups[j] != groups[i] && signer_same(signers[i], signers[j]))
                merge_groups(groups, i + 1, groups[i], groups[j]);
    }
    /* Each group has the number of one of its members. */
    for (unsigned i = 0; i < count; i++)
        found += permitted[i] && groups[i] == i;
    return found;
}

bool policy_judge(const struct policy *policy, const struct policy_subject *subject,
                  const struct signer *const *signers, unsigned count,
                  struct policy_verdict *verdict)
{
    if (count > POLICY_PROOFS_MAX)
        count = POLICY_PROOFS_MAX;
    *verdict = (struct policy_verdict){.holds = false};
    for (unsigned i = 0; i < count; i++)
        verdict->permitted[i] = is_permitted(policy, subject, signers[i]);
    verdict->signers = count_signers(signers, count, verdict->permitted);
    verdict->holds = verdict->signers >= (policy->min ? policy->min : 1);
    return verdict->holds;
}

void policy_finish(struct policy *policy)
{
    for (unsigned i = 0; i < policy->rule_count; i++) {
        free(policy->rules[i].apps.items);
        free(policy->rules[i].environments.items);
    }
    free(policy->rules);
    *policy = (struct policy){.require = 0};
}
