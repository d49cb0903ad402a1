/*
 * First the daemon's report of the load is checked, then an inspect of the name. Some daemons do
 * not set the name, or find another image first: then the image is tagged and inspected again.
 */
#include "pull/verify_load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest_text.h"
#include "base/err.h"
#include "base/log.h"

const char *verify_load_id(const struct docker *docker, const struct image_info *image,
                           const char *manifest_id)
{
    return docker_engine(docker)->containerd_store ? manifest_id : image->id;
}

/* ---- the daemon's report ---- */

/* Podman also reports ids without their algorithm. */
static bool is_id(const char *reported, const char *id)
{
    return strcmp(reported, id) == 0 || strcmp(reported, digest_text_hex(id)) == 0;
}

static bool is_image(const struct verify_load_options *o, const char *reported)
{
    return name_means(reported, o->name->ref) || is_id(reported, o->image->id) ||
           is_id(reported, o->manifest_id);
}

static int refuse_loaded(const struct verify_load_options *o, const char *reported, struct err *err)
{
    err_set(err, ERR_INTEGRITY, "loaded", "Docker has loaded %s, but was given only %s", reported,
            o->name->ref);
    return err_hint(err, "do not run %s; remove it (docker image rm) and report this", reported);
}

static int check_report(const struct verify_load_options *o, struct err *err)
{
    for (unsigned i = 0; i < o->loaded->count; i++)
        if (!is_image(o, o->loaded->names[i]))
            return refuse_loaded(o, o->loaded->names[i], err);
    return o->loaded->more ? refuse_loaded(o, "more images than can be listed", err) : 0;
}

/* ---- the image under its name ---- */

static bool is_same_image(const struct verify_load_options *o, const struct docker_image *local)
{
    const struct image_info *image = o->image;

    if (strcmp(local->id, verify_load_id(o->docker, image, o->manifest_id)) != 0 ||
        image->layer_count != local->layer_count)
        return false;
    for (unsigned i = 0; i < image->layer_count; i++)
        if (strcmp(image->layers[i].diff_id, local->diff_ids[i].text) != 0)
            return false;
    return true;
}

/* DOCKER_ABSENT: the name leads to no image, or to another image. */
static int inspect_name(const struct verify_load_options *o, struct docker_image *local,
                        struct err *err)
{
    int answer = docker_inspect(o->docker, o->name->ref, local, err);

    return answer == DOCKER_OK && !is_same_image(o, local) ? DOCKER_ABSENT : answer;
}

static int tag_image(const struct verify_load_options *o, const char *app,
                     struct docker_image *local, struct err *err)
{
    const char *id = verify_load_id(o->docker, o->image, o->manifest_id);
    int answer = docker_tag(o->docker, id, app, o->name->tag, err);

    return answer == DOCKER_OK ? inspect_name(o, local, err) : answer;
}

/* Podman looks for a short name under localhost/ first: there, an image that was built on this host
 * hides the loaded one. */
static int find_image(const struct verify_load_options *o, struct docker_image *local,
                      struct err *err)
{
    char short_name[NAME_APP_MAX + 16];
    int answer = inspect_name(o, local, err);

    if (answer == DOCKER_ABSENT)
        answer = tag_image(o, o->name->app, local, err);
    if (answer != DOCKER_ABSENT || !docker_engine(o->docker)->podman)
        return answer;
    snprintf(short_name, sizeof short_name, "localhost/%s", o->name->app);
    return tag_image(o, short_name, local, err);
}

/* Fails unless the image is complete and unpacked. */
static int check_complete(const struct verify_load_options *o, const struct docker_image *local,
                          struct err *err)
{
    int answer;

    if (o->complete && docker_engine(o->docker)->reports_content && !local->whole)
        return err_set(err, ERR_DOCKER, "verify", "Docker lacks layers of %s", o->name->ref);
    answer = docker_unpacked(o->docker, local, err);
    if (answer == DOCKER_ABSENT)
        return err_set(err, ERR_DOCKER, "verify", "Docker took %s but did not unpack its layers",
                       o->name->ref);
    return answer;
}

int verify_load(const struct verify_load_options *o, struct err *err)
{
    struct docker_image *local = malloc(sizeof *local);
    int answer;

    if (!local)
        return err_memory(err, "the image");
    answer = check_report(o, err);
    if (answer == 0)
        answer = find_image(o, local, err);
    if (answer == DOCKER_ABSENT)
        answer = err_set(err, ERR_DOCKER, "verify",
                         "Docker took the image but does not have it as %s", o->name->ref);
    else if (answer == DOCKER_OK)
        answer = check_complete(o, local, err);
    free(local);
    return answer;
}

/* ---- a failed load ---- */

void verify_load_undo(const struct verify_load_options *o, const char *before)
{
    const char *id = verify_load_id(o->docker, o->image, o->manifest_id);
    struct docker_image *local = malloc(sizeof *local);
    struct err err;

    if (local && strcmp(before, id) != 0 &&
        docker_inspect(o->docker, o->name->ref, local, &err) == DOCKER_OK &&
        strcmp(local->id, id) == 0) {
        if (docker_untag(o->docker, o->name->ref, &err) < 0)
            log_info("%s still names an incomplete image: %s", o->name->ref, err.text);
        else if (before[0] && docker_tag(o->docker, before, o->name->app, o->name->tag, &err) < 0)
            log_info("could not give the name %s back to %s: %s", o->name->ref, before, err.text);
    }
    free(local);
}

/* ---- further names ---- */

static int add_name(struct docker *docker, const struct docker_image *image,
                    const struct reference *also, struct docker_image *room, struct err *err)
{
    int answer = docker_tag(docker, image->id, also->repository, also->tag, err);

    if (answer == DOCKER_OK)
        answer = docker_inspect(docker, also->text, room, err);
    if (answer < 0)
        return err_wrap(err, "cannot name the image %s", also->text);
    if (answer == DOCKER_OK && strcmp(room->id, image->id) == 0)
        return 0;
    return err_set(err, ERR_DOCKER, "verify", "Docker named the image but does not have it as %s",
                   also->text);
}

int verify_load_name(struct docker *docker, const char *name, const char *id,
                     const struct reference *also, unsigned count, struct err *err)
{
    struct docker_image *images = count ? calloc(2, sizeof *images) : NULL;
    int answer;

    if (!count)
        return 0;
    if (!images)
        return err_memory(err, "the image");
    answer = docker_inspect(docker, name, &images[0], err);
    if (answer == DOCKER_ABSENT)
        answer = err_set(err, ERR_DOCKER, "verify", "Docker does not have %s any more", name);
    else if (answer == DOCKER_OK && strcmp(images[0].id, id) != 0)
        answer =
            err_set(err, ERR_DOCKER, "verify", "%s leads to another image than was pulled", name);
    for (unsigned i = 0; answer == 0 && i < count; i++)
        answer = add_name(docker, &images[0], &also[i], &images[1], err);
    free(images);
    return answer;
}
