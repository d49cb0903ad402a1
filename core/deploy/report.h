/*
 * report - fills the result of a run, writes the record, and runs the program `after`.
 */
#ifndef S3DOCK_DEPLOY_REPORT_H
#define S3DOCK_DEPLOY_REPORT_H

#include "deploy/run.h"

struct err;

/* Notes the containers that serve before the run changes anything. */
void report_before(struct run *run);
/* Notes the containers that serve now. If the run made changes, or failed while it did, writes the
 * document of this host and runs the hook `after`. If the run repeats an earlier result, or only
 * found that nothing runs, only the document is written, unless it has that result. Failures of
 * both are warnings. */
void report_after(struct run *run, const struct err *failure);

#endif
