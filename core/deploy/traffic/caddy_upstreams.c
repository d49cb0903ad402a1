/*
 * The list is an array of objects, [{"dial": "127.0.0.1:18081"}], or null if none was configured.
 */
#include "deploy/traffic/caddy_upstreams.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/codes.h"
#include "base/err.h"
#include "base/json.h"
#include "base/json_write.h"

#define ADDRESS_MAX 512
#define MEMBER_MAX  64

static const struct json_limits LIMITS = {.bytes = MIB, .depth = 16, .nodes = 20000};

static int parse(struct view body, struct json **json, struct err *err)
{
    struct err cause;
    enum json_kind kind;

    if (json_parse(json, body, &LIMITS, "the upstreams", &cause) < 0)
        return err_set(err, ERR_DEPLOY, CODE_SWITCH, "Caddy's admin API: %s", cause.text);
    kind = json_kind(json_root(*json));
    if (kind == JSON_ARRAY || kind == JSON_NULL)
        return 0;
    json_destroy(*json);
    *json = NULL;
    return err_set(err, ERR_DEPLOY, CODE_SWITCH,
                   "Caddy's admin API printed something else than a list of upstreams: %.*s",
                   (int)(body.size < 100 ? body.size : 100), (const char *)body.data);
}

static bool is_same_address(const char *a, const char *b)
{
    const char *port_a = strncmp(a, "localhost:", 10) == 0 ? a + 9 : NULL;
    const char *port_b = strncmp(b, "127.0.0.1:", 10) == 0 ? b + 9 : NULL;

    return strcmp(a, b) == 0 || (port_a && port_b && strcmp(port_a, port_b) == 0);
}

int caddy_upstreams_read(struct view body, const char *const addresses[SLOT_COUNT],
                         struct caddy_upstreams *out, struct err *err)
{
    struct json *json = NULL;
    struct json_node at;
    char dial[ADDRESS_MAX];

    *out = (struct caddy_upstreams){0};
    if (parse(body, &json, err) < 0)
        return ERR_FAIL;
    for (at = json_first(json_root(json)); json_kind(at) != JSON_ABSENT;
         at = json_next(json_root(json), at, NULL)) {
        out->count++;
        if (!json_string(json_get(at, "dial"), dial, sizeof dial))
            continue;
        for (unsigned slot = 0; slot < SLOT_COUNT; slot++)
            if (addresses[slot][0] && is_same_address(dial, addresses[slot]))
                out->slots |= 1u << slot;
    }
    json_destroy(json);
    return 0;
}

int caddy_upstreams_write(struct view body, const char *address, struct text *out, struct err *err)
{
    struct json *json = NULL;
    struct json_node first, value = {0}, name;
    struct json_writer writer;
    char member[MEMBER_MAX];

    if (parse(body, &json, err) < 0)
        return ERR_FAIL;
    first = json_first(json_root(json));
    jw_init(&writer, out, true);
    jw_array(&writer, NULL);
    jw_object(&writer, NULL);
    jw_string(&writer, "dial", address);
    while (json_kind(first) == JSON_OBJECT) {
        value = json_next(first, value, &name);
        if (json_kind(value) == JSON_ABSENT)
            break;
        if (!json_names(name, "dial") && json_string(name, member, sizeof member))
            jw_raw(&writer, member, json_raw(value));
    }
    jw_end(&writer);
    jw_end(&writer);
    json_destroy(json);
    return text_check(out, "the upstreams for Caddy", err);
}
