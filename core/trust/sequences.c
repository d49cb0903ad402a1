/*
 * The name of a file is the SHA-256 of the bucket and the key. Its document repeats both, for
 * people and against a file that was copied to another name.
 */
#include "trust/sequences.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/codes.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/json_write.h"

#define FILE_MAX  (8 * KIB)
#define LOCK_WAIT (10 * NS_PER_S)
#define LOCK_POLL (20 * NS_PER_MS)

/* The file of a subject, locked. */
struct memory {
    const struct sequence_subject *subject;
    char path[PATH_MAX], lock_path[PATH_MAX];
    int fd; /* of the lock */
    bool known;
    int64_t sequence;
    char sum[SHA256_HEX_SIZE];
};

/* ---- the file ---- */

static int find_folder(const char *given, char out[PATH_MAX], struct err *err)
{
    char state[PATH_MAX];
    int length;

    if (given)
        return str_copy(out, PATH_MAX, given) ? 0
                                              : err_errno(err, ENAMETOOLONG, "state", "%s", given);
    if (file_state_dir(state, sizeof state, err))
        return ERR_FAIL;
    length = snprintf(out, PATH_MAX, "%s/sequences", state);
    return length > 0 && length < PATH_MAX
               ? 0
               : err_errno(err, ENAMETOOLONG, "state", "cannot use %s", state);
}

static int name_files(struct memory *memory, struct err *err)
{
    char folder[PATH_MAX], hex[SHA256_HEX_SIZE];
    _cleanup_text_ struct text name = {0};
    uint8_t sum[SHA256_SIZE];
    int length;

    text_init(&name, 4 * KIB);
    text_str(&name, memory->subject->identity);
    text_char(&name, '\n');
    text_str(&name, memory->subject->key);
    if (text_check(&name, "the name of a bucket", err) ||
        find_folder(memory->subject->folder, folder, err) || file_make_dirs(folder, 0700, err) < 0)
        return ERR_FAIL;
    sha256_of(text_view(&name), sum);
    hex_encode(sum, sizeof sum, hex);
    length = snprintf(memory->lock_path, sizeof memory->lock_path, "%s/%s.lock", folder, hex);
    if (length < 0 || (size_t)length >= sizeof memory->lock_path)
        return err_errno(err, ENAMETOOLONG, "state", "cannot use %s", folder);
    snprintf(memory->path, sizeof memory->path, "%.*s.json", length - 5, memory->lock_path);
    return 0;
}

static int lock_file(struct memory *memory, struct err *err)
{
    int64_t deadline = clock_monotonic() + LOCK_WAIT;
    const struct timespec pause = {.tv_nsec = LOCK_POLL};
    int answer;

    while ((answer = file_lock(memory->lock_path, &memory->fd, err)) == FILE_BUSY) {
        if (clock_monotonic() > deadline)
            return err_set(err, ERR_CONFLICT, CODE_BUSY, "another process uses %s",
                           memory->lock_path);
        nanosleep(&pause, NULL);
    }
    return answer;
}

static int refuse_file(const struct memory *memory, struct err *err)
{
    return err_set(err, ERR_TRUST, CODE_MEMORY,
                   "the sequence number that this host has seen last cannot be read: %s is damaged",
                   memory->path);
}

/* Takes the document of the file. */
static int take_document(struct memory *memory, struct json_node root, struct err *err)
{
    if (!json_string_equals(json_get(root, "bucket"), memory->subject->identity) ||
        !json_string_equals(json_get(root, "key"), memory->subject->key) ||
        !json_int(json_get(root, "sequence"), &memory->sequence) || memory->sequence < 0 ||
        !json_string(json_get(root, "sha256"), memory->sum, sizeof memory->sum) ||
        strlen(memory->sum) != SHA256_HEX_SIZE - 1)
        return refuse_file(memory, err);
    memory->known = true;
    return 0;
}

static int read_file(struct memory *memory, struct err *err)
{
    _cleanup_text_ struct text text = {0};
    struct json *json;
    struct err why;
    int answer;

    text_init(&text, FILE_MAX);
    answer = file_read(memory->path, &text, err);
    if (answer)
        return answer == FILE_ABSENT ? 0 : ERR_FAIL;
    if (json_parse(&json, text_view(&text), &JSON_DOCUMENT, memory->path, &why))
        return refuse_file(memory, err);
    answer = take_document(memory, json_root(json), err);
    json_destroy(json);
    return answer;
}

static int write_file(const struct memory *memory, int64_t sequence, const char *sum,
                      struct err *err)
{
    _cleanup_text_ struct text text = {0};
    struct json_writer w;

    text_init(&text, FILE_MAX);
    jw_init(&w, &text, true);
    jw_object(&w, NULL);
    jw_string(&w, "bucket", memory->subject->identity);
    jw_string(&w, "key", memory->subject->key);
    jw_int(&w, "sequence", sequence);
    jw_string(&w, "sha256", sum);
    jw_end(&w);
    text_char(&text, '\n');
    if (text_check(&text, memory->path, err))
        return ERR_FAIL;
    return file_replace(memory->path, text_view(&text), 0600, err);
}

/* Locks the file. memory_close must follow, after a failure, too. */
static int memory_open(struct memory *memory, const struct sequence_subject *subject,
                       struct err *err)
{
    *memory = (struct memory){.subject = subject, .fd = -1};
    return name_files(memory, err) || lock_file(memory, err) ? ERR_FAIL : 0;
}

static void memory_close(struct memory *memory)
{
    if (memory->fd >= 0)
        close(memory->fd);
}

/* ---- the rules ---- */

static int compare(const struct memory *memory, int64_t sequence, const char *sum, struct err *err)
{
    const char *key = memory->subject->key;

    if (!memory->known || sequence > memory->sequence)
        return 0;
    if (sequence < memory->sequence)
        return err_set(err, ERR_TRUST, CODE_SEQUENCE,
                       "%s has the sequence number %lld, but this host has seen %lld: an old "
                       "document was put back",
                       key, (long long)sequence, (long long)memory->sequence);
    if (strcmp(memory->sum, sum) == 0)
        return 0;
    return err_set(
        err, ERR_TRUST, CODE_SEQUENCE,
        "%s has the sequence number %lld, with which this host has seen another document", key,
        (long long)sequence);
}

static int check_number(const struct sequence_subject *subject, int64_t sequence,
                        const uint8_t sum[SHA256_SIZE], bool store, struct err *err)
{
    char hex[SHA256_HEX_SIZE];
    struct memory memory;
    int failed;

    hex_encode(sum, SHA256_SIZE, hex);
    failed = memory_open(&memory, subject, err) || read_file(&memory, err) ||
             compare(&memory, sequence, hex, err);
    if (!failed && store && (!memory.known || sequence > memory.sequence))
        failed = write_file(&memory, sequence, hex, err);
    memory_close(&memory);
    return failed ? ERR_FAIL : 0;
}

int sequences_accept(const struct sequence_subject *subject, int64_t sequence,
                     const uint8_t sum[SHA256_SIZE], struct err *err)
{
    return check_number(subject, sequence, sum, true, err);
}

int sequences_check(const struct sequence_subject *subject, int64_t sequence,
                    const uint8_t sum[SHA256_SIZE], struct err *err)
{
    return check_number(subject, sequence, sum, false, err);
}

int sequences_read(const struct sequence_subject *subject, int64_t *out, struct err *err)
{
    struct memory memory;
    int failed = memory_open(&memory, subject, err) || read_file(&memory, err);

    memory_close(&memory);
    *out = memory.sequence;
    if (failed)
        return ERR_FAIL;
    return memory.known ? SEQUENCE_OK : SEQUENCE_ABSENT;
}

int sequences_forget(const struct sequence_subject *subject, struct err *err)
{
    struct memory memory;
    int answer = memory_open(&memory, subject, err) ? ERR_FAIL : SEQUENCE_OK;

    if (answer == SEQUENCE_OK && unlink(memory.path)) {
        answer = SEQUENCE_ABSENT;
        if (errno != ENOENT)
            answer = err_errno(err, errno, "state", "cannot delete %s", memory.path);
    }
    memory_close(&memory);
    return answer;
}
