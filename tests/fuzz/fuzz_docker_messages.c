/* A daemon's messages, split at any position, have the same meaning as in one piece. */
#include <stdlib.h>
#include <string.h>

#include "docker/messages.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void count(void *arg, const char *line)
{
    *(size_t *)arg += strlen(line) + 1;
}

static struct docker_messages hear(struct view a, struct view b, size_t *told)
{
    struct docker_messages stream;

    *told = 0;
    docker_messages_init(&stream, count, told);
    docker_messages_feed(&stream, a);
    docker_messages_feed(&stream, b);
    docker_messages_finish(&stream);
    return stream;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t cut = size ? data[0] % size : 0, told, told_again;
    struct docker_messages whole = hear(view_of(data, size), view_of(NULL, 0), &told);
    struct docker_messages parts =
        hear(view_of(data, cut), view_of(data + cut, size - cut), &told_again);
    char said[64];

    docker_error_message(view_of(data, size), said, sizeof said);
    if (told != told_again || whole.failed != parts.failed ||
        strcmp(whole.error, parts.error) != 0 ||
        memcmp(&whole.loaded, &parts.loaded, sizeof whole.loaded) != 0 ||
        strcmp(whole.stray, parts.stray) != 0)
        abort();
    return 0;
}
