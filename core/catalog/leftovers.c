#include "catalog/leftovers.h"

#include <string.h>

#include "base/err.h"

static int each_of_page(const struct store_page *page, int64_t before, leftovers_fn *each,
                        void *arg, struct err *err)
{
    for (size_t i = 0; i < page->count; i++) {
        const struct store_entry *entry = &page->entries[i];

        if (entry->is_prefix || entry->info.modified == 0 || entry->info.modified >= before)
            continue;
        if (each(arg, entry, err))
            return ERR_FAIL;
    }
    return 0;
}

int leftovers_find(struct store *store, int64_t before, leftovers_fn *each, void *arg,
                   struct err *err)
{
    char token[STORE_KEY_MAX] = "";
    bool more = true;
    int answer = 0;

    while (more && answer == 0) {
        struct store_page page = {0};
        struct store_op op = {.verb = STORE_LIST,
                              .key = LEFTOVERS_FOLDER,
                              .token = token[0] ? token : NULL,
                              .page = &page};

        more = false;
        if (store_run(store, &op, err) == STORE_FAILED)
            answer = err_wrap(err, "cannot list what pushes left behind");
        else
            answer = each_of_page(&page, before, each, arg, err);
        if (answer == 0 && page.next && strcmp(page.next, token) != 0)
            more = str_copy(token, sizeof token, page.next);
        store_page_finish(&page);
    }
    return answer;
}
