/*
 * thin_choice - decides which bytes of earlier images a new thin image may refer to.
 *
 * References save storage, but they scatter an image: a pull then needs more ranges, and each
 * object costs a request at least. So the choice has limits. It is made from the bases alone,
 * before the image is read. What it leaves out is written again, in one piece, so that a chain of
 * pushes does not scatter more and more.
 *
 * Pure. The same bases give the same choice, whatever the order of their objects.
 */
#ifndef S3DOCK_PUSH_PLAN_THIN_CHOICE_H
#define S3DOCK_PUSH_PLAN_THIN_CHOICE_H

#include "base/digest_text.h"
#include "pack/index/extent_cost.h"
#include "push/plan/bases.h"

struct err;

struct thin_limits {
    unsigned objects;             /* of earlier images: the most */
    uint64_t range;               /* of the pull that is estimated */
    struct extent_limits scatter; /* of the bytes that may be referred to */
    /* An object of which fewer bytes, and less than 1/32, are in use is left out, as long as all
     * such bytes are at most 1/1000 of the image. */
    uint64_t least_used;
};

extern const struct thin_limits THIN_LIMITS;

/* Sets `allowed` and the usable objects of all bases; call it before chunk_lookup_add. The first
 * base counts as a whole; of the others only layers of `layers` that no base before them has, if
 * they are more than 1/8 of the first base. */
int thin_choose(struct bases *bases, const struct digest_text *layers, unsigned layer_count,
                const struct thin_limits *limits, struct err *err);

#endif
