/*
 * Only short texts of a document are kept, so thousands of hosts need a few megabytes. Hosts of an
 * environment without a pointer are shown, too: they may run containers.
 */
#include "catalog/fleet.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/bytes.h"
#include "base/codes.h"
#include "base/err.h"
#include "catalog/deployed_list.h"
#include "catalog/listing.h"
#include "catalog/resolve.h"
#include "catalog/warnings.h"

const char *fleet_mark_name(enum fleet_mark mark)
{
    static const char *const names[] = {
        [FLEET_DOWN] = "down",     [FLEET_FAILED] = "failed", [FLEET_SILENT] = "silent",
        [FLEET_BEHIND] = "behind", [FLEET_HELD] = "held",
    };

    return names[mark];
}

/* ---- hosts ---- */

struct reading {
    struct fleet *fleet;
    struct deployed_list list;
};

/* A candidate that served, failed and was taken back has an error. A rollback by hand has none. */
static void mark_by_document(struct fleet_host *host, const struct deployed *doc, int64_t now)
{
    host->marks[FLEET_DOWN] = strcmp(doc->result, "down") == 0;
    host->marks[FLEET_HELD] = doc->hold || strcmp(doc->result, "held") == 0;
    host->marks[FLEET_FAILED] = strcmp(doc->result, "failed") == 0 ||
                                (strcmp(doc->result, "rolled_back") == 0 && doc->error_code[0]);
    host->marks[FLEET_SILENT] = deployed_is_silent(doc, now);
}

static int take_host(void *arg, const struct deployed *doc, struct err *err)
{
    struct reading *reading = arg;
    struct fleet *fleet = reading->fleet;
    struct fleet_host host = {.heartbeat = doc->heartbeat};
    const struct {
        const char **to, *from;
    } texts[] = {
        {&host.environment, doc->environment},
        {&host.host, doc->host},
        {&host.image_ref, doc->image_reference},
        {&host.image_id, doc->image_id},
        {&host.result, doc->result},
        {&host.error_code, doc->error_code},
        {&host.since, doc->since},
        {&host.seen, doc->seen},
        {&host.previous, doc->previous},
        {&host.version, doc->version},
    };

    if (!array_reserve(&fleet->hosts, &fleet->host_room, fleet->host_count, sizeof *fleet->hosts))
        return err_memory(err, "the hosts");
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        *texts[i].to = texts[i].from[0] ? strings_keep(&fleet->strings, texts[i].from, err) : "";
        if (!*texts[i].to)
            return ERR_FAIL;
    }
    mark_by_document(&host, doc, reading->list.now);
    fleet->hosts[fleet->host_count++] = host;
    return 0;
}

static int by_place(const void *a, const void *b)
{
    const struct fleet_host *left = a, *right = b;
    int order = strcmp(left->environment, right->environment);

    return order ? order : strcmp(left->host, right->host);
}

static int read_hosts(struct store *store, const char *app, const char *env, struct fleet *fleet,
                      struct text *warnings, struct err *err)
{
    struct reading reading = {.fleet = fleet};

    if (deployed_list_read(store, app, env, &reading.list, take_host, &reading, warnings, err))
        return ERR_FAIL;
    fleet->now = reading.list.now;
    if (fleet->host_count)
        qsort(fleet->hosts, fleet->host_count, sizeof *fleet->hosts, by_place);
    return 0;
}

/* ---- environments ---- */

static int make_environments(struct fleet *fleet, size_t count, struct err *err)
{
    /* each host may be in an environment of its own */
    fleet->environments = calloc(count + fleet->host_count + 1, sizeof *fleet->environments);
    return fleet->environments ? 0 : err_memory(err, "the environments");
}

static void add_environment(struct fleet *fleet, const char *env, const char *image,
                            const char *version)
{
    struct fleet_environment *at = &fleet->environments[fleet->environment_count++];

    (void)str_copy(at->env, sizeof at->env, env);
    (void)str_copy(at->image, sizeof at->image, image);
    (void)str_copy(at->version, sizeof at->version, version);
}

/* Reads one pointer. A pointer that is missing, or leads nowhere, is a warning if there are
 * hosts. */
static int read_pointer(struct store *store, const char *app, const char *env, struct fleet *fleet,
                        struct text *warnings, struct err *err)
{
    struct resolved resolved;

    if (make_environments(fleet, 1, err))
        return ERR_FAIL;
    if (resolve_environment(store, app, env, &resolved, err) == 0) {
        add_environment(fleet, env, resolved.image.ref, resolved.version);
        return 0;
    }
    if ((err->family != ERR_NOT_FOUND && err->family != ERR_INTEGRITY) || !fleet->host_count)
        return ERR_FAIL;
    warnings_add(warnings, "%s", err->text);
    return 0;
}

static int read_pointers(struct store *store, const char *app, struct fleet *fleet,
                         struct text *warnings, struct err *err)
{
    struct listed_environment *listed;
    size_t count;
    int failed = listing_environments(store, app, &listed, &count, warnings, err) ||
                 make_environments(fleet, count, err);

    for (size_t i = 0; !failed && i < count; i++)
        add_environment(fleet, listed[i].env, listed[i].image, listed[i].version);
    free(listed);
    return failed ? ERR_FAIL : 0;
}

static int by_env(const void *a, const void *b)
{
    return strcmp(((const struct fleet_environment *)a)->env,
                  ((const struct fleet_environment *)b)->env);
}

/* Adds the environments that only hosts have. */
static void add_environments_of_hosts(struct fleet *fleet)
{
    size_t known = fleet->environment_count;

    for (size_t i = 0; i < fleet->host_count; i++) {
        struct fleet_environment key = {0};

        if (i && strcmp(fleet->hosts[i - 1].environment, fleet->hosts[i].environment) == 0)
            continue;
        (void)str_copy(key.env, sizeof key.env, fleet->hosts[i].environment);
        if (!known || !bsearch(&key, fleet->environments, known, sizeof key, by_env))
            add_environment(fleet, key.env, "", "");
    }
    if (fleet->environment_count)
        qsort(fleet->environments, fleet->environment_count, sizeof *fleet->environments, by_env);
}

/* ---- comparing ---- */

/* Both lists are sorted. */
static void assign_hosts(struct fleet *fleet)
{
    size_t at = 0;

    for (size_t i = 0; i < fleet->environment_count; i++) {
        struct fleet_environment *environment = &fleet->environments[i];

        environment->first = at;
        for (;
             at < fleet->host_count && strcmp(fleet->hosts[at].environment, environment->env) == 0;
             at++) {
            struct fleet_host *host = &fleet->hosts[at];

            environment->count++;
            host->marks[FLEET_BEHIND] =
                environment->image[0] && strcmp(host->image_ref, environment->image) != 0;
        }
    }
}

static void count_marks(struct fleet *fleet)
{
    for (size_t i = 0; i < fleet->host_count; i++)
        for (size_t mark = 0; mark < FLEET_MARKS; mark++)
            fleet->marked[mark] += fleet->hosts[i].marks[mark];
}

int fleet_read(struct store *store, const char *app, const char *env, struct fleet *out,
               struct text *warnings, struct err *err)
{
    *out = (struct fleet){.hosts = NULL};
    if (read_hosts(store, app, env, out, warnings, err))
        return ERR_FAIL;
    if (env ? read_pointer(store, app, env, out, warnings, err)
            : read_pointers(store, app, out, warnings, err))
        return ERR_FAIL;
    add_environments_of_hosts(out);
    assign_hosts(out);
    count_marks(out);
    return 0;
}

void fleet_finish(struct fleet *fleet)
{
    strings_finish(&fleet->strings);
    free(fleet->hosts);
    free(fleet->environments);
    *fleet = (struct fleet){.hosts = NULL};
}
