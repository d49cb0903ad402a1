/*
 * Two pushes of one name, for two platforms, at once: before each request of the first push, the second
 * one runs to its end. Each may store its image in any form. Afterwards the bucket has both images.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/digest_text.h"
#include "base/err.h"
#include "catalog/platform.h"
#include "kit/fault_store.h"
#include "kit/memory_store.h"
#include "kit/saved_image.h"
#include "kit/scratch.h"
#include "kit/tarball.h"
#include "pull/pull.h"
#include "push/push.h"

#define REF         "shop:20250701-1000-aaaaa01"
#define PLATFORMS   2
#define THIN_MEMORY (128 * MIB)

static const char *const ARCHITECTURES[PLATFORMS] = {"amd64", "arm64"};
static const char *const FILES[PLATFORMS] = {"amd64.tar", "arm64.tar"};
static char ids[PLATFORMS][DIGEST_TEXT_SIZE];
static struct err err;

struct form {
    enum codec codec;
    bool thin;
};

static const struct form FORMS[] = {
    {CODEC_GZIP, false}, {CODEC_ZSTD, false}, {CODEC_GZIP, true}, {CODEC_ZSTD, true}};

static void write_image(unsigned number)
{
    struct saved_image image;
    struct tarball layer;
    uint8_t bytes[30000];

    saved_image_init(&image);
    image.architecture = ARCHITECTURES[number];
    noise(bytes, sizeof bytes, number + 1);
    tarball_init(&layer);
    tarball_file(&layer, "data", bytes, sizeof bytes);
    tarball_end(&layer);
    saved_image_add(&image, &layer, 0);
    saved_image_write(&image, path_of(FILES[number]), REF);
    str_copy(ids[number], sizeof ids[number], image.id);
}

static int write_images(void **state)
{
    (void)state;
    if (scratch_create() || setenv("XDG_CACHE_HOME", dir, 1))
        return -1;
    for (unsigned i = 0; i < PLATFORMS; i++)
        write_image(i);
    return 0;
}

static void push(struct store *store, unsigned number, const struct form *form, const char *what)
{
    struct push_options options = {.store = store,
                                   .input = path_of(FILES[number]),
                                   .no_resume = true,
                                   .thin = form->thin,
                                   .choice = {.codec = form->codec, .level = 1}};
    struct push_result result;
    struct err why;

    options.transfer.memory = form->thin ? THIN_MEMORY : TRANSFER_MEMORY_MIN;
    assert_true(name_parse_image(REF, &options.name, &err) >= 0);
    if (push_run(&options, &result, &why))
        fail_msg("%s of %s: %s", what, ARCHITECTURES[number], why.text);
}

/* Pulls the image of a platform and compares its id. */
static void check_pull(struct store *store, unsigned number, const char *what)
{
    struct pull_options options = {.store = store, .no_resume = true};
    struct pull_result result;
    char platform[32];

    snprintf(platform, sizeof platform, "linux/%s", ARCHITECTURES[number]);
    assert_true(platform_parse(platform, &options.platform));
    options.transfer.memory = TRANSFER_MEMORY_MIN;
    assert_true(name_parse_image(REF, &options.name, &err) >= 0);
    if (pull_run(&options, &result, &err))
        fail_msg("%s: %s: %s", what, platform, err.text);
    assert_string_equal(result.image_id, ids[number]);
}

struct meeting {
    struct fault_store fault; /* first */
    unsigned at, asked;
    const struct form *other;
    const char *what;
};

static bool meet(struct fault_store *fault, struct store_op *op)
{
    struct meeting *meeting = (struct meeting *)fault;

    (void)op;
    if (++meeting->asked == meeting->at)
        push(fault->behind, 1, meeting->other, meeting->what);
    return false;
}

static unsigned meet_everywhere(struct memory_store *memory, const struct form *form,
                                const struct form *other)
{
    unsigned count = 0, asked = 1;

    for (unsigned at = 1; at <= asked; at++, count++) {
        static struct meeting meeting;
        char what[128];

        snprintf(what, sizeof what, "%s%s meets %s%s before request %u", form->thin ? "thin " : "",
                 form->codec == CODEC_ZSTD ? "zstd" : "gzip", other->thin ? "thin " : "",
                 other->codec == CODEC_ZSTD ? "zstd" : "gzip", at);
        memory_store_load(memory);
        meeting = (struct meeting){.at = at, .other = other, .what = what};
        fault_store_init(&meeting.fault, &memory->store, meet);
        push(&meeting.fault.store, 0, form, what);
        asked = meeting.asked;
        for (unsigned i = 0; i < PLATFORMS; i++)
            check_pull(&memory->store, i, what);
    }
    return count;
}

static void two_platforms_at_once(void **state)
{
    struct memory_store *memory = memory_store_create("platforms", true);
    unsigned count = 0;

    (void)state;
    memory_store_save(memory);
    for (size_t i = 0; i < ARRAY_SIZE(FORMS); i++)
        for (size_t k = 0; k < ARRAY_SIZE(FORMS); k++)
            count += meet_everywhere(memory, &FORMS[i], &FORMS[k]);
    print_message("# %u meetings\n", count);
    memory_store_destroy(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_platforms_at_once),
    };

    return cmocka_run_group_tests_name("platforms", tests, write_images, scratch_teardown);
}
