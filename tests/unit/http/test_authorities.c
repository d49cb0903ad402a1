#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "http/authorities.h"

static char dir[] = "/tmp/s3dock-places-XXXXXX";
static char first[64], second[64], folder[64], absent[64];
static const char *const usual[] = {absent, second, first, NULL}, *const nowhere[] = {absent, NULL};

static void make_file(const char *path)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fclose(file);
}

static int set_up(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(first, sizeof first, "%s/first", dir);
    snprintf(second, sizeof second, "%s/second", dir);
    snprintf(folder, sizeof folder, "%s/folder", dir);
    snprintf(absent, sizeof absent, "%s/absent", dir);
    make_file(first);
    make_file(second);
    return mkdir(folder, 0700);
}

static int tear_down(void **state)
{
    (void)state;
    unlink(first);
    unlink(second);
    rmdir(folder);
    return rmdir(dir);
}

static void assert_found(const struct authorities_system *system, const char *file,
                         const char *in_folder, bool none)
{
    struct authorities found = authorities_find(system);

    assert_ptr_equal(found.file, file);
    assert_ptr_equal(found.folder, in_folder);
    assert_int_equal(found.none, none);
}

static void the_environment_comes_first(void **state)
{
    struct authorities_system system = {.default_file = first, .usual_files = usual};

    (void)state;
    system.named_file = absent; /* libcurl reports that it is missing */
    assert_found(&system, absent, NULL, false);
    system.named_folder = folder;
    assert_found(&system, absent, folder, false);
    system.named_file = "";
    assert_found(&system, NULL, folder, false);
    system.named_folder = "";
    assert_found(&system, NULL, NULL, false);
}

static void a_default_of_libcurl_serves_if_it_exists(void **state)
{
    (void)state;
    assert_found(&(struct authorities_system){.default_file = first, .usual_files = usual}, NULL,
                 NULL, false);
    assert_found(&(struct authorities_system){.default_folder = folder, .usual_files = usual}, NULL,
                 NULL, false);
}

/* libcurl fails if its file is missing, also if it has a folder. */
static void a_keychain_comes_before_files(void **state)
{
    struct authorities_system system = {.asks_system = true, .usual_files = usual};

    (void)state;
    assert_found(&system, NULL, NULL, false);
    system.named_file = first;
    assert_found(&system, first, NULL, false);
}

static void the_first_usual_file_that_exists_is_named(void **state)
{
    (void)state;
    assert_found(&(struct authorities_system){.usual_files = usual}, second, NULL, false);
    assert_found(&(struct authorities_system){.default_file = absent, .usual_files = usual}, second,
                 NULL, false);
    assert_found(&(struct authorities_system){.default_file = absent,
                                              .default_folder = folder,
                                              .usual_files = usual},
                 second, NULL, false);
}

static void a_folder_serves_if_no_file_exists(void **state)
{
    struct authorities_system system = {.default_file = absent, .usual_files = nowhere};

    (void)state;
    system.usual_folder = folder;
    assert_found(&system, NULL, folder, false);
    assert_true(authorities_find(&system).only_folder);
    system.default_folder = folder;
    system.usual_folder = absent;
    assert_found(&system, NULL, folder, false);
    system.default_folder = absent;
    system.named_folder = folder;
    assert_found(&system, NULL, folder, false);
    assert_true(authorities_find(&system).only_folder);
    system.default_file = first; /* libcurl reads it beside the named folder */
    assert_false(authorities_find(&system).only_folder);
}

static void a_machine_without_any_place_is_recognised(void **state)
{
    (void)state;
    assert_found(&(struct authorities_system){.usual_files = nowhere}, NULL, NULL, true);
    assert_found(&(struct authorities_system){.default_file = absent, .usual_files = nowhere}, NULL,
                 NULL, true);
    assert_found(&(struct authorities_system){.usual_files = nowhere, .usual_folder = folder}, NULL,
                 NULL, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_environment_comes_first),
        cmocka_unit_test(a_default_of_libcurl_serves_if_it_exists),
        cmocka_unit_test(a_keychain_comes_before_files),
        cmocka_unit_test(the_first_usual_file_that_exists_is_named),
        cmocka_unit_test(a_folder_serves_if_no_file_exists),
        cmocka_unit_test(a_machine_without_any_place_is_recognised),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
