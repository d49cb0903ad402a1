#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "base/again.h"
#include "base/clock.h"
#include "base/err.h"
#include "docker/docker.h"
#include "docker/image_list.h"
#include "kit/fake_docker.h"
#include "kit/fake_endpoint.h"

#define PIECE (64 * KIB)

static uint8_t piece[PIECE];

static struct docker *open_fake(const struct fake_docker *fake, const char *api, struct err *err)
{
    struct docker_endpoint endpoint = fake_endpoint(fake);

    if (api)
        snprintf(endpoint.api_version, sizeof endpoint.api_version, "%s", api);
    return docker_open(&endpoint, NULL, err);
}

static struct docker *open_well(const struct fake_docker *fake)
{
    struct err err = {0};
    struct docker *docker = open_fake(fake, NULL, &err);

    if (!docker)
        print_error("%s\n", err.text);
    assert_non_null(docker);
    return docker;
}

/* The client uses an API version that the daemon supports. */
static void negotiates_a_version(void **state)
{
    static const struct {
        const char *profile, *behave, *api;
        bool podman, containerd;
    } cases[] = {
        {"docker-17", "", "1.27", false, false},
        {"docker-20.10", "", "1.41", false, false},
        {"docker-20.10", "no-head", "1.41", false, false},
        {"docker-24", "", "1.43", false, false},
        {"docker-25", "", "1.44", false, false},
        {"docker-28", "", "1.48", false, false},
        {"docker-29.0", "", "1.48", false, true},
        {"docker-29.3", "", "1.48", false, true},
        {"docker-future", "", "2.1", false, true},
        {"docker-silent", "", "1.24", false, false},
        {"podman", "", "1.41", true, false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fake_docker fake = fake_docker_start(cases[i].profile, cases[i].behave, 0);
        struct docker *docker = open_well(&fake);
        const struct docker_engine *engine = docker_engine(docker);

        assert_string_equal(engine->api_version, cases[i].api);
        assert_int_equal(engine->podman, cases[i].podman);
        assert_int_equal(engine->containerd_store, cases[i].containerd);
        assert_string_equal(engine->os, "linux");
        assert_string_equal(engine->architecture, "amd64");
        assert_string_equal(engine->driver, cases[i].containerd ? "overlayfs" : "overlay2");
        assert_string_equal(engine->root_dir, "/var/lib/docker");
        docker_close(docker);
        fake_docker_stop(&fake);
    }
}

static void a_version_that_was_asked_for_is_not_negotiated(void **state)
{
    static const struct {
        const char *api;
        enum err_family family;
        const char *words; /* a part of the error, or NULL for success */
    } cases[] = {{"1.30", ERR_NONE, NULL},
                 {"1.99", ERR_DOCKER, "too new"},
                 {"1.11", ERR_DOCKER, "too old"},
                 {"latest", ERR_USAGE, "is not a version"}};
    struct fake_docker fake = fake_docker_start("docker-20.10", "", 0);

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct err err = {0};
        struct docker *docker = open_fake(&fake, cases[i].api, &err);

        assert_int_equal(err.family, cases[i].family);
        assert_int_equal(docker != NULL, cases[i].words == NULL);
        if (docker)
            assert_string_equal(docker_engine(docker)->api_version, cases[i].api);
        else
            assert_non_null(strstr(err.text, cases[i].words));
        docker_close(docker);
    }
    fake_docker_stop(&fake);
}

static void an_unreachable_daemon_is_reported(void **state)
{
    struct fake_docker fake = fake_docker_start("docker-20.10", "ping-teapot", 0);
    struct err err = {0};

    (void)state;
    assert_null(open_fake(&fake, NULL, &err));
    assert_string_equal(err.code, "unreachable");
    assert_non_null(strstr(err.text, "not a Docker daemon"));
    fake_docker_stop(&fake);

    memset(&err, 0, sizeof err);
    assert_null(open_fake(&fake, NULL, &err)); /* its socket does not exist now */
    assert_int_equal(err.family, ERR_DOCKER);
    assert_string_equal(err.code, "unreachable");
    assert_non_null(strstr(err.text, fake.socket));
    assert_non_null(strstr(err.text, "DOCKER_HOST"));
}

static void a_web_page_is_not_a_response_of_a_daemon(void **state)
{
    struct fake_docker fake = fake_docker_start("docker-20.10", "info-page", 0);
    struct err err = {0};

    (void)state;
    assert_null(open_fake(&fake, NULL, &err));
    assert_int_equal(err.family, ERR_DOCKER);
    assert_string_equal(err.code, "answer");
    fake_docker_stop(&fake);
}

/* Long lists of a daemon take linear time. Access by index would take quadratic time. */
static void long_responses_take_linear_time(void **state)
{
    struct fake_docker fake = fake_docker_start("docker-29.0", "flood", 0);
    clock_t before = clock();
    struct docker *docker = open_well(&fake);

    (void)state;
    assert_true(docker_engine(docker)->containerd_store);
    assert_true(clock() - before < 5 * CLOCKS_PER_SEC);
    docker_close(docker);
    fake_docker_stop(&fake);
}

/* A proxy before the socket may deny optional requests. The error of a needed one names the right.
 */
static void a_proxy_may_deny_optional_requests(void **state)
{
    static const struct {
        const char *profile, *behave, *api;
        bool containerd; /* known after an inspect */
    } cases[] = {
        {"docker-20.10", "deny-ping", "1.41", false},
        {"docker-20.10", "deny-version", "1.41", false},
        {"docker-20.10", "deny-info", "1.41", false},
        {"docker-29.0", "deny-info", "1.48", true},
        {"docker-26-containerd", "deny-info,deny-version", "1.45", true},
        {"docker-29.0", "deny-ping,deny-version,deny-info", "", true},
        {"podman", "deny-info,deny-version", "1.41", false},
    };
    static struct docker_image image;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fake_docker fake = fake_docker_start(cases[i].profile, cases[i].behave, 0);
        struct docker *docker = open_well(&fake);
        struct err err = {0};

        assert_string_equal(docker_engine(docker)->api_version, cases[i].api);
        assert_int_equal(docker_inspect(docker, "app:1", &image, &err), DOCKER_OK);
        assert_int_equal(docker_engine(docker)->containerd_store, cases[i].containerd);
        assert_int_equal(docker_engine(docker)->podman, strcmp(cases[i].profile, "podman") == 0);
        docker_close(docker);
        fake_docker_stop(&fake);
    }
}

static void a_denied_request_that_is_needed_is_named(void **state)
{
    struct fake_docker fake = fake_docker_start("docker-20.10", "deny-inspect,deny-list", 0);
    struct docker *docker = open_well(&fake);
    static struct docker_image image;
    struct docker_list list;
    struct err err = {0};

    (void)state;
    assert_int_equal(docker_inspect(docker, "app:1", &image, &err), ERR_FAIL);
    assert_int_equal(err.family, ERR_DOCKER);
    assert_non_null(strstr(err.text, "403"));
    assert_null(strchr(err.text, '<'));
    assert_non_null(strstr(err.hint, "GET /images/*/json"));
    assert_int_equal(docker_list_images(docker, &list, &err), ERR_FAIL);
    assert_int_equal(err.family, ERR_DOCKER);
    docker_close(docker);
    fake_docker_stop(&fake);
}

/* The list is parsed as a stream: labels of other images take no memory. */
static void a_list_full_of_labels_is_read(void **state)
{
    struct fake_docker fake = fake_docker_start("docker-20.10", "labels", 0);
    struct docker *docker = open_well(&fake);
    struct docker_list list;
    struct err err = {0};

    (void)state;
    assert_int_equal(docker_list_images(docker, &list, &err), 0);
    assert_int_equal(list.count, 70);
    for (unsigned i = 0; i < list.count; i++) {
        char tag[32];

        snprintf(tag, sizeof tag, "cnb%u:1", i);
        assert_int_equal(list.images[i].created, i);
        assert_int_equal(list.images[i].size, 7);
        assert_int_equal(list.images[i].tag_count, 1);
        assert_string_equal(list.images[i].tags[0], tag);
    }
    docker_list_finish(&list);
    docker_close(docker);
    fake_docker_stop(&fake);
}

/* Feeds a list in pieces of each size up to 9. Returns "id tag size|" for each image, or "!" for an
 * invalid list. */
static void list_of(const char *json, size_t piece_size, char out[256])
{
    struct docker_list_reader reader;
    struct docker_list list = {0};
    bool ended;

    docker_list_start(&reader, &list);
    for (size_t at = 0, size = strlen(json); at < size; at += piece_size)
        docker_list_feed(&reader, view_of(json + at, strnlen(json + at, piece_size)));
    ended = docker_list_ended(&reader);
    out[0] = '\0';
    for (unsigned i = 0; ended && i < list.count; i++) {
        size_t used = strlen(out);

        snprintf(out + used, 256 - used, "%s %s %d|", list.images[i].id,
                 list.images[i].tag_count ? list.images[i].tags[0] : "-", (int)list.images[i].size);
    }
    if (!ended)
        strcpy(out, "!");
    docker_list_finish(&list);
}

static void lists_are_read_in_any_pieces(void **state)
{
    static const struct {
        const char *json, *read;
    } cases[] = {
        {"[]", ""},
        {" [ ] \n", ""},
        {"[{}]", ""},
        {"[{\"Id\":\"a\",\"Size\":3,\"RepoTags\":[\"x:1\"]},{\"Id\":\"b\"}]", "a x:1 3|b - 0|"},
        {"[ {\"Labels\":{\"Id\":\"no\",\"a\\\"b\":\"]}\\\\\"}, \"id\" : \"a\" , \"X\":[[{}]] } ]",
         "a - 0|"},
        {"[{\"Id\":\"a\",\"RepoTags\":null},{\"Id\":5},{\"Id\":\"c\"}]", "a - 0|c - 0|"},
        {"[{\"Id\":\"a\",\"Size\":\"}]\"}]", "a - 0|"},
        {"[{\"Id\":\"a\"}", "!"},
        {"{\"message\":\"no\"}", "!"},
        {"<html>", "!"},
        {"[[]]", "!"},
        {"[{\"Id\":\"a\"}]]", "!"},
        {"", "!"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        for (size_t size = 1; size < 10; size++) {
            char out[256];

            list_of(cases[i].json, size, out);
            assert_string_equal(out, cases[i].read);
        }
}

/* Values that are too large are omitted. */
static void huge_members_of_a_list_are_omitted(void **state)
{
    struct text json;
    char out[256];

    (void)state;
    text_init(&json, MIB);
    text_str(&json, "[{\"RepoTags\":[");
    for (unsigned i = 0; i < 20000; i++)
        text_str(&json, "\"x:1\",");
    text_str(&json, "\"x:1\"],\"Id\":\"a\"}]");
    list_of(json.data, 1000, out);
    assert_string_equal(out, "a - 0|");
    text_finish(&json);
}

static void the_wait_for_a_hanging_daemon_ends(void **state)
{
    static const char *const behaviours[] = {"ping-hang", "info-hang", "image-hang"};
    static struct docker_image image;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(behaviours); i++) {
        struct fake_docker fake = fake_docker_start("docker-20.10", behaviours[i], 0);
        struct docker_endpoint endpoint = fake_endpoint(&fake);
        struct err err = {0};
        struct docker *docker;

        endpoint.patience = 300 * NS_PER_MS;
        docker = docker_open(&endpoint, NULL, &err);
        if (docker)
            assert_int_equal(docker_inspect(docker, "app:1", &image, &err), ERR_FAIL);
        assert_int_equal(docker != NULL, i == 2);
        assert_int_equal(err.family, ERR_DOCKER);
        assert_string_equal(err.code, "timeout");
        assert_non_null(strstr(err.text, fake.socket));
        assert_non_null(strstr(err.text, "not responded within 0.3 s"));
        docker_close(docker);
        fake_docker_stop(&fake);
    }
}

static void inspects_and_tags(void **state)
{
    struct fake_docker fake = fake_docker_start("docker-29.0", "", 0);
    struct docker *docker = open_well(&fake);
    struct docker_image *image = malloc(sizeof *image);
    struct err err = {0};

    (void)state;
    assert_non_null(image);
    assert_int_equal(docker_inspect(docker, "app:1", image, &err), DOCKER_OK);
    assert_int_equal(strlen(image->id), 71);
    assert_int_equal(image->size, 1234567);
    assert_int_equal(image->layer_count, 2);
    assert_memory_equal(image->diff_ids[1].text, "sha256:bbbb", 11);
    assert_int_equal(docker_inspect(docker, image->id, image, &err), DOCKER_OK);
    assert_int_equal(docker_inspect(docker, "other:1", image, &err), DOCKER_ABSENT);

    assert_int_equal(docker_tag(docker, "app:1", "registry.example:5000/a/b", "v1+2", &err), 0);
    assert_int_equal(docker_tag(docker, "other:1", "a", "b", &err), ERR_FAIL);
    assert_int_equal(err.family, ERR_NOT_FOUND);
    assert_string_equal(err.code, "image");
    free(image);
    docker_close(docker);
    fake_docker_stop(&fake);
}

/* Only whole images count. Daemons before API 1.48, and graph drivers, report none. */
static void platforms_of_an_image(void **state)
{
    static const struct {
        const char *profile, *behave;
        unsigned count;
    } cases[] = {{"docker-29.0", "platforms", 2},
                 {"docker-29.0", "", 0},
                 {"docker-28", "platforms", 0},
                 {"docker-26-containerd", "platforms", 0}};
    struct docker_platform platforms[DOCKER_PLATFORMS_MAX];
    unsigned count;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fake_docker fake = fake_docker_start(cases[i].profile, cases[i].behave, 0);
        struct docker *docker = open_well(&fake);
        struct docker_export *export = NULL;
        struct err err = {0};

        assert_int_equal(docker_platforms(docker, "app:1", platforms, &count, &err), DOCKER_OK);
        assert_int_equal(count, cases[i].count);
        if (count) {
            assert_string_equal(platforms[0].architecture, "amd64");
            assert_string_equal(platforms[1].architecture, "arm64");
            assert_string_equal(platforms[1].variant, "v8");
            assert_int_equal(docker_platforms(docker, "other:1", platforms, &count, &err),
                             DOCKER_ABSENT);
            export = docker_export_open(docker, "app:1", &platforms[1], NULL, &err);
            assert_non_null(export);
            docker_export_close(export);
            assert_null(docker_export_open(docker, "app:1", NULL, NULL, &err));
        }
        docker_close(docker);
        fake_docker_stop(&fake);
    }
}

static void refuses_names_that_lead_elsewhere(void **state)
{
    static const char *const names[] = {"", "/x:1", "../containers/x:1", "a/../b:1", "a//b:1"};
    struct fake_docker fake = fake_docker_start("docker-20.10", "", 0);
    struct docker *docker = open_well(&fake);
    struct docker_image *image = malloc(sizeof *image);
    char huge[4096];

    (void)state;
    assert_non_null(image);
    memset(huge, 'a', sizeof huge - 1);
    huge[sizeof huge - 1] = '\0';
    for (size_t i = 0; i <= ARRAY_SIZE(names); i++) {
        const char *name = i < ARRAY_SIZE(names) ? names[i] : huge;
        struct err err = {0};

        assert_int_equal(docker_inspect(docker, name, image, &err), ERR_FAIL);
        assert_int_equal(err.family, ERR_USAGE);
    }
    /* An unusual name: it is encoded and not found. */
    for (const char *odd = "a b:1?x=y#z%2e\r\nHost: evil"; odd; odd = NULL) {
        struct err err = {0};

        assert_int_equal(docker_inspect(docker, odd, image, &err), DOCKER_ABSENT);
    }
    free(image);
    docker_close(docker);
    fake_docker_stop(&fake);
}

static void exports(void **state)
{
    static const struct {
        const char *behave, *name, *code; /* code NULL: success */
        enum err_family family;
        uint64_t size;
    } cases[] = {
        {"", "app:1", NULL, ERR_NONE, 100 * 32768},
        {"export-tail", "app:1", NULL, ERR_NONE, 100 * 32768 + 67}, /* for the tar reader */
        {"export-cut", "app:1", "stream", ERR_DOCKER, 0},
        {"export-cut-length", "app:1", "stream", ERR_DOCKER, 0},
        {"export-500", "app:1", "export", ERR_DOCKER, 0},
        {"", "other:1", "image", ERR_NOT_FOUND, 0},
        {"", "app", "reference", ERR_USAGE, 0},
        {"", "registry:5000/app", "reference", ERR_USAGE, 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fake_docker fake = fake_docker_start("docker-25", cases[i].behave, 0);
        struct docker *docker = open_well(&fake);
        struct err err = {0};
        struct docker_export *export = docker_export_open(docker, cases[i].name, NULL, NULL, &err);
        uint64_t total = 0;
        long got = export ? 1 : -1;

        while (got > 0) {
            got = docker_export_read(export, piece, sizeof piece, &err);
            total += got > 0 ? (uint64_t)got : 0;
        }
        assert_int_equal(got, cases[i].code ? -1 : 0);
        assert_int_equal(err.family, cases[i].family);
        if (cases[i].code)
            assert_string_equal(err.code, cases[i].code);
        else
            assert_int_equal(total, cases[i].size);
        docker_export_close(export);
        docker_close(docker);
        fake_docker_stop(&fake);
    }
}

struct heard {
    unsigned lines;
    char last[256], all[1024];
};

static void hear(void *arg, const char *line)
{
    struct heard *heard = arg;
    size_t used = strlen(heard->all);

    heard->lines++;
    snprintf(heard->last, sizeof heard->last, "%s", line);
    snprintf(heard->all + used, sizeof heard->all - used, "%s|", line);
}

/* A load succeeds only with the daemon's own message. */
static void loads(void **state)
{
    static const struct {
        const char *profile, *behave, *loaded; /* loaded NULL: failure, with */
        const char *words;
        unsigned count; /* of images */
    } cases[] = {
        {"docker-20.10", "", "app:1", "Loading layer aabb: 10.0 of 20.0 MB|received 13107200|", 1},
        {"docker-29.0", "", "app:1", "", 1},
        {"podman", "", "localhost/app:1", "", 2},
        {"docker-28", "load-split", "app:1", "a \"}{ brace: 1.0 of 2.0 MB|", 1},
        {"docker-24", "load-two", "sha256:ab", "already exists|", 2},
        {"docker-20.10", "load-error", NULL, "layers length mismatch"},
        {"docker-29.0", "load-unpack", NULL, "Error unpacking image app:1: content not found"},
        {"docker-28", "load-silent", NULL, "did not report a load"},
        {"docker-28", "load-stray", NULL, "<html> [31mproxy</html>"},
        {"docker-24", "load-early", NULL, "layers length mismatch"},
        {"podman", "load-early-500", NULL, "500: no room for that"},
        {"docker-24", "load-cut", NULL, "without a response"},
        {"docker-24", "load-cut-answer", NULL, "cut short"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fake_docker fake = fake_docker_start(cases[i].profile, cases[i].behave, 0);
        struct docker *docker = open_well(&fake);
        struct err err = {0};
        struct docker_load *load = docker_load_open(docker, &err);
        struct heard heard = {0};
        struct docker_loaded loaded = {0};
        int answer = 0;

        assert_non_null(load);
        for (unsigned n = 0; n < 200 && answer == 0; n++)
            answer = docker_load_write(load, view_of(piece, sizeof piece), &err);
        assert_true(answer == 0 || strstr(cases[i].behave, "early"));
        answer = docker_load_finish(load, hear, &heard, &loaded, &err);
        assert_int_equal(answer, cases[i].loaded ? 0 : ERR_FAIL);
        if (cases[i].loaded) {
            assert_string_equal(loaded.names[0], cases[i].loaded);
            assert_int_equal(loaded.count, cases[i].count);
            assert_non_null(strstr(heard.all, cases[i].words));
        } else {
            assert_int_equal(err.family, ERR_DOCKER);
            if (!strstr(err.text, cases[i].words))
                fail_msg("%s: \"%s\"", cases[i].behave, err.text);
        }
        docker_load_close(load);
        docker_close(docker);
        fake_docker_stop(&fake);
    }
}

/* A daemon's refusal is permanent, unless its message is known to be temporary. */
static void only_some_refusals_are_temporary(void **state)
{
    static const struct {
        const char *behave, *code;
        bool again;
    } cases[] = {
        {"load-error", "load", false},
        {"load-full", "disk_full", true},
        {"load-reset", "trouble", true},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fake_docker fake = fake_docker_start("docker-20.10", cases[i].behave, 0);
        struct docker *docker = open_well(&fake);
        struct err err = {0};
        struct docker_load *load = docker_load_open(docker, &err);
        struct docker_loaded loaded;

        assert_int_equal(docker_load_write(load, view_of(piece, sizeof piece), &err), 0);
        assert_int_equal(docker_load_finish(load, NULL, NULL, &loaded, &err), ERR_FAIL);
        assert_string_equal(err.code, cases[i].code);
        assert_int_equal(again_may_help(&err), cases[i].again);
        assert_int_equal(strstr(err.hint, "again") != NULL, strcmp(err.code, "disk_full") == 0);
        docker_load_close(load);
        docker_close(docker);
        fake_docker_stop(&fake);
    }
}

static void a_load_may_be_dropped(void **state)
{
    struct fake_docker fake = fake_docker_start("docker-20.10", "", 0);
    struct docker *docker = open_well(&fake);
    struct err err = {0};
    struct docker_load *load = docker_load_open(docker, &err);

    (void)state;
    assert_int_equal(docker_load_write(load, view_of(piece, sizeof piece), &err), 0);
    docker_load_close(load);
    docker_load_close(NULL);
    docker_export_close(NULL);
    docker_close(docker);
    docker_close(NULL);
    fake_docker_stop(&fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(negotiates_a_version),
        cmocka_unit_test(a_version_that_was_asked_for_is_not_negotiated),
        cmocka_unit_test(an_unreachable_daemon_is_reported),
        cmocka_unit_test(a_web_page_is_not_a_response_of_a_daemon),
        cmocka_unit_test(long_responses_take_linear_time),
        cmocka_unit_test(a_proxy_may_deny_optional_requests),
        cmocka_unit_test(a_denied_request_that_is_needed_is_named),
        cmocka_unit_test(a_list_full_of_labels_is_read),
        cmocka_unit_test(lists_are_read_in_any_pieces),
        cmocka_unit_test(huge_members_of_a_list_are_omitted),
        cmocka_unit_test(the_wait_for_a_hanging_daemon_ends),
        cmocka_unit_test(inspects_and_tags),
        cmocka_unit_test(platforms_of_an_image),
        cmocka_unit_test(refuses_names_that_lead_elsewhere),
        cmocka_unit_test(exports),
        cmocka_unit_test(loads),
        cmocka_unit_test(only_some_refusals_are_temporary),
        cmocka_unit_test(a_load_may_be_dropped),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
