/*
 * Killed pushes, and pushes that resume them. A child pushes and is killed (SIGKILL) at the n-th
 * request of a kind, before or after the store has executed it. The parent then pushes again. For
 * every n: archive, index and checksum are those of an undisturbed push, only bytes in flight are
 * sent again, and nothing is left.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/hash.h"
#include "catalog/conditions.h"
#include "kit/fault_store.h"
#include "kit/old_checkpoint.h"
#include "kit/sample.h"
#include "kit/saved_image.h"
#include "kit/scale.h"
#include "kit/scratch.h"
#include "kit/tarball.h"
#include "push/push.h"
#include "push/resume/checkpoint.h"
#include "store/dir/store_dir.h"
#include "store/store.h"

#define REF  "shop:20250721-2118-f7a5a27"
#define NEXT "shop:20250722-1000-0a1b2c3" /* a delta push: most of it is in REF */
#define KEY  "images/shop/202507/shop-20250721-2118-f7a5a27"
#define NKEY "images/shop/202507/shop-20250722-1000-0a1b2c3"

#define PART           (8 * mib)
#define DEATH_DELAY_US 300000

static struct err err;

/* Writes an image of one layer. `changed`: the position of a byte that differs from the config's
 * layer. */
static void write_bytes(const char *path, const char *ref, const uint8_t *bytes, size_t size,
                        size_t changed)
{
    struct saved_image image;
    struct tarball layer;

    tarball_init(&layer);
    tarball_file(&layer, "opt/data", bytes, size);
    tarball_end(&layer);
    saved_image_init(&image);
    saved_image_add(&image, &layer, changed);
    saved_image_write(&image, path, ref);
}

/* A quarter of the bytes compresses. */
static uint8_t *fill(size_t size, uint64_t seed)
{
    uint8_t *bytes = malloc(size);

    noise(bytes, size, seed);
    for (size_t i = 0; i < size; i += 2048)
        memset(bytes + i, 'x', 512);
    return bytes;
}

static void write_image(const char *path, size_t size, uint64_t seed, size_t changed)
{
    uint8_t *bytes = fill(size, seed);

    write_bytes(path, REF, bytes, size, changed);
    free(bytes);
}

/* The image with seed 1 and 30 MiB, with small changes and a large one. */
static void write_next(const char *path, uint64_t seed)
{
    uint8_t *bytes = fill(36 * mib, 1);

    for (unsigned i = 1; i < 4; i++)
        noise(bytes + i * 6 * mib, 150 * mib / 1024, seed + i);
    noise(bytes + 24 * mib, 12 * mib, seed + 9);
    write_bytes(path, NEXT, bytes, 36 * mib, 0);
    free(bytes);
}

/* ---- the intercepting store: counts and kills ---- */

struct between {
    struct fault_store fault; /* first */
    enum store_verb verb;     /* the request to die at ... */
    unsigned at;              /* ... when it comes for the n-th time, from 1; 0: never */
    bool before;              /* before the store executes it */
    enum { DIES, GETS_SIGTERM, LOSES_THE_LINK } deed;
    enum store_failure failure; /* the error of LOSES_THE_LINK */
    unsigned hits;
    bool dying;
    uint64_t sent, copied; /* bytes of parts and objects */
    uint64_t *struck;      /* receives the bytes of the fatal request; or NULL */
    unsigned aborts;
    const char *ref; /* to push; NULL: REF */
    int64_t later;   /* ns by which the store's clock is ahead */
    bool plain;      /* the store does not implement conditional writes */
};

static void *kill_later(void *arg)
{
    (void)arg;
    usleep(DEATH_DELAY_US);
    kill(getpid(), SIGKILL);
    return NULL;
}

/* Kills the process. In full size the request stays without a response for a while: the push
 * records the parts whose responses it has, on a busy machine, too. */
static bool die(struct between *b)
{
    pthread_t thread;

    if (mib < MIB)
        kill(getpid(), SIGKILL);
    if (!b->dying)
        assert_int_equal(pthread_create(&thread, NULL, kill_later, NULL), 0);
    b->dying = true;
    return true;
}

static bool strike(struct between *b, struct store_op *op)
{
    if (b->deed == DIES)
        return die(b);
    if (b->deed == GETS_SIGTERM) {
        cancel_request(&b->fault.cancel, SIGTERM);
        return false;
    }
    fault_store_fail(op, ERR_NETWORK, "cut", b->failure);
    return true;
}

static bool between(struct fault_store *fault, struct store_op *op)
{
    struct between *b = (struct between *)fault;
    bool meant = op->verb == b->verb && b->at && ++b->hits >= b->at;

    if (op->verb == STORE_UPLOAD_PART || op->verb == STORE_PUT)
        b->sent += op->body.size;
    if (op->verb == STORE_UPLOAD_COPY_PART)
        b->copied += op->length;
    b->aborts += op->verb == STORE_UPLOAD_ABORT;
    if (b->plain && op->verb == STORE_PUT && (op->if_match || op->if_none_match)) {
        fault_store_fail(op, ERR_UNSUPPORTED, "store", STORE_UNSUPPORTED);
        return true;
    }
    if (meant && b->struck)
        *b->struck = op->verb == STORE_UPLOAD_COPY_PART ? op->length : op->body.size;
    if (meant && !b->before && b->deed == DIES)
        fault_store_run(fault, op);
    if (b->later && op->verb == STORE_LIST) {
        fault_store_run(fault, op);
        op->server_time = clock_wall() + b->later;
        inbox_post(op->inbox, &op->msg);
        return true;
    }
    return meant && strike(b, op);
}

static void open_between(struct between *b, const char *bucket)
{
    *b = (struct between){.at = 0};
    fault_store_open(&b->fault, dir, bucket, between);
    b->fault.store.limits = scaled_limits();
}

static void close_between(struct between *b)
{
    fault_store_close(&b->fault);
}

/* ---- helpers ---- */

static int push(struct between *b, const char *input, unsigned jobs, int level,
                struct push_result *result)
{
    char path[512];
    const char *ref = b->ref ? b->ref : REF;
    struct push_options options = {
        .store = &b->fault.store, .input = path, .choice = {CODEC_GZIP, level}};

    if (strcmp(input, "-") == 0)
        strcpy(path, "-");
    else
        snprintf(path, sizeof path, "%s/%s", dir, input);
    options.transfer.jobs = jobs;
    options.transfer.cancel = &b->fault.cancel;
    /* Memory for two parts, or four of a copying push. Later parts are sent after the response to
     * an earlier one. */
    if (mib < MIB)
        options.transfer.memory = (strcmp(ref, REF) == 0 ? 8 : 15) * MIB;
    assert_int_equal(name_parse_image(ref, &options.name, &err), 0);
    return push_run(&options, result, &err);
}

static uint64_t *struck; /* bytes of the fatal request, in shared memory */

/* A child pushes into `bucket` until it is killed. Returns false if it ended before. */
static bool push_until(const char *bucket, const char *ref, const char *input, enum store_verb verb,
                       unsigned at, bool before)
{
    pid_t child = fork();
    int status;

    assert_true(child >= 0);
    if (child == 0) {
        struct push_result result;
        struct between b;

        open_between(&b, bucket);
        b.verb = verb;
        b.at = at;
        b.before = before;
        b.ref = ref;
        b.struck = struck;
        push(&b, input, 2, 1, &result);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

static void push_and_die(const char *bucket, const char *input, enum store_verb verb, unsigned at,
                         bool before)
{
    assert_true(push_until(bucket, REF, input, verb, at, before));
}

static bool same_file(const char *a, const char *b)
{
    struct text one, other;
    bool same;

    text_init(&one, 256 * MIB);
    text_init(&other, 256 * MIB);
    assert_int_equal(file_read(a, &one, &err), 0);
    assert_int_equal(file_read(b, &other, &err), 0);
    same = view_equals(text_view(&one), text_view(&other));
    text_finish(&one);
    text_finish(&other);
    return same;
}

static void assert_same_objects(const char *bucket, const char *other, const char *key)
{
    static const char *const objects[] = {".tar.gz", ".index"};
    char one[600], two[600];

    for (unsigned i = 0; i < ARRAY_SIZE(objects); i++) {
        snprintf(one, sizeof one, "%s/%s/%s%s", dir, bucket, key, objects[i]);
        snprintf(two, sizeof two, "%s/%s/%s%s", dir, other, key, objects[i]);
        assert_true(same_file(one, two));
    }
}

static void assert_same_archive(const char *bucket, const char *other)
{
    assert_same_objects(bucket, other, KEY);
}

static unsigned unfinished_uploads(struct between *b)
{
    struct store_page page = {0};
    struct store_op op = {.verb = STORE_UPLOADS, .key = "", .page = &page};
    unsigned count;

    cancel_init(&b->fault.cancel);
    assert_int_equal(store_run(b->fault.behind, &op, &err), STORE_DONE);
    count = (unsigned)page.count;
    store_page_finish(&page);
    return count;
}

static unsigned temporary_objects(struct between *b)
{
    struct store_page page = {0};
    struct store_op op = {.verb = STORE_LIST, .key = "archive/.s3dock-tmp/", .page = &page};
    unsigned count;

    assert_int_equal(store_run(b->fault.behind, &op, &err), STORE_DONE);
    count = (unsigned)page.count;
    store_page_finish(&page);
    return count;
}

static unsigned states(void)
{
    char command[600], line[16] = "";
    FILE *pipe;

    snprintf(command, sizeof command, "ls %s/s3dock/uploads 2>/dev/null | wc -l", dir);
    pipe = popen(command, "r");
    assert_non_null(pipe);
    assert_non_null(fgets(line, sizeof line, pipe));
    pclose(pipe);
    return (unsigned)atoi(line);
}

static char checksum[40];
static uint64_t whole;

/* ---- scenes ---- */

static void killed_at_every_part(void **state)
{
    (void)state;
    for (unsigned at = 1; at <= 3; at++)
        for (unsigned before = 0; before < 2; before++) {
            struct push_result result;
            struct between b;
            char bucket[32];

            if (test_is_sample() && at % 2 == before)
                continue;
            snprintf(bucket, sizeof bucket, "part-%u-%u", at, before);
            push_and_die(bucket, "one.tar", STORE_UPLOAD_PART, at, before);
            open_between(&b, bucket);
            if (push(&b, "one.tar", 3, 1, &result))
                fail_msg("%s", err.text);
            assert_same_archive(bucket, "plain");
            assert_string_equal(result.checksum, checksum);
            assert_string_equal(result.resume_refusal, "");
            assert_true(result.resumed_bytes % PART == 0);
            assert_true(b.sent - (result.size - result.resumed_bytes) < 100 * mib / 1024);
            assert_int_equal(unfinished_uploads(&b), 0);
            assert_int_equal(states(), 0);
            close_between(&b);
        }
}

static void interrupted_and_resumed(void **state)
{
    (void)state;
    for (unsigned deed = GETS_SIGTERM; deed <= LOSES_THE_LINK; deed++) {
        struct push_result result;
        struct between b;

        open_between(&b, deed == GETS_SIGTERM ? "term" : "link");
        b.verb = STORE_UPLOAD_PART;
        b.at = 3;
        b.deed = deed;
        assert_int_equal(push(&b, "one.tar", 1, 1, &result), ERR_FAIL);
        assert_int_equal(err.family, deed == GETS_SIGTERM ? ERR_CANCELLED : ERR_NETWORK);
        assert_non_null(strstr(err.hint, "again"));
        b.at = 0;
        b.sent = 0;
        assert_int_equal(unfinished_uploads(&b), 1);
        assert_int_equal(push(&b, "one.tar", 0, 1, &result), 0);
        assert_true(result.resumed_bytes >= PART);
        assert_same_archive(deed == GETS_SIGTERM ? "term" : "link", "plain");
        assert_string_equal(result.checksum, checksum);
        assert_int_equal(unfinished_uploads(&b), 0);
        close_between(&b);
    }
}

/* "Too many requests" does not mean that the upload is gone. */
static void a_busy_store_keeps_the_upload(void **state)
{
    struct push_result result;
    struct between b;

    (void)state;
    push_and_die("busy", "one.tar", STORE_UPLOAD_PART, 3, true);
    open_between(&b, "busy");
    b.verb = STORE_UPLOAD_PARTS;
    b.at = 1;
    b.deed = LOSES_THE_LINK;
    b.failure = STORE_BUSY;
    assert_int_equal(push(&b, "one.tar", 1, 1, &result), ERR_FAIL);
    assert_int_equal(err.family, ERR_NETWORK);
    b.at = 0;
    assert_int_equal(push(&b, "one.tar", 1, 1, &result), 0);
    assert_string_equal(result.resume_refusal, "");
    assert_true(result.resumed_bytes >= PART);
    close_between(&b);
}

/* The resumed push is interrupted, too. */
static void killed_again_and_again(void **state)
{
    struct push_result result;
    struct between b;

    (void)state;
    for (unsigned i = 0; i < 2; i++)
        push_and_die("again", "one.tar", STORE_UPLOAD_PART, i ? 1 : 3, true);
    open_between(&b, "again");
    assert_int_equal(push(&b, "one.tar", 2, 1, &result), 0);
    assert_true(result.resumed_bytes >= PART);
    assert_same_archive("again", "plain");
    assert_string_equal(result.checksum, checksum);
    assert_int_equal(unfinished_uploads(&b), 0);
    close_between(&b);
}

/* The unfinished upload cannot be resumed: the push reports the reason and removes it. */
static void begun_afresh(void **state)
{
    static const struct {
        const char *input, *why;
        int level;
    } cases[] = {
        {"two.tar", "the image has changed since", 1}, /* detected before the stream */
        {"one.tar", "its compression is another one", 2},
        {"late.tar", "the image has changed since",
         1}, /* the config is the same: detected in the stream */
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        struct push_result result;
        struct between b;
        char bucket[32];
        int answer;

        snprintf(bucket, sizeof bucket, "afresh-%u", i);
        push_and_die(bucket, "one.tar", STORE_UPLOAD_PART, 3, true);
        open_between(&b, bucket);
        answer = push(&b, cases[i].input, 2, cases[i].level, &result);
        assert_int_equal(answer, i == 2 ? ERR_FAIL : 0);
        if (i == 2)
            assert_int_equal(err.family, ERR_INTEGRITY); /* the layer differs from the config */
        assert_string_equal(result.resume_refusal, cases[i].why);
        assert_int_equal(result.resumed_bytes, 0);
        assert_int_equal(unfinished_uploads(&b), 0);
        assert_int_equal(states(), 0);
        close_between(&b);
    }
}

static void an_upload_that_expired(void **state)
{
    struct push_result result;
    struct between b;
    char command[600];

    (void)state;
    push_and_die("expired", "one.tar", STORE_UPLOAD_PART, 3, true);
    snprintf(command, sizeof command, "rm -r %s/expired/.s3dock/uploads/*", dir);
    assert_int_equal(system(command), 0);
    open_between(&b, "expired");
    assert_int_equal(push(&b, "one.tar", 2, 1, &result), 0);
    assert_string_equal(result.resume_refusal, "it has expired");
    assert_same_archive("expired", "plain");
    close_between(&b);
}

/* Reads the only checkpoint and its path. */
static void read_state(char path[600], struct text *out)
{
    char command[600];
    FILE *pipe;

    snprintf(command, sizeof command, "ls %s/s3dock/uploads/*", dir);
    pipe = popen(command, "r");
    assert_non_null(pipe);
    assert_non_null(fgets(path, 600, pipe));
    pclose(pipe);
    path[strcspn(path, "\n")] = '\0';
    text_init(out, MIB);
    assert_int_equal(file_read(path, out, &err), 0);
}

/* A checkpoint of version 2 used XXH3 names: the push removes its upload and starts again. */
static void a_checkpoint_of_an_older_version(void **state)
{
    struct push_result result;
    struct between b;
    struct text old;
    char path[600];

    (void)state;
    push_and_die("older", "one.tar", STORE_UPLOAD_PART, 3, true);
    read_state(path, &old);
    old_checkpoint(&old, CHECKPOINT_OLD);
    assert_int_equal(file_replace(path, text_view(&old), 0600, &err), 0);
    text_finish(&old);
    open_between(&b, "older");
    assert_int_equal(unfinished_uploads(&b), 1);
    assert_int_equal(push(&b, "one.tar", 2, 1, &result), 0);
    assert_string_equal(result.resume_refusal, "an older s3dock wrote its checkpoint");
    assert_int_equal(result.resumed_bytes, 0);
    assert_int_equal(unfinished_uploads(&b), 0);
    assert_int_equal(states(), 0);
    assert_same_archive("older", "plain");
    close_between(&b);
}

/* A flipped bit in the checkpoint: the push may use the records before it, and the result is right.
 */
static void a_damaged_checkpoint(void **state)
{
    struct text good;
    char command[600], path[600];
    size_t size;

    (void)state;
    push_and_die("damaged", "one.tar", STORE_UPLOAD_PART, 3, true);
    read_state(path, &good);
    snprintf(command, sizeof command, "cp -r %s/damaged %s/spare", dir, dir);
    assert_int_equal(system(command), 0);
    size = good.size;
    for (size_t at = 0; at < size; at += size / (test_is_sample() ? 3 : 5) + 1) {
        struct push_result result;
        struct between b;

        snprintf(command, sizeof command, "rm -rf %s/damaged; cp -r %s/spare %s/damaged", dir, dir,
                 dir);
        assert_int_equal(system(command), 0);
        good.data[at] ^= 4;
        assert_int_equal(file_replace(path, text_view(&good), 0600, &err), 0);
        good.data[at] ^= 4;
        open_between(&b, "damaged");
        assert_int_equal(push(&b, "one.tar", 2, 1, &result), 0);
        assert_same_archive("damaged", "plain");
        assert_string_equal(result.checksum, checksum);
        close_between(&b);
    }
    text_finish(&good);
}

/* Standard input cannot be read twice: another image is refused, and the next push works. */
static void another_image_from_standard_input(void **state)
{
    struct push_result result;
    struct between b;
    int before = dup(0);

    (void)state;
    push_and_die("stdin", "one.tar", STORE_UPLOAD_PART, 3, true);
    open_between(&b, "stdin");
    assert_non_null(freopen(path_of("two.tar"), "r", stdin));
    assert_int_equal(push(&b, "-", 2, 1, &result), ERR_FAIL);
    assert_int_equal(err.family, ERR_CONFLICT);
    assert_non_null(strstr(err.hint, "again"));
    assert_int_equal(unfinished_uploads(&b), 0);
    assert_non_null(freopen(path_of("two.tar"), "r", stdin));
    assert_int_equal(push(&b, "-", 2, 1, &result), 0);
    dup2(before, 0);
    close(before);
    close_between(&b);
}

/* A host is interrupted, and another host resumes with the bucket alone. */
static void resumed_from_another_host(void **state)
{
    const char *other = path_of("other");
    struct push_result result;
    struct between b;

    (void)state;
    open_between(&b, "hosts");
    b.verb = STORE_UPLOAD_PART;
    b.at = 3;
    b.deed = GETS_SIGTERM;
    assert_int_equal(push(&b, "one.tar", 1, 1, &result), ERR_FAIL);
    b.at = 0;
    cancel_init(&b.fault.cancel);
    setenv("XDG_CACHE_HOME", other, 1);
    assert_int_equal(push(&b, "one.tar", 2, 1, &result), 0);
    setenv("XDG_CACHE_HOME", dir, 1);
    assert_true(result.resumed_bytes >= PART);
    assert_same_archive("hosts", "plain");
    assert_string_equal(result.checksum, checksum);
    assert_int_equal(unfinished_uploads(&b), 0);
    assert_int_equal(temporary_objects(&b), 0);
    close_between(&b);

    /* the first host finds the image in the bucket, and its checkpoint has no use */
    open_between(&b, "hosts");
    assert_int_equal(push(&b, "one.tar", 2, 1, &result), 0);
    assert_true(result.skipped);
    close_between(&b);
}

/* The checkpoint of a push that may still run is not used, and neither is that of another image. */
static void a_running_push_of_another_host_is_left_alone(void **state)
{
    struct push_result result;
    struct between b;
    char command[1600];

    (void)state;
    open_between(&b, "alive");
    b.verb = STORE_UPLOAD_PART;
    b.at = 3;
    b.deed = GETS_SIGTERM;
    assert_int_equal(push(&b, "one.tar", 1, 1, &result), ERR_FAIL);
    b.at = 0;
    cancel_init(&b.fault.cancel);
    setenv("XDG_CACHE_HOME", path_of("third"), 1);
    /* the stop record is missing: the push may still run */
    snprintf(command, sizeof command,
             "f=$(find %s/alive/archive -type f | head -n 1); truncate -s -24 \"$f\"", dir);
    assert_int_equal(system(command), 0);
    assert_int_equal(push(&b, "one.tar", 2, 1, &result), 0);
    assert_int_equal(result.resumed_bytes, 0);
    assert_int_equal(unfinished_uploads(&b), 1);
    assert_int_equal(temporary_objects(&b), 1);
    /* an hour later, it counts as ended */
    snprintf(command, sizeof command, "find %s/alive -type f -exec touch -d '1 hour ago' {} +",
             dir);
    assert_int_equal(system(command), 0);
    snprintf(command, sizeof command, "rm %s/alive/%s.json", dir, KEY);
    assert_int_equal(system(command), 0);
    assert_int_equal(push(&b, "two.tar", 2, 1, &result), 0);
    assert_int_equal(result.resumed_bytes, 0);
    assert_int_equal(unfinished_uploads(&b), 1);
    setenv("XDG_CACHE_HOME", dir, 1);
    close_between(&b);
}

/* A host was killed. Another push claims its checkpoint when it is old by the store's clock, not
 * before; also in a store without conditions. */
static void a_checkpoint_of_a_dead_host_is_claimed(void **state)
{
    static const int64_t later[] = {14 * 60 * (int64_t)NS_PER_S, 16 * 60 * (int64_t)NS_PER_S,
                                    16 * 60 * (int64_t)NS_PER_S};

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(later); i++) {
        struct push_result result;
        struct between b;
        char command[1600], bucket[32];

        snprintf(bucket, sizeof bucket, "dead-%u", i);
        open_between(&b, bucket);
        b.plain = i == 2;
        b.verb = STORE_UPLOAD_PART;
        b.at = 3;
        b.deed = GETS_SIGTERM;
        assert_int_equal(push(&b, "one.tar", 1, 1, &result), ERR_FAIL);
        b.at = 0;
        cancel_init(&b.fault.cancel);
        snprintf(command, sizeof command,
                 "f=$(find %s/%s/archive -type f | head -n 1); truncate -s -24 \"$f\"", dir,
                 bucket);
        assert_int_equal(system(command), 0);
        setenv("XDG_CACHE_HOME", path_of(bucket), 1);
        b.later = later[i];
        assert_int_equal(push(&b, "one.tar", 2, 1, &result), 0);
        setenv("XDG_CACHE_HOME", dir, 1);
        assert_int_equal(result.resumed_bytes >= PART, i > 0);
        assert_int_equal(unfinished_uploads(&b), i == 0);
        assert_int_equal(temporary_objects(&b), i == 0);
        assert_same_archive(bucket, "plain");
        close_between(&b);
    }
}

/* Another push of the name runs: this one does not use its checkpoint. */
static void two_concurrent_pushes(void **state)
{
    struct push_result result;
    struct between b;
    pid_t child = fork();
    int status;

    (void)state;
    assert_true(child >= 0);
    if (child == 0) {
        open_between(&b, "both");
        _exit(push(&b, "one.tar", 1, 1, &result) ? 1 : 0);
    }
    open_between(&b, "both");
    if (push(&b, "one.tar", 1, 1, &result))
        assert_int_equal(err.family, ERR_CONFLICT);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_same_archive("both", "plain");
    assert_int_equal(unfinished_uploads(&b), 0);
    close_between(&b);
}

/* ---- between the archive and its documents ---- */

static bool exists(const char *bucket, const char *key, const char *suffix)
{
    char path[600];

    snprintf(path, sizeof path, "%s/%s/%s%s", dir, bucket, key, suffix);
    return access(path, F_OK) == 0;
}

/* Kills pushes until one ends with a complete archive. Returns false if none did. */
static bool push_until_whole(const char *bucket, const char *input, const char *before)
{
    char old[600], now[600];
    bool conditional;
    struct between b;

    open_between(&b, bucket); /* the probe happens only once */
    assert_int_equal(conditions_find(b.fault.behind, &conditional, &err), 0);
    close_between(&b);
    snprintf(old, sizeof old, "%s/%s/" KEY ".tar.gz", dir, before);
    snprintf(now, sizeof now, "%s/%s/" KEY ".tar.gz", dir, bucket);
    for (unsigned at = 1; push_until(bucket, REF, input, STORE_PUT, at, true); at++)
        if (exists(bucket, KEY, ".tar.gz") && !same_file(old, now))
            return true;
    return false;
}

/* The archive is complete, and no part is sent again. */
static void killed_before_its_documents(void **state)
{
    unsigned whole_ones = 0, others = states();

    (void)state;
    for (unsigned at = 1;; at += sample_step(3)) { /* odd and even */
        struct push_result result;
        struct between b;
        char bucket[32];
        bool archive;

        snprintf(bucket, sizeof bucket, "documents-%u", at);
        if (!push_until(bucket, REF, "one.tar", STORE_PUT, (at + 1) / 2, at % 2))
            break;
        open_between(&b, bucket);
        archive = exists(bucket, KEY, ".tar.gz") && !exists(bucket, KEY, ".json");
        if (push(&b, "one.tar", 2, 1, &result))
            fail_msg("%s", err.text);
        assert_same_archive(bucket, "plain");
        assert_string_equal(result.checksum, checksum);
        assert_string_equal(result.resume_refusal, "");
        if (archive) {
            assert_int_equal(result.resumed_bytes, result.size);
            assert_true(b.sent < 100 * mib / 1024);
            whole_ones++;
        }
        assert_int_equal(unfinished_uploads(&b), 0);
        assert_int_equal(temporary_objects(&b), 0);
        assert_int_equal(states(), others += result.skipped);
        close_between(&b);
    }
    assert_true(whole_ones >= (test_is_sample() ? 1 : 2));
}

/* The archive differs from the checkpoint: the push sends everything and reports it. */
static void a_complete_archive_that_differs(void **state)
{
    struct push_result result;
    struct between b;
    char command[1200];

    (void)state;
    assert_true(push_until_whole("lie", "one.tar", "afresh-0"));
    snprintf(command, sizeof command,
             "printf x | dd of=%s/lie/" KEY ".tar.gz bs=1 seek=%zu conv=notrunc status=none", dir,
             9 * mib);
    assert_int_equal(system(command), 0);
    open_between(&b, "lie");
    assert_int_equal(push(&b, "one.tar", 2, 1, &result), 0);
    assert_string_equal(result.resume_refusal, "it has expired");
    assert_int_equal(result.resumed_bytes, 0);
    assert_same_archive("lie", "plain");
    close_between(&b);
}

/* Errors are not absence: after a failed query, the unfinished upload still exists. */
static void a_complete_archive_that_cannot_be_looked_up(void **state)
{
    struct push_result result;
    struct between b;

    (void)state;
    assert_true(push_until_whole("mute", "one.tar", "afresh-0"));
    for (unsigned at = 0; at <= 4; at++) { /* the last query comes after the input */
        open_between(&b, "mute");
        b.verb = STORE_HEAD;
        b.at = at ? at : 1;
        b.deed = at ? LOSES_THE_LINK : GETS_SIGTERM;
        assert_int_equal(push(&b, "one.tar", 2, 1, &result), ERR_FAIL);
        assert_int_equal(err.family, at ? ERR_NETWORK : ERR_CANCELLED);
        assert_string_equal(result.resume_refusal, "");
        close_between(&b);
    }
    open_between(&b, "mute");
    assert_int_equal(push(&b, "one.tar", 2, 1, &result), 0);
    assert_int_equal(result.resumed_bytes, result.size);
    assert_same_archive("mute", "plain");
    close_between(&b);
}

static unsigned count_files(const char *bucket, const char *glob)
{
    char command[1200], line[16] = "";
    FILE *pipe;

    snprintf(command, sizeof command, "find %s/%s/archive -name '%s' -type f 2>/dev/null | wc -l",
             dir, bucket, glob);
    pipe = popen(command, "r");
    assert_non_null(pipe);
    assert_non_null(fgets(line, sizeof line, pipe));
    pclose(pipe);
    return (unsigned)atoi(line);
}

/* The new archive has the metadata of its predecessor, which was copied before. No push copies it
 * to archive/, neither the resumed push nor a push of a third image. */
static void killed_while_it_replaces(void **state)
{
    (void)state;
    for (unsigned third = 0; third < 2; third++) {
        struct push_result result;
        struct between b;
        const char *bucket = third ? "torn-3" : "torn";
        char command[1200];

        snprintf(command, sizeof command, "cp -a %s/plain %s/%s", dir, dir, bucket);
        assert_int_equal(system(command), 0);
        assert_true(push_until_whole(bucket, "two.tar", "plain"));
        assert_int_equal(count_files(bucket, "*.tar.gz"), 1);
        open_between(&b, bucket);
        if (push(&b, third ? "three.tar" : "two.tar", 2, 1, &result))
            fail_msg("%s", err.text);
        assert_int_equal(count_files(bucket, "*.tar.gz"), 1);
        if (!third) {
            assert_int_equal(result.resumed_bytes, result.size);
            assert_true(b.sent < 100 * mib / 1024);
        }
        snprintf(command, sizeof command,
                 "cmp %s/plain/" KEY ".tar.gz %s/%s/archive/shop/*/*.tar.gz", dir, dir, bucket);
        assert_int_equal(system(command), 0);
        close_between(&b);
    }
}

/* ---- pushes that copy from an earlier archive ---- */

static uint64_t delta_sent, delta_copied; /* of an undisturbed push */

/* Opens a bucket with only the earlier image. */
static void with_base(const char *bucket)
{
    char command[1200];

    snprintf(command, sizeof command, "rm -rf %s/%s %s/s3dock/uploads; cp -a %s/plain %s/%s", dir,
             bucket, dir, dir, dir, bucket);
    assert_int_equal(system(command), 0);
}

static void open_next(struct between *b, const char *bucket)
{
    open_between(b, bucket);
    b->ref = NEXT;
}

/* Returns the bytes of the parts that the store has of the unfinished archive. */
static void each_part_size(struct between *b, const char *key, const char *id, uint64_t *size)
{
    struct store_page page = {0};
    struct store_op op = {
        .verb = STORE_UPLOAD_PARTS, .key = key, .upload_id_in = id, .page = &page};

    assert_int_equal(store_run(b->fault.behind, &op, &err), STORE_DONE);
    for (size_t i = 0; i < page.count; i++)
        *size += page.entries[i].info.size;
    store_page_finish(&page);
}

static uint64_t has_parts(struct between *b)
{
    struct store_page page = {0};
    struct store_op op = {.verb = STORE_UPLOADS, .key = "images/", .page = &page};
    uint64_t size = 0;

    assert_int_equal(store_run(b->fault.behind, &op, &err), STORE_DONE);
    for (size_t i = 0; i < page.count; i++)
        each_part_size(b, page.entries[i].key, page.entries[i].info.etag, &size);
    store_page_finish(&page);
    return size;
}

static uint64_t sum_there, sum_resumed;

static void assert_gone_on(struct between *b, const char *bucket, unsigned jobs)
{
    uint64_t there = has_parts(b);
    struct push_result result;

    if (push(b, "next.tar", jobs, 1, &result))
        fail_msg("%s", err.text);
    assert_same_objects(bucket, "next", NKEY);
    if (there)
        assert_string_equal(result.resume_refusal, "");
    /* parts may have arrived whose responses were not handled: the totals account for them */
    assert_true(result.resumed_bytes <= there);
    sum_there += there;
    sum_resumed += result.resumed_bytes;
    assert_true(b->sent + b->copied <=
                delta_sent + delta_copied - result.resumed_bytes + 200 * mib / 1024);
    if (!there) /* perhaps the push did not receive the id: cleanup removes the upload */
        return;
    assert_int_equal(temporary_objects(b), 0);
    assert_int_equal(unfinished_uploads(b), 0);
}

/* Kills at requests of each kind of such a push, before or after the store has executed them. */
static void delta_killed_at_its_requests(void **state)
{
    static const enum store_verb verbs[] = {STORE_UPLOAD_CREATE, STORE_UPLOAD_PART,
                                            STORE_UPLOAD_COPY_PART, STORE_UPLOAD_COMPLETE};
    unsigned points = 0, gone_on = 0;

    (void)state;
    for (unsigned v = 0; v < ARRAY_SIZE(verbs); v++)
        for (unsigned at = 1;; at += test_is_sample() ? 5 : 3) {
            struct between b;

            with_base("kills");
            *struck = 0;
            if (!push_until("kills", NEXT, "next.tar", verbs[v], (at + 1) / 2, at % 2))
                break;
            open_next(&b, "kills");
            points++;
            gone_on += has_parts(&b) > 0;
            assert_gone_on(&b, "kills", at % 3);
            assert_int_equal(states(), 0);
            close_between(&b);
        }
    assert_true(points >= 8 && gone_on >= 1);
    /* Small parts arrive faster than their responses are recorded: checked in full size only. */
    if (mib == MIB && sum_resumed < sum_there / 10 * 4)
        fail_msg("of %llu bytes that were there, %llu were used", (unsigned long long)sum_there,
                 (unsigned long long)sum_resumed);
    print_message("# %u points, %u gone on with, %llu bytes there, %llu used\n", points, gone_on,
                  (unsigned long long)sum_there, (unsigned long long)sum_resumed);
}

static void interrupt_delta(const char *bucket, unsigned deed)
{
    struct push_result result;
    struct between b;

    with_base(bucket);
    open_next(&b, bucket);
    b.verb = STORE_UPLOAD_PART;
    b.at = 4;
    b.deed = deed;
    assert_int_equal(push(&b, "next.tar", 1, 1, &result), ERR_FAIL);
    assert_int_equal(err.family, deed == GETS_SIGTERM ? ERR_CANCELLED : ERR_NETWORK);
    assert_non_null(strstr(err.hint, "again"));
    close_between(&b);
}

static void delta_interrupted_and_resumed(void **state)
{
    (void)state;
    for (unsigned deed = GETS_SIGTERM; deed <= LOSES_THE_LINK; deed++) {
        struct between b;

        interrupt_delta("kept", deed);
        open_next(&b, "kept");
        assert_gone_on(&b, "kept", 2);
        assert_int_equal(states(), 0);
        close_between(&b);
    }
}

static void delta_resumed_from_another_host(void **state)
{
    struct between b;

    (void)state;
    interrupt_delta("far", GETS_SIGTERM);
    setenv("XDG_CACHE_HOME", path_of("far-host"), 1);
    open_next(&b, "far");
    assert_gone_on(&b, "far", 2);
    setenv("XDG_CACHE_HOME", dir, 1);
    close_between(&b);
}

/* The base was replaced or deleted. */
static void delta_without_its_base(void **state)
{
    static const char *const deeds[] = {"rm", "echo >>"};

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(deeds); i++) {
        struct push_result result;
        struct between b;
        char command[1200];

        interrupt_delta("lost", GETS_SIGTERM);
        snprintf(command, sizeof command, "%s %s/lost/" KEY ".tar.gz", deeds[i], dir);
        assert_int_equal(system(command), 0);
        open_next(&b, "lost");
        assert_int_equal(push(&b, "next.tar", 2, 1, &result), 0);
        assert_string_equal(result.resume_refusal,
                            "an archive that it copies from has changed, or is gone");
        assert_int_equal(result.resumed_bytes, 0);
        assert_same_objects("lost", "next", NKEY);
        assert_int_equal(unfinished_uploads(&b), 0);
        assert_int_equal(temporary_objects(&b), 0);
        assert_int_equal(states(), 0);
        close_between(&b);
    }
}

/* Started again, interrupted, resumed: the push finds its checkpoint in the bucket and removes it.
 */
static void delta_started_again_and_interrupted(void **state)
{
    struct push_result result;
    struct between b;
    char command[1200];

    (void)state;
    interrupt_delta("again", GETS_SIGTERM);
    snprintf(command, sizeof command, "rm %s/again/" KEY ".*", dir);
    assert_int_equal(system(command), 0);
    open_next(&b, "again");
    b.verb = STORE_UPLOAD_PART;
    b.at = 4;
    b.deed = GETS_SIGTERM;
    assert_int_equal(push(&b, "next.tar", 1, 1, &result), ERR_FAIL);
    assert_int_equal(err.family, ERR_CANCELLED);
    close_between(&b);
    open_next(&b, "again");
    assert_int_equal(push(&b, "next.tar", 2, 1, &result), 0);
    assert_string_equal(result.resume_refusal, "");
    assert_true(result.resumed_bytes > 0);
    assert_int_equal(temporary_objects(&b), 0);
    close_between(&b);
}

/* Deleted temporary objects are created again. */
/* After a network failure or a signal during the lookup of bases, nothing is removed. */
static void delta_whose_base_cannot_be_looked_up(void **state)
{
    static const enum store_verb verbs[] = {STORE_HEAD, STORE_GET};
    struct push_result result;
    struct between b;
    uint64_t there;

    (void)state;
    interrupt_delta("asked", GETS_SIGTERM);
    open_next(&b, "asked");
    there = has_parts(&b);
    close_between(&b);
    for (unsigned deed = GETS_SIGTERM; deed <= LOSES_THE_LINK; deed++)
        for (unsigned v = 0; v < ARRAY_SIZE(verbs); v++) {
            open_next(&b, "asked");
            b.verb = verbs[v];
            b.at = 2; /* the first request is for the documents of the image itself */
            b.deed = deed;
            assert_int_equal(push(&b, "next.tar", 2, 1, &result), ERR_FAIL);
            assert_int_equal(err.family, deed == GETS_SIGTERM ? ERR_CANCELLED : ERR_NETWORK);
            assert_string_equal(result.resume_refusal, "");
            assert_true(unfinished_uploads(&b) > 0);
            close_between(&b);
        }
    open_next(&b, "asked");
    assert_int_equal(has_parts(&b), there);
    assert_gone_on(&b, "asked", 2);
    close_between(&b);
}

static void delta_without_its_temporary_objects(void **state)
{
    struct between b;
    char command[1200];

    (void)state;
    interrupt_delta("swept", GETS_SIGTERM);
    snprintf(command, sizeof command, "rm -r %s/swept/archive", dir);
    assert_int_equal(system(command), 0);
    open_next(&b, "swept");
    delta_copied += 40 * mib;
    delta_sent += 2 * mib;
    assert_gone_on(&b, "swept", 2);
    delta_copied -= 40 * mib;
    delta_sent -= 2 * mib;
    close_between(&b);
}

static void delta_of_another_image(void **state)
{
    struct push_result result;
    struct between b;

    (void)state;
    interrupt_delta("changed", GETS_SIGTERM);
    open_next(&b, "changed");
    assert_int_equal(push(&b, "other.tar", 2, 1, &result), 0);
    assert_string_equal(result.resume_refusal, "the image has changed since");
    assert_int_equal(unfinished_uploads(&b), 0);
    assert_int_equal(temporary_objects(&b), 0);
    close_between(&b);
}

static int start(void **state)
{
    struct push_result result;
    struct between b;

    (void)state;
    if (scratch_create())
        return -1;
    setenv("XDG_CACHE_HOME", dir, 1);
    write_image(path_of("one.tar"), 30 * mib, 1, 0);
    write_image(path_of("two.tar"), 18 * mib, 2, 0);
    write_image(path_of("three.tar"), 19 * mib, 3, 0);
    write_image(path_of("late.tar"), 30 * mib, 1, 6 * mib + 700); /* in the first part */
    open_between(&b, "plain");
    if (push(&b, "one.tar", 2, 1, &result)) {
        fprintf(stderr, "%s\n", err.text);
        return -1;
    }
    strcpy(checksum, result.checksum);
    whole = result.size;
    close_between(&b);
    write_next(path_of("next.tar"), 7);
    write_next(path_of("other.tar"), 70);
    struck = mmap(NULL, sizeof *struck, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (struck == MAP_FAILED)
        return -1;
    with_base("next");
    open_next(&b, "next");
    if (push(&b, "next.tar", 2, 1, &result) || result.joins < 2 || result.bases != 1) {
        fprintf(stderr, "%u joins, %u bases, %llu copied: %s\n", result.joins, result.bases,
                (unsigned long long)b.copied, err.text);
        return -1;
    }
    delta_sent = b.sent;
    delta_copied = b.copied;
    close_between(&b);
    return whole > 2 * PART ? 0 : -1;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest full_size[] = {
        cmocka_unit_test(delta_killed_at_its_requests),
        cmocka_unit_test(delta_interrupted_and_resumed),
    };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed_at_every_part),
        cmocka_unit_test(interrupted_and_resumed),
        cmocka_unit_test(a_busy_store_keeps_the_upload),
        cmocka_unit_test(killed_again_and_again),
        cmocka_unit_test(begun_afresh),
        cmocka_unit_test(an_upload_that_expired),
        cmocka_unit_test(a_checkpoint_of_an_older_version),
        cmocka_unit_test(a_damaged_checkpoint),
        cmocka_unit_test(another_image_from_standard_input),
        cmocka_unit_test(resumed_from_another_host),
        cmocka_unit_test(a_running_push_of_another_host_is_left_alone),
        cmocka_unit_test(a_checkpoint_of_a_dead_host_is_claimed),
        cmocka_unit_test(two_concurrent_pushes),
        cmocka_unit_test(killed_before_its_documents),
        cmocka_unit_test(a_complete_archive_that_differs),
        cmocka_unit_test(a_complete_archive_that_cannot_be_looked_up),
        cmocka_unit_test(killed_while_it_replaces),
        cmocka_unit_test(delta_killed_at_its_requests),
        cmocka_unit_test(delta_interrupted_and_resumed),
        cmocka_unit_test(delta_resumed_from_another_host),
        cmocka_unit_test(delta_without_its_base),
        cmocka_unit_test(delta_started_again_and_interrupted),
        cmocka_unit_test(delta_whose_base_cannot_be_looked_up),
        cmocka_unit_test(delta_without_its_temporary_objects),
        cmocka_unit_test(delta_of_another_image),
    };

    const struct CMUnitTest threads[] = {
        cmocka_unit_test(killed_at_every_part),
        cmocka_unit_test(interrupted_and_resumed),
        cmocka_unit_test(resumed_from_another_host),
        cmocka_unit_test(two_concurrent_pushes),
        cmocka_unit_test(delta_interrupted_and_resumed),
        cmocka_unit_test(delta_without_its_temporary_objects),
    };

    (void)argv;
    if (argc == 1 && test_is_for_threads())
        return cmocka_run_group_tests_name("resume, threads", threads, start, scratch_teardown);
    if (argc > 1) {
        mib = MIB;
        return cmocka_run_group_tests_name("resume in full size", full_size, start,
                                           scratch_teardown);
    }
    return cmocka_run_group_tests_name("resume", tests, start, scratch_teardown);
}
