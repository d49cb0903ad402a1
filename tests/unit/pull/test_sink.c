#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/output_path.h"
#include "docker/docker.h"
#include "flow/cancel.h"
#include "kit/fake_docker.h"
#include "kit/fake_endpoint.h"
#include "pull/sink.h"

static char folder[64];

static int set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/s3dock-sink-XXXXXX");
    alarm(20); /* a test that hangs must fail */
    return !mkdtemp(folder) || chdir(folder) || mkdir("sub", 0700) ? -1 : 0;
}

static int tear_down(void **state)
{
    char command[128];

    (void)state;
    alarm(0);
    snprintf(command, sizeof command, "cd / && rm -rf %s", folder);
    return system(command); /* NOLINT: a command of the test */
}

/* Writes "new" to the target of the path. */
static int write_new(const char *path, struct err *err)
{
    struct sink *sink = sink_file(path, NULL, err);
    int answer = sink ? sink_write(sink, view_str("new"), err) : ERR_FAIL;

    if (answer == 0)
        answer = sink_finish(sink, err);
    sink_destroy(sink);
    return answer;
}

static void check_content(const char *path, const char *content)
{
    struct err err = {0};
    struct text text;

    text_init(&text, KIB);
    assert_int_equal(file_read(path, &text, &err), 0);
    assert_string_equal(text.data, content);
    text_finish(&text);
}

static void put(const char *path, mode_t mode)
{
    struct err err = {0};

    assert_int_equal(file_replace(path, view_str("old"), mode, &err), 0);
}

static bool is_link(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0 && S_ISLNK(st.st_mode);
}

/* The file system has no room for a longer temporary name. */
static void a_long_name_is_written(void **state)
{
    static const size_t sizes[] = {230, 240, 250, 255};
    struct err err = {0};
    char name[256];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        memset(name, 'x', sizes[i]);
        name[sizes[i]] = '\0';
        put(name, 0600);
        if (write_new(name, &err))
            fail_msg("%zu: %s", sizes[i], err.text);
        check_content(name, "new");
    }
}

static void names_are_cut_between_characters(void **state)
{
    char path[300] = "d/", *beside;

    (void)state;
    beside = output_path_beside("d/name", ".part");
    assert_string_equal(beside, "d/name.part");
    free(beside);
    for (size_t i = 0; i < 125; i++)
        memcpy(path + 2 + 2 * i, "\xc3\xa4", 2);
    beside = output_path_beside(path, ".part12");
    assert_int_equal(strlen(beside), 2 + 248 + 7);
    assert_string_equal(beside + 2 + 246, "\xc3\xa4.part12");
    free(beside);
    beside = output_path_beside(path, ".part-12");
    assert_int_equal(strlen(beside), 2 + 246 + 8);
    free(beside);
}

/* The sink follows any number of links. It replaces or creates their target. */
static void links_stay(void **state)
{
    struct err err = {0};
    struct stat st;

    (void)state;
    put("sub/target", 0640);
    assert_int_equal(symlink("sub/second", "link"), 0);
    assert_int_equal(symlink("target", "sub/second"), 0);
    assert_int_equal(write_new("link", &err), 0);
    assert_true(is_link("link"));
    assert_true(is_link("sub/second"));
    check_content("sub/target", "new");
    assert_int_equal(stat("sub/target", &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640); /* as before */

    assert_int_equal(symlink("sub/made", "dangling"), 0);
    assert_int_equal(write_new("dangling", &err), 0);
    assert_true(is_link("dangling"));
    check_content("sub/made", "new");

    assert_int_equal(symlink("loop", "loop"), 0);
    assert_int_equal(write_new("loop", &err), ERR_FAIL);
    assert_true(is_link("loop"));
    assert_int_equal(system("ls *.partial* sub/*.partial* 2>/dev/null"), 2 << 8); /* NOLINT */
}

/* The link to a descriptor remains. The descriptor's file gets the bytes after its existing ones.
 * No new file appears under its name. */
static void a_descriptor_is_written_in_place(void **state)
{
    static const char *const shapes[] = {"/proc/self/fd/%d", "/dev/fd/%d",
                                         "/proc/thread-self/fd/%d"};
    struct err err = {0};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(shapes); i++) {
        int fd = open("out", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        char to[64];

        assert_true(fd >= 0);
        assert_int_equal(write(fd, "before ", 7), 7);
        snprintf(to, sizeof to, shapes[i], fd);
        unlink("my-stdout");
        assert_int_equal(symlink(to, "my-stdout"), 0);
        assert_int_equal(write_new("my-stdout", &err), 0);
        assert_true(is_link("my-stdout"));
        assert_int_equal(write_new(to, &err), 0);
        close(fd);
        check_content("out", "before newnew");
    }
}

static void *read_late(void *arg)
{
    int fd;

    usleep(150000);
    fd = open("fifo", O_RDONLY | O_CLOEXEC);
    for (ssize_t got, used = 0; (got = read(fd, (char *)arg + used, 8)) > 0; used += got)
        ;
    close(fd);
    return NULL;
}

static void *cancel_soon(void *arg)
{
    usleep(150000);
    cancel_request(arg, SIGINT);
    return NULL;
}

/* A FIFO is not replaced. Its reader may come late, and a cancel ends the wait. */
static void a_fifo_is_written_in_place(void **state)
{
    char got[16] = "";
    struct cancel cancel;
    struct err err = {0};
    pthread_t thread;
    struct stat st;

    (void)state;
    assert_int_equal(mkfifo("fifo", 0600), 0);
    assert_int_equal(pthread_create(&thread, NULL, read_late, got), 0);
    assert_int_equal(write_new("fifo", &err), 0);
    pthread_join(thread, NULL);
    assert_string_equal(got, "new");
    assert_true(stat("fifo", &st) == 0 && S_ISFIFO(st.st_mode));

    cancel_init(&cancel);
    assert_int_equal(pthread_create(&thread, NULL, cancel_soon, &cancel), 0);
    assert_null(sink_file("fifo", &cancel, &err));
    assert_int_equal(err.family, ERR_CANCELLED);
    pthread_join(thread, NULL);
}

static void special_files_are_left_alone(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "socket"};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct err err = {0};
    struct stat st;

    (void)state;
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(write_new("socket", &err), ERR_FAIL);
    assert_true(stat("socket", &st) == 0 && S_ISSOCK(st.st_mode));
    close(fd);
    assert_int_equal(write_new("sub", &err), ERR_FAIL);
    assert_non_null(strstr(err.text, "is a folder"));
    assert_string_equal(err.hint, "name a file in it");
    assert_int_equal(write_new("nowhere/image.tar", &err), ERR_FAIL);
    assert_string_equal(err.hint, "create its folder first");
    assert_int_equal(symlink("/dev/null", "null"), 0);
    assert_int_equal(write_new("null", &err), 0);
    assert_true(is_link("null"));
    assert_int_equal(symlink("/dev/full", "full"), 0);
    assert_int_equal(write_new("full", &err), ERR_FAIL);
    assert_string_equal(err.code, "disk_full");
    assert_true(stat("/dev/full", &st) == 0 && S_ISCHR(st.st_mode));
}

/* The program's own small files are replaced in the same way. */
static void a_note_behind_a_link_is_replaced(void **state)
{
    struct err err = {0};

    (void)state;
    put("sub/note", 0600);
    assert_int_equal(symlink("sub/note", "note"), 0);
    assert_int_equal(file_replace("note", view_str("new"), 0600, &err), 0);
    assert_true(is_link("note"));
    check_content("sub/note", "new");
    assert_int_equal(file_replace("/dev/null", view_str("new"), 0600, &err), ERR_FAIL);
}

struct lines {
    char text[512];
};

static void add_line(void *arg, const char *line)
{
    struct lines *lines = arg;
    size_t used = strlen(lines->text);

    snprintf(lines->text + used, sizeof lines->text - used, "%s|", line);
}

static void the_daemon_reports_its_progress(void **state)
{
    struct fake_docker fake = fake_docker_start("docker-20.10", "", 0);
    struct docker_endpoint endpoint = fake_endpoint(&fake);
    struct lines lines = {""};
    struct docker *docker;
    struct sink *sink;
    struct err err = {0};

    (void)state;
    docker = docker_open(&endpoint, NULL, &err);
    assert_non_null(docker);
    sink = sink_docker(docker, add_line, &lines, &err);
    assert_non_null(sink);
    assert_int_equal(sink_write(sink, view_str("an image"), &err), 0);
    assert_int_equal(sink_finish(sink, &err), 0);
    assert_string_equal(lines.text,
                        "Loading layer aabb: 10.0 of 20.0 MB|received 8|Loaded image: app:1|");
    assert_string_equal(sink->loaded->names[0], "app:1");
    sink_destroy(sink);
    docker_close(docker);
    fake_docker_stop(&fake);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_long_name_is_written),
        TEST(names_are_cut_between_characters),
        TEST(links_stay),
        TEST(a_descriptor_is_written_in_place),
        TEST(a_fifo_is_written_in_place),
        TEST(special_files_are_left_alone),
        TEST(a_note_behind_a_link_is_replaced),
        TEST(the_daemon_reports_its_progress),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
