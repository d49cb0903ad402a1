/*
 * labels - the labels that s3dock gives the containers of a deployment. Labels never change: they
 * describe the container, not its present state.
 */
#ifndef S3DOCK_DEPLOY_SPEC_LABELS_H
#define S3DOCK_DEPLOY_SPEC_LABELS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/digest_text.h"
#include "base/hash.h"
#include "base/json.h"
#include "deploy/spec/deployment.h"

#define LABEL_DEPLOY     "dev.s3dock.deploy"     /* APP/ENV/UNIT */
#define LABEL_GENERATION "dev.s3dock.generation" /* counts up in a unit, from 1 */
#define LABEL_SLOT       "dev.s3dock.slot"       /* blue or green */
#define LABEL_IMAGE      "dev.s3dock.image"      /* reference in the bucket */
#define LABEL_IMAGE_ID   "dev.s3dock.image-id"   /* as the daemon counts */
#define LABEL_SPEC       "dev.s3dock.spec"       /* container_spec.hash */
#define LABEL_RESTART    "dev.s3dock.restart"    /* policy of the container while it serves */
#define LABEL_ORIGIN     "dev.s3dock.origin"     /* generation that a rollback made again */

#define LABELS_DEPLOY_MAX     (NAME_APP_MAX + NAME_ENV_MAX + 64 + 2)
#define LABELS_GENERATION_MAX 1000000000u
#define LABELS_COUNT          8 /* at most */

struct deploy_labels {
    char deploy[LABELS_DEPLOY_MAX];
    unsigned generation;
    unsigned origin; /* 0: no rollback made it */
    enum deploy_slot slot;
    char image[512];
    char image_id[DIGEST_TEXT_SIZE];
    char spec[SHA256_HEX_SIZE];
    char restart[32];        /* name of the policy */
    int64_t restart_retries; /* of on-failure; 0: no limit */
};

/* The labels as a create takes them: "NAME=VALUE", with a NULL at the end. */
struct labels_list {
    char lines[LABELS_COUNT][768];
    const char *list[LABELS_COUNT + 1];
};

const char *deploy_slot_name(enum deploy_slot slot); /* "blue" */
enum deploy_slot deploy_slot_other(enum deploy_slot slot);
/* Writes APP/ENV/UNIT; with `unit` NULL, the prefix of all units, "APP/ENV/". */
void labels_deploy(char out[LABELS_DEPLOY_MAX], const char *app, const char *env, const char *unit);
/* Writes the labels of a candidate. */
void labels_write(const struct deploy_labels *labels, struct labels_list *out);
/* Reads the labels of a container, an object. False: it is not a container of a deployment, or one
 * of the labels is damaged. */
bool labels_read(struct json_node object, struct deploy_labels *out);

#endif
