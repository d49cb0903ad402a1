/*
 * docker - the Engine API, as far as s3dock needs it: Docker 1.13 to 29, Podman's compatible
 * socket.
 */
#ifndef S3DOCK_DOCKER_DOCKER_H
#define S3DOCK_DOCKER_DOCKER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/digest_text.h"
#include "docker/engine.h"
#include "docker/host.h"
#include "docker/messages.h"
#include "flow/cancel.h"

struct err;

enum docker_answer { DOCKER_OK = 0, DOCKER_ABSENT = 1 };

#define DOCKER_LAYERS_MAX 512
struct docker_image {
    char id[DIGEST_TEXT_SIZE];
    uint64_t size; /* bytes, as the daemon counts them: an estimate */
    char os[32], architecture[32], variant[32];
    bool whole;   /* all its blobs are there; false: or the engine does not tell */
    bool partial; /* it is one manifest, and the engine tells that blobs are missing */
    unsigned layer_count;
    struct digest_text diff_ids[DOCKER_LAYERS_MAX];
};

struct docker;
/* Connects, pings, negotiates the version. A daemon that does not answer: docker.unreachable, with
 * the host that was tried and where it was named (flag, DOCKER_HOST, context) in the text, and what
 * to do in the hint; one that takes longer than endpoint->patience to answer: docker.timeout, here
 * and in the questions below. The endpoint is copied. */
struct docker *docker_open(const struct docker_endpoint *endpoint, const struct cancel *cancel,
                           struct err *err);
void docker_close(struct docker *docker);
const struct docker_engine *docker_engine(const struct docker *docker);

/* GET /images/{name}/json. DOCKER_ABSENT when there is none. `name` is a reference or an id. */
int docker_inspect(struct docker *docker, const char *name, struct docker_image *out,
                   struct err *err);
/* GET /images/json: every image that the daemon shows, those without a name too. */
#define DOCKER_TAGS_MAX   16
#define DOCKER_IMAGES_MAX 4096
struct docker_listed {
    char id[DIGEST_TEXT_SIZE];
    uint64_t size;   /* bytes, as the daemon counts them */
    int64_t created; /* seconds since 1970; 0 when the daemon does not say */
    unsigned tag_count;
    char (*tags)[256]; /* at most DOCKER_TAGS_MAX of them */
};
struct docker_list {
    unsigned count;
    struct docker_listed *images;
};
/* Fills *out; docker_list_finish frees it. */
int docker_list_images(struct docker *docker, struct docker_list *out, struct err *err);
void docker_list_finish(struct docker_list *list);

/* Whether the layers of an image in containerd's store are unpacked. DOCKER_ABSENT: the daemon says
 * that they are not. DOCKER_OK also when it does not tell: for another platform than its own, which
 * it does not unpack, from API 1.48 on, and when a proxy denies the question. */
int docker_unpacked(struct docker *docker, const struct docker_image *image, struct err *err);
/* POST /images/{name}/tag. */
int docker_tag(struct docker *docker, const char *name, const char *repo, const char *tag,
               struct err *err);
/* DELETE /images/{name}: takes a name from an image, and removes the image with its last one.
 * DOCKER_ABSENT when there is none. */
int docker_untag(struct docker *docker, const char *name, struct err *err);

/* GET /images/{name}/get, as a stream. `name` must carry a tag. */
struct docker_export;
/* `stop` (or NULL), once set, ends the wait for a daemon that is silent. */
struct docker_export *docker_export_open(struct docker *docker, const char *name,
                                         const atomic_bool *stop, struct err *err);
long docker_export_read(struct docker_export *export, uint8_t *out, size_t cap, struct err *err);
void docker_export_close(struct docker_export *export);

/* POST /images/load?quiet=0. Nothing is believed but the daemon's own words: finish fails with
 * docker.load on errorDetail (also inside a 200), on "Error unpacking image" lines, and when no
 * "Loaded image" was said. */
struct docker_load;
struct docker_load *docker_load_open(struct docker *docker, struct err *err);
/* STREAM_ANSWERED like stream_write: the daemon has answered before the end; docker_load_finish
 * tells what. */
int docker_load_write(struct docker_load *load, struct view bytes, struct err *err);
/* Ends the body, reads the answer. `progress` (may be NULL) is called with lines of the daemon's.
 * `loaded` receives all names and ids after "Loaded image: " and "Loaded image ID: ". */
int docker_load_finish(struct docker_load *load, void (*progress)(void *arg, const char *line),
                       void *arg, struct docker_loaded *loaded, struct err *err);
void docker_load_close(struct docker_load *load); /* drops what was not finished */

#endif
