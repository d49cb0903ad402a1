/* The blob begins with the name of its form, and the table of forms states what follows. */
#include "sign/ssh_key.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "sign/armor.h"
#include "sign/cert_fields.h"
#include "sign/wire.h"

#define ED25519_SIZE     32
#define RSA_BITS_MIN     2048
#define RSA_BITS_MAX     16384
#define RSA_EXPONENT_MAX 8 /* bytes; usual: 65537. The work of a verification grows with it. */

struct form {
    const char *name, *cert;
    const char *curve; /* ECDSA */
    size_t point;      /* bytes; 0: RSA */
    bool on_token;     /* a security key: the application follows */
};

static const struct form FORMS[] = {
    [SSH_ED25519] = {"ssh-ed25519", "ssh-ed25519-cert-v01@openssh.com", .point = ED25519_SIZE},
    [SSH_ECDSA_P256] = {"ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256-cert-v01@openssh.com",
                        "nistp256", 1 + 2 * 32},
    [SSH_ECDSA_P384] = {"ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384-cert-v01@openssh.com",
                        "nistp384", 1 + 2 * 48},
    [SSH_ECDSA_P521] = {"ecdsa-sha2-nistp521", "ecdsa-sha2-nistp521-cert-v01@openssh.com",
                        "nistp521", 1 + 2 * 66},
    [SSH_RSA] = {"ssh-rsa", "ssh-rsa-cert-v01@openssh.com"},
    [SSH_SK_ED25519] = {"sk-ssh-ed25519@openssh.com", "sk-ssh-ed25519-cert-v01@openssh.com",
                        .point = ED25519_SIZE, .on_token = true},
    [SSH_SK_ECDSA] = {"sk-ecdsa-sha2-nistp256@openssh.com",
                      "sk-ecdsa-sha2-nistp256-cert-v01@openssh.com", "nistp256", 1 + 2 * 32, true},
};

const char *ssh_key_name(const struct ssh_key *key)
{
    return key->is_cert ? FORMS[key->kind].cert : FORMS[key->kind].name;
}

static bool find_form(struct view name, struct ssh_key *key)
{
    for (size_t i = 0; i < ARRAY_SIZE(FORMS); i++) {
        key->kind = (enum ssh_kind)i;
        key->is_cert = view_equals_str(name, FORMS[i].cert);
        if (key->is_cert || view_equals_str(name, FORMS[i].name))
            return true;
    }
    return false;
}

bool ssh_key_is_name(struct view word)
{
    struct ssh_key key;

    return find_form(word, &key);
}

/* Returns the number of bits of a positive number in its shortest form. */
static size_t count_bits(struct view number)
{
    size_t zero = number.size > 0 && number.data[0] == 0; /* the sign */
    size_t bits = 8 * (number.size - zero);

    for (unsigned bit = 0x80; bits > 0 && bit && !(number.data[zero] & bit); bit >>= 1)
        bits--;
    return bits;
}

static const char *read_rsa(struct wire_reader *reader, struct ssh_key *key)
{
    size_t bits;

    key->exponent = wire_positive(reader);
    key->modulus = wire_positive(reader);
    bits = count_bits(key->modulus);
    if (reader->failed)
        return "its RSA key is malformed";
    if (bits < RSA_BITS_MIN)
        return "its RSA key is shorter than 2048 bits";
    if (bits > RSA_BITS_MAX)
        return "its RSA key is longer than 16384 bits";
    return key->exponent.size > RSA_EXPONENT_MAX ? "the exponent of its RSA key is too long" : NULL;
}

static const char *read_point(struct wire_reader *reader, const struct form *form,
                              struct ssh_key *key)
{
    if (form->curve && !view_equals_str(wire_string(reader), form->curve))
        return "its curve does not fit its type";
    key->point = wire_string(reader);
    if (reader->failed || key->point.size != form->point ||
        (form->curve && key->point.data[0] != 4))
        return "its point is malformed";
    if (form->on_token)
        key->application = wire_string(reader);
    return reader->failed ? "it ends too early" : NULL;
}

static const char *read_fields(struct wire_reader *reader, struct ssh_key *key)
{
    const struct form *form = &FORMS[key->kind];
    const uint8_t *begin = reader->left.data;
    const char *fault = form->point == 0 ? read_rsa(reader, key) : read_point(reader, form, key);

    if (!fault)
        key->fields = view_of(begin, (size_t)(reader->left.data - begin));
    return fault;
}

/* Reads the name of the form and the key. */
static const char *read_beginning(struct wire_reader *reader, struct ssh_key *key)
{
    *key = (struct ssh_key){.blob = reader->left};
    if (reader->left.size > SSH_BLOB_MAX)
        return "it is too long";
    if (!find_form(wire_string(reader), key))
        return "its type is not supported";
    if (key->is_cert)
        wire_string(reader); /* nonce */
    return read_fields(reader, key);
}

const char *ssh_key_read_plain(struct view blob, struct ssh_key *key)
{
    struct wire_reader reader = wire_of(blob);
    const char *fault = read_beginning(&reader, key);

    if (!fault && key->is_cert)
        return "it is a certificate";
    return !fault && !wire_ended(&reader) ? "bytes follow it" : fault;
}

static const char *read_cert(struct wire_reader *reader, struct ssh_key *key)
{
    struct ssh_key ca;

    if (!cert_fields_read(reader, key->blob, &key->cert) || !wire_ended(reader))
        return "its certificate is malformed";
    return ssh_key_read_plain(key->cert.ca, &ca) ? "the key of its CA is refused" : NULL;
}

const char *ssh_key_read(struct view blob, struct ssh_key *key)
{
    struct wire_reader reader = wire_of(blob);
    const char *fault = read_beginning(&reader, key);

    if (!fault && key->is_cert)
        return read_cert(&reader, key);
    return !fault && !wire_ended(&reader) ? "bytes follow it" : fault;
}

/* ---- text ---- */

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t';
}

/* Cuts a word and the blanks behind it. */
static struct view cut_word(struct view *line)
{
    struct view word = {line->data, 0};
    size_t at = 0;

    while (at < line->size && !is_blank(line->data[at]))
        at++;
    word.size = at;
    while (at < line->size && is_blank(line->data[at]))
        at++;
    *line = view_of(line->data + at, line->size - at);
    return word;
}

const char *ssh_key_read_text(struct view *line, struct text *blob, struct ssh_key *key)
{
    struct view rest = *line, name = cut_word(&rest), base64 = cut_word(&rest);
    const char *fault;

    if (!find_form(name, key))
        return "its type is not supported";
    if (!armor_decode(base64, blob))
        return "its base64 is malformed";
    fault = ssh_key_read(text_view(blob), key);
    if (!fault && !view_equals_str(name, ssh_key_name(key)))
        fault = "its type differs from the type before it";
    if (!fault)
        *line = rest;
    return fault;
}

/* ---- comparison ---- */

bool ssh_key_same(const struct ssh_key *a, const struct ssh_key *b)
{
    return a->kind == b->kind && view_equals(a->fields, b->fields);
}

void ssh_key_add_plain(struct text *out, const struct ssh_key *key)
{
    wire_add_string(out, view_str(FORMS[key->kind].name));
    text_add(out, key->fields.data, key->fields.size);
}

void ssh_key_fingerprint(const struct ssh_key *key, char out[SSH_FINGERPRINT_SIZE])
{
    _cleanup_text_ struct text blob = {0};
    char base64[BASE64_SIZE(SHA256_SIZE)];
    uint8_t digest[SHA256_SIZE];

    text_init(&blob, SSH_BLOB_MAX);
    ssh_key_add_plain(&blob, key);
    sha256_of(text_view(&blob), digest);
    base64_encode(digest, sizeof digest, base64);
    snprintf(out, SSH_FINGERPRINT_SIZE, "SHA256:%.43s", base64);
}
