/* metrics: the text format of Prometheus. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/file.h"
#include "kit/scratch.h"
#include "watch/metrics.h"

static struct metrics_entry entries[2] = {
    {.app = "shop",
     .env = "production",
     .image = "shop:20260101-1000-abcdef1",
     .polls = {[METRICS_SAME] = 12, [METRICS_FAILED] = 3},
     .runs = {[METRICS_DEPLOYED] = 2},
     .last_success = 1793491200,
     .backoff = 1.5,
     .down = 1},
    {.app = "blog", .env = "eu-1"},
};

static void assert_line(const struct text *text, const char *line)
{
    char whole[256];

    snprintf(whole, sizeof whole, "\n%s\n", line);
    if (!strstr(text->data, whole))
        fail_msg("no line '%s' in:\n%s", line, text->data);
}

static void the_figures_are_in_the_text(void **state)
{
    struct text text;

    (void)state;
    text_init(&text, MIB);
    metrics_write(entries, 2, &text);
    assert_line(&text,
                "s3dock_watch_polls_total{app=\"shop\",env=\"production\",result=\"same\"} 12");
    assert_line(&text,
                "s3dock_watch_polls_total{app=\"shop\",env=\"production\",result=\"failed\"} 3");
    assert_line(&text, "s3dock_deploy_total{app=\"blog\",env=\"eu-1\",result=\"deployed\"} 0");
    assert_line(&text, "s3dock_watch_last_success_timestamp_seconds{app=\"shop\","
                       "env=\"production\"} 1793491200");
    assert_line(&text, "s3dock_watch_backoff_seconds{app=\"shop\",env=\"production\"} 1.5");
    assert_line(&text, "s3dock_deploy_down{app=\"shop\",env=\"production\"} 1");
    assert_line(&text, "s3dock_deploy_info{app=\"shop\",env=\"production\","
                       "image=\"shop:20260101-1000-abcdef1\"} 1");
    assert_null(strstr(text.data, "s3dock_deploy_info{app=\"blog\"")); /* nothing serves */
    text_finish(&text);
}

/* All lines of a family follow its HELP and TYPE, and no line has a timestamp. */
static void the_format_is_valid(void **state)
{
    struct text text;
    char family[130] = "", *line, *rest;

    (void)state;
    text_init(&text, MIB);
    metrics_write(entries, 2, &text);
    for (line = strtok_r(text.data, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        char name[128], kind[16];

        if (sscanf(line, "# TYPE %127s %15s", name, kind) == 2) {
            assert_true(!strcmp(kind, "gauge") || !strcmp(kind, "counter"));
            assert_true(strcmp(kind, "counter") || strstr(name, "_total"));
            snprintf(family, sizeof family, "%s{", name);
        } else if (strncmp(line, "# HELP ", 7) != 0) {
            assert_int_equal(strncmp(line, family, strlen(family)), 0);
            assert_ptr_equal(strchr(line, ' '), strrchr(line, ' '));
            assert_non_null(strstr(line, "} "));
        }
    }
    text_finish(&text);
}

static void every_user_can_read_the_file(void **state)
{
    char path[64];
    struct text text;
    struct stat info;
    struct err err;

    (void)state;
    snprintf(path, sizeof path, "%s/s3dock.prom", dir);
    text_init(&text, MIB);
    assert_int_equal(metrics_store(entries, 2, path, &err), 0);
    assert_int_equal(metrics_store(entries, 2, path, &err), 0);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0644);
    assert_int_equal(file_read(path, &text, &err), FILE_OK);
    assert_non_null(strstr(text.data, "s3dock_disk_blocked"));
    snprintf(path, sizeof path, "%s/missing/s3dock.prom", dir);
    assert_int_equal(metrics_store(entries, 2, path, &err), ERR_FAIL);
    text_finish(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_figures_are_in_the_text),
        cmocka_unit_test(the_format_is_valid),
        cmocka_unit_test(every_user_can_read_the_file),
    };

    if (scratch_create())
        return 1;
    return cmocka_run_group_tests_name("metrics", tests, NULL, scratch_teardown);
}
