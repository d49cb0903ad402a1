#include "layers/layer_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/hash.h"
#include "docker/docker.h"
#include "layers/blob_store.h"
#include "layers/graph_store.h"

#define PREFIX   "sha256:"
#define HEX_SIZE 64

bool layer_store_is_digest(const char *text)
{
    return strncmp(text, PREFIX, strlen(PREFIX)) == 0 &&
           strlen(text) == strlen(PREFIX) + HEX_SIZE &&
           strspn(text + strlen(PREFIX), "0123456789abcdef") == HEX_SIZE;
}

/* ---- the config ---- */

static int check_config(const struct layer_store *store, struct err *err)
{
    char hex[SHA256_HEX_SIZE];
    uint8_t sum[SHA256_SIZE];

    sha256_of(text_view(&store->config), sum);
    hex_encode(sum, sizeof sum, hex);
    if (strcmp(hex, store->id + strlen(PREFIX)) != 0)
        return err_set(err, ERR_INTEGRITY, "config", "the stored config is not that of %s",
                       store->id);
    return 0;
}

static int read_diff_ids(struct layer_store *store, struct json_node diff_ids, struct err *err)
{
    struct json_node at = json_first(diff_ids);
    size_t count = json_count(diff_ids);

    if (count == 0 || count > IMAGE_LAYERS_MAX)
        return err_set(err, ERR_INTEGRITY, "config", "an image of %zu layers", count);
    store->layers = calloc(count, sizeof *store->layers);
    if (!store->layers)
        return err_memory(err, "the layers");
    for (; store->count < count; store->count++, at = json_next(diff_ids, at, NULL)) {
        char *diff_id = store->layers[store->count].diff_id;

        if (!json_string(at, diff_id, IMAGE_ID_SIZE) || !layer_store_is_digest(diff_id))
            return err_set(err, ERR_INTEGRITY, "config", "a layer of the config has no digest");
    }
    return 0;
}

int layer_store_list(struct layer_store *store, struct err *err)
{
    struct json *json;
    int answer;

    if (check_config(store, err) ||
        json_parse(&json, text_view(&store->config), &JSON_IMAGE, "the config", err))
        return ERR_FAIL;
    answer = read_diff_ids(store, json_get(json_get(json_root(json), "rootfs"), "diff_ids"), err);
    json_destroy(json);
    return answer;
}

/* ---- which kind ---- */

static int not_here(const char *why, const char *hint, struct err *err)
{
    err_set(err, ERR_UNSUPPORTED, "layers", "Docker's layers cannot be read here: %s", why);
    return hint ? err_hint(err, "%s", hint) : ERR_FAIL;
}

static int look_at_engine(const struct docker_engine *engine, struct err *err)
{
    if (!engine->local)
        return not_here("the daemon is not reached through a socket of this host",
                        "a push on the daemon's own host reads them where they lie", err);
    if (engine->podman)
        return not_here("it is Podman", NULL, err);
    if (engine->root_dir[0] != '/')
        return not_here("the daemon does not say where they lie", NULL, err);
    if (!engine->containerd_store && !graph_store_knows(engine->driver))
        return not_here("it is not known how this storage driver lays them out",
                        "overlay2, fuse-overlayfs and vfs can be read, and containerd's store",
                        err);
    return 0;
}

/* What only somebody else may read. */
static int hint_at_rights(struct err *err)
{
    if (strcmp(err->code, "permission") == 0)
        err_hint(err, "they can be read by root, or by the user whose rootless daemon it is");
    return ERR_FAIL;
}

int layer_store_readable(const struct docker_engine *engine, struct err *err)
{
    int answer = look_at_engine(engine, err);

    if (answer)
        return answer;
    answer = engine->containerd_store ? blob_store_readable(engine, err)
                                      : graph_store_readable(engine, err);
    return answer ? hint_at_rights(err) : 0;
}

struct layer_store *layer_store_open(const struct layer_store_wanted *wanted, struct err *err)
{
    struct layer_store *store;

    if (look_at_engine(wanted->engine, err))
        return NULL;
    if (!layer_store_is_digest(wanted->image_id)) {
        not_here("the image has no proper id", NULL, err);
        return NULL;
    }
    store = wanted->engine->containerd_store ? blob_store_open(wanted, err)
                                             : graph_store_open(wanted, err);
    if (!store)
        hint_at_rights(err);
    return store;
}

void layer_store_close(struct layer_store *store)
{
    if (!store)
        return;
    text_finish(&store->config);
    free(store->layers);
    store->table->close(store);
}

int layer_store_measure(struct layer_store *store, unsigned number, const struct cancel *cancel,
                        struct err *err)
{
    return store->table->measure(store, number, cancel, err);
}

struct layer_stream *layer_store_stream(struct layer_store *store, unsigned number, struct err *err)
{
    return store->table->open(store, number, err);
}
