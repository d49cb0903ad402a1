/*
 * Test is ["NONE"], ["CMD", word...] or ["CMD-SHELL", line]. Docker runs a line with the Shell of
 * the image, else with /bin/sh -c.
 */
#include "deploy/gate/healthcheck.h"

#include <string.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/json.h"
#include "deploy/gate/one_line.h"
#include "docker/container.h"

#define DEFAULT_TIME    (30 * NS_PER_S)
#define DEFAULT_RETRIES 3
#define RETRIES_MAX     1000
#define OUTPUT_MAX      (64 * KIB)

static int64_t read_time(struct json_node config, const char *name, int64_t otherwise)
{
    int64_t time;

    if (!json_int(json_get(config, name), &time) || time <= 0)
        return otherwise;
    return time < HEALTHCHECK_TIME_MAX ? time : HEALTHCHECK_TIME_MAX;
}

static unsigned read_retries(struct json_node config)
{
    int64_t retries;

    if (!json_int(json_get(config, "Retries"), &retries) || retries <= 0)
        return DEFAULT_RETRIES;
    return retries < RETRIES_MAX ? (unsigned)retries : RETRIES_MAX;
}

/* ---- command ---- */

/* Adds a word at argv[at]. Returns false if it does not fit. */
static bool add_word(struct healthcheck *out, unsigned at, struct json_node word)
{
    char *to = out->bytes + out->used;

    if (at >= HEALTHCHECK_WORDS || !json_string(word, to, sizeof out->bytes - out->used))
        return false;
    out->argv[at] = to;
    out->used += strlen(to) + 1;
    return true;
}

/* Adds the elements of the array behind `last`. Returns their number, or -1. */
static int add_words(struct healthcheck *out, unsigned at, struct json_node array,
                     struct json_node last)
{
    int count = 0;

    for (struct json_node word = json_next(array, last, NULL); json_kind(word) != JSON_ABSENT;
         word = json_next(array, word, NULL)) {
        if (!add_word(out, at + (unsigned)count, word))
            return -1;
        count++;
    }
    return count;
}

/* Returns the number of words of the shell, or -1. */
static int add_shell(struct healthcheck *out, struct json_node config)
{
    struct json_node shell = json_get(config, "Shell"), before = {0};

    if (json_count(shell) > 0)
        return add_words(out, 0, shell, before);
    out->argv[0] = "/bin/sh";
    out->argv[1] = "-c";
    return 2;
}

static enum healthcheck_form read_command(struct healthcheck *out, struct json_node config,
                                          struct json_node test)
{
    struct json_node form = json_first(test);
    int words = 0, more;

    if (json_string_equals(form, "CMD-SHELL"))
        words = add_shell(out, config);
    else if (!json_string_equals(form, "CMD"))
        return HEALTHCHECK_FOREIGN;
    more = words < 0 ? -1 : add_words(out, (unsigned)words, test, form);
    if (more <= 0)
        return HEALTHCHECK_FOREIGN;
    out->argv[words + more] = NULL;
    return HEALTHCHECK_COMMAND;
}

/* ---- the whole ---- */

void healthcheck_read(const struct docker_container *container, struct healthcheck *out)
{
    struct json_node config = json_get(json_root(container->document), "Config");
    struct json_node check = json_get(config, "Healthcheck"), test = json_get(check, "Test");

    memset(out, 0, sizeof *out);
    out->interval = read_time(check, "Interval", DEFAULT_TIME);
    out->timeout = read_time(check, "Timeout", DEFAULT_TIME);
    out->start_period = read_time(check, "StartPeriod", 0);
    out->retries = read_retries(check);
    if (json_count(test) == 0)
        out->form = HEALTHCHECK_ABSENT;
    else if (json_string_equals(json_first(test), "NONE"))
        out->form = HEALTHCHECK_NONE;
    else
        out->form = read_command(out, config, test);
}

int64_t healthcheck_time(const struct healthcheck *healthcheck)
{
    int64_t round = healthcheck->interval + healthcheck->timeout;
    int64_t time = HEALTHCHECK_TIME_MAX;

    if (round < HEALTHCHECK_TIME_MAX / (int64_t)healthcheck->retries)
        time = healthcheck->start_period + round * (int64_t)healthcheck->retries;
    return time < HEALTHCHECK_TIME_MAX ? time : HEALTHCHECK_TIME_MAX;
}

bool healthcheck_output(const struct docker_container *container, char *out, size_t size)
{
    struct json_node state = json_get(json_root(container->document), "State");
    struct json_node log = json_get(json_get(state, "Health"), "Log"), last = {0}, entry = {0};
    _cleanup_text_ struct text output = {0};

    while (json_kind(entry = json_next(log, entry, NULL)) != JSON_ABSENT)
        last = entry;
    text_init(&output, OUTPUT_MAX);
    out[0] = '\0';
    if (!json_string_text(json_get(last, "Output"), &output) || output.failed)
        return false;
    one_line(text_view(&output), out, size);
    return out[0] != '\0';
}
