/*
 * Reports the lifecycle rules that delete or move objects of images, versions and environments, and
 * those that end uploads early. Only `cleanup` may remove images, because the store has no
 * information about references.
 */
#include "catalog/lifecycle.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "catalog/temp_objects.h"
#include "cli/doctor/doctor.h"
#include "store/store.h"

#define CHECK         "lifecycle rules"
#define REPORTED_MAX  16 /* rules */
#define UPLOADS_LEAST 7  /* days that an interrupted push can continue, by default of cleanup */

/* Folders whose objects refer to each other, or prove others. */
static const char *const FOLDERS[] = {"images/", "archive/", "tags/", "pointers/", "signatures/"};

struct rules {
    struct doctor *doctor;
    const char *key_prefix; /* "", or with a slash at its end */
    bool tags;              /* s3dock writes tags, so a rule for tagged objects can concern them */
    unsigned reported;
};

/* Returns the first folder of s3dock that the rule concerns, or NULL. */
static const char *folder_of(const struct rules *rules, const struct lifecycle_rule *rule)
{
    char folder[STORE_KEY_MAX + 32];
    size_t size;

    if (rule->tagged && !rules->tags)
        return NULL;
    size = (size_t)snprintf(folder, sizeof folder, "%s%s", rules->key_prefix, TEMP_OBJECTS_FOLDER);
    if (strncmp(rule->prefix, folder, size) == 0)
        return NULL; /* nothing refers to temporary objects */
    for (size_t i = 0; i < ARRAY_SIZE(FOLDERS); i++) {
        snprintf(folder, sizeof folder, "%s%s", rules->key_prefix, FOLDERS[i]);
        if (lifecycle_covers(rule, folder))
            return FOLDERS[i];
    }
    return NULL;
}

static void write_days(char *out, size_t size, unsigned days)
{
    if (days)
        snprintf(out, size, "after %u day%s", days, days == 1 ? "" : "s");
    else
        snprintf(out, size, "on a date");
}

/* Returns whether the rule was reported as a warning. */
static bool report_rule(struct rules *rules, const struct lifecycle_rule *rule)
{
    const char *folder = folder_of(rules, rule);
    const char *tagged = rule->tagged ? " with a tag" : "";
    char when[48];

    if (!folder || (!rule->expires && !rule->moves))
        return false;
    if (rules->reported++ >= REPORTED_MAX)
        return true;
    write_days(when, sizeof when, rule->expires ? rule->expires_days : rule->moves_days);
    if (rule->expires)
        doctor_warning(rules->doctor, CHECK,
                       "limit the rule to other keys; s3dock cleanup removes images and keeps what "
                       "other images, versions and environments need",
                       "the rule \"%.100s\" deletes objects%s in %s %s, also those that images "
                       "refer to",
                       rule->id, tagged, folder, when);
    else
        doctor_warning(rules->doctor, CHECK,
                       "limit the rule to other keys: a later image can refer to an old object, "
                       "and its pull fails until that is restored",
                       "the rule \"%.100s\" moves objects%s in %s to %s %s", rule->id, tagged,
                       folder, rule->moves_to, when);
    return true;
}

/* Returns the shortest time in days after which a rule ends uploads of images; 0: none does. */
static unsigned uploads_end(const struct rules *rules, const struct lifecycle *lifecycle)
{
    char folder[STORE_KEY_MAX + 32];
    unsigned least = 0;

    snprintf(folder, sizeof folder, "%simages/", rules->key_prefix);
    for (unsigned i = 0; i < lifecycle->count; i++) {
        unsigned days = lifecycle->rules[i].aborts_days;

        if (days && lifecycle_covers(&lifecycle->rules[i], folder) && (!least || days < least))
            least = days;
    }
    return least;
}

static void report(struct rules *rules, const struct lifecycle *lifecycle)
{
    unsigned days = uploads_end(rules, lifecycle);
    char uploads[96] = "";
    bool bad = false;

    for (unsigned i = 0; i < lifecycle->count; i++)
        bad |= report_rule(rules, &lifecycle->rules[i]);
    if (rules->reported > REPORTED_MAX)
        doctor_warning(rules->doctor, CHECK, NULL, "%u more rules apply to objects of s3dock",
                       rules->reported - REPORTED_MAX);
    if (days && days < UPLOADS_LEAST)
        snprintf(uploads, sizeof uploads,
                 "; one ends uploads after %u day%s, and an interrupted push then starts again",
                 days, days == 1 ? "" : "s");
    if (!bad || uploads[0])
        doctor_ok(rules->doctor, CHECK, "%s%s",
                  bad ? "of the others" : "no rule deletes or moves objects of images", uploads);
}

static void write_prefix(char *out, size_t size, const char *key_prefix)
{
    size_t length = key_prefix ? strlen(key_prefix) : 0;

    snprintf(out, size, "%s%s", length ? key_prefix : "",
             length && key_prefix[length - 1] != '/' ? "/" : "");
}

void doctor_check_lifecycle(struct doctor *doctor, struct store *store, const char *key_prefix,
                            bool tags)
{
    _cleanup_text_ struct text text = {0};
    struct store_op op = {.verb = STORE_LIFECYCLE, .text = &text, .optional = true};
    char prefix[STORE_KEY_MAX + 2];
    struct rules rules = {.doctor = doctor, .key_prefix = prefix, .tags = tags};
    struct lifecycle lifecycle;
    struct err err;
    enum store_answer answer;

    write_prefix(prefix, sizeof prefix, key_prefix);
    text_init(&text, LIFECYCLE_BYTES_MAX);
    answer = store_run(store, &op, &err);
    if (answer == STORE_ABSENT) {
        doctor_ok(doctor, CHECK, "the bucket has none");
    } else if (answer != STORE_DONE || text_check(&text, "the lifecycle rules", &err) < 0 ||
               lifecycle_parse(text_view(&text), &lifecycle, &err) < 0) {
        doctor_found(doctor, CHECK, DOCTOR_SKIPPED, &err);
    } else {
        report(&rules, &lifecycle);
        lifecycle_finish(&lifecycle);
    }
}
