/*
 * layer_report_ui - prints a layer report as a table and in JSON: for inspect, diff, pull
 * --dry-run.
 */
#ifndef S3DOCK_CLI_COMMANDS_LAYER_REPORT_UI_H
#define S3DOCK_CLI_COMMANDS_LAYER_REPORT_UI_H

#include <stdint.h>

#include "pull/plan/layer_report.h"

struct cli;

/* Formats "32.6 %"; "-" if `whole` is 0. */
#define SHARE_SIZE 16
const char *share_of(uint64_t part, uint64_t whole, char out[SHARE_SIZE]);

/* Print a table, and write the members "layers", "rest" and "total" of the data: the contents of an
 * archive, or the transfer to a host. */
void layer_report_print_contents(struct cli *cli, const struct layer_report *report);
void layer_report_print_transfer(struct cli *cli, const struct layer_report *report);
/* Prints the transfer of a plan, and writes the member "plan" of the data. */
void layer_report_print_plan(struct cli *cli, const struct layer_report *report);

#endif
