/*
 * entry - one environment that is watched: the image that it means, the image that serves, and when
 * each step is due.
 */
#ifndef S3DOCK_WATCH_ENTRY_H
#define S3DOCK_WATCH_ENTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/digest_text.h"
#include "base/err.h"
#include "catalog/name.h"
#include "watch/metrics.h"
#include "watch/pointer_poll.h"
#include "watch/schedule.h"

struct deploy_result;

struct watch_options {
    int64_t interval;    /* ns between two polls */
    int64_t splay;       /* ns: hosts wait up to this long before they act on a change; 0: none */
    int64_t heartbeat;   /* ns between two documents; 0: none */
    const char *machine; /* identifies this host among those of its fleet */
};

/* The image that an environment means. */
struct watch_target {
    char change[POLL_CHANGE_MAX]; /* identifies the pointer and its tag */
    struct resolved resolved;
    bool demanded; /* signatures are: the name of an image proves nothing */
};

enum watch_state {
    WATCH_STARTING,   /* not polled yet */
    WATCH_CURRENT,    /* the host has the image; with --deploy it serves */
    WATCH_BEHIND,     /* another image is wanted: it is pulled, or waits for its time */
    WATCH_TROUBLE,    /* another image is wanted, and the last try failed for a passing reason */
    WATCH_BLOCKED,    /* the same: the disk is full */
    WATCH_HELD,       /* a rollback on this host holds the environment */
    WATCH_FAILED,     /* the image failed; the old container serves */
    WATCH_DOWN,       /* nothing serves */
    WATCH_NO_POINTER, /* the environment has no pointer: the containers stay */
    WATCH_MALFORMED,  /* its pointer leads to no image: the containers stay */
};

struct watch_entry {
    char app[NAME_APP_MAX], env[NAME_ENV_MAX];
    enum watch_state state;
    struct schedule converge, poll, work, heartbeat;
    struct watch_target wanted; /* change "": no image is wanted */
    bool pulled;                /* the wanted image is in the daemon */
    bool settled;               /* nothing is to be done for the wanted image */
    bool unrecorded;            /* a run must write the document, or prove what serves */
    int64_t act_at;             /* the splay of this change ends then */
    unsigned converges;         /* since the last check of a failure or a hold */
    char served[NAME_REF_MAX];  /* image that serves; without --deploy: that was reported last */
    char served_id[DIGEST_TEXT_SIZE]; /* without --deploy: its id in the daemon */
    char pulled_id[DIGEST_TEXT_SIZE]; /* that of the wanted image, if it is `pulled` */
    char polling[64], caring[64], working[64], beating[64]; /* last failure of each, for the log */
    struct metrics_entry metrics;
};

/* A change, for the log of a machine: one JSON line. */
struct watch_event {
    const char *event; /* "pulled", "deployed", "rolled_back", "failed", "down", "held" */
    const struct watch_entry *entry;
    const char *image_ref, *previous_ref, *pointer_etag;
    const struct err *err; /* why it failed; or NULL */
};

/* The functions that the loop calls. Functions return 0, or negative with `err`, unless stated. */
struct watch_host {
    void *arg;
    int64_t (*now)(void *arg);  /* ns of CLOCK_BOOTTIME */
    int64_t (*wall)(void *arg); /* ns since 1970 */
    uint64_t (*random)(void *arg);
    bool (*stopped)(void *arg);
    void (*sleep)(void *arg, int64_t until); /* returns at `until`, or when the watch is stopped */
    enum poll_answer (*poll)(void *arg, unsigned at, struct watch_target *out, int64_t *asked,
                             struct err *err); /* `err` for POLL_MALFORMED, too */
    /* Stores the id that the daemon gives the image. */
    int (*pull)(void *arg, unsigned at, const struct watch_target *target,
                char id[DIGEST_TEXT_SIZE], struct err *err);
    /* deploy_converge and deploy_run. NULL: changes are only reported. */
    int (*converge)(void *arg, unsigned at, struct deploy_result *result, struct err *err);
    int (*deploy)(void *arg, unsigned at, struct deploy_result *result, struct err *err);
    /* Runs the hook of the user for the image that was pulled (pulled_id). Without `deploy`
     * only. */
    int (*hook)(void *arg, unsigned at, const struct watch_target *target, struct err *err);
    int (*heartbeat)(void *arg, unsigned at, struct err *err);
    int (*report)(void *arg, const struct watch_event *event, struct err *err);
    void (*note)(void *arg, unsigned at, const char *text);
    void (*warn)(void *arg, unsigned at, const struct err *err);
    /* The state of the entries has changed: status line, metrics. */
    void (*publish)(void *arg, const struct watch_entry *entries, unsigned count);
};

/* The arguments of watch_run. */
struct watch {
    const struct watch_options *options;
    const struct watch_host *host;
    struct watch_entry *entries;
    unsigned count;
};

/* Prepares the entry of an environment. The names are checked ones. */
void watch_entry_init(struct watch_entry *entry, const char *app, const char *env);
/* Writes one line about all entries, for the service manager: "shop/production current
 * 20260101-1000-abcdef1, ...". */
void watch_summary(const struct watch_entry *entries, unsigned count, char *out, size_t size);

/* ---- for the steps ---- */

int64_t entry_now(const struct watch *watch);
uint64_t entry_random(const struct watch *watch);
double entry_wall(const struct watch *watch); /* seconds since 1970 */
unsigned entry_index(const struct watch *watch, const struct watch_entry *entry);

/* Reports a failure when it begins or changes, not at each try. `last` has its code. */
void entry_report_failure(const struct watch *watch, const struct watch_entry *entry, char last[64],
                          const struct err *err);
/* Reports the end of a failure, if there was one. */
void entry_report_recovery(const struct watch *watch, const struct watch_entry *entry,
                           char last[64], const char *text);
/* Reports a change. Fails if it cannot be written. */
int entry_report(const struct watch *watch, const struct watch_entry *entry, const char *name,
                 const char *image, const char *previous, const struct err *why, struct err *err);
/* The same, for a deployment that has read another pointer than the last poll. */
int entry_report_of(const struct watch *watch, const struct watch_entry *entry, const char *name,
                    const char *previous, const char *pointer_etag, struct err *err);

const char *entry_wanted_ref(const struct watch_entry *entry); /* "": none */
bool entry_serves_wanted(const struct watch_entry *entry);
/* Nothing is to be done until the pointer changes. */
void entry_settle(struct watch_entry *entry, enum watch_state state);
void entry_set_served(const struct watch *watch, struct watch_entry *entry, const char *image);
/* Makes the image of a poll the wanted one. */
void entry_want(const struct watch *watch, struct watch_entry *entry,
                const struct watch_target *target);
void entry_want_nothing(struct watch_entry *entry, enum watch_state state);

#endif
