/*
 * transfer_ui - options, progress, statistics and hints that push, pull and verify share.
 */
#ifndef S3DOCK_CLI_COMMANDS_TRANSFER_UI_H
#define S3DOCK_CLI_COMMANDS_TRANSFER_UI_H

#include "cli/print/progress.h"
#include "transfer/transfer.h"

struct cli;
struct err;
struct json_writer;

/* Fills the options from the configuration, and starts `progress`, which they report to. The caller
 * calls progress_finish. */
void transfer_begin(struct cli *cli, const char *subject, struct progress *progress,
                    struct transfer_options *options);
/* Advises a new push, if the error is damage in the bucket and has no other remedy. Copies of a
 * damaged archive are damaged, so the push must not copy. Returns ERR_FAIL. */
int transfer_hint_damage(const char *ref, struct err *err);
/* Writes the "stats" object. */
void transfer_write_stats(struct json_writer *w, const struct transfer_stats *stats);

#endif
