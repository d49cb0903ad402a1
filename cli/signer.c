/*
 * A relative path of the configuration file begins at its folder; one of a flag or a variable, at
 * the current folder.
 */
#include "cli/signer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/codes.h"
#include "base/err.h"
#include "base/json_write.h"
#include "cli/cli.h"
#include "cli/settings/consent.h"

static int find_path(const struct config *config, const char *text, char out[PATH_MAX],
                     struct err *err)
{
    const char *file = config->file.path, *slash = strrchr(file, '/'), *home = getenv("HOME");
    bool of_file = config->settings[OPT_SIGN_KEY].origin == ORIGIN_FILE;
    int size;

    if (text[0] == '~' && text[1] == '/' && home)
        size = snprintf(out, PATH_MAX, "%s%s", home, text + 1);
    else if (text[0] == '/' || !of_file || !slash)
        size = snprintf(out, PATH_MAX, "%s", text);
    else
        size = snprintf(out, PATH_MAX, "%.*s%s", (int)(slash + 1 - file), file, text);
    if (size >= 0 && size < PATH_MAX)
        return 0;
    return err_set(err, ERR_USAGE, CODE_SIGN_KEY, "the path of the key that signs is too long");
}

/* A push would find it out after the upload. */
static int check_file(const char *path, struct err *err)
{
    if (access(path, R_OK) == 0)
        return 0;
    err_set(err, ERR_USAGE, CODE_SIGN_KEY, "cannot read the key that signs, %s: %s", path,
            strerror(errno));
    return err_hint(err, "--sign-key and S3DOCK_SIGN_KEY name another one; ssh-keygen -t ed25519 "
                         "makes one");
}

int signer_open(struct cli *cli, struct cli_signer *signer, struct signing **out, struct err *err)
{
    const char *text = config_text(&cli->config, OPT_SIGN_KEY);
    struct sign_settings settings = {.key = signer->key,
                                     .on_terminal = isatty(STDIN_FILENO) || isatty(STDERR_FILENO),
                                     .cancel = cli->cancel};

    *out = NULL;
    if (!text)
        return 0;
    if (consent_sign(&cli->config, err) || find_path(&cli->config, text, signer->key, err) ||
        check_file(signer->key, err))
        return ERR_FAIL;
    document_signer_init(&signer->signer, &settings);
    *out = &signer->signer.signing;
    return 0;
}

void signer_close(struct cli_signer *signer)
{
    document_signer_finish(&signer->signer);
}

void signer_write(const struct cli_signer *signer, struct json_writer *w)
{
    char fingerprint[128];

    if (!signer->key[0])
        return;
    document_signer_fingerprint(&signer->signer, fingerprint, sizeof fingerprint);
    jw_string_if(w, "signed_by", fingerprint);
}
