/*
 * A container or a minimal image may have no machine id, or an empty one. Until the first boot it
 * may be the word "uninitialized". None of these has 32 hex digits, so the file in the folder is
 * used.
 */
#include "deploy/machine.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/random.h"

#define ID_DIGITS 32
#define DIGITS    (MACHINE_SIZE - 1)

/* Removes the end of the line. Returns true if the file has exactly `digits` lower-case hex digits,
 * which are not all zero. */
static bool take_digits(struct text *text, size_t digits)
{
    if (!text->size)
        return false;
    text_cut(text, strcspn(text->data, "\r\n"));
    return text->size == digits && strspn(text->data, "0123456789abcdef") == digits &&
           strspn(text->data, "0") < digits;
}

static void digest_id(const char *id, char out[MACHINE_SIZE])
{
    char hex[SHA256_HEX_SIZE];
    uint8_t sum[SHA256_SIZE];

    hmac_sha256(view_str(MACHINE_KEY), view_str(id), sum);
    hex_encode(sum, sizeof sum, hex);
    snprintf(out, MACHINE_SIZE, "%.*s", DIGITS, hex);
}

static bool read_file(const char *path, size_t digits, struct text *out)
{
    struct err ignored;

    text_clear(out);
    return file_read(path, out, &ignored) == FILE_OK && take_digits(out, digits);
}

/* Makes the random value. A second process may make one at the same time: the file decides. */
static int make_value(const char *path, char out[MACHINE_SIZE], struct err *err)
{
    char line[MACHINE_SIZE + 1];
    int answer;

    if (random_hex(out, DIGITS / 2, err) < 0)
        return ERR_FAIL;
    snprintf(line, sizeof line, "%s\n", out);
    answer = file_create(path, view_str(line), 0600, err);
    if (answer == FILE_BUSY)
        return 1;
    return answer < 0 ? ERR_FAIL : 0;
}

static int read_or_make(const char *folder, struct text *text, char out[MACHINE_SIZE],
                        struct err *err)
{
    char path[PATH_MAX];
    int answer;

    if (snprintf(path, sizeof path, "%s/machine", folder) >= (int)sizeof path)
        return err_set(err, ERR_LOCAL, "state", "the path %.200s is too long", folder);
    if (!read_file(path, DIGITS, text)) {
        answer = make_value(path, out, err);
        if (answer <= 0)
            return answer;
        if (!read_file(path, DIGITS, text)) /* damaged */
            return file_replace(path, view_str(out), 0600, err);
    }
    snprintf(out, MACHINE_SIZE, "%s", text->data);
    return 0;
}

int machine_read(const char *id_file, const char *folder, char out[MACHINE_SIZE], struct err *err)
{
    _cleanup_text_ struct text text = {0};

    text_init(&text, KIB);
    if (!read_file(id_file ? id_file : MACHINE_FILE, ID_DIGITS, &text))
        return read_or_make(folder, &text, out, err);
    digest_id(text.data, out);
    return 0;
}
