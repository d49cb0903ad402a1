/*
 * A multi handle with one easy handle. Its poll returns at least each CANCEL_TICK.
 */
#include "http/transfer.h"

#include "base/clock.h"
#include "base/err.h"
#include "flow/cancel.h"

static CURLcode read_result(CURLM *multi)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(multi, &left)))
        if (message->msg == CURLMSG_DONE)
            return message->data.result;
    return CURLE_RECV_ERROR;
}

static int run_to_end(CURLM *multi, const struct cancel *cancel, struct err *err)
{
    CURLMcode code = CURLM_OK;
    int running = 1;

    while (code == CURLM_OK && running) {
        if (cancel_check(cancel, err) < 0)
            return ERR_FAIL;
        code = curl_multi_perform(multi, &running);
        if (code == CURLM_OK && running)
            code = curl_multi_poll(multi, NULL, 0, (int)(CANCEL_TICK / NS_PER_MS), NULL);
    }
    if (code != CURLM_OK)
        return err_set(err, ERR_NETWORK, "transfer", "%s", curl_multi_strerror(code));
    return 0;
}

int http_transfer(CURL *easy, const struct cancel *cancel, CURLcode *result, struct err *err)
{
    CURLM *multi = curl_multi_init();
    int failed;

    if (!multi || curl_multi_add_handle(multi, easy) != CURLM_OK) {
        curl_multi_cleanup(multi);
        return err_memory(err, "an HTTP transfer");
    }
    failed = run_to_end(multi, cancel, err);
    if (failed == 0)
        *result = read_result(multi);
    curl_multi_remove_handle(multi, easy);
    curl_multi_cleanup(multi);
    return failed;
}
