/*
 * Follows the files of a graph driver from the image id to the folder of each layer: config,
 * diffIDs, chain ids, cache ids. All files are opened below the root folder of the daemon.
 */
#include "layers/graph_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/digest_text.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/open_beneath.h"
#include "docker/docker.h"
#include "layers/layer_tar.h"
#include "pack/image/bundle.h"

#define WORD_SIZE 80 /* a digest, or the name of a folder */
#define HEX_SIZE  64
#define PATH_SIZE 512

/* Drivers that keep the files of a layer in a folder. A folder of vfs has the files of lower
 * layers, too. */
static const struct layout {
    const char *driver, *top, *folder;
} LAYOUTS[] = {
    {"overlay2", "overlay2", "overlay2/%s/diff"},
    {"fuse-overlayfs", "fuse-overlayfs", "fuse-overlayfs/%s/diff"},
    {"vfs", "vfs/dir", "vfs/dir/%s"},
};

struct graph_layer {
    char chain[HEX_SIZE + 1]; /* hex digits of the chain id */
    char cache_id[WORD_SIZE]; /* the folder's name */
};

struct graph_store {
    struct layer_store store;
    int root; /* the daemon's folder */
    const struct layout *layout;
    struct graph_layer layers[IMAGE_LAYERS_MAX];
};

static const struct layout *layout_of(const char *driver)
{
    for (size_t i = 0; i < ARRAY_SIZE(LAYOUTS); i++)
        if (strcmp(driver, LAYOUTS[i].driver) == 0)
            return &LAYOUTS[i];
    return NULL;
}

bool graph_store_knows(const char *driver)
{
    return layout_of(driver) != NULL;
}

/* The daemon names a folder with 64 hex digits, BuildKit with 25 letters and digits. No such name
 * leads out of the folder above. */
static bool is_folder_name(const char *text)
{
    size_t size = strspn(text, "0123456789abcdefghijklmnopqrstuvwxyz");

    return size > 0 && size <= HEX_SIZE && !text[size];
}

static int read_config(struct graph_store *graph, struct err *err)
{
    struct layer_store *store = &graph->store;
    char path[PATH_SIZE];

    snprintf(path, sizeof path, "image/%s/imagedb/content/sha256/%s", graph->layout->driver,
             digest_text_hex(store->id));
    return beneath_read(graph->root, path, &store->config, err) ? ERR_FAIL
                                                                : layer_store_list(store, err);
}

/* ---- one layer ---- */

/* Computes the chain id: the diffID of the lowest layer, then SHA-256 of "PARENT_CHAIN_ID
 * DIFF_ID". */
static void name_chain(struct graph_store *graph, unsigned number)
{
    const char *diff_id = graph->store.layers[number].diff_id;
    char both[2 * (sizeof DIGEST_TEXT_PREFIX + HEX_SIZE) + 1];
    uint8_t sum[SHA256_SIZE];

    if (number == 0) {
        memcpy(graph->layers[0].chain, digest_text_hex(diff_id), HEX_SIZE + 1);
        return;
    }
    snprintf(both, sizeof both, DIGEST_TEXT_PREFIX "%s %s", graph->layers[number - 1].chain,
             diff_id);
    sha256_of(view_str(both), sum);
    hex_encode(sum, sizeof sum, graph->layers[number].chain);
}

static void layer_path(const struct graph_store *graph, unsigned number, const char *name,
                       char out[PATH_SIZE])
{
    snprintf(out, PATH_SIZE, "image/%s/layerdb/sha256/%s/%s", graph->layout->driver,
             graph->layers[number].chain, name);
}

/* Reads a file of one word. */
static int read_word(const struct graph_store *graph, unsigned number, const char *name,
                     char out[WORD_SIZE], struct err *err)
{
    char path[PATH_SIZE];
    struct text text;
    int answer;

    text_init(&text, 256);
    layer_path(graph, number, name, path);
    answer = beneath_read(graph->root, path, &text, err);
    if (answer == 0 && !str_copy(out, WORD_SIZE, text.data))
        answer = err_set(err, ERR_LOCAL, "layout", "%s has an unexpected content", path);
    text_finish(&text);
    return answer;
}

static int look_at_layer(struct graph_store *graph, unsigned number, struct err *err)
{
    struct graph_layer *layer = &graph->layers[number];
    char diff[WORD_SIZE];

    name_chain(graph, number);
    if (read_word(graph, number, "diff", diff, err) ||
        read_word(graph, number, "cache-id", layer->cache_id, err))
        return ERR_FAIL;
    if (strcmp(diff, graph->store.layers[number].diff_id) != 0 || !is_folder_name(layer->cache_id))
        return err_set(err, ERR_LOCAL, "layout", "the description of layer %s has an unknown form",
                       layer->chain);
    return 0;
}

static int open_list(const struct graph_store *graph, unsigned number, int *list, struct err *err)
{
    char path[PATH_SIZE];
    uint64_t size;

    layer_path(graph, number, "tar-split.json.gz", path);
    return beneath_file(graph->root, path, list, &size, err);
}

static int graph_measure(struct layer_store *store, unsigned number, const struct cancel *cancel,
                         struct err *err)
{
    const struct graph_store *graph = (const struct graph_store *)store;
    int list, answer;

    if (open_list(graph, number, &list, err))
        return ERR_FAIL;
    answer = layer_tar_measure(list, cancel, &store->layers[number].size, err);
    close(list);
    return answer ? err_wrap(err, "layer %s", graph->layers[number].chain) : 0;
}

static struct layer_stream *graph_stream(struct layer_store *store, unsigned number,
                                         struct err *err)
{
    const struct graph_store *graph = (const struct graph_store *)store;
    char path[PATH_SIZE];
    int list, folder;

    snprintf(path, sizeof path, graph->layout->folder, graph->layers[number].cache_id);
    if (open_list(graph, number, &list, err))
        return NULL;
    if (beneath_folder(graph->root, path, &folder, err)) {
        close(list);
        return NULL;
    }
    return layer_tar_open(list, folder, err);
}

/* ---- the store ---- */

static void graph_close(struct layer_store *store)
{
    struct graph_store *graph = (struct graph_store *)store;

    if (graph->root >= 0)
        close(graph->root);
    free(graph);
}

static int find_config(struct graph_store *graph, const char *root, struct err *err)
{
    if (beneath_top(root, &graph->root, err) || read_config(graph, err))
        return ERR_FAIL;
    for (unsigned i = 0; i < graph->store.count; i++)
        if (look_at_layer(graph, i, err))
            return ERR_FAIL;
    return 0;
}

struct layer_store *graph_store_open(const struct layer_store_wanted *wanted, struct err *err)
{
    static const struct layer_store_table table = {graph_stream, graph_measure, graph_close};
    struct graph_store *graph = calloc(1, sizeof *graph);

    if (!graph) {
        err_memory(err, "the layers");
        return NULL;
    }
    graph->store.table = &table;
    graph->root = -1;
    graph->layout = layout_of(wanted->engine->driver);
    text_init(&graph->store.config, BUNDLE_CONFIG_MAX);
    str_copy(graph->store.id, sizeof graph->store.id, wanted->image_id);
    if (find_config(graph, wanted->engine->root_dir, err)) {
        layer_store_close(&graph->store);
        return NULL;
    }
    return &graph->store;
}

int graph_store_readable(const struct docker_engine *engine, struct err *err)
{
    /* The folders that exist before the first image. */
    static const char *const below[] = {"image/%s/imagedb/content/sha256", "image/%s/layerdb"};
    const struct layout *layout = layout_of(engine->driver);
    int root, answer = 0;

    if (beneath_top(engine->root_dir, &root, err))
        return ERR_FAIL;
    for (size_t i = 0; i <= ARRAY_SIZE(below) && answer == 0; i++) {
        char path[PATH_SIZE];

        if (i < ARRAY_SIZE(below))
            snprintf(path, sizeof path, below[i], layout->driver);
        else
            snprintf(path, sizeof path, "%s", layout->top);
        answer = beneath_look(root, path, err);
    }
    close(root);
    return answer;
}
