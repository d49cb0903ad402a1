/*
 * Archives without an index, as the original writes them. A pull reads them twice: the first pass
 * verifies them, the second pass writes the image. Also their names and sizes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/hash.h"
#include "kit/scratch.h"
#include "kit/tarball.h"
#include "pull/pull.h"
#include "store/dir/store_dir.h"
#include "store/store.h"

#define REF "shop:20250721-2118-f7a5a27"
#define KEY "images/shop/202507/shop-20250721-2118-f7a5a27"

static struct err err;

/* ---- an archive in the original's form ---- */

enum form { PLAIN, LINKED, PACKED, PACKED_LIE };

struct archive {
    enum form form;
    const char *name; /* in manifest.json */
    long raw_size;    /* added to the right size in the metadata */
    bool says_raw;    /* whether the metadata has a raw_size */
    unsigned damage;  /* a byte of the layer that is flipped after the digest was computed */
    uint64_t raw;     /* out: bytes of the stream */
    uint64_t packed;  /* out: bytes of the archive */
};

static void run(const char *command)
{
    char line[1024];

    snprintf(line, sizeof line, "cd '%s' && %s", dir, command);
    assert_int_equal(system(line), 0);
}

static void read_file(const char *name, struct text *out)
{
    text_init(out, 64 * MIB);
    assert_int_equal(file_read(path_of(name), out, &err), FILE_OK);
}

static void write_file(const char *name, const void *data, size_t size)
{
    assert_int_equal(file_replace(path_of(name), view_of(data, size), 0644, &err), 0);
}

static void spell(const void *data, size_t size, char out[SHA256_HEX_SIZE])
{
    uint8_t sum[SHA256_SIZE];

    sha256_of(view_of(data, size), sum);
    hex_encode(sum, sizeof sum, out);
}

/* Returns the stored form of the layer. Sets `diff` to the digest of its unpacked form. */
static void make_layer(const struct archive *a, struct text *stored, char diff[SHA256_HEX_SIZE])
{
    uint8_t *bytes = malloc(MIB);
    struct tarball layer;

    noise(bytes, MIB, 7);
    tarball_init(&layer);
    tarball_file(&layer, "srv/noise.bin", bytes, MIB);
    tarball_end(&layer);
    spell(layer.data, layer.size, diff);
    if (a->damage)
        layer.data[a->damage] ^= 1;
    if (a->form == PACKED_LIE)
        diff[0] = diff[0] == '0' ? '1' : '0';
    write_file("layer", layer.data, layer.size);
    if (a->form == PACKED || a->form == PACKED_LIE)
        run("gzip -n -1 <layer >layer.gz && mv layer.gz layer");
    read_file("layer", stored);
    tarball_finish(&layer);
    free(bytes);
}

static void file_metadata(const struct archive *a)
{
    char json[1024], raw[64] = "";

    if (a->says_raw)
        snprintf(raw, sizeof raw, ",\"format\":2,\"raw_size\":%lld",
                 (long long)a->raw + a->raw_size);
    snprintf(json, sizeof json,
             "{\"checksum\":\"\",\"size\":%llu,\"created_at\":\"2025-07-21T21:18:00Z\","
             "\"git_hash\":\"f7a5a27\",\"git_time\":\"20250721-2118\",\"image_tag\":\"%s\","
             "\"app_name\":\"shop\"%s}",
             (unsigned long long)a->packed, a->name, raw);
    write_file("bucket/" KEY ".json", json, strlen(json));
}

static void file_archive(struct archive *a)
{
    char diff[SHA256_HEX_SIZE], text[1024];
    struct tarball image;
    struct stat st;
    struct text layer;

    make_layer(a, &layer, diff);
    tarball_init(&image);
    if (a->form == LINKED)
        tarball_symlink(&image, "first/layer.tar", "../second/layer.tar");
    tarball_file(&image, a->form == LINKED ? "second/layer.tar" : "first/layer.tar", layer.data,
                 layer.size);
    snprintf(text, sizeof text,
             "{\"architecture\":\"amd64\",\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\","
             "\"diff_ids\":[\"sha256:%s\",\"sha256:%s\"]}}",
             diff, diff);
    tarball_text(&image, "config.json", text);
    snprintf(text, sizeof text,
             "[{\"Config\":\"config.json\",\"RepoTags\":[\"%s\"],\"Layers\":[\"first/layer.tar\","
             "\"%s/layer.tar\"]}]",
             a->name, a->form == LINKED ? "second" : "first");
    tarball_text(&image, "manifest.json", text);
    tarball_end(&image);
    a->raw = image.size;
    write_file("plain", image.data, image.size);
    run("mkdir -p bucket/$(dirname " KEY ") && gzip -n -1 <plain >bucket/" KEY ".tar.gz");
    assert_int_equal(stat(path_of("bucket/" KEY ".tar.gz"), &st), 0);
    a->packed = (uint64_t)st.st_size;
    file_metadata(a);
    tarball_finish(&image);
    text_finish(&layer);
}

static char phases[16]; /* of the last pull, in order, each as a letter from 'a' */

static void note_phase(void *arg, const struct transfer_progress *progress)
{
    size_t used = strlen(phases);
    char letter = (char)('a' + progress->phase);

    (void)arg;
    if (used + 1 < sizeof phases && (!used || phases[used - 1] != letter))
        phases[used] = letter;
}

static int pull(bool no_resume, struct pull_result *result)
{
    struct pull_options options = {
        .output = path_of("out.tar"),
        .no_resume = no_resume,
        .transfer = {.jobs = 2, .progress = note_phase},
    };
    int answer;

    memset(phases, 0, sizeof phases);
    unlink(path_of("out.tar"));
    assert_int_equal(name_parse_image(REF, &options.name, &err), 0);
    options.store = store_dir_create(
        &(struct store_dir_options){.path = dir, .bucket = "bucket", .create = true}, &err);
    assert_non_null(options.store);
    err = (struct err){0};
    answer = pull_run(&options, result, &err);
    store_destroy(options.store);
    return answer;
}

static void pull_well(bool no_resume, struct pull_result *result)
{
    if (pull(no_resume, result))
        fail_msg("%s", err.text);
}

static void expect_refusal(const char *code)
{
    struct pull_result result;

    assert_int_equal(pull(false, &result), ERR_FAIL);
    assert_int_equal(err.family, ERR_INTEGRITY);
    assert_string_equal(err.code, code);
    assert_int_equal(access(path_of("out.tar"), F_OK), -1);
}

/* ---- scenes ---- */

/* The second pass reads the partial download of the first pass. Without one, it downloads again. */
static void each_byte_is_fetched_once(void **state)
{
    struct archive a = {.name = REF};
    struct pull_result result;

    (void)state;
    file_archive(&a);
    pull_well(false, &result);
    assert_in_range(result.stats.downloaded_bytes, a.packed, a.packed + 4096);
    assert_int_equal(result.stats.raw_bytes, a.raw);
    pull_well(true, &result);
    assert_in_range(result.stats.downloaded_bytes, 2 * a.packed, 2 * a.packed + 4096);
}

/* The progress shows only one of the two passes as a pull. */
static void each_pass_has_a_phase(void **state)
{
    const char expected[] = {'a' + PHASE_PREPARE, 'a' + PHASE_PULL, 'a' + PHASE_WRITE,
                             'a' + PHASE_COMMIT, '\0'};
    struct archive a = {.name = REF};
    struct pull_result result;

    (void)state;
    file_archive(&a);
    pull_well(false, &result);
    assert_string_equal(phases, expected);
}

/* For any archive, the output has the layer once, and only the names that the user chose. */
static void the_output_has_only_canonical_entries(void **state)
{
    static const char *const names[] = {REF, "shop:latest", "registry:5000/team/shop:v1",
                                        "nginx:latest"};
    static const char names_line[] = "\"RepoTags\":[\"" REF "\"]";
    struct pull_result result;
    struct text out;

    (void)state;
    for (unsigned i = 0; i < 3 * ARRAY_SIZE(names); i++) {
        struct archive a = {.form = (enum form)(i % 3), .name = names[i / 3]};

        file_archive(&a);
        pull_well(false, &result);
        read_file("out.tar", &out);
        assert_in_range(out.size, MIB, MIB + 20 * KIB);
        assert_non_null(memmem(out.data, out.size, names_line, strlen(names_line)));
        if (strcmp(a.name, REF) != 0)
            assert_null(memmem(out.data, out.size, a.name, strlen(a.name)));
        assert_null(memmem(out.data, out.size, "layer.tar", 9));
        text_finish(&out);
    }
}

static void the_raw_size_is_compared_with_the_stream(void **state)
{
    static const long off[] = {-1, 1, -1000, -500 * 1024};
    struct pull_result result;
    struct archive a = {.name = REF, .says_raw = true};

    (void)state;
    file_archive(&a);
    pull_well(false, &result);
    for (unsigned i = 0; i < ARRAY_SIZE(off); i++) {
        a.raw_size = off[i];
        file_metadata(&a);
        expect_refusal("size");
    }
}

/* The hint names a new push, not an action in the pushing daemon. */
static void damage_is_refused_with_its_remedy(void **state)
{
    struct archive a = {.name = REF, .damage = 5000}, lie = {.form = PACKED_LIE, .name = REF};

    (void)state;
    file_archive(&a);
    expect_refusal("image");
    file_archive(&lie);
    expect_refusal("image");
}

static int start(void **state)
{
    (void)state;
    if (scratch_create())
        return -1;
    return setenv("XDG_CACHE_HOME", dir, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_byte_is_fetched_once),
        cmocka_unit_test(each_pass_has_a_phase),
        cmocka_unit_test(the_output_has_only_canonical_entries),
        cmocka_unit_test(the_raw_size_is_compared_with_the_stream),
        cmocka_unit_test(damage_is_refused_with_its_remedy),
    };

    return cmocka_run_group_tests_name("no index", tests, start, scratch_teardown);
}
