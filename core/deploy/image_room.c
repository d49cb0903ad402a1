/*
 * A load needs the raw size and a little more, and a twentieth of the disk stays free. The pull
 * keeps the packed bytes in the user's cache, which often is the same disk.
 *
 * An image belongs to the application if its name has the grammar of the bucket (app:time-hash).
 */
#include "deploy/image_room.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "docker/container_list.h"
#include "docker/docker.h"
#include "os/disk.h"
#include "transfer/engine_platform.h"
#include "trust/guard_image.h"

/* ---- room ---- */

/* Returns true if the cache, which holds the packed bytes during a pull, is on the disk too. */
static bool holds_cache(const char *root)
{
    struct stat root_stat, cache_stat;
    struct err ignored;
    char cache[PATH_MAX];

    return file_cache_dir(cache, sizeof cache, &ignored) == 0 && stat(root, &root_stat) == 0 &&
           stat(cache, &cache_stat) == 0 && root_stat.st_dev == cache_stat.st_dev;
}

/* Finds the image, proven as it must be. */
static int locate(const struct image_room_subject *subject, const struct platform *platform,
                  struct located *out, struct err *err)
{
    const struct deploy_want *want = subject->want;
    struct guard_image image;
    struct image_name name;
    int answer;

    if (name_parse_image(want->ref, &name, err))
        return ERR_FAIL;
    guard_image_init(&image, subject->guard, subject->stated);
    answer = guard_locate(&image, subject->store, &name, want->key[0] ? want->key : NULL, platform,
                          out, err);
    guard_image_finish(&image);
    return answer;
}

/* Reads the raw and the packed size of the image; 0: not known. */
static int read_sizes(const struct image_room_subject *subject, const struct platform *platform,
                      uint64_t *raw, uint64_t *packed, struct err *err)
{
    struct located located;
    int answer = locate(subject, platform, &located, err);

    *raw = *packed = 0;
    if (answer > LOCATE_FOUND)
        return 0; /* the pull reports it */
    if (answer)
        return ERR_FAIL;
    *raw = located.metadata.raw_size;
    *packed = located.metadata.size;
    located_finish(&located);
    return 0;
}

int image_room(struct docker *docker, const struct image_room_subject *subject,
               struct deploy_room *out, struct err *err)
{
    struct platform own = engine_platform(docker);
    const struct platform *platform = subject->platform.os[0] ? &subject->platform : &own;
    const struct docker_engine *engine = docker_engine(docker);
    struct docker_image image;
    struct os_space disk;
    uint64_t raw, packed;
    int answer = docker_inspect(docker, subject->want->ref, &image, err);

    *out = (struct deploy_room){0};
    if (answer < 0)
        return ERR_FAIL;
    if (answer == DOCKER_OK || !engine->local || os_space(engine->root_dir, &disk) != 0)
        return 0;
    if (read_sizes(subject, platform, &raw, &packed, err))
        return ERR_FAIL;
    if (!raw || raw > UINT64_MAX / 4 || packed > UINT64_MAX / 4)
        return 0;
    out->known = true;
    out->free = disk.free;
    out->need = raw + raw / 10 + (holds_cache(engine->root_dir) ? packed : 0);
    out->reserve = disk.total / 20;
    return 0;
}

/* ---- prune ---- */

static const char *skip_prefix(const char *name)
{
    static const char *const prefixes[] = {"docker.io/library/", "library/", "localhost/"};

    for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
        if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0)
            return name + strlen(prefixes[i]);
    return name;
}

/* Newer images stay: a host that also builds may not have pushed them. */
static bool is_older(const char *tag, const char *app, const char *keep)
{
    struct image_name name;
    struct err ignored;

    return name_parse_image(skip_prefix(tag), &name, &ignored) == 0 && strcmp(name.app, app) == 0 &&
           strcmp(name.ref, keep) < 0;
}

static bool is_used(const struct docker_container_list *containers, const char *image_id)
{
    for (unsigned i = 0; i < containers->count; i++)
        if (strcmp(containers->containers[i].image_id, image_id) == 0)
            return true;
    return false;
}

static void prune_image(struct docker *docker, const struct docker_listed *image, const char *app,
                        const char *keep, bool dangling, unsigned *count)
{
    struct err ignored;

    for (unsigned i = 0; i < image->tag_count; i++)
        if (is_older(image->tags[i], app, keep) &&
            docker_untag(docker, image->tags[i], &ignored) == DOCKER_OK)
            ++*count;
    if (dangling && !image->tag_count && docker_untag(docker, image->id, &ignored) == DOCKER_OK)
        ++*count;
}

int image_room_prune(struct docker *docker, const char *app, const char *keep, bool dangling,
                     unsigned *count, struct err *err)
{
    struct docker_container_list containers;
    struct docker_list images;
    int failed;

    if (docker_list_containers(docker, NULL, &containers, err))
        return ERR_FAIL;
    failed = docker_list_images(docker, &images, err);
    for (unsigned i = 0; !failed && i < images.count; i++)
        if (!is_used(&containers, images.images[i].id))
            prune_image(docker, &images.images[i], app, keep, dangling, count);
    docker_list_finish(&images);
    docker_container_list_finish(&containers);
    return failed;
}
