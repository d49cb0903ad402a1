/* Signing with ssh-keygen, and with programs that take its place and fail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/codes.h"
#include "base/err.h"
#include "base/file.h"
#include "sign/sign_program.h"
#include "sign/sshsig.h"
#include "tests/kit/scratch.h"
#define MESSAGE    "{\"image\":\"shop\"}\n"
#define NAME_SPACE "s3dock-image"

/* Runs a line of the shell in the folder of the test. A failure fails the test. */
static void shell(const char *line)
{
    char command[1024];

    snprintf(command, sizeof command, "cd '%s' && { %s; } >/dev/null 2>&1", dir, line);
    if (system(command)) /* NOLINT: a fixed command */
        fail_msg("%s", line);
}

/* Signs the message and checks that no temporary file is left. */
static int sign(const char *key, struct text *armored, struct err *err)
{
    struct sign_settings settings = {.key = path_of(key)};
    int result;

    *err = (struct err){0};
    text_init(armored, SSHSIG_FILE_MAX);
    result = sign_document(&settings, NAME_SPACE, view_str(MESSAGE), armored, err);
    shell("[ ! -d cache/s3dock ] || rmdir cache/s3dock");
    assert_int_equal(armored->size > 0, result == 0);
    return result;
}

static void assert_signs(const char *key)
{
    struct text armored;
    struct sshsig sig;
    struct err err;

    if (sign(key, &armored, &err) < 0)
        fail_msg("%s: %s", key, err.text);
    assert_int_equal(armored.data[armored.size - 1], '\n');
    assert_int_equal(sshsig_parse(text_view(&armored), &sig, &err), 0);
    assert_int_equal(sshsig_prove(&sig, NAME_SPACE, view_str(MESSAGE), &err), 0);
    assert_int_equal(file_replace(path_of("sig"), text_view(&armored), 0600, &err), 0);
    shell("printf '%s\n' '{\"image\":\"shop\"}' |"
          "ssh-keygen -Y check-novalidate -n " NAME_SPACE " -s sig");
    sshsig_finish(&sig);
    text_finish(&armored);
}

static void assert_fails(const char *key, enum err_family family, const char *code,
                         const char *words)
{
    struct text armored;
    struct err err;

    assert_int_equal(sign(key, &armored, &err), ERR_FAIL);
    if (!err_is(&err, family, code) || !strstr(err.text, words))
        fail_msg("%s.%s: %s", err_family_name(err.family), err.code, err.text);
    text_finish(&armored);
}

static void files_public_keys_and_certificates_sign(void **state)
{
    (void)state;
    shell("ssh-keygen -q -t ed25519 -N '' -f key && ssh-keygen -q -t ecdsa -N '' -f 'a b' &&"
          "ssh-keygen -q -s key -I id -n me key.pub");
    assert_signs("key");
    assert_signs("key.pub");
    assert_signs("key-cert.pub");
    assert_signs("a b");
}

static void a_key_of_an_agent_signs(void **state)
{
    (void)state;
    shell("ssh-keygen -q -t ed25519 -N '' -f agents && ssh-agent -a socket >agent &&"
          "SSH_AUTH_SOCK=$PWD/socket ssh-add agents && rm agents");
    setenv("SSH_AUTH_SOCK", path_of("socket"), 1);
    assert_signs("agents.pub");
    unsetenv("SSH_AUTH_SOCK");
    assert_fails("agents.pub", ERR_LOCAL, CODE_SIGN, "agents.pub");
    shell(". ./agent && ssh-agent -k");
}

static void a_key_that_cannot_be_used_is_reported(void **state)
{
    (void)state;
    shell("ssh-keygen -q -t ed25519 -N secret -f locked && printf x >none");
    assert_fails("locked", ERR_LOCAL, CODE_SIGN, "passphrase");
    assert_fails("none", ERR_LOCAL, CODE_SIGN, "ssh-keygen ended with code 255");
    assert_fails("absent", ERR_USAGE, CODE_SIGN_KEY, "No such file");
}

/* Makes a program that takes the place of ssh-keygen. Its last argument is the file to sign. */
static void replace_program(const char *body)
{
    char line[512];

    snprintf(line, sizeof line,
             "printf '#!/bin/sh\\nfor file; do :; done\\n%%s\\n' '%s' >bin/ssh-keygen &&"
             "chmod +x bin/ssh-keygen",
             body);
    shell(line);
}

static char *copy_path(void)
{
    const char *path = getenv("PATH");

    return strdup(path ? path : "/usr/bin:/bin");
}

static void the_signature_of_the_program_is_verified(void **state)
{
    char *old = copy_path();
    char path[4096];

    (void)state;
    shell("mkdir bin && ssh-keygen -q -t ed25519 -N '' -f real && printf other >other &&"
          "ssh-keygen -q -Y sign -n " NAME_SPACE " -f real other");
    snprintf(path, sizeof path, "%s:%s", path_of("bin"), old);
    setenv("PATH", path, 1);
    replace_program("cp \"${file%/*}/../../../other.sig\" \"$file.sig\"");
    assert_fails("real", ERR_TRUST, CODE_SIGNATURE, "ssh-keygen made no usable signature");
    replace_program(":");
    assert_fails("real", ERR_LOCAL, CODE_SIGN, "wrote no signature");
    replace_program(": >\"$file.sig\"");
    assert_fails("real", ERR_TRUST, CODE_SIGNATURE, "no BEGIN");
    replace_program("echo first >&2; echo the token is not plugged in >&2; exit 3");
    assert_fails("real", ERR_LOCAL, CODE_SIGN, "code 3: the token is not plugged in");
    replace_program(
        "echo \"unknown option -- Y\" >&2;echo \"       ssh-keygen -Q -f file\" >&2; exit 1");
    assert_fails("real", ERR_LOCAL, CODE_SIGN, "older than OpenSSH 8.1");
    replace_program("echo \"$file\" >&2; exit 3"); /* no other user can replace the file */
    assert_fails("real", ERR_LOCAL, CODE_SIGN, path_of("cache/s3dock/sign-"));
    replace_program("head -c 70000 /dev/zero >\"$file.sig\"");
    assert_fails("real", ERR_LOCAL, CODE_TOO_LARGE, "");
    setenv("PATH", old, 1);
    free(old);
}

static void without_the_program_nothing_is_signed(void **state)
{
    char *old = copy_path();
    struct text armored;
    struct err err = {0};

    (void)state;
    shell("printf x >any");
    setenv("PATH", path_of("tmp"), 1);
    text_init(&armored, KIB);
    assert_int_equal(sign_document(&(struct sign_settings){.key = path_of("any")}, NAME_SPACE,
                                   view_str(MESSAGE), &armored, &err),
                     ERR_FAIL);
    assert_true(err_is(&err, ERR_LOCAL, CODE_SIGN));
    assert_non_null(strstr(err.hint, "openssh-client"));
    text_finish(&armored);
    setenv("PATH", old, 1);
    free(old);
}

static int enter(void **state)
{
    (void)state;
    if (scratch_create() < 0)
        return -1;
    shell("mkdir cache tmp && chmod 777 tmp");
    return setenv("TMPDIR", path_of("tmp"), 1) || setenv("XDG_CACHE_HOME", path_of("cache"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_public_keys_and_certificates_sign),
        cmocka_unit_test(a_key_of_an_agent_signs),
        cmocka_unit_test(a_key_that_cannot_be_used_is_reported),
        cmocka_unit_test(the_signature_of_the_program_is_verified),
        cmocka_unit_test(without_the_program_nothing_is_signed),
    };

    return cmocka_run_group_tests(tests, enter, scratch_teardown);
}
