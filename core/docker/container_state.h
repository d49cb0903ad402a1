/*
 * container_state - the state and the health of a container, and the sizes of its names.
 */
#ifndef S3DOCK_DOCKER_CONTAINER_STATE_H
#define S3DOCK_DOCKER_CONTAINER_STATE_H

#define DOCKER_ID_SIZE   65  /* 64 hex digits and the NUL */
#define DOCKER_NAME_SIZE 256 /* of a container, without the slash before it */

enum container_state {
    CONTAINER_CREATED,
    CONTAINER_RUNNING,
    CONTAINER_PAUSED,
    CONTAINER_RESTARTING,
    CONTAINER_ENDED,  /* Podman: it has not decided yet whether to start it again */
    CONTAINER_EXITED, /* also dead, and being removed */
};

enum container_health {
    HEALTH_NONE, /* no test is configured, or the daemon reports nothing */
    HEALTH_STARTING,
    HEALTH_HEALTHY,
    HEALTH_UNHEALTHY,
};

#endif
