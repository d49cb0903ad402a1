#include "move/loaded.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "wire/docker.h"

static bool same_layers(const struct image_info *image, const struct docker_image *local)
{
    if (image->layer_count != local->layer_count)
        return false;
    for (unsigned i = 0; i < image->layer_count; i++)
        if (strcmp(image->layers[i].diff_id, local->diff_ids[i]) != 0)
            return false;
    return true;
}

static int find(struct docker *docker, const struct image_name *name,
                const struct image_info *image, struct docker_image *local, struct err *err)
{
    const char *known = image->id;
    int answer = docker_inspect(docker, name->ref, local, err);

    if (answer < 0 || (answer == DOCKER_OK && same_layers(image, local)))
        return answer;
    answer = docker_inspect(docker, known, local, err);
    if (answer == DOCKER_OK)
        answer = docker_tag(docker, known, name->app, name->tag, err);
    return answer == DOCKER_OK ? docker_inspect(docker, name->ref, local, err) : answer;
}

int loaded_verify(struct docker *docker, const struct image_name *name,
                  const struct image_info *image, bool whole, struct err *err)
{
    const struct docker_engine *engine = docker_engine(docker);
    struct docker_image *local = malloc(sizeof *local);
    int answer;

    if (!local)
        return err_memory(err, "the image");
    answer = find(docker, name, image, local, err);
    if (answer == DOCKER_OK && !(same_layers(image, local) &&
                                 (engine->containerd_store || strcmp(local->id, image->id) == 0)))
        answer = DOCKER_ABSENT;
    if (answer == DOCKER_ABSENT)
        answer = err_set(err, ERR_DOCKER, "verify",
                         "Docker took the image but does not have it as %s", name->ref);
    else if (answer == DOCKER_OK && whole && engine->tells_content && !local->whole)
        answer = err_set(err, ERR_DOCKER, "verify", "Docker lacks layers of %s", name->ref);
    free(local);
    return answer;
}
