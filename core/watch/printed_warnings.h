/*
 * printed_warnings - the warnings of an entry that were printed. One that each try repeats is
 * printed once.
 */
#ifndef S3DOCK_WATCH_PRINTED_WARNINGS_H
#define S3DOCK_WATCH_PRINTED_WARNINGS_H

#include <stdbool.h>
#include <stdint.h>

#define PRINTED_WARNINGS_MAX 16 /* of more, the oldest are printed again */

struct printed_warnings {
    uint64_t sums[PRINTED_WARNINGS_MAX];
    unsigned count;
    bool now;    /* a warning was added since the last check of the containers */
    bool checks; /* a check had one, and the cause has not ended */
};

/* Notes a warning. Returns true if it must be printed. `check`: a check of the containers has it,
 * not a deployment. */
bool printed_warnings_add(struct printed_warnings *printed, const char *text, bool check);
/* A check of the containers has ended. After one without a warning, if the entry is at `rest`, all
 * warnings are new again. Returns true if earlier checks had one. */
bool printed_warnings_end_check(struct printed_warnings *printed, bool rest);

#endif
