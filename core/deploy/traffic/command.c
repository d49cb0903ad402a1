/*
 * The user's command moves the requests. It gets the action and the target in its environment, and
 * reports by its exit code: 0 done, 3 unknown or not supported, anything else failed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/codes.h"
#include "base/err.h"
#include "deploy/spec/labels.h"
#include "deploy/traffic/driver.h"
#include "deploy/traffic/traffic_program.h"

#define EXIT_UNKNOWN 3
#define OUTPUT_MAX   (4 * KIB)
#define VALUE_MAX    1024

enum variable {
    VARIABLE_ACTION,
    VARIABLE_SLOT,
    VARIABLE_TARGET,
    VARIABLE_CONTAINER,
    VARIABLE_APP,
    VARIABLE_ENV,
    VARIABLE_UNIT,
    VARIABLE_COUNT
};

static const char *const NAMES[VARIABLE_COUNT] = {
    "S3DOCK_ACTION", "S3DOCK_SLOT", "S3DOCK_TARGET", "S3DOCK_CONTAINER",
    "S3DOCK_APP",    "S3DOCK_ENV",  "S3DOCK_UNIT",
};

/* Runs the command for an action. TRAFFIC_OK, TRAFFIC_UNKNOWN or a failure. */
static int run_command(const struct traffic *traffic, const char *action,
                       const struct traffic_target *target, struct text *output, struct err *err)
{
    const struct traffic_context *context = &traffic->context;
    const char *values[VARIABLE_COUNT] = {
        [VARIABLE_ACTION] = action,
        [VARIABLE_SLOT] = target ? deploy_slot_name(target->slot) : "",
        [VARIABLE_TARGET] = target ? target->address : "",
        [VARIABLE_CONTAINER] = target ? target->container : "",
        [VARIABLE_APP] = context->app,
        [VARIABLE_ENV] = context->env,
        [VARIABLE_UNIT] = context->unit,
    };
    char lines[VARIABLE_COUNT][VALUE_MAX], last[256];
    const char *variables[VARIABLE_COUNT + 1] = {NULL};
    const struct traffic_program program = {traffic->spec->command, variables, output};
    int code = 0;

    for (unsigned i = 0; i < VARIABLE_COUNT; i++) {
        snprintf(lines[i], VALUE_MAX, "%s=%s", NAMES[i], values[i] ? values[i] : "");
        variables[i] = lines[i];
    }
    if (traffic_program_run(traffic, &program, &code, last, err) < 0)
        return err_wrap(err, "the action %s of the command of traffic", action);
    if (code == 0)
        return TRAFFIC_OK;
    if (code == EXIT_UNKNOWN)
        return TRAFFIC_UNKNOWN;
    return err_set(err, ERR_DEPLOY, CODE_SWITCH,
                   "%s with the action %s failed with exit code %d%s%s", program.argv[0], action,
                   code, last[0] ? ": " : "", last);
}

/* For actions that must take place. */
static int must_run(const struct traffic *traffic, const char *action,
                    const struct traffic_target *target, struct err *err)
{
    int answer = run_command(traffic, action, target, NULL, err);

    if (answer != TRAFFIC_UNKNOWN)
        return answer;
    return err_set(err, ERR_DEPLOY, CODE_SWITCH, "%s does not support the action %s (exit code %d)",
                   traffic->spec->command[0], action, EXIT_UNKNOWN);
}

/* ---- words ---- */

static bool is_blank(char c)
{
    return strchr(" \t\r\n", c) != NULL;
}

/* Reads the names of slots; "none" and nothing mean no slot. */
static bool read_slots(const char *text, unsigned *slots)
{
    char word[16];
    int used;

    for (*slots = 0; sscanf(text, " %15s%n", word, &used) == 1; text += used) {
        if (strcmp(word, deploy_slot_name(SLOT_BLUE)) == 0)
            *slots |= 1u << SLOT_BLUE;
        else if (strcmp(word, deploy_slot_name(SLOT_GREEN)) == 0)
            *slots |= 1u << SLOT_GREEN;
        else if (strcmp(word, "none") != 0)
            return false;
    }
    return true;
}

static bool read_count(const char *text, int64_t *count)
{
    char *end;
    long long value;

    while (is_blank(*text) && *text)
        text++;
    value = strtoll(text, &end, 10);
    if (*text < '0' || *text > '9' || value < 0 || value > INT32_MAX)
        return false;
    while (*end && is_blank(*end))
        end++;
    *count = value;
    return !*end;
}

static int refuse_output(const struct traffic *traffic, const char *action, const char *expected,
                         const struct text *output, struct err *err)
{
    return err_set(err, ERR_DEPLOY, CODE_SWITCH,
                   "%s with the action %s must print %s, and printed \"%.100s\"",
                   traffic->spec->command[0], action, expected, output->data);
}

/* ---- the driver ---- */

static int command_hold(struct traffic *traffic, enum deploy_slot slot, struct err *err)
{
    const struct traffic_target target = {
        .slot = slot, .address = traffic->context.addresses[slot], .container = ""};

    return run_command(traffic, "hold", &target, NULL, err);
}

static int command_where(struct traffic *traffic, unsigned *slots, struct err *err)
{
    _cleanup_text_ struct text output = {0};
    int answer;

    text_init(&output, OUTPUT_MAX);
    answer = run_command(traffic, "where", NULL, &output, err);
    if (answer == TRAFFIC_OK && !read_slots(output.data, slots)) {
        *slots = 0;
        return refuse_output(traffic, "where", "blue, green, both, or none", &output, err);
    }
    return answer;
}

/* Compares the command's own report with the change, if it can report. */
static int verify(struct traffic *traffic, enum deploy_slot slot, bool serves, struct err *err)
{
    unsigned slots = 0;
    int answer = command_where(traffic, &slots, err);

    if (answer < 0)
        return ERR_FAIL;
    if (answer == TRAFFIC_UNKNOWN || ((slots & 1u << slot) != 0) == serves)
        return 0;
    return err_set(err, ERR_DEPLOY, CODE_SWITCH,
                   "%s succeeded, but its action where reports that %s is %s in rotation",
                   traffic->spec->command[0], deploy_slot_name(slot), serves ? "not" : "still");
}

static int command_enter(struct traffic *traffic, const struct traffic_target *target,
                         struct err *err)
{
    if (must_run(traffic, "enter", target, err) < 0)
        return ERR_FAIL;
    return verify(traffic, target->slot, true, err);
}

static int command_leave(struct traffic *traffic, const struct traffic_target *target,
                         const struct traffic_target *stays, struct err *err)
{
    (void)stays;
    if (must_run(traffic, "leave", target, err) < 0)
        return ERR_FAIL;
    return verify(traffic, target->slot, false, err);
}

static int command_busy(struct traffic *traffic, const struct traffic_target *target,
                        int64_t *count, struct err *err)
{
    _cleanup_text_ struct text output = {0};
    int answer;

    text_init(&output, OUTPUT_MAX);
    answer = run_command(traffic, "busy", target, &output, err);
    if (answer < 0)
        return ERR_FAIL;
    if (answer == TRAFFIC_UNKNOWN)
        return traffic_connections(target, count);
    if (!read_count(output.data, count))
        return refuse_output(traffic, "busy", "a number", &output, err);
    return TRAFFIC_OK;
}

static int command_cut(struct traffic *traffic, const struct traffic_target *target,
                       struct err *err)
{
    return run_command(traffic, "cut", target, NULL, err);
}

static int command_check(const struct traffic *traffic, struct err *err)
{
    if (traffic->spec->command && traffic->spec->command[0])
        return 0;
    return err_set(err, ERR_USAGE, CODE_DEPLOY, "traffic: `command` is empty");
}

static void command_examine(struct traffic *traffic, struct text *lines)
{
    unsigned slots;
    struct err err;

    traffic_program_examine(traffic->spec->command, "command", lines);
    if (lines->size == 0 && command_where(traffic, &slots, &err) < 0)
        text_printf(lines, "%s\n", err.text);
}

const struct traffic_driver TRAFFIC_DRIVER_COMMAND = {
    .check = command_check,
    .hold = command_hold,
    .enter = command_enter,
    .leave = command_leave,
    .busy = command_busy,
    .cut = command_cut,
    .where = command_where,
    .examine = command_examine,
};
