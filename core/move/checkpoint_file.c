/*
 * The name is the SHA-256 of store and key. The lock is the file's own, so a process that dies lets
 * go of it, and who removes the file does so while holding it.
 */
#include "move/checkpoint_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/hash.h"
#include "move/checkpoint.h"

static int path_of(const struct store *store, const char *key, char out[PATH_MAX], struct err *err)
{
    char folder[PATH_MAX], hex[SHA256_HEX_SIZE];
    uint8_t sum[SHA256_SIZE];
    struct text name;
    int length;

    if (file_cache_dir(folder, sizeof folder, err))
        return ERR_FAIL;
    text_init(&name, 8 * KIB);
    text_printf(&name, "%s\n%s", store->identity, key);
    sha256_of(text_view(&name), sum);
    text_finish(&name);
    hex_encode(sum, sizeof sum, hex);
    length = snprintf(out, PATH_MAX, "%s/uploads/%.32s", folder, hex);
    if (length < 0 || length >= PATH_MAX)
        return err_errno(err, ENAMETOOLONG, "checkpoint", "cannot use %s", folder);
    return file_make_dirs(out, true, 0700, err);
}

int checkpoint_file_open(struct checkpoint_file *file, const struct store *store, const char *key,
                         struct err *err)
{
    file->fd = -1;
    if (path_of(store, key, file->path, err))
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
