#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "catalog/image_objects.h"
#include "catalog/locate.h"
#include "kit/golden.h"

static struct located *read_located(const char *name)
{
    struct located *at = calloc(1, sizeof *at);
    struct text golden;
    struct err err;

    assert_non_null(at);
    golden_read(name, &golden);
    assert_int_equal(metadata_parse(text_view(&golden), &at->metadata, &err), 0);
    text_finish(&golden);
    str_copy(at->archive_key, sizeof at->archive_key, "images/myapp/202507/x.tar.gz");
    return at;
}

static void release(struct located *at)
{
    located_finish(at);
    free(at);
}

static void an_archive_is_one_object(void **state)
{
    struct located *at = read_located("image-metadata.json");
    struct image_object object = image_objects_get(at, 0);

    (void)state;
    assert_int_equal(image_objects_count(at), 1);
    assert_string_equal(object.key, "images/myapp/202507/x.tar.gz");
    assert_string_equal(object.etag, "");
    assert_int_equal(object.size, 115);
    assert_int_equal(object.used, 115);
    assert_int_equal(object.codec, METADATA_GZIP);
    release(at);
}

static void the_objects_of_format_3_are_listed(void **state)
{
    struct located *at = read_located("image-metadata-thin.json");
    struct image_object object = image_objects_get(at, 1);

    (void)state;
    assert_int_equal(image_objects_count(at), 2);
    assert_string_equal(object.key,
                        "images/hi/202511/hi-20251102-0900-def5678-8899aabbccddeeff.data");
    assert_string_equal(object.etag, "\"8eea849d5ea09fe46c47fdc7b8e23c70\"");
    assert_int_equal(object.size, 343);
    assert_int_equal(object.used, 343);
    assert_int_equal(object.codec, METADATA_ZSTD);
    release(at);
}

/* The layout names partial downloads of other runs: it is compared with what sha256sum says of
 *     images/hi/202511/hi-20251101-1200-abc1234-00112233445566ff.tar.zst "4c3b...d332" 592
 *     images/hi/202511/hi-20251102-0900-def5678-8899aabbccddeeff.data "8eea...3c70" 343
 */
static void the_layout_depends_on_each_member(void **state)
{
    struct located *at = read_located("image-metadata-thin.json");
    struct metadata_object *object = &at->metadata.objects[1];
    char first[SHA256_HEX_SIZE], other[SHA256_HEX_SIZE];

    (void)state;
    image_objects_layout(at, first);
    assert_string_equal(first, "a07bf49af23699afed40f15d1141dd84178524859f1100e87ef769dad9e1780f");
    object->size++;
    image_objects_layout(at, other);
    assert_string_not_equal(first, other);
    object->size--;
    object->etag[1] = 'x';
    image_objects_layout(at, other);
    assert_string_not_equal(first, other);
    object->etag[1] = '8';
    object->key[0] = 'x';
    image_objects_layout(at, other);
    assert_string_not_equal(first, other);
    object->key[0] = 'i';
    object->used = 0; /* a hint */
    image_objects_layout(at, other);
    assert_string_equal(first, other);
    release(at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_archive_is_one_object),
        cmocka_unit_test(the_objects_of_format_3_are_listed),
        cmocka_unit_test(the_layout_depends_on_each_member),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
