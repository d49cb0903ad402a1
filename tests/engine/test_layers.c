/*
 * A generated layer store of Docker: a push reads the image bit for bit. A hostile, damaged or
 * changing store is refused, without reads outside of it, without hanging and without crashes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "base/digest_text.h"
#include "base/err.h"
#include "base/file.h"
#include "base/hash.h"
#include "docker/docker.h"
#include "kit/sample.h"
#include "kit/scale.h"
#include "kit/tarball.h"
#include "layers/open_layers.h"
#include "pack/image/image.h"
#include "pack/index/skippable_layers.h"
#include "push/find_bases.h"
#include "push/push.h"
#include "push/reader.h"
#include "store/dir/store_dir.h"
#include "store/store.h"
#include "transfer/source_layers.h"

#define REF    "shop:20250721-2118-f7a5a27"
#define LAYERS 3

static char dir[] = "/tmp/s3dock-layers-XXXXXX";
static struct docker_engine engine;
static char image_id[DIGEST_TEXT_SIZE], chains[LAYERS][SHA256_HEX_SIZE], config_path[400];
static struct tarball layers[LAYERS];
static unsigned empty = LAYERS; /* the number of the empty layer; LAYERS: none */
static struct err err;

/* ---- a store ---- */

static const char *path_of(const char *format, ...)
{
    static char path[8][512];
    static unsigned next;
    char *out = path[next++ % 8], rest[400];
    va_list args;

    va_start(args, format);
    vsnprintf(rest, sizeof rest, format, args);
    va_end(args);
    snprintf(out, sizeof path[0], "%s/%s", dir, rest);
    return out;
}

static void put(const char *path, struct view content)
{
    FILE *file;

    assert_int_equal(file_make_parents(path, 0755, &err), 0);
    file = fopen(path, "wb"); /* not file_replace, which syncs to disk */
    assert_non_null(file);
    assert_int_equal(fwrite(content.data, 1, content.size, file), content.size);
    fclose(file);
}

static void put_list(unsigned layer, const char *lines, size_t size)
{
    gzFile file =
        gzopen(path_of("image/overlay2/layerdb/sha256/%s/tar-split.json.gz", chains[layer]), "wb");

    assert_non_null(file);
    assert_int_equal(gzwrite(file, lines, (unsigned)size), size);
    gzclose(file);
}

/* The daemon made the layers 0 and 2, BuildKit made layer 1. */
static const char *folder_of(unsigned layer)
{
    static char cache_id[65];

    snprintf(cache_id, sizeof cache_id, "%s", "izocrdmwm2mdcigwyk95ol68x");
    if (layer != 1)
        memset(cache_id, 'a' + (char)layer, 64);
    return cache_id;
}

/* Writes the list of a tar of the kit, and its files: each payload becomes a file of the folder. */
static void unpack(unsigned number, const struct tarball *tar)
{
    struct text lines;
    size_t at = 0;

    text_init(&lines, 16 * MIB);
    while (at < tar->size) {
        const uint8_t *header = tar->data + at;
        uint64_t size = strtoull((const char *)header + 124, NULL, 8);
        bool is_file = header[0] && header[156] == '0' && size;
        size_t raw = header[0] ? 512 + (is_file ? 0 : (size + 511) / 512 * 512) : tar->size - at;
        char coded[BASE64_SIZE(4096)];

        base64_encode(header, raw, coded);
        text_printf(&lines, "{\"type\":2,\"payload\":\"%s\",\"position\":0}\n", coded);
        at += raw;
        if (!is_file)
            continue;
        put(path_of("overlay2/%s/diff/%s", folder_of(number), (const char *)header),
            view_of(tar->data + at, size));
        text_printf(&lines,
                    "{\"type\":1,\"name\":\"%s\",\"size\":%llu,\"payload\":\"AAAAAAAAAAA=\"}\n",
                    (const char *)header, (unsigned long long)size);
        at += size;
        size = (512 - size % 512) % 512;
        base64_encode(tar->data + at, size, coded);
        text_printf(&lines, "{\"type\":2,\"payload\":\"%s\"}\n", coded);
        at += size;
    }
    put_list(number, lines.data, lines.size);
    text_finish(&lines);
}

static void fill(unsigned number, struct tarball *tar)
{
    uint8_t *bytes;
    char name[64];

    tarball_init(tar);
    if (number == empty)
        return;
    bytes = malloc(3 * mib);
    noise(bytes, 3 * mib, number);
    tarball_directory(tar, "etc/");
    tarball_text(tar, "etc/motd", number ? "hello\n" : "");
    tarball_symlink(tar, "etc/issue", "../../../../../etc/passwd");
    tarball_pax(tar, 'x', "30 mtime=1700000000.123456789\n");
    tarball_file(tar, "large.bin", bytes, 3 * mib - number);
    for (unsigned i = 0; i < 40; i++) {
        snprintf(name, sizeof name, "srv/%u/%u.txt", i % 7, i);
        tarball_file(tar, name, bytes + i, i * 13);
    }
    tarball_end(tar);
    free(bytes);
}

static void digest(struct view bytes, char out[DIGEST_TEXT_SIZE])
{
    uint8_t sum[SHA256_SIZE];

    memcpy(out, "sha256:", 7);
    sha256_of(bytes, sum);
    hex_encode(sum, sizeof sum, out + 7);
}

static void make_store(void)
{
    char diff[DIGEST_TEXT_SIZE], above[DIGEST_TEXT_SIZE] = "", both[200], config[2048];
    size_t used = (size_t)snprintf(config, sizeof config,
                                   "{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{},"
                                   "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[");

    for (unsigned i = 0; i < LAYERS; i++) {
        fill(i, &layers[i]);
        digest(view_of(layers[i].data, layers[i].size), diff);
        used +=
            (size_t)snprintf(config + used, sizeof config - used, "%s\"%s\"", i ? "," : "", diff);
        snprintf(both, sizeof both, "%s %s", above, diff);
        if (i)
            digest(view_str(both), above);
        else
            memcpy(above, diff, sizeof above);
        snprintf(chains[i], sizeof chains[i], "%s", above + 7);
        put(path_of("image/overlay2/layerdb/sha256/%s/diff", chains[i]), view_str(diff));
        put(path_of("image/overlay2/layerdb/sha256/%s/cache-id", chains[i]),
            view_str(folder_of(i)));
        unpack(i, &layers[i]);
    }
    snprintf(config + used, sizeof config - used, "]}}");
    digest(view_str(config), image_id);
    snprintf(config_path, sizeof config_path, "%s",
             path_of("image/overlay2/imagedb/content/sha256/%s", image_id + 7));
    put(config_path, view_str(config));
    engine = (struct docker_engine){.local = true, .driver = "overlay2"};
    snprintf(engine.root_dir, sizeof engine.root_dir, "%s", dir);
}

static int clear(void)
{
    char command[200];

    snprintf(command, sizeof command, "rm -rf %s && mkdir %s", dir, dir);
    return system(command);
}

static int set_up(void **state)
{
    (void)state;
    if (clear())
        return -1;
    make_store();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (unsigned i = 0; i < LAYERS; i++)
        tarball_finish(&layers[i]);
    return clear();
}

/* ---- reading ---- */

static struct source *open_layer_source(void)
{
    return source_layers(
        &(struct source_layers_options){.image = {.engine = &engine, .image_id = image_id},
                                        .reference = REF},
        &err);
}

static int read_whole(size_t cap, struct text *out)
{
    struct source *source = open_layer_source();
    uint8_t *piece = malloc(cap);
    long got = source ? 1 : ERR_FAIL;

    while (got > 0) {
        got = source_read(source, piece, cap, &err);
        if (got > 0)
            text_add(out, piece, (size_t)got);
    }
    if (got == 0) {
        assert_int_equal(source->size_hint, out->size);
        assert_int_equal(source->kind, SOURCE_LAYERS);
    }
    free(piece);
    source_destroy(source);
    return got < 0 ? ERR_FAIL : 0;
}

/* Reading fails, at the beginning or later, and the bytes before that do not contain `secret`. */
static void refused(const char *secret)
{
    struct text out;

    text_init(&out, 64 * MIB);
    if (read_whole(64 * KIB, &out) == 0)
        fail_msg("the store was taken");
    if (secret)
        assert_null(memmem(out.data, out.size, secret, strlen(secret)));
    text_finish(&out);
}

static void the_image_is_read_bit_for_bit(void **state)
{
    static const size_t caps[] = {1, 512, 100000, 8 * MIB};
    struct text first;

    (void)state;
    text_init(&first, 64 * MIB);
    assert_int_equal(read_whole(MIB, &first), 0);
    for (unsigned i = 0; i < LAYERS; i++)
        assert_non_null(memmem(first.data, first.size, layers[i].data, layers[i].size));
    for (size_t i = 0; i < ARRAY_SIZE(caps); i++) {
        struct text out;

        text_init(&out, 64 * MIB);
        assert_int_equal(read_whole(caps[i], &out), 0);
        assert_true(view_equals(text_view(&out), text_view(&first)));
        text_finish(&out);
    }
    text_finish(&first);
}

static struct store *open_bucket(void)
{
    struct store *store = store_dir_create(
        &(struct store_dir_options){.path = dir, .bucket = "bucket", .create = true}, &err);

    assert_non_null(store);
    return store;
}

/* The push engine accepts the stream as an image and verifies it. */
static void the_stream_is_a_save_archive(void **state)
{
    struct push_options options = {
        .choice = {CODEC_GZIP, 1}, .transfer.jobs = 2, .input = path_of("image.tar")};
    struct push_result result;
    struct text out;

    (void)state;
    text_init(&out, 64 * MIB);
    assert_int_equal(read_whole(MIB, &out), 0);
    put(options.input, text_view(&out));
    assert_int_equal(name_parse_image(REF, &options.name, &err), 0);
    options.store = open_bucket();
    if (push_run(&options, &result, &err))
        fail_msg("%s", err.text);
    assert_string_equal(result.image_id, image_id);
    assert_string_equal(result.source, "file");
    store_destroy(options.store);
    text_finish(&out);
}

/* Some builders create such layers. The image does not end there. */
static void an_empty_layer_is_a_layer(void **state)
{
    for (unsigned i = 0; i < LAYERS; i++) {
        for (unsigned k = 0; k < LAYERS; k++)
            tarball_finish(&layers[k]);
        empty = i;
        assert_int_equal(set_up(state), 0);
        the_stream_is_a_save_archive(state);
    }
    empty = LAYERS;
}

/* ---- skipped layers ---- */

static void push_file(const char *name, struct store *store)
{
    struct push_options options = {.choice = {CODEC_GZIP, 1},
                                   .transfer.jobs = 2,
                                   .store = store,
                                   .input = path_of("image.tar")};
    struct push_result result;
    struct text out;

    text_init(&out, 64 * MIB);
    assert_int_equal(read_whole(MIB, &out), 0);
    put(options.input, text_view(&out));
    text_finish(&out);
    assert_int_equal(name_parse_image(name, &options.name, &err), 0);
    if (push_run(&options, &result, &err))
        fail_msg("%s", err.text);
}

static void find_all_bases(struct store *store, struct bases *out)
{
    struct image_name name;

    assert_int_equal(name_parse_image(REF, &name, &err), 0);
    find_bases(store, &(struct find_bases_wanted){.name = &name, .index_most = 16 * MIB}, out);
}

enum { STARTED = 1, FILLED, SPARE, READ };

/* Compares the reader's chunks with those of the whole stream. Returns the number of bytes that
 * were not read, or fails. */
static long read_with(const struct bases *bases, uint64_t lead, struct view whole)
{
    struct source_layers_options options = {.image = {.engine = &engine, .image_id = image_id},
                                            .reference = REF,
                                            .held = bases->held,
                                            .held_count = bases->count,
                                            .lead = lead,
                                            .params = CHUNK_DEFAULT};
    struct source *source = source_layers(&options, &err);
    struct inbox *inbox = inbox_create(&err);
    struct buffers *buffers = buffers_create(3, MIB, MIB, sizeof(struct push_span), &err);
    const struct image_info *info = NULL;
    struct reader *reader;
    struct msg *msg;
    uint64_t at = 0;
    long left_out = 0;

    if (!source)
        fail_msg("%s", err.text);
    reader = reader_create(&(struct reader_options){.source = source,
                                                    .params = CHUNK_DEFAULT,
                                                    .mtime = -1,
                                                    .buffer_size = MIB,
                                                    .known = bases->known,
                                                    .inbox = inbox,
                                                    .kind_started = STARTED,
                                                    .kind_span = FILLED,
                                                    .kind_unused = SPARE,
                                                    .kind_done = READ},
                           &err);
    for (struct buffer *buffer; (buffer = buffers_take(buffers));)
        reader_give(reader, push_span_of(buffer));
    while ((msg = inbox_take(inbox, INBOX_FOREVER))->kind != READ) {
        struct push_span *span = (struct push_span *)msg;

        for (unsigned i = 0; msg->kind == FILLED && i < span->count; i++) {
            const struct push_chunk *chunk = &span->chunks[i];
            struct chunk_name name =
                chunk_name_of(NAME_SHA256, whole.data + at, chunk->chunk.raw_size);

            assert_true(chunk_name_equals(&name, &chunk->chunk.name));
            at += chunk->chunk.raw_size;
            if (chunk->fate != CHUNK_UNREAD)
                continue;
            left_out += chunk->chunk.raw_size;
            assert_true(chunk->held.size > 0 && chunk->held.run_size >= chunk->held.size);
        }
        if (msg->kind == FILLED)
            reader_give(reader, push_span_of(span->buffer));
        else if (msg->kind == SPARE)
            buffers_give(buffers, span->buffer);
    }
    for (struct push_span *span; (span = reader_reclaim(reader));)
        buffers_give(buffers, span->buffer);
    if (reader_result(reader, &info, &err) == 0) {
        assert_int_equal(at, whole.size);
        assert_string_equal(info->id, image_id);
        assert_int_equal(info->layer_count, LAYERS);
    } else {
        left_out = ERR_FAIL;
    }
    reader_destroy(reader);
    source_destroy(source);
    buffers_destroy(buffers);
    inbox_destroy(inbox);
    return left_out;
}

static void forget_files(unsigned layer)
{
    char command[400];

    snprintf(command, sizeof command, "rm -rf %s", path_of("overlay2/%s", folder_of(layer)));
    assert_int_equal(system(command), 0);
}

static void layers_of_a_base_are_not_read(void **state)
{
    struct store *store = open_bucket();
    struct bases bases;
    struct text whole;
    size_t all = 0;

    (void)state;
    push_file(REF, store);
    find_all_bases(store, &bases);
    assert_int_equal(bases.count, 1);
    text_init(&whole, 64 * MIB);
    assert_int_equal(read_whole(MIB, &whole), 0);
    for (unsigned i = 0; i < LAYERS; i++)
        all += (layers[i].size + 511) / 512 * 512;
    /* With a lead, the beginning of the first layer is read. */
    assert_in_range(read_with(&bases, 3500000, text_view(&whole)), all / 2, 2 * all / 3);
    assert_in_range(read_with(&bases, 500000, text_view(&whole)), 2 * all / 3, all);
    /* Without a lead, no file of a layer and no list is opened. */
    for (unsigned i = 0; i < LAYERS; i++) {
        forget_files(i);
        assert_int_equal(
            unlink(path_of("image/overlay2/layerdb/sha256/%s/tar-split.json.gz", chains[i])), 0);
    }
    assert_int_equal(read_with(&bases, 0, text_view(&whole)), all);
    /* If the file is needed, its absence is reported. */
    assert_int_equal(read_with(&bases, UINT64_MAX, text_view(&whole)), ERR_FAIL);
    bases_finish(&bases);
    store_destroy(store);
    text_finish(&whole);
}

/* As fuse-overlayfs writes them. */
static void lay_out_as_vfs(void)
{
    assert_int_equal(rename(path_of("image/fuse-overlayfs"), path_of("image/vfs")), 0);
    assert_int_equal(mkdir(path_of("vfs"), 0755) | mkdir(path_of("vfs/dir"), 0755), 0);
    for (unsigned i = 0; i < LAYERS; i++)
        assert_int_equal(rename(path_of("fuse-overlayfs/%s/diff", folder_of(i)),
                                path_of("vfs/dir/%s", folder_of(i))),
                         0);
    str_copy(engine.driver, sizeof engine.driver, "vfs");
}

static void other_drivers_are_known_or_refused(void **state)
{
    static const char *const unknown[] = {"",          "aufs",       "btrfs", "zfs", "devicemapper",
                                          "overlayfs", "../overlay2"};
    struct text out;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(unknown); i++) {
        str_copy(engine.driver, sizeof engine.driver, unknown[i]);
        refused(NULL);
        assert_int_equal(err.family, ERR_UNSUPPORTED);
    }
    assert_int_equal(rename(path_of("overlay2"), path_of("fuse-overlayfs")), 0);
    assert_int_equal(rename(path_of("image/overlay2"), path_of("image/fuse-overlayfs")), 0);
    str_copy(engine.driver, sizeof engine.driver, "fuse-overlayfs");
    text_init(&out, 64 * MIB);
    assert_int_equal(read_whole(MIB, &out), 0);
    lay_out_as_vfs();
    text_clear(&out);
    assert_int_equal(read_whole(MIB, &out), 0);
    text_finish(&out);
}

/* A daemon without images has not created all of its folders. */
static void a_fresh_daemon_can_be_read(void **state)
{
    struct docker_engine fresh = engine;
    char command[256];

    (void)state;
    snprintf(fresh.root_dir, sizeof fresh.root_dir, "%s/fresh", dir);
    for (int containerd = 0; containerd < 2; containerd++) {
        fresh.containerd_store = containerd;
        assert_int_equal(open_layers_readable(&fresh, &err), ERR_FAIL);
        snprintf(command, sizeof command, "cd %s && mkdir -p %s", dir,
                 containerd ? "fresh/containerd/daemon"
                            : "fresh/image/overlay2/imagedb/content/sha256 "
                              "fresh/image/overlay2/layerdb fresh/overlay2");
        assert_int_equal(system(command), 0);
        if (open_layers_readable(&fresh, &err))
            fail_msg("%s", err.text);
    }
}

static void elsewhere_is_refused(void **state)
{
    (void)state;
    engine.local = false;
    refused(NULL);
    assert_int_equal(err.family, ERR_UNSUPPORTED);
    engine.local = true;
    assert_int_equal(open_layers_readable(&engine, &err), 0);
    engine.containerd_store = true;
    refused(NULL);
    engine.containerd_store = false;
    engine.podman = true;
    refused(NULL);
    engine.podman = false;
    str_copy(engine.root_dir, sizeof engine.root_dir, "relative");
    refused(NULL);
    str_copy(engine.root_dir, sizeof engine.root_dir, "/no/such/folder");
    refused(NULL);
}

/* ---- damaged stores ---- */

static void config_changed(void)
{
    put(config_path, view_str("{\"rootfs\":{\"diff_ids\":[]}}"));
}

static void config_away(void)
{
    assert_int_equal(unlink(config_path), 0);
}

static void config_a_fifo(void)
{
    config_away();
    assert_int_equal(mkfifo(config_path, 0644), 0);
}

static void list_away(void)
{
    assert_int_equal(
        unlink(path_of("image/overlay2/layerdb/sha256/%s/tar-split.json.gz", chains[1])), 0);
}

static void list_cut_short(void)
{
    const char *path = path_of("image/overlay2/layerdb/sha256/%s/tar-split.json.gz", chains[2]);
    struct stat st;

    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(truncate(path, st.st_size / 2), 0);
}

static void list_of_another(void)
{
    assert_int_equal(
        rename(path_of("image/overlay2/layerdb/sha256/%s/tar-split.json.gz", chains[0]),
               path_of("image/overlay2/layerdb/sha256/%s/tar-split.json.gz", chains[1])),
        0);
}

static void list_leads_out(void)
{
    static const char line[] = "{\"type\":1,\"name\":\"../../../secret\",\"size\":6}\n";

    put_list(0, line, strlen(line));
}

static void list_is_huge(void)
{
    static const char line[] = "{\"type\":1,\"name\":\"etc/motd\",\"size\":999999999999999999}\n";

    put_list(0, line, strlen(line));
}

static void cache_id_leads_out(void)
{
    put(path_of("image/overlay2/layerdb/sha256/%s/cache-id", chains[0]), view_str("../../outside"));
}

static void cache_id_empty(void)
{
    put(path_of("image/overlay2/layerdb/sha256/%s/cache-id", chains[0]), view_str(""));
}

static void diff_of_another(void)
{
    put(path_of("image/overlay2/layerdb/sha256/%s/diff", chains[0]), view_str(image_id));
}

static void file_away(void)
{
    assert_int_equal(unlink(path_of("overlay2/%s/diff/srv/3/10.txt", folder_of(1))), 0);
}

static void file_shrank(void)
{
    assert_int_equal(truncate(path_of("overlay2/%s/diff/large.bin", folder_of(1)), 100), 0);
}

static void file_grew(void)
{
    assert_int_equal(truncate(path_of("overlay2/%s/diff/large.bin", folder_of(1)), 4 << 20), 0);
}

static void file_a_fifo(void)
{
    file_away();
    assert_int_equal(mkfifo(path_of("overlay2/%s/diff/srv/3/10.txt", folder_of(1)), 0644), 0);
}

static void file_a_folder(void)
{
    file_away();
    assert_int_equal(mkdir(path_of("overlay2/%s/diff/srv/3/10.txt", folder_of(1)), 0755), 0);
}

static void write_secret(const char *name)
{
    char secret[131] = "";

    memset(secret, 'S', 130); /* as long as srv/3/10.txt */
    put(path_of("%s", name), view_str(secret));
}

static void file_a_link(void)
{
    file_away();
    write_secret("secret");
    assert_int_equal(
        symlink(path_of("secret"), path_of("overlay2/%s/diff/srv/3/10.txt", folder_of(1))), 0);
}

static void folder_a_link(void)
{
    file_away();
    write_secret("outside/10.txt");
    assert_int_equal(rename(path_of("overlay2/%s/diff/srv/3", folder_of(1)), path_of("gone")), 0);
    assert_int_equal(symlink(path_of("outside"), path_of("overlay2/%s/diff/srv/3", folder_of(1))),
                     0);
}

static void layer_away(void)
{
    assert_int_equal(rename(path_of("overlay2/%s/diff", folder_of(2)), path_of("gone")), 0);
}

static void broken_stores_are_refused(void **state)
{
    static void (*const breaks[])(void) = {
        config_changed,  config_away,  config_a_fifo,   list_away,          list_cut_short,
        list_leads_out,  list_is_huge, list_of_another, cache_id_leads_out, cache_id_empty,
        diff_of_another, file_away,    file_shrank,     file_grew,          file_a_fifo,
        file_a_folder,   file_a_link,  folder_a_link,   layer_away,
    };

    for (size_t i = 0; i < ARRAY_SIZE(breaks); i++) {
        if (i) {
            tear_down(state);
            set_up(state);
        }
        breaks[i]();
        refused("SSSSSSSS");
        if (err.family == ERR_INTERNAL || err.family == ERR_NONE)
            fail_msg("break %zu: %s", i, err.text);
    }
}

/* Other bytes of the same length: only the layer's diffID detects them. */
static void changed_bytes_are_detected_by_the_digest(void **state)
{
    const char *path = path_of("overlay2/%s/diff/srv/3/10.txt", folder_of(1));
    struct push_options options = {
        .choice = {CODEC_GZIP, 1}, .transfer.jobs = 2, .input = path_of("image.tar")};
    struct push_result result;
    struct text out;
    char other[130];

    (void)state;
    memset(other, 'x', sizeof other);
    put(path, view_of(other, sizeof other));
    text_init(&out, 64 * MIB);
    assert_int_equal(read_whole(MIB, &out), 0);
    put(options.input, text_view(&out));
    text_finish(&out);
    assert_int_equal(name_parse_image(REF, &options.name, &err), 0);
    options.store = open_bucket();
    assert_int_equal(push_run(&options, &result, &err), ERR_FAIL);
    assert_int_equal(err.family, ERR_INTEGRITY);
    store_destroy(options.store);
}

/* ---- containerd's store ---- */

#define CONTENT "containerd/daemon/io.containerd.content.v1.content/blobs/sha256"

static struct digest_text blobs[LAYERS];
static char manifest_id[DIGEST_TEXT_SIZE], index_id[DIGEST_TEXT_SIZE];

/* Writes a blob under its SHA-256 and sets `id`. */
static void put_blob(struct view bytes, char id[DIGEST_TEXT_SIZE])
{
    digest(bytes, id);
    put(path_of(CONTENT "/%s", id + 7), bytes);
}

static void put_gzip(struct view bytes, char id[DIGEST_TEXT_SIZE])
{
    const char *path = path_of("packed.gz");
    gzFile file = gzopen(path, "wb1");
    struct text packed;

    assert_int_equal(gzwrite(file, bytes.data, (unsigned)bytes.size), bytes.size);
    gzclose(file);
    text_init(&packed, 16 * MIB);
    assert_int_equal(file_read(path, &packed, &err), 0);
    put_blob(text_view(&packed), id);
    text_finish(&packed);
}

static void put_zstd(struct view bytes, char id[DIGEST_TEXT_SIZE])
{
    size_t room = ZSTD_compressBound(bytes.size), size;
    uint8_t *packed = malloc(room);

    size = ZSTD_compress(packed, room, bytes.data, bytes.size, 1);
    assert_false(ZSTD_isError(size));
    put_blob(view_of(packed, size), id);
    free(packed);
}

/* The same image in containerd's form: a gzip, a zstd and a plain layer, and an index with other
 * typical entries. */
static void make_blob_store(void)
{
    char json[4096];
    struct text config;

    text_init(&config, MIB);
    assert_int_equal(file_read(config_path, &config, &err), 0);
    put_blob(text_view(&config), image_id);
    text_finish(&config);
    put_gzip(view_of(layers[0].data, layers[0].size), blobs[0].text);
    put_zstd(view_of(layers[1].data, layers[1].size), blobs[1].text);
    put_blob(view_of(layers[2].data, layers[2].size), blobs[2].text);
    snprintf(json, sizeof json,
             "{\"schemaVersion\":2,\"config\":{\"digest\":\"%s\"},\"layers\":"
             "[{\"digest\":\"%s\"},{\"digest\":\"%s\"},{\"digest\":\"%s\"}]}",
             image_id, blobs[0].text, blobs[1].text, blobs[2].text);
    put_blob(view_str(json), manifest_id);
    snprintf(json, sizeof json,
             "{\"schemaVersion\":2,\"manifests\":["
             "{\"digest\":\"sha256:%064d\",\"platform\":{\"architecture\":\"arm64\"}},"
             "{\"digest\":\"%s\",\"annotations\":{\"vnd.docker.reference.type\":\"a\"}},"
             "{\"digest\":\"%s\"}]}",
             7, blobs[2].text, manifest_id);
    put_blob(view_str(json), index_id);
    engine.containerd_store = true;
    str_copy(engine.driver, sizeof engine.driver, "overlayfs");
}

/* Opens the image by the daemon's id, with the first of the layers that the daemon reports. */
static int read_blobs(const char *id, const char *first_layer, struct text *out)
{
    struct digest_text diff_ids[LAYERS];
    struct source_layers_options options = {.image = {.engine = &engine, .image_id = id},
                                            .reference = REF};
    struct source *source;
    uint8_t *piece = malloc(MIB);
    long got;

    for (unsigned i = 0; i < LAYERS; i++)
        digest(view_of(layers[i].data, layers[i].size), diff_ids[i].text);
    if (first_layer) {
        str_copy(diff_ids[0].text, sizeof diff_ids[0].text, first_layer);
        options.image.diff_ids = diff_ids;
        options.image.diff_id_count = LAYERS;
    }
    source = source_layers(&options, &err);
    got = source ? 1 : ERR_FAIL;
    while (got > 0) {
        got = source_read(source, piece, MIB, &err);
        if (got > 0)
            text_add(out, piece, (size_t)got);
    }
    free(piece);
    source_destroy(source);
    return got < 0 ? ERR_FAIL : 0;
}

static void containerds_store_gives_the_same_bytes(void **state)
{
    struct text wanted, out;
    char first[DIGEST_TEXT_SIZE];

    (void)state;
    text_init(&wanted, 64 * MIB);
    assert_int_equal(read_whole(MIB, &wanted), 0);
    make_blob_store();
    digest(view_of(layers[0].data, layers[0].size), first);
    for (unsigned i = 0; i < 4; i++) {
        text_init(&out, 64 * MIB);
        if (read_blobs(i % 2 ? index_id : manifest_id, i / 2 ? first : NULL, &out))
            fail_msg("%u: %s", i, err.text);
        assert_true(view_equals(text_view(&out), text_view(&wanted)));
        text_finish(&out);
    }
    text_init(&out, 64 * MIB);
    assert_int_equal(read_blobs(index_id, image_id, &out), ERR_FAIL);
    assert_int_equal(err.family, ERR_UNSUPPORTED);
    assert_int_equal(open_layers_readable(&engine, &err), 0);
    text_finish(&out);
    text_finish(&wanted);
}

static void add_platform(char *json, const char *architecture, const char *variant, const char *cmd)
{
    char id[DIGEST_TEXT_SIZE], text[1000];

    snprintf(text, sizeof text,
             "{\"architecture\":\"%s\",\"variant\":\"%s\",\"os\":\"linux\",\"config\":{\"Cmd\":[\"%"
             "s\"]},"
             "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"%s\",\"%s\",\"%s\"]}}",
             architecture, variant, cmd, blobs[0].text, blobs[1].text, blobs[2].text);
    put_blob(view_str(text), id);
    snprintf(text, sizeof text,
             "{\"config\":{\"digest\":\"%s\"},\"layers\":[{\"digest\":\"%s\"},{\"digest\":\"%s\"},"
             "{\"digest\":\"%s\"}]}",
             id, blobs[0].text, blobs[1].text, blobs[2].text);
    put_blob(view_str(text), id);
    sprintf(json + strlen(json), "%s{\"digest\":\"%s\"}", json[strlen(json) - 1] == '[' ? "" : ",",
            id);
}

/* Reads the image of `index_id` for a platform. Writes an archive to `out`. */
static int read_platform(const char *architecture, const char *variant, struct text *out)
{
    struct source_layers_options options = {.image = {.engine = &engine,
                                                      .image_id = index_id,
                                                      .diff_ids = blobs,
                                                      .diff_id_count = LAYERS,
                                                      .os = "linux",
                                                      .architecture = architecture,
                                                      .variant = variant},
                                            .reference = REF};
    struct source *source = source_layers(&options, &err);
    uint8_t *piece = malloc(MIB);
    long got = source ? 1 : ERR_FAIL;

    if (source && !source->others)
        fail_msg("the source has not seen the other platforms");
    text_clear(out);
    while (got > 0) {
        got = source_read(source, piece, MIB, &err);
        if (got > 0)
            text_add(out, piece, (size_t)got);
    }
    free(piece);
    source_destroy(source);
    return got < 0 ? ERR_FAIL : 0;
}

static bool holds(const struct text *out, const char *words)
{
    return memmem(out->data, out->size, words, strlen(words)) != NULL;
}

/* Platforms with equal layers (static files, jars): the daemon's inspect decides which one is
 * meant, not the order. */
static void the_platform_of_the_daemon_is_read(void **state)
{
    struct text out;
    char json[2000] = "{\"manifests\":[";

    (void)state;
    text_init(&out, 64 * MIB);
    make_blob_store();
    for (unsigned i = 0; i < LAYERS; i++)
        put_blob(view_of(layers[i].data, layers[i].size), blobs[i].text);
    add_platform(json, "arm64", "v8", "/arm64");
    add_platform(json, "amd64", "", "/amd64");
    add_platform(json, "arm", "v6", "/armv6");
    add_platform(json, "arm", "v7", "/armv7");
    strcat(json, "]}");
    put_blob(view_str(json), index_id);
    assert_int_equal(read_platform("amd64", "", &out), 0);
    assert_true(holds(&out, "/amd64") && !holds(&out, "/arm"));
    assert_int_equal(read_platform("arm64", "v8", &out), 0);
    assert_true(holds(&out, "/arm64"));
    assert_int_equal(read_platform("arm", "v7", &out), 0);
    assert_true(holds(&out, "/armv7") && !holds(&out, "/armv6"));
    assert_int_equal(read_platform("riscv64", "", &out), ERR_FAIL);
    assert_int_equal(err.family, ERR_UNSUPPORTED);

    /* Two images of one platform: the push uses the daemon's export instead of a guess. */
    json[strlen(json) - 2] = '\0';
    add_platform(json, "amd64", "", "/other");
    strcat(json, "]}");
    put_blob(view_str(json), index_id);
    assert_int_equal(read_platform("amd64", "", &out), ERR_FAIL);
    assert_int_equal(err.family, ERR_UNSUPPORTED);
    assert_int_equal(read_platform("arm64", "v8", &out), 0);
    text_finish(&out);
}

static const char *blob_path(const char *id)
{
    return path_of(CONTENT "/%s", id + 7);
}

static void blob_away(void)
{
    assert_int_equal(unlink(blob_path(blobs[1].text)), 0);
}

static void blob_a_fifo(void)
{
    blob_away();
    assert_int_equal(mkfifo(blob_path(blobs[1].text), 0644), 0);
}

static void blob_a_link(void)
{
    blob_away();
    write_secret("secret");
    assert_int_equal(symlink(path_of("secret"), blob_path(blobs[1].text)), 0);
}

static void gzip_cut_short(void)
{
    assert_int_equal(truncate(blob_path(blobs[0].text), 100000), 0);
}

static void zstd_cut_short(void)
{
    assert_int_equal(truncate(blob_path(blobs[1].text), 100000), 0);
}

static void manifest_changed(void)
{
    put(blob_path(manifest_id), view_str("{\"layers\":[]}"));
}

static void manifest_away(void)
{
    assert_int_equal(unlink(blob_path(manifest_id)), 0);
}

static void manifest_is_noise(void)
{
    put_blob(view_of(layers[0].data, 5000), index_id);
}

/* Invalid digests, and indexes that lead to each other. */
static void manifest_leads_out(void)
{
    char json[400];

    snprintf(json, sizeof json,
             "{\"config\":{\"digest\":\"%s\"},\"layers\":[{\"digest\":"
             "\"sha256:../../../secret\"}]}",
             image_id);
    write_secret("secret");
    put_blob(view_str(json), index_id);
}

static void indexes_are_deep(void)
{
    char json[400];

    for (unsigned i = 0; i < 10; i++) {
        snprintf(json, sizeof json, "{\"manifests\":[{\"digest\":\"%s\"}]}", index_id);
        put_blob(view_str(json), index_id);
    }
}

static void fewer_layers(void)
{
    char json[400];

    snprintf(json, sizeof json, "{\"config\":{\"digest\":\"%s\"},\"layers\":[{\"digest\":\"%s\"}]}",
             image_id, blobs[0].text);
    put_blob(view_str(json), index_id);
}

static void broken_content_is_refused(void **state)
{
    static void (*const breaks[])(void) = {
        blob_away,          blob_a_fifo,      blob_a_link,   gzip_cut_short,
        zstd_cut_short,     manifest_changed, manifest_away, manifest_is_noise,
        manifest_leads_out, indexes_are_deep, fewer_layers,
    };

    for (size_t i = 0; i < ARRAY_SIZE(breaks); i++) {
        struct text out;

        if (i) {
            tear_down(state);
            set_up(state);
        }
        make_blob_store();
        breaks[i]();
        text_init(&out, 64 * MIB);
        if (read_blobs(index_id, NULL, &out) == 0)
            fail_msg("break %zu: the store was taken", i);
        assert_null(memmem(out.data, out.size, "SSSSSSSS", 8));
        if (err.family == ERR_INTERNAL || err.family == ERR_NONE)
            fail_msg("break %zu: %s", i, err.text);
        text_finish(&out);
    }
}

static void reading_stops_when_asked(void **state)
{
    atomic_bool stop = true;
    struct source *source = open_layer_source();
    uint8_t piece[4096];
    long got = 1;

    (void)state;
    assert_non_null(source);
    source->stop = &stop;
    while (got > 0)
        got = source_read(source, piece, sizeof piece, &err);
    assert_int_equal(got, ERR_FAIL);
    assert_int_equal(err.family, ERR_CANCELLED);
    source_destroy(source);
}

/* The number of bytes read before a skip depends on the size of buffers. */
static int set_up_full_size(void **state)
{
    mib = MIB;
    return set_up(state);
}

static int tear_down_full_size(void **state)
{
    mib = MIB / 8;
    return tear_down(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_image_is_read_bit_for_bit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_stream_is_a_save_archive, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_empty_layer_is_a_layer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(layers_of_a_base_are_not_read, set_up_full_size,
                                        tear_down_full_size),
        cmocka_unit_test_setup_teardown(other_drivers_are_known_or_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_fresh_daemon_can_be_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(elsewhere_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(broken_stores_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(changed_bytes_are_detected_by_the_digest, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_platform_of_the_daemon_is_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(containerds_store_gives_the_same_bytes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(broken_content_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reading_stops_when_asked, set_up, tear_down),
    };
    const struct CMUnitTest threads[] = {
        cmocka_unit_test_setup_teardown(the_stream_is_a_save_archive, set_up, tear_down),
        cmocka_unit_test_setup_teardown(layers_of_a_base_are_not_read, set_up_full_size,
                                        tear_down_full_size),
        cmocka_unit_test_setup_teardown(containerds_store_gives_the_same_bytes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reading_stops_when_asked, set_up, tear_down),
    };
    int failed;

    if (!mkdtemp(dir) || setenv("XDG_CACHE_HOME", dir, 1))
        return 1;
    failed = test_is_for_threads() ? cmocka_run_group_tests(threads, NULL, NULL)
                                   : cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(dir);
    return failed;
}
