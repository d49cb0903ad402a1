/*
 * checkpoint_remote - the state of an unfinished upload in the bucket, beside the upload itself: so
 * that a push can go on from another host.
 *
 * A copy of the file's content (checkpoint_file.h), written seldom. Nothing here fails a push.
 * Belongs to the conductor.
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
    char key[KEY_MAX]; /* "": there is none */
    struct inbox *home;
    struct store_op op;
    struct text copy; /* what is on its way */
    bool out, written;
};

/* `owner`: unique; an archive's states lie side by side. Nothing is written yet. */
void checkpoint_remote_begin(struct checkpoint_remote *remote, struct store *store,
                             const char *archive_key, const char *owner);
void checkpoint_remote_finish(struct checkpoint_remote *remote);

/* Looks for a state of this archive that `fits`, and whose push does not live any more; claims it:
 * true, `out` holds it, and `remote` is about it from then on. */
typedef bool checkpoint_fits(void *arg, const struct checkpoint *checkpoint);
bool checkpoint_remote_take(struct checkpoint_remote *remote, const char *archive_key,
                            checkpoint_fits *fits, void *arg, struct text *out);

/* Sends a copy, unless the one before is still on its way. Does not wait. */
void checkpoint_remote_write(struct checkpoint_remote *remote, struct view state);
/* The same, and waits for it; a cancel does not stop it. */
void checkpoint_remote_write_last(struct checkpoint_remote *remote, struct view state);
/* It is not needed any more; waits. */
void checkpoint_remote_remove(struct checkpoint_remote *remote);

#endif
