/*
 * The part of the real host for containers: values of the daemon become values of the deployment.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/codes.h"
#include "base/err.h"
#include "base/hash.h"
#include "deploy/real_parts.h"
#include "deploy/spec/judge.h"
#include "docker/container_list.h"

#define BODY_MAX   (4 * MIB)
#define LOG_LINES  20
#define OTHERS_MAX 128 /* containers that are compared with the candidate */

#define POLICY_TRIES 5
#define POLICY_PAUSE (200 * NS_PER_MS)

/* ---- the files of a unit ---- */

static void warn_lines(const struct real_host *real, char *lines)
{
    char *rest = NULL;

    for (char *line = strtok_r(lines, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
        real_warn(real, line);
}

/* A container of another platform is another container, although the reference is the same. Without
 * a platform, the hash is that of the files, as in earlier versions. */
static void hash_recipe(const struct platform *platform, const char *files,
                        char out[SHA256_HEX_SIZE])
{
    char text[PLATFORM_TEXT_SIZE], both[PLATFORM_TEXT_SIZE + SHA256_HEX_SIZE + 1];
    uint8_t digest[SHA256_SIZE];

    str_copy(out, SHA256_HEX_SIZE, files);
    if (!platform->os[0])
        return;
    platform_text(platform, text);
    snprintf(both, sizeof both, "%s\n%s", text, files);
    sha256_of(view_str(both), digest);
    hex_encode(digest, sizeof digest, out);
}

int real_recipe(struct deploy_host *host, unsigned unit, struct deploy_recipe *out, struct err *err)
{
    struct real_unit *real = real_unit(host, unit);
    struct container_spec *spec = &real->recipe;

    if (!real->recipe_loaded) {
        if (container_spec_load(real->spec, spec, err)) {
            container_spec_finish(spec);
            return ERR_FAIL;
        }
        real->recipe_loaded = true;
        if (spec->warnings.size)
            warn_lines(real_of(host), spec->warnings.data);
    }
    *out = (struct deploy_recipe){.restart_retries = spec->restart_retries};
    hash_recipe(&real_of(host)->options->deployment->platform, spec->hash, out->hash);
    str_copy(out->restart, sizeof out->restart, spec->restart);
    return 0;
}

/* ---- read ---- */

/* Returns true if the labels are those of one of our units. */
static bool is_ours(const struct real_host *real, struct json_node labels,
                    struct deploy_labels *out)
{
    const struct deployment *deployment = real->options->deployment;
    char prefix[LABELS_DEPLOY_MAX];

    labels_deploy(prefix, deployment->app, deployment->env, NULL);
    return labels_read(labels, out) && strncmp(out->deploy, prefix, strlen(prefix)) == 0;
}

/* Receives a container of this deployment, and its number among them. */
typedef void take_listed_fn(void *out, unsigned at, const struct docker_listed_container *listed,
                            const struct deploy_labels *labels);

/* Passes the containers of this deployment to `take`, at most `most`. Frees the list. */
static int take_ours(const struct real_host *real, struct docker_container_list *list,
                     unsigned most, take_listed_fn *take, void *out, unsigned *count,
                     struct err *err)
{
    struct deploy_labels labels;
    int failed = 0;

    for (unsigned i = 0; i < list->count && !failed; i++) {
        if (!is_ours(real, list->containers[i].labels, &labels))
            continue;
        if (*count == most)
            failed = err_set(err, ERR_DOCKER, CODE_CONTAINERS,
                             "the deployment has more than %u containers", most);
        else
            take(out, (*count)++, &list->containers[i], &labels);
    }
    docker_container_list_finish(list);
    return failed;
}

static void take_id(void *out, unsigned at, const struct docker_listed_container *listed,
                    const struct deploy_labels *labels)
{
    char(*ids)[DOCKER_ID_SIZE] = out;

    (void)labels;
    str_copy(ids[at], DOCKER_ID_SIZE, listed->id);
}

int real_list(struct deploy_host *host, char (*ids)[DOCKER_ID_SIZE], unsigned most, unsigned *count,
              struct err *err)
{
    struct docker *docker = real_docker(host, err);
    struct docker_container_list list;

    *count = 0;
    if (!docker || docker_list_containers(docker, LABEL_DEPLOY, &list, err))
        return ERR_FAIL;
    return take_ours(real_of(host), &list, most, take_id, ids, count, err);
}

static void take_state(void *out, unsigned at, const struct docker_listed_container *listed,
                       const struct deploy_labels *labels)
{
    struct deploy_container *container = (struct deploy_container *)out + at;

    *container = (struct deploy_container){.ours = true, .labels = *labels};
    str_copy(container->facts.id, sizeof container->facts.id, listed->id);
    str_copy(container->facts.name, sizeof container->facts.name, listed->name);
    str_copy(container->facts.image_id, sizeof container->facts.image_id, listed->image_id);
    container->facts.state = listed->state;
    container->facts.health = listed->health;
}

int real_list_states(struct deploy_host *host, struct deploy_container *out, unsigned most,
                     unsigned *count, struct err *err)
{
    const struct deploy_options *options = real_of(host)->options;
    struct docker_container_list list;

    *count = 0;
    if (docker_list_containers_once(options->endpoint, options->cancel, LABEL_DEPLOY, &list, err))
        return ERR_FAIL;
    return take_ours(real_of(host), &list, most, take_state, out, count, err);
}

int real_inspect(struct deploy_host *host, const char *which, struct deploy_container *out,
                 struct err *err)
{
    struct docker *docker = real_docker(host, err);
    struct docker_container container = {0};
    struct json_node labels;
    int answer = docker ? docker_container_inspect(docker, which, &container, err) : ERR_FAIL;

    if (answer)
        return answer;
    labels = json_get(json_get(json_root(container.document), "Config"), "Labels");
    out->ours = labels_read(labels, &out->labels);
    out->facts = container;
    out->facts.document = NULL;
    if (!docker_engine(docker)->same_host)
        out->facts.pid = 0; /* here, it is the number of another process, or of none */
    docker_container_finish(&container);
    return DOCKER_OK;
}

int real_log(struct deploy_host *host, const struct deploy_container *container, struct text *out,
             struct err *err)
{
    struct docker *docker = real_docker(host, err);

    return docker ? docker_container_log(docker, container->facts.id, container->facts.tty,
                                         LOG_LINES, out, err)
                  : ERR_FAIL;
}

/* ---- create ---- */

struct connection {
    struct docker *docker;
    const char *id;
};

static int connect_network(void *arg, const char *network, struct view endpoint, struct err *err)
{
    const struct connection *connection = arg;

    return docker_container_connect(connection->docker, connection->id, network, endpoint, err);
}

static int create_with(struct deploy_host *host, struct docker *docker,
                       const struct container_spec *spec, const struct deploy_creation *creation,
                       char id[DOCKER_ID_SIZE], struct err *err)
{
    _cleanup_text_ struct text body = {0}, warnings = {0};
    struct connection connection = {.docker = docker, .id = id};
    struct labels_list labels;
    const struct container_creation values = {
        .image =
            creation->labels->image_id[0] ? creation->labels->image_id : creation->labels->image,
        .slot = creation->labels->slot,
        .labels = labels.list,
        .armed = creation->armed,
        .api_version = docker_engine(docker)->api_version,
    };

    labels_write(creation->labels, &labels);
    text_init_secret(&body, BODY_MAX);
    text_init(&warnings, 16 * KIB);
    if (container_spec_body(spec, &values, &body, err) ||
        docker_container_create(docker, creation->name, text_view(&body), id, &warnings, err))
        return ERR_FAIL;
    if (!warnings.failed && warnings.size)
        warn_lines(real_of(host), warnings.data);
    return container_spec_networks(spec, &values, connect_network, &connection, err);
}

int real_create(struct deploy_host *host, unsigned unit, const struct deploy_creation *creation,
                char id[DOCKER_ID_SIZE], struct err *err)
{
    struct docker *docker = real_docker(host, err);
    struct deploy_recipe recipe;

    if (!docker || real_recipe(host, unit, &recipe, err))
        return ERR_FAIL;
    return create_with(host, docker, &real_unit(host, unit)->recipe, creation, id, err);
}

/* ---- judge ---- */

/* The memory that the host can still give to programs; 0: not known. */
static uint64_t memory_available(void)
{
    FILE *file = fopen("/proc/meminfo", "re");
    static const char NAME[] = "MemAvailable:";
    unsigned long long kib = 0;
    char line[256];

    if (!file)
        return 0;
    while (!kib && fgets(line, sizeof line, file))
        if (strncmp(line, NAME, sizeof NAME - 1) == 0)
            kib = strtoull(line + sizeof NAME - 1, NULL, 10);
    fclose(file);
    return kib * 1024;
}

struct judged {
    struct docker_container candidate, serving, others[OTHERS_MAX];
    const struct docker_container *list[OTHERS_MAX];
    unsigned count;
};

/* Inspects the other containers: one of them may share a name space with O, or have a port. */
static int read_others(struct docker *docker, struct judged *judged, struct text *warnings,
                       struct err *err)
{
    struct docker_container_list list;
    int failed = docker_list_containers(docker, NULL, &list, err);

    for (unsigned i = 0; !failed && i < list.count; i++) {
        struct docker_container *other = &judged->others[judged->count];
        int answer;

        if (!strcmp(list.containers[i].id, judged->candidate.id) ||
            !strcmp(list.containers[i].id, judged->serving.id))
            continue;
        if (judged->count == OTHERS_MAX) {
            text_printf(warnings,
                        "only %d of the %u containers of this daemon were examined: another one "
                        "may have a port of the new container, or share a name space with the one "
                        "that serves\n",
                        OTHERS_MAX, list.count);
            break;
        }
        answer = docker_container_inspect(docker, list.containers[i].id, other, err);
        if (answer == DOCKER_OK)
            judged->list[judged->count++] = other;
        failed = answer < 0;
    }
    docker_container_list_finish(&list);
    return failed ? ERR_FAIL : 0;
}

static int judge_with(struct docker *docker, const struct container_spec *spec,
                      const char *candidate, const char *serving, struct judged *judged,
                      struct text *warnings, struct err *err)
{
    struct judge_input input = {
        .spec = spec,
        .candidate = &judged->candidate,
        .others = judged->list,
        .memory_available = docker_engine(docker)->same_host ? memory_available() : 0,
    };
    int answer = docker_container_inspect(docker, candidate, &judged->candidate, err);

    if (answer == DOCKER_ABSENT)
        return err_set(err, ERR_DOCKER, CODE_INSPECT, "the candidate %.12s does not exist any more",
                       candidate);
    if (answer < 0)
        return ERR_FAIL;
    if (serving[0]) {
        answer = docker_container_inspect(docker, serving, &judged->serving, err);
        if (answer < 0)
            return ERR_FAIL;
        input.serving = answer == DOCKER_OK ? &judged->serving : NULL;
    }
    if (read_others(docker, judged, warnings, err))
        return ERR_FAIL;
    input.other_count = judged->count;
    return judge(&input, warnings, err);
}

int real_judge(struct deploy_host *host, unsigned unit, const char *candidate, const char *serving,
               struct text *warnings, struct err *err)
{
    struct docker *docker = real_docker(host, err);
    struct judged *judged = calloc(1, sizeof *judged);
    int failed;

    if (!judged)
        return err_memory(err, "the comparison of containers");
    failed = docker ? judge_with(docker, &real_unit(host, unit)->recipe, candidate, serving, judged,
                                 warnings, err)
                    : ERR_FAIL;
    for (unsigned i = 0; i < judged->count; i++)
        docker_container_finish(&judged->others[i]);
    docker_container_finish(&judged->candidate);
    docker_container_finish(&judged->serving);
    free(judged);
    return failed;
}

/* ---- change ---- */

int real_start(struct deploy_host *host, const char *id, struct err *err)
{
    struct docker *docker = real_docker(host, err);

    return docker ? docker_container_start(docker, id, err) : ERR_FAIL;
}

int real_kill(struct deploy_host *host, const char *id, const char *signal, struct err *err)
{
    struct docker *docker = real_docker(host, err);

    return docker ? docker_container_kill(docker, id, signal, err) : ERR_FAIL;
}

/* Docker 26 refuses the request for a moment while a container ends. */
int real_set_restart(struct deploy_host *host, const char *id, const char *policy, int64_t retries,
                     struct err *err)
{
    struct docker *docker = real_docker(host, err);
    int failed = ERR_FAIL;

    for (unsigned tries = 0; docker && tries < POLICY_TRIES; tries++) {
        failed = docker_container_set_restart(docker, id, policy, retries, err);
        if (!failed || !err_is(err, ERR_DOCKER, CODE_REFUSED))
            break;
        if (tries + 1 < POLICY_TRIES && host->table->sleep(host, POLICY_PAUSE, err))
            return ERR_FAIL;
    }
    return failed;
}

int real_rename(struct deploy_host *host, const char *id, const char *name, struct err *err)
{
    struct docker *docker = real_docker(host, err);

    return docker ? docker_container_rename(docker, id, name, err) : ERR_FAIL;
}

int real_remove(struct deploy_host *host, const char *id, bool never_ran, struct err *err)
{
    struct docker *docker = real_docker(host, err);

    if (!docker)
        return ERR_FAIL;
    return never_ran ? docker_container_discard(docker, id, err)
                     : docker_container_remove(docker, id, err);
}
