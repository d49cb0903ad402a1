/* The text is walked again for each key: a command asks for few keys, and lists are short. */
#include "sign/revoked.h"

#include <string.h>

#include "base/codes.h"
#include "base/err.h"
#include "sign/krl.h"
#include "sign/ssh_key.h"

#define FINGERPRINT "SHA256:"

/* ---- lines ---- */

static struct view cut_line(struct view *rest)
{
    const uint8_t *end = memchr(rest->data, '\n', rest->size);
    struct view line = {rest->data, end ? (size_t)(end - rest->data) : rest->size};
    size_t size = line.size + (end != NULL);

    *rest = view_of(rest->data + size, rest->size - size);
    while (line.size > 0 && strchr(" \t\r", line.data[line.size - 1]) && line.data[line.size - 1])
        line.size--;
    while (line.size > 0 && (line.data[0] == ' ' || line.data[0] == '\t'))
        line = view_of(line.data + 1, line.size - 1);
    return line;
}

static bool is_fingerprint(struct view line)
{
    return line.size >= strlen(FINGERPRINT) &&
           memcmp(line.data, FINGERPRINT, strlen(FINGERPRINT)) == 0;
}

/* Returns true if the line has a whole fingerprint, up to its end or white space. */
static bool fingerprint_is_good(struct view line)
{
    static const char LETTERS[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t end = SSH_FINGERPRINT_SIZE - 1;

    if (line.size < end || (line.size > end && line.data[end] != ' ' && line.data[end] != '\t'))
        return false;
    for (size_t i = strlen(FINGERPRINT); i < end; i++)
        if (line.data[i] == '\0' || !strchr(LETTERS, line.data[i]))
            return false;
    return true;
}

static const char *line_fault(struct view line)
{
    _cleanup_text_ struct text blob = {0};
    struct ssh_key key;

    if (line.size == 0 || line.data[0] == '#')
        return NULL;
    if (is_fingerprint(line))
        return fingerprint_is_good(line) ? NULL : "the fingerprint is malformed";
    text_init(&blob, SSH_BLOB_MAX);
    return ssh_key_read_text(&line, &blob, &key);
}

static bool line_has(struct view line, const struct ssh_key *key, const struct ssh_key *ca)
{
    _cleanup_text_ struct text blob = {0};
    char print[SSH_FINGERPRINT_SIZE];
    struct ssh_key revoked;

    if (line.size == 0 || line.data[0] == '#')
        return false;
    if (is_fingerprint(line)) {
        line.size = SSH_FINGERPRINT_SIZE - 1;
        ssh_key_fingerprint(key, print);
        if (view_equals_str(line, print))
            return true;
        ssh_key_fingerprint(ca, print);
        return view_equals_str(line, print);
    }
    text_init(&blob, SSH_BLOB_MAX);
    return !ssh_key_read_text(&line, &blob, &revoked) &&
           (ssh_key_same(&revoked, key) || ssh_key_same(&revoked, ca));
}

/* ---- file ---- */

static int check_lines(struct view rest, const char *name, struct err *err)
{
    const char *fault;

    for (size_t number = 1; rest.size > 0; number++) {
        fault = line_fault(cut_line(&rest));
        if (fault)
            return err_set(err, ERR_USAGE, CODE_REVOKED, "%s:%zu: the line is refused: %s", name,
                           number, fault);
    }
    return 0;
}

int revoked_parse(struct view file, const char *name, struct revoked *revoked, struct err *err)
{
    const char *fault;

    *revoked = (struct revoked){.binary = krl_is(file)};
    text_init(&revoked->file, REVOKED_FILE_MAX);
    text_add(&revoked->file, file.data, file.size);
    if (text_check(&revoked->file, name, err) < 0)
        return ERR_FAIL;
    if (!revoked->binary)
        return check_lines(file, name, err);
    fault = krl_fault(file);
    return fault ? err_set(err, ERR_USAGE, CODE_REVOKED, "%s is refused: %s", name, fault) : 0;
}

void revoked_finish(struct revoked *revoked)
{
    text_finish(&revoked->file);
}

bool revoked_has(const struct revoked *revoked, const struct ssh_key *key)
{
    struct view rest = text_view(&revoked->file);
    struct ssh_key ca = *key;

    if (key->is_cert && ssh_key_read_plain(key->cert.ca, &ca))
        return true; /* cannot happen: a key was read with its CA */
    if (revoked->binary)
        return krl_has(rest, key, &ca);
    while (rest.size > 0)
        if (line_has(cut_line(&rest), key, &ca))
            return true;
    return false;
}
