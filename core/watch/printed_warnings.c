/*
 * Texts are compared by a part of their digest.
 */
#include "watch/printed_warnings.h"

#include "base/hash.h"
#include "base/le.h"

bool printed_warnings_add(struct printed_warnings *printed, const char *text, bool check)
{
    unsigned known = printed->count < PRINTED_WARNINGS_MAX ? printed->count : PRINTED_WARNINGS_MAX;
    uint8_t digest[SHA256_SIZE];
    uint64_t sum;

    sha256_of(view_str(text), digest);
    sum = le_get(digest, 8);
    printed->now = true;
    printed->checks |= check;
    for (unsigned i = 0; i < known; i++)
        if (printed->sums[i] == sum)
            return false;
    printed->sums[printed->count++ % PRINTED_WARNINGS_MAX] = sum;
    return true;
}

bool printed_warnings_end_check(struct printed_warnings *printed, bool rest)
{
    bool ends = !printed->now && rest, had = printed->checks;

    printed->now = false;
    if (!ends)
        return false;
    *printed = (struct printed_warnings){.count = 0};
    return had;
}
