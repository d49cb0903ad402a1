/* Strings are copied into large blocks, which are linked and freed together. */
#include "catalog/strings.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"

#define BLOCK_SIZE ((size_t)64 * 1024)

struct strings_block {
    struct strings_block *older;
    size_t used, size;
    char bytes[];
};

static struct strings_block *add_block(struct strings *strings, size_t least, struct err *err)
{
    size_t size = least > BLOCK_SIZE ? least : BLOCK_SIZE;
    struct strings_block *block = malloc(sizeof *block + size);

    if (!block) {
        err_memory(err, "a list");
        return NULL;
    }
    *block = (struct strings_block){.older = strings->newest, .size = size};
    strings->newest = block;
    return block;
}

const char *strings_keep(struct strings *strings, const char *text, struct err *err)
{
    size_t size = strlen(text) + 1;
    struct strings_block *block = strings->newest;
    char *copy;

    if (!block || block->size - block->used < size)
        block = add_block(strings, size, err);
    if (!block)
        return NULL;
    copy = block->bytes + block->used;
    memcpy(copy, text, size);
    block->used += size;
    return copy;
}

void strings_finish(struct strings *strings)
{
    while (strings->newest) {
        struct strings_block *older = strings->newest->older;

        free(strings->newest);
        strings->newest = older;
    }
}
