/*
 * The requests are submitted together. store_run_all waits until all of them have returned.
 */
#include "push/parallel_get.h"

#include "base/err.h"
#include "base/log.h"

void parallel_get_prepare(struct parallel_get *get, const char *key, size_t most)
{
    text_init(&get->text, most);
    str_copy(get->key, sizeof get->key, key);
    get->op =
        (struct store_op){.verb = STORE_GET, .key = get->key, .text = &get->text, .optional = true};
}

bool parallel_get_run(struct store *store, struct parallel_get *gets, unsigned count)
{
    struct store_op *ops[PARALLEL_GET_MAX];
    struct err ignored;

    for (unsigned i = 0; i < count; i++)
        ops[i] = &gets[i].op;
    return store_run_all(store, ops, count, &ignored) == 0;
}

bool parallel_get_done(const struct parallel_get *get)
{
    struct err err;

    if (get->op.answer == STORE_DONE)
        return text_check(&get->text, get->key, &err) == 0;
    if (get->op.answer == STORE_FAILED)
        log_debug("%s: %s", get->key, get->op.err.text);
    return false;
}
