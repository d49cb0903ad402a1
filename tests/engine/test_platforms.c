/*
 * Two pushes of one name at once: before each request of the first push, the second one runs to its
 * end. Each may store its image in any form. Afterwards the bucket has the images of both
 * platforms; of two images of one platform, one of them.
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
#define IMAGES      3
#define THIN_MEMORY (128 * MIB)

static const char *const ARCHITECTURES[IMAGES] = {"amd64", "arm64", "amd64"};
static const char *const FILES[IMAGES] = {"amd64.tar", "arm64.tar", "other.tar"};
static char ids[IMAGES][DIGEST_TEXT_SIZE];
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
    for (unsigned i = 0; i < IMAGES; i++)
        write_image(i);
    return 0;
}

/* Returns whether the push succeeded. Only an image of the same platform may be in its way. */
static bool push(struct store *store, unsigned number, const struct form *form, bool may_fail,
                 const char *what)
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
    if (push_run(&options, &result, &why) == 0)
        return true;
    if (!may_fail || (why.family != ERR_CONFLICT && why.family != ERR_INTEGRITY))
        fail_msg("%s of %s: %s", what, ARCHITECTURES[number], why.text);
    return false;
}

/* Pulls the image of a platform. Returns true if it is that image. */
static bool pull(struct store *store, unsigned number, const char *what)
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
    return strcmp(result.image_id, ids[number]) == 0;
}

struct meeting {
    struct fault_store fault;   /* first */
    unsigned at, asked, number; /* number: the image of the other push */
    const struct form *other;
    bool pushed;
    const char *what;
};

static bool meet(struct fault_store *fault, struct store_op *op)
{
    struct meeting *meeting = (struct meeting *)fault;

    (void)op;
    if (++meeting->asked == meeting->at)
        meeting->pushed = push(fault->behind, meeting->number, meeting->other, meeting->number != 1,
                               meeting->what);
    return false;
}

/* Returns true if an image that was replaced is kept below archive/. */
static bool is_kept(struct store *store)
{
    struct store_page page = {0};
    struct store_op op = {.verb = STORE_LIST, .key = "archive/shop/", .page = &page};
    bool kept;

    assert_int_equal(store_run(store, &op, &err), STORE_DONE);
    kept = page.count > 0;
    store_page_finish(&page);
    return kept;
}

static void check(struct store *store, unsigned number, bool third, bool pushed, const char *what)
{
    bool mine = pull(store, 0, what);

    if (number == 1 && !(mine && pull(store, 1, what)))
        fail_msg("%s: a platform has another image", what);
    if (number != 1 && !mine && !pull(store, number, what))
        fail_msg("%s: no push has pushed this image", what);
    if (number == 2 && third && pushed && mine && !is_kept(store))
        fail_msg("%s: an image that was pushed is lost", what);
    if (!pushed && !mine)
        fail_msg("%s: the image of a push that failed is there alone", what);
}

/* The image 0 is pushed. Returns the number of meetings. */
static unsigned meet_everywhere(struct memory_store *memory, const struct form *form,
                                unsigned number, const struct form *other)
{
    unsigned count = 0, asked = 1;

    for (unsigned at = 1; at <= asked; at++, count++) {
        static struct meeting meeting;
        char what[128];

        snprintf(what, sizeof what, "%s%s meets %s%s of image %u before request %u",
                 form->thin ? "thin " : "", form->codec == CODEC_ZSTD ? "zstd" : "gzip",
                 other->thin ? "thin " : "", other->codec == CODEC_ZSTD ? "zstd" : "gzip", number,
                 at);
        memory_store_load(memory);
        meeting = (struct meeting){.at = at, .number = number, .other = other, .what = what};
        fault_store_init(&meeting.fault, &memory->store, meet);
        (void)push(&meeting.fault.store, 0, form, number != 1, what);
        asked = meeting.asked;
        check(&memory->store, number, other->thin || other->codec == CODEC_ZSTD, meeting.pushed,
              what);
    }
    return count;
}

static void meet_in_all_forms(const char *name, unsigned number)
{
    struct memory_store *memory = memory_store_create(name, true);
    unsigned count = 0;

    memory_store_save(memory);
    for (size_t i = 0; i < ARRAY_SIZE(FORMS); i++)
        for (size_t k = 0; k < ARRAY_SIZE(FORMS); k++)
            count += meet_everywhere(memory, &FORMS[i], number, &FORMS[k]);
    print_message("# %u meetings\n", count);
    memory_store_destroy(memory);
}

static void two_platforms_at_once(void **state)
{
    (void)state;
    meet_in_all_forms("platforms", 1);
}

static void two_images_of_a_platform_at_once(void **state)
{
    (void)state;
    meet_in_all_forms("images", 2);
}

static void the_same_image_at_once(void **state)
{
    (void)state;
    meet_in_all_forms("same", 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_platforms_at_once),
        cmocka_unit_test(two_images_of_a_platform_at_once),
        cmocka_unit_test(the_same_image_at_once),
    };

    return cmocka_run_group_tests_name("platforms", tests, write_images, scratch_teardown);
}
