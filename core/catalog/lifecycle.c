/*
 * An element ends after its children, so a rule is collected while its fields end, and is kept at
 * its own end. The prefix has three places: Prefix, Filter/Prefix and Filter/And/Prefix.
 */
#include "catalog/lifecycle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/bytes.h"
#include "base/err.h"
#include "base/xml.h"

#define RULE_DEPTH 2 /* below the root */

struct reader {
    struct lifecycle *out;
    size_t room;
    struct lifecycle_rule rule;
    bool enabled;
    unsigned moves_days; /* of the Transition that is being read */
    char moves_to[32];
    bool failed_memory;
};

static bool is_named(const char *name, const char *wanted)
{
    return strcmp(name, wanted) == 0;
}

static unsigned read_days(const char *text)
{
    char *end;
    unsigned long days = strtoul(text, &end, 10);

    return text[0] >= '0' && text[0] <= '9' && !*end && days <= 1000000 ? (unsigned)days : 0;
}

/* Returns true if an object of this class cannot be read at once. */
static bool is_offline(const char *class)
{
    return is_named(class, "GLACIER") || is_named(class, "DEEP_ARCHIVE");
}

static void end_transition(struct reader *reader)
{
    struct lifecycle_rule *rule = &reader->rule;

    if (is_offline(reader->moves_to) && !rule->moves) {
        rule->moves = true;
        rule->moves_days = reader->moves_days;
        memcpy(rule->moves_to, reader->moves_to, sizeof rule->moves_to);
    }
    reader->moves_days = 0;
    reader->moves_to[0] = '\0';
}

static bool read_field(struct reader *reader, const char *parent, const char *name,
                       const char *text)
{
    struct lifecycle_rule *rule = &reader->rule;

    if (is_named(name, "Prefix"))
        return str_copy(rule->prefix, sizeof rule->prefix, text);
    if (is_named(name, "ID"))
        snprintf(rule->id, sizeof rule->id, "%s", text);
    else if (is_named(name, "Status"))
        reader->enabled = is_named(text, "Enabled");
    else if (is_named(name, "Tag"))
        rule->tagged = true;
    else if (is_named(name, "Transition"))
        end_transition(reader);
    else if (is_named(parent, "Transition") && is_named(name, "StorageClass"))
        (void)str_copy(reader->moves_to, sizeof reader->moves_to, text);
    else if (is_named(parent, "Transition") && is_named(name, "Days"))
        reader->moves_days = read_days(text);
    else if (is_named(parent, "Expiration") && is_named(name, "Days"))
        rule->expires_days = read_days(text);
    else if (is_named(name, "DaysAfterInitiation"))
        rule->aborts_days = read_days(text);
    if (is_named(parent, "Expiration") && (is_named(name, "Days") || is_named(name, "Date")))
        rule->expires = true;
    rule->aborts |= is_named(name, "AbortIncompleteMultipartUpload");
    return true;
}

static bool end_rule(struct reader *reader)
{
    struct lifecycle *out = reader->out;
    bool kept =
        reader->enabled && (reader->rule.expires || reader->rule.moves || reader->rule.aborts);

    if (kept && out->count == LIFECYCLE_RULES_MAX)
        return false;
    if (kept && !array_reserve(&out->rules, &reader->room, out->count, sizeof *out->rules)) {
        reader->failed_memory = true;
        return false;
    }
    if (kept)
        out->rules[out->count++] = reader->rule;
    reader->rule = (struct lifecycle_rule){0};
    reader->enabled = false;
    return true;
}

static bool on_end(void *arg, unsigned depth, const char *parent, const char *name,
                   const char *text)
{
    struct reader *reader = arg;

    if (depth > RULE_DEPTH)
        return read_field(reader, parent, name, text);
    return depth != RULE_DEPTH || !is_named(name, "Rule") || end_rule(reader);
}

int lifecycle_parse(struct view document, struct lifecycle *out, struct err *err)
{
    struct reader *reader = calloc(1, sizeof *reader);
    char root[XML_NAME] = "";
    int result;

    *out = (struct lifecycle){0};
    if (!reader)
        return err_memory(err, "the lifecycle rules");
    reader->out = out;
    result = xml_read(document, root, on_end, reader, err);
    if (result < 0 && reader->failed_memory)
        err_memory(err, "the lifecycle rules");
    if (result == 0 && !is_named(root, "LifecycleConfiguration"))
        result = err_set(err, ERR_INTEGRITY, "xml", "not a document of lifecycle rules");
    free(reader);
    if (result < 0)
        lifecycle_finish(out);
    return result;
}

void lifecycle_finish(struct lifecycle *lifecycle)
{
    free(lifecycle->rules);
    *lifecycle = (struct lifecycle){0};
}

bool lifecycle_covers(const struct lifecycle_rule *rule, const char *folder)
{
    size_t of_rule = strlen(rule->prefix), of_folder = strlen(folder);

    return strncmp(rule->prefix, folder, of_rule < of_folder ? of_rule : of_folder) == 0;
}
