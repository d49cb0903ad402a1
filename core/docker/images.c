/*
 * Requests for images: inspect, list, history, tag, delete.
 */
#include <stdlib.h>
#include <string.h>

#include "base/codes.h"
#include "base/digest_text.h"
#include "base/err.h"
#include "base/json.h"
#include "docker/docker.h"
#include "docker/image_list.h"
#include "docker/messages.h"
#include "docker/request.h"

static int read_layers(struct json_node layers, const char *name, struct docker_image *out,
                       struct err *err)
{
    struct json_node at = json_first(layers);
    size_t count = json_count(layers);

    if (count > DOCKER_LAYERS_MAX)
        return err_set(err, ERR_DOCKER, CODE_INSPECT,
                       "%.200s has %zu layers, more than the limit of %d", name, count,
                       DOCKER_LAYERS_MAX);
    for (out->layer_count = 0; out->layer_count < count;
         out->layer_count++, at = json_next(layers, at, NULL))
        if (!json_string(at, out->diff_ids[out->layer_count].text, DIGEST_TEXT_SIZE))
            return err_set(err, ERR_DOCKER, CODE_INSPECT,
                           "the daemon does not report the layers of %.200s", name);
    return 0;
}

/* An image of several manifests is neither whole nor partial: those of other platforms may be
 * missing. */
static void read_manifests(struct json_node manifests, struct docker_image *out)
{
    struct json_node only = json_first(manifests);
    bool available = json_bool(json_get(only, "Available"), false);

    if (json_count(manifests) != 1 || !json_string_equals(json_get(only, "ID"), out->id))
        return;
    out->whole = available;
    out->partial = !available;
}

/* Detects containerd's store from an inspect when /info was denied: its driver is a snapshotter,
 * and newer daemons add the descriptor. */
static void learn_store(struct docker *docker, struct json_node root)
{
    if (docker->store_unknown && !docker->engine.podman &&
        (json_present(json_get(root, "Descriptor")) ||
         json_string_equals(json_get(json_get(root, "GraphDriver"), "Name"), "overlayfs")))
        docker_set_containerd(docker);
}

static int read_image(struct json_node root, const char *name, struct docker_image *out,
                      struct err *err)
{
    int64_t size = 0;

    memset(out, 0, sizeof *out);
    if (!json_string(json_get(root, "Id"), out->id, sizeof out->id) || !out->id[0])
        return err_set(err, ERR_DOCKER, CODE_INSPECT, "the daemon does not report the id of %.200s",
                       name);
    if (json_int(json_get(root, "Size"), &size) && size > 0)
        out->size = (uint64_t)size;
    json_string(json_get(root, "Os"), out->os, sizeof out->os);
    json_string(json_get(root, "Architecture"), out->architecture, sizeof out->architecture);
    json_string(json_get(root, "Variant"), out->variant, sizeof out->variant);
    read_manifests(json_get(root, "Manifests"), out);
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
    failed = docker_image_path(name, docker->engine.reports_content ? "/json?manifests=1" : "/json",
                               &path, err);
    if (failed == 0)
        failed = docker_ask_json(docker, path.data, &json, &status, err);
    if (failed == 0 && status == 200)
        failed = read_image(json_root(json), name, out, err);
    if (failed == 0 && status == 200)
        learn_store(docker, json_root(json));
    json_destroy(json);
    text_finish(&path);
    if (failed < 0)
        return failed;
    return status == 200 ? DOCKER_OK : DOCKER_ABSENT;
}

/* ---- platforms ---- */

/* Reads the platform of a manifest of an image. Returns false for other manifests, and for those
 * with missing blobs. */
static bool read_platform(struct json_node manifest, struct docker_platform *out)
{
    struct json_node platform = json_get(json_get(manifest, "ImageData"), "Platform");

    *out = (struct docker_platform){.os = ""};
    if (!json_string_equals(json_get(manifest, "Kind"), "image") ||
        !json_bool(json_get(manifest, "Available"), false))
        return false;
    json_string(json_get(platform, "os"), out->os, sizeof out->os);
    json_string(json_get(platform, "architecture"), out->architecture, sizeof out->architecture);
    json_string(json_get(platform, "variant"), out->variant, sizeof out->variant);
    return out->os[0] && out->architecture[0];
}

static int read_platforms(struct json_node manifests, const char *name,
                          struct docker_platform out[DOCKER_PLATFORMS_MAX], unsigned *count,
                          struct err *err)
{
    struct json_node manifest = {0};
    struct docker_platform platform;

    while ((manifest = json_next(manifests, manifest, NULL)).doc) {
        if (!read_platform(manifest, &platform))
            continue;
        if (*count == DOCKER_PLATFORMS_MAX)
            return err_set(err, ERR_DOCKER, CODE_INSPECT, "%.200s has more than %d platforms", name,
                           DOCKER_PLATFORMS_MAX);
        out[(*count)++] = platform;
    }
    return 0;
}

int docker_platforms(struct docker *docker, const char *name,
                     struct docker_platform out[DOCKER_PLATFORMS_MAX], unsigned *count,
                     struct err *err)
{
    struct json *json = NULL;
    struct text path;
    int status = 0, failed;

    *count = 0;
    if (!docker->engine.reports_content || !docker->engine.containerd_store)
        return DOCKER_OK;
    text_init(&path, DOCKER_PATH_MAX);
    failed = docker_image_path(name, "/json?manifests=1", &path, err);
    if (failed == 0)
        failed = docker_ask_json(docker, path.data, &json, &status, err);
    if (failed == 0 && status == 200)
        failed = read_platforms(json_get(json_root(json), "Manifests"), name, out, count, err);
    json_destroy(json);
    text_finish(&path);
    if (failed < 0)
        return failed;
    return status == 200 ? DOCKER_OK : DOCKER_ABSENT;
}

/* The layers of foreign platforms are not unpacked. */
static bool is_native(const struct docker_engine *engine, const struct docker_image *image)
{
    return strcmp(engine->os, image->os) == 0 &&
           strcmp(engine->architecture, image->architecture) == 0;
}

/* The history needs the size of each snapshot: daemons before API 1.48 return 404 and name the
 * missing one. */
int docker_unpacked(struct docker *docker, const struct docker_image *image, struct err *err)
{
    char said[512] = "";
    struct text path, answer;
    int status = 0, failed;

    if (!docker->engine.containerd_store || docker->engine.reports_content ||
        !is_native(&docker->engine, image))
        return DOCKER_OK;
    text_init(&path, DOCKER_PATH_MAX);
    text_init(&answer, DOCKER_MESSAGE_MAX);
    failed = docker_image_path(image->id, "/history", &path, err);
    if (failed == 0)
        failed = docker_ask(docker, "GET", path.data, &status, &answer, err);
    if (failed == 0 && status == 404)
        docker_error_message(text_view(&answer), said, sizeof said);
    text_finish(&answer);
    text_finish(&path);
    if (failed && err->family != ERR_LOCAL) /* such as a history that is too long */
        return ERR_FAIL;
    return strstr(said, "snapshot ") ? DOCKER_ABSENT : DOCKER_OK;
}

static void feed(void *reader, struct view bytes)
{
    docker_list_feed(reader, bytes);
}

/* Reads the response to a request for the list. */
static int read_list(struct stream *stream, struct docker_list *out, struct err *err)
{
    struct docker_list_reader reader;
    struct text answer;
    int status = 0, failed = stream_status(stream, &status, err);

    if (failed)
        return failed;
    if (status != 200) {
        text_init(&answer, DOCKER_MESSAGE_MAX);
        failed = docker_read_all(stream, &answer, err);
        if (failed == 0)
            failed =
                docker_refused(text_view(&answer), status, "images", "listing the images", err);
        text_finish(&answer);
        return failed;
    }
    docker_list_start(&reader, out);
    failed = stream_drain(stream, feed, &reader, err);
    if (!docker_list_ended(&reader) && failed == 0)
        failed = err_set(err, ERR_DOCKER, "images", "the daemon's list of images cannot be read");
    return failed;
}

int docker_list_images(struct docker *docker, struct docker_list *out, struct err *err)
{
    struct stream *stream =
        docker_request(docker, "GET", "/images/json", false, docker->endpoint.patience, NULL, err);
    int failed = stream ? 0 : ERR_FAIL;

    *out = (struct docker_list){0};
    if (stream)
        failed = read_list(stream, out, err);
    stream_close(stream);
    if (failed) {
        docker_list_finish(out);
        return docker_unanswered(docker, err);
    }
    return 0;
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
    text_init(&answer, DOCKER_MESSAGE_MAX);
    failed = docker_image_path(name, "/tag?repo=", &path, err);
    if (failed == 0) {
        text_percent(&path, repo, "");
        text_str(&path, "&tag=");
        text_percent(&path, tag, "");
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

/* Without force, a daemon refuses to remove an image that a container uses, or that has more names
 * (409). */
static int refuse_untag(const char *name, int status, struct view answer, struct err *err)
{
    char said[512];

    if (status != 409)
        return docker_refused(answer, status, "untag", "removing the name", err);
    docker_error_message(answer, said, sizeof said);
    return err_set(err, ERR_CONFLICT, CODE_IMAGE, "the image %.128s is in use: %s", name, said);
}

int docker_untag(struct docker *docker, const char *name, struct err *err)
{
    struct text path, answer;
    int status = 0, failed;

    text_init(&path, DOCKER_PATH_MAX);
    text_init(&answer, DOCKER_MESSAGE_MAX);
    failed = docker_image_path(name, "", &path, err);
    if (failed == 0)
        failed = docker_ask(docker, "DELETE", path.data, &status, &answer, err);
    if (failed == 0 && status == 404)
        failed = DOCKER_ABSENT;
    else if (failed == 0 && status / 100 != 2)
        failed = refuse_untag(name, status, text_view(&answer), err);
    text_finish(&answer);
    text_finish(&path);
    return failed;
}
