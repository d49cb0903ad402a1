/* Documents of credential sources. The first byte selects the reader. Documents are read alone, and
 * as the responses of a metadata service, which the input gives one after the other, separated by
 * NULs. No error but a refusal contains a value of the document. */
#include <stdlib.h>
#include <string.h>

#include "aws/settings.h"
#include "aws/system.h"
#include "base/codes.h"
#include "base/err.h"
#include "credentials/answer.h"
#include "credentials/container.h"
#include "credentials/credentials.h"
#include "credentials/instance.h"
#include "credentials/source.h"
#include "tests/fuzz/still_clock.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct service {
    const uint8_t *data;
    size_t size;
};

static const char *get_env(void *arg, const char *name)
{
    (void)arg;
    return strcmp(name, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") == 0 ? "/role" : NULL;
}

/* A response is a status (its first byte) and a body, up to a NUL. */
static enum web_result send_request(void *arg, const struct web_request *request,
                                    struct web_answer *answer, struct err *err)
{
    static const int statuses[] = {200, 200, 200, 404, 401, 503, 302, 0};
    struct service *service = arg;
    const uint8_t *end = memchr(service->data, 0, service->size);
    size_t size = end ? (size_t)(end - service->data) : service->size;

    (void)request;
    err_set(err, ERR_NETWORK, CODE_TIMEOUT, "no response");
    if (size == 0)
        return WEB_BROKEN;
    answer->status = statuses[service->data[0] % 8];
    text_clear(&answer->body);
    text_add(&answer->body, service->data + 1, size - 1);
    service->data += size;
    service->size -= size;
    if (end) {
        service->data++;
        service->size--;
    }
    return answer->status && !answer->body.failed ? WEB_ANSWERED : WEB_BROKEN;
}

static void check(int result, const struct credentials *creds, const struct err *err)
{
    if (result == 0 && (!creds->access_key[0] || !creds->secret_key[0]))
        abort();
    if (result < 0 && !err->text[0])
        abort();
}

static void read_document(struct view document, unsigned kind)
{
    const struct credential_answer_rules rules = {.what = "the document",
                                                  .code = kind & 1 ? CODE_PROCESS : CODE_ANSWER,
                                                  .needs_version = kind & 1,
                                                  .allows_expired = kind & 2};
    struct credentials creds;
    char reason[384];
    struct err err;
    int result = credential_answer_read(document, &rules, STILL_NOW, &creds, &err);

    check(result, &creds, &err);
    if (result < 0 && !err_is(&err, ERR_AUTH, CODE_DENIED) && strstr(err.text, "firstsecret"))
        abort();
    if (result == 0 && !rules.allows_expired && creds.expiry && creds.expiry <= STILL_NOW)
        abort();
    credential_answer_reason(document, reason, sizeof reason);
}

static void ask_services(const uint8_t *data, size_t size, bool container)
{
    static struct aws_settings settings = {.imds = {.url = "http://169.254.169.254", .timeout = 1}};
    struct service service = {data, size};
    struct aws_system system = {.arg = &service,
                                .get_env = get_env,
                                .now = still_now,
                                .wait = still_wait,
                                .send = send_request};
    const struct credential_context ctx = {&system, &settings};
    struct instance_cache cache = {.warned = true};
    struct credentials creds;
    struct err err;

    if (container) {
        check(container_credentials(&ctx, &creds, &err), &creds, &err);
        return;
    }
    for (int call = 0; call < 2; call++)
        check(instance_credentials(&ctx, &cache, &creds, &err), &creds, &err);
    if (strlen(cache.token) >= sizeof cache.token || strchr(cache.role, '/'))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    if (data[0] < 4)
        read_document(view_of(data + 1, size - 1), data[0]);
    else
        ask_services(data + 1, size - 1, data[0] & 1);
    return 0;
}
