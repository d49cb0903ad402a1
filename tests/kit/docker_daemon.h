/*
 * docker_daemon - a scripted daemon with containers, for tests of docker/container. Include
 * cmocka.h before.
 */
#ifndef S3DOCK_TESTS_KIT_DOCKER_DAEMON_H
#define S3DOCK_TESTS_KIT_DOCKER_DAEMON_H

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "docker/container.h"
#include "docker/docker.h"
#include "kit/fake_docker.h"
#include "kit/fake_endpoint.h"

#define PLAIN             "{\"Image\":\"app:1\"}"
#define DOCKER_OPEN_TRIES 100

/* Profiles of tests/kit/fake_docker.py. */
static const char *const engines[] = {"docker-17", "docker-20.10", "docker-29.3", "podman",
                                      "podman-5"};

static inline struct docker_endpoint endpoint_of(const struct fake_docker *fake, const char *api,
                                                 int64_t patience)
{
    struct docker_endpoint endpoint = fake_endpoint(fake);

    endpoint.patience = patience;
    snprintf(endpoint.api_version, sizeof endpoint.api_version, "%s", api);
    return endpoint;
}

/* One server for all tests: a test makes it another engine, without containers. */
static struct fake_docker server;

struct daemon {
    struct docker *docker;
};

/* Sends one request of control to the server: `fmt` with `value`. */
static inline void control(const char *fmt, const char *value)
{
    char words[1024];

    snprintf(words, sizeof words, fmt, value);
    fake_docker_control(&server, words, NULL, 0);
}

/* Makes the server the engine `profile`, and opens it. "": the newest API version. */
static inline struct daemon start_daemon_of(const char *profile, const char *api, int64_t patience)
{
    struct docker_endpoint endpoint = endpoint_of(&server, api, patience);
    struct daemon daemon;
    struct err err = {0};

    control("{\"profile\":\"%s\",\"rules\":[]}", profile);
    /* On a busy machine the daemon may need longer than a short patience. */
    for (unsigned tries = 0; tries < DOCKER_OPEN_TRIES; tries++) {
        daemon.docker = docker_open(&endpoint, NULL, &err);
        if (daemon.docker)
            break;
    }
    if (!daemon.docker)
        print_error("%s\n", err.text);
    assert_non_null(daemon.docker);
    return daemon;
}

static inline struct daemon start_daemon(const char *profile)
{
    return start_daemon_of(profile, "", 10 * NS_PER_S);
}

static inline void stop_daemon(struct daemon *daemon)
{
    docker_close(daemon->docker);
}

/* Replaces the rules by which the server fails. */
static inline void script(const char *rules)
{
    control("{\"rules\":%s}", rules);
}

static inline void create(const struct daemon *daemon, const char *name, const char *body)
{
    char id[DOCKER_ID_SIZE];
    struct err err = {0};

    if (docker_container_create(daemon->docker, name, view_str(body), id, NULL, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(strlen(id), 64);
}

static inline void run(const struct daemon *daemon, const char *name, const char *body)
{
    struct err err = {0};

    create(daemon, name, body);
    if (docker_container_start(daemon->docker, name, &err) != 0)
        fail_msg("%s", err.text);
}

/* Returns an inspect, which the caller finishes. */
static inline struct docker_container inspect(const struct daemon *daemon, const char *which)
{
    struct docker_container container;
    struct err err = {0};

    if (docker_container_inspect(daemon->docker, which, &container, &err) != DOCKER_OK)
        fail_msg("%s: %s", which, err.text);
    return container;
}

static inline enum container_state state_of(const struct daemon *daemon, const char *which)
{
    struct docker_container container = inspect(daemon, which);
    enum container_state state = container.state;

    docker_container_finish(&container);
    return state;
}

static inline void assert_err(const struct err *err, const char *code)
{
    char found[64];

    snprintf(found, sizeof found, "%s.%s", err_family_name(err->family), err->code);
    assert_string_equal(found, code);
}

static inline int start_server(void **state)
{
    (void)state;
    server = fake_docker_start("docker-20.10", "", 0);
    return 0;
}

static inline int stop_server(void **state)
{
    (void)state;
    fake_docker_stop(&server);
    return 0;
}

#endif
