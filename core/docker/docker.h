/*
 * docker - the part of the Engine API that s3dock uses: Docker 1.13 to 29, and Podman's compatible
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
    bool whole;   /* all its blobs are present; false: or the engine does not report it */
    bool partial; /* it is one manifest, and the engine reports missing blobs */
    unsigned layer_count;
    struct digest_text diff_ids[DOCKER_LAYERS_MAX];
};

struct docker;
/* Connects, pings, negotiates the version. The endpoint is copied. docker.unreachable: no daemon
 * responds; the text names the host and its source (flag, DOCKER_HOST, context). docker.timeout,
 * here and in the requests below: a response takes longer than endpoint->patience. */
struct docker *docker_open(const struct docker_endpoint *endpoint, const struct cancel *cancel,
                           struct err *err);
void docker_close(struct docker *docker);
const struct docker_engine *docker_engine(const struct docker *docker);
/* Returns true if requests are sent with this API version ("1.44") or a newer one. False if the
 * version is unknown. */
bool docker_api_at_least(const struct docker *docker, const char *version);

/* GET /images/{name}/json. `name` is a reference or an id. DOCKER_ABSENT: no such image. */
int docker_inspect(struct docker *docker, const char *name, struct docker_image *out,
                   struct err *err);
/* The platforms of an image whose blobs are all present. *count 0: the daemon does not report them
 * (before API 1.48), or it has no containerd store. DOCKER_ABSENT: no such image. docker.inspect:
 * more than DOCKER_PLATFORMS_MAX. */
#define DOCKER_PLATFORMS_MAX 64
struct docker_platform {
    char os[32], architecture[32], variant[32];
};
int docker_platforms(struct docker *docker, const char *name,
                     struct docker_platform out[DOCKER_PLATFORMS_MAX], unsigned *count,
                     struct err *err);
/* GET /images/json: all images of the daemon, also those without a name. */
#define DOCKER_TAGS_MAX   16
#define DOCKER_IMAGES_MAX 4096
struct docker_listed {
    char id[DIGEST_TEXT_SIZE];
    uint64_t size;   /* bytes, as the daemon counts them */
    int64_t created; /* seconds since 1970; 0: unknown */
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

/* Checks whether the layers of an image in containerd's store are unpacked. DOCKER_ABSENT: they
 * are not. DOCKER_OK: they are, or the daemon does not report it: for other platforms than its
 * own, from API 1.48 on, and when a proxy denies the request. */
int docker_unpacked(struct docker *docker, const struct docker_image *image, struct err *err);
/* POST /images/{name}/tag. */
int docker_tag(struct docker *docker, const char *name, const char *repo, const char *tag,
               struct err *err);
/* DELETE /images/{name}: removes a name of an image, and the image with its last name.
 * DOCKER_ABSENT: no such name. conflict.image: a container uses the image, also a stopped one, or
 * the image has more names and `name` is its id. */
int docker_untag(struct docker *docker, const char *name, struct err *err);

/* GET /images/{name}/get, as a stream. `name` must have a tag. */
struct docker_export;
/* `platform` NULL: the daemon chooses; else API 1.48 is needed. `stop` (or NULL), once set, ends
 * the wait for the daemon. */
struct docker_export *docker_export_open(struct docker *docker, const char *name,
                                         const struct docker_platform *platform,
                                         const atomic_bool *stop, struct err *err);
long docker_export_read(struct docker_export *export, uint8_t *out, size_t cap, struct err *err);
void docker_export_close(struct docker_export *export);

/* POST /images/load?quiet=0. Only the daemon's messages decide: docker_load_finish fails with
 * docker.load on errorDetail (also inside a 200), on "Error unpacking image" lines, and without any
 * "Loaded image". */
struct docker_load;
struct docker_load *docker_load_open(struct docker *docker, struct err *err);
/* STREAM_ANSWERED as in stream_write: the daemon responded before the end; docker_load_finish
 * reads the response. */
int docker_load_write(struct docker_load *load, struct view bytes, struct err *err);
/* Ends the body and reads the response. `progress` (may be NULL) gets the daemon's lines. `loaded`
 * receives all names and ids after "Loaded image: " and "Loaded image ID: ". */
int docker_load_finish(struct docker_load *load, void (*progress)(void *arg, const char *line),
                       void *arg, struct docker_loaded *loaded, struct err *err);
void docker_load_close(struct docker_load *load); /* ends an unfinished load */

#endif
