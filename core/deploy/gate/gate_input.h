/*
 * gate_input - the container that a gate tests, and how.
 */
#ifndef S3DOCK_DEPLOY_GATE_GATE_INPUT_H
#define S3DOCK_DEPLOY_GATE_GATE_INPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "deploy/spec/deployment.h"

struct cancel;
struct docker;

#define GATE_UPTIME        (10 * NS_PER_S) /* without a test and without a HEALTHCHECK */
#define GATE_UPTIME_SERVED (2 * NS_PER_S)  /* the same, of a container that served before */

struct gate_input {
    const struct gate_spec *spec;
    struct docker *docker;
    const char *container; /* id */
    const char *address;   /* "127.0.0.1:18081"; "": the container's own, in `network` */
    const char *network;
    uint16_t port;          /* in the container; 0: none */
    bool served;            /* it served before, and starts again */
    const char *started_at; /* that it must have, from an earlier report; NULL or "": any */
    const struct cancel *cancel;
    void (*wake)(void *arg); /* called at least once each round, for a watchdog; may be NULL */
    void *arg;
};

/* Returns true if the spec has a test. Without one, and without a HEALTHCHECK of the image, only
 * the uptime counts. */
bool gate_has_test(const struct gate_spec *spec);

#endif
