/*
 * upload - one object that is being uploaded: parts that are being sent, their ETags, the MD5, and
 * the completion.
 *
 * A small object is sent as one PUT, a larger one as a multipart upload. Belongs to the engine: the
 * messages of its operations arrive in the engine's inbox and are passed to upload_finish_op.
 */
#ifndef S3DOCK_PUSH_UPLOAD_UPLOAD_H
#define S3DOCK_PUSH_UPLOAD_UPLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "flow/inbox.h"
#include "push/plan/parts.h"
#include "push/resume/resume.h"
#include "push/upload/copy_errors.h"
#include "store/store.h"

struct upload_options {
    struct store *store; /* the pointers are borrowed */
    const char *key;
    const char *content_type;
    struct inbox *inbox;
    int kind;           /* msg.kind of its messages */
    unsigned parts_out; /* the most parts that are sent at once */
    bool digest;        /* compute the MD5 of the object */
    bool checked_later; /* the caller checks the object once more, with its ETag */
};

struct upload;
struct upload *upload_create(const struct upload_options *options, struct err *err);
/* No operation may be out. Does not abort the upload. Takes NULL. */
void upload_destroy(struct upload *upload);

/* Continues an upload of another process, before anything is sent. */
void upload_adopt(struct upload *upload, const char *id);
/* Enters a part that the store has. */
int upload_keep(struct upload *upload, unsigned number, uint64_t size,
                const struct resume_kept *kept, struct err *err);
bool upload_has_begun(const struct upload *upload); /* as a multipart upload */
/* Call before upload_finish_op. Returns the upload's id if this message contains it; else "". */
const char *upload_new_id(const struct upload *upload, const struct msg *msg);
/* Returns the ETag of a part that the store has. */
const char *upload_etag(const struct upload *upload, unsigned number);

/* Adds the next part to the MD5 of the archive. Does nothing when a part before it was copied: the
 * MD5 is not known then. */
void upload_digest(struct upload *upload, const struct part *part);
/* Returns the serialized MD5 of all parts so far, valid until the next call; NULL: not known. */
const uint8_t *upload_md5(struct upload *upload);
/* Writes the MD5 of the archive in hex; "" when it is not known. Once, after the last part. */
void upload_checksum(struct upload *upload, char out[MD5_HEX_SIZE]);

/* Sends a full part. The upload owns it until upload_finish_op returns it. */
void upload_part(struct upload *upload, struct part *part);
/* Keeps the only part of the archive until upload_complete, which sends it, and adds it to the MD5.
 * upload_reclaim returns it. */
void upload_hold(struct upload *upload, struct part *part);
/* Lets the store copy a range of another object as part `number`. The strings stay valid until the
 * upload is over. */
int upload_range(struct upload *upload, unsigned number, const char *source, const char *etag,
                 uint64_t offset, uint64_t size, struct err *err);
/* Takes one of its messages. Not 0: the operation failed; *err has the reason. */
struct upload_news {
    struct part *freed; /* a part that the caller owns again, or NULL */
    unsigned number;    /* of the part that the store has now, or 0 */
    uint64_t size;
    enum copy_failure failure; /* after a failure of a part that the store copies */
};
int upload_finish_op(struct upload *upload, struct msg *msg, struct upload_news *news,
                     struct err *err);
unsigned upload_out(const struct upload *upload); /* operations that have not returned */
/* Returns a part that was not sent, or is held, to the caller; NULL: there is none left. */
struct part *upload_reclaim(struct upload *upload);

uint64_t upload_placed(const struct upload *upload); /* bytes that the store has taken and copied */
/* No operation is out. Completes the object, or puts it when it has one part, and waits. Returns 0
 * when the store has an object of `size` bytes; *info has its size and ETag. Fails with
 * CODE_PUSH if the object is that of a concurrent push. With `checked_later`, the store's response
 * to a PUT suffices. The store insists (store_insist) from the moment at which the object may
 * appear, so that index and metadata can follow; the caller ends that. */
int upload_complete(struct upload *upload, uint64_t size, struct store_info *info,
                    enum copy_failure *failure, struct err *err);
/* No operation is out. Aborts the upload on the server, and waits; a failure is logged. */
void upload_abort(struct upload *upload);

#endif
