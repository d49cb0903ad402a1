/* The profiles of two AWS files and some variables give a plan, or an error. The first byte selects
 * the variables; a byte 0xFF separates the two files. */
#include <stdlib.h>
#include <string.h>

#include "aws/settings.h"
#include "aws/system.h"
#include "base/err.h"
#include "credentials/plan.h"
#include "credentials/plan_odd.h"
#include "credentials/report.h"
#include "credentials/source.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct inputs {
    unsigned variables; /* a bit for each */
    struct view config, credentials;
};

static const char *get_env(void *arg, const char *name)
{
    static const char *const NAMES[][2] = {{"AWS_ACCESS_KEY_ID", "A"},
                                           {"AWS_WEB_IDENTITY_TOKEN_FILE", "/t"},
                                           {"AWS_ROLE_ARN", "arn:aws:iam::1:role/r"},
                                           {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/c"},
                                           {"AWS_PROFILE", "a"}};
    const struct inputs *inputs = arg;

    for (size_t i = 0; i < ARRAY_SIZE(NAMES); i++)
        if (strcmp(NAMES[i][0], name) == 0)
            return inputs->variables >> i & 1 ? NAMES[i][1] : NULL;
    return strcmp(name, "HOME") ? NULL : "/h";
}

static int read_file(void *arg, const char *path, size_t most, struct text *out, struct err *err)
{
    const struct inputs *inputs = arg;
    struct view content = strstr(path, "config") ? inputs->config : inputs->credentials;

    if (content.size > most)
        return err_set(err, ERR_LOCAL, "too_large", "too large");
    text_add(out, content.data, content.size);
    return SYSTEM_OK;
}

/* The first step gives keys. The others are roles, each of another profile. */
static void check_plan(const struct credential_plan *plan)
{
    if (plan->count == 0 || plan->count > PLAN_STEPS_MAX ||
        plan->steps[0].kind == CREDENTIALS_ROLE || plan->steps[0].kind == CREDENTIALS_NONE)
        abort();
    for (unsigned i = 1; i < plan->count; i++) {
        if (plan->steps[i].kind != CREDENTIALS_ROLE || !plan->steps[i].profile)
            abort();
        for (unsigned j = 1; j < i; j++)
            if (plan->steps[i].profile == plan->steps[j].profile)
                abort();
    }
}

static void make_plans(const struct aws_settings *settings)
{
    struct credential_report report = {.count = 0};
    struct credential_plan plan;
    struct err err = {0};
    int found = credential_plan_make(settings, &plan, &report, &err);

    if (found == SOURCE_FOUND) {
        check_plan(&plan);
        plan_odd_report(settings, &plan, &report);
    } else if (found == SOURCE_ABSENT || !err.text[0]) {
        abort();
    }
    if (report.count > REPORT_LINES_MAX)
        abort();
    if (credential_plan_profile(settings, &plan, &err) == SOURCE_FOUND)
        check_plan(&plan);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct inputs inputs = {0};
    struct aws_system system = {.arg = &inputs, .get_env = get_env, .read_file = read_file};
    struct aws_query query = {0};
    struct aws_settings settings;
    struct err err;

    if (size == 0)
        return 0;
    inputs.variables = data[0];
    query.profile = data[0] & 0x80 ? "a" : NULL;
    const uint8_t *end = memchr(data + 1, 0xff, size - 1);
    size_t config = end ? (size_t)(end - data - 1) : size - 1;
    inputs.config = view_of(data + 1, config);
    if (end)
        inputs.credentials = view_of(end + 1, size - config - 2);
    if (aws_settings_load(&system, &query, &settings, &err) == 0)
        make_plans(&settings);
    aws_settings_finish(&settings);
    return 0;
}
