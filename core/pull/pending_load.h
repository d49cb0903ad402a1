/*
 * pending_load - loads that were begun and have not been verified.
 *
 * containerd's store registers an image, and its name, before it unpacks the layers. After a pull
 * that died in between, the name leads to an image that may not run, and a daemon before API 1.48
 * does not tell. So a pull writes a note before it loads, and removes it after the load was
 * verified. Other stores register an image only when all of it is there: they need no note.
 *
 * A note is a file in the user's cache, `loads/` and the first 32 hex digits of the SHA-256 of
 * daemon and name. It holds the name for people to read. It is not locked: the name is not believed
 * either while another pull loads the image.
 */
#ifndef S3DOCK_PULL_PENDING_LOAD_H
#define S3DOCK_PULL_PENDING_LOAD_H

#include <stdbool.h>

struct docker;
struct err;

/* Whether a load under the name `ref` was begun and not verified. */
bool pending_load_is(const struct docker *docker, const char *ref);
/* Writes the note; it survives a crash of the machine. Fails when the cache cannot be written. */
int pending_load_add(const struct docker *docker, const char *ref, struct err *err);
/* Removes the note; does nothing when there is none. */
void pending_load_remove(const struct docker *docker, const char *ref);

#endif
