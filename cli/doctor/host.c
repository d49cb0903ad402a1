/*
 * Checks the Docker daemon, and the free space for its images and for the cache of s3dock.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "cli/cli.h"
#include "cli/connect.h"
#include "cli/doctor/doctor.h"
#include "cli/print/hints.h"
#include "cli/print/human.h"
#include "docker/docker.h"
#include "layers/open_layers.h"
#include "os/disk.h"

#define DOCKER_SPACE_MIN (UINT64_C(2) << 30)   /* most images need more */
#define CACHE_SPACE_MIN  (UINT64_C(100) << 20) /* for indexes and checkpoints */

static void check_space(struct doctor *doctor, const char *name, const char *path, uint64_t least,
                        const char *hint)
{
    struct os_space disk;
    char size[HUMAN_SIZE];

    if (os_space(path, &disk)) {
        doctor_warning(doctor, name, NULL, "cannot read the free space at %s: %s", path,
                       strerror(errno));
        return;
    }
    human_bytes(disk.free, size);
    if (disk.free < least)
        doctor_warning(doctor, name, hint, "only %s free at %s", size, path);
    else
        doctor_ok(doctor, name, "%s free at %s", size, path);
}

/* Returns true if the user chose the daemon, so that it must exist. */
static bool is_named(const struct docker_endpoint *endpoint)
{
    return strcmp(endpoint->origin, "default") != 0;
}

static void report_missing(struct doctor *doctor, const struct docker_endpoint *endpoint,
                           const struct err *err)
{
    struct err found = *err;

    if (is_named(endpoint)) {
        doctor_found(doctor, "docker", DOCTOR_FAILED, &found);
        return;
    }
    hints_add(&found);
    err_hint(&found, "%s%sDocker is not needed for push --input FILE and pull --output FILE",
             found.hint, found.hint[0] ? "; " : "");
    doctor_found(doctor, "docker", DOCTOR_WARNING, &found);
}

/* Reports whether push and pull can read layers from disk instead of an export. */
static void report_layers(struct doctor *doctor, const struct docker_engine *engine)
{
    struct err found = {0};

    if (open_layers_readable(engine, &found) == 0)
        doctor_ok(doctor, "docker layers", "can be read on this host, so no exports are needed");
    else if (found.family == ERR_UNSUPPORTED)
        doctor_skipped(doctor, "docker layers", "%s%s%s", found.text, found.hint[0] ? "; " : "",
                       found.hint);
    else
        doctor_found(doctor, "docker layers", DOCTOR_WARNING, &found);
}

static void report_engine(struct doctor *doctor, const struct docker_engine *engine,
                          const struct docker_endpoint *endpoint)
{
    doctor_ok(doctor, "docker", "%s %s, API %s, %s/%s, at %s (%s)",
              engine->podman ? "Podman" : "Docker", engine->version, engine->api_version,
              engine->os, engine->architecture, endpoint->host, endpoint->origin);
    doctor_ok(doctor, "docker images", "stored by %s, driver %s",
              engine->containerd_store ? "containerd" : "Docker's own store", engine->driver);
    report_layers(doctor, engine);
    if (endpoint->socket[0] && engine->root_dir[0])
        check_space(doctor, "disk of docker", engine->root_dir, DOCKER_SPACE_MIN,
                    "docker system df shows the used space, docker system prune frees space");
}

void doctor_check_docker(struct doctor *doctor, struct cli *cli)
{
    struct docker_endpoint endpoint = {0};
    struct docker *docker;
    struct err err;

    if (connect_docker_endpoint(cli, &endpoint, &err)) {
        doctor_found(doctor, "docker", DOCTOR_FAILED, &err);
        return;
    }
    docker = docker_open(&endpoint, cli->cancel, &err);
    if (docker)
        report_engine(doctor, docker_engine(docker), &endpoint);
    else
        report_missing(doctor, &endpoint, &err);
    docker_close(docker);
}

void doctor_check_cache(struct doctor *doctor)
{
    char folder[1024];
    struct err err;

    if (file_cache_dir(folder, sizeof folder, &err))
        doctor_found(doctor, "disk of s3dock", DOCTOR_FAILED, &err);
    else
        check_space(doctor, "disk of s3dock", folder, CACHE_SPACE_MIN,
                    "free some space in this folder");
}
