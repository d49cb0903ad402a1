/*
 * hints - hints for the user that several errors of store/s3 share. Hints that name a flag or a
 * key of the configuration are in cli/print/hints.c.
 */
#ifndef S3DOCK_STORE_S3_HINTS_H
#define S3DOCK_STORE_S3_HINTS_H

#define HINT_TOKEN "get new temporary credentials"
#define HINT_CLOCK "set this machine's clock (timedatectl set-ntp true)"
#define HINT_PROXY "check http_proxy, https_proxy and no_proxy in the environment"
#define HINT_HTTPS "does the server speak https on this port? Then write https:// in the endpoint"
#define HINT_HTTP  "does the server speak https on this port? If not, write http:// in the endpoint"
#define HINT_CACHE "is there a proxy or cache before the store?"
#define HINT_LIMIT "raise the limit of the proxy (nginx: client_max_body_size), or avoid the proxy"
#define HINT_PORTAL                                                                                \
    "is there a login page or a proxy before the store, or does the endpoint name its web "        \
    "console?"

#endif
