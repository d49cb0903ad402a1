/*
 * connect - from the configuration to an open bucket and an open daemon.
 */
#ifndef S3DOCK_CLI_CONNECT_H
#define S3DOCK_CLI_CONNECT_H

#include <stdbool.h>

struct err;
struct cli;
struct docker;
struct docker_endpoint;
struct store;

/* An endpoint "file:///FOLDER" is a directory store, the bucket a folder in it, which is made when
 * it is missing and `create` is set. Everything else is S3. The caller destroys *out. */
int connect_store(struct cli *cli, bool create, struct store **out, struct err *err);
/* Which daemon is meant, and how long it is waited for. */
int connect_docker_endpoint(struct cli *cli, struct docker_endpoint *out, struct err *err);
/* The daemon of --docker-host, --docker-context, or the docker command's own rules. The caller
 * closes *out. */
int connect_docker(struct cli *cli, struct docker **out, struct err *err);

#endif
