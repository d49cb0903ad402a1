/*
 * Drives the floor core/deploy/traffic for scenarios, in one process:
 *
 *   move_traffic KIND SETTING=VALUE... ACTION...
 *
 * Settings: admin, backend, id, file, line, pid_file, settle (ms), check, reload, command (a shell
 * line each), limit (ms), blue, green (addresses), pid_blue, pid_green (of a process with the port
 * 'port'). Actions: hold:SLOT, enter:SLOT, leave:SLOT, busy:SLOT, idle:SLOT:MS (waits until nothing
 * is busy, at most so long), cut:SLOT, where, sleep:MS, examine. Prints one line for each. Stops
 * with exit code 1 after the first failure.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/bytes.h"
#include "base/err.h"
#include "deploy/traffic/traffic.h"

struct move {
    struct traffic_spec spec;
    struct traffic_context context;
    struct traffic_target targets[SLOT_COUNT];
    struct traffic *traffic;
    char *shell[3][4]; /* check, reload, command */
};

static const char *const SLOTS[] = {"blue", "green"};
static const char *const KINDS[] = {"absent", "haproxy", "caddy", "file", "command"};

static void pause_ms(long ms)
{
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

static bool set_shell(struct move *move, const char *name, char *value)
{
    static const char *const names[] = {"check", "reload", "command"};
    deploy_argv *const fields[] = {&move->spec.check, &move->spec.reload, &move->spec.command};

    for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
        if (strcmp(name, names[i]) == 0) {
            move->shell[i][0] = (char *)"sh";
            move->shell[i][1] = (char *)"-c";
            move->shell[i][2] = value;
            *fields[i] = move->shell[i];
            return true;
        }
    return false;
}

static bool set_number(struct move *move, const char *name, const char *value)
{
    long number = strtol(value, NULL, 10);

    if (strcmp(name, "settle") == 0)
        move->spec.settle = number * NS_PER_MS;
    else if (strcmp(name, "limit") == 0)
        move->context.limit = number * NS_PER_MS;
    else if (strcmp(name, "pid_blue") == 0)
        move->targets[SLOT_BLUE].pid = number;
    else if (strcmp(name, "pid_green") == 0)
        move->targets[SLOT_GREEN].pid = number;
    else
        return false;
    return true;
}

static bool set_text(struct move *move, const char *name, const char *value)
{
    const struct {
        const char *name;
        char *to;
        size_t size;
    } texts[] = {
        {"backend", move->spec.backend, sizeof move->spec.backend},
        {"id", move->spec.id, sizeof move->spec.id},
        {"file", move->spec.file, sizeof move->spec.file},
        {"line", move->spec.line, sizeof move->spec.line},
        {"pid_file", move->spec.pid_file, sizeof move->spec.pid_file},
    };

    if (strcmp(name, "admin") == 0)
        return str_copy(move->spec.haproxy, sizeof move->spec.haproxy, value) &&
               str_copy(move->spec.caddy, sizeof move->spec.caddy, value);
    for (unsigned i = 0; i < ARRAY_SIZE(texts); i++)
        if (strcmp(name, texts[i].name) == 0)
            return str_copy(texts[i].to, texts[i].size, value);
    for (unsigned slot = 0; slot < SLOT_COUNT; slot++)
        if (strcmp(name, SLOTS[slot]) == 0) {
            const char *colon = strrchr(value, ':');

            move->context.addresses[slot] = move->targets[slot].address = value;
            move->targets[slot].port = (uint16_t)(colon ? strtoul(colon + 1, NULL, 10) : 0);
            return true;
        }
    return false;
}

static int wait_until_idle(struct move *move, enum deploy_slot slot, long ms, struct err *err)
{
    int64_t count = -1, began = clock_monotonic();

    for (;;) {
        int answer = traffic_busy(move->traffic, &move->targets[slot], &count, err);

        if (answer < 0)
            return ERR_FAIL;
        if (answer == TRAFFIC_UNKNOWN || count == 0 || clock_monotonic() - began > ms * NS_PER_MS)
            break;
        pause_ms(20);
    }
    printf("idle %s: %lld left\n", SLOTS[slot], (long long)count);
    return 0;
}

static int print_where(struct move *move, struct err *err)
{
    unsigned slots;
    int answer = traffic_where(move->traffic, &slots, err);

    if (answer < 0)
        return ERR_FAIL;
    printf("where:%s%s%s\n",
           answer == TRAFFIC_UNKNOWN ? " unknown"
           : slots                   ? ""
                                     : " none",
           slots & 1u << SLOT_BLUE ? " blue" : "", slots & 1u << SLOT_GREEN ? " green" : "");
    return 0;
}

static int print_faults(struct move *move)
{
    _cleanup_text_ struct text lines = {0};

    text_init(&lines, 64 * KIB);
    printf("examine: %d\n", traffic_examine(move->traffic, &lines));
    fputs(lines.data, stdout);
    return 0;
}

static int act(struct move *move, const char *action, struct err *err)
{
    const char *colon = strchr(action, ':');
    size_t size = colon ? (size_t)(colon - action) : strlen(action);
    enum deploy_slot slot = colon && strncmp(colon + 1, "green", 5) == 0 ? SLOT_GREEN : SLOT_BLUE;
    const char *second = colon ? strchr(colon + 1, ':') : NULL;
    const struct traffic_target *target = &move->targets[slot];
    int64_t count = -1;
    int answer;

    if (strncmp(action, "where", size) == 0)
        return print_where(move, err);
    if (strncmp(action, "examine", size) == 0)
        return print_faults(move);
    if (strncmp(action, "idle", size) == 0)
        return wait_until_idle(move, slot, second ? strtol(second + 1, NULL, 10) : 0, err);
    if (strncmp(action, "sleep", size) == 0) {
        pause_ms(colon ? strtol(colon + 1, NULL, 10) : 0);
        return 0;
    }
    if (strncmp(action, "hold", size) == 0)
        answer = traffic_hold(move->traffic, slot, err);
    else if (strncmp(action, "enter", size) == 0)
        answer = traffic_enter(move->traffic, target, err);
    else if (strncmp(action, "leave", size) == 0)
        answer = traffic_leave(move->traffic, target, &move->targets[1 - slot], err);
    else if (strncmp(action, "cut", size) == 0)
        answer = traffic_cut(move->traffic, target, err);
    else
        answer = traffic_busy(move->traffic, target, &count, err);
    if (answer < 0)
        return ERR_FAIL;
    printf("%s%s", action, answer == TRAFFIC_UNKNOWN ? ": unknown" : "");
    if (count >= 0)
        printf(": %lld", (long long)count);
    putchar('\n');
    return 0;
}

static int set(struct move *move, char *argument)
{
    char *equals = strchr(argument, '=');

    if (!equals || (strchr(argument, ':') && strchr(argument, ':') < equals))
        return 0;
    *equals = '\0';
    if (set_shell(move, argument, equals + 1) || set_number(move, argument, equals + 1) ||
        set_text(move, argument, equals + 1))
        return 1;
    fprintf(stderr, "move_traffic: there is no setting %s\n", argument);
    exit(2);
}

int main(int argc, char **argv)
{
    static struct move move;
    struct err err = {0};
    int at = 2, failed = 0;

    for (unsigned i = 0; argc > 1 && i < ARRAY_SIZE(KINDS); i++)
        if (strcmp(argv[1], KINDS[i]) == 0)
            move.spec.kind = (enum traffic_kind)i;
    move.context.app = "shop";
    move.context.env = "production";
    move.context.unit = "main";
    for (unsigned slot = 0; slot < SLOT_COUNT; slot++) {
        move.targets[slot] = (struct traffic_target){.slot = slot, .address = "", .container = ""};
        str_copy(move.spec.servers[slot], sizeof move.spec.servers[slot], SLOTS[slot]);
    }
    while (at < argc && set(&move, argv[at]))
        at++;
    failed = traffic_open(&move.spec, &move.context, &move.traffic, &err);
    for (; at < argc && failed == 0; at++) {
        failed = act(&move, argv[at], &err);
        fflush(stdout);
    }
    traffic_close(move.traffic);
    if (failed)
        fprintf(stderr, "error: %s.%s: %s\n", err_family_name(err.family), err.code, err.text);
    return failed ? 1 : 0;
}
