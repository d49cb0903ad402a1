/*
 * deployment - one entry deploy.APP.ENV of the configuration file: its units, and how each of them
 * is started, judged ready, and given traffic.
 *
 * The reader refuses unknown keys, and names the nearest known one. It refuses values out of range,
 * and keys that contradict each other. It refuses slots with a port that another entry of the file
 * has. Paths are relative to the folder of the configuration file.
 */
#ifndef S3DOCK_DEPLOY_SPEC_DEPLOYMENT_H
#define S3DOCK_DEPLOY_SPEC_DEPLOYMENT_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "catalog/name.h"
#include "catalog/platform.h"
#include "deploy/spec/unit.h"

struct err;
struct text;

#define DEPLOY_UNITS_MAX 16

/* More than 500 KB: on the heap, or static in a test. */
struct deployment {
    char app[NAME_APP_MAX], env[NAME_ENV_MAX];
    char profile[128];        /* of the bucket; "": the default */
    char file[PATH_MAX];      /* the configuration file, for messages */
    struct platform platform; /* of the image; any platform: that of the daemon */
    unsigned unit_count;
    struct unit_spec units[DEPLOY_UNITS_MAX];
    int64_t observe;   /* ns */
    char verify[1024]; /* URL that must respond while the candidate is observed, or "" */
    deploy_argv before_switch, after;
    bool prune_dangling; /* images without a name may be removed if the disk is full */
};

enum deployment_answer { DEPLOYMENT_OK = 0, DEPLOYMENT_ABSENT = 1 };

/* Reads the entry from the root of a configuration file. `file`: its path. DEPLOYMENT_ABSENT: there
 * is none. usage.deploy: it is not valid; the text names the key. Warnings are added to `warnings`,
 * one a line (may be NULL). The caller calls deployment_finish, after a failure, too. */
int deployment_read(struct json_node root, const char *file, const char *app, const char *env,
                    struct deployment *out, struct text *warnings, struct err *err);
void deployment_finish(struct deployment *deployment);
/* Reads the names of the n-th entry that is not null. False after the last. */
bool deployment_name(struct json_node root, unsigned n, char app[NAME_APP_MAX],
                     char env[NAME_ENV_MAX]);
/* Returns the unit with a name, or NULL. */
const struct unit_spec *deployment_unit(const struct deployment *deployment, const char *unit);

#endif
