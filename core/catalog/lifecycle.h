/*
 * lifecycle - the lifecycle rules of a bucket: what the store itself deletes or moves, and when.
 *
 * s3dock reads these rules only to warn. It never writes them.
 */
#ifndef S3DOCK_CATALOG_LIFECYCLE_H
#define S3DOCK_CATALOG_LIFECYCLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/view.h"
#include "store/store.h"

struct err;

#define LIFECYCLE_RULES_MAX 1000 /* of S3 */
#define LIFECYCLE_BYTES_MAX (4 * MIB)

/* An enabled rule. Rules for other versions than the current one are left out. */
struct lifecycle_rule {
    char id[256];                   /* "": it has none */
    char prefix[STORE_KEY_MAX + 1]; /* of keys in the bucket; "": all */
    bool tagged;                    /* only objects with a tag */
    bool expires;                   /* deletes objects */
    bool moves;                     /* to a class from which they must be restored before a GET */
    unsigned expires_days, moves_days, aborts_days; /* 0: on a date, or not at all */
    char moves_to[32];                              /* "GLACIER" */
    bool aborts;                                    /* unfinished uploads */
};

struct lifecycle {
    unsigned count;
    struct lifecycle_rule *rules;
};

/* integrity.xml: not a document of lifecycle rules, or beyond the bounds. A number that cannot be
 * read counts as 0 days. The caller calls lifecycle_finish only after a success. */
int lifecycle_parse(struct view document, struct lifecycle *out, struct err *err);
void lifecycle_finish(struct lifecycle *lifecycle);

/* Returns true if a key can begin with `folder` and also be one of the rule. */
bool lifecycle_covers(const struct lifecycle_rule *rule, const char *folder);

#endif
