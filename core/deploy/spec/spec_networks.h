/*
 * spec_networks - the networks of a candidate: those of the container file, and the slot's.
 */
#ifndef S3DOCK_DEPLOY_SPEC_SPEC_NETWORKS_H
#define S3DOCK_DEPLOY_SPEC_SPEC_NETWORKS_H

#include <stdbool.h>

#include "base/json.h"
#include "deploy/spec/unit.h"

struct err;
struct text;

#define SPEC_NETWORKS_MAX 32
#define SPEC_NETWORK_SIZE 256

struct spec_network {
    char name[SPEC_NETWORK_SIZE];
    struct json_node endpoint; /* of the file, or absent */
    bool slot;                 /* the alias of the slot belongs here */
};

struct spec_networks {
    char mode[SPEC_NETWORK_SIZE]; /* NetworkMode of the body, or "": none is written */
    unsigned count;               /* 0: the mode alone decides, and the body names no endpoint */
    struct spec_network networks[SPEC_NETWORKS_MAX]; /* the first one is that of the mode */
};

/* `file`: the root of the container file. usage.deploy: too many networks, or slots with names in a
 * mode that has no networks. */
int spec_networks_find(struct json_node file, const struct unit_spec *unit,
                       struct spec_networks *out, struct err *err);
/* Appends the EndpointConfig, with the alias of the slot where it belongs. */
void spec_network_endpoint(const struct spec_network *network, const char *alias, struct text *out);

#endif
