/*
 * The waits are short, because a user waits for the first request: 0.5 s, then 1 s, at most 8 s.
 */
#include "credentials/web_call.h"

#include <stdio.h>
#include <string.h>

#include "aws/settings.h"
#include "aws/system.h"
#include "base/clock.h"
#include "base/codes.h"
#include "base/err.h"
#include "base/log.h"

#define TRIES        3
#define TRIES_MOST   10
#define OFFSET_LEAST (60 * NS_PER_S)
#define OFFSET_MOST  (24 * 3600 * NS_PER_S) /* without TLS */
#define FIRST_WAIT   (500 * NS_PER_MS)
#define DOUBLINGS    4 /* so the longest wait is 8 s */

unsigned web_call_tries(const struct aws_settings *settings)
{
    if (!settings->max_attempts)
        return TRIES;
    return settings->max_attempts < TRIES_MOST ? settings->max_attempts : TRIES_MOST;
}

bool web_call_is_busy(const struct web_answer *answer)
{
    return answer->status == 429 || answer->status >= 500;
}

int64_t web_call_clock_offset(const struct web_answer *answer, const char *url, int64_t now)
{
    bool proven = strncmp(url, "https://", 8) == 0;
    int64_t offset;

    if (!answer->date || __builtin_sub_overflow(answer->date, now, &offset))
        return 0;
    if (offset > -OFFSET_LEAST && offset < OFFSET_LEAST)
        return 0;
    return proven || (offset >= -OFFSET_MOST && offset <= OFFSET_MOST) ? offset : 0;
}

/* Sends it once. Returns true if another try may help. */
static bool send_once(const struct web_call *call, const struct web_request *request,
                      struct web_answer *answer, enum web_result *result, struct err *err)
{
    text_clear(&answer->body);
    answer->status = 0;
    answer->date = answer->ttl = 0;
    *result = call->system->send(call->system->arg, request, answer, err);
    if (*result == WEB_ANSWERED) {
        log_debug("%s: %s %s: %d", call->service, request->method, call->place, answer->status);
        return call->is_temporary(answer);
    }
    log_debug("%s: %s %s: %s", call->service, request->method, call->place, err->text);
    return err->family != ERR_CANCELLED;
}

static int fail_without_answer(const struct web_call *call, unsigned tries, struct err *err)
{
    char reason[sizeof err->text];

    if (err->family == ERR_CANCELLED)
        return ERR_FAIL;
    snprintf(reason, sizeof reason, "%s", err->text);
    return err_set(err, ERR_NETWORK, CODE_SERVICE, "no response from %s at %s in %u %s: %s",
                   call->service, call->place, tries, tries == 1 ? "try" : "tries", reason);
}

/* Logs the reason and waits. */
static int wait_for_next(const struct web_call *call, unsigned tries, enum web_result result,
                         const struct web_answer *answer, struct err *err)
{
    unsigned doublings = tries - 1 < DOUBLINGS ? tries - 1 : DOUBLINGS;

    if (result == WEB_ANSWERED)
        log_info("%s at %s: HTTP status %d; trying again", call->service, call->place,
                 answer->status);
    else
        log_info("%s at %s: %s; trying again", call->service, call->place, err->text);
    return call->system->wait(call->system->arg, FIRST_WAIT << doublings, err);
}

int web_call_send(const struct web_call *call, const struct web_request *request,
                  struct web_answer *answer, struct err *err)
{
    enum web_result result;
    unsigned tries = 1;

    while (send_once(call, request, answer, &result, err) && tries < call->tries) {
        if (wait_for_next(call, tries, result, answer, err) < 0)
            return ERR_FAIL;
        tries++;
    }
    return result == WEB_ANSWERED ? 0 : fail_without_answer(call, tries, err);
}
