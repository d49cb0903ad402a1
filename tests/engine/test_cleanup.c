/*
 * Cleanups during other commands. The test stops a cleanup before each of its requests, runs
 * another command to its end, and continues the cleanup; and the reverse. The cleanup's DELETEs may
 * be repeated after the other command, their responses may be lost, or they may arrive late.
 * Afterwards every image that a tag, an environment or a rollback leads to can be pulled, and the
 * result of the other command is true.
 *
 * The buckets: one in memory that behaves like S3 (an ETag is a digest of the content, so equal
 * archives have equal ETags), with conditional requests and without, and a directory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/codes.h"
#include "base/digest_text.h"
#include "base/err.h"
#include "base/file.h"
#include "base/hash.h"
#include "catalog/deployed.h"
#include "catalog/listing.h"
#include "catalog/previous.h"
#include "catalog/release.h"
#include "catalog/resolve.h"
#include "catalog/retired.h"
#include "cleanup/retention.h"
#include "cleanup/unfinished.h"
#include "cleanup/unfinished_remove.h"
#include "kit/fault_store.h"
#include "kit/heap.h"
#include "kit/memory_store.h"
#include "kit/sample.h"
#include "kit/saved_image.h"
#include "kit/scratch.h"
#include "kit/tarball.h"
#include "kit/thin_documents.h"
#include "pull/partial/partial.h"
#include "pull/pull.h"
#include "push/push.h"
#include "store/dir/store_dir.h"
#include "store/store.h"

#define OLD   "shop:20250701-1000-aaaaa01" /* the image to remove */
#define FIRST "shop:20250702-1000-aaaaa02" /* the previous image of production */
#define NOW   "shop:20250703-1000-aaaaa03" /* the image of production */
#define LAST  "shop:20250704-1000-aaaaa04" /* the newest */
#define KEY   "images/shop/202507/shop-20250701-1000-aaaaa01"

static struct err err;

/* ---- images ---- */

/* Writes a save stream of one layer. Sets `id` to the image id. */
static void write_image(const char *file, const char *ref, uint64_t seed, char id[DIGEST_TEXT_SIZE])
{
    struct saved_image image;
    struct tarball layer;
    uint8_t bytes[3000];

    noise(bytes, sizeof bytes, seed);
    tarball_init(&layer);
    tarball_file(&layer, "data", bytes, sizeof bytes);
    tarball_end(&layer);
    saved_image_init(&image);
    saved_image_add(&image, &layer, 0);
    saved_image_write(&image, path_of(file), ref);
    snprintf(id, DIGEST_TEXT_SIZE, "%s", image.id);
}

static char same_id[DIGEST_TEXT_SIZE], other_id[DIGEST_TEXT_SIZE];

static int push(struct store *store, const char *ref, const char *file, struct push_result *result)
{
    struct push_options options = {
        .store = store, .input = path_of(file), .choice = {CODEC_GZIP, 1}};

    options.no_resume = true;
    options.transfer.memory = TRANSFER_MEMORY_MIN;
    assert_true(name_parse_image(ref, &options.name, &err) >= 0);
    return push_run(&options, result, &err);
}

/* Reads and verifies an image. `key` NULL: by its name. */
static int pull(struct store *store, const char *ref, const char *key, char id[DIGEST_TEXT_SIZE])
{
    struct pull_options options = {.store = store, .key = key, .no_resume = true};
    struct pull_result result;
    int answer;

    options.transfer.memory = TRANSFER_MEMORY_MIN;
    assert_true(name_parse_image(ref, &options.name, &err) >= 0);
    answer = pull_run(&options, &result, &err);
    if (id)
        snprintf(id, DIGEST_TEXT_SIZE, "%s", answer ? "" : result.image_id);
    return answer;
}

static int64_t minutes;

static int promote(struct store *store, const char *ref, const char *env)
{
    struct release_options options = {.store = store, .by.user = "test"};
    struct release_result result;
    struct image_name name;

    options.now = clock_wall() + ++minutes * NS_PER_S;
    assert_true(name_parse_image(ref, &name, &err) >= 0);
    return release_promote_image(&options, &name, env, &result, &err);
}

static int tag(struct store *store, const char *ref, const char *version)
{
    struct release_options options = {.store = store, .by.user = "test"};
    struct release_result result;
    struct image_name name;

    options.now = clock_wall() + ++minutes * NS_PER_S;
    assert_true(name_parse_image(ref, &name, &err) >= 0);
    return release_tag(&options, &name, version, &result, &err);
}

static int roll_back(struct store *store)
{
    struct release_options options = {.store = store, .by.user = "test"};
    struct release_result result;

    options.now = clock_wall() + ++minutes * NS_PER_S;
    return release_rollback(&options, "shop", "production", &result, &err);
}

/* ---- the intercepting store: between the cleanup and the bucket ---- */

enum deed {
    AS_IT_SHOULD, /* each DELETE is executed once */
    IS_REPEATED,  /* and again after the other command */
    IS_LOST,      /* executed, but the response is lost */
    IS_LATE,      /* no response, and executed after the other command */
    DEEDS
};

#define LATE_MAX 16

struct between {
    struct fault_store fault; /* first */
    struct store *client;     /* the store of the other command */
    int (*cleanup)(struct store *store);
    enum deed around; /* the fault of the cleanup's DELETEs */
    enum deed deed;
    unsigned which;     /* the DELETE with the fault */
    unsigned at, asked; /* the other command runs before this request */
    unsigned deletes;   /* DELETEs so far */
    unsigned struck;    /* the number of the request that was `which` */
    void (*other)(struct between *b);
    const struct command *command;
    bool done;
    struct late {
        char key[KEY_MAX], etag[STORE_ETAG_MAX];
    } late[LATE_MAX];
    unsigned late_count;

    int answer; /* of the other command */
    struct err why;
    bool uploaded;     /* it uploaded an image */
    const char *image; /* the id of that image */
    char key[KEY_MAX], metadata_etag[STORE_ETAG_MAX];
};

static void run_late(struct between *b)
{
    for (unsigned i = 0; i < b->late_count; i++) {
        struct store_op op = {.verb = STORE_DELETE,
                              .key = b->late[i].key,
                              .if_match = b->late[i].etag[0] ? b->late[i].etag : NULL};
        struct err ignored;

        (void)store_run(b->fault.behind, &op, &ignored);
    }
    b->late_count = 0;
}

static void run_other(struct between *b)
{
    if (b->done)
        return;
    b->done = true;
    b->other(b);
    b->why = err;
    run_late(b);
}

static void keep_for_later(struct between *b, const struct store_op *op)
{
    struct late *late = &b->late[b->late_count++];

    assert_true(b->late_count <= LATE_MAX);
    snprintf(late->key, sizeof late->key, "%s", op->key);
    snprintf(late->etag, sizeof late->etag, "%s", op->if_match ? op->if_match : "");
}

static bool between(struct fault_store *fault, struct store_op *op)
{
    struct between *b = (struct between *)fault;
    bool meant = op->verb == STORE_DELETE && !strstr(op->key, "probe");
    struct store_op executed = *op;

    if (++b->asked == b->at)
        run_other(b);
    if (!meant || ++b->deletes != b->which || b->deed == AS_IT_SHOULD)
        return false;
    b->struck = b->asked;
    if (b->deed == IS_LATE || b->deed == IS_REPEATED)
        keep_for_later(b, op);
    if (b->deed == IS_REPEATED)
        return false;
    if (b->deed == IS_LOST)
        (void)store_run(fault->behind, &executed, &op->err);
    fault_store_fail(op, ERR_NETWORK, "link", STORE_NO_ANSWER);
    return true;
}

/* ---- the cleanups ---- */

static int retire(struct store *store)
{
    struct retention_policy policy = {.app = "shop", .keep = 1, .before = INT64_MAX};
    struct retention_choice choice;
    int answer;

    if (retention_find(store, &policy, &choice, &err))
        return ERR_FAIL;
    answer = retention_retire(store, &policy, &choice, &err);
    retention_finish(&choice);
    return answer;
}

/* Runs the second step, as a week later. */
static int delete_data(struct store *store)
{
    struct unfinished_list list = {.items = NULL};
    int answer = unfinished_read(store, &list, &err);

    for (size_t i = 0; answer >= 0 && i < list.count; i++)
        if (list.items[i].kind == UNFINISHED_RETIRED)
            answer = unfinished_remove(store, &list, &list.items[i], &err);
    unfinished_finish(&list);
    return answer < 0 ? ERR_FAIL : 0;
}

/* Retires archives without metadata. Returns the last result. */
static int retire_archives(struct store *store)
{
    struct unfinished_list list = {.items = NULL};
    int answer = unfinished_read(store, &list, &err);

    for (size_t i = 0; answer >= 0 && i < list.count; i++)
        if (list.items[i].kind == UNFINISHED_ARCHIVE)
            answer = unfinished_remove(store, &list, &list.items[i], &err);
    unfinished_finish(&list);
    return answer;
}

/* Returns what a dry run would find out about the last retired archive. */
static int look_at_retired(struct store *store)
{
    struct unfinished_list list = {.items = NULL};
    int answer = unfinished_read(store, &list, &err);

    for (size_t i = 0; answer >= 0 && i < list.count; i++)
        if (list.items[i].kind == UNFINISHED_RETIRED)
            answer = unfinished_is_needed(store, &list, &list.items[i], &err);
    unfinished_finish(&list);
    return answer;
}

/* ---- the other commands ---- */

static void note_push(struct between *b, const char *file, const char *id)
{
    struct push_result result;
    struct store_info info;
    char key[KEY_MAX];

    b->answer = push(b->client, OLD, file, &result);
    b->uploaded = b->answer == 0 && !result.skipped;
    b->image = id;
    if (!b->uploaded)
        return;
    snprintf(b->key, sizeof b->key, "%s", result.key);
    key_sibling(key, b->key, KEY_METADATA);
    if (store_head(b->fault.behind, key, &info, &err) == STORE_DONE)
        snprintf(b->metadata_etag, sizeof b->metadata_etag, "%s", info.etag);
}

static void push_same(struct between *b)
{
    note_push(b, "same.tar", same_id);
}

static void push_other(struct between *b)
{
    note_push(b, "other.tar", other_id);
}

static void push_and_promote(struct between *b)
{
    push_same(b);
    if (b->answer == 0)
        b->answer = promote(b->client, OLD, "staging");
}

static void push_other_and_tag(struct between *b)
{
    push_other(b);
    if (b->answer == 0)
        b->answer = tag(b->client, OLD, "v9.0.0");
}

static void tag_it(struct between *b)
{
    b->answer = tag(b->client, OLD, "v9.0.0");
}

static void promote_it(struct between *b)
{
    b->answer = promote(b->client, OLD, "staging");
}

static void roll_it_back(struct between *b)
{
    b->answer = roll_back(b->client);
}

static void pull_it(struct between *b)
{
    b->answer = pull(b->client, OLD, NULL, NULL);
}

static const struct command {
    const char *name, *around;
    void (*run)(struct between *b);
    enum err_family may_fail, or_so; /* allowed failure; ERR_NONE: none */
} COMMANDS[] = {
    {"push", "cleanup during a push", push_same, ERR_CONFLICT},
    {"push of another image", "cleanup during a push of another image", push_other, ERR_CONFLICT},
    {"push and promote", "cleanup during push and promote", push_and_promote, ERR_CONFLICT,
     ERR_NOT_FOUND},
    {"push of another image and tag", "cleanup during push of another image and tag",
     push_other_and_tag, ERR_CONFLICT, ERR_NOT_FOUND},
    {"tag", "cleanup during tag", tag_it, ERR_NOT_FOUND},
    {"promote", "cleanup during promote", promote_it, ERR_NOT_FOUND},
    {"rollback", "cleanup during rollback", roll_it_back, ERR_NONE},
    {"pull", "cleanup during pull", pull_it, ERR_NOT_FOUND, ERR_CONFLICT},
};

/* ---- checks ---- */

struct scene {
    const char *bucket, *act, *command;
    enum deed deed;
    unsigned which, at;
};

static void refuse(const struct scene *scene, const char *what, const struct err *why)
{
    static const char *const deeds[] = {"once", "repeated", "answer lost", "late"};

    fail_msg("%s, %s, DELETE %u %s, %s before request %u: %s: %s", scene->bucket, scene->act,
             scene->which, deeds[scene->deed], scene->command, scene->at, what, why->text);
}

static void check_pull(struct store *store, const struct scene *scene, const char *what,
                       const char *ref, const char *key, const char *id)
{
    char found[DIGEST_TEXT_SIZE];

    if (pull(store, ref, key, found))
        refuse(scene, what, &err);
    err_set(&err, ERR_INTEGRITY, "image", "another image");
    if (id && strcmp(id, found) != 0)
        refuse(scene, what, &err);
}

/* Looks up the images that no cleanup removes, and pulls the old one. */
static void check_reference(struct store *store, const struct scene *scene, const char *what,
                            const char *ref, const char *key)
{
    struct image_name name;
    char where[KEY_MAX];

    if (strcmp(ref, OLD) == 0) {
        check_pull(store, scene, what, ref, key, NULL);
        return;
    }
    assert_true(name_parse_image(ref, &name, &err) >= 0);
    if (resolve_present(store, &name, key, where, &err))
        refuse(scene, what, &err);
}

static void check_environment(struct store *store, const struct scene *scene, const char *env)
{
    struct resolved resolved;

    if (resolve_environment(store, "shop", env, &resolved, &err)) {
        if (err.family != ERR_NOT_FOUND || strcmp(env, "production") == 0)
            refuse(scene, env, &err);
        return;
    }
    check_reference(store, scene, env, resolved.image.ref, resolved.archive_key);
}

static void check_rollback(struct store *store, const struct scene *scene)
{
    struct current_pointer current;
    struct previous previous = {.env = "production"};
    _cleanup_text_ struct text warnings = {0};
    struct image_name name;
    char month[CLOCK_MONTH_SIZE];

    text_init(&warnings, KIB);
    if (resolve_current(store, "shop", "production", &current, &err))
        refuse(scene, "production", &err);
    previous.now = &current.pointer;
    if (previous_find(store, "shop", &previous, 1, &warnings, &err) || warnings.size)
        refuse(scene, "rollback", &err);
    if (previous.answer == PREVIOUS_FOUND && key_parse_image(previous.target, &name, month))
        check_reference(store, scene, "rollback", name.ref, previous.target);
}

/* Whether the tombstone is that of the pushed image: the push came before the cleanup. */
static bool was_judged(const struct between *b)
{
    struct tombstone retired;
    bool judged;

    if (tombstone_read(b->fault.behind, b->key, &retired, &err) != STORE_DONE)
        return false;
    judged = strcmp(retired.metadata_etag, b->metadata_etag) == 0;
    tombstone_finish(&retired);
    return judged;
}

static void check_all(const struct between *b, const struct scene *scene)
{
    struct resolved resolved;

    if (b->answer && (b->command->may_fail == ERR_NONE || (b->why.family != b->command->may_fail &&
                                                           b->why.family != b->command->or_so)))
        refuse(scene, "failed", &b->why);
    if (resolve_tag(b->fault.behind, "shop", "v9.0.0", &resolved, &err) == 0)
        check_reference(b->fault.behind, scene, "v9.0.0", resolved.image.ref, resolved.archive_key);
    check_environment(b->fault.behind, scene, "production");
    check_environment(b->fault.behind, scene, "staging");
    check_rollback(b->fault.behind, scene);
    if (b->answer == 0 && b->uploaded && !was_judged(b))
        check_pull(b->fault.behind, scene, "what was pushed", OLD, NULL, b->image);
}

/* ---- all interleavings ---- */

/* A folder executes a DELETE under its lock before it returns, so a DELETE is never late or
 * repeated. */

/* A bucket that is restored to its initial state before each run. */
struct ground {
    const char *name;
    struct store *store;
    struct memory_store *memory; /* NULL: a folder */
};

static void fill(struct store *store)
{
    static const char *const refs[] = {OLD, FIRST, NOW, LAST};
    static const char *const files[] = {"same.tar", "1.tar", "2.tar", "3.tar"};
    struct push_result result;

    for (unsigned i = 0; i < ARRAY_SIZE(refs); i++)
        if (push(store, refs[i], files[i], &result))
            fail_msg("%s", err.text);
    if (promote(store, FIRST, "production") || promote(store, NOW, "production"))
        fail_msg("%s", err.text);
}

static void run(const char *command)
{
    assert_int_equal(system(command), 0);
}

static void save(struct ground *ground)
{
    char command[600];

    if (ground->memory) {
        memory_store_save(ground->memory);
        return;
    }
    snprintf(command, sizeof command, "rm -rf %s/saved && cp -a %s/bucket %s/saved", dir, dir, dir);
    run(command);
}

static void load(struct ground *ground)
{
    char command[600];

    if (ground->memory) {
        memory_store_load(ground->memory);
        return;
    }
    snprintf(command, sizeof command, "cd %s && rm -rf bucket/* && cp -a saved/* bucket/", dir);
    run(command);
}

/* A sample plays every fourth place, and other places with the next command or fault. */
static unsigned place_step(void)
{
    return sample_step(4);
}

static unsigned first_place(unsigned from)
{
    static unsigned turn;

    return from + turn++ % place_step();
}

/* Executes one run. Returns the number of requests of the cleanup. */
static unsigned run_scene(struct ground *ground, int (*cleanup)(struct store *store),
                          const struct command *command, struct scene *scene, struct between *b)
{
    load(ground);
    *b = (struct between){.deed = scene->deed};
    fault_store_init(&b->fault, ground->store, between);
    b->client = ground->store;
    b->at = scene->at;
    b->which = scene->which;
    b->other = command->run;
    b->command = command;
    (void)cleanup(&b->fault.store); /* it may fail; the state afterwards counts */
    run_other(b);
    check_all(b, scene);
    return b->asked;
}

/* The store of a cleanup that runs while the other command is stopped. */
static struct between inner;

static void run_cleanup(struct between *b)
{
    inner = (struct between){.deed = b->around};
    fault_store_init(&inner.fault, b->fault.behind, between);
    inner.which = 1;
    inner.at = ~0u;
    (void)b->cleanup(&inner.fault.store);
}

/* The reverse: the command is stopped, and a cleanup runs to its end. */
static unsigned run_around(struct ground *ground, int (*cleanup)(struct store *store),
                           const struct command *command, struct scene scene)
{
    static struct between b;
    unsigned count = 0;

    scene.at = first_place(scene.at);
    do {
        load(ground);
        b = (struct between){.client = NULL};
        fault_store_init(&b.fault, ground->store, between);
        b.client = &b.fault.store;
        b.at = scene.at;
        b.cleanup = cleanup;
        b.around = scene.deed;
        b.other = run_cleanup;
        b.command = command;
        inner.late_count = 0;
        command->run(&b);
        b.why = err;
        run_late(&inner);
        check_all(&b, &scene);
        count++;
        scene.at += place_step();
    } while (scene.at <= b.asked);
    return count;
}

/* Runs the command before each request, and after the last one. */
static unsigned run_everywhere(struct ground *ground, int (*cleanup)(struct store *store),
                               const struct command *command, struct scene scene)
{
    static struct between b;
    unsigned count = 0, asked;

    scene.at = first_place(scene.at);
    do {
        asked = run_scene(ground, cleanup, command, &scene, &b);
        count++;
        scene.at += place_step();
    } while (scene.at <= asked + 1);
    return count;
}

/* The same with a fault in each DELETE. */
static unsigned run_deeds(struct ground *ground, int (*cleanup)(struct store *store),
                          const struct command *command, struct scene scene)
{
    unsigned count = 0;

    for (unsigned deed = IS_REPEATED; deed < DEEDS; deed++)
        for (scene.which = 1;; scene.which++) {
            static struct between b;

            scene.deed = (enum deed)deed;
            scene.at = ~0u;
            run_scene(ground, cleanup, command, &scene, &b);
            if (!b.struck)
                break;
            scene.at = b.struck + 1;
            count += run_everywhere(ground, cleanup, command, scene);
        }
    return count;
}

static unsigned run_scenes(struct ground *ground, const char *act,
                           int (*cleanup)(struct store *store))
{
    unsigned count = 0;

    for (unsigned c = 0; c < ARRAY_SIZE(COMMANDS); c++) {
        struct scene scene = {ground->name, act, COMMANDS[c].name, AS_IT_SHOULD, 0, 1};

        count += run_everywhere(ground, cleanup, &COMMANDS[c], scene);
        scene.command = COMMANDS[c].around;
        for (unsigned deed = 0; deed < (ground->memory ? DEEDS : IS_REPEATED); deed++) {
            scene.deed = (enum deed)deed;
            count += run_around(ground, cleanup, &COMMANDS[c], scene);
        }
        scene.command = COMMANDS[c].name;
        scene.deed = AS_IT_SHOULD;
        if (ground->memory)
            count += run_deeds(ground, cleanup, &COMMANDS[c], scene);
    }
    return count;
}

static unsigned run_ground(struct ground *ground)
{
    unsigned count;

    fill(ground->store);
    save(ground);
    count = run_scenes(ground, "retiring", retire);
    load(ground);
    if (retire(ground->store))
        fail_msg("%s", err.text);
    save(ground);
    count += run_scenes(ground, "deleting data", delete_data);
    return count;
}

static void in_memory(const char *name, bool conditions)
{
    struct memory_store *memory = memory_store_create(name, conditions);
    struct ground ground = {.name = name, .store = &memory->store, .memory = memory};

    print_message("# %s: %u interleavings\n", name, run_ground(&ground));
    memory_store_destroy(memory);
}

static void with_conditional_requests(void **state)
{
    (void)state;
    in_memory("conditional", true);
}

static void without_conditional_requests(void **state)
{
    (void)state;
    in_memory("unconditional", false);
}

static void in_a_folder(void **state)
{
    struct ground ground = {.name = "folder"};

    (void)state;
    ground.store = store_dir_create(
        &(struct store_dir_options){.path = dir, .bucket = "bucket", .create = true}, &err);
    assert_non_null(ground.store);
    print_message("# folder: %u interleavings\n", run_ground(&ground));
    store_destroy(ground.store);
}

/* ---- hosts ---- */

/* Writes the document of a host that was seen now. */
static void run_on_host(struct store *store, const char *image)
{
    struct deployed deployed = {.host = "web-1"};
    struct text text;
    char key[KEY_MAX];

    snprintf(deployed.image_reference, sizeof deployed.image_reference, "%s", image);
    snprintf(deployed.result, sizeof deployed.result, "deployed");
    clock_rfc3339(clock_wall(), deployed.seen);
    text_init(&text, 64 * KIB);
    deployed_write(&deployed, &text);
    key_deployed(key, "shop", "production", "web-1");
    assert_int_equal(store_put_document(store, key, text_view(&text), NULL, false, NULL, &err),
                     STORE_DONE);
    text_finish(&text);
}

static void an_image_that_a_host_runs_can_be_pulled_after_a_cleanup(void **state)
{
    struct memory_store *memory = memory_store_create("hosts", true);
    struct store *store = &memory->store;
    char id[DIGEST_TEXT_SIZE];

    (void)state;
    fill(store);
    run_on_host(store, OLD);
    assert_int_equal(retire(store), 0);
    assert_int_equal(delete_data(store), 0);
    assert_int_equal(pull(store, OLD, NULL, id), 0);
    assert_string_equal(id, same_id);

    run_on_host(store, NOW); /* retired now; its data are restored if a host goes back to it */
    assert_int_equal(retire(store), 0);
    assert_int_equal(pull(store, OLD, NULL, NULL), ERR_FAIL);
    run_on_host(store, OLD);
    assert_int_equal(delete_data(store), 0);
    assert_int_equal(pull(store, OLD, NULL, id), 0);
    assert_string_equal(id, same_id);

    run_on_host(store, NOW);
    assert_int_equal(retire(store), 0);
    assert_int_equal(delete_data(store), 0);
    assert_int_equal(pull(store, OLD, NULL, NULL), ERR_FAIL);
    memory_store_destroy(memory);
}

/* ---- thin images ---- */

#define THIN "images/shop/202507/shop-20250705-1000-aaaaa05"

static bool exists(struct store *store, const char *key)
{
    struct store_info info;

    return store_head(store, key, &info, &err) == STORE_DONE;
}

static void drop(struct store *store, const char *key)
{
    struct store_op op = {.verb = STORE_DELETE, .key = key};

    assert_int_equal(store_run(store, &op, &err), STORE_DONE);
}

static void an_archive_that_images_refer_to_is_kept(void **state)
{
    struct memory_store *memory = memory_store_create("needed", true);
    struct metadata_object objects[1];
    struct metadata thin = thin_document("shop", objects, THIN "-1111111111111111.index");
    struct store *store = &memory->store;

    (void)state;
    fill(store);
    thin_document_add(&thin, store, KEY ".tar.gz");
    thin_document_put(&thin, store, THIN ".json");
    assert_int_equal(retire(store), 0);
    assert_int_equal(delete_data(store), 0);
    assert_false(exists(store, KEY ".json"));
    assert_true(exists(store, KEY ".tar.gz") && exists(store, KEY ".index"));
    thin_object_put(store, THIN ".json", "{\"format\":4}"); /* of a newer program */
    assert_int_equal(delete_data(store), ERR_FAIL);
    assert_true(err_is(&err, ERR_CONFLICT, CODE_REFERENCED));
    assert_true(exists(store, KEY ".tar.gz"));

    thin_document_put(&thin, store, THIN ".json");
    assert_int_equal(look_at_retired(store), UNFINISHED_NEEDED);

    drop(store, KEY ".retired"); /* now it has no document */
    thin_document_put(&thin, store, THIN ".json");
    assert_int_equal(retire_archives(store), UNFINISHED_NEEDED);
    assert_false(exists(store, KEY ".retired"));
    drop(store, THIN ".json");
    assert_int_equal(retire_archives(store), UNFINISHED_ANNOUNCED);
    assert_int_equal(delete_data(store), 0);
    assert_false(exists(store, KEY ".tar.gz") || exists(store, KEY ".index"));
    memory_store_destroy(memory);
}

/* ---- many temporary objects ---- */

#define MANY 50000

/* Lists MANY temporary objects. */
static void many_submit(struct store *store, struct store_op *op)
{
    unsigned from = op->token ? (unsigned)strtoul(op->token, NULL, 10) : 0;

    (void)store;
    op->answer = STORE_DONE;
    if (op->verb == STORE_LIST && strstr(op->key, "s3dock-tmp")) {
        op->page->entries = calloc(1000, sizeof *op->page->entries);
        for (unsigned i = 0; i < 1000; i++) {
            char key[64];

            snprintf(key, sizeof key, "archive/.s3dock-tmp/00112233445566%02u/%06u",
                     (from + i) / 7500, from + i);
            op->page->entries[op->page->count++] =
                (struct store_entry){.key = strdup(key), .info = {.modified = 1}};
        }
        if (from + 1000 < MANY && asprintf(&op->page->next, "%u", from + 1000) < 0)
            abort();
    }
    inbox_post(op->inbox, &op->msg);
}

static const struct store_table many_table = {many_submit, NULL, NULL};

/* With quadratic time, 50,000 objects took 15 seconds and 170 MB. */
static void many_temporary_objects_take_little_time_and_memory(void **state)
{
    struct store store = {.table = &many_table};
    struct unfinished_list list;
    size_t before = heap_used();
    clock_t began = clock();

    (void)state;
    assert_int_equal(unfinished_read(&store, &list, &err), 0);
    assert_int_equal(list.count, MANY);
    assert_true((double)(clock() - began) / CLOCKS_PER_SEC < 3);
    assert_true(heap_used() - before < MANY * (size_t)400);
    unfinished_finish(&list);
}

/* Alibaba OSS does not list uploads. A store that forbids it is an error. */
static bool lists_no_uploads(struct fault_store *fault, struct store_op *op)
{
    if (op->verb != STORE_UPLOADS)
        return false;
    fault_store_fail(op, ERR_UNSUPPORTED, "operation",
                     strcmp(fault->store.where, "forbids") ? STORE_UNSUPPORTED : STORE_FORBIDDEN);
    return true;
}

static void a_store_without_a_list_of_uploads_lists_the_rest(void **state)
{
    struct fault_store fault;
    struct unfinished_list list;
    char folder[128];

    (void)state;
    snprintf(folder, sizeof folder, "%s/no-uploads", dir);
    fault_store_open(&fault, folder, "images", lists_no_uploads);
    assert_int_equal(unfinished_read(&fault.store, &list, &err), 0);
    assert_true(list.uploads_unknown);
    unfinished_finish(&list);
    strcpy(fault.store.where, "forbids");
    assert_int_equal(unfinished_read(&fault.store, &list, &err), ERR_FAIL);
    unfinished_finish(&list);
    fault_store_close(&fault);
}

/* A pull of format 3 names its partial download by key and platform. */
static void a_pull_of_a_platform_is_listed_with_its_key(void **state)
{
    static const char key[] = "images/web/202507/web-20250721-2118-f7a5a27.tar.gz";
    const struct partial_subject subject = {
        .store = "s",
        .where = "w",
        .key = "images/web/202507/web-20250721-2118-f7a5a27.tar.gz "
               "linux/arm64/v8",
        .etag = "e",
        .image = "web:20250721-2118-f7a5a27",
        .size = 100};
    struct partial *partial = partial_open(&subject, 0, &err);
    struct unfinished_list list;
    struct fault_store fault;
    char folder[128];
    unsigned seen = 0;

    (void)state;
    assert_non_null(partial);
    assert_true(partial_keep(partial, 0, view_str("bytes")));
    snprintf(folder, sizeof folder, "%s/of-a-platform", dir);
    fault_store_open(&fault, folder, "images", lists_no_uploads);
    assert_int_equal(unfinished_read(&fault.store, &list, &err), 0);
    for (size_t i = 0; i < list.count; i++) {
        if (list.items[i].kind != UNFINISHED_PULL || !list.items[i].platform[0])
            continue;
        assert_string_equal(list.items[i].key, key);
        assert_string_equal(list.items[i].platform, "linux/arm64/v8");
        seen++;
    }
    assert_int_equal(seen, 1);
    unfinished_finish(&list);
    fault_store_close(&fault);
    partial_close(partial, true);
}

static int start(void **state)
{
    char id[DIGEST_TEXT_SIZE];

    (void)state;
    if (scratch_create() || setenv("XDG_CACHE_HOME", dir, 1))
        return -1;
    write_image("same.tar", OLD, 1, same_id);
    write_image("other.tar", OLD, 2, other_id);
    write_image("1.tar", FIRST, 3, id);
    write_image("2.tar", NOW, 4, id);
    write_image("3.tar", LAST, 5, id);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(with_conditional_requests),
        cmocka_unit_test(without_conditional_requests),
        cmocka_unit_test(in_a_folder),
        cmocka_unit_test(an_image_that_a_host_runs_can_be_pulled_after_a_cleanup),
        cmocka_unit_test(an_archive_that_images_refer_to_is_kept),
        cmocka_unit_test(many_temporary_objects_take_little_time_and_memory),
        cmocka_unit_test(a_store_without_a_list_of_uploads_lists_the_rest),
        cmocka_unit_test(a_pull_of_a_platform_is_listed_with_its_key),
    };

    return cmocka_run_group_tests_name("cleanup", tests, start, scratch_teardown);
}
