/*
 * quirks - forms of a request that only some servers need. A refusal that may come from such a need
 * is repeated once in the other form. The form that succeeded is kept for all later requests.
 */
#ifndef S3DOCK_STORE_S3_QUIRKS_H
#define S3DOCK_STORE_S3_QUIRKS_H

#include <stdbool.h>

#include "store/s3/verdict.h"

struct s3_attempt;
struct s3_session;

/* Moves the bucket into the host name after a refusal that demands it. True: the caller repeats the
 * request, which may be a follow-up. */
bool s3_quirks_move_to_host(struct s3_session *session, struct s3_attempt *attempt,
                            enum s3_verdict verdict);
/* Changes the form of the request after a refusal. True: the caller repeats it. */
bool s3_quirks_change(const struct s3_session *session, struct s3_attempt *attempt,
                      enum s3_verdict verdict);
/* Records whether a request with AES256 succeeded. If it failed, the op gets the error of the
 * request without AES256. Call it before s3_quirks_change. */
void s3_quirks_note_aes(struct s3_session *session, struct s3_attempt *attempt,
                        enum s3_verdict verdict);
/* Records the form of a request that ended an op with success. */
void s3_quirks_note_end(struct s3_session *session, const struct s3_attempt *attempt,
                        enum s3_verdict verdict);

#endif
