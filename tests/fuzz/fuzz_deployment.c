/* A configuration, a container file and an env file, separated by lines of "---". Input that the
 * readers accept gives a JSON body with the restart policy "no". */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/json.h"
#include "base/json5.h"
#include "deploy/spec/container_spec.h"
#include "deploy/spec/deployment.h"
#include "deploy/spec/env_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct json_limits LIMITS = {.bytes = 16 * MIB, .depth = 64, .nodes = 1024 * 1024};

/* Cuts the text at the next separator. */
static struct view next_part(struct view *rest)
{
    const uint8_t *cut = rest->size ? memmem(rest->data, rest->size, "\n---\n", 5) : NULL;
    struct view part = view_of(rest->data, cut ? (size_t)(cut - rest->data) : rest->size);

    *rest = cut ? view_of(cut + 5, rest->size - part.size - 5) : view_of(NULL, 0);
    return part;
}

static void check_body(const struct container_spec *spec)
{
    static const char *const labels[] = {"dev.s3dock.slot=blue", NULL};
    struct container_creation creation = {
        .image = "sha256:0", .labels = labels, .api_version = "1.48"};
    struct json_node policy;
    struct text body;
    struct json *json;
    struct err err;

    text_init_secret(&body, 16 * MIB);
    if (container_spec_body(spec, &creation, &body, &err) < 0 ||
        json_parse(&json, text_view(&body), &LIMITS, "body", &err) < 0)
        abort();
    policy = json_get(json_get(json_root(json), "HostConfig"), "RestartPolicy");
    if (!json_string_equals(json_get(policy, "Name"), "no") ||
        !json_string_equals(json_get(json_root(json), "Image"), "sha256:0") ||
        strlen(spec->hash) != SHA256_HEX_SIZE - 1)
        abort();
    json_destroy(json);
    text_finish(&body);
}

static void check_unit(const struct unit_spec *unit, struct view file, struct view env)
{
    struct container_spec spec;
    struct text variables;
    struct err err;

    text_init_secret(&variables, MIB);
    if (env_file_parse(env, "env", &variables, &err) == 0) {
        if (container_spec_parse(unit, file, text_view(&variables), &spec, &err) == 0)
            check_body(&spec);
        container_spec_finish(&spec);
    }
    text_finish(&variables);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct deployment entry;
    struct view rest = view_of(data, size), config = next_part(&rest), file = next_part(&rest);
    struct json *json;
    struct text text;
    struct err err;

    text_init(&text, MIB);
    if (json5_to_json(config, &text, &err) == 0 &&
        json_parse(&json, text_view(&text), &JSON_DOCUMENT, "config", &err) == 0) {
        if (deployment_read(json_root(json), "/c.json5", "shop", "production", &entry, NULL,
                            &err) == DEPLOYMENT_OK)
            for (unsigned i = 0; i < entry.unit_count; i++)
                check_unit(&entry.units[i], file, rest);
        deployment_finish(&entry);
        json_destroy(json);
    }
    text_finish(&text);
    return 0;
}
