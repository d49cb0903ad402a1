/*
 * Chooses between the two kinds of layer stores by the daemon's description of itself. The checks
 * that need no file come first, so that their errors name the daemon and not a path.
 */
#include "layers/open_layers.h"

#include <string.h>

#include "base/codes.h"
#include "base/digest_text.h"
#include "base/err.h"
#include "docker/docker.h"
#include "layers/blob_store.h"
#include "layers/graph_store.h"

static int not_readable(const char *why, const char *hint, struct err *err)
{
    err_set(err, ERR_UNSUPPORTED, "layers", "Docker's layers cannot be read here: %s", why);
    return hint ? err_hint(err, "%s", hint) : ERR_FAIL;
}

static int check_engine(const struct docker_engine *engine, struct err *err)
{
    if (!engine->local)
        return not_readable("the daemon is not reached through a socket of this host",
                            "a push on the daemon's own host can read them", err);
    if (engine->podman)
        return not_readable("it is Podman", NULL, err);
    if (engine->root_dir[0] != '/')
        return not_readable("the daemon does not report its root folder", NULL, err);
    if (!engine->containerd_store && !graph_store_knows(engine->driver))
        return not_readable("this storage driver is not supported",
                            "supported: overlay2, fuse-overlayfs, vfs and containerd's store", err);
    return 0;
}

/* Adds who may read the layers, if the permission was missing. */
static int add_rights_hint(struct err *err)
{
    if (err_is(err, ERR_LOCAL, CODE_PERMISSION))
        err_hint(err, "root can read them, and the user of a rootless daemon");
    return ERR_FAIL;
}

int open_layers_readable(const struct docker_engine *engine, struct err *err)
{
    int answer = check_engine(engine, err);

    if (answer)
        return answer;
    answer = engine->containerd_store ? blob_store_readable(engine, err)
                                      : graph_store_readable(engine, err);
    return answer ? add_rights_hint(err) : 0;
}

struct layer_store *open_layers(const struct layer_store_wanted *wanted, struct err *err)
{
    struct layer_store *store;

    if (check_engine(wanted->engine, err))
        return NULL;
    if (!digest_text_valid(wanted->image_id)) {
        not_readable("the image has no proper id", NULL, err);
        return NULL;
    }
    store = wanted->engine->containerd_store ? blob_store_open(wanted, err)
                                             : graph_store_open(wanted, err);
    if (!store)
        add_rights_hint(err);
    return store;
}
