/*
 * Several calls of one process: a provider of the chain's sets, as a store uses it. The script's
 * clock stands still during a call, except while the users of the provider wait.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "credentials/chain.h"
#include "credentials/credentials.h"
#include "credentials/provider.h"
#include "credentials/source.h"
#include "tests/cases/expect.h"
#include "tests/cases/play.h"

#define WAITS_MAX 600 /* seconds that users wait */

struct process {
    struct play *play;
    struct credential_chain *chain;
    struct credential_provider *provider; /* NULL: no set yet */
    struct provider_copy copy;
};

static int resolve(void *arg, bool may_ask, const char *rejected, struct credentials *out,
                   struct err *err)
{
    struct process *process = arg;

    const struct aws_query query = play_query(process->play);

    if (!process->chain &&
        credential_chain_create(&process->play->script.system, &query, &process->chain, err) < 0)
        return ERR_FAIL;
    if (rejected)
        credential_chain_reject(process->chain, rejected);
    return credential_chain_resolve(process->chain, may_ask, out, err);
}

static int64_t script_now(void *arg)
{
    struct process *process = arg;

    return process->play->script.system.now(&process->play->script);
}

static void wait_for_fetch(struct process *process)
{
    while (process->provider && provider_is_fetching(process->provider))
        usleep(500);
}

/* Gets a set, as a request of a transfer does, and then the set of a fetch that this has begun. */
static int get_set(struct process *process, struct err *err)
{
    const struct provider_source source = {.resolve = resolve, .now = script_now, .arg = process};
    int found;

    if (!process->provider) {
        process->provider = provider_create(&source, err);
        if (!process->provider)
            return ERR_FAIL;
    }
    found = provider_get(process->provider, &process->copy, err);
    for (unsigned i = 0; i < WAITS_MAX && found == PROVIDER_WAIT; i++) {
        wait_for_fetch(process);
        found = provider_get(process->provider, &process->copy, err);
        if (found == PROVIDER_WAIT)
            process->play->script.now += NS_PER_S;
    }
    wait_for_fetch(process);
    return found < 0 ? found : provider_get(process->provider, &process->copy, err);
}

static void play_call(struct process *process, struct json_node call)
{
    static const char *const MEMBERS[] = {"now", "files", "commands", "rejected", "expected", NULL};
    static const char *const EXPECTED[] = {"error", "credentials", "provider", "files_after", NULL};
    struct json_node expected = json_get(call, "expected");
    struct play *play = process->play;
    struct err err;
    int found;

    if (!play_members(play, call, MEMBERS) || !play_members(play, expected, EXPECTED))
        return;
    script_call(&play->script, call);
    if (process->provider &&
        json_string_equals(json_get(call, "rejected"), process->copy.set.access_key))
        provider_reject(process->provider, process->copy.serial);
    found = get_set(process, &err);
    if (expect_result(play, expected, found, &err) && found == PROVIDER_READY)
        expect_credentials(play, expected, &process->copy.set);
    expect_files(play, expected);
}

void play_calls(struct play *play, struct json_node calls)
{
    struct process process = {.play = play};

    for (struct json_node call = json_first(calls); call.doc && !play_failed(play);
         call = json_next(calls, call, NULL)) {
        play_call(&process, call);
        if (play_failed(play)) {
            char why[sizeof play->why];

            snprintf(why, sizeof why, "call %u: %.1900s", play->script.call, play->why);
            memcpy(play->why, why, sizeof why);
        }
        play->script.call++;
    }
    provider_destroy(process.provider);
    credential_chain_destroy(process.chain);
    credentials_finish(&process.copy.set);
}
