/*
 * nearest - finds the most similar of several words, for suggestions.
 */
#ifndef S3DOCK_BASE_NEAREST_H
#define S3DOCK_BASE_NEAREST_H

struct nearest {
    const char *word; /* the wrong word; borrowed */
    const char *best; /* the most similar candidate so far; borrowed */
    unsigned distance;
};

void nearest_init(struct nearest *nearest, const char *word);
void nearest_try(struct nearest *nearest, const char *candidate);
/* Returns the most similar candidate. NULL: no candidate is similar. */
const char *nearest_found(const struct nearest *nearest);

#endif
