/*
 * A record is "LENGTH KEY=VALUE\n". LENGTH is the decimal size of the whole record. Records come in
 * pieces of any size, so the parser is a state machine with three phases. It reads one byte at a
 * time and keeps only the key and the known values. Extended headers are short and rare, so speed
 * does not matter.
 *
 * The rules are those of Go's archive/tar, with which Docker reads these streams: the last of two
 * equal records wins, an empty value cancels a record, NUL bytes in names are refused.
 */
#include "pack/tar/pax.h"

#include <string.h>

#include "base/bytes.h"
#include "base/err.h"

#define NUMBER_DIGITS 18 /* a number of so many digits fits in 64 bits */

static int bad(struct err *err, const char *why)
{
    return err_set(err, ERR_INTEGRITY, "tar", "bad PAX record in the tar: %s", why);
}

void pax_reset(struct pax *pax)
{
    pax->path[0] = '\0';
    pax->linkpath[0] = '\0';
    pax->size = 0;
    pax->has_size = false;
    pax->phase = PAX_LENGTH;
    pax->taken = 0;
    pax->length = 0;
    pax->seen_keys = 0;
}

/* The known keys. A key that ends in a point matches all keys that begin with it. */
static const struct {
    const char *key;
    enum pax_kind kind;
} KEYS[] = {
    {"path", PAX_PATH},
    {"linkpath", PAX_LINKPATH},
    {"size", PAX_SIZE},
    {"mtime", PAX_TIME},
    {"atime", PAX_TIME},
    {"ctime", PAX_TIME},
    {"LIBARCHIVE.creationtime", PAX_TIME},
    /* Only for the strict parser: keys that no reader uses for names or sizes. */
    {"uid", PAX_NUMBER},
    {"gid", PAX_NUMBER},
    {"SCHILY.dev", PAX_NUMBER},
    {"SCHILY.ino", PAX_NUMBER},
    {"SCHILY.nlink", PAX_NUMBER},
    {"uname", PAX_OTHER},
    {"gname", PAX_OTHER},
    {"comment", PAX_OTHER},
    {"SCHILY.fflags", PAX_OTHER},
    {"SCHILY.xattr.", PAX_OTHER},
    {"SCHILY.acl.", PAX_OTHER},
    {"LIBARCHIVE.xattr.", PAX_OTHER},
    {"RHT.security.", PAX_OTHER},
    {"MSWINDOWS.", PAX_OTHER},
};

static bool is_group(const char *key)
{
    return key[strlen(key) - 1] == '.';
}

/* Returns the key's position in KEYS, or their number if it is unknown. */
static size_t find_key(const struct pax *pax)
{
    size_t kept = pax->key_size < PAX_KEY_MAX ? pax->key_size : PAX_KEY_MAX;
    size_t at = 0;

    for (; at < ARRAY_SIZE(KEYS); at++) {
        size_t size = strlen(KEYS[at].key);

        if ((is_group(KEYS[at].key) ? kept >= size : pax->key_size == size) &&
            memcmp(pax->key, KEYS[at].key, size) == 0)
            break;
    }
    return at;
}

static int begin_value(struct pax *pax, struct err *err)
{
    size_t at = find_key(pax);

    pax->phase = PAX_VALUE;
    pax->value_size = 0;
    pax->digits = pax->significant = 0;
    pax->point = false;
    pax->kind = at < ARRAY_SIZE(KEYS) ? KEYS[at].kind : PAX_OTHER;
    if (pax->strict) {
        if (at == ARRAY_SIZE(KEYS))
            return bad(err, "an unknown key, which may change the meaning of the entry");
        if (!is_group(KEYS[at].key) && pax->seen_keys & 1u << at)
            return bad(err, "a key is repeated");
        pax->seen_keys |= 1u << at;
    }
    if (pax->kind == PAX_PATH) {
        pax->path[0] = '\0';
    } else if (pax->kind == PAX_LINKPATH) {
        pax->linkpath[0] = '\0';
    } else if (pax->kind == PAX_SIZE) {
        pax->size = 0;
        pax->has_size = false;
    }
    return 0;
}

static int length_byte(struct pax *pax, uint8_t byte, struct err *err)
{
    if (byte == ' ' && pax->taken > 1) {
        pax->phase = PAX_KEY;
        pax->key_size = 0;
        return 0;
    }
    if (byte < '0' || byte > '9')
        return bad(err, "its length is not a number");
    if (pax->strict && byte == '0' && pax->length == 0)
        return bad(err, "its length begins with a zero");
    pax->length = pax->length * 10 + (byte - '0');
    if (pax->length > TAR_PAX_MAX)
        return bad(err, "it is too long");
    return 0;
}

static int key_byte(struct pax *pax, uint8_t byte, struct err *err)
{
    if (pax->taken >= pax->length)
        return bad(err, "it ends before its value");
    if (byte == '=') {
        if (pax->key_size == 0)
            return bad(err, "it has no key");
        return begin_value(pax, err);
    }
    if (pax->key_size < PAX_KEY_MAX)
        pax->key[pax->key_size] = (char)byte;
    pax->key_size++;
    return 0;
}

static int keep_name(struct pax *pax, char *name, uint8_t byte, struct err *err)
{
    if (byte == '\0')
        return bad(err, "a NUL byte in a name");
    if (pax->value_size + 1 >= TAR_NAME_MAX)
        return bad(err, "a name is too long");
    name[pax->value_size] = (char)byte;
    name[pax->value_size + 1] = '\0';
    return 0;
}

static int keep_size(struct pax *pax, uint8_t byte, struct err *err)
{
    if (byte < '0' || byte > '9')
        return bad(err, "its size is not a number");
    if (pax->size > (INT64_MAX - 9) / 10)
        return bad(err, "its size is too large");
    pax->size = pax->size * 10 + (byte - '0');
    pax->has_size = true;
    return 0;
}

/* Checks a byte of a time ("-1.5") or of a number against the form that Go's reader requires.
 * Leading zeros are allowed: an overwritten time has them. */
static int check_number(struct pax *pax, uint8_t byte, struct err *err)
{
    bool time = pax->kind == PAX_TIME;

    if (byte >= '0' && byte <= '9') {
        pax->digits += !pax->point;
        pax->significant += !pax->point && (byte != '0' || pax->significant);
        return pax->significant <= NUMBER_DIGITS ? 0 : bad(err, "its number is too large");
    }
    if (time && byte == '-' && pax->value_size == 0)
        return 0;
    if (time && byte == '.' && pax->digits > 0 && !pax->point) {
        pax->point = true;
        return 0;
    }
    return bad(err, "its value is not a number");
}

static int end_record(struct pax *pax, uint8_t byte, struct err *err)
{
    if (byte != '\n')
        return bad(err, "no line feed at its end");
    if (pax->strict && pax->kind != PAX_OTHER && pax->value_size == 0)
        return bad(err, "it has no value");
    if (pax->strict && (pax->kind == PAX_TIME || pax->kind == PAX_NUMBER) && pax->digits == 0)
        return bad(err, "its value is not a number");
    pax->phase = PAX_LENGTH;
    pax->taken = 0;
    pax->length = 0;
    return 0;
}

/* Returns the digit of `mtime` that is `right` places from the right end of a field of `width`. */
static uint8_t time_digit(int64_t mtime, size_t right, size_t width)
{
    int64_t value = mtime;
    size_t digits = 1;

    for (int64_t rest = mtime / 10; rest > 0; rest /= 10)
        digits++;
    if (digits > width)
        return '0';
    for (size_t i = 0; i < right && value > 0; i++)
        value /= 10;
    return (uint8_t)('0' + value % 10);
}

static int value_byte(struct pax *pax, uint8_t *byte, int64_t mtime, struct err *err)
{
    size_t left = pax->length - pax->taken; /* bytes after this one; the last is the line feed */
    int rc = 0;

    if (left == 0)
        return end_record(pax, *byte, err);
    if (pax->strict && (pax->kind == PAX_TIME || pax->kind == PAX_NUMBER))
        rc = check_number(pax, *byte, err);
    if (pax->kind == PAX_PATH)
        rc = keep_name(pax, pax->path, *byte, err);
    else if (pax->kind == PAX_LINKPATH)
        rc = keep_name(pax, pax->linkpath, *byte, err);
    else if (pax->kind == PAX_SIZE)
        rc = keep_size(pax, *byte, err);
    else if (pax->kind == PAX_TIME && mtime >= 0)
        *byte = time_digit(mtime, left - 1, pax->value_size + left);
    pax->value_size++;
    return rc;
}

int pax_add(struct pax *pax, uint8_t *bytes, size_t size, int64_t mtime, struct err *err)
{
    for (size_t i = 0; i < size; i++) {
        int rc;

        pax->taken++;
        if (pax->phase == PAX_LENGTH)
            rc = length_byte(pax, bytes[i], err);
        else if (pax->phase == PAX_KEY)
            rc = key_byte(pax, bytes[i], err);
        else
            rc = value_byte(pax, &bytes[i], mtime, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

int pax_end(const struct pax *pax, struct err *err)
{
    return pax->taken == 0 ? 0 : bad(err, "the header ends in the middle of it");
}
