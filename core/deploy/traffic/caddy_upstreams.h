/*
 * caddy_upstreams - the list `upstreams` of a reverse_proxy in Caddy's configuration. Pure.
 */
#ifndef S3DOCK_DEPLOY_TRAFFIC_CADDY_UPSTREAMS_H
#define S3DOCK_DEPLOY_TRAFFIC_CADDY_UPSTREAMS_H

#include <stdbool.h>

#include "base/view.h"
#include "deploy/spec/deployment.h"

struct err;
struct text;

struct caddy_upstreams {
    unsigned count;
    unsigned slots; /* whose addresses are in the list, as bits */
};

/* Reads the list. `addresses` of the slots; "localhost" and "127.0.0.1" are the same.
 * deploy.switch: the text is no such list. */
int caddy_upstreams_read(struct view body, const char *const addresses[SLOT_COUNT],
                         struct caddy_upstreams *out, struct err *err);
/* Appends the list that has `address` alone, with the other members of the first upstream
 * (max_requests). */
int caddy_upstreams_write(struct view body, const char *address, struct text *out, struct err *err);

#endif
