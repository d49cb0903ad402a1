#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/err.h"
#include "pull/bundle_writer.h"

#define LAYER_AT   512 /* in the save stream */
#define LAYER_SIZE 700 /* not whole blocks of a tar */

/* Counts the bytes that it gets. */
struct counter {
    struct sink sink;
    uint64_t bytes;
};

static int count(struct sink *sink, struct view bytes, struct err *err)
{
    (void)err;
    ((struct counter *)sink)->bytes += bytes.size;
    return 0;
}

static const struct sink_table table = {.write = count};
static struct counter counter;
static uint8_t content[LAYER_SIZE];
static struct image_layer layer;
static struct image_info image;
static struct bundle bundle;
static struct err err;

static int set_up(void **state)
{
    static struct bundle_part parts[2];

    (void)state;
    memset(content, 'a', sizeof content);
    layer = (struct image_layer){.media_type = "application/vnd.oci.image.layer.v1.tar",
                                 .raw_offset = LAYER_AT,
                                 .raw_size = LAYER_SIZE};
    digest_text_of(layer.digest, view_of(content, sizeof content));
    digest_text_of(layer.diff_id, view_of(content, sizeof content));
    image = (struct image_info){.layer_count = 1, .layers = &layer};
    parts[0] = (struct bundle_part){.raw_offset = LAYER_AT, .raw_size = LAYER_SIZE};
    parts[1] = (struct bundle_part){.layer = BUNDLE_NO_LAYER, .bytes = view_str("documents")};
    bundle = (struct bundle){.count = 2, .parts = parts};
    counter = (struct counter){.sink.table = &table};
    return 0;
}

/* Writes the bundle from the bytes of the layer without the first `skipped` ones. */
static int write_bundle(size_t skipped)
{
    struct bundle_writer *writer = bundle_writer_create(&bundle, &image, &counter.sink);
    int failed;

    assert_non_null(writer);
    failed = bundle_writer_feed(writer, LAYER_AT + skipped,
                                view_of(content + skipped, sizeof content - skipped), &err) ||
             bundle_writer_finish(writer, &err);
    bundle_writer_destroy(writer);
    return failed;
}

static void a_layer_is_padded_and_the_documents_follow(void **state)
{
    (void)state;
    if (write_bundle(0))
        fail_msg("%s", err.text);
    assert_int_equal(counter.bytes, 2 * 512 + strlen("documents") + BUNDLE_TRAILER);
}

static void assert_refused(size_t skipped, const char *code)
{
    assert_true(write_bundle(skipped));
    assert_true(err_is(&err, ERR_INTEGRITY, code));
    assert_true(counter.bytes <= LAYER_SIZE); /* the documents are not written */
}

static void a_layer_that_contradicts_the_documents_is_refused(void **state)
{
    char *const digests[] = {layer.digest, layer.diff_id};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(digests); i++) {
        set_up(NULL);
        digest_text_of(digests[i], view_str("other bytes"));
        assert_refused(0, "layer");
    }
    set_up(NULL);
    str_copy(layer.media_type, sizeof layer.media_type,
             "application/vnd.oci.image.layer.v1.tar+gzip");
    assert_refused(0, "layer");
}

static void bytes_that_are_left_out_are_noticed(void **state)
{
    (void)state;
    assert_refused(1, "index");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_layer_is_padded_and_the_documents_follow, set_up),
        cmocka_unit_test_setup(a_layer_that_contradicts_the_documents_is_refused, set_up),
        cmocka_unit_test_setup(bytes_that_are_left_out_are_noticed, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
