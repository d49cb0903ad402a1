/*
 * docker_call - sends one request of the floor `docker` to the daemon of DOCKER_HOST.
 *
 *   docker_call VERB ARGUMENT...
 *
 * Prints the result, "absent" for DOCKER_ABSENT, or "FAMILY.CODE: text" for an error. The exit code
 * is 0, 1 or 2.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "docker/container.h"
#include "docker/container_list.h"
#include "docker/docker.h"
#include "docker/network.h"

static const char *const states[] = {
    [CONTAINER_CREATED] = "created", [CONTAINER_RUNNING] = "running",
    [CONTAINER_PAUSED] = "paused",   [CONTAINER_RESTARTING] = "restarting",
    [CONTAINER_ENDED] = "ended",     [CONTAINER_EXITED] = "exited"};
static const char *const healths[] = {"none", "starting", "healthy", "unhealthy"};

/* ---- verbs; argv begins with the first argument, and ends with a NULL ---- */

static int tell_engine(struct docker *docker, char **argv, struct err *err)
{
    const struct docker_engine *engine = docker_engine(docker);

    (void)argv;
    (void)err;
    printf("version=%s api=%s podman=%d containerd=%d local=%d same_host=%d runtime=%s memory=%d\n",
           engine->version, engine->api_version, engine->podman, engine->containerd_store,
           engine->local, engine->same_host, engine->default_runtime, engine->memory > 0);
    return 0;
}

static int tell_api(struct docker *docker, char **argv, struct err *err)
{
    (void)err;
    puts(docker_api_at_least(docker, argv[0]) ? "yes" : "no");
    return 0;
}

static void print_list(const struct docker_container_list *list)
{
    for (unsigned i = 0; i < list->count; i++) {
        const struct docker_listed_container *one = &list->containers[i];
        char value[256];

        docker_label(one->labels, "test", value, sizeof value);
        printf("%s %s %s %s %s test=%s created=%d\n", one->id, one->name, one->image_id,
               states[one->state], healths[one->health], value, one->created > 0);
    }
}

static int list_containers(struct docker *docker, char **argv, struct err *err)
{
    struct docker_container_list list;
    int failed = docker_list_containers(docker, argv[0], &list, err);

    print_list(&list);
    docker_container_list_finish(&list);
    return failed;
}

static int inspect(struct docker *docker, char **argv, struct err *err)
{
    struct docker_container it;
    char address[64], label[256];
    int answer = docker_container_inspect(docker, argv[0], &it, err);

    if (answer == 0) {
        docker_container_label(&it, "test", label, sizeof label);
        docker_container_address(&it, argv[1] ? argv[1] : "", address);
        printf("id=%s name=%s image=%s state=%s health=%s started=%s pid=%d exit=%" PRId64
               " oom=%d tty=%d count=%" PRId64 " policy=%s:%" PRId64 " signal=%s timeout=%" PRId64
               " address=%s test=%s error=%s\n",
               it.id, it.name, it.image_id, states[it.state], healths[it.health], it.started_at,
               it.pid > 0, it.exit_code, it.oom_killed, it.tty, it.restart_count, it.restart_policy,
               it.restart_retries, it.stop_signal, it.stop_timeout, address, label, it.error);
    }
    docker_container_finish(&it);
    return answer;
}

static int create(struct docker *docker, char **argv, struct err *err)
{
    _cleanup_text_ struct text warnings = {0};
    char id[DOCKER_ID_SIZE];
    int failed;

    text_init(&warnings, 64 * KIB);
    failed = docker_container_create(docker, argv[0], view_str(argv[1]), id, &warnings, err);
    if (failed == 0)
        printf("%s\n%s", id, warnings.data);
    return failed;
}

static int start(struct docker *docker, char **argv, struct err *err)
{
    return docker_container_start(docker, argv[0], err);
}

static int kill_container(struct docker *docker, char **argv, struct err *err)
{
    return docker_container_kill(docker, argv[0], argv[1], err);
}

static int set_restart(struct docker *docker, char **argv, struct err *err)
{
    return docker_container_set_restart(docker, argv[0], argv[1], atoi(argv[2]), err);
}

static int rename_container(struct docker *docker, char **argv, struct err *err)
{
    return docker_container_rename(docker, argv[0], argv[1], err);
}

static int remove_container(struct docker *docker, char **argv, struct err *err)
{
    return docker_container_remove(docker, argv[0], err);
}

static int connect_container(struct docker *docker, char **argv, struct err *err)
{
    return docker_container_connect(docker, argv[0], argv[1], view_str(argv[2]), err);
}

static int print_log(struct docker *docker, char **argv, struct err *err)
{
    _cleanup_text_ struct text out = {0};
    int failed;

    text_init(&out, 64 * KIB);
    failed = docker_container_log(docker, argv[0], argv[1][0] == 't', (unsigned)atoi(argv[2]), &out,
                                  err);
    if (failed == 0)
        fputs(out.data, stdout);
    return failed;
}

static int exec(struct docker *docker, char **argv, struct err *err)
{
    int code = -1;
    int failed = docker_container_exec(docker, argv[0], (const char *const *)(argv + 2),
                                       atoi(argv[1]) * NS_PER_MS, &code, err);

    if (failed == 0)
        printf("%d\n", code);
    return failed;
}

static int find_network(struct docker *docker, char **argv, struct err *err)
{
    return docker_network_exists(docker, argv[0], err);
}

static int untag(struct docker *docker, char **argv, struct err *err)
{
    return docker_untag(docker, argv[0], err);
}

static const struct verb {
    const char *name;
    int least; /* arguments */
    int (*call)(struct docker *docker, char **argv, struct err *err);
} verbs[] = {
    {"engine", 0, tell_engine},
    {"api", 1, tell_api},
    {"list", 0, list_containers},
    {"inspect", 1, inspect},
    {"create", 2, create},
    {"start", 1, start},
    {"kill", 2, kill_container},
    {"restart", 3, set_restart},
    {"rename", 2, rename_container},
    {"remove", 1, remove_container},
    {"connect", 2, connect_container},
    {"log", 3, print_log},
    {"exec", 3, exec},
    {"network", 1, find_network},
    {"untag", 1, untag},
};

/* ---- main ---- */

static int list_once(const struct docker_endpoint *endpoint, char **argv, struct err *err)
{
    struct docker_container_list list;
    int failed = docker_list_containers_once(endpoint, NULL, argv[0], &list, err);

    print_list(&list);
    docker_container_list_finish(&list);
    return failed;
}

static int call(const struct docker_endpoint *endpoint, const char *name, char **argv, int count,
                struct err *err)
{
    struct docker *docker;
    int answer = ERR_FAIL;

    if (strcmp(name, "once") == 0)
        return list_once(endpoint, argv, err);
    docker = docker_open(endpoint, NULL, err);
    if (!docker)
        return ERR_FAIL;
    err_set(err, ERR_USAGE, "verb", "%s", name);
    for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
        if (strcmp(verbs[i].name, name) == 0 && count >= verbs[i].least)
            answer = verbs[i].call(docker, argv, err);
    docker_close(docker);
    return answer;
}

int main(int argc, char **argv)
{
    struct docker_endpoint endpoint;
    struct err err = {0};
    int answer;

    if (argc < 2 || docker_endpoint_find(NULL, NULL, &endpoint, &err) < 0) {
        fprintf(stderr, "docker_call VERB ARGUMENT...: %s\n", err.text);
        return 2;
    }
    endpoint.patience = 30 * NS_PER_S;
    answer = call(&endpoint, argv[1], argv + 2, argc - 2, &err);
    if (answer > 0)
        puts("absent");
    if (answer < 0)
        printf("%s.%s: %s\n", err_family_name(err.family), err.code, err.text);
    return answer < 0 ? 2 : answer;
}
