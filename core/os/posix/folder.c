/*
 * The type of an entry is in POSIX since 2024, and in all systems before that.
 */
#include "os/folder.h"

enum os_entry os_entry_kind(const struct dirent *entry)
{
    switch (entry->d_type) {
    case DT_UNKNOWN:
        return OS_ENTRY_UNKNOWN;
    case DT_REG:
        return OS_ENTRY_FILE;
    case DT_DIR:
        return OS_ENTRY_FOLDER;
    default:
        return OS_ENTRY_OTHER;
    }
}
