#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "catalog/release.h"
#include "catalog/statement.h"
#include "kit/fault_store.h"
#include "kit/memory_store.h"
#include "kit/scratch.h"
#include "kit/ssh_signer.h"
#include "sign/sshsig.h"
#include "trust/signatures.h"

#define PRODUCTION  "pointers/shop/production.json"
#define SIGNATURES  "signatures/pointers/shop/production.sig"
#define ENVIRONMENT "s3dock-environment"
#define ONE         "shop:20251130-0101-0000001"
#define TWO         "shop:20251130-0202-0000002"
#define THREE       "shop:20251130-0303-0000003"

/* A store that can end: all requests after the last one fail, as for a process that was killed. */
static struct front {
    struct fault_store fault; /* first */
    unsigned requests, last;  /* the last one that is executed; 0: no limit */
    bool answer_lost;         /* the last one is executed, but its response is lost */
    unsigned stop_at;         /* the request before which `meanwhile` runs; 0: none */
    void (*meanwhile)(void);
} front;

static struct memory_store *memory;
static struct ssh_signer alice, bob;
static struct err err;

static void fine(int answer)
{
    if (answer < 0)
        fail_msg("%s.%s: %s", err_family_name(err.family), err.code, err.text);
}

static bool intercept(struct fault_store *fault, struct store_op *op)
{
    (void)fault;
    front.requests++;
    if (front.stop_at && front.requests == front.stop_at) {
        void (*meanwhile)(void) = front.meanwhile;

        front.stop_at = 0;
        meanwhile();
    }
    if (!front.last || front.requests < front.last ||
        (front.answer_lost && front.requests == front.last)) {
        if (!front.answer_lost || front.requests != front.last)
            return false;
        fault_store_run(&front.fault, op);
    }
    fault_store_fail(op, ERR_CANCELLED, "killed", STORE_NO_ANSWER);
    return true;
}

static void put(const char *key, const char *body)
{
    assert_int_equal(
        store_put_document(&memory->store, key, view_str(body), NULL, false, NULL, &err),
        STORE_DONE);
}

static void put_image(const char *ref, char digit)
{
    struct image_name name;
    char key[KEY_MAX], json[1024], id[65];

    fine(name_parse_image(ref, &name, &err));
    memset(id, digit, 64);
    id[64] = '\0';
    key_image(key, &name, NULL, KEY_ARCHIVE);
    put(key, "tar!");
    key_image(key, &name, NULL, KEY_METADATA);
    snprintf(json, sizeof json,
             "{\"app_name\":\"shop\",\"git_time\":\"%s\",\"git_hash\":\"%s\",\"size\":4,"
             "\"format\":2,\"platform\":\"linux/amd64\",\"image_id\":\"sha256:%s\"}",
             name.time, name.hash, id);
    put(key, json);
}

static void open_bucket(bool conditions)
{
    memory = memory_store_create(conditions ? "signed" : "signed-plain", conditions);
    memset(&front, 0, sizeof front);
    fault_store_init(&front.fault, &memory->store, intercept);
    put_image(ONE, 'a');
    put_image(TWO, 'b');
    put_image(THREE, 'c');
}

static void close_bucket(void)
{
    memory_store_destroy(memory);
}

/* ---- signing without a program ---- */

struct test_signing {
    struct signing signing; /* first */
    const struct ssh_signer *signer;
    struct text armored;
};

static int sign_before(struct signing *signing, struct store *store, const char *key,
                       struct view document, struct err *error)
{
    struct test_signing *test = (struct test_signing *)signing;

    text_clear(&test->armored);
    ssh_signer_sign(test->signer, ENVIRONMENT, document, &test->armored);
    return signatures_add(store, key, document, text_view(&test->armored), error);
}

static int sign_after(struct signing *signing, struct store *store, const char *key,
                      struct view document, struct err *error)
{
    struct test_signing *test = (struct test_signing *)signing;

    return signatures_add(store, key, document, text_view(&test->armored), error);
}

static int promote_through(struct store *store, const struct ssh_signer *signer, const char *ref)
{
    static const struct signing_table table = {sign_before, sign_after, NULL};
    struct test_signing signing = {.signing = {&table}, .signer = signer};
    struct release_options options = {.store = store, .by = {.user = "a"}, .now = clock_wall()};
    struct release_result result;
    struct image_name name;
    int answer;

    text_init(&signing.armored, SIGNATURES_SIZE_MAX);
    options.signing = &signing.signing;
    fine(name_parse_image(ref, &name, &err));
    answer = release_promote_image(&options, &name, "production", &result, &err);
    text_finish(&signing.armored);
    return answer;
}

/* Returns the number of blocks that prove the document of the bucket. `read`: how it is read. */
static unsigned count_proofs(enum store_answer (*read)(struct store *, const char *, size_t,
                                                       struct signed_document *, struct err *),
                             const char *ref)
{
    struct signed_document there = {.etag = ""};
    struct signatures blocks;
    unsigned count = 0;

    assert_int_equal(read(&memory->store, PRODUCTION, 64 * KIB, &there, &err), STORE_DONE);
    signatures_split(text_view(&there.signatures), &blocks);
    for (unsigned i = 0; i < blocks.count; i++) {
        struct sshsig sig = {0};
        struct err ignored;

        fine(sshsig_parse(blocks.blocks[i], &sig, &err));
        count += sshsig_prove(&sig, ENVIRONMENT, text_view(&there.document), &ignored) == 0;
        sshsig_finish(&sig);
    }
    if (ref && !strstr(there.document.data, ref))
        fail_msg("not %s: %s", ref, there.document.data);
    signed_document_finish(&there);
    return count;
}

static unsigned proofs(const char *ref)
{
    return count_proofs(signed_document_read, ref);
}

/* ---- interruptions ---- */

/* The process ends after each of its requests. The environment has its former image or the new one,
 * and a signature proves it. The next promotion succeeds. */
static void sweep_kills(bool conditions, bool answer_lost)
{
    bool ended = false;

    for (unsigned last = 1; !ended; last++) {
        open_bucket(conditions);
        fine(promote_through(&memory->store, &alice, ONE));
        front.last = last;
        front.answer_lost = answer_lost;
        ended = promote_through(&front.fault.store, &bob, TWO) == 0;
        if (!proofs(NULL))
            fail_msg("after request %u, no signature proves the environment", last);
        fine(promote_through(&memory->store, &bob, THREE));
        assert_int_equal(proofs(THREE), 1);
        close_bucket();
        assert_in_range(last, 1, 60);
    }
}

static void a_killed_promotion_leaves_a_proven_environment(void **state)
{
    (void)state;
    for (int way = 0; way < 4; way++)
        sweep_kills(way & 1, way & 2);
}

static void promote_as_bob(void)
{
    (void)promote_through(&memory->store, &bob, THREE);
}

/* Another writer signs, and is killed before it writes. */
static void begin_as_bob(void)
{
    _cleanup_text_ struct text armored = {0};
    struct view document = view_str("another document");

    text_init(&armored, 4096);
    ssh_signer_sign(&bob, ENVIRONMENT, document, &armored);
    fine(signatures_add(&memory->store, PRODUCTION, document, text_view(&armored), &err));
}

/* Another writer runs between two requests of the first one, whole or in part. */
static void sweep_races(bool conditions, void (*meanwhile)(void))
{
    bool ended = false;

    for (unsigned at = 1; !ended; at++) {
        open_bucket(conditions);
        fine(promote_through(&memory->store, &alice, ONE));
        front.stop_at = at;
        front.meanwhile = meanwhile;
        (void)promote_through(&front.fault.store, &alice, TWO);
        ended = front.stop_at != 0;
        if (!proofs(NULL))
            fail_msg("a writer before request %u: no signature proves the environment", at);
        close_bucket();
        assert_in_range(at, 1, 60);
    }
}

static void two_writers_leave_a_proven_environment(void **state)
{
    (void)state;
    sweep_races(true, promote_as_bob);
    sweep_races(true, begin_as_bob);
    /* A whole writer in the window of one request, which such a store has, may lose its
     * signature. */
    sweep_races(false, begin_as_bob);
}

/* ---- the object ---- */

static unsigned count_blocks(void)
{
    _cleanup_text_ struct text text = {0};
    struct signatures blocks;

    text_init(&text, SIGNATURES_SIZE_MAX);
    fine(signatures_read(&memory->store, PRODUCTION, &text, &err));
    signatures_split(text_view(&text), &blocks);
    return blocks.count;
}

static void add(const struct ssh_signer *signer, const char *document)
{
    _cleanup_text_ struct text armored = {0};

    text_init(&armored, 4096);
    ssh_signer_sign(signer, ENVIRONMENT, view_str(document), &armored);
    fine(signatures_add(&memory->store, PRODUCTION, view_str(document), text_view(&armored), &err));
}

static void signatures_of_several_people(void **state)
{
    (void)state;
    open_bucket(true);
    put(PRODUCTION, "{}");
    add(&alice, "{}");
    add(&bob, "{}");
    add(&alice, "{}");
    assert_int_equal(count_blocks(), 2);
    assert_int_equal(proofs(NULL), 2);
    close_bucket();
}

/* Interrupted writers leave their signatures. Only the newest ones stay. */
static void the_object_does_not_grow(void **state)
{
    char document[16];

    (void)state;
    open_bucket(true);
    put(PRODUCTION, "{}");
    add(&alice, "{}");
    for (int i = 0; i < 30; i++) {
        snprintf(document, sizeof document, "{\"a\":%d}", i);
        add(&alice, document);
    }
    assert_int_equal(count_blocks(), 1 + 1 + SIGNATURES_OTHER);
    assert_int_equal(proofs(NULL), 1);
    close_bucket();
}

static void many_signers_are_limited(void **state)
{
    (void)state;
    open_bucket(true);
    put(PRODUCTION, "{}");
    for (uint8_t i = 1; i <= SIGNATURES_MAX + 4; i++) {
        struct ssh_signer signer = ssh_signer_of(i);

        add(&signer, "{}");
    }
    assert_int_equal(count_blocks(), SIGNATURES_MAX);
    assert_int_equal(proofs(NULL), SIGNATURES_MAX);
    close_bucket();
}

/* A writer of the bucket can write this object. A signature can be added all the same. */
static void hostile_objects(void **state)
{
    static const char *const contents[] = {
        "",
        "nonsense",
        "-----BEGIN SSH SIGNATURE-----\n",
        "-----BEGIN SSH SIGNATURE-----\n-----END SSH SIGNATURE-----\n",
        "-----BEGIN SSH SIGNATURE-----\nU1NIU0lH\n-----END SSH SIGNATURE-----\nnonsense",
    };
    _cleanup_text_ struct text large = {0};

    (void)state;
    text_init(&large, MIB);
    for (size_t i = 0; i < 2 * SIGNATURES_SIZE_MAX / 8; i++)
        text_str(&large, "nonsense");
    for (size_t i = 0; i <= ARRAY_SIZE(contents); i++) {
        open_bucket(true);
        put(PRODUCTION, "{}");
        put(SIGNATURES, i < ARRAY_SIZE(contents) ? contents[i] : large.data);
        assert_in_range(count_blocks(), 0, 1);
        add(&alice, "{}");
        fine(promote_through(&memory->store, &bob, ONE));
        assert_in_range(count_blocks(), 1, 3);
        close_bucket();
    }
}

static void a_wrong_signature_is_not_added(void **state)
{
    _cleanup_text_ struct text armored = {0};
    struct store_info info;

    (void)state;
    open_bucket(true);
    text_init(&armored, 4096);
    ssh_signer_sign(&alice, ENVIRONMENT, view_str("{}"), &armored);
    assert_int_equal(
        signatures_add(&memory->store, PRODUCTION, view_str("{ }"), text_view(&armored), &err),
        ERR_FAIL);
    assert_int_equal(signatures_add(&memory->store, "tags/shop/v1.json", view_str("{}"),
                                    text_view(&armored), &err),
                     ERR_FAIL);
    assert_int_equal(signatures_add(&memory->store, PRODUCTION, view_str("{}"), view_str(""), &err),
                     ERR_FAIL);
    assert_int_equal(store_head(&memory->store, SIGNATURES, &info, &err), STORE_ABSENT);
    close_bucket();
}

/* A reader between the two writes of a writer reads again, in order. */
static void write_between(void)
{
    fine(promote_through(&memory->store, &bob, TWO));
}

static void a_reader_reads_again(void **state)
{
    struct signed_document there = {.etag = ""};

    (void)state;
    open_bucket(true);
    fine(promote_through(&memory->store, &alice, ONE));
    front.stop_at = 2; /* between document and signatures */
    front.meanwhile = write_between;
    assert_int_equal(
        signed_document_read_again(&front.fault.store, PRODUCTION, 64 * KIB, &there, &err),
        STORE_DONE);
    assert_non_null(strstr(there.document.data, ONE));
    signed_document_finish(&there);
    assert_int_equal(count_proofs(signed_document_read_again, TWO), 1);
    close_bucket();
}

static int set_up(void **state)
{
    (void)state;
    alice = ssh_signer_of(1);
    bob = ssh_signer_of(2);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_killed_promotion_leaves_a_proven_environment),
        cmocka_unit_test(two_writers_leave_a_proven_environment),
        cmocka_unit_test(signatures_of_several_people),
        cmocka_unit_test(the_object_does_not_grow),
        cmocka_unit_test(many_signers_are_limited),
        cmocka_unit_test(hostile_objects),
        cmocka_unit_test(a_wrong_signature_is_not_added),
        cmocka_unit_test(a_reader_reads_again),
    };

    return cmocka_run_group_tests_name("trust/signatures", tests, set_up, NULL);
}
