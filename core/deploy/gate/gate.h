/*
 * gate - waits until a container is ready, or finds that it will not be.
 *
 * Each round inspects the container and then runs the tests of the spec: http, tcp, exec, docker.
 * Without a test, the HEALTHCHECK of the image counts; without that, only the uptime. The decision
 * is a function of the results and of the time: deploy/gate/verdict.
 */
#ifndef S3DOCK_DEPLOY_GATE_GATE_H
#define S3DOCK_DEPLOY_GATE_GATE_H

#include <stdbool.h>
#include <stdint.h>

#include "deploy/gate/gate_input.h"

struct err;

struct gate_report {
    char kind[40]; /* "http", "tcp", "exec", "docker", "uptime", joined by "+" */
    unsigned tries;
    double seconds;
    bool blind;          /* nothing but the uptime was tested: the caller warns */
    char answer[256];    /* the last result that did not pass, in words, printable */
    char started_at[48]; /* of the container: a later gate finds a restart by it */
};

/* Waits until every test passed. Fills *report, after a failure, too. deploy.exited: the container
 * ended, was restarted, or lost a process to the lack of memory. deploy.unhealthy: Docker reports
 * it, or the time of the spec (more, if the HEALTHCHECK needs it) has passed; the text has the last
 * result. docker.*: the daemon does not respond for GATE_SILENCE. cancelled.*. */
int gate_wait(const struct gate_input *input, struct gate_report *report, struct err *err);
/* Tests a container that passed before. One success passes; GATE_ROW failures in a row fail. Takes
 * at most some seconds. Fails as gate_wait. */
int gate_once(const struct gate_input *input, struct gate_report *report, struct err *err);

#endif
