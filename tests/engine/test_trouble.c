/*
 * Failures in the engine: a bucket that refuses requests, and signals at any moment. A scripted
 * store is between the engine and a folder.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/codes.h"
#include "base/err.h"
#include "base/file.h"
#include "base/hash.h"
#include "kit/fault_store.h"
#include "kit/saved_image.h"
#include "kit/scale.h"
#include "kit/scratch.h"
#include "kit/tarball.h"
#include "pull/pull.h"
#include "push/push.h"
#include "store/dir/store_dir.h"
#include "store/store.h"
#include "transfer/image_names.h"

#define REF "shop:20250721-2118-f7a5a27"
#define KEY "images/shop/202507/shop-20250721-2118-f7a5a27"

static struct err err;

/* ---- an image of one layer, larger than a few parts ---- */

static void write_image(const char *path, size_t size, uint64_t seed)
{
    struct saved_image image;
    struct tarball layer;
    uint8_t *bytes = malloc(size);

    noise(bytes, size, seed);
    tarball_init(&layer);
    tarball_file(&layer, "opt/data", bytes, size);
    tarball_end(&layer);
    free(bytes);
    saved_image_init(&image);
    saved_image_add(&image, &layer, 0);
    saved_image_write(&image, path, REF);
}

/* The additional bytes of a pulled image: the OCI documents of its bundle. */
#define MORE 3072

/* ---- the scripted store ---- */

struct between {
    struct fault_store fault; /* first */
    const char *bucket;       /* its name */
    enum store_verb verb;     /* on this request ... */
    const char *suffix;       /* ... of a key that ends so (NULL: any) ... */
    enum deed {
        GETS_SIGTERM,
        IS_DENIED,
        IS_DENIED_LATE,
        IS_ABSENT,
        IS_ABSENT_LATE,
        IS_REPLACED
    } deed;        /* ... this happens */
    unsigned only; /* only the n-th time; 0: every time */
    unsigned hits;
};

static void replace_image(struct between *b);

static bool between(struct fault_store *fault, struct store_op *op)
{
    struct between *b = (struct between *)fault;

    if (fault_store_matches(op, b->verb, b->suffix) && (++b->hits == b->only || !b->only)) {
        switch (b->deed) {
        case GETS_SIGTERM:
            cancel_request(&b->fault.cancel, SIGTERM);
            break;
        case IS_DENIED_LATE:
            sleep(1);
            /* fall through */
        case IS_DENIED:
            fault_store_fail(op, ERR_AUTH, "denied", STORE_FORBIDDEN);
            return true;
        case IS_ABSENT_LATE:
            sleep(1);
            /* fall through */
        case IS_ABSENT:
            fault_store_complete(op, STORE_ABSENT);
            return true;
        case IS_REPLACED:
            if (b->hits == 1 || b->only)
                replace_image(b);
            break;
        }
    }
    return false;
}

static void open_between(struct between *b, const char *bucket)
{
    *b = (struct between){.verb = (enum store_verb) - 1};
    fault_store_open(&b->fault, dir, bucket, between);
    b->fault.store.limits = scaled_limits();
    b->bucket = bucket;
}

/* ---- helpers ---- */

static bool exists(const char *name)
{
    return access(path_of(name), F_OK) == 0;
}

static long size_of(const char *name)
{
    struct stat st;

    return stat(path_of(name), &st) == 0 ? (long)st.st_size : -1;
}

static int push(struct between *b, const char *input)
{
    char path[512];
    struct push_options options = {
        .store = &b->fault.store, .input = path, .choice = {CODEC_GZIP, 1}};
    struct push_result result;

    snprintf(path, sizeof path, "%s/%s", dir, input);
    options.transfer.jobs = 2;
    options.transfer.cancel = &b->fault.cancel;
    assert_int_equal(name_parse_image(REF, &options.name, &err), 0);
    return push_run(&options, &result, &err);
}

static int unfinished_uploads(struct between *b)
{
    struct store_page page = {0};
    struct store_op op = {.verb = STORE_UPLOADS, .key = "", .page = &page};
    int count;

    cancel_init(&b->fault.cancel);
    assert_int_equal(store_run(b->fault.behind, &op, &err), STORE_DONE);
    count = (int)page.count;
    store_page_finish(&page);
    return count;
}

/* ---- scenes ---- */

static void a_refused_upload_is_reported(void **state)
{
    static const enum store_verb verbs[] = {STORE_UPLOAD_CREATE, STORE_UPLOAD_PART,
                                            STORE_UPLOAD_COMPLETE};
    struct between b;

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(verbs); i++) {
        open_between(&b, "refused");
        b.deed = IS_DENIED;
        b.verb = verbs[i];
        assert_int_equal(push(&b, "one.tar"), ERR_FAIL);
        assert_true(b.hits > 0);
        assert_int_equal(err.family, ERR_AUTH);
        assert_int_equal(unfinished_uploads(&b), verbs[i] == STORE_UPLOAD_COMPLETE);
        assert_false(exists("refused/images"));
        fault_store_close(&b.fault);
    }
}

static int pull_into(struct between *b, const char *output, struct pull_result *result)
{
    char path[512];
    struct pull_options options = {.store = &b->fault.store, .output = path};

    snprintf(path, sizeof path, "%s%s%s", output[0] == '/' ? "" : dir, output[0] == '/' ? "" : "/",
             output);
    options.transfer.jobs = 2;
    cancel_init(&b->fault.cancel);
    assert_int_equal(name_parse_image(REF, &options.name, &err), 0);
    return pull_run(&options, result, &err);
}

static int pull(struct between *b, const char *output)
{
    struct pull_result result;

    return pull_into(b, output, &result);
}

/* After a signal at any request, a pull returns a complete image, the old or the new one. */
static void a_signal_leaves_the_old_image_or_the_new(void **state)
{
    static const struct {
        enum store_verb verb;
        const char *suffix;
        bool done; /* too late to stop */
        bool kept; /* the store has a part already */
    } moments[] = {
        {STORE_UPLOAD_CREATE, NULL, false, false}, {STORE_UPLOAD_PART, NULL, false, false},
        {STORE_COPY, ".tar.gz", false, true},      {STORE_UPLOAD_COMPLETE, NULL, true, false},
        {STORE_PUT, "f7a5a27.index", true, false}, {STORE_PUT, "f7a5a27.json", true, false},
    };
    struct between b;

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(moments); i++) {
        char bucket[32];
        int answer;

        snprintf(bucket, sizeof bucket, "signal-%u", i);
        open_between(&b, bucket);
        assert_int_equal(push(&b, "one.tar"), 0);
        b.verb = moments[i].verb;
        b.suffix = moments[i].suffix;
        answer = push(&b, "two.tar");
        assert_true(b.hits > 0);
        assert_int_equal(answer, moments[i].done ? 0 : ERR_FAIL);
        if (answer)
            assert_int_equal(err.family, ERR_CANCELLED);
        b.verb = (enum store_verb) - 1;
        if (pull(&b, "out.tar"))
            fail_msg("after signal %u: %s", i, err.text);
        assert_int_equal(size_of("out.tar"),
                         MORE + size_of(moments[i].done ? "two.tar" : "one.tar"));
        assert_int_equal(unfinished_uploads(&b), moments[i].kept);
        fault_store_close(&b.fault);
    }
}

/* Another client pushes another image of the same name. */
static void replace_image(struct between *b)
{
    struct between other;

    open_between(&other, b->bucket);
    if (push(&other, "two.tar"))
        fail_msg("%s", err.text);
    fault_store_close(&other.fault);
}

/* Another push replaces the archive before the request that checks it. */
static void a_push_that_was_replaced_names_the_other_push(void **state)
{
    struct between b;

    (void)state;
    open_between(&b, "overtaken");
    b.verb = STORE_HEAD;
    b.suffix = ".tar.gz";
    b.deed = IS_REPLACED;
    b.only = 1;
    assert_int_equal(push(&b, "one.tar"), ERR_FAIL);
    assert_int_equal(b.hits, 1);
    assert_true(err_is(&err, ERR_CONFLICT, CODE_PUSH));
    assert_string_equal(err.about, REF);
    assert_int_equal(pull(&b, "out.tar"), 0);
    assert_int_equal(size_of("out.tar"), MORE + size_of("two.tar"));
    assert_int_equal(push(&b, "one.tar"), 0);
    assert_int_equal(pull(&b, "out.tar"), 0);
    assert_int_equal(size_of("out.tar"), MORE + size_of("one.tar"));
    fault_store_close(&b.fault);
}

/* The image is replaced during a pull: the pull starts again if possible. */
static void an_image_replaced_meanwhile_is_pulled_again(void **state)
{
    static const struct {
        const char *output;
        unsigned at; /* which request for archive bytes: the first is for the config */
        bool again;
    } cases[] = {{"out.tar", 1, true},
                 {"out.tar", 2, true},
                 {"/dev/null", 1, true},
                 {"/dev/null", 2, false}};
    struct between b;

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        char bucket[32];

        snprintf(bucket, sizeof bucket, "replaced-%u", i);
        open_between(&b, bucket);
        assert_int_equal(push(&b, "one.tar"), 0);
        b.verb = STORE_GET;
        b.suffix = ".tar.gz";
        b.deed = IS_REPLACED;
        b.only = cases[i].at;
        assert_int_equal(pull(&b, cases[i].output), cases[i].again ? 0 : ERR_FAIL);
        if (cases[i].again && cases[i].output[0] != '/')
            assert_int_equal(size_of("out.tar"), MORE + size_of("two.tar"));
        else if (!cases[i].again)
            assert_int_equal(err.family, ERR_CONFLICT);
        fault_store_close(&b.fault);
    }
}

/* The store reports once that the archive does not exist: the pull starts again with its partial
 * download. The requests for archive bytes: one for the config, then one for each 2 MiB. */
static void an_image_that_only_seems_replaced_is_not_fetched_again(void **state)
{
    struct pull_result result;
    struct between b;

    (void)state;
    open_between(&b, "seems");
    assert_int_equal(push(&b, "long.tar"), 0);
    b.verb = STORE_GET;
    b.suffix = ".tar.gz";
    b.deed = IS_ABSENT_LATE;
    b.only = 4;
    assert_int_equal(pull_into(&b, "out.tar", &result), 0);
    assert_true(b.hits > 4);
    assert_int_equal(size_of("out.tar"), MORE + size_of("long.tar"));
    assert_true(result.kept > 0);
    fault_store_close(&b.fault);
}

static void a_failure_does_not_count_as_a_replacement(void **state)
{
    struct between b;

    (void)state;
    open_between(&b, "once");
    assert_int_equal(push(&b, "one.tar"), 0);
    b.verb = STORE_HEAD;
    b.suffix = ".tar.gz";
    b.deed = IS_DENIED;
    assert_int_equal(pull(&b, "out.tar"), ERR_FAIL);
    assert_int_equal(err.family, ERR_AUTH);
    assert_int_equal(b.hits, 1);
    fault_store_close(&b.fault);
}

static void an_image_deleted_during_its_copy_is_reported(void **state)
{
    struct between b;

    (void)state;
    open_between(&b, "vanished");
    assert_int_equal(push(&b, "one.tar"), 0);
    b.verb = STORE_COPY;
    b.suffix = ".tar.gz";
    b.deed = IS_ABSENT;
    err = (struct err){0};
    assert_int_equal(push(&b, "two.tar"), ERR_FAIL);
    assert_int_equal(err.family, ERR_CONFLICT);
    assert_int_equal(unfinished_uploads(&b), 0);
    fault_store_close(&b.fault);
}

/* The input sends nothing, and the engine does not read it any more: the failure is reported at
 * once. */
static void a_silent_input_does_not_delay_a_failure(void **state)
{
    struct between b;
    pid_t feeder;

    (void)state;
    assert_int_equal(mkfifo(path_of("pipe"), 0600), 0);
    feeder = fork();
    if (feeder == 0) {
        char command[1200];

        snprintf(command, sizeof command, "{ head -c 12000000 '%s'; exec sleep 600; } >'%s'",
                 path_of("long.tar"), path_of("pipe"));
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    open_between(&b, "silent");
    b.verb = STORE_UPLOAD_CREATE;
    b.deed = IS_DENIED_LATE;
    alarm(300);
    assert_int_equal(push(&b, "pipe"), ERR_FAIL);
    alarm(0);
    assert_int_equal(err.family, ERR_AUTH);
    fault_store_close(&b.fault);
    kill(feeder, SIGTERM);
    waitpid(feeder, NULL, 0);
}

/* In a container, every run may have the same process id. */
static void a_partial_file_of_a_killed_pull_does_no_harm(void **state)
{
    struct between b;
    char name[64];

    (void)state;
    open_between(&b, "partial");
    assert_int_equal(push(&b, "two.tar"), 0);
    snprintf(name, sizeof name, "fresh.tar.partial-%ld", (long)getpid());
    assert_int_equal(file_replace(path_of(name), view_str("left over"), 0644, &err), 0);
    if (pull(&b, "fresh.tar"))
        fail_msg("%s", err.text);
    assert_int_equal(size_of("fresh.tar"), MORE + size_of("two.tar"));
    assert_false(exists(name));
    fault_store_close(&b.fault);
}

/* Names that would change another image's name. */
static void no_image_brings_other_names(void **state)
{
    static const struct {
        const char *tag, *name;
        bool good;
    } cases[] = {
        {REF, "docker.io/library/" REF, true},
        {REF, "20250721-2118-f7a5a27", true},
        {"localhost/" REF, "", true},
        {"host:5000/" REF, "", false},
        {REF, "evil.example/" REF, false},
        {REF, "docker.io/library/nginx:latest", false},
        {REF, "nginx", false},
        {"nginx:latest", "", false},
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        char tag[IMAGE_REF_SIZE], name[IMAGE_REF_SIZE];
        struct image_info info = {.tag_count = 1, .tags = &tag, .names = &name};

        snprintf(tag, sizeof tag, "%s", cases[i].tag);
        snprintf(name, sizeof name, "%s", cases[i].name);
        info.name_count = name[0] != 0;
        assert_int_equal(image_names_check(&info, REF, &err), cases[i].good ? 0 : ERR_FAIL);
    }
}

static int start(void **state)
{
    (void)state;
    if (scratch_create())
        return -1;
    setenv("XDG_CACHE_HOME", dir, 1);
    write_image(path_of("one.tar"), 17 * mib, 1);
    write_image(path_of("two.tar"), 10 * mib, 2);
    write_image(path_of("long.tar"), 12 * MIB, 3);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_refused_upload_is_reported),
        cmocka_unit_test(a_signal_leaves_the_old_image_or_the_new),
        cmocka_unit_test(a_push_that_was_replaced_names_the_other_push),
        cmocka_unit_test(an_image_replaced_meanwhile_is_pulled_again),
        cmocka_unit_test(an_image_that_only_seems_replaced_is_not_fetched_again),
        cmocka_unit_test(a_failure_does_not_count_as_a_replacement),
        cmocka_unit_test(an_image_deleted_during_its_copy_is_reported),
        cmocka_unit_test(a_silent_input_does_not_delay_a_failure),
        cmocka_unit_test(no_image_brings_other_names),
        cmocka_unit_test(a_partial_file_of_a_killed_pull_does_no_harm),
    };

    return cmocka_run_group_tests_name("trouble", tests, start, scratch_teardown);
}
