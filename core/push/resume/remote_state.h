/*
 * remote_state - what the store still has of an unfinished upload: its parts, and the temporary objects
 * that it was putting together.
 */
#ifndef S3DOCK_PUSH_RESUME_REMOTE_STATE_H
#define S3DOCK_PUSH_RESUME_REMOTE_STATE_H

#include <stdbool.h>

#include "push/resume/replay.h"
#include "store/store.h"

struct err;

/* Asks, tells `replay`, and settles it. Uploads of temporary objects that were cut short are
 * removed. Fails when the store cannot be asked now. */
enum remote_state_answer {
    REMOTE_STATE_TOLD = 0,
    REMOTE_STATE_WHOLE, /* the archive is there that was put together of these parts */
    REMOTE_STATE_GONE,  /* there is no such upload any more */
    REMOTE_STATE_UNTOLD /* the store does not tell, or what was written down cannot be */
};
int remote_state_ask(struct store *store, struct replay *replay, struct err *err);

/* The ETag that S3 gives an object of these parts; "" when those of the parts are not their MD5. */
void remote_state_etag(const struct checkpoint *then, char out[STORE_ETAG_MAX]);

/* Whether the object under the key is the archive that was completed, or about to be: REMOTE_STATE_WHOLE
 * or REMOTE_STATE_GONE; *info is what the store says of it. Fails when the store cannot be asked now. */
int remote_state_is_whole(struct store *store, const struct checkpoint *then,
                          struct store_info *info, struct err *err);

/* Removes all that lies there, and all that was about to. Says nothing but to the log. */
void remote_state_clear(struct store *store, const char *folder);

#endif
