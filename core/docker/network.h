/*
 * network - the networks of the daemon.
 */
#ifndef S3DOCK_DOCKER_NETWORK_H
#define S3DOCK_DOCKER_NETWORK_H

struct docker;
struct err;

/* GET /networks/{name}. DOCKER_ABSENT: there is no such network. */
int docker_network_exists(struct docker *docker, const char *name, struct err *err);

#endif
