/*
 * A fixed number of requests is reused. A request reads the next key and returns through the inbox.
 * Its document is reported, and the request reads the next key.
 */
#include "catalog/fetch.h"

#include "base/codes.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct request {
    struct store_op op; /* first: inbox_take returns its message */
    struct text text;
    size_t at;
};

struct fetch {
    struct store *store;
    struct inbox *inbox;
    char *const *keys;
    size_t count, next;
    unsigned out;
    fetch_fn *each;
    void *arg;
    struct err *err;
    bool failed;
};

static void send(struct fetch *f, struct request *request)
{
    if (f->failed || f->next == f->count)
        return;
    request->at = f->next++;
    text_clear(&request->text);
    request->op = (struct store_op){.verb = STORE_GET,
                                    .key = f->keys[request->at],
                                    .text = &request->text,
                                    .optional = true,
                                    .inbox = f->inbox};
    f->out++;
    store_submit(f->store, &request->op);
}

/* Returns true for errors that concern all documents. */
static bool is_general(const struct err *err)
{
    return err->family == ERR_NETWORK || err->family == ERR_CANCELLED ||
           err_is(err, ERR_AUTH, CODE_EXPIRED);
}

static void receive(struct fetch *f, struct request *request)
{
    f->out--;
    if (f->failed)
        return;
    if (request->op.answer == STORE_FAILED && is_general(&request->op.err)) {
        f->failed = true;
        *f->err = request->op.err;
        return;
    }
    f->each(f->arg, request->at, request->op.answer, text_view(&request->text), &request->op.err);
}

int fetch_run(struct store *store, char *const *keys, size_t count, fetch_fn *each, void *arg,
              struct err *err)
{
    struct fetch f = {
        .store = store, .keys = keys, .count = count, .each = each, .arg = arg, .err = err};
    unsigned width = count < FETCH_WIDTH ? (unsigned)count : FETCH_WIDTH;
    struct request *requests;

    if (count == 0)
        return 0;
    requests = calloc(width, sizeof *requests);
    if (!requests)
        return err_memory(err, "the documents");
    f.inbox = inbox_create(err);
    f.failed = !f.inbox;
    for (unsigned i = 0; i < width; i++) {
        text_init(&requests[i].text, FETCH_DOCUMENT_MAX);
        send(&f, &requests[i]);
    }
    while (f.out) {
        struct request *request = (struct request *)inbox_take(f.inbox, INBOX_FOREVER);

        receive(&f, request);
        send(&f, request);
    }
    for (unsigned i = 0; i < width; i++)
        text_finish(&requests[i].text);
    inbox_destroy(f.inbox);
    free(requests);
    return f.failed ? ERR_FAIL : 0;
}
