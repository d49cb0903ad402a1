/*
 * pointer_poll - checks in the bucket whether an environment has another image.
 *
 * A poll is one conditional GET. If the pointer leads to a tag, every POLL_TAG_EVERY-th poll also
 * reads the tag: only `tag --force` moves one. Nothing is ever listed. The store does no second
 * try: the watcher has its own back-off.
 */
#ifndef S3DOCK_WATCH_POINTER_POLL_H
#define S3DOCK_WATCH_POINTER_POLL_H

#include <stdbool.h>
#include <stdint.h>

#include "catalog/keys.h"
#include "catalog/name.h"
#include "catalog/resolve.h"
#include "store/store.h"

struct err;

#define POLL_TAG_EVERY 10

/* Identifies a target: the ETags of the pointer and of its tag. */
#define POLL_CHANGE_MAX (2 * STORE_ETAG_MAX)

struct pointer_poll {
    char app[NAME_APP_MAX];
    char key[KEY_MAX];             /* of the pointer */
    char etag[STORE_ETAG_MAX];     /* of the document that was read last; "": none */
    bool sound;                    /* it leads to an image: `resolved` */
    bool tagged;                   /* it leads to resolved.version */
    char tag_etag[STORE_ETAG_MAX]; /* of the tag that was read last; "": none */
    unsigned tag_wait;             /* polls until the tag is read again */
    struct resolved resolved;
    struct err fault; /* why it is not sound */
};

/* The caller's function during a wait for the store. */
struct poll_wait {
    void (*wake)(void *arg); /* at least each CANCEL_TICK; may be NULL */
    void *arg;
};

enum poll_answer {
    POLL_FAILED = -1,
    POLL_SAME = 0,      /* the target of the last poll */
    POLL_CHANGED = 1,   /* another one: `resolved` */
    POLL_ABSENT = 2,    /* the environment has no pointer */
    POLL_MALFORMED = 3, /* the pointer leads to no image: `fault` */
};

/* Prepares the polls of an environment. The names are checked ones. */
void pointer_poll_init(struct pointer_poll *poll, const char *app, const char *env);
/* Polls once. POLL_FAILED: the bucket did not respond, or refused; *asked is its Retry-After in ns,
 * or 0. A failed poll changes nothing. */
enum poll_answer pointer_poll_run(struct pointer_poll *poll, struct store *store,
                                  const struct poll_wait *wait, int64_t *asked, struct err *err);
/* Deletes the ETags: the next poll reads all documents. */
void pointer_poll_forget(struct pointer_poll *poll);
/* Writes the identity of the target. */
void pointer_poll_change(const struct pointer_poll *poll, char out[POLL_CHANGE_MAX]);

#endif
