/*
 * The file of a session of `aws login` is any bytes, or the response of the sign-in service is. The
 * first byte selects it, and the status of the response.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "aws/settings.h"
#include "aws/system.h"
#include "base/err.h"
#include "base/json.h"
#include "base/json_write.h"
#include "credentials/credentials.h"
#include "credentials/login.h"
#include "credentials/source.h"
#include "tests/fuzz/still_clock.h"
#include "tests/kit/ec_key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct fuzzed {
    bool response; /* else the file */
    int status;
    struct view bytes;
    const struct text *session; /* a good file */
};

static const char *get_env(void *arg, const char *name)
{
    (void)arg;
    return strcmp(name, "HOME") == 0 ? "/h" : NULL;
}

static int read_file(void *arg, const char *path, size_t most, struct text *out, struct err *err)
{
    const struct fuzzed *it = arg;

    if (strcmp(path, "/h/.aws/config") == 0)
        text_str(out, "[default]\nregion = us-east-1\nlogin_session = s\n");
    else if (!strstr(path, "/login/cache/"))
        return SYSTEM_ABSENT;
    else if (it->response)
        text_str(out, it->session->data);
    else
        text_add(out, it->bytes.data, it->bytes.size);
    return out->size > most ? ERR_FAIL : text_check(out, path, err);
}

/* The new file is JSON. */
static int write_file(void *arg, const char *path, struct view content, struct err *err)
{
    static const struct json_limits LIMITS = {.bytes = MIB, .depth = 16, .nodes = 4096};
    struct json *json;

    (void)arg;
    if (json_parse(&json, content, &LIMITS, path, err) < 0)
        abort();
    json_destroy(json);
    return 0;
}

static enum web_result send_request(void *arg, const struct web_request *request,
                                    struct web_answer *answer, struct err *err)
{
    const struct fuzzed *it = arg;

    (void)request, (void)err;
    answer->status = it->response ? it->status : 200;
    if (it->response)
        text_add(&answer->body, it->bytes.data, it->bytes.size);
    else
        text_str(&answer->body, "{\"accessToken\":{\"accessKeyId\":\"A\",\"secretAccessKey\":\"S\","
                                "\"sessionToken\":\"T\"},\"expiresIn\":900}");
    return answer->body.failed ? WEB_BROKEN : WEB_ANSWERED;
}

/* Writes a session that has ended, with a key. */
static const struct text *make_session(void)
{
    static struct text session;
    struct json_writer w;

    if (session.size)
        return &session;
    EVP_PKEY *key = ec_key_make(NID_X9_62_prime256v1);
    char *pem = ec_key_pem(key);
    text_init(&session, 4 * KIB);
    jw_init(&w, &session, true);
    jw_object(&w, NULL);
    jw_raw(&w, "accessToken",
           view_str("{\"accessKeyId\":\"O\",\"secretAccessKey\":\"S\",\"sessionToken\":\"T\","
                    "\"accountId\":\"1\",\"expiresAt\":\"2020-01-01T00:00:00Z\"}"));
    jw_string(&w, "clientId", "c");
    jw_string(&w, "refreshToken", "r");
    jw_string(&w, "dpopKey", pem);
    jw_end(&w);
    free(pem);
    EVP_PKEY_free(key);
    return &session;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int STATUSES[] = {200, 200, 400, 503};
    struct fuzzed it = {.session = make_session()};
    struct aws_system system = {.arg = &it,
                                .get_env = get_env,
                                .read_file = read_file,
                                .write_file = write_file,
                                .now = still_now,
                                .wait = still_wait,
                                .send = send_request};
    struct aws_query query = {0};
    struct aws_settings settings;
    struct credential_context ctx = {&system, &settings};
    struct credentials out;
    struct err err = {0};

    if (size == 0)
        return 0;
    it.response = data[0] & 1;
    it.status = STATUSES[data[0] >> 1 & 3];
    it.bytes = view_of(data + 1, size - 1);
    if (aws_settings_load(&system, &query, &settings, &err) < 0)
        abort();
    int result = login_credentials(&ctx, settings.profile, &out, &err);
    if (result == SOURCE_ABSENT || (result == SOURCE_FOUND && out.expiry <= STILL_NOW) ||
        (result < 0 && !err.text[0]))
        abort();
    aws_settings_finish(&settings);
    return 0;
}
