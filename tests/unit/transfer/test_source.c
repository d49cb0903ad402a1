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
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "flow/cancel.h"
#include "transfer/source.h"

static char folder[64], path[96];

static int set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/s3dock-source-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/fifo", folder);
    alarm(20);
    return mkfifo(path, 0600);
}

static int tear_down(void **state)
{
    (void)state;
    alarm(0);
    unlink(path);
    return rmdir(folder);
}

static void *cancel_soon(void *arg)
{
    usleep(150000);
    cancel_request(arg, SIGINT);
    return NULL;
}

/* The source waits for the writer of a FIFO until a cancel. */
static void a_cancel_ends_the_wait_for_a_writer(void **state)
{
    struct cancel cancel;
    struct source *source;
    struct err err = {0};
    pthread_t thread;
    uint8_t byte;

    (void)state;
    cancel_init(&cancel);
    assert_int_equal(pthread_create(&thread, NULL, cancel_soon, &cancel), 0);
    source = source_file(path, &cancel, &err);
    assert_non_null(source);
    assert_int_equal(source_read(source, &byte, 1, &err), ERR_FAIL);
    assert_int_equal(err.family, ERR_CANCELLED);
    source_destroy(source);
    pthread_join(thread, NULL);
}

static void *write_late(void *arg)
{
    int fd;

    (void)arg;
    usleep(150000);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    (void)!write(fd, "late", 4);
    close(fd);
    return NULL;
}

/* A FIFO is read until its writer closes it. The writer may come after the reader. */
static void a_late_writer_is_read(void **state)
{
    struct source *source;
    struct err err = {0};
    uint8_t bytes[16];
    pthread_t thread;
    size_t used = 0;
    long got;

    (void)state;
    source = source_file(path, NULL, &err);
    assert_non_null(source);
    assert_int_equal(pthread_create(&thread, NULL, write_late, NULL), 0);
    while ((got = source_read(source, bytes + used, sizeof bytes - used, &err)) > 0)
        used += (size_t)got;
    assert_int_equal(got, 0);
    assert_int_equal(used, 4);
    assert_memory_equal(bytes, "late", 4);
    pthread_join(thread, NULL);
    source_destroy(source);
}

/* The error for an unsupported packing names the program that unpacks it. The error for a damaged
 * one names the packing. Short and plain files do not count as packed. */
static void a_compression_is_named(void **state)
{
    static const struct {
        const char *begin, *code, *hint;
    } cases[] = {
        {"\xfd"
         "7zXZ\0rest",
         NULL, NULL}, /* up to the NUL: not yet xz */
        {"BZh91AY&SY", "bzip2", NULL},
        {"\x28\xb5\x2f\xfd"
         "rest",
         "zstd", NULL},
        {"\x1f\x8b\x08rest", "gzip", NULL},
        {"\x04\x22\x4d\x18"
         "rest",
         "packing", "lz4 -dc "},
        {"LZIP\1rest", "packing", "lzip -dc "},
        {"PK\3\4rest", "packing", "unzip -p "},
        {"\x1f\x9d\x90rest", "packing", "uncompress -c "},
        {"BZ", NULL, NULL},
        {"plain text", NULL, NULL},
    };
    char name[] = "/tmp/s3dock-packed-XXXXXX";
    int fd = mkstemp(name);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct source *source;
        struct err err = {0};
        uint8_t bytes[16];
        long got;

        assert_int_equal(ftruncate(fd, 0), 0);
        assert_int_equal(pwrite(fd, cases[i].begin, strlen(cases[i].begin), 0),
                         (ssize_t)strlen(cases[i].begin));
        source = source_file(name, NULL, &err);
        got = source_read(source, bytes, sizeof bytes, &err);
        if (cases[i].code) {
            assert_int_equal(got, ERR_FAIL);
            assert_string_equal(err.code, cases[i].code);
            assert_non_null(strstr(err.text, name));
            assert_true(!cases[i].hint || strstr(err.about, cases[i].hint));
        } else {
            assert_int_equal(got, strlen(cases[i].begin));
        }
        source_destroy(source);
    }
    close(fd);
    unlink(name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_cancel_ends_the_wait_for_a_writer, set_up, tear_down),
        cmocka_unit_test(a_compression_is_named),
        cmocka_unit_test_setup_teardown(a_late_writer_is_read, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
