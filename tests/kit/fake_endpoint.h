/*
 * fake_endpoint - the endpoint of a daemon that fake_docker started on a socket. Include cmocka.h
 * before.
 */
#ifndef S3DOCK_TESTS_KIT_FAKE_ENDPOINT_H
#define S3DOCK_TESTS_KIT_FAKE_ENDPOINT_H

#include <stdio.h>

#include "base/err.h"
#include "docker/docker.h"
#include "kit/fake_docker.h"

static inline struct docker_endpoint fake_endpoint(const struct fake_docker *fake)
{
    struct docker_endpoint endpoint = {.origin = "DOCKER_HOST", .url = "http://localhost"};

    snprintf(endpoint.host, sizeof endpoint.host, "unix://%s", fake->socket);
    snprintf(endpoint.socket, sizeof endpoint.socket, "%s", fake->socket);
    return endpoint;
}

static inline struct docker *fake_docker_open(const struct fake_docker *fake)
{
    struct docker_endpoint endpoint = fake_endpoint(fake);
    struct err err;
    struct docker *docker = docker_open(&endpoint, NULL, &err);

    if (!docker)
        fail_msg("%s", err.text);
    return docker;
}

#endif
