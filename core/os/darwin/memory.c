/*
 * A shared memory object of macOS can be mapped, but not read, so a file without a name takes its
 * place. Its folder belongs to the user alone. The allocator returns large blocks by itself.
 */
#include "os/memory.h"

#include <limits.h>
#include <malloc/malloc.h>
#include <string.h>
#include <unistd.h>

#include "os/file.h"

int os_memory_file(void)
{
    char folder[PATH_MAX];
    size_t size = confstr(_CS_DARWIN_USER_TEMP_DIR, folder, sizeof folder);

    return os_unnamed_file(size > 0 && size <= sizeof folder ? folder : "/tmp");
}

void os_wipe(void *data, size_t size)
{
    memset_s(data, size, 0, size);
}

void os_heap_limit(void)
{
}

void os_heap_trim(void)
{
    malloc_zone_pressure_relief(NULL, 0);
}
