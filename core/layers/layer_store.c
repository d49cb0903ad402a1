/*
 * The part that both kinds of layer stores share: the config, which proves the image id, and the
 * list of layers in it.
 */
#include "layers/layer_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/codes.h"
#include "base/digest_text.h"
#include "base/err.h"
#include "base/hash.h"

static int check_config(const struct layer_store *store, struct err *err)
{
    char id[DIGEST_TEXT_SIZE];

    digest_text_of(id, text_view(&store->config));
    if (strcmp(id, store->id) != 0)
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

        if (!json_string(at, diff_id, DIGEST_TEXT_SIZE) || !digest_text_valid(diff_id))
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
