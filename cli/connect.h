/*
 * connect - opens the bucket and the daemon that the configuration names.
 */
#ifndef S3DOCK_CLI_CONNECT_H
#define S3DOCK_CLI_CONNECT_H

#include <stdbool.h>

struct err;
struct cli;
struct docker;
struct config;
struct docker_endpoint;
struct store;

/* Opens the store. An endpoint "file:///FOLDER" is a directory; the bucket is a folder in it. Any
 * other endpoint is S3. The caller calls store_destroy. Checks consent_store first (usage.trust).
 */
int connect_store(struct cli *cli, struct store **out, struct err *err);
/* The same; with `create`, a missing folder of the bucket is made. Creates no bucket of S3. */
int connect_or_create_store(struct cli *cli, bool create, struct store **out, struct err *err);
/* Checks the settings of the store without a request: the endpoint, the bucket, and options that
 * exclude each other. */
int connect_check(const struct config *config, struct err *err);
/* Finds the address of the daemon and the maximum wait for it. Sends no request. Checks
 * consent_docker first (usage.trust). */
int connect_docker_endpoint(struct cli *cli, struct docker_endpoint *out, struct err *err);
/* Opens the daemon of --docker-host, --docker-context, or of the rules of the docker program. The
 * caller calls docker_close. */
int connect_docker(struct cli *cli, struct docker **out, struct err *err);

#endif
