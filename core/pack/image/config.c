/*
 * The table describes the structure `Image` of Docker's package image/. A Docker version ignores
 * members that it does not know.
 */
#include "pack/image/config.h"

#include <string.h>

#include "base/err.h"
#include "pack/image/shape.h"

static const struct shape HEALTHCHECK[] = {
    {"Test", SHAPE_TEXTS, NULL},
    {"Interval", SHAPE_NUMBER, NULL},
    {"Timeout", SHAPE_NUMBER, NULL},
    {"StartPeriod", SHAPE_NUMBER, NULL},
    {"StartInterval", SHAPE_NUMBER, NULL},
    {"Retries", SHAPE_NUMBER, NULL},
    {0},
};
static const struct shape CONTAINER[] = {
    {"Hostname", SHAPE_TEXT, NULL},
    {"Domainname", SHAPE_TEXT, NULL},
    {"User", SHAPE_TEXT, NULL},
    {"AttachStdin", SHAPE_FLAG, NULL},
    {"AttachStdout", SHAPE_FLAG, NULL},
    {"AttachStderr", SHAPE_FLAG, NULL},
    {"ExposedPorts", SHAPE_OBJECT_MAP, NULL},
    {"Tty", SHAPE_FLAG, NULL},
    {"OpenStdin", SHAPE_FLAG, NULL},
    {"StdinOnce", SHAPE_FLAG, NULL},
    {"Env", SHAPE_TEXTS, NULL},
    {"Cmd", SHAPE_WORDS, NULL},
    {"Healthcheck", SHAPE_OBJECT, HEALTHCHECK},
    {"ArgsEscaped", SHAPE_FLAG, NULL},
    {"Image", SHAPE_TEXT, NULL},
    {"Volumes", SHAPE_OBJECT_MAP, NULL},
    {"WorkingDir", SHAPE_TEXT, NULL},
    {"Entrypoint", SHAPE_WORDS, NULL},
    {"NetworkDisabled", SHAPE_FLAG, NULL},
    {"MacAddress", SHAPE_TEXT, NULL},
    {"OnBuild", SHAPE_TEXTS, NULL},
    {"Labels", SHAPE_TEXT_MAP, NULL},
    {"StopSignal", SHAPE_TEXT, NULL},
    {"StopTimeout", SHAPE_NUMBER, NULL},
    {"Shell", SHAPE_WORDS, NULL},
    {0},
};
static const struct shape ROOTFS[] = {
    {"type", SHAPE_TEXT, NULL},
    {"diff_ids", SHAPE_TEXTS, NULL},
    {0},
};
static const struct shape HISTORY[] = {
    {"created", SHAPE_TIME, NULL},     {"author", SHAPE_TEXT, NULL},
    {"created_by", SHAPE_TEXT, NULL},  {"comment", SHAPE_TEXT, NULL},
    {"empty_layer", SHAPE_FLAG, NULL}, {0},
};
static const struct shape IMAGE[] = {
    {"id", SHAPE_TEXT, NULL},
    {"parent", SHAPE_TEXT, NULL},
    {"comment", SHAPE_TEXT, NULL},
    {"created", SHAPE_TIME, NULL},
    {"container", SHAPE_TEXT, NULL},
    {"container_config", SHAPE_OBJECT, CONTAINER},
    {"docker_version", SHAPE_TEXT, NULL},
    {"author", SHAPE_TEXT, NULL},
    {"config", SHAPE_OBJECT, CONTAINER},
    {"architecture", SHAPE_TEXT, NULL},
    {"variant", SHAPE_TEXT, NULL},
    {"os", SHAPE_TEXT, NULL},
    {"size", SHAPE_NUMBER, NULL},
    {"rootfs", SHAPE_OBJECT, ROOTFS},
    {"history", SHAPE_OBJECTS, HISTORY},
    {"os.version", SHAPE_TEXT, NULL},
    {"os.features", SHAPE_TEXTS, NULL},
    {0},
};

struct json_node image_config_diff_ids(struct json_node root)
{
    return json_get(json_get(root, "rootfs"), "diff_ids");
}

/* Checks a component of the platform. Docker refuses other characters. */
static bool is_component(struct json_node value)
{
    char text[32];

    if (!json_present(value))
        return true;
    return json_string(value, text, sizeof text) &&
           text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")] ==
               '\0';
}

int image_config_check(struct json_node root, struct err *err)
{
    struct json_node history = json_get(root, "history"), step = {0};
    size_t layers = 0;

    if (json_kind(root) != JSON_OBJECT || shape_check(root, IMAGE, false, "the config", err) < 0)
        return json_kind(root) == JSON_OBJECT
                   ? ERR_FAIL
                   : err_set(err, ERR_INTEGRITY, "image", "the config is not an object");
    if (!json_present(json_get(root, "rootfs")))
        return err_set(err, ERR_INTEGRITY, "image", "the config lists no layers (rootfs)");
    if (!is_component(json_get(root, "os")) || !is_component(json_get(root, "architecture")) ||
        !is_component(json_get(root, "variant")))
        return err_set(err, ERR_INTEGRITY, "image", "the config has an invalid platform");
    while ((step = json_next(history, step, NULL)).doc)
        layers += !json_bool(json_get(step, "empty_layer"), false);
    if (layers > json_count(image_config_diff_ids(root)))
        return err_set(err, ERR_INTEGRITY, "image",
                       "the config's history has more layers than the image");
    return 0;
}

void image_config_read(struct json_node root, struct image_info *info)
{
    json_string(json_get(root, "os"), info->os, sizeof info->os);
    json_string(json_get(root, "architecture"), info->architecture, sizeof info->architecture);
    json_string(json_get(root, "variant"), info->variant, sizeof info->variant);
    json_string(json_get(root, "created"), info->created, sizeof info->created);
}
