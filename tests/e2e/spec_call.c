/*
 * Calls the floor deploy/spec with inspects of real daemons, for scenarios.
 *
 *   spec_call adopt CONTAINER.json BARE.json   prints the container file
 *   spec_call body FILE API                    prints {"connect": {NETWORK: ENDPOINT}, "body": BODY}
 *   spec_call judge FILE INSPECT.json          prints warnings; fails if the candidate is refused
 *
 * The unit has the order stop-first and no port. BARE.json and the others are inspects.
 */
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/json_write.h"
#include "deploy/spec/adopt.h"
#include "deploy/spec/container_spec.h"
#include "deploy/spec/judge.h"
#include "docker/container.h"

static int read_container(const char *path, struct docker_container *out, struct err *err)
{
    _cleanup_text_ struct text text = {0};
    struct json *json;

    text_init(&text, 16 * MIB);
    if (file_read(path, &text, err) || json_parse(&json, text_view(&text), &JSON_IMAGE, path, err))
        return ERR_FAIL;
    return docker_container_read(json, out, err);
}

static int adopt(const char *container_path, const char *bare_path, struct err *err)
{
    struct docker_container container, bare;
    struct adopted adopted;

    if (read_container(container_path, &container, err) || read_container(bare_path, &bare, err) ||
        adopt_write(&container, &bare, "", "shop", "production", "shop.json5", &adopted, err))
        return ERR_FAIL;
    fputs(adopted.container.data, stdout);
    fputs(adopted.notes.data, stderr);
    adopted_finish(&adopted);
    docker_container_finish(&container);
    docker_container_finish(&bare);
    return 0;
}

/* Loads a container file as a unit. */
static int load(const char *path, struct unit_spec *unit, struct container_spec *out,
                struct err *err)
{
    unit_init(unit);
    unit->order = ORDER_STOP_FIRST;
    str_copy(unit->unit, sizeof unit->unit, DEPLOY_UNIT_MAIN);
    str_copy(unit->container, sizeof unit->container, path);
    return container_spec_load(unit, out, err);
}

static int add_network(void *arg, const char *network, struct view endpoint, struct err *err)
{
    (void)err;
    jw_raw(arg, network, endpoint);
    return 0;
}

static int print_body(const char *path, const char *api, struct err *err)
{
    static const char *const labels[] = {"dev.s3dock.generation=2", NULL};
    struct container_creation creation = {.image = "shop:1", .labels = labels, .api_version = api};
    _cleanup_text_ struct text body = {0}, all = {0};
    struct container_spec spec;
    struct unit_spec unit;
    struct json_writer w;

    text_init_secret(&body, 4 * MIB);
    text_init_secret(&all, 8 * MIB);
    jw_init(&w, &all, true);
    jw_object(&w, NULL);
    jw_object(&w, "connect");
    if (load(path, &unit, &spec, err) || container_spec_body(&spec, &creation, &body, err) ||
        container_spec_networks(&spec, &creation, add_network, &w, err))
        return ERR_FAIL;
    jw_end(&w);
    jw_raw(&w, "body", text_view(&body));
    jw_end(&w);
    puts(all.data);
    container_spec_finish(&spec);
    return 0;
}

static int run_judge(const char *path, const char *inspect, struct err *err)
{
    _cleanup_text_ struct text warnings = {0};
    struct docker_container candidate;
    struct container_spec spec;
    struct unit_spec unit;
    struct judge_input input = {.spec = &spec, .candidate = &candidate};
    int rc;

    text_init(&warnings, 64 * KIB);
    if (load(path, &unit, &spec, err) || read_container(inspect, &candidate, err))
        return ERR_FAIL;
    rc = judge(&input, &warnings, err);
    fputs(warnings.data, stdout);
    container_spec_finish(&spec);
    docker_container_finish(&candidate);
    return rc;
}

int main(int argc, char **argv)
{
    struct err err = {0};
    int rc = ERR_FAIL;

    if (argc != 4) {
        fputs("usage: spec_call adopt|body|judge ARGUMENT ARGUMENT\n", stderr);
        return 2;
    }
    if (strcmp(argv[1], "adopt") == 0)
        rc = adopt(argv[2], argv[3], &err);
    else if (strcmp(argv[1], "body") == 0)
        rc = print_body(argv[2], argv[3], &err);
    else if (strcmp(argv[1], "judge") == 0)
        rc = run_judge(argv[2], argv[3], &err);
    if (rc)
        fprintf(stderr, "%s\n", err.text);
    return rc ? 1 : 0;
}
