/*
 * A hostile layer store of a graph driver. The image has two layers. The first byte of the input
 * selects the driver and the documents that the input replaces: the config, then for each layer
 * `diff`, `cache-id` and the lines of its list (separated by 0x1e, compressed here). The layers'
 * folders contain good files ("a", "f/g"), a FIFO, a folder, and links to a file outside. The bytes
 * of that file must never appear.
 */
#include <zlib.h>

#include "base/digest_text.h"
#include "stored.h"

#define LAYERS   2
#define SECRET   32 /* bytes of the file outside */
#define CONFIG   "{\"rootfs\":{\"diff_ids\":[\"sha256:%064x\",\"sha256:%064x\"]}}"
#define A_FILE   "0123456789abcdef"
#define LIST_END 0x1e

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct {
    const char *driver, *folder;
} drivers[] = {{"overlay2", "overlay2/%064x/diff/"},
               {"fuse-overlayfs", "fuse-overlayfs/%064x/diff/"},
               {"vfs", "vfs/dir/%064x/"}};

static char diff_ids[LAYERS][DIGEST_TEXT_SIZE], chains[LAYERS][DIGEST_TEXT_SIZE];
static uint8_t secret[SECRET];

/* ---- the constant part ---- */

static void fill_folder(const char *top)
{
    char name[300];
    static const struct {
        const char *name, *target;
    } links[] = {{"b", "../../../secret"}, {"c", "a"}, {"d", "f"}, {"e", ".."}};

    snprintf(name, sizeof name, "%sf/g", top);
    folder_way(name);
    folder_put(name, view_str(A_FILE));
    snprintf(name, sizeof name, "%sa", top);
    folder_put(name, view_str(A_FILE));
    snprintf(name, sizeof name, "%sp", top);
    check(mkfifo(folder_path(name), 0644) == 0);
    for (unsigned i = 0; i < ARRAY_SIZE(links); i++) {
        snprintf(name, sizeof name, "%s%s", top, links[i].name);
        check(symlink(links[i].target, folder_path(name)) == 0);
    }
    snprintf(name, sizeof name, "%ss", top);
    check(symlink(folder_path("secret"), folder_path(name)) == 0);
}

static void begin(void)
{
    FILE *random = fopen("/dev/urandom", "r");
    char both[2 * DIGEST_TEXT_SIZE];

    folder_make();
    check(random && fread(secret, 1, sizeof secret, random) == sizeof secret);
    fclose(random);
    folder_put("secret", view_of(secret, sizeof secret));
    for (unsigned i = 0; i < LAYERS; i++)
        snprintf(diff_ids[i], sizeof diff_ids[i], "sha256:%064x", i + 1);
    memcpy(chains[0], diff_ids[0], sizeof chains[0]);
    snprintf(both, sizeof both, "%s %s", chains[0], diff_ids[1]);
    stored_digest(view_str(both), chains[1]);
    for (unsigned i = 0; i < ARRAY_SIZE(drivers); i++)
        for (unsigned layer = 0; layer < LAYERS; layer++) {
            char top[256];

            snprintf(top, sizeof top, drivers[i].folder, layer + 1);
            fill_folder(top);
            snprintf(top, sizeof top, "image/%s/imagedb/content/sha256/", drivers[i].driver);
            folder_way(top);
            snprintf(top, sizeof top, "image/%s/layerdb/sha256/%s/", drivers[i].driver,
                     chains[layer] + strlen("sha256:"));
            folder_way(top);
        }
}

/* ---- the part of each input ---- */

/* Packs a list as stored gzip, with the right line separators. */
static void put_list(const char *name, struct view lines)
{
    size_t room = lines.size + 1000;
    uint8_t *text = malloc(lines.size + 1), *packed = malloc(room);
    z_stream z = {0};

    check(text && packed);
    for (size_t i = 0; i < lines.size; i++)
        text[i] = lines.data[i] == LIST_END ? '\n' : lines.data[i];
    deflateInit2(&z, Z_NO_COMPRESSION, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY);
    z.next_in = text;
    z.avail_in = (uInt)lines.size;
    z.next_out = packed;
    z.avail_out = (uInt)room;
    deflate(&z, Z_FINISH);
    folder_put(name, view_of(packed, z.total_out));
    deflateEnd(&z);
    free(text);
    free(packed);
}

static void put_layer(const char *driver, unsigned layer, unsigned replaced, struct view *input)
{
    static const char good[] =
        "{\"type\":1,\"name\":\"a\",\"size\":16,\"payload\":\"AAAAAAAAAAA=\",\"position\":0}\n";
    char top[256], name[300], cache_id[80];

    snprintf(top, sizeof top, "image/%s/layerdb/sha256/%s", driver,
             chains[layer] + strlen("sha256:"));
    snprintf(cache_id, sizeof cache_id, "%064x", layer + 1);
    snprintf(name, sizeof name, "%s/diff", top);
    folder_put(name, replaced & 1 ? stored_part(input) : view_str(diff_ids[layer]));
    snprintf(name, sizeof name, "%s/cache-id", top);
    folder_put(name, replaced & 2 ? stored_part(input) : view_str(cache_id));
    snprintf(name, sizeof name, "%s/tar-split.json.gz", top);
    put_list(name, replaced & 4 ? stored_part(input) : view_str(good));
}

static bool begins_here(const uint8_t *bytes) __attribute__((no_sanitize("coverage")));
static bool begins_here(const uint8_t *bytes)
{
    for (unsigned i = 0; i < SECRET; i++)
        if (bytes[i] != secret[i])
            return false;
    return true;
}

static void is_not_the_secret(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i + SECRET <= size; i++)
        check(!begins_here(bytes + i));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view input = view_of(data, size), config;
    struct docker_engine engine = {.local = true};
    char good[512], id[DIGEST_TEXT_SIZE], name[300];
    unsigned replaced, driver;

    if (!folder[0])
        begin();
    if (size < 2)
        return 0;
    driver = data[0] % ARRAY_SIZE(drivers);
    replaced = data[1];
    input = view_of(data + 2, size - 2);
    snprintf(good, sizeof good, CONFIG, 1, 2);
    config = replaced & 64 ? stored_part(&input) : view_str(good);
    stored_digest(config, id);
    for (unsigned layer = 0; layer < LAYERS; layer++)
        put_layer(drivers[driver].driver, layer, replaced >> (3 * layer), &input);
    str_copy(engine.root_dir, sizeof engine.root_dir, folder);
    str_copy(engine.driver, sizeof engine.driver, drivers[driver].driver);
    snprintf(name, sizeof name, "image/%s/imagedb/content/sha256/%s", engine.driver,
             id + strlen("sha256:"));
    folder_put(name, config);
    stored_look(&engine, id, is_not_the_secret);
    unlink(folder_path(name));
    return 0;
}
