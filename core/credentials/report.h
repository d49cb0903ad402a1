/*
 * report - lists the sources of credentials that were considered: taken or passed over, and why.
 * `doctor` prints it, and the error for missing credentials contains it. It has no secret.
 */
#ifndef S3DOCK_CREDENTIALS_REPORT_H
#define S3DOCK_CREDENTIALS_REPORT_H

#define REPORT_LINES_MAX 24

enum report_verdict {
    REPORT_TAKEN,  /* this source gives the credentials */
    REPORT_PASSED, /* not configured */
    REPORT_FAILED, /* configured, but gives none */
    REPORT_ODD,    /* a setting that has no effect, or two that contradict */
};

struct report_line {
    enum report_verdict verdict;
    char source[160]; /* "environment", "profile ci", "container", ... */
    char why[256];
};

/* A plain value. Lines beyond the maximum are dropped. */
struct credential_report {
    struct report_line lines[REPORT_LINES_MAX];
    unsigned count;
};

/* Adds a line. Text that does not fit is cut. */
void credential_report_add(struct credential_report *report, enum report_verdict verdict,
                           const char *source, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

#endif
