/*
 * What the daemon says of its images.
 */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/json.h"
#include "wire/docker_ask.h"
#include "wire/docker_stream.h"

static int read_layers(struct json_node layers, const char *name, struct docker_image *out,
                       struct err *err)
{
    struct json_node at = json_first(layers);
    size_t count = json_count(layers);

    if (count > DOCKER_LAYERS_MAX)
        return err_set(err, ERR_DOCKER, "inspect",
                       "%.200s has %zu layers, more than the %d there "
                       "may be",
                       name, count, DOCKER_LAYERS_MAX);
    for (out->layer_count = 0; out->layer_count < count;
         out->layer_count++, at = json_next(layers, at, NULL))
        if (!json_string(at, out->diff_ids[out->layer_count], sizeof out->diff_ids[0]))
            return err_set(err, ERR_DOCKER, "inspect",
                           "the daemon does not say what the layers "
                           "of %.200s are",
                           name);
    return 0;
}

/* The image is the only one of what its name leads to, and nothing of it is missing. */
static bool is_whole(struct json_node manifests, const char *id)
{
    struct json_node only = json_first(manifests);

    return json_count(manifests) == 1 && json_string_equals(json_get(only, "ID"), id) &&
           json_bool(json_get(only, "Available"), false);
}

static int read_image(struct json_node root, const char *name, struct docker_image *out,
                      struct err *err)
{
    int64_t size = 0;

    memset(out, 0, sizeof *out);
    if (!json_string(json_get(root, "Id"), out->id, sizeof out->id) || !out->id[0])
        return err_set(err, ERR_DOCKER, "inspect",
                       "the daemon does not say what the id of %.200s "
                       "is",
                       name);
    if (json_int(json_get(root, "Size"), &size) && size > 0)
        out->size = (uint64_t)size;
    json_string(json_get(root, "Os"), out->os, sizeof out->os);
    json_string(json_get(root, "Architecture"), out->architecture, sizeof out->architecture);
    json_string(json_get(root, "Variant"), out->variant, sizeof out->variant);
    out->whole = is_whole(json_get(root, "Manifests"), out->id);
    return read_layers(json_get(json_get(root, "RootFS"), "Layers"), name, out, err);
}

int docker_inspect(struct docker *docker, const char *name, struct docker_image *out,
                   struct err *err)
{
    struct json *json = NULL;
    struct text path;
    int status = 0;
    int failed;

    text_init(&path, DOCKER_PATH_MAX);
    failed = docker_image_path(name, docker->engine.tells_content ? "/json?manifests=1" : "/json",
                               &path, err);
    if (failed == 0)
        failed = docker_ask_json(docker, path.data, &json, &status, err);
    if (failed == 0 && status == 200)
        failed = read_image(json_root(json), name, out, err);
    json_destroy(json);
    text_finish(&path);
    if (failed < 0)
        return failed;
    return status == 200 ? DOCKER_OK : DOCKER_ABSENT;
}

/* Names that mean nothing ("<none>:<none>") or do not fit are left out. */
static int read_tags(struct json_node tags, struct docker_listed *out, struct err *err)
{
    struct json_node at = json_first(tags);
    size_t count = json_count(tags);

    if (count == 0)
        return 0;
    if (count > DOCKER_TAGS_MAX)
        count = DOCKER_TAGS_MAX;
    out->tags = calloc(count, sizeof *out->tags);
    if (!out->tags)
        return err_memory(err, "the names of an image");
    for (size_t i = 0; i < count; i++, at = json_next(tags, at, NULL)) {
        char *tag = out->tags[out->tag_count];

        if (json_string(at, tag, sizeof out->tags[0]) && *tag && *tag != '<')
            out->tag_count++;
    }
    return 0;
}

static int read_listed(struct json_node node, struct docker_list *list, struct err *err)
{
    struct docker_listed *out = &list->images[list->count];
    int64_t size = 0;

    if (!json_string(json_get(node, "Id"), out->id, sizeof out->id) || !out->id[0])
        return err_set(err, ERR_DOCKER, "images", "the daemon lists an image without an id");
    if (json_int(json_get(node, "Size"), &size) && size > 0)
        out->size = (uint64_t)size;
    json_int(json_get(node, "Created"), &out->created);
    list->count++;
    return read_tags(json_get(node, "RepoTags"), out, err);
}

static int read_list(struct json_node root, struct docker_list *list, struct err *err)
{
    size_t count = json_count(root);
    struct json_node at = {0};

    if (json_kind(root) != JSON_ARRAY)
        return err_set(err, ERR_DOCKER, "images", "the daemon does not say which images it has");
    if (count > DOCKER_IMAGES_MAX)
        count = DOCKER_IMAGES_MAX;
    if (count == 0)
        return 0;
    list->images = calloc(count, sizeof *list->images);
    if (!list->images)
        return err_memory(err, "the list of images");
    for (at = json_next(root, at, NULL); at.doc && list->count < count;
         at = json_next(root, at, NULL))
        if (read_listed(at, list, err))
            return ERR_FAIL;
    return 0;
}

int docker_list_images(struct docker *docker, struct docker_list *out, struct err *err)
{
    struct json *json = NULL;
    int status = 0, failed;

    *out = (struct docker_list){0};
    failed = docker_ask_json(docker, "/images/json", &json, &status, err);
    if (failed == 0 && status != 200)
        failed = err_set(err, ERR_DOCKER, "images", "the daemon does not list its images");
    if (failed == 0)
        failed = read_list(json_root(json), out, err);
    json_destroy(json);
    if (failed)
        docker_list_finish(out);
    return failed;
}

void docker_list_finish(struct docker_list *list)
{
    for (unsigned i = 0; i < list->count; i++)
        free(list->images[i].tags);
    free(list->images);
    *list = (struct docker_list){0};
}

int docker_tag(struct docker *docker, const char *name, const char *repo, const char *tag,
               struct err *err)
{
    struct text path, answer;
    int status = 0, failed;

    text_init(&path, DOCKER_PATH_MAX);
    text_init(&answer, DOCKER_SAYING_MAX);
    failed = docker_image_path(name, "/tag?repo=", &path, err);
    if (failed == 0) {
        docker_add_encoded(&path, repo, "");
        text_str(&path, "&tag=");
        docker_add_encoded(&path, tag, "");
        failed = text_check(&path, "a request to the daemon", err);
    }
    if (failed == 0)
        failed = docker_ask(docker, "POST", path.data, &status, &answer, err);
    if (failed == 0 && status == 404)
        failed = docker_no_image(docker, name, err);
    else if (failed == 0 && status / 100 != 2)
        failed = docker_refused(text_view(&answer), status, "tag", "tagging the image", err);
    text_finish(&answer);
    text_finish(&path);
    return failed;
}

int docker_untag(struct docker *docker, const char *name, struct err *err)
{
    struct text path, answer;
    int status = 0, failed;

    text_init(&path, DOCKER_PATH_MAX);
    text_init(&answer, DOCKER_SAYING_MAX);
    failed = docker_image_path(name, "", &path, err);
    if (failed == 0)
        failed = docker_ask(docker, "DELETE", path.data, &status, &answer, err);
    if (failed == 0 && status == 404)
        failed = DOCKER_ABSENT;
    else if (failed == 0 && status / 100 != 2)
        failed = docker_refused(text_view(&answer), status, "untag", "removing the name", err);
    text_finish(&answer);
    text_finish(&path);
    return failed;
}
