/*
 * Most functions call a module of their own: web_send, flow/program, terminal.
 */
#include "credentials/real_system.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/codes.h"
#include "base/err.h"
#include "base/file.h"
#include "base/owner.h"
#include "credentials/terminal.h"
#include "credentials/web_send.h"
#include "flow/cancel.h"
#include "flow/program.h"
#include "http/easy.h"
#include "os/wait.h"

#define PROGRAM_TIME (60 * NS_PER_S)

static const char *get_env(void *arg, const char *name)
{
    (void)arg;
    return getenv(name);
}

/* `most` and the room of `out` bound the file. */
static int read_file(void *arg, const char *path, size_t most, struct text *out, struct err *err)
{
    size_t max = out->max;
    int result;

    (void)arg;
    if (most < max - out->size)
        out->max = out->size + most;
    result = file_read(path, out, err);
    out->max = max;
    return result == FILE_ABSENT ? SYSTEM_ABSENT : result;
}

static int check_owner(void *arg, const char *path, struct err *err)
{
    (void)arg;
    return owner_check(path, err);
}

static int write_file(void *arg, const char *path, struct view content, struct err *err)
{
    (void)arg;
    return file_replace(path, content, 0600, err);
}

static int64_t read_clock(void *arg)
{
    (void)arg;
    return clock_wall();
}

static int wait_time(void *arg, int64_t ns, struct err *err)
{
    const struct real_system *real = arg;
    int64_t end = clock_monotonic() + ns, left;

    for (;;) {
        if (cancel_check(real->cancel, err) < 0)
            return ERR_FAIL;
        left = end - clock_monotonic();
        if (left <= 0)
            return 0;
        os_nap(left < CANCEL_TICK ? left : CANCEL_TICK);
    }
}

static enum web_result send_request(void *arg, const struct web_request *request,
                                    struct web_answer *answer, struct err *err)
{
    const struct real_system *real = arg;
    const struct http_tls tls = {.insecure = real->insecure,
                                 .ca_file = real->ca_file,
                                 .cert_file = real->cert_file,
                                 .key_file = real->key_file};

    return web_send(request, &tls, real->cancel, answer, err);
}

static int run_line(void *arg, const char *line, struct text *out, struct text *errors, int *code,
                    struct err *err)
{
    const struct real_system *real = arg;
    const struct program program = {
        .what = "it",
        .line = line,
        .on_terminal = isatty(STDIN_FILENO) || isatty(STDERR_FILENO),
        .limit = PROGRAM_TIME,
        .late_hint = "it may wait for input or a browser: run the command on a terminal, or log in "
                     "with the program first",
        .output = out,
        .errors = errors,
        .family = ERR_AUTH,
        .code = CODE_PROCESS,
        .cancel = real->cancel,
    };

    return program_run(&program, code, err);
}

static int ask_user(void *arg, const char *prompt, char *out, size_t size, struct err *err)
{
    const struct real_system *real = arg;

    return terminal_ask(prompt, real->cancel, out, size, err);
}

void real_system_init(struct real_system *real, const struct cancel *cancel)
{
    *real = (struct real_system){.cancel = cancel};
    real->system = (struct aws_system){
        .arg = real,
        .get_env = get_env,
        .read_file = read_file,
        .check_owner = check_owner,
        .write_file = write_file,
        .now = read_clock,
        .wait = wait_time,
        .send = send_request,
        .run = run_line,
        .ask = ask_user,
    };
}

static int copy_path(char to[PATH_MAX], const char *from, const char *code, struct err *err)
{
    if (str_copy(to, PATH_MAX, from ? from : ""))
        return 0;
    return err_set(err, ERR_USAGE, code, "the path %.64s... is too long", from);
}

int real_system_set_tls(struct real_system *real, const struct http_tls *tls, struct err *err)
{
    real->insecure = tls->insecure;
    if (copy_path(real->ca_file, tls->ca_file, CODE_CA_FILE, err) < 0 ||
        copy_path(real->cert_file, tls->cert_file, CODE_CERTIFICATE, err) < 0 ||
        copy_path(real->key_file, tls->key_file, CODE_CERTIFICATE, err) < 0)
        return ERR_FAIL;
    return 0;
}
