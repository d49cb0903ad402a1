/*
 * The hostile bucket: a writer without keys, or with a key that may not sign this, combines the
 * documents and signatures of the bucket in all ways. Each row is one attack; the result is an
 * error, and never another image than the signed one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/codes.h"
#include "base/err.h"
#include "base/file.h"
#include "catalog/pointer.h"
#include "catalog/tombstone.h"
#include "kit/assert_fails.h"
#include "kit/memory_store.h"
#include "kit/scratch.h"
#include "kit/ssh_signer.h"
#include "trust/guard_image.h"

#define IMAGES                "s3dock-image"
#define ONE                   "20250101-0000-aaaaaaa"
#define TWO                   "20250102-0000-bbbbbbb"
#define KEY_OF(tag, platform) "images/shop/202501/shop-" tag platform ".json"
#define PRODUCTION            "pointers/shop/production.json"
#define V1                    "tags/shop/v1.0.0.json"

enum { CI, DEPLOY, SECOND, STRANGER, EXPIRED, PEOPLE };

static struct ssh_signer people[PEOPLE];
static struct memory_store *bucket;
static struct guard *guard;
static unsigned runs; /* each has its own memory of sequence numbers */

/* ---- the bucket ---- */

static void put(const char *key, const char *text, size_t size)
{
    struct err err;

    if (store_put_document(&bucket->store, key, view_of(text, size), NULL, false, NULL, &err) !=
        STORE_DONE)
        fail_msg("%s: %s", key, err.text);
}

static void take(const char *key)
{
    struct store_op op = {.verb = STORE_DELETE, .key = key};
    struct err err;

    assert_int_equal(store_run(&bucket->store, &op, &err), STORE_DONE);
}

static void get(const char *key, struct text *out)
{
    struct err err;

    text_init(out, MIB);
    assert_int_equal(store_get_document(&bucket->store, key, out, NULL, &err), STORE_DONE);
}

static const char *signatures_of(const char *key)
{
    static char out[2][KEY_MAX];
    static unsigned at;

    at = !at;
    assert_true(key_signatures(out[at], key));
    return out[at];
}

static void copy(const char *from, const char *to)
{
    _cleanup_text_ struct text text = {0};

    get(from, &text);
    put(to, text.data, text.size);
}

static void copy_signed(const char *from, const char *to)
{
    copy(from, to);
    copy(signatures_of(from), signatures_of(to));
}

/* Signs the document that the bucket has. `more`: beside the signatures that are there. */
static void sign_as(const char *key, unsigned who, const char *name_space, bool more)
{
    _cleanup_text_ struct text document = {0}, signatures = {0};

    get(key, &document);
    text_init(&signatures, MIB);
    if (more) {
        text_finish(&signatures);
        get(signatures_of(key), &signatures);
    }
    ssh_signer_sign(&people[who], name_space, text_view(&document), &signatures);
    put(signatures_of(key), signatures.data, signatures.size);
}

static const char *id_of(char digit)
{
    static char out[4][DIGEST_TEXT_SIZE];
    static unsigned at;
    char *text = out[at++ % 4];

    strcpy(text, "sha256:");
    memset(text + 7, digit, 64);
    text[71] = '\0';
    return text;
}

static void put_image(const char *key, const char *tag, const char *platform, char id,
                      const char *engine_id)
{
    char text[2048];
    int size = snprintf(text, sizeof text,
                        "{\"size\":4,\"created_at\":\"2025-01-03T00:00:00Z\",\"git_hash\":\"%s\","
                        "\"git_time\":\"%.13s\",\"image_tag\":\"shop:%s\",\"app_name\":\"shop\","
                        "\"format\":2,\"image_id\":\"%s\"%s%s%s,\"platform\":\"%s\"}",
                        tag + 14, tag, tag, id_of(id), *engine_id ? ",\"engine_id\":\"" : "",
                        engine_id, *engine_id ? "\"" : "", platform);

    put(key, text, (size_t)size);
}

/* The members of a pointer that a test can change. */
struct wanted {
    const char *app, *name, *target, *time;
    uint64_t sequence;
    char amd64, arm64; /* ids; 0: it states none for this platform */
};

static void state_image(struct statement *statement, const char *platform, char id)
{
    struct stated_image *image = &statement->images[statement->image_count];

    if (!id)
        return;
    strcpy(image->platform, platform);
    strcpy(image->id, id_of(id));
    statement->image_count++;
}

static void put_pointer(const char *key, const struct wanted *wanted)
{
    _cleanup_text_ struct text text = {0};
    struct statement statement = {.sequence = wanted->sequence};
    struct pointer pointer = {.target = strncmp(wanted->target, "tags/", 5) == 0 ? POINTER_TAG
                                                                                 : POINTER_IMAGE};

    statement.kind = strncmp(key, "tags/", 5) == 0 ? STATEMENT_VERSION : STATEMENT_ENVIRONMENT;
    strcpy(statement.app, wanted->app);
    strcpy(statement.name, wanted->name);
    state_image(&statement, "linux/amd64", wanted->amd64);
    state_image(&statement, "linux/arm64", wanted->arm64);
    strcpy(pointer.target_path, wanted->target);
    strcpy(pointer.promoted_at, wanted->time);
    strcpy(pointer.promoted_by, "somebody");
    text_init(&text, MIB);
    pointer_write_stated(&pointer, &statement, &text);
    put(key, text.data, text.size);
}

#define TARGET_ONE "images/shop/202501/shop-" ONE ".tar.gz"
#define TARGET_TWO "images/shop/202501/shop-" TWO ".tar.gz"
static const struct wanted TO_ONE = {"shop", "production", TARGET_ONE, "2025-01-04T00:00:00Z",
                                     2000,   '1',          '3'};

/* Writes the documents that are signed as they should be. */
static void fill_bucket(void)
{
    struct wanted wanted = TO_ONE;

    put_image(KEY_OF(ONE, ""), ONE, "linux/amd64", '1', "");
    put_image(KEY_OF(ONE, "-linux-arm64"), ONE, "linux/arm64", '3', "");
    put_image(KEY_OF(TWO, ""), TWO, "linux/amd64", '2', "");
    sign_as(KEY_OF(ONE, ""), CI, IMAGES, false);
    sign_as(KEY_OF(ONE, "-linux-arm64"), CI, IMAGES, false);
    sign_as(KEY_OF(TWO, ""), CI, IMAGES, false);
    put_pointer(PRODUCTION, &wanted);
    sign_as(PRODUCTION, DEPLOY, "s3dock-environment", false);
    wanted.name = "v1.0.0";
    put_pointer(V1, &wanted);
    sign_as(V1, DEPLOY, "s3dock-version", false);
    wanted = (struct wanted){"shop", "test", TARGET_TWO, "2025-01-05T00:00:00Z", 2500, '2', 0};
    put_pointer("pointers/shop/test.json", &wanted);
    sign_as("pointers/shop/test.json", DEPLOY, "s3dock-environment", false);
}

/* ---- the host ---- */

static void write_signers(void)
{
    _cleanup_text_ struct text file = {0};
    struct err err;

    text_init(&file, MIB);
    ssh_signer_line(&people[CI], "ci@example.com", "namespaces=\"s3dock-image\"", &file);
    ssh_signer_line(&people[DEPLOY], "deploy@example.com", "", &file);
    ssh_signer_line(&people[SECOND], "second@example.com", "", &file);
    ssh_signer_line(&people[EXPIRED], "old@example.com", "valid-before=\"20240101\"", &file);
    assert_int_equal(file_replace(path_of("signers"), text_view(&file), 0600, &err), 0);
}

static void open_guard(unsigned min, bool rules)
{
    struct guard_settings settings = {.signers = path_of("signers")};
    char memory[64];
    struct err err;

    snprintf(memory, sizeof memory, "memory-%u", runs);
    settings.memory = path_of(memory);
    settings.policy = (struct policy){.require = POLICY_ALL, .min = min};
    if (rules) {
        settings.policy.rules = calloc(2, sizeof *settings.policy.rules);
        settings.policy.rule_count = 2;
        strcpy(settings.policy.rules[0].identity, "ci@*");
        settings.policy.rules[0].sign = POLICY_IMAGES;
        strcpy(settings.policy.rules[1].identity, "deploy@example.com");
        settings.policy.rules[1].sign = POLICY_VERSIONS | POLICY_ENVIRONMENTS;
    }
    guard_close(guard);
    guard = guard_open(&settings, &err);
    if (!guard)
        fail_msg("%s", err.text);
}

static int set_up(void **state)
{
    (void)state;
    runs++;
    bucket = memory_store_create("bucket", true);
    fill_bucket();
    open_guard(1, true);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    guard_close(guard);
    guard = NULL;
    memory_store_destroy(bucket);
    return 0;
}

/* Finds the image that production means on a host, as a pull does. Stores its id. */
static int find(const char *platform, char id[DIGEST_TEXT_SIZE], struct err *err)
{
    struct platform wanted;
    struct guard_image image;
    struct guarded meant;
    struct located at;
    int answer = guard_environment(guard, &bucket->store, "shop", "production", &meant, err);

    id[0] = '\0';
    if (answer)
        return answer;
    assert_true(platform_parse(platform, &wanted));
    guard_image_init(&image, guard, meant.stated ? &meant.statement : NULL);
    answer = guard_locate(&image, &bucket->store, &meant.resolved.image, meant.resolved.archive_key,
                          &wanted, &at, err);
    if (answer == LOCATE_FOUND) {
        strcpy(id, at.metadata.image_id);
        assert_true(image.proven);
        located_finish(&at);
    }
    guard_image_finish(&image);
    return answer;
}

static void assert_finds(const char *platform, char id)
{
    char found[DIGEST_TEXT_SIZE];
    struct err err = {.text = ""};

    if (find(platform, found, &err))
        fail_msg("%s: %s.%s", err.text, err_family_name(err.family), err.code);
    assert_string_equal(found, id_of(id));
}

static void signed_documents_are_used(void **state)
{
    (void)state;
    assert_finds("linux/amd64", '1');
    assert_finds("linux/arm64", '3');
}

/* ---- attacks ---- */

static void unsigned_pointer(void)
{
    take(signatures_of(PRODUCTION));
}

static void changed_pointer(void)
{
    struct wanted wanted = TO_ONE;

    wanted.target = TARGET_TWO;
    put_pointer(PRODUCTION, &wanted);
}

static void pointer_of_another_environment(void)
{
    copy_signed("pointers/shop/test.json", PRODUCTION);
}

static void pointer_of_another_application(void)
{
    struct wanted wanted = TO_ONE;

    wanted.app = "blog";
    wanted.target = "images/blog/202501/blog-" ONE ".tar.gz";
    put_pointer("pointers/blog/production.json", &wanted);
    sign_as("pointers/blog/production.json", DEPLOY, "s3dock-environment", false);
    copy_signed("pointers/blog/production.json", PRODUCTION);
}

static void version_as_environment(void)
{
    copy_signed(V1, PRODUCTION);
}

static void pointer_signed_for_images(void)
{
    sign_as(PRODUCTION, DEPLOY, IMAGES, false);
}

static void pointer_signed_by_the_ci(void)
{
    sign_as(PRODUCTION, CI, "s3dock-environment", false);
}

static void pointer_signed_by_one_who_may_not(void)
{
    sign_as(PRODUCTION, SECOND, "s3dock-environment", false);
}

static void pointer_signed_by_a_stranger(void)
{
    sign_as(PRODUCTION, STRANGER, "s3dock-environment", false);
}

static void pointer_signed_with_an_expired_key(void)
{
    sign_as(PRODUCTION, EXPIRED, "s3dock-environment", false);
}

static void signature_of_another_document(void)
{
    copy(signatures_of("pointers/shop/test.json"), signatures_of(PRODUCTION));
}

static void no_signature_but_noise(void)
{
    put(signatures_of(PRODUCTION), "-----BEGIN SSH SIGNATURE-----\nAAAA\n", 35);
}

static void huge_signatures(void)
{
    char *huge = calloc(1, MIB);

    memset(huge, 'A', MIB);
    put(signatures_of(PRODUCTION), huge, MIB);
    free(huge);
}

static void pointer_of_tomorrow(void)
{
    struct wanted wanted = TO_ONE;
    char time[CLOCK_RFC3339_SIZE];

    clock_rfc3339(clock_wall() + 86400 * NS_PER_S, time);
    wanted.time = time;
    put_pointer(PRODUCTION, &wanted);
    sign_as(PRODUCTION, DEPLOY, "s3dock-environment", false);
}

static void unsigned_pointer_of_older_programs(void)
{
    static const char TEXT[] = "{\"target_type\":\"image\",\"target_path\":\"" TARGET_TWO "\"}";

    put(PRODUCTION, TEXT, sizeof TEXT - 1);
}

static void unsigned_image(void)
{
    take(signatures_of(KEY_OF(ONE, "")));
}

static void image_of_another_name(void)
{
    copy_signed(KEY_OF(TWO, ""), KEY_OF(ONE, ""));
}

static void image_of_another_name_with_the_old_signature(void)
{
    copy(KEY_OF(TWO, ""), KEY_OF(ONE, ""));
}

static void image_with_another_id_in_the_engine(void)
{
    put_image(KEY_OF(ONE, ""), ONE, "linux/amd64", '1', id_of('6'));
}

/* It is signed, but after the promotion. */
static void image_that_was_pushed_again(void)
{
    put_image(KEY_OF(ONE, ""), ONE, "linux/amd64", '5', "");
    sign_as(KEY_OF(ONE, ""), CI, IMAGES, false);
}

static void image_signed_for_environments(void)
{
    sign_as(KEY_OF(ONE, ""), DEPLOY, "s3dock-environment", false);
}

static void image_signed_by_the_deployer(void)
{
    sign_as(KEY_OF(ONE, ""), DEPLOY, IMAGES, false);
}

static void platforms_exchanged(void)
{
    _cleanup_text_ struct text document = {0}, signatures = {0};

    get(KEY_OF(ONE, ""), &document);
    get(signatures_of(KEY_OF(ONE, "")), &signatures);
    copy_signed(KEY_OF(ONE, "-linux-arm64"), KEY_OF(ONE, ""));
    put(KEY_OF(ONE, "-linux-arm64"), document.data, document.size);
    put(signatures_of(KEY_OF(ONE, "-linux-arm64")), signatures.data, signatures.size);
}

static void only_the_image_of_another_platform(void)
{
    copy_signed(KEY_OF(ONE, "-linux-arm64"), KEY_OF(ONE, ""));
    take(KEY_OF(ONE, "-linux-arm64"));
}

static void environment_without_this_platform(void)
{
    struct wanted wanted = TO_ONE;

    wanted.amd64 = 0;
    put_pointer(PRODUCTION, &wanted);
    sign_as(PRODUCTION, DEPLOY, "s3dock-environment", false);
}

/* The environment leads through a version, which is then moved. */
static void moved_version(void)
{
    struct wanted wanted = TO_ONE;

    wanted.target = V1;
    put_pointer(PRODUCTION, &wanted);
    sign_as(PRODUCTION, DEPLOY, "s3dock-environment", false);
    wanted.name = "v1.0.0";
    wanted.target = TARGET_TWO;
    wanted.amd64 = '2';
    put_pointer(V1, &wanted);
    sign_as(V1, DEPLOY, "s3dock-version", false);
}

static void changed_version(void)
{
    struct wanted wanted = TO_ONE;

    moved_version();
    wanted.name = "v1.0.0";
    wanted.target = TARGET_TWO;
    put_pointer(V1, &wanted);
}

static void no_attack_leads_to_another_image(void **state)
{
    static const struct {
        const char *name;
        void (*attack)(void);
        enum err_family family;
        const char *code; /* NULL: the image is not found */
    } rows[] = {
        {"unsigned pointer", unsigned_pointer, ERR_TRUST, CODE_MISSING},
        {"changed pointer", changed_pointer, ERR_TRUST, CODE_SIGNATURE},
        {"another environment", pointer_of_another_environment, ERR_TRUST, CODE_STATEMENT},
        {"another application", pointer_of_another_application, ERR_TRUST, CODE_STATEMENT},
        {"version", version_as_environment, ERR_TRUST, CODE_MISSING},
        {"namespace", pointer_signed_for_images, ERR_TRUST, CODE_SIGNATURE},
        {"CI", pointer_signed_by_the_ci, ERR_TRUST, CODE_SIGNER},
        {"may not", pointer_signed_by_one_who_may_not, ERR_TRUST, CODE_SIGNER},
        {"stranger", pointer_signed_by_a_stranger, ERR_TRUST, CODE_SIGNER},
        {"expired", pointer_signed_with_an_expired_key, ERR_TRUST, CODE_SIGNER},
        {"another document", signature_of_another_document, ERR_TRUST, CODE_SIGNATURE},
        {"noise", no_signature_but_noise, ERR_TRUST, CODE_MISSING},
        {"huge", huge_signatures, ERR_TRUST, CODE_SIGNATURE},
        {"tomorrow", pointer_of_tomorrow, ERR_TRUST, CODE_CLOCK},
        {"old program", unsigned_pointer_of_older_programs, ERR_TRUST, CODE_MISSING},
        {"unsigned image", unsigned_image, ERR_TRUST, CODE_MISSING},
        {"another name", image_of_another_name, ERR_TRUST, CODE_STATEMENT},
        {"old signature", image_of_another_name_with_the_old_signature, ERR_TRUST, CODE_STATEMENT},
        {"engine id", image_with_another_id_in_the_engine, ERR_TRUST, CODE_SIGNATURE},
        {"pushed again", image_that_was_pushed_again, ERR_TRUST, CODE_MOVED},
        {"image namespace", image_signed_for_environments, ERR_TRUST, CODE_SIGNATURE},
        {"image signer", image_signed_by_the_deployer, ERR_TRUST, CODE_SIGNER},
        {"platforms", platforms_exchanged, ERR_NONE, NULL},
        {"one platform", only_the_image_of_another_platform, ERR_NONE, NULL},
        {"no platform", environment_without_this_platform, ERR_TRUST, CODE_MOVED},
        {"moved version", moved_version, ERR_TRUST, CODE_MOVED},
        {"changed version", changed_version, ERR_TRUST, CODE_SIGNATURE},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char found[DIGEST_TEXT_SIZE];
        struct err err = {.family = ERR_NONE};
        int answer;

        tear_down(state);
        set_up(state);
        rows[i].attack();
        answer = find("linux/amd64", found, &err);
        if (answer == LOCATE_FOUND || found[0])
            fail_msg("%s: led to %s", rows[i].name, found);
        if (err.family != rows[i].family || (rows[i].code && strcmp(err.code, rows[i].code) != 0))
            fail_msg("%s: %s.%s: %s", rows[i].name, err_family_name(err.family), err.code,
                     err.text);
    }
}

/* ---- an image that a cleanup retires ---- */

static void retire(const char *from)
{
    struct tombstone tombstone = {.format = 1, .archive_size = 4};
    struct err err;

    get(from, &tombstone.metadata);
    if (tombstone_write(&bucket->store, TARGET_ONE, &tombstone, &err))
        fail_msg("%s", err.text);
    tombstone_finish(&tombstone);
    take(KEY_OF(ONE, ""));
    take(KEY_OF(ONE, "-linux-arm64"));
}

static void a_retired_image_is_proven(void **state)
{
    (void)state;
    retire(KEY_OF(ONE, ""));
    assert_finds("linux/amd64", '1');
}

static void a_false_tombstone_is_refused(void **state)
{
    char found[DIGEST_TEXT_SIZE];
    struct err err;

    (void)state;
    retire(KEY_OF(TWO, ""));
    assert_fails(&err, find("linux/amd64", found, &err), ERR_TRUST, CODE_STATEMENT,
                 KEY_OF(ONE, ""));
    tear_down(state);
    set_up(state);
    take(signatures_of(KEY_OF(ONE, "")));
    retire(KEY_OF(ONE, ""));
    assert_fails(&err, find("linux/amd64", found, &err), ERR_TRUST, CODE_MISSING, KEY_OF(ONE, ""));
}

/* ---- old pointers ---- */

static void set_production(uint64_t sequence, char id)
{
    struct wanted wanted = TO_ONE;

    wanted.sequence = sequence;
    if (id == '2') {
        wanted.target = TARGET_TWO;
        wanted.amd64 = '2';
    }
    put_pointer(PRODUCTION, &wanted);
    sign_as(PRODUCTION, DEPLOY, "s3dock-environment", false);
}

static void an_old_pointer_is_refused(void **state)
{
    char found[DIGEST_TEXT_SIZE];
    struct err err;

    (void)state;
    assert_finds("linux/amd64", '1');
    copy_signed(PRODUCTION, "pointers/shop/kept.json");
    set_production(2001, '2');
    assert_finds("linux/amd64", '2');
    copy_signed("pointers/shop/kept.json", PRODUCTION);
    assert_fails(&err, find("linux/amd64", found, &err), ERR_TRUST, CODE_SEQUENCE, "2001");
    open_guard(1, true); /* another run on this host */
    assert_fails(&err, find("linux/amd64", found, &err), ERR_TRUST, CODE_SEQUENCE, "2001");
    assert_int_equal(guard_forget(guard, &bucket->store, PRODUCTION, &err), 0);
    assert_finds("linux/amd64", '1');
}

static void a_number_is_used_once(void **state)
{
    char found[DIGEST_TEXT_SIZE];
    struct err err;

    (void)state;
    assert_finds("linux/amd64", '1');
    set_production(2000, '2');
    assert_fails(&err, find("linux/amd64", found, &err), ERR_TRUST, CODE_SEQUENCE,
                 "another document");
}

/* ---- several signers ---- */

static void two_signers_may_be_needed(void **state)
{
    char found[DIGEST_TEXT_SIZE];
    struct err err;

    (void)state;
    open_guard(2, false);
    sign_as(KEY_OF(ONE, ""), SECOND, IMAGES, true);
    assert_fails(&err, find("linux/amd64", found, &err), ERR_TRUST, CODE_SIGNER, "1 of 2");
    sign_as(PRODUCTION, DEPLOY, "s3dock-environment", true); /* the same one again */
    assert_fails(&err, find("linux/amd64", found, &err), ERR_TRUST, CODE_SIGNER, "1 of 2");
    sign_as(PRODUCTION, STRANGER, "s3dock-environment", true);
    assert_fails(&err, find("linux/amd64", found, &err), ERR_TRUST, CODE_SIGNER, "1 of 2");
    sign_as(PRODUCTION, SECOND, "s3dock-environment", true);
    assert_finds("linux/amd64", '1');
}

/* A person who promotes learns why the signatures are not read. */
static void too_many_signatures_are_counted(void **state)
{
    char found[DIGEST_TEXT_SIZE];
    struct err err;

    (void)state;
    huge_signatures();
    assert_fails(&err, find("linux/amd64", found, &err), ERR_TRUST, CODE_SIGNATURE,
                 "1048576 bytes, more than 65536");
}

/* ---- whose number counts ---- */

static int counts(const char *key)
{
    _cleanup_text_ struct text document = {0};
    struct guard_image image;
    struct err err;
    int answer;

    text_init(&document, MIB);
    get(key, &document);
    guard_image_init(&image, guard, NULL);
    answer = image.reader.is_signed(&image.reader, &bucket->store, key, text_view(&document), &err);
    guard_image_finish(&image);
    return answer;
}

static void only_the_number_of_a_permitted_signer_counts(void **state)
{
    static void (*const attacks[])(void) = {
        unsigned_pointer,
        changed_pointer,
        pointer_of_another_environment,
        pointer_signed_for_images,
        pointer_signed_by_the_ci,
        pointer_signed_by_one_who_may_not,
        pointer_signed_by_a_stranger,
        pointer_signed_with_an_expired_key,
        huge_signatures,
        pointer_of_tomorrow,
        unsigned_pointer_of_older_programs,
    };

    assert_int_equal(counts(PRODUCTION), 1);
    assert_int_equal(counts(V1), 1);
    for (size_t i = 0; i < ARRAY_SIZE(attacks); i++) {
        tear_down(state);
        set_up(state);
        attacks[i]();
        if (counts(PRODUCTION) != 0)
            fail_msg("attack %zu", i);
    }
    tear_down(state);
    set_up(state);
    open_guard(2, false); /* the second signature may be added later */
    assert_int_equal(counts(PRODUCTION), 1);
}

/* ---- races ---- */

/* A store that changes the bucket before a request. */
struct racer {
    struct store store;
    const char *key; /* before the first request for this key */
    void (*change)(void);
};

static struct racer racer;

static void submit_late(struct store *store, struct store_op *op)
{
    void (*change)(void) = racer.change;

    (void)store;
    if (change && op->verb == STORE_GET && strcmp(op->key, racer.key) == 0) {
        racer.change = NULL;
        change();
    }
    store_submit(&bucket->store, op);
}

static int read_production(struct guarded *meant, struct err *err)
{
    static const struct store_table table = {.submit = submit_late};

    racer.store = bucket->store;
    racer.store.table = &table;
    return guard_environment(guard, &racer.store, "shop", "production", meant, err);
}

static void sign_production(void)
{
    sign_as(PRODUCTION, DEPLOY, "s3dock-environment", false);
}

/* The writer has written its document, and the signature object of the former one was read. */
static void a_writer_between_its_two_writes_is_waited_for(void **state)
{
    struct wanted wanted = TO_ONE;
    struct guarded meant;
    struct err err = {.text = ""};

    (void)state;
    wanted.sequence = 3000;
    put_pointer(PRODUCTION, &wanted);
    racer = (struct racer){.key = PRODUCTION};
    assert_fails(&err, read_production(&meant, &err), ERR_TRUST, CODE_SIGNATURE, PRODUCTION);
    racer = (struct racer){.key = signatures_of(PRODUCTION), .change = sign_production};
    if (read_production(&meant, &err))
        fail_msg("%s", err.text);
    assert_int_equal(meant.statement.sequence, 3000);
}

/* The document changes between the reads: only proven bytes are used. */
static void an_exchange_between_the_reads_is_refused(void **state)
{
    struct guarded meant;
    struct err err = {.text = ""};

    (void)state;
    racer = (struct racer){.key = signatures_of(PRODUCTION), .change = changed_pointer};
    if (read_production(&meant, &err) == 0)
        assert_string_equal(meant.resolved.archive_key, TARGET_ONE);
    else
        assert_int_equal(err.family, ERR_TRUST);
}

/* ---- settings ---- */

static void a_guard_needs_its_files(void **state)
{
    struct guard_settings settings = {.signers = path_of("nowhere"), .policy = {.min = 1}};
    struct err err;

    (void)state;
    assert_null(guard_open(&settings, &err));
    assert_true(err_is(&err, ERR_USAGE, CODE_SIGNERS));
    settings = (struct guard_settings){
        .signers = path_of("signers"), .revoked = path_of("nowhere"), .policy = {.min = 1}};
    assert_null(guard_open(&settings, &err));
    assert_true(err_is(&err, ERR_USAGE, CODE_SIGNERS));
    assert_int_equal(chmod(path_of("signers"), 0666), 0);
    settings.revoked = NULL;
    assert_null(guard_open(&settings, &err));
    assert_true(err_is(&err, ERR_USAGE, CODE_OWNER));
    assert_int_equal(chmod(path_of("signers"), 0600), 0);
}

static void without_a_guard_nothing_is_demanded(void **state)
{
    struct guarded meant;
    struct err err = {.text = ""};

    (void)state;
    unsigned_pointer_of_older_programs();
    if (guard_environment(NULL, &bucket->store, "shop", "production", &meant, &err))
        fail_msg("%s", err.text);
    assert_false(meant.stated);
    assert_string_equal(meant.resolved.archive_key, TARGET_TWO);
}

static int create_people(void **state)
{
    (void)state;
    if (scratch_create())
        return -1;
    for (unsigned i = 0; i < PEOPLE; i++)
        people[i] = ssh_signer_of((uint8_t)(i + 1));
    write_signers();
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(signed_documents_are_used),
        TEST(no_attack_leads_to_another_image),
        TEST(a_retired_image_is_proven),
        TEST(a_false_tombstone_is_refused),
        TEST(an_old_pointer_is_refused),
        TEST(a_number_is_used_once),
        TEST(two_signers_may_be_needed),
        TEST(too_many_signatures_are_counted),
        TEST(only_the_number_of_a_permitted_signer_counts),
        TEST(a_writer_between_its_two_writes_is_waited_for),
        TEST(an_exchange_between_the_reads_is_refused),
        TEST(a_guard_needs_its_files),
        TEST(without_a_guard_nothing_is_demanded),
    };

    return cmocka_run_group_tests(tests, create_people, scratch_teardown);
}
