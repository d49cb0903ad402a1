/*
 * export_error - the error message of a Docker daemon whose export fails after its start.
 *
 * The status 200 has been sent by then, so the daemon writes its error as JSON where the tar ends:
 * instead of it, inside a payload, or after the trailer. This module keeps the end of a stream and
 * finds such a text in it.
 */
#ifndef S3DOCK_PACK_CHUNK_EXPORT_ERROR_H
#define S3DOCK_PACK_CHUNK_EXPORT_ERROR_H

#include <stddef.h>
#include <stdint.h>

struct err;

#define EXPORT_ERROR_TAIL 4096 /* bytes; such texts have a few hundred */

struct export_error {
    uint8_t tail[EXPORT_ERROR_TAIL];
    size_t size;
};

void export_error_init(struct export_error *error);
/* Adds the next bytes of the stream. */
void export_error_add(struct export_error *error, const uint8_t *bytes, size_t size);
/* Reports a stream that ended too early: docker.export with the daemon's message if the stream ends
 * in one, otherwise integrity.truncated. Always returns ERR_FAIL. */
int export_error_report(const struct export_error *error, struct err *err);

#endif
