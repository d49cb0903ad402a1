/*
 * Which images of a daemon are removed: older ones of the application that no container has. Newer
 * ones stay: a host that also builds may not have pushed them. Also tests the source of the size of
 * an image.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/codes.h"
#include "base/err.h"
#include "base/file.h"
#include "deploy/image_room.h"
#include "deploy/room.h"
#include "docker/docker.h"
#include "kit/assert_fails.h"
#include "kit/fake_docker.h"
#include "kit/fake_endpoint.h"
#include "kit/scratch.h"
#include "kit/ssh_guard.h"
#include "kit/ssh_signer.h"
#include "store/dir/store_dir.h"
#include "store/store.h"
#include "trust/guard.h"

#define KEEP  "shop:20260702-1000-aaaaaaa"
#define OLDER "shop:20260701-1000-aaaaaaa"
#define NEWER "shop:20260703-1000-aaaaaaa"
#define HEX   "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define USED_BY                                                                                    \
    "[{'Id':'" HEX "','Names':['/shop'],'Image':'x','ImageID':'sha256:" HEX                        \
    "','State':'exited','Status':'Exited','Created':1,'Labels':{}}]"

static struct fake_docker fake;

static int start_daemon(void **state)
{
    (void)state;
    if (scratch_create())
        return -1;
    fake = fake_docker_start("docker-20.10", "store", 0);
    return 0;
}

static int stop_daemon(void **state)
{
    fake_docker_stop(&fake);
    return scratch_teardown(state);
}

/* Appends a rule of the fake daemon. In `body`, ' stands for ". */
static void add_rule(struct text *rules, const char *kind, const char *body)
{
    text_printf(rules, "{\"kind\":\"%s\",\"times\":9,\"do\":\"say\",\"body\":\"", kind);
    for (; *body; body++)
        text_str(rules, *body == '\'' ? "\\\"" : (char[]){*body, '\0'});
    text_str(rules, "\"},");
}

/* Returns how many names are removed of one image with these names, a list in JSON. */
static unsigned prune(const char *names, const char *containers, bool dangling)
{
    struct docker_endpoint endpoint = fake_endpoint(&fake);
    _cleanup_text_ struct text rules = {0};
    char image[1024];
    struct docker *docker;
    unsigned count = 0;
    struct err err;

    text_init(&rules, 16 * KIB);
    snprintf(image, sizeof image, "[{'Id':'sha256:" HEX "','RepoTags':%s,'Created':1,'Size':1}]",
             names);
    text_str(&rules, "{\"rules\":[");
    add_rule(&rules, "List", image);
    add_rule(&rules, "Containers", containers);
    add_rule(&rules, "Untag", "[]");
    text_cut(&rules, rules.size - 1);
    text_str(&rules, "]}");
    fake_docker_control(&fake, rules.data, NULL, 0);
    docker = docker_open(&endpoint, NULL, &err);
    if (!docker || image_room_prune(docker, "shop", KEEP, dangling, &count, &err))
        fail_msg("%s: %s", names, err.text);
    docker_close(docker);
    return count;
}

static void older_images_of_the_application_are_removed(void **state)
{
    (void)state;
    assert_int_equal(prune("['" OLDER "']", "[]", false), 1);
    assert_int_equal(prune("['localhost/" OLDER "']", "[]", false), 1);
    assert_int_equal(prune("['docker.io/library/" OLDER "']", "[]", false), 1);
}

static void newer_images_and_the_one_that_serves_stay(void **state)
{
    (void)state;
    assert_int_equal(prune("['" NEWER "']", "[]", false), 0);
    assert_int_equal(prune("['shop:20260702-1000-bbbbbbb']", "[]", false), 0);
    assert_int_equal(prune("['" KEEP "']", "[]", false), 0);
    assert_int_equal(prune("['" NEWER "','" OLDER "']", "[]", false), 1);
}

static void images_of_others_stay(void **state)
{
    (void)state;
    assert_int_equal(prune("['shop2:20260701-1000-aaaaaaa']", "[]", false), 0);
    assert_int_equal(prune("['registry.test/" OLDER "']", "[]", false), 0);
    assert_int_equal(prune("['shop:latest']", "[]", false), 0);
}

static void images_of_containers_stay(void **state)
{
    (void)state;
    assert_int_equal(prune("['" OLDER "']", USED_BY, false), 0);
}

static void images_without_a_name_go_only_on_request(void **state)
{
    (void)state;
    assert_int_equal(prune("[]", "[]", false), 0);
    assert_int_equal(prune("[]", "[]", true), 1);
    assert_int_equal(prune("[]", USED_BY, true), 0);
}

/* ---- the size of an image ---- */

#define METADATA                                                                                   \
    "{\"size\":4,\"created_at\":\"2026-07-02T10:00:00Z\",\"git_hash\":\"aaaaaaa\","                \
    "\"git_time\":\"20260702-1000\",\"image_tag\":\"" KEEP                                         \
    "\",\"app_name\":\"shop\",\"format\":2,"                                                       \
    "\"image_id\":\"sha256:" HEX "\",\"platform\":\"linux/amd64\",\"raw_size\":1000000000000000}"

static struct store *fill_bucket(void)
{
    const struct store_dir_options options = {.path = dir, .bucket = "bucket", .create = true};
    struct err err;
    struct store *store = store_dir_create(&options, &err);

    if (!store || store_put_document(store, "images/shop/202607/shop-20260702-1000-aaaaaaa.json",
                                     view_str(METADATA), NULL, false, NULL, &err) != STORE_DONE)
        fail_msg("%s", err.text);
    return store;
}

static struct guard *open_guard(void)
{
    struct ssh_signer signer = ssh_signer_of(1);

    return ssh_guard_open(&signer, POLICY_IMAGES, "memory");
}

static struct docker *open_daemon(void)
{
    struct docker_endpoint endpoint = fake_endpoint(&fake);
    _cleanup_text_ struct text rules = {0};
    struct docker *docker;
    struct err err;

    text_init(&rules, 16 * KIB);
    text_str(&rules, "{\"rules\":[");
    add_rule(&rules, "Info", "{'Driver':'overlay2','DockerRootDir':'/','DriverStatus':[]}");
    text_cut(&rules, rules.size - 1);
    text_str(&rules, "]}");
    fake_docker_control(&fake, rules.data, NULL, 0);
    docker = docker_open(&endpoint, NULL, &err);
    if (!docker)
        fail_msg("%s", err.text);
    return docker;
}

/* Images are removed for a large one, so its size must be signed. */
static void a_size_that_is_not_signed_makes_no_room(void **state)
{
    struct deploy_want want = {.ref = KEEP};
    struct image_room_subject subject = {.store = fill_bucket(), .want = &want};
    struct docker *docker = open_daemon();
    struct guard *guard = open_guard();
    struct deploy_room room;
    struct err err;

    (void)state;
    assert_int_equal(image_room(docker, &subject, &room, &err), 0);
    assert_true(room.known && room.need > room.free && room.reserve > 0);
    subject.guard = guard;
    assert_fails(&err, image_room(docker, &subject, &room, &err), ERR_TRUST, CODE_MISSING,
                 "not signed");
    assert_false(room.known);
    guard_close(guard);
    docker_close(docker);
    store_destroy(subject.store);
}

static void the_reserve_is_no_need_of_the_image(void **state)
{
    const struct deploy_room room = {
        .known = true, .need = 900000, .reserve = 13000 * MIB, .free = 12000 * MIB};
    char text[ROOM_TEXT_SIZE];

    (void)state;
    room_describe(&room, text);
    assert_string_equal(text,
                        "needs 1 MB of the disk; 12000 MB are free, and 13000 MB must stay free");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(older_images_of_the_application_are_removed),
        cmocka_unit_test(newer_images_and_the_one_that_serves_stay),
        cmocka_unit_test(images_of_others_stay),
        cmocka_unit_test(images_of_containers_stay),
        cmocka_unit_test(images_without_a_name_go_only_on_request),
        cmocka_unit_test(a_size_that_is_not_signed_makes_no_room),
        cmocka_unit_test(the_reserve_is_no_need_of_the_image),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, start_daemon, stop_daemon);
}
