/*
 * Checks each deployment of the configuration: its files, its bucket, its containers, its slots and
 * its proxy. Starts and changes nothing, except for one object below deployments/, which tests the
 * right to write there.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/codes.h"
#include "base/err.h"
#include "cli/cli.h"
#include "cli/connect.h"
#include "cli/deployments.h"
#include "cli/doctor/doctor.h"
#include "deploy/spec/container_spec.h"
#include "deploy/spec/labels.h"
#include "deploy/state_files.h"
#include "deploy/traffic/traffic.h"
#include "docker/container.h"
#include "docker/container_list.h"
#include "docker/docker.h"
#include "docker/network.h"
#include "os/socket.h"
#include "store/store.h"

#define CHECK       "deployment"
#define PROBE_NAME  ".s3dock-doctor" /* no name of a host: `status` ignores it */
#define NO_ETAG     "\"00000000000000000000000000000000\"" /* of no object */
#define LINES_MAX   (16 * KIB)
#define SUBJECT_MAX 320

/* One entry while it is checked. */
struct entry {
    struct doctor *doctor;
    struct cli *cli;
    struct docker *docker; /* NULL: no daemon */
    const struct docker_container_list *containers;
    const struct deployment *deployment;
    char subject[SUBJECT_MAX]; /* "shop/production" or "shop/production web" */
};

static void add_failure(const struct entry *entry, enum doctor_status status, const struct err *err)
{
    struct err found = *err;

    err_wrap(&found, "%s", entry->subject);
    doctor_found(entry->doctor, CHECK, status, &found);
}

/* Adds a check for each line. */
static void add_lines(const struct entry *entry, const char *hint, const struct text *lines)
{
    const char *at = lines->data ? lines->data : "";

    while (*at) {
        size_t size = strcspn(at, "\n");

        doctor_warning(entry->doctor, CHECK, hint, "%s: %.*s", entry->subject, (int)size, at);
        at += size + (at[size] == '\n');
    }
}

/* ---- files ---- */

static bool check_files(const struct entry *entry, const struct unit_spec *unit)
{
    struct container_spec spec = {0};
    struct err err;
    bool good = container_spec_load(unit, &spec, &err) == 0;

    if (!good)
        add_failure(entry, DOCTOR_FAILED, &err);
    else
        add_lines(entry, NULL, &spec.warnings);
    container_spec_finish(&spec);
    return good;
}

static void check_state(const struct entry *entry)
{
    struct state_files files;
    struct err err;

    if (state_files_find(&files, entry->deployment->app, entry->deployment->env, NULL, NULL, &err))
        add_failure(entry, DOCTOR_FAILED, &err);
}

/* ---- the container that serves ---- */

static const struct docker_listed_container *find_name(const struct entry *entry, const char *name)
{
    for (unsigned i = 0; i < entry->containers->count; i++)
        if (strcmp(entry->containers->containers[i].name, name) == 0)
            return &entry->containers->containers[i];
    return NULL;
}

static bool is_of_unit(const struct entry *entry, const struct unit_spec *unit,
                       const struct docker_listed_container *container,
                       struct deploy_labels *labels)
{
    char wanted[LABELS_DEPLOY_MAX];

    labels_deploy(wanted, entry->deployment->app, entry->deployment->env, unit->unit);
    return labels_read(container->labels, labels) && strcmp(labels->deploy, wanted) == 0;
}

/* A log without a limit fills the disk. */
static void check_log(const struct entry *entry, const char *id)
{
    struct docker_container container = {0};
    struct json_node config;
    struct err err;

    if (docker_container_inspect(entry->docker, id, &container, &err) == 0) {
        config = json_get(json_get(json_root(container.document), "HostConfig"), "LogConfig");
        if (json_string_equals(json_get(config, "Type"), "json-file") &&
            !json_present(json_get(json_get(config, "Config"), "max-size")))
            doctor_warning(entry->doctor, CHECK,
                           "set HostConfig.LogConfig in the container file: { Type: \"json-file\", "
                           "Config: { \"max-size\": \"10m\" } }, or limit logs in daemon.json",
                           "%s: the log of the container has no size limit", entry->subject);
    }
    docker_container_finish(&container);
}

static void report_serving(const struct entry *entry, const struct unit_spec *unit,
                           const struct docker_listed_container *container,
                           const struct deploy_labels *labels)
{
    if (container->state == CONTAINER_RUNNING)
        doctor_ok(entry->doctor, CHECK, "%s: %s runs %s, generation %u%s%s", entry->subject,
                  unit->name, labels->image, labels->generation, unit->port ? ", slot " : "",
                  unit->port ? deploy_slot_name(labels->slot) : "");
    else
        doctor_warning(entry->doctor, CHECK, "s3dock deploy starts it, or replaces it",
                       "%s: the container %s does not run", entry->subject, unit->name);
    check_log(entry, container->id);
}

/* Stores the labels of the container that holds the name. False: none, or a foreign one. */
static bool check_container(const struct entry *entry, const struct unit_spec *unit,
                            struct deploy_labels *labels)
{
    const struct docker_listed_container *container = find_name(entry, unit->name);
    struct err err;

    if (!container) {
        doctor_skipped(entry->doctor, CHECK, "%s: no container %s so far: s3dock deploy %s %s",
                       entry->subject, unit->name, entry->deployment->app, entry->deployment->env);
        return false;
    }
    if (is_of_unit(entry, unit, container, labels)) {
        report_serving(entry, unit, container, labels);
        return container->state == CONTAINER_RUNNING;
    }
    err_set(&err, ERR_CONFLICT, CODE_CONTAINER, "s3dock did not start the container %s",
            unit->name);
    err_hint(&err, "take it over with s3dock deploy --adopt %s %s %s, or choose another name",
             unit->name, entry->deployment->app, entry->deployment->env);
    add_failure(entry, DOCTOR_WARNING, &err);
    return false;
}

/* ---- slots ---- */

/* Returns whether a running container of the unit has the slot. */
static bool holds_slot(const struct entry *entry, const struct unit_spec *unit,
                       enum deploy_slot slot)
{
    struct deploy_labels labels;

    for (unsigned i = 0; i < entry->containers->count; i++) {
        const struct docker_listed_container *container = &entry->containers->containers[i];

        if (container->state == CONTAINER_RUNNING && is_of_unit(entry, unit, container, &labels) &&
            labels.slot == slot)
            return true;
    }
    return false;
}

static void check_slots(const struct entry *entry, const struct unit_spec *unit)
{
    if (!entry->docker || !docker_engine(entry->docker)->same_host)
        return;
    for (unsigned slot = 0; slot < SLOT_COUNT; slot++) {
        uint16_t port = unit->slot_ports[slot];
        struct err err;
        int fault = port && !holds_slot(entry, unit, slot) ? os_check_port(port) : 0;

        if (fault != EADDRINUSE && fault != EACCES)
            continue;
        err_set(&err, ERR_CONFLICT, "slot",
                "the port %u of the slot %s is taken by another program", port,
                deploy_slot_name(slot));
        err_hint(&err,
                 "ss -ltnp 'sport = :%u' names the program; or choose another port in "
                 "\"slots\" and in the proxy",
                 port);
        add_failure(entry, DOCTOR_FAILED, &err);
    }
}

static void check_network(const struct entry *entry, const struct unit_spec *unit)
{
    struct err err;
    int answer;

    if (!entry->docker || !unit->network[0])
        return;
    answer = docker_network_exists(entry->docker, unit->network, &err);
    if (answer == DOCKER_ABSENT) {
        err_set(&err, ERR_NOT_FOUND, "network", "there is no network %s", unit->network);
        err_hint(&err, "docker network create %s", unit->network);
    }
    if (answer)
        add_failure(entry, DOCTOR_FAILED, &err);
}

/* ---- the proxy ---- */

/* Writes the address of a slot as the proxy has it. */
static void format_address(const struct unit_spec *unit, enum deploy_slot slot, char out[128])
{
    if (unit->slot_ports[slot])
        snprintf(out, 128, "127.0.0.1:%u", unit->slot_ports[slot]);
    else if (unit->slot_names[slot][0])
        snprintf(out, 128, "%s:%u", unit->slot_names[slot], unit->port);
    else
        out[0] = '\0';
}

/* Compares the slots in rotation with the container that serves (NULL: none). */
static void check_rotation(const struct entry *entry, struct traffic *traffic,
                           const struct deploy_labels *serving)
{
    unsigned slots;
    struct err err;
    int answer = traffic_where(traffic, &slots, &err);

    if (answer < 0)
        add_failure(entry, DOCTOR_FAILED, &err);
    else if (answer == TRAFFIC_OK && serving && !(slots & 1u << serving->slot))
        doctor_warning(entry->doctor, CHECK, "s3dock deploy sets the proxy again",
                       "%s: the proxy sends no requests to the slot %s of the container that runs",
                       entry->subject, deploy_slot_name(serving->slot));
    else
        doctor_ok(entry->doctor, CHECK, "%s: the proxy can be reached", entry->subject);
}

static void check_proxy(const struct entry *entry, const struct unit_spec *unit,
                        const struct deploy_labels *serving)
{
    _cleanup_text_ struct text lines = {0};
    char addresses[SLOT_COUNT][128];
    const struct traffic_context context = {.app = entry->deployment->app,
                                            .env = entry->deployment->env,
                                            .unit = unit->unit,
                                            .addresses = {addresses[0], addresses[1]},
                                            .cancel = entry->cli->cancel};
    struct traffic *traffic = NULL;
    struct err err;

    if (unit->traffic.kind == TRAFFIC_ABSENT)
        return;
    text_init(&lines, LINES_MAX);
    for (unsigned slot = 0; slot < SLOT_COUNT; slot++)
        format_address(unit, slot, addresses[slot]);
    if (traffic_open(&unit->traffic, &context, &traffic, &err))
        add_failure(entry, DOCTOR_FAILED, &err);
    else if (traffic_examine(traffic, &lines) > 0)
        add_lines(entry, "docs/deploy.md leads to the page of each proxy", &lines);
    else
        check_rotation(entry, traffic, serving);
    traffic_close(traffic);
}

/* ---- the bucket ---- */

/* Tests the right that the record of a deployment needs. */
static void probe_record(const struct entry *entry, struct store *store)
{
    static const char body[] =
        "s3dock doctor wrote this object to test a right; it can be deleted.\n";
    char key[512];
    /* A host has no right to delete. Policies come before conditions, so a condition that is false
     * shows the right, and nothing is written. A store that ignores it writes the object. */
    struct store_op put = {.verb = STORE_PUT,
                           .key = key,
                           .body = view_str(body),
                           .if_match = NO_ETAG,
                           .optional = true};
    struct store_op remove = {.verb = STORE_DELETE, .key = key, .optional = true};
    enum store_answer answer;
    struct err err, ignored;

    snprintf(key, sizeof key, "deployments/%s/%s/" PROBE_NAME, entry->deployment->app,
             entry->deployment->env);
    answer = store_run(store, &put, &err);
    if (answer == STORE_FAILED && put.failure == STORE_UNSUPPORTED) {
        put.if_match = NULL;
        answer = store_run(store, &put, &err);
    }
    if (answer != STORE_FAILED) {
        if (answer == STORE_DONE)
            (void)store_run(store, &remove, &ignored);
        doctor_ok(entry->doctor, CHECK, "%s: the record of this host can be written",
                  entry->subject);
        return;
    }
    err_hint(&err, "allow s3:PutObject below deployments/; without it deployments work, and s3dock "
                   "status does not show this host");
    add_failure(entry, DOCTOR_WARNING, &err);
}

/* The bucket of the entry, which may be another one than that of the profile in use. */
static void check_bucket(const struct entry *entry)
{
    struct cli entered = {0};
    struct store *store = NULL;
    struct err err;

    if (deployments_enter(entry->cli, entry->deployment, &entered, &err) ||
        connect_store(&entered, &store, &err))
        add_failure(entry, DOCTOR_FAILED, &err);
    else if (!config_switch(&entry->cli->config, OPT_READ_ONLY))
        probe_record(entry, store);
    store_destroy(store);
    deployments_leave(&entered);
}

/* ---- all ---- */

static void check_unit(struct entry *entry, const struct unit_spec *unit)
{
    const struct deployment *deployment = entry->deployment;
    struct deploy_labels labels;
    bool serves;

    snprintf(entry->subject, sizeof entry->subject, "%s/%s%s%s", deployment->app, deployment->env,
             deployment->unit_count > 1 ? " " : "", deployment->unit_count > 1 ? unit->unit : "");
    if (!check_files(entry, unit))
        return;
    serves = entry->docker && check_container(entry, unit, &labels);
    check_slots(entry, unit);
    check_network(entry, unit);
    check_proxy(entry, unit, serves ? &labels : NULL);
}

static void check_entry(struct entry *entry, const char *app, const char *env)
{
    _cleanup_text_ struct text warnings = {0};
    struct deployment *deployment;
    struct err err;

    snprintf(entry->subject, sizeof entry->subject, "%s/%s", app, env);
    text_init(&warnings, LINES_MAX);
    if (deployments_read(entry->cli, app, env, &deployment, &warnings, &err)) {
        add_failure(entry, DOCTOR_FAILED, &err);
        return;
    }
    entry->deployment = deployment;
    add_lines(entry, NULL, &warnings);
    check_state(entry);
    check_bucket(entry);
    for (unsigned i = 0; i < deployment->unit_count; i++)
        check_unit(entry, &deployment->units[i]);
    deployments_free(deployment);
}

/* Reports whether `watch` runs as a service. `meson install` installs the unit, and does not enable
 * it. */
static void check_service(struct doctor *doctor)
{
    static const char enabled[] =
        "/etc/systemd/system/multi-user.target.wants/s3dock-watch.service";
    static const char *const folders[] = {"/etc/systemd/system", "/usr/local/lib/systemd/system",
                                          "/usr/lib/systemd/system", "/lib/systemd/system"};
    bool installed = false;
    char path[128];

    if (access(enabled, F_OK) == 0) {
        doctor_ok(doctor, "watch", "enabled as a service: %s", enabled);
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
        snprintf(path, sizeof path, "%s/s3dock-watch.service", folders[i]);
        installed = installed || access(path, F_OK) == 0;
    }
    doctor_skipped(doctor, "watch",
                   "%s, so a promotion reaches this host with the next s3dock deploy",
                   installed ? "installed as a service, but not enabled (systemctl enable --now "
                               "s3dock-watch)"
                             : "not installed as a service");
}

/* Opens the daemon, if it can be reached: the check of Docker reports why not. */
static struct docker *open_daemon(struct cli *cli, struct docker_container_list *containers)
{
    struct docker *docker = NULL;
    struct err err;

    if (connect_docker(cli, &docker, &err))
        return NULL;
    if (docker_list_containers(docker, NULL, containers, &err) == 0)
        return docker;
    docker_close(docker);
    return NULL;
}

void doctor_check_deployments(struct doctor *doctor, struct cli *cli)
{
    struct docker_container_list containers = {0};
    struct entry entry = {.doctor = doctor, .cli = cli, .containers = &containers};
    char app[NAME_APP_MAX], env[NAME_ENV_MAX];

    if (!config_file_deploys(&cli->config.file))
        return;
    entry.docker = open_daemon(cli, &containers);
    for (unsigned n = 0; deployments_name(cli, n, app, env); n++)
        check_entry(&entry, app, env);
    check_service(doctor);
    docker_container_list_finish(&containers);
    docker_close(entry.docker);
}
