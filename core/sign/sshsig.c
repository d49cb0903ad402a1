/* The signed bytes are built from the expected namespace, never from that of the signature. */
#include "sign/sshsig.h"

#include <openssl/evp.h>

#include "base/codes.h"
#include "base/err.h"
#include "sign/armor.h"
#include "sign/proof.h"
#include "sign/wire.h"

#define MAGIC      "SSHSIG"
#define MAGIC_SIZE 6
#define VERSION    1

/* ---- read ---- */

static int refuse(const char *reason, struct err *err)
{
    return err_set(err, ERR_TRUST, CODE_SIGNATURE, "a signature is refused: %s", reason);
}

static int refuse_key(const char *reason, struct err *err)
{
    return err_set(err, ERR_TRUST, CODE_SIGNATURE, "a signature is refused because of its key: %s",
                   reason);
}

static int unwrap(struct view armored, struct text *blob, struct err *err)
{
    struct view block, rest;

    if (armor_next(&armored, &block) != ARMOR_BLOCK)
        return refuse("it has no BEGIN and END line", err);
    if (armor_next(&armored, &rest) != ARMOR_END)
        return refuse("bytes follow its END line", err);
    if (!armor_decode(armor_body(block), blob))
        return refuse("its base64 is malformed or too long", err);
    return 0;
}

static int read_blob(struct sshsig *sig, struct err *err)
{
    struct wire_reader reader = wire_of(text_view(&sig->blob));
    struct view key, hash;
    const char *fault;

    if (!view_equals_str(wire_bytes(&reader, MAGIC_SIZE), MAGIC))
        return refuse("it does not begin with SSHSIG", err);
    if (wire_number(&reader, 4) != VERSION)
        return refuse("its version is not 1", err);
    key = wire_string(&reader);
    sig->name_space = wire_string(&reader);
    wire_string(&reader); /* reserved: to be ignored */
    hash = wire_string(&reader);
    sig->signature = wire_string(&reader);
    sig->sha512 = view_equals_str(hash, "sha512");
    if (!wire_ended(&reader))
        return refuse("it is malformed", err);
    if (sig->name_space.size == 0)
        return refuse("its namespace is empty", err);
    if (!sig->sha512 && !view_equals_str(hash, "sha256"))
        return refuse("its hash is neither sha512 nor sha256", err);
    fault = ssh_key_read(key, &sig->key);
    return fault ? refuse_key(fault, err) : 0;
}

int sshsig_parse(struct view armored, struct sshsig *sig, struct err *err)
{
    *sig = (struct sshsig){0};
    text_init(&sig->blob, SSHSIG_FILE_MAX);
    if (unwrap(armored, &sig->blob, err) == 0 && read_blob(sig, err) == 0)
        return 0;
    sshsig_finish(sig);
    return ERR_FAIL;
}

void sshsig_finish(struct sshsig *sig)
{
    text_finish(&sig->blob);
    *sig = (struct sshsig){0};
}

/* ---- prove ---- */

static void add_digest(struct text *out, const struct sshsig *sig, struct view message)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;

    if (EVP_Digest(message.data, message.size, digest, &size,
                   sig->sha512 ? EVP_sha512() : EVP_sha256(), NULL) != 1)
        out->failed = true;
    else
        wire_add_string(out, view_of(digest, size));
}

int sshsig_prove(const struct sshsig *sig, const char *name_space, struct view message,
                 struct err *err)
{
    _cleanup_text_ struct text data = {0};
    const char *fault;

    if (!view_equals_str(sig->name_space, name_space))
        return err_set(err, ERR_TRUST, CODE_SIGNATURE,
                       "a signature is refused: its namespace is %.*s, expected %s",
                       (int)(sig->name_space.size < 64 ? sig->name_space.size : 64),
                       (const char *)sig->name_space.data, name_space);
    text_init(&data, KIB);
    text_str(&data, MAGIC);
    wire_add_string(&data, view_str(name_space));
    wire_add_string(&data, view_str("")); /* reserved */
    wire_add_string(&data, view_str(sig->sha512 ? "sha512" : "sha256"));
    add_digest(&data, sig, message);
    if (data.failed)
        return err_memory(err, "a signature");
    fault = proof_fault(&sig->key, sig->key.is_cert && sig->key.cert.verify_required,
                        sig->signature, text_view(&data));
    return fault ? refuse(fault, err) : 0;
}
