/*
 * Lists unfinished transfers. Markers of deleted images (tombstones) are not listed.
 */
#include "base/err.h"
#include "cli/cli.h"
#include "cli/commands/commands.h"
#include "cli/commands/unfinished_ui.h"
#include "cli/connect.h"
#include "store/store.h"

static void print_list(struct cli *cli, const struct unfinished_list *list)
{
    struct json_writer *w = output_data(&cli->output);
    int64_t retention = unfinished_retention(&cli->config);
    char line[UNFINISHED_LINE];
    size_t here = 0, count = 0;

    jw_array(w, "unfinished");
    for (size_t i = 0; i < list->count; i++) {
        const struct unfinished *item = &list->items[i];

        if (item->kind == UNFINISHED_TOMBSTONE)
            continue;
        count++;
        here += item->kind == UNFINISHED_PUSH || item->kind == UNFINISHED_PULL;
        unfinished_write(w, item, retention);
        output_line(&cli->output, "%s", unfinished_line(item, list->now, retention, line));
    }
    jw_end(w);
    if (count == 0)
        output_note(&cli->output, "nothing is unfinished");
    if (here)
        output_note(&cli->output, "a push or pull continues when the same command is run again");
    if (count > here)
        output_note(&cli->output, "s3dock cleanup removes the old ones");
}

int cmd_resume(struct cli *cli, struct err *err)
{
    struct unfinished_list list = {.items = NULL};
    struct store *store = NULL;
    int failed = connect_store(cli, &store, err) || unfinished_read(store, &list, err);

    if (!failed) {
        unfinished_warn(&cli->output, &list);
        print_list(cli, &list);
    }
    unfinished_finish(&list);
    store_destroy(store);
    return failed ? ERR_FAIL : 0;
}
