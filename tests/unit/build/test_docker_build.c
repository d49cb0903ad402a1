#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/err.h"
#include "build/docker_build.h"

#define TAG "app:20250721-2118-f7a5a27"

/* A folder with here/Dockerfile, here/d/Dockerfile, here/d/other, here/mine, here/-x/Dockerfile. */
static char folder[64];

static int set_up(void **state)
{
    char line[256];

    (void)state;
    strcpy(folder, "/tmp/test_build.XXXXXX");
    if (!mkdtemp(folder) || chdir(folder))
        return -1;
    snprintf(line, sizeof line,
             "mkdir d ./-x && touch Dockerfile d/Dockerfile d/other mine ./-x/Dockerfile");
    return system(line);
}

static int tear_down(void **state)
{
    char line[96];

    (void)state;
    snprintf(line, sizeof line, "rm -rf '%s'", folder);
    return chdir("/") || system(line);
}

static struct build_request usual(void)
{
    return (struct build_request){
        .program = "docker", .tag = TAG, .path = ".", .dockerfile = "Dockerfile"};
}

static void assert_line(const struct build_request *request, const char *expected)
{
    _cleanup_text_ struct text line = {0};
    struct docker_build plan;
    struct err err;

    text_init(&line, 64 * KIB);
    if (docker_build_make(request, &plan, &err))
        fail_msg("%s", err.text);
    docker_build_line(&plan, &line);
    assert_string_equal(line.data, expected);
}

static void assert_refused(const struct build_request *request, const char *code, const char *text)
{
    struct docker_build plan;
    struct err err = {0};

    assert_int_equal(docker_build_make(request, &plan, &err), ERR_FAIL);
    assert_string_equal(err.code, code);
    assert_non_null(strstr(err.text, text));
}

static void the_usual_call(void **state)
{
    struct build_request request = usual();

    (void)state;
    assert_line(&request, "docker build -f Dockerfile -t " TAG " .");
    request.quiet = true;
    request.program = "/opt/my docker";
    assert_line(&request, "'/opt/my docker' build --quiet -f Dockerfile -t " TAG " .");
}

static void a_platform_takes_buildx(void **state)
{
    struct build_request request = usual();

    (void)state;
    request.platform = "linux/arm64";
    assert_line(&request,
                "docker buildx build --load --platform linux/arm64 -f Dockerfile -t " TAG " .");
}

static void a_list_of_platforms(void **state)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"linux/amd64,linux/arm64", "linux/amd64,linux/arm64"},
        {" linux/amd64, linux/arm64 ,", "linux/amd64,linux/arm64"},
        {"linux/amd64\nlinux/arm64\n", "linux/amd64,linux/arm64"}, /* a block of YAML */
        {"arm64", "arm64"},
    };
    char out[BUILD_PLATFORMS_SIZE], list[2 * BUILD_PLATFORMS_SIZE];
    struct err err = {0};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        assert_int_equal(docker_build_platforms(cases[i].text, out, &err), 0);
        assert_string_equal(out, cases[i].expected);
    }
    assert_int_equal(docker_build_platforms(" , ", out, &err), ERR_FAIL);
    assert_string_equal(err.code, "value");
    memset(list, 'x', sizeof list);
    list[BUILD_PLATFORMS_SIZE] = '\0';
    assert_int_equal(docker_build_platforms(list, out, &err), ERR_FAIL);
    list[BUILD_PLATFORMS_SIZE - 2] = '\0'; /* an item ends with a comma or with the list */
    assert_int_equal(docker_build_platforms(list, out, &err), 0);
    assert_string_equal(out, list);
}

static void context_and_dockerfile(void **state)
{
    static const struct {
        const char *path, *context, *dockerfile, *expected;
    } cases[] = {
        {"d", NULL, "Dockerfile", "-f d/Dockerfile -t " TAG " d"},
        {"d", ".", "Dockerfile", "-f Dockerfile -t " TAG " ."},
        {".", "d", "Dockerfile", "-f d/Dockerfile -t " TAG " d"},
        {".", "d", "other", "-f d/other -t " TAG " d"},
        {".", "d", "d/other", "-f d/other -t " TAG " d"}, /* relative to the current folder */
        {".", "d", "mine", "-f mine -t " TAG " d"},
        {".", "d", "-", "-f - -t " TAG " d"},
        {".", "d", "/dev/null", "-f /dev/null -t " TAG " d"},
        {".", "-x", "Dockerfile", "-f ./-x/Dockerfile -t " TAG " ./-x"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct build_request request = usual();
        char expected[256];

        request.path = cases[i].path;
        request.context = cases[i].context;
        request.dockerfile = cases[i].dockerfile;
        snprintf(expected, sizeof expected, "docker build %s", cases[i].expected);
        assert_line(&request, expected);
    }
}

static void a_missing_file_is_not_found(void **state)
{
    struct build_request request = usual();

    (void)state;
    request.dockerfile = "absent";
    assert_refused(&request, "dockerfile", "dockerfile not found: absent");
    request.dockerfile = "d";
    assert_refused(&request, "dockerfile", "dockerfile not found: d");
    request.dockerfile = "Dockerfile";
    unlink("d/Dockerfile");
    request.context = "d"; /* ./Dockerfile is not d/Dockerfile */
    assert_refused(&request, "dockerfile", "dockerfile not found: d/Dockerfile");
    request.context = "absent";
    assert_refused(&request, "context", "absent: No such file");
    request.context = "mine";
    assert_refused(&request, "context", "mine: not a folder");
}

static void more_words_arrive_as_they_are(void **state)
{
    static const char *const more[] = {"--no-cache", "--build-arg", "A=it's a $HOME", "", "*"};
    struct build_request request = usual();
    struct docker_build plan;
    struct err err;

    (void)state;
    request.more = more;
    request.more_count = ARRAY_SIZE(more);
    assert_line(&request, "docker build -f Dockerfile -t " TAG
                          " --no-cache --build-arg 'A=it'\\''s a $HOME' '' '*' .");
    assert_int_equal(docker_build_make(&request, &plan, &err), 0);
    assert_string_equal(plan.argv[8], "A=it's a $HOME");
}

static void id_of_the_image(void **state)
{
    struct build_request request = usual();

    (void)state;
    request.iidfile = "/cache/iid";
    assert_line(&request, "docker build -f Dockerfile -t " TAG " --iidfile /cache/iid .");
}

static void the_most_words(void **state)
{
    const char *more[BUILD_MORE_MAX];
    struct build_request request = usual();
    struct docker_build plan;
    struct err err;
    unsigned count = 0;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(more); i++)
        more[i] = "x";
    request.more = more;
    request.more_count = ARRAY_SIZE(more);
    request.platform = "linux/amd64";
    request.quiet = true;
    request.iidfile = "x";
    assert_int_equal(docker_build_make(&request, &plan, &err), 0);
    while (plan.argv[count])
        count++;
    assert_in_range(count, BUILD_MORE_MAX + 12, BUILD_WORDS_MAX - 1);
    assert_string_equal(plan.argv[count - 1], ".");
}

#define SCENE(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE(the_usual_call),
        SCENE(a_platform_takes_buildx),
        SCENE(a_list_of_platforms),
        SCENE(context_and_dockerfile),
        SCENE(a_missing_file_is_not_found),
        SCENE(more_words_arrive_as_they_are),
        SCENE(id_of_the_image),
        SCENE(the_most_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
