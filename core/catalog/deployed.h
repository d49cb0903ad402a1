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

#define DEPLOYED_HOST_MAX   128
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

/* deployments/{app}/{env}/{host}.json */
void key_deployed(char out[KEY_MAX], const char *app, const char *env, const char *host);
/* Parses such a key. False for names outside the grammar. */
bool key_parse_deployed(const char *key, char app[NAME_APP_MAX], char env[NAME_ENV_MAX],
                        char host[DEPLOYED_HOST_MAX]);
/* Reads a document. integrity.document: it is malformed. */
int deployed_parse(struct view json, struct deployed *out, struct err *err);
void deployed_write(const struct deployed *deployed, struct text *out);

#endif
