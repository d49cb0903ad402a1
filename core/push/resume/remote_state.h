/*
 * remote_state - the parts and temporary objects of an unfinished upload that the store still has.
 */
#ifndef S3DOCK_PUSH_RESUME_REMOTE_STATE_H
#define S3DOCK_PUSH_RESUME_REMOTE_STATE_H

#include <stdbool.h>

#include "push/resume/replay.h"
#include "store/store.h"

struct err;

/* Asks the store, and passes the result to `replay`, which is settled then. Aborts uploads of
 * temporary objects that were interrupted. Waits. Fails when the store cannot be asked now. */
enum remote_state_answer {
    REMOTE_STATE_KNOWN = 0,
    REMOTE_STATE_WHOLE,  /* the archive itself was completed from these parts */
    REMOTE_STATE_GONE,   /* the upload does not exist any more */
    REMOTE_STATE_UNKNOWN /* the store does not list parts, or the checkpoint is wrong */
};
int remote_state_ask(struct store *store, struct replay *replay, struct err *err);

/* Computes the ETag of an object of these parts; "" if the ETags of the parts are not MD5s. */
void remote_state_etag(const struct checkpoint *then, char out[STORE_ETAG_MAX]);

/* Checks whether the object under the key is the archive of the checkpoint. Returns
 * REMOTE_STATE_WHOLE or REMOTE_STATE_GONE; *info is the store's description of the object. Waits.
 * Fails when the store cannot be asked now. */
int remote_state_is_whole(struct store *store, const struct checkpoint *then,
                          struct store_info *info, struct err *err);

/* Deletes all temporary objects of this folder, and aborts their uploads. Failures are logged. */
void remote_state_clear(struct store *store, const char *folder);

#endif
