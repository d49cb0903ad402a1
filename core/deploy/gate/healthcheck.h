/*
 * healthcheck - the HEALTHCHECK of a container: its command, and the time that Docker needs for it.
 */
#ifndef S3DOCK_DEPLOY_GATE_HEALTHCHECK_H
#define S3DOCK_DEPLOY_GATE_HEALTHCHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct docker_container;

enum healthcheck_form {
    HEALTHCHECK_ABSENT,  /* neither the image nor the container has one */
    HEALTHCHECK_NONE,    /* it is disabled */
    HEALTHCHECK_COMMAND, /* s3dock can run it, too: argv */
    HEALTHCHECK_FOREIGN, /* only the daemon can run it: unknown form, or too long */
};

#define HEALTHCHECK_WORDS 64
#define HEALTHCHECK_BYTES 8192

struct healthcheck {
    enum healthcheck_form form;
    const char *argv[HEALTHCHECK_WORDS + 1]; /* NULL at the end; points into `bytes` */
    int64_t interval, timeout, start_period; /* ns, with Docker's defaults */
    unsigned retries;
    char bytes[HEALTHCHECK_BYTES];
    size_t used; /* of bytes */
};

/* Reads Config.Healthcheck of an inspect. Numbers out of range become the nearest possible one. */
void healthcheck_read(const struct docker_container *container, struct healthcheck *out);
/* Returns the ns after which Docker reports "unhealthy" at the latest: the start period, and
 * `retries` times the interval and the timeout. At most HEALTHCHECK_TIME_MAX. */
#define HEALTHCHECK_TIME_MAX (INT64_C(3600) * 1000000000)
int64_t healthcheck_time(const struct healthcheck *healthcheck);
/* Copies the output of Docker's last run of the command, printable. False: there is none. */
bool healthcheck_output(const struct docker_container *container, char *out, size_t size);

#endif
