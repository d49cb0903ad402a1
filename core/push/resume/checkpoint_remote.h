/*
 * checkpoint_remote - a copy of the checkpoint in the bucket, so that a push can be resumed on
 * another host.
 *
 * It is written rarely. Its failures are logged and do not fail the push. Belongs to the engine.
 */
#ifndef S3DOCK_PUSH_RESUME_CHECKPOINT_REMOTE_H
#define S3DOCK_PUSH_RESUME_CHECKPOINT_REMOTE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "catalog/keys.h"
#include "push/resume/checkpoint.h"
#include "store/store.h"

struct checkpoint_remote {
    struct store *store;
    char key[KEY_MAX]; /* of the copy; "": there is none */
    struct inbox *inbox;
    struct store_op op;
    struct text copy; /* the bytes that are being written */
    bool out;         /* a write has not returned */
    bool written;     /* the bucket may have a copy */
};

/* `owner`: unique, part of the key. Writes nothing yet. */
void checkpoint_remote_begin(struct checkpoint_remote *remote, struct store *store,
                             const char *image_key, const char *owner);
void checkpoint_remote_finish(struct checkpoint_remote *remote);

/* Searches the bucket for a checkpoint of this image that `fits` and whose push has ended, and
 * claims it. True: `out` has its bytes, and `remote` refers to it from then on. Waits. */
typedef bool checkpoint_fits(void *arg, const struct checkpoint *checkpoint);
bool checkpoint_remote_take(struct checkpoint_remote *remote, const char *image_key,
                            checkpoint_fits *fits, void *arg, struct text *out);

/* Writes a copy, unless the last write has not returned. Does not wait. */
void checkpoint_remote_write(struct checkpoint_remote *remote, struct view state);
/* Writes the last copy and waits for it, even after a cancel. */
void checkpoint_remote_write_last(struct checkpoint_remote *remote, struct view state);
/* Deletes the copy. Waits. */
void checkpoint_remote_remove(struct checkpoint_remote *remote);

#endif
