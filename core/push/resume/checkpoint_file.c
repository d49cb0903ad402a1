/*
 * The name of a file is the SHA-256 of store and image key. The lock is the lock of the file: it
 * ends with the process. A process deletes a file only while it holds its lock.
 */
#include "push/resume/checkpoint_file.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/hash.h"
#include "os/file.h"
#include "push/resume/checkpoint.h"

#define NAME_SIZE 32

/* Returns the path of a file, or of the folder if the name is "". Creates the folder. */
static int make_path(const char *name, char out[PATH_MAX], struct err *err)
{
    char folder[PATH_MAX];
    int length;

    if (file_cache_dir(folder, sizeof folder, err))
        return ERR_FAIL;
    length = snprintf(out, PATH_MAX, "%s/uploads/%s", folder, name);
    if (length < 0 || length >= PATH_MAX)
        return err_errno(err, ENAMETOOLONG, "checkpoint", "cannot use %s", folder);
    return file_make_parents(out, 0700, err);
}

static bool is_name(const char *name)
{
    return strlen(name) == NAME_SIZE && name[strspn(name, "0123456789abcdef")] == '\0';
}

int checkpoint_file_open(struct checkpoint_file *file, const struct store *store,
                         const char *image_key, struct err *err)
{
    char hex[SHA256_HEX_SIZE];
    uint8_t sum[SHA256_SIZE];
    struct text name;

    text_init(&name, 8 * KIB);
    text_printf(&name, "%s\n%s", store->identity, image_key);
    sha256_of(text_view(&name), sum);
    text_finish(&name);
    hex_encode(sum, sizeof sum, hex);
    hex[NAME_SIZE] = '\0';
    return checkpoint_file_open_name(file, hex, err);
}

int checkpoint_file_open_name(struct checkpoint_file *file, const char *name, struct err *err)
{
    file->fd = -1;
    if (make_path(name, file->path, err))
        return ERR_FAIL;
    return file_lock(file->path, &file->fd, err);
}

int checkpoint_file_read(const struct checkpoint_file *file, struct text *out, struct err *err)
{
    uint8_t block[64 * KIB];
    ssize_t got;

    while ((got = pread(file->fd, block, sizeof block, (off_t)out->size)) > 0 && !out->failed)
        text_add(out, block, (size_t)got);
    if (got < 0)
        return err_errno(err, errno, "checkpoint", "cannot read %s", file->path);
    return text_check(out, file->path, err);
}

int checkpoint_file_cut(const struct checkpoint_file *file, size_t size, struct err *err)
{
    if (ftruncate(file->fd, (off_t)size) == 0 && lseek(file->fd, (off_t)size, SEEK_SET) >= 0)
        return 0;
    return err_errno(err, errno, "checkpoint", "cannot write %s", file->path);
}

int checkpoint_file_add(const struct checkpoint_file *file, struct view bytes, struct err *err)
{
    return file_write_all(file->fd, bytes.data, bytes.size, file->path, err);
}

void checkpoint_file_remove(struct checkpoint_file *file)
{
    if (file->fd >= 0)
        unlink(file->path);
    checkpoint_file_close(file);
}

void checkpoint_file_close(struct checkpoint_file *file)
{
    if (file->fd >= 0)
        close(file->fd);
    file->fd = -1;
}

/* ---- all of them ---- */

static void read_head(const char *path, struct checkpoint_found *out)
{
    struct checkpoint *checkpoint;
    struct text text;
    struct err ignored;

    text_init(&text, CHECKPOINT_MAX);
    if (file_read(path, &text, &ignored) == FILE_OK &&
        checkpoint_parse(text_view(&text), &checkpoint, &ignored) == 0) {
        str_copy(out->store, sizeof out->store, checkpoint->head.store);
        str_copy(out->key, sizeof out->key, checkpoint->head.key);
        str_copy(out->upload, sizeof out->upload, checkpoint->head.upload);
        str_copy(out->folder, sizeof out->folder, checkpoint->head.folder);
        for (unsigned i = 1; i <= checkpoint->part_count; i++)
            if (checkpoint_part(checkpoint, i)->etag[0])
                out->size += checkpoint_part(checkpoint, i)->size;
        checkpoint_destroy(checkpoint);
    }
    text_finish(&text);
}

/* Returns false if the file was deleted meanwhile. */
static bool summarize(const char *name, struct checkpoint_found *out)
{
    char path[PATH_MAX];
    struct err ignored;
    struct stat st;
    int fd = -1;

    *out = (struct checkpoint_found){.busy = false};
    str_copy(out->name, sizeof out->name, name);
    if (make_path(name, path, &ignored) || stat(path, &st) || !S_ISREG(st.st_mode))
        return false;
    out->touched = os_modified(&st);
    out->busy = file_lock(path, &fd, &ignored) == FILE_BUSY;
    read_head(path, out);
    if (fd >= 0)
        close(fd);
    return true;
}

int checkpoint_file_list(struct checkpoint_found **out, size_t *count, struct err *err)
{
    char folder[PATH_MAX];
    struct dirent *entry;
    size_t room = 0;
    DIR *dir;

    *out = NULL;
    *count = 0;
    if (make_path("", folder, err))
        return ERR_FAIL;
    dir = opendir(folder);
    if (!dir)
        return err_errno(err, errno, "checkpoint", "cannot read %s", folder);
    while ((entry = readdir(dir))) {
        if (!is_name(entry->d_name))
            continue;
        if (!array_reserve(out, &room, *count, sizeof **out)) {
            free(*out);
            closedir(dir);
            return err_memory(err, "the list of unfinished pushes");
        }
        *count += summarize(entry->d_name, &(*out)[*count]);
    }
    closedir(dir);
    return 0;
}
