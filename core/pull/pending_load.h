/*
 * pending_load - notes about loads that began and were not verified.
 *
 * containerd's store registers an image and its name before it unpacks the layers. If a pull dies
 * in between, the name leads to an image that may not run, and a daemon before API 1.48 does not
 * report that. So a pull writes a note before a load, and deletes it after the load was verified.
 * Other stores register complete images only and need no note.
 *
 * A note is a file in the user's cache: `loads/` and the first 32 hex digits of the SHA-256 of
 * daemon and name. It contains the name for people. It has no lock: while another pull loads the
 * image, the name cannot be trusted either.
 */
#ifndef S3DOCK_PULL_PENDING_LOAD_H
#define S3DOCK_PULL_PENDING_LOAD_H

#include <stdbool.h>

struct docker;
struct err;

/* Returns true if there is a note for the name `ref`. */
bool pending_load_is(const struct docker *docker, const char *ref);
/* Writes the note, safe against a crash of the machine. Fails if the cache is not writable. */
int pending_load_add(const struct docker *docker, const char *ref, struct err *err);
/* Deletes the note, if there is one. */
void pending_load_remove(const struct docker *docker, const char *ref);

#endif
