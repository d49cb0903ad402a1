/* Two inspects, separated by a line of "---". The spec of the first one is JSON5, whatever is in
 * the inspects, and the judge reads both. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/json.h"
#include "base/json5.h"
#include "deploy/spec/adopt.h"
#include "deploy/spec/judge.h"
#include "docker/container.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int read_container(struct view text, struct docker_container *out)
{
    struct json *json;
    struct err err;

    *out = (struct docker_container){0};
    if (json_parse(&json, text, &JSON_IMAGE, "inspect", &err) < 0)
        return -1;
    return docker_container_read(json, out, &err);
}

static void check_json5(struct view json5)
{
    struct json *json;
    struct text text;
    struct err err;

    text_init_secret(&text, 16 * MIB);
    if (json5_to_json(json5, &text, &err) < 0 ||
        json_parse(&json, text_view(&text), &JSON_IMAGE, "spec", &err) < 0)
        abort();
    json_destroy(json);
    text_finish(&text);
}

static void run_judge(struct view file, const struct docker_container *container)
{
    static struct unit_spec unit = {.unit = "main", .container = "f", .order = ORDER_STOP_FIRST};
    const struct docker_container *others[] = {container};
    struct container_spec spec;
    struct judge_input input = {.spec = &spec,
                                .candidate = container,
                                .serving = container,
                                .others = others,
                                .other_count = 1};
    struct text warnings;
    struct err err;

    text_init(&warnings, 64 * KIB);
    if (container_spec_parse(&unit, file, (struct view){0}, &spec, &err) == 0)
        judge(&input, &warnings, &err);
    container_spec_finish(&spec);
    text_finish(&warnings);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *cut = memmem(data, size, "\n---\n", 5);
    size_t first = cut ? (size_t)(cut - data) : size;
    struct docker_container container, bare = {0};
    struct adopted adopted;
    struct err err;

    if (read_container(view_of(data, first), &container) == 0 && cut &&
        read_container(view_of(cut + 5, size - first - 5), &bare) == 0 &&
        adopt_write(&container, &bare, "runc", "shop", "production", "f", &adopted, &err) == 0) {
        check_json5(text_view(&adopted.container));
        check_json5(text_view(&adopted.entry));
        run_judge(text_view(&adopted.container), &container);
        adopted_finish(&adopted);
    }
    docker_container_finish(&container);
    docker_container_finish(&bare);
    return 0;
}
