#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/codes.h"
#include "base/err.h"
#include "base/file.h"
#include "deploy/state_files.h"
#include "kit/scratch.h"

static struct state_files files_of(const char *app, const char *env)
{
    struct state_files files;
    struct err err;

    assert_int_equal(state_files_find(&files, app, env, path_of("state"), path_of("lock"), &err),
                     0);
    return files;
}

/* Two environments of an application share its images. */
static void images_stay_while_another_deployment_needs_them(void **state)
{
    struct state_files test = files_of("shop", "test"), live = files_of("shop", "live"),
                       other = files_of("blog", "live");
    struct err err;

    (void)state;
    assert_int_equal(state_files_lock(&test, 0, NULL, &err), 0);
    assert_int_equal(state_files_lock(&live, 0, NULL, &err), 0);
    assert_int_equal(state_files_keep_images(&test, NULL, &err), 0);
    assert_int_equal(state_files_keep_images(&live, NULL, &err), 0);
    assert_int_equal(state_files_remove_images(&other, &err), 0);
    assert_int_equal(state_files_remove_images(&test, &err), FILE_BUSY);
    state_files_unlock(&live);
    assert_int_equal(state_files_remove_images(&test, &err), 0);
    assert_int_equal(state_files_keep_images(&test, NULL, &err), 0);
    assert_int_equal(state_files_keep_images(&live, NULL, &err), 0);
    assert_int_equal(state_files_remove_images(&live, &err), FILE_BUSY);
    state_files_unlock(&test);
    state_files_unlock(&live);
    state_files_unlock(&other);
}

static void a_second_deployment_of_an_entry_is_refused(void **state)
{
    struct state_files one = files_of("shop", "live"), two = files_of("shop", "live");
    struct err err;

    (void)state;
    assert_int_equal(state_files_lock(&one, 0, NULL, &err), 0);
    assert_int_equal(state_files_lock(&two, 0, NULL, &err), ERR_FAIL);
    assert_true(err_is(&err, ERR_CONFLICT, CODE_DEPLOY));
    assert_non_null(strstr(err.text, "process "));
    state_files_unlock(&one);
    assert_int_equal(state_files_lock(&two, 0, NULL, &err), 0);
    state_files_unlock(&two);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(images_stay_while_another_deployment_needs_them),
        cmocka_unit_test(a_second_deployment_of_an_entry_is_refused),
    };

    return scratch_create() ? 1 : cmocka_run_group_tests(tests, NULL, scratch_teardown);
}
