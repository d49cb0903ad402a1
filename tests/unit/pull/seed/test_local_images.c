/* Which layers and which image of a host a pull can use. */
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
#include "docker/docker.h"
#include "kit/fake_docker.h"
#include "kit/fake_endpoint.h"
#include "pull/seed/local_images.h"

static struct digest_text ids[8];

static void make_ids(void)
{
    for (unsigned i = 0; i < ARRAY_SIZE(ids); i++)
        snprintf(ids[i].text, sizeof ids[i].text, "sha256:%064x", i + 1);
}

static struct local_image image_of(const char *name, int64_t created, unsigned first,
                                   unsigned count)
{
    struct local_image image = {.created = created, .layer_count = count, .diff_ids = ids + first};

    snprintf(image.name, sizeof image.name, "%s", name);
    return image;
}

/* A graph driver finds a layer only above the same lower layers; Podman finds it anywhere. */
static void each_engine_finds_layers_in_its_own_way(void **state)
{
    static const struct {
        enum layer_search search;
        unsigned first, count, found;
    } cases[] = {
        {SEARCH_BY_CHAIN, 0, 4, 4}, {SEARCH_BY_CHAIN, 0, 2, 2},   {SEARCH_BY_CHAIN, 0, 6, 4},
        {SEARCH_BY_CHAIN, 1, 3, 0}, {SEARCH_BY_DIFF_ID, 1, 3, 3}, {SEARCH_BY_DIFF_ID, 3, 4, 1},
        {SEARCH_BY_BLOB, 0, 4, 0},
    };
    struct local_image image = image_of("shop:1", 1, 0, 4);
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct local_images *local = local_images_suppose(&image, 1, "shop", cases[i].search, &err);
        bool has[8];

        assert_non_null(local);
        assert_int_equal(local_images_layers(local, ids + cases[i].first, cases[i].count, has),
                         cases[i].found);
        local_images_destroy(local);
    }
}

/* C1 = d1, C2 = sha256("C1 d2"): a layer above an unknown layer is not found. */
static void a_chain_id_covers_all_lower_layers(void **state)
{
    struct local_image images[2] = {image_of("a:1", 1, 0, 3), image_of("b:1", 2, 4, 3)};
    struct digest_text mixed[3];
    struct err err;
    struct local_images *local = local_images_suppose(images, 2, "shop", SEARCH_BY_CHAIN, &err);
    bool has[3];

    (void)state;
    mixed[0] = ids[0];
    mixed[1] = ids[5];
    mixed[2] = ids[2];
    assert_int_equal(local_images_layers(local, mixed, 3, has), 1);
    assert_true(has[0] && !has[1] && !has[2]);
    local_images_destroy(local);
}

static void the_closest_image_is_of_the_same_app_then_shares_layers_then_is_newest(void **state)
{
    struct local_image images[] = {
        image_of("other:1", 99, 0, 4),    image_of("registry.example:5000/shop:1", 5, 0, 1),
        image_of("shop:2", 3, 0, 2),      image_of("shop:3", 4, 0, 2),
        image_of("workshop:9", 99, 0, 4),
    };
    struct err err;
    struct local_images *local =
        local_images_suppose(images, ARRAY_SIZE(images), "shop", SEARCH_BY_CHAIN, &err);
    bool same_app;

    (void)state;
    assert_string_equal(local_images_closest(local, ids, 4, &same_app)->name, "shop:3");
    assert_true(same_app);
    local_images_destroy(local);
    local = local_images_suppose(images, 1, "shop", SEARCH_BY_CHAIN, &err);
    assert_string_equal(local_images_closest(local, ids, 4, &same_app)->name, "other:1");
    assert_false(same_app);
    local_images_destroy(local);
    local = local_images_suppose(images, 0, "shop", SEARCH_BY_CHAIN, &err);
    assert_null(local_images_closest(local, ids, 4, &same_app));
    local_images_destroy(local);
}

static void the_images_of_a_daemon_are_listed(void **state)
{
    struct fake_docker fake = fake_docker_start("docker-20.10", "", 0);
    struct docker_endpoint endpoint = fake_endpoint(&fake);
    struct err err = {0};
    struct docker *docker;
    struct docker_list list;
    struct local_images *local;
    struct digest_text layers[2];
    bool same_app, has[2];

    (void)state;
    docker = docker_open(&endpoint, NULL, &err);
    assert_non_null(docker);
    assert_int_equal(docker_list_images(docker, &list, &err), 0);
    assert_int_equal(list.count, 1);
    assert_int_equal(list.images[0].tag_count, 1);
    assert_string_equal(list.images[0].tags[0], "app:1");
    assert_int_equal(list.images[0].created, 1700000000);
    docker_list_finish(&list);
    local = local_images_create(docker, "app", &err);
    assert_non_null(local);
    snprintf(layers[0].text, sizeof layers[0].text, "sha256:");
    for (unsigned i = 0; i < 32; i++)
        strcat(layers[0].text, "aa");
    layers[1] = layers[0];
    assert_int_equal(local_images_layers(local, layers, 2, has), 1);
    assert_string_equal(local_images_closest(local, layers, 2, &same_app)->name, "app:1");
    local_images_destroy(local);
    docker_close(docker);
    fake_docker_stop(&fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_engine_finds_layers_in_its_own_way),
        cmocka_unit_test(a_chain_id_covers_all_lower_layers),
        cmocka_unit_test(the_closest_image_is_of_the_same_app_then_shares_layers_then_is_newest),
        cmocka_unit_test(the_images_of_a_daemon_are_listed),
    };

    make_ids();
    return cmocka_run_group_tests_name("local_images", tests, NULL, NULL);
}
