/*
 * folder - folders that are opened only to find files in them, and their entries.
 */
#ifndef S3DOCK_OS_FOLDER_H
#define S3DOCK_OS_FOLDER_H

#include <dirent.h>

/* A flag for open: the descriptor serves as a folder for openat and needs no right to list it. On
 * a system without such descriptors: O_RDONLY. */
extern const int OS_SEARCH;

/* Opens a path below the folder `top`, and follows no symbolic link. Returns a descriptor, or -1
 * and errno. ENOSYS: the system has no such call, and the caller must open one folder after the
 * other. */
int os_open_beneath(int top, const char *path, int flags);

/* The kind of an entry as the folder states it; UNKNOWN: only fstatat finds it. */
enum os_entry { OS_ENTRY_UNKNOWN, OS_ENTRY_FILE, OS_ENTRY_FOLDER, OS_ENTRY_OTHER };
enum os_entry os_entry_kind(const struct dirent *entry);

#endif
