/*
 * One thread executes the ops in the order of submission. More threads would not help: the work is
 * copying between memory and the page cache, a file has one writer at a time, and a multipart
 * upload is one file. The queue is linked through the ops.
 *
 * After a cancel, each op returns as cancelled. Exceptions: aborts and deletes, which clean up, and
 * ops on which the caller insists (store_insist).
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/codes.h"
#include "base/file.h"
#include "flow/thread.h"
#include "store/dir/add_part.h"
#include "store/dir/copy.h"
#include "store/dir/list.h"
#include "store/dir/object.h"
#include "store/dir/store_dir.h"
#include "store/dir/temp.h"
#include "store/dir/upload.h"
#include "store/store.h"

struct store_dir {
    struct store store;
    struct dir_bucket bucket; /* of the thread */
    pthread_t thread;
    struct {
        pthread_mutex_t mutex;
        pthread_cond_t wake;
        struct msg *first, **end;
        bool stop;
        struct store_stats stats;
    } locked;
};

static struct store_dir *self(struct store *store)
{
    return (struct store_dir *)store;
}

static int read_into_text(const struct dir_bucket *bucket, int fd, uint64_t offset, uint64_t length,
                          struct text *text, struct err *err)
{
    uint8_t *step;
    int answer = 0;

    if (length > text->max - text->size)
        return err_set(err, ERR_INTEGRITY, CODE_TOO_LARGE,
                       "it has %" PRIu64 " bytes, more than the %zu expected at most", length,
                       text->max);
    step = malloc(64 * KIB);
    if (!step)
        return err_memory(err, "a document");
    while (answer == 0 && length > 0) {
        size_t size = length < 64 * KIB ? (size_t)length : 64 * KIB;

        answer = file_read_at(fd, step, size, (off_t)offset, bucket->where, err);
        if (answer == 0)
            text_add(text, step, size);
        offset += size;
        length -= size;
    }
    free(step);
    return answer == 0 ? text_check(text, "a document", err) : answer;
}

/* HEAD and GET. */
static enum store_answer get(const struct dir_bucket *bucket, struct store_op *op, struct err *err)
{
    uint64_t length;
    int fd, answer = dir_object_open(bucket, op->key, &fd, &op->info, err);

    if (answer != 0)
        return answer;
    length = op->length ? op->length : op->info.size - op->offset;
    if (op->if_match && strcmp(op->if_match, op->info.etag) != 0)
        answer = STORE_CHANGED;
    else if (op->verb == STORE_GET && op->unless && strcmp(op->unless, op->info.etag) == 0)
        answer = STORE_SAME;
    else if (op->verb == STORE_HEAD)
        answer = STORE_DONE;
    else if (op->offset > op->info.size || length > op->info.size - op->offset)
        answer = err_set(err, ERR_INTEGRITY, "range",
                         "it has %" PRIu64 " bytes, but the request is for %" PRIu64
                         " bytes from byte %" PRIu64,
                         op->info.size, op->length, op->offset);
    else if (op->buffer && op->length == 0)
        answer = err_set(err, ERR_INTERNAL, "range", "a read into memory without a size");
    else if (op->buffer)
        answer = file_read_at(fd, op->buffer, (size_t)length, (off_t)op->offset, op->key, err);
    else if (op->text)
        answer = read_into_text(bucket, fd, op->offset, length, op->text, err);
    close(fd);
    return answer;
}

static enum store_answer put(struct dir_bucket *bucket, struct store_op *op, int source,
                             uint64_t size, struct err *err)
{
    enum store_answer answer = STORE_FAILED;
    struct dir_temp temp;
    int written;

    if (dir_temp_create(bucket, &temp, err) < 0)
        return STORE_FAILED;
    written = source < 0 ? dir_write(bucket, temp.fd, op->body, 0, err)
                         : dir_copy(bucket, source, 0, temp.fd, 0, size, err);
    if (written == 0)
        answer = dir_commit(bucket, temp.folder, temp.name, temp.fd, op, err);
    if (answer == STORE_DONE)
        temp.name[0] = '\0';
    dir_temp_finish(&temp);
    return answer;
}

static enum store_answer copy(struct dir_bucket *bucket, struct store_op *op, struct err *err)
{
    struct store_info info;
    enum store_answer answer = STORE_CHANGED;
    const char *if_match = op->if_match;
    int fd, found = dir_object_open(bucket, op->source, &fd, &info, err);

    if (found != 0)
        return found;
    if (!if_match || strcmp(if_match, info.etag) == 0) {
        op->if_match = NULL; /* the condition is on the source, not on the target */
        answer = put(bucket, op, fd, info.size, err);
        op->if_match = if_match;
    }
    close(fd);
    return answer;
}

static bool names_object(enum store_verb verb)
{
    return verb != STORE_LIST && verb != STORE_UPLOADS && verb != STORE_LIFECYCLE;
}

static enum store_answer execute(struct dir_bucket *bucket, struct store_op *op, struct err *err)
{
    if (cancel_check(bucket->cancel, err) < 0)
        return STORE_FAILED;
    dir_learn_case(bucket);
    if (names_object(op->verb) && dir_key_check(op->key, err) < 0)
        return STORE_FAILED;
    if ((op->verb == STORE_COPY || op->verb == STORE_UPLOAD_COPY_PART) &&
        dir_key_check(op->source, err) < 0)
        return STORE_FAILED;
    switch (op->verb) {
    case STORE_HEAD:
    case STORE_GET:
        return get(bucket, op, err);
    case STORE_PUT:
        return put(bucket, op, -1, 0, err);
    case STORE_DELETE:
        return dir_remove(bucket, op, err);
    case STORE_COPY:
        return copy(bucket, op, err);
    case STORE_LIST:
        return dir_list(bucket, op, err);
    case STORE_UPLOAD_CREATE:
        return dir_upload_create(bucket, op, err);
    case STORE_UPLOAD_PART:
        return dir_upload_part(bucket, op, err);
    case STORE_UPLOAD_COPY_PART:
        return dir_upload_copy_part(bucket, op, err);
    case STORE_UPLOAD_COMPLETE:
        return dir_upload_complete(bucket, op, err);
    case STORE_UPLOAD_ABORT:
        return dir_upload_abort(bucket, op, err);
    case STORE_UPLOAD_PARTS:
        return dir_upload_parts(bucket, op, err);
    case STORE_UPLOADS:
        return dir_uploads(bucket, op, err);
    case STORE_BUCKET_CREATE: /* an open folder exists */
        return STORE_DONE;
    case STORE_LIFECYCLE:
        op->failure = STORE_UNSUPPORTED;
        return err_set(err, ERR_UNSUPPORTED, CODE_OPERATION, "a directory has no lifecycle rules");
    }
    return err_set(err, ERR_INTERNAL, "verb", "a directory does not support this operation");
}

static void account(struct store_dir *dir, const struct store_op *op)
{
    struct store_stats *stats = &dir->locked.stats;

    pthread_mutex_lock(&dir->locked.mutex);
    stats->requests++;
    stats->ignores_case = dir->bucket.letters == OS_CASE_IGNORED;
    if (op->answer == STORE_DONE && (op->verb == STORE_PUT || op->verb == STORE_UPLOAD_PART))
        stats->sent += op->body.size;
    if (op->answer == STORE_DONE && op->verb == STORE_GET)
        stats->received += op->length ? op->length : op->info.size - op->offset;
    pthread_mutex_unlock(&dir->locked.mutex);
}

static bool cleans_up(const struct store_op *op)
{
    return op->verb == STORE_UPLOAD_ABORT || op->verb == STORE_DELETE;
}

/* Executes an op. A cancel does not end one that is insisted on, or that cleans up. */
static enum store_answer execute_op(struct store_dir *dir, struct store_op *op)
{
    bool kept = atomic_load(&dir->store.insisting) || cleans_up(op);

    dir->bucket.cancel = kept ? NULL : dir->bucket.flag;
    return execute(&dir->bucket, op, &op->err);
}

static void run_op(struct store_dir *dir, struct store_op *op)
{
    op->err = (struct err){0};
    op->info = (struct store_info){0};
    op->failure = STORE_NO_ANSWER;
    op->tries = 1;
    op->answer = execute_op(dir, op);
    if (op->answer == STORE_FAILED && op->err.family != ERR_CANCELLED && op->key)
        err_wrap(&op->err, "%s", op->key);
    account(dir, op);
    inbox_post(op->inbox, &op->msg);
}

static struct store_op *next_op(struct store_dir *dir)
{
    struct msg *msg;

    pthread_mutex_lock(&dir->locked.mutex);
    while (!dir->locked.first && !dir->locked.stop)
        pthread_cond_wait(&dir->locked.wake, &dir->locked.mutex);
    msg = dir->locked.first;
    if (msg) {
        dir->locked.first = msg->next;
        if (!msg->next)
            dir->locked.end = &dir->locked.first;
    }
    pthread_mutex_unlock(&dir->locked.mutex);
    return (struct store_op *)msg;
}

static void *run(void *arg)
{
    struct store_dir *dir = arg;
    struct store_op *op;

    while ((op = next_op(dir)))
        run_op(dir, op);
    return NULL;
}

static void submit(struct store *store, struct store_op *op)
{
    struct store_dir *dir = self(store);

    op->msg.next = NULL;
    pthread_mutex_lock(&dir->locked.mutex);
    *dir->locked.end = &op->msg;
    dir->locked.end = &op->msg.next;
    pthread_cond_signal(&dir->locked.wake);
    pthread_mutex_unlock(&dir->locked.mutex);
}

static void stats(struct store *store, struct store_stats *out)
{
    struct store_dir *dir = self(store);

    pthread_mutex_lock(&dir->locked.mutex);
    *out = dir->locked.stats;
    pthread_mutex_unlock(&dir->locked.mutex);
}

static void destroy(struct store *store)
{
    struct store_dir *dir = self(store);

    pthread_mutex_lock(&dir->locked.mutex);
    dir->locked.stop = true; /* the thread ends when its queue is empty */
    pthread_cond_signal(&dir->locked.wake);
    pthread_mutex_unlock(&dir->locked.mutex);
    pthread_join(dir->thread, NULL);
    pthread_cond_destroy(&dir->locked.wake);
    pthread_mutex_destroy(&dir->locked.mutex);
    dir_list_forget(&dir->bucket);
    close(dir->bucket.root);
    free(dir);
}

static const struct store_table table = {.submit = submit, .stats = stats, .destroy = destroy};

static int folder_path(const struct store_dir_options *options, struct text *path, struct err *err)
{
    if (!options->path || options->path[0] != '/')
        return err_set(err, ERR_USAGE, CODE_ENDPOINT,
                       "a bucket folder needs an absolute path, not "
                       "\"%s\"",
                       options->path ? options->path : "");
    text_str(path, options->path);
    if (options->bucket && *options->bucket) {
        if (dir_key_check(options->bucket, err) < 0)
            return err_set(err, ERR_USAGE, CODE_BUCKET, "\"%.100s\" cannot be the name of a bucket",
                           options->bucket);
        text_char(path, '/');
        text_str(path, options->bucket);
    }
    return text_check(path, "the path of the bucket", err);
}

static int open_root(struct store_dir *dir, const char *path, bool create, struct err *err)
{
    char *real;

    if (create && file_make_dirs(path, 0777, err) < 0)
        return ERR_FAIL;
    dir->bucket.root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir->bucket.root < 0 && errno == ENOENT) {
        err_set(err, ERR_NOT_FOUND, CODE_BUCKET, "the bucket folder %s does not exist", path);
        return err_hint(err, "create it: mkdir -p %s", path);
    }
    if (dir->bucket.root < 0 && errno == ENOTDIR) {
        err_set(err, ERR_NOT_FOUND, CODE_BUCKET, "%s is not a folder", path);
        return err_hint(err, "a bucket on disk is a folder: name one in the endpoint and bucket");
    }
    if (dir->bucket.root < 0)
        return err_errno(err, errno, "bucket", "cannot open the bucket folder %s", path);
    real = realpath(path, NULL);
    snprintf(dir->store.identity, sizeof dir->store.identity, "file://%s", real ? real : path);
    free(real);
    snprintf(dir->store.where, sizeof dir->store.where, "file://%s", path);
    dir->bucket.where = dir->store.where;
    return 0;
}

struct store *store_dir_create(const struct store_dir_options *options, struct err *err)
{
    struct store_dir *dir = calloc(1, sizeof *dir);
    struct text path;
    int answer;

    if (!dir) {
        err_memory(err, "a bucket");
        return NULL;
    }
    dir->bucket =
        (struct dir_bucket){.root = -1, .cancel = options->cancel, .flag = options->cancel};
    dir->bucket.patience = options->stall_time ? options->stall_time : STORE_STALL_TIME;
    /* The limits of S3, so that both stores get the same plans. */
    dir->store = (struct store){.table = &table, .limits = STORE_LIMITS};
    dir->locked.end = &dir->locked.first;
    pthread_mutex_init(&dir->locked.mutex, NULL);
    pthread_cond_init(&dir->locked.wake, NULL);
    text_init(&path, 4096);
    answer = folder_path(options, &path, err);
    if (answer == 0)
        answer = open_root(dir, path.data, options->create, err);
    if (answer == 0)
        answer = thread_run(&dir->thread, run, dir, "the thread of the bucket folder", err);
    text_finish(&path);
    if (answer == 0)
        return &dir->store;
    if (dir->bucket.root >= 0)
        close(dir->bucket.root);
    pthread_cond_destroy(&dir->locked.wake);
    pthread_mutex_destroy(&dir->locked.mutex);
    free(dir);
    return NULL;
}
