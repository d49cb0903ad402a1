/*
 * plan_odd - reports settings that have no effect on a plan, or that contradict each other.
 */
#ifndef S3DOCK_CREDENTIALS_PLAN_ODD_H
#define S3DOCK_CREDENTIALS_PLAN_ODD_H

struct aws_settings;
struct credential_plan;
struct credential_report;

/* Adds lines of REPORT_ODD to the report. The plan must be complete. */
void plan_odd_report(const struct aws_settings *settings, const struct credential_plan *plan,
                     struct credential_report *report);

#endif
