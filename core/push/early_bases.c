/*
 * The thread writes the result, and the caller reads it after it has joined the thread.
 */
#include "push/early_bases.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/log.h"
#include "catalog/platform.h"
#include "flow/thread.h"

struct early_bases {
    struct store *store;
    struct find_bases_wanted wanted;
    char platform[PLATFORM_TEXT_SIZE];
    pthread_t thread;
    bool runs;
    struct bases bases;
};

static void *search(void *arg)
{
    struct early_bases *early = arg;

    find_bases(early->store, &early->wanted, &early->bases);
    return NULL;
}

struct early_bases *early_bases_start(struct store *store, const struct find_bases_wanted *wanted)
{
    struct early_bases *early = calloc(1, sizeof *early);
    struct err err;

    if (!early)
        return NULL;
    early->store = store;
    early->wanted = *wanted;
    early->wanted.unless_exists = true;
    if (wanted->platform) {
        str_copy(early->platform, sizeof early->platform, wanted->platform);
        early->wanted.platform = early->platform;
    }
    if (thread_run(&early->thread, search, early, "the search for earlier images", &err)) {
        log_debug("bases: %s", err.text);
        free(early);
        return NULL;
    }
    early->runs = true;
    return early;
}

static void join(struct early_bases *early)
{
    if (early->runs)
        pthread_join(early->thread, NULL);
    early->runs = false;
}

bool early_bases_take(struct early_bases *early, struct bases *out)
{
    if (!early)
        return false;
    join(early);
    if (early->bases.count == 0)
        return false;
    bases_move(&early->bases, out);
    return true;
}

void early_bases_destroy(struct early_bases *early)
{
    if (!early)
        return;
    join(early);
    bases_finish(&early->bases);
    free(early);
}
