/*
 * checkpoint - the description of an unfinished upload, from which another process can resume it.
 *
 * It begins with a head: the store, the key, the image and the upload; how the archive is made, and
 * from which bases. Records follow as the upload proceeds: "the next step is this part (this join),
 * made of these chunks", "the store has it, under this ETag". A checkpoint only grows at its end.
 * Each record has a checksum. The first damaged or incomplete record ends the checkpoint; the
 * records before it are valid.
 *
 * A checkpoint is a hint: the list of parts comes from the store. docs/format.md has the layout.
 *
 * Values and bytes; no clocks, no disk, no network.
 */
#ifndef S3DOCK_PUSH_RESUME_CHECKPOINT_H
#define S3DOCK_PUSH_RESUME_CHECKPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/digest_text.h"
#include "base/hash.h"
#include "pack/index/index.h"
#include "push/plan/bases.h"
#include "push/plan/part_planner.h"
#include "store/store.h"

struct err;

#define CHECKPOINT_VERSION 4
#define CHECKPOINT_GZIP    3 /* of a gzip archive; it can be resumed, too */
#define CHECKPOINT_OLD     2 /* its checksums of chunks prove nothing: only the head is read */
#define CHECKPOINT_MAX     (256 * MIB)
#define CHECKPOINT_PARTS   10000 /* the most that S3 allows */
#define CHECKPOINT_JOINS   65536

enum checkpoint_kind {
    CHECKPOINT_PLAIN,  /* an archive; all of its bytes are sent */
    CHECKPOINT_COPIES, /* an archive; the store copies parts of it */
    CHECKPOINT_THIN,   /* the data of a thin image, of which all bytes are sent */
};

struct checkpoint_head {
    enum checkpoint_kind kind;
    char image_key[KEY_MAX]; /* names the checkpoint */
    enum codec codec;
    char store[768];   /* store->identity */
    char key[KEY_MAX]; /* of the object that is uploaded */
    char content
        [DIGEST_TEXT_SIZE]; /* id of the image if it is known before its stream is read; else "" */
    char upload[STORE_UPLOAD_MAX];
    char writer[INDEX_WRITER_SIZE]; /* as in the index: the same writer makes the same bytes */
    char owner[64];                 /* unique for each push */
    char host[64];                  /* on which it ran */
    int64_t began;                  /* wall ns */
    uint64_t part_size;             /* of equal parts; with copies: the least size of a part */
    char folder[KEY_MAX];           /* of the temporary objects; "" without copies */
    unsigned base_count;            /* objects that chunks may be in */
    struct base_object bases[BASE_OBJECTS_MAX];
};

/* Returns true if the object is the archive of an image of format 2: its MD5 is computed. */
bool checkpoint_has_md5(const struct checkpoint_head *head);

/* The object of a region that is bytes, packed and sent by the push. */
#define CHECKPOINT_BYTES UINT32_MAX

/* A part of the archive, or a temporary object that is joined from two pieces (part_planner.h). */
struct checkpoint_step {
    bool join;
    unsigned number;          /* of the part, from 1; of the join, from 0 */
    struct region side[2];    /* [1]: of a join only. The offset of bytes is 0 */
    uint64_t offset, size;    /* in the archive */
    uint32_t chunks;          /* that begin before its end, and in no earlier step */
    uint8_t sum[SHA256_SIZE]; /* SHA-256 of their records, as in the index */
    bool has_md5;
    uint8_t md5[MD5_STATE_SIZE]; /* serialized MD5 of the archive after this part */
    char etag[STORE_ETAG_MAX];   /* "": the store has not confirmed it */
};

/* A size describes one chunk that was sent: its packed size. With this bit it is a number of
 * consecutive chunks that the store copies; their sizes are those of the base. */
#define CHECKPOINT_HELD 0x80000000u

struct checkpoint {
    uint32_t version; /* CHECKPOINT_OLD: only the head was read */
    struct checkpoint_head head;
    struct checkpoint_step *steps; /* in their order */
    uint32_t step_count;
    size_t step_room;
    unsigned part_count, join_count;
    uint32_t *parts, *joins; /* [number - 1], [number]: which step it is */
    size_t parts_room, joins_room;
    uint32_t *sizes; /* of the chunks of all steps: see CHECKPOINT_HELD */
    uint32_t size_count;
    size_t size_room;
    uint32_t chunk_count; /* that `sizes` describes */
    uint64_t end;         /* of the last part */
    uint64_t whole;       /* size of the archive that was being completed; 0: it was not */
    char whole_etag[STORE_ETAG_MAX]; /* its ETag; "": the store had not responded */
    bool stopped;                    /* the push has ended in an orderly way */
    size_t good;                     /* valid bytes from the beginning */
};

/* Writing: each function appends to `out`. The caller ensures that strings fit their members. */
void checkpoint_put_head(struct text *out, const struct checkpoint_head *head);
/* Appends a step without its offset, number and ETag, and its chunks as `count` sizes. */
void checkpoint_put_step(struct text *out, const struct checkpoint_step *step,
                         const uint32_t *sizes, uint32_t count);
/* Appends that the store has the part, or the temporary object of a join, with this number. */
void checkpoint_put_part_etag(struct text *out, unsigned number, const char *etag);
void checkpoint_put_join_etag(struct text *out, unsigned number, const char *etag);
/* The archive is being completed (etag ""), or is complete. */
void checkpoint_put_whole(struct text *out, uint64_t size, const char *etag);
void checkpoint_put_stop(struct text *out);
void checkpoint_put_claim(struct text *out); /* another push resumes it */

/* Reading. Returns 0 and a checkpoint (checkpoint_destroy) when at least the head is valid. */
int checkpoint_parse(struct view bytes, struct checkpoint **out, struct err *err);
void checkpoint_destroy(struct checkpoint *checkpoint); /* takes NULL */

struct checkpoint_step *checkpoint_part(const struct checkpoint *checkpoint, unsigned number);
struct checkpoint_step *checkpoint_join(const struct checkpoint *checkpoint, unsigned number);

#endif
