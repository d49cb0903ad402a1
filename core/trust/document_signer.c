/*
 * A document is signed only if its statement fits its key. So no caller can be made to sign the
 * document of another application.
 */
#include "trust/document_signer.h"

#include <string.h>

#include "base/clock.h"
#include "base/codes.h"
#include "base/err.h"
#include "sign/sshsig.h"
#include "trust/signatures.h"

#define ARMORED_MAX (32 * KIB)

static struct document_signer *self(struct signing *signing)
{
    return (struct document_signer *)signing;
}

/* Hosts refuse all numbers below the highest one that they have seen. A writer of the bucket must
 * not get a signature of a number that no later change exceeds. */
static int check_sequence(const char *key, const struct statement *statement, struct err *err)
{
    if (statement->sequence <= (uint64_t)((clock_wall() + STATEMENT_AHEAD) / NS_PER_MS))
        return 0;
    return err_set(
        err, ERR_INTEGRITY, CODE_SEQUENCE,
        "%s states the sequence number %llu, which is more than ten minutes ahead of the "
        "clock of this machine",
        key, (unsigned long long)statement->sequence);
}

/* Hosts refuse a document of a time that is yet to come. */
static int check_time(const char *key, const struct statement *statement, struct err *err)
{
    int64_t now = clock_wall();

    if (statement_time(statement, now) <= now + STATEMENT_AHEAD)
        return 0;
    return err_set(err, ERR_INTEGRITY, CODE_CLOCK,
                   "%s states the time %s, which is more than ten minutes ahead of the clock of "
                   "this machine",
                   key, statement->time);
}

int document_signer_check(const char *key, struct view document, struct statement *out,
                          struct err *err)
{
    switch (statement_read(key, document, out, err)) {
    case STATEMENT_READ:
        return check_sequence(key, out, err) || check_time(key, out, err) ? ERR_FAIL : 0;
    case STATEMENT_NONE:
        return err_set(err, ERR_UNSUPPORTED, CODE_STATEMENT,
                       "%s does not state the ids of its images, so it cannot be signed", key);
    case STATEMENT_OTHER:
        return err_set(err, ERR_INTEGRITY, CODE_STATEMENT,
                       "%s has the document of another application, name or platform: %s %s", key,
                       out->app, out->name);
    default:
        return ERR_FAIL;
    }
}

static int sign(struct document_signer *signer, const char *key, struct view document,
                struct err *err)
{
    struct statement statement;

    text_clear(&signer->armored);
    if (document_signer_check(key, document, &statement, err))
        return ERR_FAIL;
    if (sign_document(&signer->settings, statement_namespace(statement.kind), document,
                      &signer->armored, err))
        return ERR_FAIL;
    if (!signer->first.size)
        text_add(&signer->first, signer->armored.data, signer->armored.size);
    return 0;
}

static int before(struct signing *signing, struct store *store, const char *key,
                  struct view document, struct err *err)
{
    struct document_signer *signer = self(signing);

    return sign(signer, key, document, err) ||
                   signatures_add(store, key, document, text_view(&signer->armored), err)
               ? err_wrap(err, "cannot sign %s", key)
               : 0;
}

static int after(struct signing *signing, struct store *store, const char *key,
                 struct view document, struct err *err)
{
    if (signatures_add(store, key, document, text_view(&self(signing)->armored), err) == 0)
        return 0;
    return err_wrap(err, "%s was written, but its signature may be missing", key);
}

/* ---- who has signed ---- */

/* Returns SIGNING_OWN or SIGNING_OTHERS if the block proves the document, else 0. */
static int owner_of(struct view block, const struct sshsig *own, const char *name_space,
                    struct view document)
{
    struct sshsig sig = {0};
    struct err ignored;
    int answer = 0;

    if (sshsig_parse(block, &sig, &ignored) == 0 &&
        sshsig_prove(&sig, name_space, document, &ignored) == 0)
        answer = ssh_key_same(&sig.key, &own->key) ? SIGNING_OWN : SIGNING_OTHERS;
    sshsig_finish(&sig);
    return answer;
}

static int owners(struct document_signer *signer, struct store *store, const char *key,
                  struct view document, struct err *err)
{
    _cleanup_text_ struct text there = {0};
    struct sshsig own = {0};
    struct signatures blocks = {.count = 0};
    enum statement_kind kind;
    int answer = 0;

    text_init(&there, SIGNATURES_SIZE_MAX);

    if (!statement_kind_of(key, &kind) || signatures_read(store, key, &there, err) ||
        sshsig_parse(text_view(&signer->first), &own, err))
        answer = ERR_FAIL;
    else
        signatures_split(text_view(&there), &blocks);
    for (unsigned i = 0; answer >= 0 && i < blocks.count; i++)
        answer |= owner_of(blocks.blocks[i], &own, statement_namespace(kind), document);
    sshsig_finish(&own);
    return answer;
}

static int state(struct signing *signing, struct store *store, const char *key,
                 struct view document, struct err *err)
{
    struct document_signer *signer = self(signing);

    if (!signer->first.size && sign(signer, key, document, err))
        return ERR_FAIL;
    return owners(signer, store, key, document, err);
}

/* ---- the signer ---- */

void document_signer_init(struct document_signer *signer, const struct sign_settings *settings)
{
    static const struct signing_table table = {before, after, state};

    *signer = (struct document_signer){.signing = {&table}, .settings = *settings};
    text_init(&signer->armored, ARMORED_MAX);
    text_init(&signer->first, ARMORED_MAX);
}

void document_signer_finish(struct document_signer *signer)
{
    text_finish(&signer->armored);
    text_finish(&signer->first);
}

void document_signer_fingerprint(const struct document_signer *signer, char *out, size_t size)
{
    struct sshsig sig = {0};
    char text[SSH_FINGERPRINT_SIZE] = "";
    struct err ignored;

    if (sshsig_parse(text_view(&signer->first), &sig, &ignored) == 0)
        ssh_key_fingerprint(&sig.key, text);
    sshsig_finish(&sig);
    str_copy(out, size, text);
}
