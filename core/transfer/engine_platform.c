/* The daemon reports the names of Go, which the normal form of a platform has. */
#include "transfer/engine_platform.h"

#include <stdio.h>

#include "docker/docker.h"

struct platform engine_platform(const struct docker *docker)
{
    const struct docker_engine *engine = docker ? docker_engine(docker) : NULL;
    struct platform platform = {.os = ""};
    char text[PLATFORM_TEXT_SIZE];

    if (!engine)
        return platform;
    snprintf(text, sizeof text, "%s/%s", engine->os, engine->architecture);
    platform_parse(text, &platform);
    return platform;
}
