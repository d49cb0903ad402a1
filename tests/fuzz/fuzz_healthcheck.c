/* Inspects of containers: the values by which a gate decides stay within their bounds. */
#include <stdlib.h>

#include "base/err.h"
#include "base/json.h"
#include "deploy/gate/healthcheck.h"
#include "deploy/gate/one_line.h"
#include "docker/container.h"

static void check_command(const struct healthcheck *check)
{
    size_t count = 0;

    if (check->form != HEALTHCHECK_COMMAND)
        return;
    while (check->argv[count])
        count++;
    if (count == 0 || count > HEALTHCHECK_WORDS || check->used > HEALTHCHECK_BYTES)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct docker_container container = {0};
    struct healthcheck check;
    struct json *document;
    char output[200], line[40];
    struct err err;

    one_line(view_of(data, size), line, sizeof line);
    if (json_parse(&document, view_of(data, size), &JSON_IMAGE, "an inspect", &err) < 0)
        return 0;
    docker_container_read(document, &container, &err);
    healthcheck_read(&container, &check);
    check_command(&check);
    if (healthcheck_time(&check) <= 0 || healthcheck_time(&check) > HEALTHCHECK_TIME_MAX)
        abort();
    healthcheck_output(&container, output, sizeof output);
    docker_container_finish(&container);
    return 0;
}
