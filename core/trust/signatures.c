/*
 * The object is replaced as a whole, on condition of the ETag that was read. The newest block is
 * the first one. So of blocks that prove nothing here, the oldest are dropped: those of former
 * documents. Blocks of writers that are between their two writes prove nothing yet, and must stay.
 */
#include "trust/signatures.h"

#include <string.h>

#include "base/codes.h"
#include "base/err.h"
#include "catalog/conditions.h"
#include "catalog/metadata.h"
#include "catalog/statement.h"
#include "sign/armor.h"
#include "sign/sshsig.h"

#define TRIES_MAX 16

void signatures_split(struct view text, struct signatures *out)
{
    out->count = 0;
    while (out->count < SIGNATURES_MAX &&
           armor_next(&text, &out->blocks[out->count]) == ARMOR_BLOCK)
        out->count++;
}

/* ---- reading ---- */

/* Takes an object that is too large as one without signatures, which a writer replaces. */
static int check_signatures(struct store *store, struct signed_document *out, struct store_op *op,
                            struct err *err)
{
    enum store_answer answer = op->answer;

    if (answer == STORE_FAILED && err_is(&op->err, ERR_INTEGRITY, CODE_TOO_LARGE)) {
        text_clear(&out->signatures);
        answer = store_head(store, op->key, &op->info, &op->err);
        if (answer == STORE_DONE && op->info.size > SIGNATURES_SIZE_MAX)
            out->too_large = op->info.size;
    }
    if (answer == STORE_FAILED) {
        *err = op->err;
        return ERR_FAIL;
    }
    if (answer != STORE_DONE || out->signatures.failed)
        text_clear(&out->signatures);
    if (answer == STORE_DONE)
        str_copy(out->signatures_etag, sizeof out->signatures_etag, op->info.etag);
    return 0;
}

int signatures_read(struct store *store, const char *key, struct text *out, struct err *err)
{
    char signatures[KEY_MAX];
    enum store_answer answer;

    if (!key_signatures(signatures, key))
        return err_set(err, ERR_INTERNAL, CODE_KEY, "%s is not the key of a document", key);
    answer = store_get_document(store, signatures, out, NULL, err);
    if (answer != STORE_DONE || out->failed)
        text_clear(out);
    return answer == STORE_FAILED && !err_is(err, ERR_INTEGRITY, CODE_TOO_LARGE) ? ERR_FAIL : 0;
}

static enum store_answer check_document(const char *key, struct signed_document *out,
                                        struct store_op *op, struct err *err)
{
    if (op->answer == STORE_FAILED)
        *err = op->err;
    if (op->answer != STORE_DONE)
        return op->answer;
    str_copy(out->etag, sizeof out->etag, op->info.etag);
    return text_check(&out->document, key, err) ? STORE_FAILED : STORE_DONE;
}

static enum store_answer read_both(struct store *store, const char *key, size_t max, bool in_order,
                                   struct signed_document *out, struct err *err)
{
    char signatures[KEY_MAX];
    struct store_op ops[] = {{.verb = STORE_GET, .key = key, .text = &out->document},
                             {.verb = STORE_GET, .key = signatures, .text = &out->signatures}};
    struct store_op *all[] = {&ops[0], &ops[1]};

    text_finish(&out->document);
    text_finish(&out->signatures);
    *out = (struct signed_document){.etag = ""};
    text_init(&out->document, max);
    text_init(&out->signatures, SIGNATURES_SIZE_MAX);
    if (!key_signatures(signatures, key)) {
        err_set(err, ERR_INTERNAL, CODE_KEY, "%s is not the key of a document", key);
        return STORE_FAILED;
    }
    if (in_order ? store_run_all(store, &all[0], 1, err) || store_run_all(store, &all[1], 1, err)
                 : store_run_all(store, all, ARRAY_SIZE(all), err))
        return STORE_FAILED;
    return check_signatures(store, out, &ops[1], err) ? STORE_FAILED
                                                      : check_document(key, out, &ops[0], err);
}

enum store_answer signed_document_read(struct store *store, const char *key, size_t max,
                                       struct signed_document *out, struct err *err)
{
    return read_both(store, key, max, false, out, err);
}

enum store_answer signed_document_read_again(struct store *store, const char *key, size_t max,
                                             struct signed_document *out, struct err *err)
{
    return read_both(store, key, max, true, out, err);
}

void signed_document_finish(struct signed_document *document)
{
    text_finish(&document->document);
    text_finish(&document->signatures);
}

/* ---- adding ---- */

/* A block that is being added. */
struct addition {
    struct store *store;
    const char *key;
    char signatures_key[KEY_MAX];
    const char *name_space;
    struct view document, block;
    struct sshsig sig; /* of the block */
    bool conditional;
};

/* The decision about a block that the object has. */
enum fate { FATE_STAYS, FATE_OTHER, FATE_REPLACED };

static enum fate fate_of(const struct addition *a, struct view block, struct view present)
{
    struct sshsig sig = {0};
    struct err ignored;
    enum fate fate = FATE_OTHER;

    if (sshsig_parse(block, &sig, &ignored) == 0) {
        bool new_one = sshsig_prove(&sig, a->name_space, a->document, &ignored) == 0;

        if (new_one && ssh_key_same(&sig.key, &a->sig.key))
            fate = FATE_REPLACED;
        else if (new_one || sshsig_prove(&sig, a->name_space, present, &ignored) == 0)
            fate = FATE_STAYS;
    }
    sshsig_finish(&sig);
    return fate;
}

static bool add_block(struct text *out, unsigned *count, struct view block)
{
    if (*count == SIGNATURES_MAX || out->size + block.size + 2 > SIGNATURES_SIZE_MAX)
        return false;
    text_add(out, block.data, block.size);
    text_char(out, '\n');
    ++*count;
    return true;
}

/* Writes the new content of the object. */
static void merge(const struct addition *a, const struct signed_document *there, struct text *out)
{
    enum fate fates[SIGNATURES_MAX];
    struct signatures blocks;
    unsigned count = 0, others = 0;

    signatures_split(text_view(&there->signatures), &blocks);
    (void)add_block(out, &count, a->block);
    for (unsigned i = 0; i < blocks.count; i++) {
        fates[i] = fate_of(a, blocks.blocks[i], text_view(&there->document));
        if (fates[i] == FATE_STAYS)
            (void)add_block(out, &count, blocks.blocks[i]);
    }
    for (unsigned i = 0; i < blocks.count && others < SIGNATURES_OTHER; i++)
        others += fates[i] == FATE_OTHER && add_block(out, &count, blocks.blocks[i]);
}

static bool has_block(const struct signed_document *there, struct view block)
{
    struct signatures blocks;

    signatures_split(text_view(&there->signatures), &blocks);
    for (unsigned i = 0; i < blocks.count; i++)
        if (view_equals(blocks.blocks[i], block))
            return true;
    return false;
}

/* Writes the object with the block. Returns 1 if it was written, 0 if another program was faster,
 * or may have been: without conditions, the next round reads the object back. */
static int write_object(const struct addition *a, const struct signed_document *there,
                        struct err *err)
{
    bool exists = there->signatures_etag[0] != '\0';
    _cleanup_text_ struct text text = {0};

    text_init(&text, SIGNATURES_SIZE_MAX);
    merge(a, there, &text);
    if (text_check(&text, a->signatures_key, err))
        return ERR_FAIL;
    switch (store_put_document(a->store, a->signatures_key, text_view(&text),
                               a->conditional && exists ? there->signatures_etag : NULL,
                               a->conditional && !exists, NULL, err)) {
    case STORE_FAILED:
        return ERR_FAIL;
    case STORE_DONE:
        return a->conditional;
    default:
        return 0;
    }
}

/* Returns 1 if the object has the block. */
static int try_once(const struct addition *a, struct err *err)
{
    struct signed_document there = {.etag = ""};
    int answer = ERR_FAIL;

    if (signed_document_read(a->store, a->key, METADATA_SIZE_MAX, &there, err) != STORE_FAILED)
        answer = has_block(&there, a->block) ? 1 : write_object(a, &there, err);
    signed_document_finish(&there);
    return answer;
}

static int add(struct addition *a, struct err *err)
{
    for (unsigned tries = 0; tries < TRIES_MAX; tries++) {
        int answer = try_once(a, err);

        if (answer)
            return answer < 0 ? ERR_FAIL : 0;
    }
    err_set(err, ERR_CONFLICT, "signatures",
            "other programs changed the signatures of %s during each try", a->key);
    return err_hint(err, "run the same command again");
}

int signatures_add(struct store *store, const char *key, struct view document, struct view armored,
                   struct err *err)
{
    struct addition a = {.store = store, .key = key, .document = document};
    struct view rest = armored;
    enum statement_kind kind;
    int answer;

    if (!statement_kind_of(key, &kind) || !key_signatures(a.signatures_key, key))
        return err_set(err, ERR_INTERNAL, CODE_KEY, "%s is not the key of a document", key);
    a.name_space = statement_namespace(kind);
    if (armor_next(&rest, &a.block) != ARMOR_BLOCK)
        return err_set(err, ERR_INTERNAL, CODE_SIGNATURE, "no signature to add to %s", key);
    if (conditions_find(store, &a.conditional, err) || sshsig_parse(a.block, &a.sig, err))
        return ERR_FAIL;
    answer = sshsig_prove(&a.sig, a.name_space, document, err) ? ERR_FAIL : add(&a, err);
    sshsig_finish(&a.sig);
    return answer;
}
