/*
 * read_layers - reads an image from Docker's layer store on this host, as a push does, and checks
 * its SHA-256 sums. Its speed is the limit for every push.
 *
 *     read_layers unix:///SOCKET REFERENCE
 *
 * Prints the bytes of the stream and the seconds.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "docker/docker.h"
#include "docker/host.h"
#include "pack/image/image.h"
#include "transfer/source.h"
#include "transfer/source_layers.h"

#define WINDOW MIB

static int fail(const struct err *err)
{
    fprintf(stderr, "read_layers: %s\n", err->text);
    return 1;
}

/* Passes the whole stream through the scanner and the digests. */
static int digest_all(struct source *source, uint64_t *total, struct err *err)
{
    struct tar *tar = tar_create();
    struct image *image = image_create();
    uint8_t *window = malloc(WINDOW);
    const struct image_info *info;
    size_t filled = 0;
    long got;
    int rc = tar && image && window ? 0 : err_memory(err, "the window");

    while (rc == 0 && (got = source_read(source, window + filled, WINDOW - filled, err)) != 0) {
        struct tar_step step = {.event = TAR_MORE};
        size_t at = 0;

        if (got < 0) {
            rc = ERR_FAIL;
            break;
        }
        filled += (size_t)got;
        *total += (uint64_t)got;
        for (; rc == 0 && at < filled; at += step.used) {
            rc = tar_scan(tar, window + at, filled - at, &step, err);
            if (rc == 0 && step.event == TAR_MORE)
                break;
            if (rc == 0)
                rc = image_feed(image, &step, tar_entry(tar), window + at, err);
        }
        memmove(window, window + at, filled - at);
        filled -= at;
    }
    if (rc == 0)
        rc = image_finish(image, &info, err);
    free(window);
    image_destroy(image);
    tar_destroy(tar);
    return rc;
}

int main(int argc, char **argv)
{
    static struct docker_image image;
    struct docker_endpoint endpoint;
    struct docker *docker;
    struct source *source;
    struct err err;
    uint64_t total = 0;
    int64_t began;
    int rc;

    if (argc != 3) {
        fprintf(stderr, "usage: read_layers DOCKER-HOST REFERENCE\n");
        return 2;
    }
    if (docker_endpoint_find(&(struct docker_asked){.host = argv[1], .origin = "DOCKER-HOST"}, NULL,
                             &endpoint, &err) != 0 ||
        !(docker = docker_open(&endpoint, NULL, &err)))
        return fail(&err);
    if (docker_inspect(docker, argv[2], &image, &err) != DOCKER_OK)
        return fail(&err);
    began = clock_monotonic();
    source =
        source_layers(&(struct source_layers_options){.image = {.engine = docker_engine(docker),
                                                                .image_id = image.id},
                                                      .reference = argv[2],
                                                      .params = CHUNK_DEFAULT},
                      &err);
    if (!source)
        return fail(&err);
    rc = digest_all(source, &total, &err);
    if (rc == 0)
        printf("%" PRIu64 " %.4f\n", total, (double)(clock_monotonic() - began) / NS_PER_S);
    source_destroy(source);
    docker_close(docker);
    return rc ? fail(&err) : 0;
}
