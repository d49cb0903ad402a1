/* The labels of a container: what is written is read back, and damaged ones are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/json_write.h"
#include "deploy/spec/labels.h"

#define DIGEST "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const struct deploy_labels WHOLE = {
    .deploy = "shop/production/main",
    .generation = 12,
    .origin = 7,
    .slot = SLOT_GREEN,
    .image = "shop:20260701-1000-abcde",
    .image_id = DIGEST,
    .spec = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    .restart = "on-failure",
    .restart_retries = 3,
};

/* Writes the lines as the object of an inspect. The value of the line `changed` is replaced. */
static void object_of(const struct labels_list *list, int changed, const char *value,
                      struct text *out)
{
    struct json_writer w;
    char name[64];

    jw_init(&w, out, true);
    jw_object(&w, NULL);
    for (int i = 0; list->list[i]; i++) {
        const char *equals = strchr(list->list[i], '=');

        snprintf(name, sizeof name, "%.*s", (int)(equals - list->list[i]), list->list[i]);
        if (i != changed)
            jw_string(&w, name, equals + 1);
        else if (value)
            jw_string(&w, name, value);
    }
    jw_end(&w);
}

static bool read_changed(int changed, const char *value, struct deploy_labels *out)
{
    struct labels_list list;
    _cleanup_text_ struct text text = {0};
    struct json *json;
    struct err err;
    bool sound;

    text_init(&text, 8 * KIB);
    labels_write(&WHOLE, &list);
    object_of(&list, changed, value, &text);
    assert_int_equal(json_parse(&json, text_view(&text), &JSON_DOCUMENT, "labels", &err), 0);
    sound = labels_read(json_root(json), out);
    json_destroy(json);
    return sound;
}

static void written_labels_are_read_back(void **state)
{
    struct deploy_labels labels;

    (void)state;
    assert_true(read_changed(-1, NULL, &labels));
    assert_memory_equal(&labels, &WHOLE, sizeof labels);
}

static void missing_and_damaged_labels_are_refused(void **state)
{
    static const struct {
        int line;
        const char *value;
    } cases[] = {
        {0, NULL}, {1, NULL},  {1, ""},   {1, "-1"},       {1, "12x"}, {1, "99999999999"},
        {2, NULL}, {2, "red"}, {5, NULL}, {6, "always:3"}, {6, ""},    {6, "on-failure:x"},
    };
    struct deploy_labels labels;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        if (read_changed(cases[i].line, cases[i].value, &labels))
            fail_msg("line %d is accepted with \"%s\"", cases[i].line, cases[i].value);
}

static void the_prefix_of_a_deployment_ends_with_a_slash(void **state)
{
    char text[LABELS_DEPLOY_MAX];

    (void)state;
    labels_deploy(text, "shop", "production", NULL);
    assert_string_equal(text, "shop/production/");
    labels_deploy(text, "shop", "production", "web");
    assert_string_equal(text, "shop/production/web");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written_labels_are_read_back),
        cmocka_unit_test(missing_and_damaged_labels_are_refused),
        cmocka_unit_test(the_prefix_of_a_deployment_ends_with_a_slash),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
