/*
 * verify_url - the URL of the key `verify`, in the parts that a request needs.
 */
#ifndef S3DOCK_DEPLOY_SPEC_VERIFY_URL_H
#define S3DOCK_DEPLOY_SPEC_VERIFY_URL_H

#include <stdbool.h>

struct verify_url {
    bool https;
    char host[240];    /* HOST or HOST:PORT as in the URL, for the Host header */
    char address[256]; /* HOST:PORT, with the default port if the URL has none */
    char path[1024];   /* begins with /; with the query */
};

/* Splits http[s]://HOST[:PORT][/PATH][?QUERY]. An IPv6 address is in brackets. Returns NULL, or
 * what is wrong: "must begin with http:// or https://". */
const char *verify_url_read(const char *url, struct verify_url *out);

#endif
