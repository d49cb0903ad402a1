/*
 * deployed - the document of one host under deployments/: what it runs of an environment, and since
 * when. Written only by that host.
 */
#ifndef S3DOCK_CATALOG_DEPLOYED_H
#define S3DOCK_CATALOG_DEPLOYED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/digest_text.h"
#include "catalog/keys.h"
#include "catalog/name.h"
#include "store/store.h"

struct err;

#define DEPLOYED_HOST_MAX   NAME_ENV_MAX
#define DEPLOYED_EVENTS_MAX 10
#define DEPLOYED_UNITS_MAX  16

struct deployed_unit {
    char unit[64], container[65];
    unsigned generation;
};

struct deployed_event {
    char at[48]; /* RFC 3339 */
    char result[16], image_reference[512], error_code[64];
};

struct deployed {
    char host[DEPLOYED_HOST_MAX];
    char machine[17]; /* 16 hex digits that distinguish hosts of one name; never the machine id */
    char app_name[NAME_APP_MAX], environment[NAME_ENV_MAX];
    char image_reference[512];
    char image_id[DIGEST_TEXT_SIZE];
    char result[16]; /* deployed, unchanged, failed, rolled_back, held, down */
    bool hold;       /* a rollback on the host holds the environment */
    char pointer_etag[STORE_ETAG_MAX];
    char since[48]; /* the image serves since then */
    char seen[48];  /* the document was written then, by the store's clock */
    char previous[512];
    char error_code[64];
    char version[32];  /* of s3dock */
    int64_t heartbeat; /* seconds between two documents of a host that watches; 0: it does not */
    unsigned unit_count;
    struct deployed_unit units[DEPLOYED_UNITS_MAX];
    unsigned event_count;
    struct deployed_event events[DEPLOYED_EVENTS_MAX]; /* newest first */
};

/* Reads a document. Members that a newer version adds are ignored, and events and units beyond the
 * maximum. integrity.document: it is malformed. */
int deployed_parse(struct view json, struct deployed *out, struct err *err);
/* Appends the document to `out`, without a newline at its end. */
void deployed_write(const struct deployed *deployed, struct text *out);
/* Writes the name of a host as keys spell it: the grammar of environments, in lower case. Other
 * characters become '-'; a name that is too long is cut and ends with 6 hex digits of its SHA-256;
 * a name without a letter or digit is "host". The result leaves room for deployed_host_add. */
void deployed_host(char out[DEPLOYED_HOST_MAX], const char *name);
/* Appends "-" and the first 6 digits of the machine, for a host whose name another machine uses. */
void deployed_host_add(char host[DEPLOYED_HOST_MAX], const char machine[17]);

#endif
