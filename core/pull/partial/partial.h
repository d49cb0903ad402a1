/*
 * partial - the partial download: the packed bytes that an unfinished pull has fetched, kept on
 * disk so that the next pull does not fetch them again.
 *
 * There is one for each archive of each bucket, in the user's cache (folder.h). It is valid for one
 * ETag: if the archive was replaced, it is deleted. It is only a hint: every byte read from it is
 * verified like a fetched one. Without it, a pull works but cannot be resumed.
 */
#ifndef S3DOCK_PULL_PARTIAL_PARTIAL_H
#define S3DOCK_PULL_PARTIAL_PARTIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "pull/partial/folder.h"
#include "pull/partial/journal.h"

struct err;

struct partial;
/* Opens the partial download of an archive, or creates it. Deletes stale ones of other archives.
 * `leave`: bytes of the disk that must stay free. NULL: the pull works without; the code of the
 * error is PARTIAL_BUSY if another pull of the archive is running. */
#define PARTIAL_BUSY "spool_busy"
struct partial *partial_open(const struct partial_subject *subject, uint64_t leave,
                             struct err *err);
/* Creates one that has no journal and no name: it holds what this pull fetches, and ends with it.
 * For thin images, which are pulled through a partial download in any case. */
struct partial *partial_open_temporary(uint64_t leave, struct err *err);
/* Opens an existing one for a dry run: nothing is created, added or deleted. */
struct partial *partial_open_read_only(const struct partial_subject *subject, struct err *err);
/* `done`: deletes the files. Those without any bytes are deleted in any case. Takes NULL. */
void partial_close(struct partial *partial, bool done);

/* Returns the number of bytes that it had when it was opened. Their sums have been checked. */
uint64_t partial_held(const struct partial *partial);
/* Returns true if it had all bytes of the range when it was opened. */
bool partial_holds(const struct partial *partial, uint64_t offset, uint64_t size);
/* Returns true if the next pull will find bytes: old ones or added ones. Takes NULL. */
bool partial_has_bytes(const struct partial *partial);
/* Returns how many bytes from `offset` on, at most `most`, are all present (*held is true), or are
 * all missing (*held is false). */
uint64_t partial_run(const struct partial *partial, uint64_t offset, uint64_t most, bool *held);
/* Reads bytes of the archive that are present. Any thread. */
int partial_read(const struct partial *partial, uint64_t offset, uint8_t *out, size_t size,
                 struct err *err);
/* Adds fetched bytes of the archive, at most PARTIAL_RANGE_MAX. Any thread. False: they were not
 * added. After the first failure (a full or broken disk), which is logged, nothing more is added.
 */
bool partial_keep(struct partial *partial, uint64_t offset, struct view bytes);

#endif
