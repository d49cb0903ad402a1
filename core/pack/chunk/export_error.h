/*
 * export_error - what a Docker daemon says when an export fails after it has begun.
 *
 * The status line (200) is long gone by then, so the engine writes its error as JSON where the tar
 * broke off: instead of it, in the middle of a payload, or after the trailer. This remembers the
 * end of a stream and finds such a text in it.
 */
#ifndef S3DOCK_PACK_CHUNK_EXPORT_ERROR_H
#define S3DOCK_PACK_CHUNK_EXPORT_ERROR_H

#include <stddef.h>
#include <stdint.h>

struct err;

#define EXPORT_ERROR_TAIL 4096 /* bytes: such texts have a few hundred */

struct export_error {
    uint8_t tail[EXPORT_ERROR_TAIL];
    size_t size;
};

void export_error_init(struct export_error *late);
/* The next bytes of the stream. */
void export_error_add(struct export_error *late, const uint8_t *bytes, size_t size);
/* The stream has ended too early: fails with docker.export and the engine's words when the tail
 * ends in such a text, else with integrity.truncated. Always returns ERR_FAIL. */
int export_error_report(const struct export_error *late, struct err *err);

#endif
