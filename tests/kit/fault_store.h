/*
 * fault_store - a store between the code under test and another store. A test sees each request
 * before the other store executes it: it counts requests, refuses them, or acts first.
 *
 * A test puts the struct first into one of its own, which holds what its function needs.
 */
#ifndef S3DOCK_KIT_FAULT_STORE_H
#define S3DOCK_KIT_FAULT_STORE_H

#include <string.h>

#include "flow/cancel.h"
#include "flow/inbox.h"
#include "store/dir/store_dir.h"
#include "store/store.h"

struct fault_store {
    struct store store;   /* for the code under test; first */
    struct store *behind; /* executes the requests */
    struct cancel cancel; /* of a store that fault_store_open made */
    /* Sees each request. true: the function completed it; false: the store behind executes it. */
    bool (*intercept)(struct fault_store *fault, struct store_op *op);
};

static inline void fault_store_submit(struct store *store, struct store_op *op)
{
    struct fault_store *fault = (struct fault_store *)store;

    store_insist(fault->behind, atomic_load(&store->insisting));
    if (!fault->intercept(fault, op))
        store_submit(fault->behind, op);
}

static inline void fault_store_stats(struct store *store, struct store_stats *out)
{
    store_stats(((struct fault_store *)store)->behind, out);
}

/* The test destroys the store behind. */
static inline void fault_store_destroy(struct store *store)
{
    (void)store;
}

/* Sets up a store before `behind`, which stays the caller's. */
static inline void fault_store_init(struct fault_store *fault, struct store *behind,
                                    bool (*intercept)(struct fault_store *, struct store_op *))
{
    static const struct store_table table = {fault_store_submit, fault_store_stats,
                                             fault_store_destroy};

    fault->store = *behind;
    fault->store.table = &table;
    fault->behind = behind;
    fault->intercept = intercept;
}

/* Sets up a store before a new one: the bucket `bucket` in the folder `dir`, which is made. It
 * obeys fault->cancel. A failure ends the test. */
static inline void fault_store_open(struct fault_store *fault, const char *dir, const char *bucket,
                                    bool (*intercept)(struct fault_store *, struct store_op *))
{
    struct store_dir_options options = {
        .path = dir, .bucket = bucket, .create = true, .cancel = &fault->cancel};
    struct err err = {0};
    struct store *behind;

    cancel_init(&fault->cancel);
    behind = store_dir_create(&options, &err);
    if (!behind) {
        fail_msg("%s", err.text);
        return; /* not reached, which the analyzer cannot see */
    }
    fault_store_init(fault, behind, intercept);
}

static inline void fault_store_close(struct fault_store *fault)
{
    store_destroy(fault->behind);
}

/* True if the request has this verb and its key ends with `suffix` (NULL: any key). */
static inline bool fault_store_matches(const struct store_op *op, enum store_verb verb,
                                       const char *suffix)
{
    size_t size = strlen(op->key), tail = suffix ? strlen(suffix) : 0;

    return op->verb == verb && size >= tail &&
           (!suffix || strcmp(op->key + size - tail, suffix) == 0);
}

/* Completes a request, as the store behind would. */
static inline void fault_store_complete(struct store_op *op, enum store_answer answer)
{
    op->answer = answer;
    inbox_post(op->inbox, &op->msg);
}

/* Completes a request with an error. `failure`: the kind of the error. */
static inline void fault_store_fail(struct store_op *op, enum err_family family, const char *code,
                                    enum store_failure failure)
{
    err_set(&op->err, family, code, "refused by the test");
    op->failure = failure;
    fault_store_complete(op, STORE_FAILED);
}

/* Executes a request and waits for it, without completing it for the code under test. */
static inline void fault_store_run(struct fault_store *fault, struct store_op *op)
{
    struct inbox *inbox = op->inbox, *mine = inbox_create(NULL);

    op->inbox = mine;
    store_submit(fault->behind, op);
    inbox_take(mine, INBOX_FOREVER);
    inbox_destroy(mine);
    op->inbox = inbox;
}

#endif
