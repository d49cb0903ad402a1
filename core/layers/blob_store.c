/*
 * A document is accepted if its SHA-256 is its name. Of the manifests of an index, the store takes
 * the manifest with the layers and the platform that the daemon's inspect reports. If several with
 * different configs match, it takes none, and the push uses the daemon's export.
 */
#include "layers/blob_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/digest_text.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/open_beneath.h"
#include "docker/docker.h"
#include "layers/layer_blob.h"
#include "pack/image/bundle.h"
#include "pack/image/config.h"

#define CONTENT   "io.containerd.content.v1.content"
#define BLOBS     "blobs/sha256"
#define PLACE     "containerd/daemon"
#define PATH_SIZE 1024
#define READS_MAX 256 /* documents that are read: two for each platform */
#define DEPTH_MAX 3   /* usual depth: an index within an index */

enum { FOUND = 0, ANOTHER = 1 };

struct blob_store {
    struct layer_store store;
    const struct layer_store_wanted *wanted; /* valid while the store is opened */
    int root;                                /* the content's folder */
    unsigned reads;
    char blobs[IMAGE_LAYERS_MAX][DIGEST_TEXT_SIZE];
    char chosen[DIGEST_TEXT_SIZE];        /* the first manifest that matches, or "" */
    char chosen_config[DIGEST_TEXT_SIZE]; /* its config */
    bool ambiguous;                       /* another match has another config */
};

/* ---- blobs ---- */

static int open_blob(const struct blob_store *b, const char *digest, int *fd, struct err *err)
{
    char path[PATH_SIZE];
    uint64_t size;

    snprintf(path, sizeof path, BLOBS "/%s", digest_text_hex(digest));
    return beneath_file(b->root, path, fd, &size, err);
}

/* Reads a document whose SHA-256 is its name. The caller initialised `out`. */
static int read_blob(struct blob_store *b, const char *digest, struct text *out, struct err *err)
{
    char path[PATH_SIZE], actual[DIGEST_TEXT_SIZE];

    if (b->reads++ == READS_MAX)
        return err_set(err, ERR_UNSUPPORTED, "layers", "the image has too many manifests");
    snprintf(path, sizeof path, BLOBS "/%s", digest_text_hex(digest));
    if (beneath_read(b->root, path, out, err))
        return ERR_FAIL;
    digest_text_of(actual, text_view(out));
    if (strcmp(actual, digest) != 0)
        return err_set(err, ERR_INTEGRITY, "blob", "the stored document is not %s", digest);
    return 0;
}

static bool digest_of(struct json_node descriptor, char out[DIGEST_TEXT_SIZE])
{
    return json_string(json_get(descriptor, "digest"), out, DIGEST_TEXT_SIZE) &&
           digest_text_valid(out);
}

/* ---- find the config and the layers of an id ---- */

static void reset_match(struct blob_store *b)
{
    text_finish(&b->store.config);
    text_init(&b->store.config, BUNDLE_CONFIG_MAX);
    free(b->store.layers);
    b->store.layers = NULL;
    b->store.count = 0;
}

static bool has_layers(const struct blob_store *b)
{
    const struct layer_store_wanted *wanted = b->wanted;

    if (wanted->diff_id_count == 0)
        return true;
    if (wanted->diff_id_count != b->store.count)
        return false;
    for (unsigned i = 0; i < b->store.count; i++)
        if (strcmp(wanted->diff_ids[i].text, b->store.layers[i].diff_id) != 0)
            return false;
    return true;
}

/* *same: the config has the platform that the daemon reported, or none was reported. */
static int has_platform(const struct blob_store *b, bool *same, struct err *err)
{
    const struct layer_store_wanted *wanted = b->wanted;
    struct image_info info = {.os = ""};
    struct json *json;

    *same = true;
    if (!wanted->architecture)
        return 0;
    if (json_parse(&json, text_view(&b->store.config), &JSON_IMAGE, "the config", err))
        return ERR_FAIL;
    image_config_read(json_root(json), &info);
    *same = strcmp(info.os, wanted->os) == 0 &&
            strcmp(info.architecture, wanted->architecture) == 0 &&
            strcmp(info.variant, wanted->variant) == 0;
    json_destroy(json);
    return 0;
}

static void add_match(struct blob_store *b, const char *digest)
{
    if (b->chosen[0] == '\0') {
        str_copy(b->chosen, sizeof b->chosen, digest);
        str_copy(b->chosen_config, sizeof b->chosen_config, b->store.id);
    } else if (strcmp(b->chosen_config, b->store.id) != 0) {
        b->ambiguous = true;
    }
}

static int take_manifest(struct blob_store *b, const char *digest, struct json_node manifest,
                         struct err *err)
{
    struct json_node layers = json_get(manifest, "layers"), at = json_first(layers);
    size_t count = json_count(layers);
    bool same;

    if (!digest_of(json_get(manifest, "config"), b->store.id) || count > IMAGE_LAYERS_MAX)
        return err_set(err, ERR_INTEGRITY, "manifest", "a stored manifest is invalid");
    for (size_t i = 0; i < count; i++, at = json_next(layers, at, NULL))
        if (!digest_of(at, b->blobs[i]))
            return err_set(err, ERR_INTEGRITY, "manifest", "a stored manifest is invalid");
    if (read_blob(b, b->store.id, &b->store.config, err) || layer_store_list(&b->store, err))
        return ERR_FAIL;
    if (b->store.count != count)
        return err_set(err, ERR_INTEGRITY, "manifest",
                       "a stored manifest and its config differ in the number of layers");
    if (has_platform(b, &same, err))
        return ERR_FAIL;
    b->store.others |= !same;
    if (!same || !has_layers(b))
        return ANOTHER;
    add_match(b, digest);
    return FOUND;
}

static int match_document(struct blob_store *b, const char *digest, unsigned depth,
                          struct err *err);

/* Reads the manifests; without a platform it stops at the first with the layers. Manifests of other
 * platforms may be missing. If none matches, reports the last failure. */
static int take_index(struct blob_store *b, struct json_node manifests, unsigned depth,
                      struct err *err)
{
    struct json_node descriptor = json_first(manifests);
    int answer = ANOTHER;

    for (; descriptor.doc && (answer != FOUND || b->wanted->architecture);
         descriptor = json_next(manifests, descriptor, NULL)) {
        char digest[DIGEST_TEXT_SIZE];
        int found;

        if (json_present(
                json_get(json_get(descriptor, "annotations"), "vnd.docker.reference.type")) ||
            !digest_of(descriptor, digest))
            continue;
        reset_match(b);
        found = match_document(b, digest, depth + 1, err);
        answer = answer == FOUND ? FOUND : found;
    }
    return answer;
}

static int match_document(struct blob_store *b, const char *digest, unsigned depth, struct err *err)
{
    struct json *json = NULL;
    struct text text;
    int answer = ERR_FAIL;

    if (depth == DEPTH_MAX)
        return err_set(err, ERR_INTEGRITY, "manifest", "stored indexes are nested too deeply");
    text_init(&text, BUNDLE_CONFIG_MAX);
    if (read_blob(b, digest, &text, err) == 0 &&
        json_parse(&json, text_view(&text), &JSON_IMAGE, "a stored manifest", err) == 0) {
        struct json_node manifests = json_get(json_root(json), "manifests");

        answer = json_present(manifests) ? take_index(b, manifests, depth, err)
                                         : take_manifest(b, digest, json_root(json), err);
        json_destroy(json);
    }
    text_finish(&text);
    return answer;
}

/* ---- layers ---- */

static int blob_measure(struct layer_store *store, unsigned number, const struct cancel *cancel,
                        struct err *err)
{
    const struct blob_store *b = (const struct blob_store *)store;
    int fd;

    return open_blob(b, b->blobs[number], &fd, err)
               ? ERR_FAIL
               : layer_blob_measure(fd, cancel, &store->layers[number].size, err);
}

static struct layer_stream *blob_stream(struct layer_store *store, unsigned number, struct err *err)
{
    const struct blob_store *b = (const struct blob_store *)store;
    int fd;

    return open_blob(b, b->blobs[number], &fd, err) ? NULL : layer_blob_open(fd, err);
}

/* ---- the store ---- */

static void blob_store_close(struct layer_store *store)
{
    struct blob_store *b = (struct blob_store *)store;

    if (b->root >= 0)
        close(b->root);
    free(b);
}

/* Writes the path of content folder `which`, 0 or 1. Returns false for other numbers. */
static bool content_of(const struct docker_engine *engine, unsigned which, char out[PATH_SIZE])
{
    if (which == 0)
        snprintf(out, PATH_SIZE, "%s/" PLACE "/" CONTENT, engine->root_dir);
    else
        snprintf(out, PATH_SIZE, "/var/lib/containerd/" CONTENT);
    return which < 2;
}

static int choose(struct blob_store *b, struct err *err)
{
    int answer = match_document(b, b->wanted->image_id, 0, err);

    if (answer == ANOTHER)
        return err_set(err, ERR_UNSUPPORTED, "layers",
                       "no stored manifest matches the image that the daemon reports");
    if (answer != FOUND)
        return ERR_FAIL;
    if (b->ambiguous && b->wanted->architecture)
        return err_set(err, ERR_UNSUPPORTED, "layers",
                       "several stored manifests match the image that the daemon reports");
    reset_match(b); /* the last match may be of another folder */
    return match_document(b, b->chosen, 0, err) == FOUND ? 0 : ERR_FAIL;
}

/* Opens the first folder that has the image. */
static int find_content(struct blob_store *b, struct err *err)
{
    char path[PATH_SIZE];
    int answer = ERR_FAIL, fd;

    for (unsigned i = 0; answer && content_of(b->wanted->engine, i, path); i++) {
        if (b->root >= 0)
            close(b->root);
        if (beneath_top(path, &b->root, err))
            continue;
        answer = open_blob(b, b->wanted->image_id, &fd, err);
    }
    if (answer)
        return ERR_FAIL;
    close(fd);
    return choose(b, err);
}

struct layer_store *blob_store_open(const struct layer_store_wanted *wanted, struct err *err)
{
    static const struct layer_store_table table = {blob_stream, blob_measure, blob_store_close};
    struct blob_store *b = calloc(1, sizeof *b);

    if (!b) {
        err_memory(err, "the layers");
        return NULL;
    }
    b->store.table = &table;
    b->wanted = wanted;
    b->root = -1;
    text_init(&b->store.config, BUNDLE_CONFIG_MAX);
    if (find_content(b, err)) {
        layer_store_close(&b->store);
        return NULL;
    }
    b->wanted = NULL;
    return &b->store;
}

/* Checks the parent folder: before the first image there is no content folder. */
static int check_place(const struct docker_engine *engine, struct err *err)
{
    int root, answer;

    if (beneath_top(engine->root_dir, &root, err))
        return ERR_FAIL;
    answer = beneath_look(root, PLACE, err);
    close(root);
    return answer;
}

int blob_store_readable(const struct docker_engine *engine, struct err *err)
{
    char path[PATH_SIZE];
    int root, answer = ERR_FAIL;
    struct err ignored;

    for (unsigned i = 0; answer && content_of(engine, i, path); i++) {
        if (beneath_top(path, &root, err))
            continue;
        answer = beneath_look(root, BLOBS, err);
        close(root);
    }
    return answer && check_place(engine, &ignored) ? ERR_FAIL : 0;
}
