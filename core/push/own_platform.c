/*
 * The daemon describes the image of one platform. For another one, only the list of its platforms
 * is read: the layers are known when the image is read.
 */
#include "push/own_platform.h"

#include <stdio.h>

#include "base/bytes.h"
#include "base/codes.h"
#include "base/err.h"

struct platform own_platform_of(const char *os, const char *architecture, const char *variant)
{
    struct platform platform;
    char text[PLATFORM_TEXT_SIZE];

    snprintf(text, sizeof text, "%s/%s%s%s", os, architecture, variant[0] ? "/" : "", variant);
    platform_parse(text, &platform);
    return platform;
}

static int refuse(const struct push_options *options, const struct platform *actual,
                  struct err *err)
{
    char wanted[PLATFORM_TEXT_SIZE], has[PLATFORM_TEXT_SIZE];

    platform_text(&options->platform, wanted);
    platform_text(actual, has);
    err_set(err, ERR_NOT_FOUND, CODE_PLATFORM, "%s has %s for %s, not for %s",
            options->docker ? "Docker" : "the archive", options->name.ref, has, wanted);
    return err_about(err, "%s", options->name.ref);
}

int own_platform_check(const struct push_options *options, const struct platform *actual,
                       struct err *err)
{
    return platform_same(actual, &options->platform) ? 0 : refuse(options, actual, err);
}

static void describe(struct docker_image *local, const struct docker_platform *chosen)
{
    str_copy(local->os, sizeof local->os, chosen->os);
    str_copy(local->architecture, sizeof local->architecture, chosen->architecture);
    str_copy(local->variant, sizeof local->variant, chosen->variant);
    local->layer_count = 0;
    local->size = 0;
}

static int choose(const struct push_options *options, struct docker_image *local,
                  struct docker_platform *chosen, struct platform *out, struct err *err)
{
    struct docker_platform all[DOCKER_PLATFORMS_MAX];
    unsigned count;

    *chosen = (struct docker_platform){.os = ""};
    *out = own_platform_of(local->os, local->architecture, local->variant);
    if (platform_same(out, &options->platform))
        return 0;
    if (docker_platforms(options->docker, options->name.ref, all, &count, err) < 0)
        return ERR_FAIL;
    for (unsigned i = 0; i < count; i++) {
        struct platform platform = own_platform_of(all[i].os, all[i].architecture, all[i].variant);

        if (!platform.os[0] || !platform_same(&platform, &options->platform))
            continue;
        *out = platform;
        *chosen = all[i];
        describe(local, chosen);
        return 0;
    }
    return refuse(options, out, err);
}

int own_platform_inspect(const struct push_options *options, struct docker_image *local,
                         struct docker_platform *chosen, struct platform *out, struct err *err)
{
    const struct image_name *name = &options->name;

    switch (docker_inspect(options->docker, name->ref, local, err)) {
    case DOCKER_OK:
        return choose(options, local, chosen, out, err);
    case DOCKER_ABSENT:
        err_set(err, ERR_NOT_FOUND, CODE_IMAGE, "Docker has no image %s", name->ref);
        return err_hint(err,
                        "docker images %s lists the images of the daemon; build or pull it first",
                        name->app);
    default:
        return ERR_FAIL;
    }
}
