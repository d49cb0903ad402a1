/*
 * unit - one unit of a deployment: a container, how it is started, judged ready, and given traffic.
 */
#ifndef S3DOCK_DEPLOY_SPEC_UNIT_H
#define S3DOCK_DEPLOY_SPEC_UNIT_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "deploy/spec/entry_keys.h"

struct err;
struct text;

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

/* The keys of a unit; offsets in struct unit_spec. The first UNIT_SHARED_KEYS are also allowed
 * beside `units`, as defaults of all units. */
#define UNIT_SHARED_KEYS 6
#define UNIT_KEYS        13
extern const struct entry_key unit_keys[UNIT_KEYS];

/* Fills in the values of a unit without any key. */
void unit_init(struct unit_spec *unit);
/* Fills in what depends on other keys: the name, the servers of HAProxy. Then refuses a unit whose
 * keys contradict each other. usage.deploy. `place` is the place of the unit. */
int unit_check(const struct entry_place *place, const char *app, const char *env,
               struct unit_spec *unit, struct text *warnings, struct err *err);
/* Frees the commands of a unit. */
void unit_finish(struct unit_spec *unit);

#endif
