#include <stdlib.h>

#include "base/clock.h"
#include "base/err.h"
#include "cli/command.h"
#include "cli/connect.h"
#include "cli/unfinished_ui.h"
#include "wire/store.h"

static void tell(struct cli *cli, const struct unfinished *items, size_t count)
{
    struct json_writer *w = output_data(&cli->output);
    int64_t now = clock_wall();
    char line[UNFINISHED_LINE];
    size_t here = 0;

    jw_array(w, "unfinished");
    for (size_t i = 0; i < count; i++) {
        here += items[i].kind == UNFINISHED_PUSH || items[i].kind == UNFINISHED_PULL;
        unfinished_write(w, &items[i]);
        output_line(&cli->output, "%s", unfinished_line(&items[i], now, line));
    }
    jw_end(w);
    if (count == 0)
        output_note(&cli->output, "nothing is unfinished");
    if (here)
        output_note(&cli->output, "a push or pull goes on when the same command is run again");
    if (count > here)
        output_note(&cli->output, "s3dock cleanup removes what is old");
}

int cmd_resume(struct cli *cli, struct err *err)
{
    struct unfinished *items = NULL;
    struct store *store = NULL;
    size_t count = 0;
    int failed =
        connect_store(cli, false, &store, err) || unfinished_list(store, &items, &count, err);

    if (!failed)
        tell(cli, items, count);
    free(items);
    store_destroy(store);
    return failed ? ERR_FAIL : 0;
}
