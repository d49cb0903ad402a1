/* Addresses of an image, and the requests that they become. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "pull/object_map.h"

static struct metadata_object objects[3] = {
    {.key = "images/a/202507/one.tar.zst", .etag = "\"1\"", .size = 100, .codec = METADATA_ZSTD},
    {.key = "archive/a/202507/two.tar.gz", .etag = "\"2\"", .size = 50, .codec = METADATA_GZIP},
    {.key = "images/a/202507/three.data", .etag = "\"3\"", .size = 1000, .codec = METADATA_ZSTD}};

static struct located thin(void)
{
    return (struct located){
        .archive_key = "images/a/202507/a.tar.gz",
        .metadata = {.format = 3, .image_tag = "a:b", .object_count = 3, .objects = objects}};
}

static void addresses_become_requests(void **state)
{
    static const struct {
        uint64_t address;
        unsigned object;
        uint64_t offset;
    } cases[] = {{0, 0, 0}, {99, 0, 99}, {100, 1, 0}, {149, 1, 49}, {150, 2, 0}, {1149, 2, 999}};
    struct located at = thin();
    struct err err;
    struct object_map *map = object_map_create(&at, NULL, &err);

    (void)state;
    assert_int_equal(object_map_space(map), 1150);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct store_op op = {.verb = STORE_GET};
        uint64_t offset;

        object_map_aim(map, cases[i].address, 1, &op);
        assert_string_equal(op.key, objects[cases[i].object].key);
        assert_string_equal(op.if_match, objects[cases[i].object].etag);
        assert_int_equal(op.offset, cases[i].offset);
        assert_int_equal(op.length, 1);
        assert_string_equal(object_map_key(map, cases[i].address, &offset), op.key);
        assert_int_equal(offset, cases[i].offset);
    }
    object_map_destroy(map);
}

/* Metadata of a format up to 2 may lack the ETag: that of the archive counts. */
static void an_archive_is_one_object(void **state)
{
    struct located at = {.archive_key = "images/a/202507/a.tar.gz",
                         .metadata = {.format = 1, .size = 70}};
    struct store_info archive = {.size = 70, .etag = "\"now\""};
    struct store_op op = {.verb = STORE_GET};
    struct err err;
    struct object_map *map = object_map_create(&at, &archive, &err);

    (void)state;
    object_map_aim(map, 20, 50, &op);
    assert_string_equal(op.key, at.archive_key);
    assert_string_equal(op.if_match, "\"now\"");
    assert_int_equal(op.offset, 20);
    assert_int_equal(object_map_space(map), 70);
    object_map_destroy(map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_become_requests),
        cmocka_unit_test(an_archive_is_one_object),
    };

    return cmocka_run_group_tests_name("object_map", tests, NULL, NULL);
}
