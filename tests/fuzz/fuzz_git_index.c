/* Indexes of git: the search for an extension ends, and its result has the form of a name. */
#include <stdlib.h>

#include "build/git_index.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char name[GIT_INDEX_NAME] = "";

    if (git_index_extension(view_of(data, size), name) && (name[0] < 'a' || name[0] > 'z'))
        abort();
    return 0;
}
