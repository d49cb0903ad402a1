/*
 * state_files - the lock and the journal of a deployment on this host.
 *
 * The lock is beside the journal if XDG_STATE_HOME is set; else it is in /run/s3dock (root) or
 * $XDG_RUNTIME_DIR/s3dock, or beside the journal if there is no such folder. The journal is in
 * the folder `deploy` of file_state_dir.
 */
#ifndef S3DOCK_DEPLOY_STATE_FILES_H
#define S3DOCK_DEPLOY_STATE_FILES_H

#include <limits.h>
#include <stdint.h>

#include "base/bytes.h"

struct cancel;
struct err;

struct state_files {
    char lock[PATH_MAX], journal[PATH_MAX];
    char images[PATH_MAX]; /* the lock of the application's images, one for all its environments */
    int fd;                /* of the lock; -1: not taken */
    int images_fd;         /* -1: not taken */
};

/* Finds the paths, and makes the folders. `state_folder`, `lock_folder`: NULL for the usual
 * ones. */
int state_files_find(struct state_files *files, const char *app, const char *env,
                     const char *state_folder, const char *lock_folder, struct err *err);
/* Waits at most `wait` ns. conflict.deploy: the text names the holder. */
int state_files_lock(struct state_files *files, int64_t wait, const struct cancel *cancel,
                     struct err *err);
/* Releases both locks. */
void state_files_unlock(struct state_files *files);
/* Until state_files_unlock, no other deployment of the application removes images. Waits while one
 * does that. */
int state_files_keep_images(struct state_files *files, const struct cancel *cancel,
                            struct err *err);
/* Returns FILE_BUSY if another deployment needs the images of the application; then none may be
 * removed. Otherwise 0: none begins to need them until state_files_unlock or
 * state_files_keep_images. */
int state_files_remove_images(struct state_files *files, struct err *err);
/* As journal_read, journal_write and journal_set_aside of host.h. */
int state_files_read(const struct state_files *files, struct text *out, struct err *err);
int state_files_write(const struct state_files *files, struct view content, struct err *err);
int state_files_set_aside(const struct state_files *files, struct err *err);

#endif
