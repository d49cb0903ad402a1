/*
 * ssh-keygen prompts for a passphrase on the terminal, or reads it from standard input. So the
 * message is in a file of a private folder, and the program writes the signature beside it. The
 * folder is in the cache: TMPDIR may be a folder in which another user could replace it, and would
 * get a signature of other bytes.
 */
#include "sign/sign_program.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/codes.h"
#include "base/err.h"
#include "base/file.h"
#include "flow/program.h"
#include "flow/run.h"
#include "sign/sshsig.h"

#define PROGRAM     "ssh-keygen"
#define TIME_LIMIT  (120 * NS_PER_S)
#define ERRORS_MAX  (2 * KIB)
#define FOLDER_NAME "/sign-XXXXXX"

/* The temporary files of a signature. */
struct place {
    char folder[PATH_MAX];
    char message[PATH_MAX + 16], signature[PATH_MAX + 16];
};

/* ---- temporary files ---- */

static int make_place(struct place *place, struct err *err)
{
    char cache[PATH_MAX - sizeof FOLDER_NAME];

    if (file_cache_dir(cache, sizeof cache, err) < 0)
        return ERR_FAIL;
    snprintf(place->folder, sizeof place->folder, "%s" FOLDER_NAME, cache);
    if (!mkdtemp(place->folder))
        return err_errno(err, errno, CODE_SIGN, "cannot make a folder in %s", cache);
    snprintf(place->message, sizeof place->message, "%s/message", place->folder);
    snprintf(place->signature, sizeof place->signature, "%s/message.sig", place->folder);
    return 0;
}

static void remove_place(const struct place *place)
{
    unlink(place->message);
    unlink(place->signature);
    rmdir(place->folder);
}

/* ---- the program ---- */

/* Appends the last line of a text that is not empty, for a message in one line. */
static const char *last_line(struct text *errors)
{
    size_t size = errors->size;
    const char *line;

    while (size > 0 && strchr("\r\n", errors->data[size - 1]))
        size--;
    text_cut(errors, size);
    line = strrchr(errors->data, '\n');
    return line ? line + 1 : errors->data;
}

static int check_program(const struct sign_settings *settings, struct err *err)
{
    char path[PATH_MAX];

    if (access(settings->key, F_OK) != 0)
        return err_set(err, ERR_USAGE, CODE_SIGN_KEY, "cannot read the signing key %s: %s",
                       settings->key, strerror(errno));
    if (run_find(PROGRAM, path, sizeof path))
        return 0;
    err_set(err, ERR_LOCAL, CODE_SIGN, "cannot sign: there is no " PROGRAM " in PATH");
    return err_hint(err, "install OpenSSH's client: openssh-client or openssh-clients");
}

/* An old program does not know -Y, and prints how it is used. */
static bool is_too_old(const struct text *errors)
{
    return strstr(errors->data, "       " PROGRAM " -") != NULL;
}

static int check_code(const struct sign_settings *settings, int code, struct text *errors,
                      struct err *err)
{
    const char *words = last_line(errors);

    if (code == 0)
        return 0;
    if (is_too_old(errors))
        return err_set(err, ERR_LOCAL, CODE_SIGN,
                       "cannot sign: " PROGRAM " is older than OpenSSH 8.1");
    err_set(err, ERR_LOCAL, CODE_SIGN, "cannot sign with %s: " PROGRAM " ended with code %d%s%s",
            settings->key, code, *words ? ": " : "", words);
    return err_hint(err, settings->on_terminal
                             ? "read the lines of " PROGRAM " above"
                             : "without a terminal, a key needs an agent, or no passphrase");
}

static int run(const struct sign_settings *settings, const char *name_space,
               const struct place *place, struct err *err)
{
    const char *const argv[] = {PROGRAM,    "-q", "-Y",          "sign",         "-n",
                                name_space, "-f", settings->key, place->message, NULL};
    _cleanup_text_ struct text errors = {0};
    struct program program = {
        .argv = argv,
        .on_terminal = settings->on_terminal,
        .limit = TIME_LIMIT,
        .late_hint = "does the key wait for a touch, or for a passphrase? Use an agent",
        .errors = &errors,
        .keep_end = true,
        .family = ERR_LOCAL,
        .code = CODE_SIGN,
        .cancel = settings->cancel,
    };
    int code;

    text_init(&errors, ERRORS_MAX);
    if (program_run(&program, &code, err) < 0)
        return ERR_FAIL;
    return check_code(settings, code, &errors, err);
}

/* ---- the result ---- */

/* Verifies a signature, so that a faulty program cannot make an image that no host accepts. */
static int check(const char *name_space, struct view message, struct view armored, struct err *err)
{
    struct sshsig sig;
    int failed = sshsig_parse(armored, &sig, err);

    if (failed == 0)
        failed = sshsig_prove(&sig, name_space, message, err);
    sshsig_finish(&sig);
    return failed ? err_wrap(err, PROGRAM " made no usable signature") : 0;
}

static int collect(const struct place *place, const char *name_space, struct view message,
                   struct text *armored, struct err *err)
{
    _cleanup_text_ struct text block = {0};
    int found;

    text_init(&block, SSHSIG_FILE_MAX);
    found = file_read(place->signature, &block, err);
    if (found < 0)
        return ERR_FAIL;
    if (found == FILE_ABSENT)
        return err_set(err, ERR_LOCAL, CODE_SIGN, PROGRAM " wrote no signature");
    if (check(name_space, message, text_view(&block), err) < 0)
        return ERR_FAIL;
    text_add(armored, block.data, block.size);
    if (block.data[block.size - 1] != '\n')
        text_char(armored, '\n');
    return text_check(armored, "signatures", err);
}

int sign_document(const struct sign_settings *settings, const char *name_space, struct view message,
                  struct text *armored, struct err *err)
{
    struct place place;
    int failed;

    if (check_program(settings, err) < 0)
        return ERR_FAIL;
    if (make_place(&place, err) < 0)
        return ERR_FAIL;
    failed = file_create(place.message, message, 0600, err);
    if (failed == 0)
        failed = run(settings, name_space, &place, err);
    if (failed == 0)
        failed = collect(&place, name_space, message, armored, err);
    remove_place(&place);
    return failed;
}
