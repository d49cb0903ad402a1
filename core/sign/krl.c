/*
 * One walk does both: it checks the form of all sections, and compares each entry with the key, if
 * there is one. Nothing is stored.
 */
#include "sign/krl.h"

#include <string.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "sign/ssh_key.h"
#include "sign/wire.h"

#define MAGIC      "SSHKRL\n"
#define MAGIC_SIZE 8 /* with its NUL */
#define VERSION    1
#define BITMAP_MAX 2049 /* bytes, as in OpenSSH */

enum section {
    CERTIFICATES = 1,
    EXPLICIT_KEY = 2,
    FINGERPRINT_SHA1 = 3,
    FINGERPRINT_SHA256 = 5,
    EXTENSION = 255,
};

enum cert_section {
    SERIAL_LIST = 0x20,
    SERIAL_RANGE = 0x21,
    SERIAL_BITMAP = 0x22,
    KEY_ID = 0x23,
    CERT_EXTENSION = 0x39,
};

struct search {
    const struct ssh_key *key; /* NULL: only check the form */
    struct view blobs[2];      /* of the plain key and its CA */
    bool found;
};

/* ---- keys ---- */

/* Compares an entry with the blob of a key, or its hash. */
static bool entry_is(enum section type, struct view entry, struct view blob)
{
    uint8_t digest[SHA256_SIZE];

    if (type == EXPLICIT_KEY)
        return view_equals(entry, blob);
    if (type == FINGERPRINT_SHA1)
        sha1_of(blob, digest);
    else
        sha256_of(blob, digest);
    return view_equals(entry, view_of(digest, type == FINGERPRINT_SHA1 ? SHA1_SIZE : SHA256_SIZE));
}

static void walk_keys(struct search *search, enum section type, struct wire_reader *reader)
{
    struct view entry;

    while (!reader->failed && reader->left.size > 0) {
        entry = wire_string(reader);
        if ((type == FINGERPRINT_SHA1 && entry.size != SHA1_SIZE) ||
            (type == FINGERPRINT_SHA256 && entry.size != SHA256_SIZE))
            reader->failed = true;
        for (size_t i = 0; search->key && i < 2; i++)
            if (!reader->failed && entry_is(type, entry, search->blobs[i]))
                search->found = true;
    }
}

/* ---- certificates ---- */

/* `serial` is that of the certificate. As in OpenSSH, 0 is in no list, because it is the default of
 * a CA without numbers. */
static bool walk_serials(struct wire_reader *reader, uint64_t serial)
{
    bool found = false;
    uint64_t entry;

    while (!reader->failed && reader->left.size > 0) {
        entry = wire_number(reader, 8);
        if (entry == 0)
            reader->failed = true;
        found |= entry == serial;
    }
    return found && !reader->failed;
}

static bool read_range(struct wire_reader *reader, uint64_t serial)
{
    uint64_t low = wire_number(reader, 8), high = wire_number(reader, 8);

    if (low == 0 || low > high)
        reader->failed = true;
    return !reader->failed && low <= serial && serial <= high;
}

/* Returns true if bit `bit` of a big-endian number is set. */
static bool bit_is_set(struct view number, uint64_t bit)
{
    return bit / 8 < number.size && (number.data[number.size - 1 - bit / 8] >> bit % 8 & 1);
}

/* Reads a first serial number, and a number whose bit i means the serial number i above it. */
static bool read_bitmap(struct wire_reader *reader, uint64_t serial)
{
    uint64_t low = wire_number(reader, 8);
    struct view bits = wire_string(reader);
    bool negative = bits.size > 0 && bits.data[0] >= 0x80;

    if (bits.size > BITMAP_MAX || negative || low > UINT64_MAX - 8 * (uint64_t)BITMAP_MAX ||
        (low == 0 && bit_is_set(bits, 0)))
        reader->failed = true;
    return !reader->failed && serial >= low && bit_is_set(bits, serial - low);
}

static bool walk_key_ids(struct wire_reader *reader, struct view key_id)
{
    bool found = false;

    while (!reader->failed && reader->left.size > 0)
        found |= view_equals(wire_string(reader), key_id);
    return found;
}

/* Extensions are skipped unless they are critical. */
static void read_extension(struct wire_reader *reader)
{
    wire_string(reader);
    if (wire_number(reader, 1) != 0)
        reader->failed = true;
    wire_string(reader);
}

static bool read_cert_section(struct wire_reader *reader, uint64_t type,
                              const struct cert_fields *cert)
{
    switch (type) {
    case SERIAL_LIST:
        return walk_serials(reader, cert->serial);
    case SERIAL_RANGE:
        return read_range(reader, cert->serial);
    case SERIAL_BITMAP:
        return read_bitmap(reader, cert->serial);
    case KEY_ID:
        return walk_key_ids(reader, cert->key_id);
    case CERT_EXTENSION:
        read_extension(reader);
        return false;
    default:
        reader->failed = true;
        return false;
    }
}

/* Reads the CA (empty: every CA) and the sections about its certificates. */
static void walk_certificates(struct search *search, struct wire_reader *reader)
{
    static const struct cert_fields NONE;
    struct view ca = wire_string(reader);
    bool concerned =
        search->key && search->key->is_cert && (ca.size == 0 || view_equals(ca, search->blobs[1]));
    struct wire_reader part;
    struct ssh_key key;
    uint64_t type;
    bool found;

    wire_string(reader); /* reserved */
    if (ca.size > 0 && ssh_key_read_plain(ca, &key))
        reader->failed = true;
    while (!reader->failed && reader->left.size > 0) {
        type = wire_number(reader, 1);
        part = wire_of(wire_string(reader));
        found = read_cert_section(&part, type, concerned ? &search->key->cert : &NONE);
        reader->failed |= !wire_ended(&part);
        search->found |= found && concerned && !reader->failed;
    }
}

/* ---- list ---- */

static bool walk_section(struct search *search, uint64_t type, struct view bytes)
{
    struct wire_reader reader = wire_of(bytes);

    if (type == CERTIFICATES)
        walk_certificates(search, &reader);
    else if (type == EXPLICIT_KEY || type == FINGERPRINT_SHA1 || type == FINGERPRINT_SHA256)
        walk_keys(search, (enum section)type, &reader);
    else if (type == EXTENSION)
        read_extension(&reader);
    else
        return false;
    return wire_ended(&reader);
}

static const char *walk(struct view file, struct search *search)
{
    struct wire_reader reader = wire_of(file);
    struct view section;
    uint64_t type;

    wire_bytes(&reader, MAGIC_SIZE);
    if (wire_number(&reader, 4) != VERSION)
        return "its version is not 1";
    wire_bytes(&reader, 3 * 8); /* version and date of the list, flags */
    wire_string(&reader);       /* reserved */
    wire_string(&reader);       /* comment */
    while (!reader.failed && reader.left.size > 0) {
        type = wire_number(&reader, 1);
        section = wire_string(&reader);
        if (!reader.failed && !walk_section(search, type, section))
            return "a section is malformed or not supported";
    }
    return reader.failed ? "it ends too early" : NULL;
}

bool krl_is(struct view file)
{
    return file.size >= MAGIC_SIZE && memcmp(file.data, MAGIC, MAGIC_SIZE) == 0;
}

const char *krl_fault(struct view file)
{
    struct search search = {0};

    return walk(file, &search);
}

bool krl_has(struct view file, const struct ssh_key *key, const struct ssh_key *ca)
{
    _cleanup_text_ struct text plain = {0}, authority = {0};
    struct search search = {.key = key};

    text_init(&plain, SSH_BLOB_MAX);
    text_init(&authority, SSH_BLOB_MAX);
    ssh_key_add_plain(&plain, key);
    ssh_key_add_plain(&authority, ca);
    search.blobs[0] = text_view(&plain);
    search.blobs[1] = text_view(&authority);
    return walk(file, &search) != NULL || plain.failed || authority.failed || search.found;
}
