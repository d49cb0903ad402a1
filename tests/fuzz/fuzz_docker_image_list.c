/* The list of images is the same with any piece sizes, and is not longer than its bytes permit. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "docker/image_list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool read_list(struct view a, struct view b, struct docker_list *list)
{
    struct docker_list_reader reader;

    *list = (struct docker_list){0};
    docker_list_start(&reader, list);
    docker_list_feed(&reader, a);
    docker_list_feed(&reader, b);
    return docker_list_ended(&reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t cut = size ? data[0] % size : 0;
    struct docker_list whole, parts;
    bool ended = read_list(view_of(data, size), view_of(NULL, 0), &whole);

    if (ended != read_list(view_of(data, cut), view_of(data + cut, size - cut), &parts) ||
        whole.count != parts.count || whole.count > size)
        abort();
    for (unsigned i = 0; i < whole.count; i++)
        if (strcmp(whole.images[i].id, parts.images[i].id) != 0 ||
            whole.images[i].tag_count != parts.images[i].tag_count)
            abort();
    docker_list_finish(&whole);
    docker_list_finish(&parts);
    return 0;
}
