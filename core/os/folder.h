/*
 * folder - folders that are opened only to find files in them, and their entries.
 */
#ifndef S3DOCK_OS_FOLDER_H
#define S3DOCK_OS_FOLDER_H

#include <dirent.h>
#include <stddef.h>

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

/* Finds out whether a name leads to a file that the folder lists in another spelling: with other
 * upper and lower case letters of ASCII. Returns 1 and that spelling; 0 if there is no such file,
 * or the folder lists the name as it is; -1 and errno. Reads the whole folder if the name
 * exists. */
int os_other_spelling(int folder, const char *name, char *spelling, size_t size);

/* UNKNOWN: no entry of the folder has a letter, or the folder cannot be read. */
enum os_case { OS_CASE_UNKNOWN, OS_CASE_DISTINCT, OS_CASE_IGNORED };
/* Finds out whether names that differ only in upper and lower case are one file in the folder. */
enum os_case os_folder_case(int folder);

#endif
