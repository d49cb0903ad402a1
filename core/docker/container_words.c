/*
 * Words are compared exactly: "unhealthy" contains "healthy". Ids and names are checked, because
 * later requests and messages contain them.
 */
#include "docker/container_words.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/utf8.h"

#define HEX       "0123456789abcdef"
#define TEXT_READ (64 * KIB) /* of a longer text, nothing is stored */

static bool is_hex(const char *text, size_t size)
{
    return strlen(text) == size && strspn(text, HEX) == size;
}

bool container_read_id(struct json_node node, char out[DOCKER_ID_SIZE])
{
    if (json_string(node, out, DOCKER_ID_SIZE) && is_hex(out, DOCKER_ID_SIZE - 1))
        return true;
    out[0] = '\0';
    return false;
}

bool container_is_name(const char *text)
{
    size_t size = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-");

    return size > 0 && size < DOCKER_NAME_SIZE && !text[size] && !strchr("_.-", text[0]);
}

bool container_read_name(struct json_node node, char out[DOCKER_NAME_SIZE])
{
    char name[DOCKER_NAME_SIZE + 1];
    const char *bare = name;

    out[0] = '\0';
    if (!json_string(node, name, sizeof name))
        return false;
    if (*bare == '/')
        bare++;
    return container_is_name(bare) && str_copy(out, DOCKER_NAME_SIZE, bare);
}

void container_read_image(struct json_node node, char out[DIGEST_TEXT_SIZE])
{
    char text[DIGEST_TEXT_SIZE];

    out[0] = '\0';
    if (json_string(node, text, sizeof text) && is_hex(digest_text_hex(text), 2 * SHA256_SIZE))
        snprintf(out, DIGEST_TEXT_SIZE, "%s%s", DIGEST_TEXT_PREFIX, digest_text_hex(text));
}

bool container_read_state(struct json_node node, enum container_state *state)
{
    static const struct {
        const char *word;
        enum container_state state;
    } words[] = {
        {"created", CONTAINER_CREATED},     {"running", CONTAINER_RUNNING},
        {"paused", CONTAINER_PAUSED},       {"restarting", CONTAINER_RESTARTING},
        {"exited", CONTAINER_EXITED},       {"dead", CONTAINER_EXITED},
        {"removing", CONTAINER_EXITED},     {"configured", CONTAINER_CREATED}, /* Podman */
        {"initialized", CONTAINER_CREATED}, {"stopping", CONTAINER_RUNNING},
        {"stopped", CONTAINER_ENDED},
    };

    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (json_string_equals(node, words[i].word)) {
            *state = words[i].state;
            return true;
        }
    return false;
}

enum container_health container_read_health(struct json_node node)
{
    if (json_string_equals(node, "healthy"))
        return HEALTH_HEALTHY;
    if (json_string_equals(node, "unhealthy"))
        return HEALTH_UNHEALTHY;
    return json_string_equals(node, "starting") ? HEALTH_STARTING : HEALTH_NONE;
}

enum container_health container_health_of_status(struct json_node node)
{
    char status[256];
    const char *end;

    if (!json_string(node, status, sizeof status))
        return HEALTH_NONE;
    end = strrchr(status, '(');
    if (!end)
        return HEALTH_NONE;
    if (strcmp(end, "(healthy)") == 0)
        return HEALTH_HEALTHY;
    if (strcmp(end, "(unhealthy)") == 0)
        return HEALTH_UNHEALTHY;
    return strcmp(end, "(health: starting)") == 0 ? HEALTH_STARTING : HEALTH_NONE;
}

void container_read_text(struct json_node node, char *out, size_t size)
{
    _cleanup_text_ struct text text = {0};

    text_init(&text, TEXT_READ);
    out[0] = '\0';
    if (!json_string_text(node, &text))
        return;
    snprintf(out, size, "%s", text.data);
    for (char *at = out; *at; at++)
        if (strchr("\t\r\n", *at))
            *at = ' ';
    str_printable(out);
}

/* Containers run on Linux, whatever this program runs on. */
static const char *const SIGNALS[] = {
    NULL,   "HUP",  "INT",  "QUIT", "ILL",    "TRAP",   "ABRT",  "BUS",  "FPE",  "KILL", "USR1",
    "SEGV", "USR2", "PIPE", "ALRM", "TERM",   "STKFLT", "CHLD",  "CONT", "STOP", "TSTP", "TTIN",
    "TTOU", "URG",  "XCPU", "XFSZ", "VTALRM", "PROF",   "WINCH", "POLL", "PWR",  "SYS"};

#define TERMINATE 15

static void write_signal(int64_t number, char *out, size_t size)
{
    if (number > 0 && number < (int64_t)ARRAY_SIZE(SIGNALS))
        snprintf(out, size, "SIG%s", SIGNALS[number]);
    else
        snprintf(out, size, "%" PRId64, number); /* SIGRTMIN+3 */
}

/* Podman reports the number of a signal, as a text or (since 5) as a number. */
void container_read_signal(struct json_node node, char *out, size_t size)
{
    char word[24];
    int64_t number = TERMINATE;

    container_read_text(node, word, sizeof word);
    if (word[0] && word[strspn(word, "0123456789")]) {
        snprintf(out, size, "%s%s", strncmp(word, "SIG", 3) == 0 ? "" : "SIG", word);
        return;
    }
    if (word[0])
        number = strtol(word, NULL, 10);
    else
        json_int(node, &number);
    write_signal(number, out, size);
}
