/*
 * trust_report - prints the signers of the documents of an image, a version or an environment, and
 * whether their signatures suffice.
 */
#ifndef S3DOCK_CLI_COMMANDS_TRUST_REPORT_H
#define S3DOCK_CLI_COMMANDS_TRUST_REPORT_H

#include "base/json_write.h"
#include "catalog/platform.h"

struct cli;
struct err;
struct guard;
struct guard_report;
struct store;
struct target;

/* Reads the documents that lead to the target, and the metadata of its platforms (`platform`; any
 * platform: all). Prints who signed each, and writes the array "documents". Sets target->resolved.
 * trust.*: the first document that the policy refuses; the others are printed, too. */
int trust_report_target(struct cli *cli, const struct guard *guard, struct store *store,
                        struct target *target, const struct platform *platform, struct err *err);

/* Reads one document, if the profile demands signatures. Writes the members "trusted" and
 * "signatures", and prints a note of who signed it, or a warning. */
int trust_report_show(struct cli *cli, struct store *store, const char *key, struct err *err);

/* Formats "deploy@example.com and 1 more", or "no trusted signer". */
#define TRUST_SIGNERS_SIZE 320
const char *trust_report_signers(const struct guard_report *report, char out[TRUST_SIGNERS_SIZE]);
/* Writes the array "signatures" and the member "trusted". */
void trust_report_write(struct json_writer *w, const struct guard_report *report);

#endif
