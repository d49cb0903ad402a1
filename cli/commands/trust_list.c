/*
 * The pointers of a batch are read first, then their signatures. A writer stores the signatures
 * first, and they prove the former pointer, too: so this order needs no second attempt.
 */
#include "cli/commands/trust_list.h"

#include <stdlib.h>

#include "base/err.h"
#include "catalog/fetch.h"
#include "cli/cli.h"
#include "cli/commands/trust_report.h"
#include "cli/demands.h"
#include "trust/guard.h"

#define BATCH FETCH_WIDTH

/* One pointer. */
struct entry {
    const char *name;
    struct text document, signatures; /* owned */
    struct err why;                   /* why it cannot be read */
    bool there, failed;
};

struct batch {
    size_t count;
    struct entry entries[BATCH];
    char keys[BATCH][KEY_MAX], signature_keys[BATCH][KEY_MAX];
};

/* ---- reading ---- */

static void take(struct entry *entry, struct text *out, enum store_answer answer, struct view text,
                 const struct err *why)
{
    if (answer == STORE_FAILED) {
        entry->failed = true;
        entry->why = *why;
    } else if (answer == STORE_DONE) {
        text_add(out, text.data, text.size);
    }
}

static void take_document(void *arg, size_t at, enum store_answer answer, struct view text,
                          const struct err *why)
{
    struct entry *entry = &((struct batch *)arg)->entries[at];

    take(entry, &entry->document, answer, text, why);
    entry->there = answer != STORE_ABSENT;
}

static void take_signatures(void *arg, size_t at, enum store_answer answer, struct view text,
                            const struct err *why)
{
    struct entry *entry = &((struct batch *)arg)->entries[at];

    take(entry, &entry->signatures, answer, text, why);
}

static int read_batch(struct store *store, const struct trust_list *list, size_t first,
                      struct batch *batch, struct err *err)
{
    char *keys[BATCH], *signature_keys[BATCH];

    for (size_t i = 0; i < batch->count; i++) {
        struct entry *entry = &batch->entries[i];

        *entry = (struct entry){.name = list->name(list->items, first + i)};
        text_init(&entry->document, FETCH_DOCUMENT_MAX);
        text_init(&entry->signatures, FETCH_DOCUMENT_MAX);
        keys[i] = batch->keys[i];
        signature_keys[i] = batch->signature_keys[i];
        if (list->versions)
            key_tag(keys[i], list->app, entry->name);
        else
            key_pointer(keys[i], list->app, entry->name);
        key_signatures(signature_keys[i], keys[i]);
    }
    return fetch_run(store, keys, batch->count, take_document, batch, err) ||
                   fetch_run(store, signature_keys, batch->count, take_signatures, batch, err)
               ? ERR_FAIL
               : 0;
}

static void batch_finish(struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        text_finish(&batch->entries[i].document);
        text_finish(&batch->entries[i].signatures);
    }
}

/* ---- the report ---- */

static void report_entry(struct cli *cli, const struct guard *guard, struct store *store,
                         const char *kind, const char *key, const struct entry *entry)
{
    struct json_writer *w = output_data(&cli->output);
    struct guard_report report = {.why = entry->why};
    char signers[TRUST_SIGNERS_SIZE];

    if (!entry->there)
        return;
    if (!entry->failed)
        guard_judge(guard, store, key, text_view(&entry->document), text_view(&entry->signatures),
                    &report);
    jw_object(w, NULL);
    jw_string(w, kind, entry->name);
    trust_report_write(w, &report);
    jw_end(w);
    output_note(&cli->output, "%s: %s%s", entry->name, report.holds ? "signed by " : "",
                report.holds ? trust_report_signers(&report, signers) : report.why.text);
}

static int show_batches(struct cli *cli, const struct guard *guard, struct store *store,
                        const struct trust_list *list, struct err *err)
{
    const char *kind = list->versions ? "version" : "environment";
    struct batch *batch = calloc(1, sizeof *batch);
    int failed = 0;

    if (!batch)
        return err_memory(err, "the signatures");
    for (size_t first = 0; !failed && first < list->count; first += batch->count) {
        batch->count = list->count - first < BATCH ? list->count - first : BATCH;
        failed = read_batch(store, list, first, batch, err);
        for (size_t i = 0; !failed && i < batch->count; i++)
            report_entry(cli, guard, store, kind, batch->keys[i], &batch->entries[i]);
        batch_finish(batch);
    }
    free(batch);
    return failed;
}

int trust_list_show(struct cli *cli, struct store *store, const struct trust_list *list,
                    struct err *err)
{
    struct guard *guard;
    int failed = demands_open(cli, &guard, err);

    if (failed || !guard)
        return failed;
    jw_array(output_data(&cli->output), "trust");
    failed = show_batches(cli, guard, store, list, err);
    jw_end(output_data(&cli->output));
    guard_close(guard);
    return failed;
}
