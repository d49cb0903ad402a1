/*
 * manifest.json names the config. The SHA-256 of the config is the id of the image.
 */
#include "push/tar_image_id.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest_text.h"
#include "base/err.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "pack/image/config.h"
#include "pack/tar/tar.h"

#define DOCUMENT_MAX (4 * MIB)

/* Reads from *at to the header of the next real entry. *at: the beginning of its payload. */
static bool next_entry(int fd, struct tar *tar, off_t *at)
{
    uint8_t block[TAR_BLOCK];
    struct tar_step step;
    struct err ignored;

    tar_reset(tar);
    do {
        if (file_read_at(fd, block, sizeof block, *at, "the archive", &ignored) ||
            tar_scan(tar, block, sizeof block, &step, &ignored) || step.used != sizeof block)
            return false;
        *at += TAR_BLOCK;
    } while (step.event == TAR_META);
    return step.event == TAR_ENTRY;
}

/* Finds a file of the archive and appends its content to `out`. */
static bool read_entry(int fd, const char *name, struct text *out)
{
    struct tar *tar = tar_create();
    struct err ignored;
    uint8_t *content;
    bool found = false;
    off_t at = 0;

    if (tar)
        tar_strict(tar);
    for (unsigned n = 0; tar && !found && n < IMAGE_ENTRIES_MAX && next_entry(fd, tar, &at); n++) {
        const struct tar_entry *entry = tar_entry(tar);

        found = entry->type == TAR_FILE && strcmp(entry->name, name) == 0;
        if (!found && entry->size > (uint64_t)INT64_MAX - (uint64_t)at - TAR_BLOCK)
            break;
        if (!found)
            at += (off_t)((entry->size + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK);
    }
    if (found && tar_entry(tar)->size <= DOCUMENT_MAX) {
        size_t size = (size_t)tar_entry(tar)->size;

        content = malloc(size + 1);
        found = content && file_read_at(fd, content, size, at, "the archive", &ignored) == 0;
        if (found)
            text_add(out, content, size);
        free(content);
    }
    tar_destroy(tar);
    return found && out->size;
}

/* The name of the configuration, as the manifest of a single image has it. */
static bool config_name(const struct text *manifest, char name[TAR_NAME_MAX])
{
    struct json *json;
    struct err ignored;
    bool found;

    if (json_parse(&json, text_view(manifest), &JSON_IMAGE, "manifest.json", &ignored))
        return false;
    found = json_count(json_root(json)) == 1 &&
            json_string(json_get(json_first(json_root(json)), "Config"), name, TAR_NAME_MAX);
    json_destroy(json);
    return found;
}

/* A pipe is not even opened: its writer would take that for the reader. */
static int open_file(const char *path)
{
    struct stat st;

    if (stat(path, &st) || !S_ISREG(st.st_mode))
        return -1;
    return file_open_regular(AT_FDCWD, path, O_RDONLY, 0);
}

static void read_platform(struct json_node root, char platform[PLATFORM_TEXT_SIZE])
{
    struct image_info info = {.os = ""};

    image_config_read(root, &info);
    if (info.os[0] && info.architecture[0])
        snprintf(platform, PLATFORM_TEXT_SIZE, "%s/%s%s%s", info.os, info.architecture,
                 info.variant[0] ? "/" : "", info.variant);
}

/* No layers if there are too many, or a diffID is none. */
static void read_layers(struct json_node root, struct tar_image *out)
{
    struct json_node list = image_config_diff_ids(root), at = {0};

    while ((at = json_next(list, at, NULL)).doc) {
        struct digest_text *layer = &out->layers[out->layer_count];
        uint8_t digest[SHA256_SIZE];

        if (++out->layer_count == IMAGE_LAYERS_MAX ||
            !json_string(at, layer->text, sizeof layer->text) ||
            !digest_text_read(layer->text, digest)) {
            out->layer_count = 0;
            return;
        }
    }
}

static void read_config(const struct text *config, struct tar_image *out)
{
    struct json *json;
    struct err ignored;

    if (json_parse(&json, text_view(config), &JSON_IMAGE, "the config", &ignored))
        return;
    read_platform(json_root(json), out->platform);
    read_layers(json_root(json), out);
    json_destroy(json);
}

bool tar_image_id_read(const char *path, struct tar_image *out)
{
    int fd = open_file(path);
    char name[TAR_NAME_MAX];
    struct text text;
    bool found;

    out->id[0] = out->platform[0] = '\0';
    out->layer_count = 0;
    if (fd < 0)
        return false;
    text_init(&text, DOCUMENT_MAX);
    found = read_entry(fd, "manifest.json", &text) && config_name(&text, name);
    text_clear(&text);
    found = found && read_entry(fd, name, &text);
    if (found) {
        digest_text_of(out->id, text_view(&text));
        read_config(&text, out);
    }
    text_finish(&text);
    close(fd);
    return found;
}
