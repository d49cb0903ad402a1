/*
 * The services are on the same host or one hop away, so the pause between two tries is constant.
 */
#include "credentials/metadata_send.h"

#include "base/err.h"
#include "base/log.h"

static bool is_temporary(enum web_result result, int status, const struct metadata_tries *tries,
                         const struct err *err)
{
    if (result == WEB_ANSWERED)
        return status == 429 || status >= 500;
    return tries->any_failure && err->family != ERR_CANCELLED;
}

enum web_result metadata_send(const struct aws_system *system, const struct web_request *request,
                              const struct metadata_tries *tries, struct web_answer *answer,
                              struct err *err)
{
    enum web_result result;

    for (unsigned tried = 1;; tried++) {
        text_clear(&answer->body);
        result = system->send(system->arg, request, answer, err);
        if (result == WEB_ANSWERED)
            log_debug("metadata: %s %s: %d", request->method, tries->name, answer->status);
        else
            log_debug("metadata: %s %s: %s", request->method, tries->name, err->text);
        if (tried >= tries->most || !is_temporary(result, answer->status, tries, err))
            return result;
        if (system->wait(system->arg, tries->pause, err) < 0)
            return WEB_BROKEN;
    }
}
