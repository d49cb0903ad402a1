/*
 * container_words - reads the values with which a daemon describes a container. Internal to
 * core/docker. Pure.
 */
#ifndef S3DOCK_DOCKER_CONTAINER_WORDS_H
#define S3DOCK_DOCKER_CONTAINER_WORDS_H

#include <stdbool.h>

#include "base/digest_text.h"
#include "base/json.h"
#include "docker/container_state.h"

/* Stores an id: 64 hex digits. Returns false, and stores "", for anything else. */
bool container_read_id(struct json_node node, char out[DOCKER_ID_SIZE]);
/* Stores a name without the slash before it. Returns false, and stores "", for a text that is no
 * name of a container. */
bool container_read_name(struct json_node node, char out[DOCKER_NAME_SIZE]);
/* Returns true if a text is a name, or an id, of a container. */
bool container_is_name(const char *text);
/* Stores "sha256:" and 64 hex digits; the daemon may omit the prefix. Stores "" for anything
 * else. */
void container_read_image(struct json_node node, char out[DIGEST_TEXT_SIZE]);
/* Returns false for an unknown word; *state is unchanged then. */
bool container_read_state(struct json_node node, enum container_state *state);
/* Returns HEALTH_NONE for an unknown word. */
enum container_health container_read_health(struct json_node node);
/* Reads the end of "Up 2 minutes (healthy)". */
enum container_health container_health_of_status(struct json_node node);
/* Stores a signal as its name: "SIGTERM" for "SIGTERM", "TERM", "15", 15, and if none is set. */
void container_read_signal(struct json_node node, char *out, size_t size);
/* Stores as much of a text as fits, printable. */
void container_read_text(struct json_node node, char *out, size_t size);

#endif
