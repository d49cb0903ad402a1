/* Rules that are accepted are within their bounds. */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "catalog/lifecycle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lifecycle lifecycle;
    struct err err;

    if (lifecycle_parse(view_of(data, size), &lifecycle, &err) < 0)
        return 0;
    if (lifecycle.count > LIFECYCLE_RULES_MAX)
        abort();
    for (unsigned i = 0; i < lifecycle.count; i++) {
        const struct lifecycle_rule *rule = &lifecycle.rules[i];

        if (strlen(rule->prefix) > STORE_KEY_MAX || !lifecycle_covers(rule, rule->prefix) ||
            !lifecycle_covers(rule, "") || (!rule->expires && !rule->moves && !rule->aborts))
            abort();
    }
    lifecycle_finish(&lifecycle);
    return 0;
}
