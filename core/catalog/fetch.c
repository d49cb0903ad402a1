/*
 * A fixed number of slots circulates. A slot takes the next key, sends its request, returns through
 * the inbox, is reported and emptied, and takes the next key.
 */
#include "catalog/fetch.h"

#include "base/codes.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct seat {
    struct store_op op; /* first: inbox_take returns its message */
    struct text text;
    size_t at;
};

struct fetch {
    struct store *store;
    struct inbox *home;
    char *const *keys;
    size_t count, next;
    unsigned out;
    fetch_fn *each;
    void *arg;
    struct err *err;
    bool failed;
};

static void send(struct fetch *f, struct seat *seat)
{
    if (f->failed || f->next == f->count)
        return;
    seat->at = f->next++;
    text_clear(&seat->text);
    seat->op = (struct store_op){.verb = STORE_GET,
                                 .key = f->keys[seat->at],
                                 .text = &seat->text,
                                 .optional = true,
                                 .home = f->home};
    f->out++;
    store_submit(f->store, &seat->op);
}

/* Returns true for errors that concern all documents. */
static bool is_general(const struct err *err)
{
    return err->family == ERR_NETWORK || err->family == ERR_CANCELLED ||
           err_is(err, ERR_AUTH, CODE_EXPIRED);
}

static void receive(struct fetch *f, struct seat *seat)
{
    f->out--;
    if (f->failed)
        return;
    if (seat->op.answer == STORE_FAILED && is_general(&seat->op.err)) {
        f->failed = true;
        *f->err = seat->op.err;
        return;
    }
    f->each(f->arg, seat->at, seat->op.answer, text_view(&seat->text), &seat->op.err);
}

int fetch_run(struct store *store, char *const *keys, size_t count, fetch_fn *each, void *arg,
              struct err *err)
{
    struct fetch f = {
        .store = store, .keys = keys, .count = count, .each = each, .arg = arg, .err = err};
    unsigned width = count < FETCH_WIDTH ? (unsigned)count : FETCH_WIDTH;
    struct seat *seats;

    if (count == 0)
        return 0;
    seats = calloc(width, sizeof *seats);
    if (!seats)
        return err_memory(err, "the documents");
    f.home = inbox_create(err);
    f.failed = !f.home;
    for (unsigned i = 0; i < width; i++) {
        text_init(&seats[i].text, FETCH_DOCUMENT_MAX);
        send(&f, &seats[i]);
    }
    while (f.out) {
        struct seat *seat = (struct seat *)inbox_take(f.home, INBOX_FOREVER);

        receive(&f, seat);
        send(&f, seat);
    }
    for (unsigned i = 0; i < width; i++)
        text_finish(&seats[i].text);
    inbox_destroy(f.home);
    free(seats);
    return f.failed ? ERR_FAIL : 0;
}
