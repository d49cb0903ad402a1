/*
 * watch_pull - pulls the wanted image of an entry of `watch`.
 */
#ifndef S3DOCK_CLI_COMMANDS_WATCH_PULL_H
#define S3DOCK_CLI_COMMANDS_WATCH_PULL_H

#include "base/digest_text.h"
#include "catalog/platform.h"
#include "transfer/transfer.h"

struct cli;
struct err;
struct guard;
struct store;
struct watch_entry;
struct watch_target;
struct watchdog;

struct watch_pull {
    struct cli *cli; /* with the daemon of the configuration */
    struct store *store;
    const struct guard *guard; /* the demanded signatures; NULL: none */
    const struct watch_entry *entry;
    const struct watch_target *target; /* as the last poll has read it */
    struct platform platform;          /* any platform: that of the daemon */
    struct transfer_options transfer;
};

/* Fills the options of the configuration, for a pull or a deployment that keeps the watchdog
 * awake. */
void watch_pull_transfer(const struct cli *cli, struct watchdog *watchdog,
                         struct transfer_options *out);
/* Pulls and verifies the image, and stores the id that the daemon gives it. With a guard, proves
 * the pointer before. conflict.changed: it means another image than the poll has read. */
int watch_pull_run(const struct watch_pull *pull, char id[DIGEST_TEXT_SIZE], struct err *err);

#endif
