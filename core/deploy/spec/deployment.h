/*
 * deployment - one entry deploy.APP.ENV of the configuration file: its units, and how each of them
 * is started, judged ready, and given traffic.
 *
 * The reader refuses unknown keys with the nearest known one, values out of range, and combinations
 * that contradict each other. Paths are relative to the folder of the configuration file.
 */
#ifndef S3DOCK_DEPLOY_SPEC_DEPLOYMENT_H
#define S3DOCK_DEPLOY_SPEC_DEPLOYMENT_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "catalog/name.h"

struct err;
struct text;

#define DEPLOY_UNITS_MAX     16
#define DEPLOY_ENV_FILES_MAX 16
#define DEPLOY_ENV_PATH_MAX  1024
#define DEPLOY_UNIT_MAIN     "main" /* the unit of an entry without `units` */

/* A command without a shell: argv with a NULL at the end. NULL: none. The deployment owns it. */
typedef char **deploy_argv;

enum deploy_order {
    ORDER_START_FIRST, /* the candidate starts beside the container that serves */
    ORDER_STOP_FIRST,  /* the container that serves is stopped first: there is a gap */
};

enum deploy_slot { SLOT_BLUE = 0, SLOT_GREEN = 1, SLOT_COUNT = 2 };

/* The test that a container is ready. More than one may be set: all must pass. */
struct gate_spec {
    char http[1024];  /* path of a GET, or "" */
    char host[256];   /* its Host header; "": the address */
    bool https;       /* TLS without a check of the certificate */
    int status;       /* the only status that passes; 0: 200 to 399 */
    bool tcp;         /* a connection to the port */
    deploy_argv exec; /* a command in the container that must exit with 0 */
    bool docker;      /* Docker's HEALTHCHECK, or its command run by s3dock */
    int64_t uptime;   /* ns that it must run; 0: not configured */
    int64_t within;   /* ns for the whole gate */
};

enum traffic_kind { TRAFFIC_ABSENT, TRAFFIC_HAPROXY, TRAFFIC_CADDY, TRAFFIC_FILE, TRAFFIC_COMMAND };

struct traffic_spec {
    enum traffic_kind kind;
    char haproxy[PATH_MAX];        /* admin socket: a path, or HOST:PORT */
    char backend[256];             /* of HAProxy */
    char servers[SLOT_COUNT][256]; /* of HAProxy: the name of the server of each slot */
    char caddy[512], id[256];      /* URL of the admin API (or unix//PATH); @id of the proxy */
    char file[PATH_MAX];           /* the file that names the target */
    char line[4096];               /* its content: {target} is replaced */
    deploy_argv check, reload;     /* test of the file; reload of the proxy */
    char pid_file[PATH_MAX];       /* of the proxy's first process, or "" */
    int64_t settle;                /* ns that the proxy needs after the write; 0 */
    deploy_argv command;
};

struct unit_spec {
    char unit[64];            /* DEPLOY_UNIT_MAIN, or its name in `units` */
    char name[256];           /* of the container that serves */
    char container[PATH_MAX]; /* file with the body of a create, in the Engine API's words */
    char env_files[DEPLOY_ENV_FILES_MAX][DEPLOY_ENV_PATH_MAX];
    unsigned env_file_count;
    enum deploy_order order;
    uint16_t port;                   /* in the container; 0: it serves nothing */
    uint16_t slot_ports[SLOT_COUNT]; /* published on 127.0.0.1; 0: slots are names */
    char slot_names[SLOT_COUNT][64]; /* network aliases, or "" */
    char network[256];               /* of the aliases, and of gates; or "" */
    struct gate_spec health;
    struct traffic_spec traffic;
    int64_t drain, stop; /* ns; stop -1: from the container, else 30 s */
    unsigned keep;       /* retired containers that are kept, at least 1 */
    bool fresh_volumes;  /* anonymous volumes are allowed: each container gets new ones */
};

/* More than 500 KB: on the heap, or static in a test. */
struct deployment {
    char app[NAME_APP_MAX], env[NAME_ENV_MAX];
    char profile[128];   /* of the bucket; "": the default */
    char file[PATH_MAX]; /* the configuration file, for messages */
    unsigned unit_count;
    struct unit_spec units[DEPLOY_UNITS_MAX];
    int64_t observe;   /* ns */
    char verify[1024]; /* URL that must answer while the candidate is observed, or "" */
    deploy_argv before_switch, after;
    bool prune_dangling; /* images without a name may be removed if the disk is full */
};

enum deployment_answer { DEPLOYMENT_OK = 0, DEPLOYMENT_ABSENT = 1 };

/* Reads the entry from the root of a configuration file. `file`: its path. DEPLOYMENT_ABSENT: there
 * is none. usage.deploy: it is not valid; the text names the key. Warnings are added to `warnings`,
 * one a line (may be NULL). The caller calls deployment_finish, after a failure, too. */
int deployment_read(struct json_node root, const char *file, const char *app, const char *env,
                    struct deployment *out, struct text *warnings, struct err *err);
void deployment_finish(struct deployment *deployment);
/* Reads the names of the n-th entry. False after the last. */
bool deployment_name(struct json_node root, unsigned n, char app[NAME_APP_MAX],
                     char env[NAME_ENV_MAX]);
/* Returns the unit with a name, or NULL. */
const struct unit_spec *deployment_unit(const struct deployment *deployment, const char *unit);

#endif
