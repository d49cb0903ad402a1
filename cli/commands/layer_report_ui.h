/*
 * layer_report_ui - a survey as a table, and in JSON: for inspect, diff and pull --dry-run.
 */
#ifndef S3DOCK_CLI_COMMANDS_LAYER_REPORT_UI_H
#define S3DOCK_CLI_COMMANDS_LAYER_REPORT_UI_H

#include <stdint.h>

#include "pull/plan/layer_report.h"

struct cli;

/* "32.6 %"; "-" of nothing. */
#define SHARE_SIZE 16
const char *share_of(uint64_t part, uint64_t whole, char out[SHARE_SIZE]);

/* A table of the result, and the members "layers", "rest" and "total" of its data. */
void survey_tell_inside(struct cli *cli, const struct layer_report *survey);
void survey_tell_moves(struct cli *cli, const struct layer_report *survey);
/* The moves as the rest of a plan, and the member "plan" of its data. */
void survey_plan_moves(struct cli *cli, const struct layer_report *survey);

#endif
