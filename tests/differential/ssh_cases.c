/*
 * ssh_cases - writes signatures and files of signers, and what s3dock decides about them, for
 * tests/differential/ssh_keygen.
 *
 *     ssh_cases DIR COUNT SEED
 *
 * Case N is DIR/N.allowed, DIR/N.sig and DIR/N.revoked; all sign DIR/message. One line a case goes
 * to standard output, with tabs: number, identity, namespace, time, decision (yes, no), why
 * ssh-keygen may decide otherwise (-, stricter, damaged), principals (- if unknown), reason.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/random.h"
#include "sign/revoked.h"
#include "sign/signers.h"
#include "sign/sshsig.h"
#include "tests/kit/ssh_forge.h"

#define MESSAGE "{\"image\":\"shop\"}\n"
#define TIME    INT64_C(1780000000)

static const enum ssh_kind KINDS[] = {SSH_ED25519, SSH_ED25519, SSH_ECDSA_P256, SSH_SK_ED25519,
                                      SSH_SK_ECDSA};
static const char *const PRINCIPALS[] = {
    "ci@x",  "*@x",      "ci@x,dev@x", "*",    "*@x,!ci@x", "c?@x",          "\"ci@x\"",
    "dev@x", "!dev@x,*", "\"ci@x,y\"", "CI@x", "ci@x,",     "ci@x,!dev*,*@y"};
static const char *const OPTIONS[] = {"",
                                      "",
                                      "namespaces=\"a\"",
                                      "namespaces=\"a,b\"",
                                      "namespaces=\"*,!b\"",
                                      "NameSpaces=\"?\"",
                                      "namespaces=\"\"",
                                      "valid-after=\"20260101\"",
                                      "valid-after=\"20260528202640Z\"",
                                      "valid-after=\"20260528202641Z\"",
                                      "valid-before=\"20260528202640\"",
                                      "valid-before=\"20260528202639Z\"",
                                      "valid-before=\"20260101\"",
                                      "valid-after=\"20260101\",valid-before=\"20270101\"",
                                      "valid-after=\"20260101Z\",namespaces=\"a\""};
static const char *const IDENTITIES[] = {"ci@x", "ci@x", "ci@x", "dev@x", "ci@y", "y"};
static const char *const CERT_NAMES[] = {"ci@x", "dev@x", "other", "ci@x", "*@x"};

struct dice {
    uint64_t state;
};

struct one_case {
    struct text line, armored, revoked;
    const char *identity, *name_space;
    bool damaged; /* bytes were changed at random: s3dock may be stricter */
    bool strict;  /* s3dock is stricter on purpose */
    bool has_revoked;
};

/* ---- make ---- */

static size_t roll(struct dice *dice, size_t sides)
{
    return (size_t)(random_next(&dice->state) % sides);
}

static bool one_in(struct dice *dice, size_t sides)
{
    return roll(dice, sides) == 0;
}

static const char *pick(struct dice *dice, const char *const *from, size_t count)
{
    return from[roll(dice, count)];
}

#define PICK(dice, from) pick(dice, from, ARRAY_SIZE(from))

/* Changes a byte of a text at random, or removes or doubles it. */
static void damage(struct dice *dice, struct text *text)
{
    size_t at = roll(dice, text->size);
    struct text copy;

    text_init(&copy, text->size + 2);
    text_add(&copy, text->data, at);
    switch (roll(dice, 3)) {
    case 0:
        text_char(&copy, (char)(text->data[at] ^ 1 << roll(dice, 7)));
        break;
    case 1:
        text_char(&copy, text->data[at]);
        text_char(&copy, text->data[at]);
        break;
    default:
        break;
    }
    text_add(&copy, text->data + at + 1, text->size - at - 1);
    text_finish(text);
    *text = copy;
}

static void make_cert(struct dice *dice, const struct forge_key *key, const struct forge_key *ca,
                      struct one_case *it, struct text *out)
{
    static const uint64_t AFTER[] = {0, 0, TIME, TIME + 1};
    static const uint64_t BEFORE[] = {UINT64_MAX, TIME + 1, TIME, 1};
    struct forge_cert cert = {.serial = roll(dice, 3),
                              .type = one_in(dice, 16) ? 2 : 1,
                              .key_id = one_in(dice, 3) ? "lost" : "id",
                              .valid_after = AFTER[one_in(dice, 4) ? roll(dice, 4) : 0],
                              .valid_before = BEFORE[one_in(dice, 4) ? roll(dice, 4) : 0],
                              .reserved = one_in(dice, 4) ? "x" : ""};

    for (size_t i = 0, count = roll(dice, 4); i < count; i++)
        cert.principals[i] = PICK(dice, CERT_NAMES);
    if (one_in(dice, 8)) {
        cert.critical = one_in(dice, 2) ? "verify-required" : "force-command";
        it->strict = true;
    }
    forge_certify(key, ca, &cert, out);
    for (size_t i = 0; i < 4 && cert.principals[i]; i++)
        it->strict |= strcmp(cert.principals[i], "*@x") == 0; /* not an identity here */
    if (one_in(dice, 8)) {                                    /* a byte of the CA's signature */
        out->data[out->size - 3] ^= 1;
        it->strict = false;
    }
}

/* Writes a list of revoked keys. */
static void make_revoked(struct dice *dice, const struct forge_key *key, struct one_case *it)
{
    struct text line, section;

    it->has_revoked = true;
    if (one_in(dice, 2)) {
        forge_line("", "", text_view(&key->blob), &line);
        text_str(&it->revoked, line.data + 1);
        text_finish(&line);
        return;
    }
    text_init(&section, KIB);
    if (one_in(dice, 2)) {
        wire_add_string(&section, text_view(&key->blob));
    } else {
        wire_add_string(&section, view_str("")); /* of every CA */
        wire_add_string(&section, view_str(""));
        wire_add_number(&section, one_in(dice, 2) ? 0x20 : 0x23, 1);
        if (section.data[section.size - 1] == 0x20)
            wire_add_string(&section, view_of("\0\0\0\0\0\0\0\2", 8));
        else
            wire_add_string(&section, view_of("\0\0\0\4lost", 8));
    }
    text_add(&it->revoked, "SSHKRL\n", 8);
    wire_add_number(&it->revoked, 1, 4);
    for (int i = 0; i < 3; i++)
        wire_add_number(&it->revoked, 0, 8);
    wire_add_string(&it->revoked, view_str(""));
    wire_add_string(&it->revoked, view_str(""));
    wire_add_number(&it->revoked, section.data[4] == 0 && section.size < 40 ? 1 : 2, 1);
    wire_add_string(&it->revoked, text_view(&section));
    text_finish(&section);
}

static void make_case(struct dice *dice, struct one_case *it)
{
    enum ssh_kind kind = KINDS[roll(dice, ARRAY_SIZE(KINDS))];
    struct forge_key key = forge_key_make(kind, (uint8_t)(1 + roll(dice, 4)));
    struct forge_key ca = forge_key_make(SSH_ED25519, 20);
    const char *options = one_in(dice, 2) ? "" : PICK(dice, OPTIONS);
    bool by_cert = one_in(dice, 3), wants_ca = by_cert != one_in(dice, 16);
    struct text cert, together;

    it->identity = PICK(dice, IDENTITIES);
    it->name_space = one_in(dice, 3) ? "b" : "a";
    key.flags = (unsigned)(one_in(dice, 6) ? roll(dice, 8) : 1);
    it->strict = forge_on_token(kind) && !(key.flags & 1);
    text_init(&it->revoked, 4 * KIB);
    text_init(&together, KIB);
    text_printf(&together, "%s%s%s", wants_ca ? "cert-authority" : "",
                wants_ca && *options ? "," : "", options);
    forge_line(PICK(dice, PRINCIPALS), together.data, text_view(wants_ca ? &ca.blob : &key.blob),
               &it->line);
    if (by_cert)
        make_cert(dice, &key, &ca, it, &cert);
    forge_message(&key, text_view(by_cert ? &cert : &key.blob),
                  one_in(dice, 12) ? "b" : it->name_space,
                  view_str(one_in(dice, 12) ? "another" : MESSAGE), &it->armored);
    if (one_in(dice, 5))
        make_revoked(dice, one_in(dice, 2) ? &key : &ca, it);
    if (one_in(dice, 3)) {
        damage(dice, one_in(dice, 2) ? &it->line : &it->armored);
        it->damaged = true;
    }
    if (by_cert)
        text_finish(&cert);
    text_finish(&together);
    forge_key_finish(&key);
    forge_key_finish(&ca);
}

/* ---- decide ---- */

static bool decide(const struct one_case *it, char principals[512], struct err *err)
{
    struct signers signers = {0};
    struct revoked revoked = {0};
    struct signer signer = {0};
    struct sshsig sig = {0};
    bool good = signers_parse(text_view(&it->line), "allowed", &signers, err) == 0 &&
                (!it->has_revoked ||
                 revoked_parse(text_view(&it->revoked), "revoked", &revoked, err) == 0) &&
                sshsig_parse(text_view(&it->armored), &sig, err) == 0 &&
                sshsig_prove(&sig, it->name_space, view_str(MESSAGE), err) == 0 &&
                signers_find(&signers, it->has_revoked ? &revoked : NULL, &sig, it->name_space,
                             TIME * NS_PER_S, &signer, err) == 0;

    snprintf(principals, 512, "-");
    if (good && !signer_is(&signer, it->identity)) {
        good = false;
        err_set(err, ERR_TRUST, "identity", "another identity");
    }
    if (good && signer.by_cert) {
        principals[0] = '\0';
        for (const char *name = signer_next_name(&signer, NULL); name;
             name = signer_next_name(&signer, name))
            snprintf(principals + strlen(principals), 512 - strlen(principals), "%s%s",
                     principals[0] ? "," : "", name);
    }
    signer_finish(&signer);
    sshsig_finish(&sig);
    signers_finish(&signers);
    revoked_finish(&revoked);
    return good;
}

static void write_file(const char *folder, size_t number, const char *kind,
                       const struct text *content)
{
    char path[1024];
    FILE *file;

    snprintf(path, sizeof path, "%s/%zu.%s", folder, number, kind);
    file = fopen(path, "wb");
    if (!file || fwrite(content->data, 1, content->size, file) != content->size || fclose(file))
        abort();
}

static void write_case(const char *folder, size_t number, struct dice *dice)
{
    struct one_case it = {0};
    char principals[512];
    struct err err = {0};
    bool good;

    make_case(dice, &it);
    good = decide(&it, principals, &err);
    write_file(folder, number, "allowed", &it.line);
    write_file(folder, number, "sig", &it.armored);
    if (it.has_revoked)
        write_file(folder, number, "revoked", &it.revoked);
    printf("%zu\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", number, it.identity, it.name_space,
           "20260528202640", good ? "yes" : "no",
           it.strict    ? "stricter"
           : it.damaged ? "damaged"
                        : "-",
           principals, good ? "-" : err.text);
    text_finish(&it.line);
    text_finish(&it.armored);
    text_finish(&it.revoked);
}

int main(int argc, char **argv)
{
    struct dice dice;
    char path[1024];
    FILE *file;

    if (argc != 4)
        return 2;
    snprintf(path, sizeof path, "%s/message", argv[1]);
    file = fopen(path, "wb");
    if (!file || fputs(MESSAGE, file) < 0 || fclose(file))
        return 1;
    dice.state = strtoull(argv[3], NULL, 10);
    for (size_t i = 0; i < strtoul(argv[2], NULL, 10); i++)
        write_case(argv[1], i, &dice);
    return 0;
}
