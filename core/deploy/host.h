/*
 * host - the environment of a deployment, as one table of functions: containers, traffic, gates,
 * images, files, time. The steps decide; they reach the system through this table only.
 *
 * real_host.h has the table of the program. Tests have a daemon, a proxy and a clock in memory,
 * which fail or stop at every call.
 *
 * All functions run on the caller's thread. They fail with the codes of the modules behind them.
 * `unit` is the number of a unit in the deployment.
 */
#ifndef S3DOCK_DEPLOY_HOST_H
#define S3DOCK_DEPLOY_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "deploy/gate/gate.h"
#include "deploy/spec/labels.h"
#include "deploy/traffic/traffic.h"
#include "docker/container.h"
#include "docker/docker.h"
#include "store/store.h"

struct deploy_result;
struct err;

/* A container, as an inspect shows it. */
struct deploy_container {
    struct docker_container facts; /* without its document */
    bool ours;                     /* it has sound labels */
    struct deploy_labels labels;
};

/* The image that the pointer of the environment leads to. */
struct deploy_want {
    char etag[STORE_ETAG_MAX]; /* of the pointer */
    char ref[512];
    char key[STORE_KEY_MAX];         /* of the archive */
    char image_id[DIGEST_TEXT_SIZE]; /* as the daemon counts; "": not known before the pull */
};

/* A container that is to be created. */
struct deploy_creation {
    const char *name;
    const struct deploy_labels *labels; /* image and slot, too */
    bool armed;                         /* with its restart policy */
};

/* The parts of a unit's files by which the steps decide. */
struct deploy_recipe {
    char hash[SHA256_HEX_SIZE]; /* of all inputs of a container, and the platform */
    char restart[32];           /* policy of the container that serves */
    int64_t restart_retries;
};

/* The disk of the daemon, in bytes. */
struct deploy_room {
    bool known;
    uint64_t need;    /* of the pull */
    uint64_t reserve; /* stays free */
    uint64_t free;
};

/* A program of the user, and its variables. Strings may be "". */
struct deploy_hook {
    deploy_argv argv;
    const char *unit, *image, *container, *target, *previous, *result;
};

struct deploy_host {
    const struct deploy_host_table *table;
    /* False: the daemon cannot change a restart policy (Podman before 5.1). */
    bool sets_restart;
    /* Signatures are demanded. Then the name of an image proves nothing: a container has the image
     * of the pointer only if it has the image id that the pull has proven. */
    bool proves;
};

struct deploy_host_table {
    /* ---- files ---- */
    /* Takes the lock of the deployment. conflict.deploy: another run has it for longer than `wait`
     * (ns). */
    int (*lock)(struct deploy_host *host, int64_t wait, struct err *err);
    void (*unlock)(struct deploy_host *host);
    /* Appends the journal. FILE_ABSENT: there is none. */
    int (*journal_read)(struct deploy_host *host, struct text *out, struct err *err);
    int (*journal_write)(struct deploy_host *host, struct view content, struct err *err);
    /* Renames a damaged journal, so that it can be examined. */
    int (*journal_set_aside)(struct deploy_host *host, struct err *err);

    /* ---- bucket and images ---- */
    /* Reads the pointer. Fills *out but for the image id. */
    int (*resolve)(struct deploy_host *host, struct deploy_want *out, struct err *err);
    /* Estimates the disk that the pull of an image needs. */
    int (*room)(struct deploy_host *host, const struct deploy_want *want, struct deploy_room *out,
                struct err *err);
    /* Pulls and verifies the image, and stores the id that the daemon gives it. */
    int (*pull)(struct deploy_host *host, struct deploy_want *want, struct err *err);
    /* Finds out whether the daemon has the image, stores its id, and fetches nothing.
     * DOCKER_ABSENT: it has not; if signatures are demanded, also if the name leads to another
     * image there. Then the id is that of the signed metadata, if the daemon has no other. */
    int (*look)(struct deploy_host *host, struct deploy_want *want, struct err *err);
    /* Removes the images of the application that no container has, but for the reference `keep`.
     * With `dangling`, images without a name, too. Adds their number to *count. */
    int (*prune_images)(struct deploy_host *host, const char *keep, bool dangling, unsigned *count,
                        struct err *err);
    /* Writes the document of this host. */
    int (*record)(struct deploy_host *host, const struct deploy_result *result,
                  const struct err *failure, struct err *err);

    /* ---- containers ---- */
    /* Reads the files of a unit: the body of its containers, and its env files. */
    int (*recipe)(struct deploy_host *host, unsigned unit, struct deploy_recipe *out,
                  struct err *err);
    /* Lists the ids of all containers of the deployment. Fails if there are more than `most`. */
    int (*list)(struct deploy_host *host, char (*ids)[DOCKER_ID_SIZE], unsigned most,
                unsigned *count, struct err *err);
    /* The same with a single request for all of them: name, state, health, labels, nothing else. */
    int (*list_states)(struct deploy_host *host, struct deploy_container *out, unsigned most,
                       unsigned *count, struct err *err);
    /* DOCKER_ABSENT: there is none. */
    int (*inspect)(struct deploy_host *host, const char *which, struct deploy_container *out,
                   struct err *err);
    int (*create)(struct deploy_host *host, unsigned unit, const struct deploy_creation *creation,
                  char id[DOCKER_ID_SIZE], struct err *err);
    /* Compares a created candidate with its spec. `serving`: an id, or "". Appends warnings. */
    int (*judge)(struct deploy_host *host, unsigned unit, const char *candidate,
                 const char *serving, struct text *warnings, struct err *err);
    int (*start)(struct deploy_host *host, const char *id, struct err *err);
    int (*kill)(struct deploy_host *host, const char *id, const char *signal, struct err *err);
    int (*set_restart)(struct deploy_host *host, const char *id, const char *policy,
                       int64_t retries, struct err *err);
    int (*rename)(struct deploy_host *host, const char *id, const char *name, struct err *err);
    /* `never_ran`: its anonymous volumes are empty, and go with it. */
    int (*remove)(struct deploy_host *host, const char *id, bool never_ran, struct err *err);
    int (*log)(struct deploy_host *host, const struct deploy_container *container, struct text *out,
               struct err *err);

    /* ---- traffic, as in traffic.h ---- */
    int (*hold)(struct deploy_host *host, unsigned unit, enum deploy_slot slot, struct err *err);
    int (*enter)(struct deploy_host *host, unsigned unit, const struct traffic_target *target,
                 struct err *err);
    int (*leave)(struct deploy_host *host, unsigned unit, const struct traffic_target *target,
                 const struct traffic_target *stays, struct err *err);
    int (*busy)(struct deploy_host *host, unsigned unit, const struct traffic_target *target,
                int64_t *count, struct err *err);
    int (*cut)(struct deploy_host *host, unsigned unit, const struct traffic_target *target,
               struct err *err);
    int (*where)(struct deploy_host *host, unsigned unit, unsigned *slots, struct err *err);

    /* ---- readiness ---- */
    /* `served`: the container served before, and starts again. */
    int (*gate)(struct deploy_host *host, unsigned unit, const struct traffic_target *target,
                bool served, struct gate_report *report, struct err *err);
    int (*gate_once)(struct deploy_host *host, unsigned unit, const struct traffic_target *target,
                     struct gate_report *report, struct err *err);
    /* GET of a URL through the proxy; `container` is the one that should respond. */
    int (*verify)(struct deploy_host *host, const char *url, const char *container,
                  struct err *err);
    int (*hook)(struct deploy_host *host, const struct deploy_hook *hook, struct err *err);

    /* ---- time ---- */
    int64_t (*now)(struct deploy_host *host);  /* ns, monotonic */
    int64_t (*wall)(struct deploy_host *host); /* ns since 1970 */
    /* Fails with cancelled.signal. */
    int (*sleep)(struct deploy_host *host, int64_t ns, struct err *err);
};

#endif
