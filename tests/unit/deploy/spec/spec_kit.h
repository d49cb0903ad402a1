/* spec_kit - deployments and container specs from text, for the tests of this folder. */
#ifndef S3DOCK_TESTS_SPEC_KIT_H
#define S3DOCK_TESTS_SPEC_KIT_H

#include <string.h>

#include "base/err.h"
#include "base/json.h"
#include "base/json5.h"
#include "deploy/spec/container_spec.h"
#include "deploy/spec/deployment.h"
#include "docker/container.h"

/* Parses JSON5. The caller destroys it. */
static inline struct json *json_of(const char *json5)
{
    struct text json;
    struct json *out = NULL;
    struct err err;

    text_init(&json, MIB);
    if (json5_to_json(view_str(json5), &json, &err) ||
        json_parse(&out, text_view(&json), &JSON_IMAGE, "test", &err))
        fail_msg("%s: %s", json5, err.text);
    text_finish(&json);
    return out;
}

/* Reads the entry shop/production. Everything is in `out`, whose strings are copies. */
static inline int read_entry(const char *entry, struct deployment *out, struct text *warnings,
                             struct err *err)
{
    struct text root;
    struct json *json;
    int answer;

    text_init(&root, MIB);
    text_str(&root, "{deploy: {shop: {production: ");
    text_str(&root, entry);
    text_str(&root, "}}}");
    json = json_of(root.data);
    answer = deployment_read(json_root(json), "/etc/s3dock/config.json5", "shop", "production", out,
                             warnings, err);
    json_destroy(json);
    text_finish(&root);
    return answer;
}

#define KIT_ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* A container from the members of its inspect in JSON5, without id and name, which are added. So is
 * the state "created", unless the members have one. The caller calls docker_container_finish. */
static inline struct docker_container container_of(const char *name, const char *members)
{
    struct docker_container container;
    struct text text;
    struct err err;

    text_init(&text, MIB);
    text_printf(&text, "{Id: '" KIT_ID "', Name: '/%s', %s%s}", name,
                strstr(members, "State:") ? "" : "State: {Status: 'created'}, ", members);
    if (docker_container_read(json_of(text.data), &container, &err))
        fail_msg("%s: %s", members, err.text);
    text_finish(&text);
    return container;
}

#endif
