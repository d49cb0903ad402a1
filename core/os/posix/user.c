/*
 * The functions that walk through the user database have one position and one result for the
 * process, so a lock is held.
 */
#include "os/user.h"

#include <grp.h>
#include <pthread.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#define NAME_SIZE 256 /* of a user, with the NUL; the limits of systems are below it */

static pthread_mutex_t database_lock = PTHREAD_MUTEX_INITIALIZER;

static bool copy(char *out, size_t size, const char *name)
{
    size_t length = strlen(name);

    if (length == 0 || length >= size)
        return false;
    memcpy(out, name, length + 1);
    return true;
}

bool os_user_name(char *out, size_t size)
{
    struct passwd entry, *found = NULL;
    char strings[4096];

    return getpwuid_r(getuid(), &entry, strings, sizeof strings, &found) == 0 && found &&
           copy(out, size, found->pw_name);
}

static bool find_private_group(gid_t gid, uid_t uid)
{
    const struct passwd *entry = getpwuid(uid);
    const struct group *group = getgrgid(gid);
    char user[NAME_SIZE];
    bool alone;

    if (!entry || !group || entry->pw_gid != gid || strcmp(entry->pw_name, group->gr_name) != 0 ||
        !copy(user, sizeof user, entry->pw_name))
        return false;
    for (char **member = group->gr_mem; *member; member++)
        if (strcmp(*member, user) != 0)
            return false;
    alone = true;
    setpwent();
    while (alone && (entry = getpwent()))
        alone = entry->pw_gid != gid || strcmp(entry->pw_name, user) == 0;
    endpwent();
    return alone;
}

bool os_is_private_group(gid_t group, uid_t user)
{
    bool found;

    pthread_mutex_lock(&database_lock);
    found = find_private_group(group, user);
    pthread_mutex_unlock(&database_lock);
    return found;
}
