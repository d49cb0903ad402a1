/*
 * simulated_host - a deploy_host in memory: a daemon, a proxy for each unit, the files, the time.
 *
 * One call of it can fail before or after its deed, and the process can be killed before or after:
 * then all further calls have no effect. A plain value: a copy is a snapshot.
 *
 * A daemon that cannot change policies (host.sets_restart is false) starts a container with a
 * policy that ended by itself again, as Podman does.
 *
 * It watches the run: the first breach of a rule is kept as text.
 */
#ifndef S3DOCK_TESTS_KIT_SIMULATED_HOST_H
#define S3DOCK_TESTS_KIT_SIMULATED_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "deploy/host.h"
#include "deploy/journal.h"

#define SIM_CONTAINERS 24
#define SIM_UNITS      2

enum sim_proxy {
    SIM_TWO_SERVERS,   /* a bit for each slot, as HAProxy has */
    SIM_SINGLE_TARGET, /* one slot, as a file has */
    SIM_NO_PROXY,      /* each running container gets requests */
};

enum sim_fault {
    SIM_KILL_BEFORE,
    SIM_KILL_AFTER,
    SIM_ERROR_BEFORE,
    SIM_ERROR_AFTER,
    SIM_FAULTS,
};

/* The behaviour of an image. */
enum sim_image {
    SIM_GOOD,
    SIM_EXITS,     /* it ends while its gate waits */
    SIM_SICK,      /* it never passes its gate */
    SIM_NO_START,  /* the daemon cannot start it: a taken port */
    SIM_NO_CREATE, /* the daemon refuses to create it */
    SIM_MISJUDGED, /* it differs from its spec */
    SIM_FADES,     /* it passes its gate, and fails once it gets traffic */
    SIM_IMAGES,
};

/* The events of the machine between two runs. */
enum sim_event {
    SIM_NOTHING,
    SIM_JOURNAL_REMOVED,
    SIM_JOURNAL_EMPTIED,
    SIM_JOURNAL_DAMAGED,
    SIM_DAEMON_RESTART,
    SIM_PROXY_RESTART,
    SIM_REBOOT,
    SIM_EVENTS,
};

struct sim_container {
    struct deploy_container c;
    bool there, foreign;
    unsigned unit;
    enum sim_image image;
    bool stale;        /* it does not start a second time */
    bool started_once; /* a policy has an effect only then */
    bool manual_stop;  /* it was signalled: unless-stopped does not start it */
    unsigned terms;    /* stop signals since its start */
    unsigned dying;    /* inspects until it ends; 0: it is not dying */
    unsigned back;     /* looks of the daemon until it is started again; 0: it is not */
    unsigned busy;     /* requests that it still has */
};

struct sim_unit {
    unsigned slots;        /* in rotation */
    bool served;           /* it has served: from now on it must */
    unsigned lost_calls;   /* in a row at which it runs, and would not come back at boot */
    int last, before_last; /* containers that served; -1 */
};

struct simulated_host {
    struct deploy_host host; /* first */
    const struct deployment *deployment;
    enum sim_proxy proxy;
    struct sim_container containers[SIM_CONTAINERS];
    unsigned count, next_id;
    int64_t routed_at[SIM_CONTAINERS]; /* the last time at which each could get a request */
    struct sim_unit units[SIM_UNITS];
    unsigned refusing; /* proxies that refuse each enter, as bits of the units */
    char journal[4096];
    size_t journal_size;
    bool has_journal;
    unsigned set_aside;
    int64_t now;
    char pointer_ref[64], pointer_etag[32];
    enum sim_image pointer_image;
    char spec[32];

    unsigned calls, fault_at; /* 0: none */
    enum sim_fault fault;
    bool dead;              /* killed */
    bool trace;             /* print each call */
    const char *fault_name; /* of the call with the fault */
    char breach[256];
    void (*meddle)(struct simulated_host *sim); /* what else happens while a hook runs; or NULL */
};

void sim_init(struct simulated_host *sim, const struct deployment *deployment,
              enum sim_proxy proxy);
/* Points the environment at an image. The number makes its name. */
void sim_point(struct simulated_host *sim, unsigned number, enum sim_image image);
/* Adds a container that s3dock did not create. */
void sim_add_foreign(struct simulated_host *sim, const char *name);
/* Prepares for the next run: n-th call (0: none) and its fault. */
void sim_begin(struct simulated_host *sim, unsigned fault_at, enum sim_fault fault);
void sim_happen(struct simulated_host *sim, enum sim_event event, unsigned detail);
/* Checks the rest state: one container of each unit has a policy, the name, the traffic. Returns
 * NULL, or a text with the fault. `ref`: the image that must serve; NULL: any. */
const char *sim_rest_fault(struct simulated_host *sim, const char *ref);
/* Returns true if a unit has more than `keep` retired containers of other images than the one that
 * serves, or more than one beyond `keep`. */
bool sim_keeps_too_many(struct simulated_host *sim);
/* The container that has the name of a unit, or NULL. */
struct sim_container *sim_named(struct simulated_host *sim, unsigned unit);

#endif
