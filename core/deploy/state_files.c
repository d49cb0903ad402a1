/*
 * The names have the form APP@ENV: no application and no environment contains "@", so two
 * deployments never share a file, and APP@@images.lock is none of theirs. The lock belongs to the
 * process: it ends with it, after a kill, too. The file stays; it names the process that has, or
 * had, the lock.
 */
#include "deploy/state_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/codes.h"
#include "base/err.h"
#include "base/file.h"
#include "flow/cancel.h"
#include "os/lock.h"

#define LOCK_POLL    (100 * NS_PER_MS)
#define HOLDER_MAX   512
#define ASIDE_SUFFIX ".damaged"

/* ---- paths ---- */

static bool join(char *out, const char *folder, const char *below)
{
    int length = snprintf(out, PATH_MAX, "%s%s", folder, below);

    return length > 0 && length < PATH_MAX;
}

static int state_folder_of(const char *given, char *out, struct err *err)
{
    char folder[PATH_MAX];

    if (given)
        return join(out, given, "") ? 0
                                    : err_errno(err, ENAMETOOLONG, "state", "cannot use %s", given);
    if (file_state_dir(folder, sizeof folder, err))
        return ERR_FAIL;
    return join(out, folder, "/deploy")
               ? 0
               : err_errno(err, ENAMETOOLONG, "state", "cannot use %s", folder);
}

/* A lock needs no disk. Without a folder for that, it is beside the journal. So it is if a variable
 * chooses the folder of the journal: both belong together. */
static bool lock_folder_of(const char *given, const char *state, char *out)
{
    const char *run = getenv("XDG_RUNTIME_DIR"), *chosen = getenv("XDG_STATE_HOME");

    if (given)
        return join(out, given, "");
    if (chosen && chosen[0] == '/')
        return join(out, state, "");
    if (geteuid() == 0)
        return join(out, "/run/s3dock", "");
    return run && run[0] == '/' ? join(out, run, "/s3dock") : join(out, state, "");
}

static bool file_in(const char *folder, const char *app, const char *env, const char *suffix,
                    char *out)
{
    int length = snprintf(out, PATH_MAX, "%s/%s@%s%s", folder, app, env, suffix);

    return length > 0 && length < PATH_MAX;
}

int state_files_find(struct state_files *files, const char *app, const char *env,
                     const char *state_folder, const char *lock_folder, struct err *err)
{
    char state[PATH_MAX], lock[PATH_MAX];

    files->fd = files->images_fd = -1;
    if (state_folder_of(state_folder, state, err))
        return ERR_FAIL;
    if (!lock_folder_of(lock_folder, state, lock) ||
        !file_in(state, app, env, ".json", files->journal) ||
        !file_in(lock, app, env, ".lock", files->lock) ||
        !file_in(lock, app, "@images", ".lock", files->images))
        return err_errno(err, ENAMETOOLONG, "state", "cannot use %s", state);
    return file_make_dirs(state, 0700, err) < 0 || file_make_dirs(lock, 0700, err) < 0 ? ERR_FAIL
                                                                                       : 0;
}

/* ---- the lock ---- */

/* The command line of this process, with blanks between its words. */
static void read_command(char out[256])
{
    FILE *file = fopen("/proc/self/cmdline", "re");
    size_t size = file ? fread(out, 1, 255, file) : 0;

    if (file)
        fclose(file);
    while (size && !out[size - 1])
        size--;
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)out[i] < ' ')
            out[i] = ' ';
    out[size] = '\0';
}

/* The holder is for a message only: its failures do not matter. */
static void write_holder(int fd)
{
    char command[256], at[CLOCK_RFC3339_SIZE], line[HOLDER_MAX];
    struct err ignored;
    int length;

    read_command(command);
    clock_rfc3339(clock_wall() / NS_PER_S * NS_PER_S, at);
    length = snprintf(line, sizeof line, "process %ld since %s: %s", (long)getpid(), at, command);
    if (length > 0 && ftruncate(fd, 0) == 0)
        file_write_at(fd, line, strlen(line), 0, "the lock", &ignored);
}

static int report_busy(const struct state_files *files, struct err *err)
{
    _cleanup_text_ struct text holder = {0};
    struct err ignored;

    text_init(&holder, HOLDER_MAX);
    if (file_read(files->lock, &holder, &ignored) || !holder.size)
        text_str(&holder, "its holder is not known");
    return err_set(err, ERR_CONFLICT, CODE_DEPLOY, "another deployment runs (%s)",
                   text_check(&holder, "the lock", &ignored) ? files->lock : holder.data);
}

static int wait_a_little(const struct cancel *cancel, struct err *err)
{
    const struct timespec pause = {.tv_nsec = LOCK_POLL};

    nanosleep(&pause, NULL);
    return cancel_check(cancel, err);
}

int state_files_lock(struct state_files *files, int64_t wait, const struct cancel *cancel,
                     struct err *err)
{
    int64_t until = clock_monotonic() + wait;
    int answer;

    while ((answer = file_lock(files->lock, &files->fd, err)) == FILE_BUSY) {
        if (clock_monotonic() >= until)
            return report_busy(files, err);
        if (wait_a_little(cancel, err))
            return ERR_FAIL;
    }
    if (answer < 0)
        return ERR_FAIL;
    write_holder(files->fd);
    return 0;
}

void state_files_unlock(struct state_files *files)
{
    if (files->fd >= 0)
        close(files->fd);
    if (files->images_fd >= 0)
        close(files->images_fd);
    files->fd = files->images_fd = -1;
}

/* ---- the images ---- */

/* Two environments of an application share its images: one could remove what the other has just
 * pulled. */
static int take_images(struct state_files *files, enum os_lock_mode how, struct err *err)
{
    if (files->images_fd < 0)
        files->images_fd = open(files->images, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (files->images_fd < 0)
        return err_errno(err, errno, "lock", "cannot open %s", files->images);
    if (os_lock(files->images_fd, how) == 0)
        return 0;
    return errno == EWOULDBLOCK || errno == EINTR
               ? FILE_BUSY
               : err_errno(err, errno, "lock", "cannot lock %s", files->images);
}

int state_files_keep_images(struct state_files *files, const struct cancel *cancel, struct err *err)
{
    int answer;

    while ((answer = take_images(files, OS_LOCK_SHARED, err)) == FILE_BUSY)
        if (wait_a_little(cancel, err))
            return ERR_FAIL;
    return answer;
}

int state_files_remove_images(struct state_files *files, struct err *err)
{
    return take_images(files, OS_LOCK_EXCLUSIVE, err);
}

/* ---- the journal ---- */

int state_files_read(const struct state_files *files, struct text *out, struct err *err)
{
    return file_read(files->journal, out, err);
}

int state_files_write(const struct state_files *files, struct view content, struct err *err)
{
    return file_replace(files->journal, content, 0600, err);
}

int state_files_set_aside(const struct state_files *files, struct err *err)
{
    char aside[PATH_MAX + sizeof ASIDE_SUFFIX];

    snprintf(aside, sizeof aside, "%s" ASIDE_SUFFIX, files->journal);
    if (rename(files->journal, aside) == 0 || errno == ENOENT)
        return 0;
    return err_errno(err, errno, "write", "cannot rename %s", files->journal);
}
