/*
 * The table of options. Its rows are in files by theme, in the order of enum option_id.
 */
#include <stdint.h>

#include "cli/settings/command_id.h"
#include "cli/settings/option.h"

#define FOR(command) (UINT64_C(1) << (command))

#define TRANSFERS (FOR(CMD_PUSH) | FOR(CMD_PULL))
#define READS     (TRANSFERS | FOR(CMD_VERIFY))
#define CHANGES   (FOR(CMD_TAG) | FOR(CMD_PROMOTE) | FOR(CMD_ROLLBACK))
#define DOCKERS   (TRANSFERS | FOR(CMD_BUILD))
#define DEPLOYS   (FOR(CMD_DEPLOY) | FOR(CMD_WATCH))
#define DAEMONS   (DOCKERS | DEPLOYS | FOR(CMD_DOCTOR))

_Static_assert(COMMAND_COUNT <= 64, "a bit for each command");

#define MINUTE_MS 60000
#define HOUR_MS   (60 * MINUTE_MS)
#define DAY_MS    (UINT64_C(24) * HOUR_MS)

#define QUOTED(text)    #text
#define TEXT_OF(number) QUOTED(number)

#define NAMES_FIXED "names are part of the format, see docs/configuration.md"

/* clang-format off */
const struct option option_table[OPTION_COUNT] = {
#include "cli/settings/options/bucket.inc"
#include "cli/settings/options/s3.inc"
#include "cli/settings/options/docker.inc"
#include "cli/settings/options/transfer.inc"
#include "cli/settings/options/watch.inc"
#include "cli/settings/options/commands.inc"
#include "cli/settings/options/output.inc"
};
/* clang-format on */
