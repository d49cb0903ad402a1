/*
 * plan_odd - settings that have no effect on a plan, or that contradict each other: lines for the
 * report. Users expect that each of their settings counts.
 */
#ifndef S3DOCK_CREDENTIALS_PLAN_ODD_H
#define S3DOCK_CREDENTIALS_PLAN_ODD_H

struct aws_settings;
struct credential_plan;
struct credential_report;

/* Adds lines of REPORT_ODD. The plan is complete. */
void plan_odd_report(const struct aws_settings *settings, const struct credential_plan *plan,
                     struct credential_report *report);

#endif
