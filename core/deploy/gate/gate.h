/*
 * gate - waits until a container is ready, or finds that it will not be.
 *
 * The decision (gate_take) is a function of the results of probes and of the time. gate_wait sends
 * the probes every GATE_INTERVAL and inspects the container before each.
 */
#ifndef S3DOCK_DEPLOY_GATE_GATE_H
#define S3DOCK_DEPLOY_GATE_GATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "deploy/spec/deployment.h"

struct cancel;
struct docker;
struct err;

#define GATE_INTERVAL (500 * NS_PER_MS)
#define GATE_ROW      2               /* successes in a row that pass */
#define GATE_UPTIME   (10 * NS_PER_S) /* without a test and without a HEALTHCHECK */

struct gate_input {
    const struct gate_spec *spec;
    struct docker *docker;
    const char *container; /* id */
    const char *address;   /* "127.0.0.1:18081"; "": the container's own, in `network` */
    const char *network;
    uint16_t port; /* in the container; 0: none */
    const struct cancel *cancel;
    void (*wake)(void *arg); /* called once each interval, for a watchdog; may be NULL */
    void *arg;
};

struct gate_report {
    char kind[32]; /* "http", "tcp", "exec", "docker", "uptime", joined by "+" */
    unsigned tries;
    double seconds;
    char answer[256]; /* the last result that did not pass, in words */
};

/* Waits until every test passed. Fails with deploy.exited (exit code, whether out of memory),
 * deploy.unhealthy (the last answer). Fills *report in both cases. */
int gate_wait(const struct gate_input *input, struct gate_report *report, struct err *err);
/* One round: for containers that passed before. */
int gate_once(const struct gate_input *input, struct gate_report *report, struct err *err);
/* Returns true if the spec has a test. Without one, and without a HEALTHCHECK of the image, only the
 * uptime counts. */
bool gate_has_test(const struct gate_spec *spec);

#endif
