/*
 * Docker, containerd's store and Podman write {"errorDetail":{"message":"..."},"error":"..."} or
 * {"message":"..."} and a line end. The search accepts only a complete text at the very end of the
 * stream.
 */
#include "pack/chunk/export_error.h"

#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/json.h"

static const struct json_limits LIMITS = {EXPORT_ERROR_TAIL, 8, 256};

void export_error_init(struct export_error *error)
{
    error->size = 0;
}

void export_error_add(struct export_error *error, const uint8_t *bytes, size_t size)
{
    size_t kept;

    if (size >= EXPORT_ERROR_TAIL) {
        memcpy(error->tail, bytes + size - EXPORT_ERROR_TAIL, EXPORT_ERROR_TAIL);
        error->size = EXPORT_ERROR_TAIL;
        return;
    }
    /* Bytes often come in small pieces, so half of the tail is dropped at once. */
    if (error->size + size > EXPORT_ERROR_TAIL) {
        kept = EXPORT_ERROR_TAIL / 2;
        if (kept > EXPORT_ERROR_TAIL - size)
            kept = EXPORT_ERROR_TAIL - size;
        if (kept > error->size)
            kept = error->size;
        memmove(error->tail, error->tail + error->size - kept, kept);
        error->size = kept;
    }
    memcpy(error->tail + error->size, bytes, size);
    error->size += size;
}

static bool read_message(struct view text, char *message, size_t size)
{
    struct err ignored;
    struct json *json;
    struct json_node root;
    bool found;

    if (json_parse(&json, text, &LIMITS, "late error", &ignored) < 0)
        return false;
    root = json_root(json);
    found = json_string(json_get(json_get(root, "errorDetail"), "message"), message, size) ||
            json_string(json_get(root, "error"), message, size) ||
            json_string(json_get(root, "message"), message, size);
    json_destroy(json);
    return found && message[0] != '\0';
}

/* Finds the longest text that begins with a brace and is valid JSON up to the end. */
static bool find_message(const struct export_error *error, char *message, size_t size)
{
    for (size_t at = 0; at + 1 < error->size; at++)
        if (error->tail[at] == '{' && error->tail[at + 1] == '"' &&
            read_message(view_of(error->tail + at, error->size - at), message, size))
            return true;
    return false;
}

int export_error_report(const struct export_error *error, struct err *err)
{
    char message[512];

    if (find_message(error, message, sizeof message)) {
        err_set(err, ERR_DOCKER, "export", "the Docker daemon stopped the export: %s", message);
        return err_hint(err, "see the log of the daemon; free space on the disk of its data, or "
                             "load the image again");
    }
    err_set(err, ERR_INTEGRITY, "truncated", "the image archive ends too early");
    return err_hint(
        err,
        "export the image again: the transfer was interrupted, or the disk of the daemon is full");
}
