/*
 * A path that is too long for the list keeps its end, which names the file.
 */
#include "build/git_state.h"

#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

void git_list_add(struct git_list *list, const char *path, const char *word)
{
    size_t size = strlen(path), room = GIT_PATH_SIZE - strlen(word) - 1;
    char *out;

    if (list->count++ >= GIT_LIST_MAX)
        return;
    out = list->paths[list->count - 1];
    if (size <= room)
        snprintf(out, GIT_PATH_SIZE, "%s%s", path, word);
    else
        snprintf(out, GIT_PATH_SIZE, "...%s%s", path + size - (room - 3), word);
    str_printable(out);
}
