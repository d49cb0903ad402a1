#include "move/layer_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/json.h"
#include "move/layer_tar.h"
#include "pack/bundle.h"
#include "wire/docker.h"

#define PREFIX    "sha256:"
#define HEX_SIZE  64
#define PATH_SIZE 512

/* Drivers whose layers lie in folders as they are. vfs holds the lower layers' files as well. */
static const struct layout {
    const char *driver, *folder;
} LAYOUTS[] = {
    {"overlay2", "overlay2/%s/diff"},
    {"fuse-overlayfs", "fuse-overlayfs/%s/diff"},
    {"vfs", "vfs/dir/%s"},
};

static const struct layout *layout_of(const char *driver)
{
    for (size_t i = 0; i < ARRAY_SIZE(LAYOUTS); i++)
        if (strcmp(driver, LAYOUTS[i].driver) == 0)
            return &LAYOUTS[i];
    return NULL;
}

static int not_here(const char *why, struct err *err)
{
    return err_set(err, ERR_UNSUPPORTED, "layers", "Docker's layers cannot be read here: %s", why);
}

static const struct layout *choose_layout(const struct docker_engine *engine, struct err *err)
{
    const struct layout *layout = NULL;

    if (!engine->local)
        not_here("the daemon is not reached through a socket of this host", err);
    else if (engine->podman)
        not_here("it is Podman", err);
    else if (engine->containerd_store)
        not_here("it keeps images in containerd's store", err);
    else if (engine->root_dir[0] != '/')
        not_here("the daemon does not say where they lie", err);
    else if (!(layout = layout_of(engine->driver)))
        not_here("it is not known how this storage driver lays them out", err);
    return layout;
}

static bool is_hex(const char *text)
{
    return strlen(text) == HEX_SIZE && strspn(text, "0123456789abcdef") == HEX_SIZE;
}

static bool is_digest(const char *text)
{
    return strncmp(text, PREFIX, strlen(PREFIX)) == 0 && is_hex(text + strlen(PREFIX));
}

/* ---- the config ---- */

static int read_config(struct layer_store *store, struct err *err)
{
    char path[PATH_SIZE], hex[SHA256_HEX_SIZE];
    uint8_t sum[SHA256_SIZE];

    snprintf(path, sizeof path, "image/%s/imagedb/content/sha256/%s", store->driver,
             store->id + strlen(PREFIX));
    if (beneath_read(store->root, path, &store->config, err))
        return ERR_FAIL;
    sha256_of(text_view(&store->config), sum);
    hex_encode(sum, sizeof sum, hex);
    if (strcmp(hex, store->id + strlen(PREFIX)) != 0)
        return err_set(err, ERR_INTEGRITY, "config", "the stored config is not that of %s",
                       store->id);
    return 0;
}

static int read_diff_ids(struct layer_store *store, struct json_node diff_ids, struct err *err)
{
    size_t count = json_count(diff_ids);

    if (count == 0 || count > IMAGE_LAYERS_MAX)
        return err_set(err, ERR_INTEGRITY, "config", "an image of %zu layers", count);
    store->layers = calloc(count, sizeof *store->layers);
    if (!store->layers) {
        err_memory(err, "the layers");
        return ERR_FAIL;
    }
    for (; store->count < count; store->count++) {
        char *diff_id = store->layers[store->count].diff_id;

        if (!json_string(json_at(diff_ids, store->count), diff_id, IMAGE_ID_SIZE) ||
            !is_digest(diff_id))
            return err_set(err, ERR_INTEGRITY, "config", "a layer of the config has no digest");
    }
    return 0;
}

static int list_layers(struct layer_store *store, struct err *err)
{
    struct json *json;
    int answer;

    if (json_parse(&json, text_view(&store->config), &JSON_DOCKER, "the config", err))
        return ERR_FAIL;
    answer = read_diff_ids(store, json_get(json_get(json_root(json), "rootfs"), "diff_ids"), err);
    json_destroy(json);
    return answer;
}

/* ---- a layer ---- */

/* A chain's id: that of the lowest layer, then SHA-256 of "parent's layer's". */
static void name_chain(struct layer_store *store, unsigned number)
{
    struct stored_layer *layer = &store->layers[number];
    char both[sizeof layer->chain + IMAGE_ID_SIZE + sizeof PREFIX];
    uint8_t sum[SHA256_SIZE];

    if (number == 0) {
        memcpy(layer->chain, layer->diff_id + strlen(PREFIX), HEX_SIZE + 1);
        return;
    }
    snprintf(both, sizeof both, PREFIX "%s %s", store->layers[number - 1].chain, layer->diff_id);
    sha256_of(view_str(both), sum);
    hex_encode(sum, sizeof sum, layer->chain);
}

static void layer_path(const struct layer_store *store, unsigned number, const char *name,
                       char out[PATH_SIZE])
{
    snprintf(out, PATH_SIZE, "image/%s/layerdb/sha256/%s/%s", store->driver,
             store->layers[number].chain, name);
}

/* A file that holds one word. */
static int read_word(const struct layer_store *store, unsigned number, const char *name,
                     char out[80], struct err *err)
{
    char path[PATH_SIZE];
    struct text text;
    int answer;

    text_init(&text, 256);
    layer_path(store, number, name, path);
    answer = beneath_read(store->root, path, &text, err);
    if (answer == 0 && !str_copy(out, 80, text.data))
        answer = err_set(err, ERR_LOCAL, "layout", "%s is not what Docker writes there", path);
    text_finish(&text);
    return answer;
}

static int open_list(const struct layer_store *store, unsigned number, int *list, struct err *err)
{
    char path[PATH_SIZE];
    uint64_t size;

    layer_path(store, number, "tar-split.json.gz", path);
    return beneath_file(store->root, path, list, &size, err);
}

static int look_at_layer(struct layer_store *store, unsigned number, struct err *err)
{
    struct stored_layer *layer = &store->layers[number];
    char diff[80];

    name_chain(store, number);
    if (read_word(store, number, "diff", diff, err) ||
        read_word(store, number, "cache-id", layer->cache_id, err))
        return ERR_FAIL;
    if (strcmp(diff, layer->diff_id) != 0 || !is_hex(layer->cache_id))
        return err_set(err, ERR_LOCAL, "layout", "layer %s is not described as Docker does it",
                       layer->chain);
    return 0;
}

int layer_store_measure(struct layer_store *store, unsigned number, const struct cancel *cancel,
                        struct err *err)
{
    struct stored_layer *layer = &store->layers[number];
    int list, answer;

    if (open_list(store, number, &list, err))
        return ERR_FAIL;
    answer = layer_tar_measure(list, cancel, &layer->size, err);
    close(list);
    return answer ? err_wrap(err, "layer %s", layer->chain) : 0;
}

struct layer_tar *layer_store_tar(const struct layer_store *store, unsigned number, struct err *err)
{
    char path[PATH_SIZE];
    int list, folder;

    snprintf(path, sizeof path, store->folder_format, store->layers[number].cache_id);
    if (open_list(store, number, &list, err))
        return NULL;
    if (beneath_folder(store->root, path, &folder, err)) {
        close(list);
        return NULL;
    }
    return layer_tar_open(list, folder, err);
}

/* ---- the whole ---- */

static int look(struct layer_store *store, const char *root, struct err *err)
{
    if (beneath_top(root, &store->root, err) || read_config(store, err) || list_layers(store, err))
        return ERR_FAIL;
    for (unsigned i = 0; i < store->count; i++)
        if (look_at_layer(store, i, err))
            return ERR_FAIL;
    return 0;
}

struct layer_store *layer_store_open(const struct docker_engine *engine, const char *image_id,
                                     struct err *err)
{
    const struct layout *layout = choose_layout(engine, err);
    struct layer_store *store;

    if (!layout)
        return NULL;
    if (!is_digest(image_id)) {
        not_here("the image has no proper id", err);
        return NULL;
    }
    store = calloc(1, sizeof *store);
    if (!store) {
        err_memory(err, "the layers");
        return NULL;
    }
    text_init(&store->config, BUNDLE_CONFIG_MAX);
    str_copy(store->id, sizeof store->id, image_id);
    store->driver = layout->driver;
    store->folder_format = layout->folder;
    store->root = -1;
    if (look(store, engine->root_dir, err)) {
        layer_store_close(store);
        return NULL;
    }
    return store;
}

void layer_store_close(struct layer_store *store)
{
    if (!store)
        return;
    if (store->root >= 0)
        close(store->root);
    text_finish(&store->config);
    free(store->layers);
    free(store);
}
