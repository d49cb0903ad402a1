/*
 * trust_list - prints the signers of each pointer of a list: versions or environments of an
 * application.
 */
#ifndef S3DOCK_CLI_COMMANDS_TRUST_LIST_H
#define S3DOCK_CLI_COMMANDS_TRUST_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct cli;
struct err;
struct store;

/* Names of versions or environments. Borrowed. */
struct trust_list {
    const char *app;
    bool versions; /* else environments */
    size_t count;
    const char *(*name)(const void *items, size_t i);
    const void *items;
};

/* Reads the pointers and their signatures, many at a time, if the profile demands signatures.
 * Prints a note for each, and writes the array "trust". A pointer that cannot be read is not
 * trusted, and its reason is the error. */
int trust_list_show(struct cli *cli, struct store *store, const struct trust_list *list,
                    struct err *err);

#endif
