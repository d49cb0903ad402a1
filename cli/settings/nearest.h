/*
 * nearest - which of several words was probably meant.
 */
#ifndef S3DOCK_CLI_SETTINGS_NEAREST_H
#define S3DOCK_CLI_SETTINGS_NEAREST_H

struct nearest {
    const char *word; /* what was typed; borrowed */
    const char *best; /* the nearest candidate so far; borrowed */
    unsigned distance;
};

void nearest_init(struct nearest *nearest, const char *word);
void nearest_try(struct nearest *nearest, const char *candidate);
/* The nearest one, or NULL when none is near enough to be a likely slip. */
const char *nearest_found(const struct nearest *nearest);

#endif
