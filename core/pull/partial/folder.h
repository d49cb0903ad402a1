/*
 * folder - the folder pulls/ in the user's cache, which holds all partial downloads of the user.
 */
#ifndef S3DOCK_PULL_PARTIAL_FOLDER_H
#define S3DOCK_PULL_PARTIAL_FOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pull/partial/journal.h"
#include "store/store.h"

struct err;

#define PARTIAL_JOURNAL ".spool" /* endings of the two files of a partial download */
#define PARTIAL_DATA    ".part"
#define PARTIAL_STALE   (7 * 24 * 60 * 60) /* seconds; the next pull deletes older ones */
#define PARTIAL_ID_SIZE 33

/* Writes the path of a file of the partial download with that id. Creates the folder. */
int partial_folder_path(char *out, size_t size, const char *id, const char *suffix,
                        struct err *err);
/* Deletes all partial downloads that have not changed for PARTIAL_STALE. */
void partial_folder_remove_stale(void);

struct partial_entry {
    char id[PARTIAL_ID_SIZE];
    char where[256], key[STORE_KEY_MAX], image[PARTIAL_IMAGE_SIZE]; /* "" if damaged */
    uint64_t size, kept; /* of the archive; of the part that is on disk */
    int64_t touched;     /* seconds since 1970: when the last range was added */
    bool busy;           /* a pull uses it now, so the other fields may be outdated */
};
/* Lists all partial downloads of the user, oldest first. The caller frees the array with free(). */
int partial_list(struct partial_entry **out, size_t *count, struct err *err);
/* PARTIAL_REMOVED: deleted, or it did not exist. PARTIAL_IN_USE: a pull uses it. */
enum partial_answer { PARTIAL_REMOVED = 0, PARTIAL_IN_USE = 1 };
int partial_remove(const char *id, struct err *err);

#endif
