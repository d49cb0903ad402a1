/*
 * Writes and reads the labels. The restart policy is one text, "on-failure:3".
 */
#include "deploy/spec/labels.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const SLOTS[SLOT_COUNT] = {[SLOT_BLUE] = "blue", [SLOT_GREEN] = "green"};

const char *deploy_slot_name(enum deploy_slot slot)
{
    return SLOTS[slot];
}

enum deploy_slot deploy_slot_other(enum deploy_slot slot)
{
    return slot == SLOT_BLUE ? SLOT_GREEN : SLOT_BLUE;
}

void labels_deploy(char out[LABELS_DEPLOY_MAX], const char *app, const char *env, const char *unit)
{
    snprintf(out, LABELS_DEPLOY_MAX, "%s/%s/%s", app, env, unit ? unit : "");
}

void labels_write(const struct deploy_labels *labels, struct labels_list *out)
{
    char(*lines)[768] = out->lines;
    const size_t size = sizeof out->lines[0];

    snprintf(lines[0], size, LABEL_DEPLOY "=%s", labels->deploy);
    snprintf(lines[1], size, LABEL_GENERATION "=%u", labels->generation);
    snprintf(lines[2], size, LABEL_SLOT "=%s", deploy_slot_name(labels->slot));
    snprintf(lines[3], size, LABEL_IMAGE "=%s", labels->image);
    snprintf(lines[4], size, LABEL_IMAGE_ID "=%s", labels->image_id);
    snprintf(lines[5], size, LABEL_SPEC "=%s", labels->spec);
    if (strcmp(labels->restart, "on-failure") == 0 && labels->restart_retries > 0)
        snprintf(lines[6], size, LABEL_RESTART "=on-failure:%" PRId64, labels->restart_retries);
    else
        snprintf(lines[6], size, LABEL_RESTART "=%s", labels->restart);
    snprintf(lines[7], size, LABEL_ORIGIN "=%u", labels->origin);
    for (unsigned i = 0; i < LABELS_COUNT; i++)
        out->list[i] = lines[i];
    out->list[labels->origin ? LABELS_COUNT : LABELS_COUNT - 1] = NULL;
}

static bool read_number(const char *text, int64_t most, int64_t *out)
{
    size_t digits = strspn(text, "0123456789");

    if (!digits || digits > 10 || text[digits])
        return false;
    *out = strtoll(text, NULL, 10);
    return *out <= most;
}

static bool read_slot(const char *text, enum deploy_slot *out)
{
    for (unsigned i = 0; i < SLOT_COUNT; i++)
        if (strcmp(text, SLOTS[i]) == 0) {
            *out = (enum deploy_slot)i;
            return true;
        }
    return false;
}

/* Splits "on-failure:3". */
static bool read_restart(struct json_node node, struct deploy_labels *out)
{
    char text[48];
    char *colon;

    if (!json_string(node, text, sizeof text) || !text[0])
        return false;
    colon = strchr(text, ':');
    if (colon)
        *colon = '\0';
    return str_copy(out->restart, sizeof out->restart, text) &&
           (!colon || (strcmp(text, "on-failure") == 0 &&
                       read_number(colon + 1, INT32_MAX, &out->restart_retries)));
}

/* Only containers that a rollback created have one. */
static bool read_origin(struct json_node node, unsigned *out)
{
    char text[32];
    int64_t origin;

    if (!json_present(node))
        return true;
    if (!json_string(node, text, sizeof text) || !read_number(text, LABELS_GENERATION_MAX, &origin))
        return false;
    *out = (unsigned)origin;
    return true;
}

bool labels_read(struct json_node object, struct deploy_labels *out)
{
    char text[32];
    int64_t generation;

    memset(out, 0, sizeof *out);
    if (!json_string(json_get(object, LABEL_DEPLOY), out->deploy, sizeof out->deploy) ||
        !json_string(json_get(object, LABEL_GENERATION), text, sizeof text) ||
        !read_number(text, LABELS_GENERATION_MAX, &generation))
        return false;
    out->generation = (unsigned)generation;
    return json_string(json_get(object, LABEL_SLOT), text, sizeof text) &&
           read_slot(text, &out->slot) &&
           json_string(json_get(object, LABEL_IMAGE), out->image, sizeof out->image) &&
           json_string(json_get(object, LABEL_IMAGE_ID), out->image_id, sizeof out->image_id) &&
           json_string(json_get(object, LABEL_SPEC), out->spec, sizeof out->spec) &&
           read_restart(json_get(object, LABEL_RESTART), out) &&
           read_origin(json_get(object, LABEL_ORIGIN), &out->origin);
}
