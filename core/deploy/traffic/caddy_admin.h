/*
 * caddy_admin - one request to Caddy's admin API.
 */
#ifndef S3DOCK_DEPLOY_TRAFFIC_CADDY_ADMIN_H
#define S3DOCK_DEPLOY_TRAFFIC_CADDY_ADMIN_H

#include <stdint.h>

#include "base/bytes.h"

struct cancel;
struct err;

struct caddy_admin {
    const char *address; /* "http://127.0.0.1:2019", or "unix//PATH" */
    int64_t limit;       /* ns for one request */
    const struct cancel *cancel;
};

struct caddy_answer {
    int status;
    char etag[1024];  /* a header, or a trailer; "": none, or too long */
    struct text body; /* its maximum bounds it */
};

/* Sends a request and stores the whole response, of any status. No redirect is followed and no
 * proxy is used. `if_match` "": none. deploy.switch: no complete response. cancelled.*. */
int caddy_ask(const struct caddy_admin *admin, const char *method, const char *path,
              struct view body, const char *if_match, struct caddy_answer *answer, struct err *err);

#endif
