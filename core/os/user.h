/*
 * user - the database of users and groups.
 */
#ifndef S3DOCK_OS_USER_H
#define S3DOCK_OS_USER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Stores the name of the user of this process. Returns false if the database has none, or if it
 * does not fit. */
bool os_user_name(char *out, size_t size);

/* Returns true for the private group that most Linux distributions give each user: it has the
 * user's name, is the primary group of this user alone, and has no other member. Any thread. */
bool os_is_private_group(gid_t group, uid_t user);

#endif
