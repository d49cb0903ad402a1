/*
 * ChainID: C1 = diffID1, Cn = SHA-256 of "Cn-1 diffIDn". The keys are the ChainIDs of all prefixes
 * of all images' layers, sorted. For Podman and containerd's store, the keys are diffIDs.
 */
#include "pull/seed/local_images.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/codes.h"
#include "base/digest_text.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/log.h"
#include "docker/docker.h"

struct local_images {
    enum layer_search search;
    char app[256];
    unsigned count;
    struct local_image *images;
    size_t key_count, key_room;
    char (*keys)[DIGEST_TEXT_SIZE]; /* the names by which layers are found, sorted */
};

/* ---- keys of layers ---- */

/* Replaces a ChainID (empty: no layer yet) by that of the next layer. */
static void extend_chain(char chain[DIGEST_TEXT_SIZE], const char *diff_id)
{
    char both[2 * DIGEST_TEXT_SIZE];

    if (!chain[0]) {
        snprintf(chain, DIGEST_TEXT_SIZE, "%s", diff_id);
        return;
    }
    snprintf(both, sizeof both, "%s %s", chain, diff_id);
    digest_text_of(chain, view_str(both));
}

/* Computes the key of the next layer. */
static void next_key(const struct local_images *local, char key[DIGEST_TEXT_SIZE],
                     const char *diff_id)
{
    if (local->search != SEARCH_BY_CHAIN)
        key[0] = '\0';
    extend_chain(key, diff_id);
}

static int compare_keys(const void *a, const void *b)
{
    return strcmp(a, b);
}

static int add_key(struct local_images *local, const char *key, struct err *err)
{
    if (!array_reserve(&local->keys, &local->key_room, local->key_count, sizeof *local->keys))
        return err_memory(err, "the list of local layers");
    snprintf(local->keys[local->key_count++], DIGEST_TEXT_SIZE, "%s", key);
    return 0;
}

static int add_keys(struct local_images *local, const struct local_image *image, struct err *err)
{
    char key[DIGEST_TEXT_SIZE] = "";

    for (unsigned i = 0; i < image->layer_count; i++) {
        next_key(local, key, image->diff_ids[i].text);
        if (add_key(local, key, err))
            return ERR_FAIL;
    }
    return 0;
}

static void sort_keys(struct local_images *local)
{
    if (local->key_count)
        qsort(local->keys, local->key_count, sizeof *local->keys, compare_keys);
}

int local_images_add_plain(struct local_images *local, const struct local_image *image,
                           struct err *err)
{
    if (add_keys(local, image, err))
        return ERR_FAIL;
    sort_keys(local);
    return 0;
}

static bool has_key(const struct local_images *local, const char *key)
{
    return local->key_count &&
           bsearch(key, local->keys, local->key_count, sizeof *local->keys, compare_keys);
}

unsigned local_images_layers(const struct local_images *local, const struct digest_text *diff_ids,
                             unsigned count, bool *has)
{
    char key[DIGEST_TEXT_SIZE] = "";
    unsigned found = 0;

    for (unsigned i = 0; i < count; i++) {
        next_key(local, key, diff_ids[i].text);
        has[i] = has_key(local, key);
        found += has[i];
    }
    return found;
}

const struct local_image *local_images_list(const struct local_images *local, unsigned *count)
{
    *count = local->count;
    return local->images;
}

bool local_images_is_containerd(const struct local_images *local)
{
    return local->search == SEARCH_BY_BLOB;
}

bool local_images_finds_blobs(const struct local_images *local)
{
    return local->search != SEARCH_BY_CHAIN;
}

/* ---- the closest image ---- */

/* Compares the last part of the image's name, between '/' and ':', with the application. */
static bool is_same_app(const struct local_images *local, const struct local_image *image)
{
    const char *colon = strrchr(image->name, ':');
    const char *slash = strrchr(image->name, '/');
    const char *repository = slash ? slash + 1 : image->name;

    return colon && colon > repository && (size_t)(colon - repository) == strlen(local->app) &&
           strncmp(repository, local->app, strlen(local->app)) == 0;
}

unsigned local_images_shared(const struct local_image *image, const struct digest_text *diff_ids,
                             unsigned count)
{
    unsigned shared = 0;

    for (unsigned i = 0; i < count; i++)
        for (unsigned j = 0; j < image->layer_count; j++)
            if (strcmp(diff_ids[i].text, image->diff_ids[j].text) == 0) {
                shared++;
                break;
            }
    return shared;
}

const struct local_image *local_images_closest(const struct local_images *local,
                                               const struct digest_text *diff_ids, unsigned count,
                                               bool *same_app)
{
    const struct local_image *best = NULL;
    unsigned best_shared = 0;

    *same_app = false;
    for (unsigned i = 0; i < local->count; i++) {
        const struct local_image *image = &local->images[i];
        unsigned shared = local_images_shared(image, diff_ids, count);
        bool related = is_same_app(local, image);
        bool better =
            !best || related > *same_app ||
            (related == *same_app &&
             (shared > best_shared || (shared == best_shared && image->created > best->created)));

        if (!better)
            continue;
        best = image;
        best_shared = shared;
        *same_app = related;
    }
    return best;
}

/* ---- the list ---- */

static int copy_layers(struct local_image *image, const struct docker_image *inspected,
                       struct err *err)
{
    if (inspected->layer_count == 0)
        return 0;
    image->diff_ids = calloc(inspected->layer_count, sizeof *image->diff_ids);
    if (!image->diff_ids)
        return err_memory(err, "the list of local layers");
    memcpy(image->diff_ids, inspected->diff_ids, inspected->layer_count * sizeof *image->diff_ids);
    image->layer_count = inspected->layer_count;
    image->whole = inspected->whole;
    return 0;
}

/* Returns true if a failure ends the pull. Other failures only prevent the reuse of images. */
static bool is_fatal(const struct err *err)
{
    return err->family == ERR_CANCELLED || strcmp(err->code, CODE_MEMORY) == 0;
}

/* Returns true if the daemon refused only this request, so that the next one may succeed. */
static bool is_refusal(const struct err *err)
{
    return strcmp(err->code, CODE_REFUSED) == 0 || strcmp(err->code, CODE_INSPECT) == 0 ||
           strcmp(err->code, CODE_ANSWER) == 0 || strcmp(err->code, CODE_TOO_LARGE) == 0;
}

static int inspect_image(struct local_images *local, struct docker *docker,
                         const struct docker_listed *listed, struct docker_image *room,
                         struct err *err)
{
    struct local_image *image = &local->images[local->count];
    int answer = docker_inspect(docker, listed->id, room, err);

    if (answer == DOCKER_ABSENT) /* removed since it was listed */
        return 0;
    if (answer)
        return ERR_FAIL;
    *image = (struct local_image){.size = listed->size, .created = listed->created};
    snprintf(image->id, sizeof image->id, "%s", listed->id);
    snprintf(image->name, sizeof image->name, "%s", listed->id);
    for (unsigned i = listed->tag_count; i-- > 0;) {
        snprintf(image->name, sizeof image->name, "%s", listed->tags[i]);
        if (is_same_app(local, image))
            break;
    }
    local->count++;
    return copy_layers(image, room, err);
}

static int inspect_all(struct local_images *local, struct docker *docker,
                       const struct docker_list *list, struct err *err)
{
    struct docker_image *room = malloc(sizeof *room);
    unsigned count = list->count < LOCAL_IMAGES_MAX ? list->count : LOCAL_IMAGES_MAX;
    int answer = 0;

    local->images = calloc(count ? count : 1, sizeof *local->images);
    if (!room || !local->images)
        answer = err_memory(err, "the list of local images");
    for (unsigned i = 0; answer == 0 && i < count; i++) {
        answer = inspect_image(local, docker, &list->images[i], room, err);
        if (answer == 0 || is_fatal(err))
            continue;
        log_debug("skipping a local image: %s", err->text);
        if (!is_refusal(err))
            count = i;
        answer = 0;
    }
    free(room);
    return answer;
}

static int newest_first(const void *a, const void *b)
{
    const struct docker_listed *left = a, *right = b;

    return (left->created < right->created) - (left->created > right->created);
}

/* A pull works without local images, so most failures are only logged. */
static int read_images(struct local_images *local, struct docker *docker, struct err *err)
{
    struct docker_list list;
    int answer;

    if (docker_list_images(docker, &list, err)) {
        if (is_fatal(err))
            return ERR_FAIL;
        log_info("using no local images: %s", err->text);
        return 0;
    }
    if (list.count)
        qsort(list.images, list.count, sizeof *list.images, newest_first);
    answer = inspect_all(local, docker, &list, err);
    docker_list_finish(&list);
    return answer;
}

static struct local_images *create_empty(const char *app, enum layer_search search, struct err *err)
{
    struct local_images *local = calloc(1, sizeof *local);

    if (!local) {
        err_memory(err, "the list of local images");
        return NULL;
    }
    local->search = search;
    snprintf(local->app, sizeof local->app, "%s", app);
    return local;
}

static int index_keys(struct local_images *local, struct err *err)
{
    for (unsigned i = 0; local->search != SEARCH_BY_BLOB && i < local->count; i++)
        if (add_keys(local, &local->images[i], err))
            return ERR_FAIL;
    sort_keys(local);
    return 0;
}

static enum layer_search search_of(const struct docker_engine *engine)
{
    if (engine->containerd_store)
        return SEARCH_BY_BLOB;
    return engine->podman ? SEARCH_BY_DIFF_ID : SEARCH_BY_CHAIN;
}

struct local_images *local_images_create(struct docker *docker, const char *app, struct err *err)
{
    struct local_images *local = create_empty(app, search_of(docker_engine(docker)), err);

    if (local && (read_images(local, docker, err) || index_keys(local, err))) {
        local_images_destroy(local);
        return NULL;
    }
    return local;
}

struct local_images *local_images_suppose(const struct local_image *images, unsigned count,
                                          const char *app, enum layer_search search,
                                          struct err *err)
{
    struct local_images *local = create_empty(app, search, err);

    if (!local)
        return NULL;
    local->images = calloc(count ? count : 1, sizeof *local->images);
    for (unsigned i = 0; local->images && i < count; i++) {
        struct local_image *image = &local->images[i];

        *image = images[i];
        image->diff_ids = calloc(image->layer_count + 1, sizeof *image->diff_ids);
        if (!image->diff_ids)
            break;
        if (image->layer_count)
            memcpy(image->diff_ids, images[i].diff_ids,
                   image->layer_count * sizeof *image->diff_ids);
        local->count++;
    }
    if (!local->images || local->count != count || index_keys(local, err)) {
        err_memory(err, "the list of local images");
        local_images_destroy(local);
        return NULL;
    }
    return local;
}

void local_images_destroy(struct local_images *local)
{
    if (!local)
        return;
    for (unsigned i = 0; local->images && i < local->count; i++)
        free(local->images[i].diff_ids);
    free(local->images);
    free(local->keys);
    free(local);
}
