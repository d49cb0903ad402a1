/*
 * The table of rights, and the report of one operation. The hint of a refusal names the right to
 * grant and the consequence of not granting it.
 */
#include "cli/doctor/probe.h"

#include <string.h>

#include "base/codes.h"
#include "base/err.h"
#include "cli/doctor/doctor.h"
#include "cli/print/hints.h"

static const struct {
    const char *name;
    const char *action; /* what S3 policies call it */
    const char *means;  /* that it does not work */
    enum doctor_status gravity;
} rights[] = {
    [RIGHT_LIST] = {"list", "s3:ListBucket",
                    "a missing object cannot be distinguished from a forbidden one", DOCTOR_FAILED},
    [RIGHT_PUT] = {"put", "s3:PutObject",
                   "this host cannot push (use --read-only on hosts that only pull)",
                   DOCTOR_FAILED},
    [RIGHT_HEAD] = {"head", "s3:GetObject", "images cannot be found", DOCTOR_FAILED},
    [RIGHT_GET] = {"get", "s3:GetObject", "images cannot be pulled", DOCTOR_FAILED},
    [RIGHT_RANGE] = {"get a range", "s3:GetObject", "images cannot be pulled", DOCTOR_FAILED},
    [RIGHT_UNLESS] = {"get if changed", "s3:GetObject", "s3dock watch cannot poll environments",
                      DOCTOR_WARNING},
    [RIGHT_COPY] = {"copy", "s3:GetObject and s3:PutObject",
                    "an image of the same name cannot be replaced", DOCTOR_WARNING},
    [RIGHT_IF_ABSENT] = {"put if absent", "s3:PutObject",
                         "if two clients tag or promote at the same moment, one change may be lost",
                         DOCTOR_WARNING},
    [RIGHT_IF_UNCHANGED] =
        {"put if unchanged", "s3:PutObject",
         "if two clients tag or promote at the same moment, one change may be lost",
         DOCTOR_WARNING},
    [RIGHT_CREATE] = {"upload: begin", "s3:PutObject", "large images cannot be pushed",
                      DOCTOR_FAILED},
    [RIGHT_PART] = {"upload: part", "s3:PutObject", "large images cannot be pushed", DOCTOR_FAILED},
    [RIGHT_PARTS] = {"upload: list", "s3:ListMultipartUploadParts",
                     "an interrupted push starts from the beginning", DOCTOR_WARNING},
    [RIGHT_COMPLETE] = {"upload: complete", "s3:PutObject", "large images cannot be pushed",
                        DOCTOR_FAILED},
    [RIGHT_COPY_PART] = {"upload: copy part", "s3:GetObject and s3:PutObject",
                         "a push uploads the whole image, not only the new data", DOCTOR_WARNING},
    [RIGHT_ABORT] = {"upload: abort", "s3:AbortMultipartUpload",
                     "parts of interrupted pushes stay in the bucket and take space",
                     DOCTOR_WARNING},
    [RIGHT_DELETE] = {"delete", "s3:DeleteObject", "the test objects stay in the bucket",
                      DOCTOR_WARNING},
};

const char *probe_name(enum right right)
{
    return rights[right].name;
}

void probe_ok(struct probe *p, enum right right, const char *detail)
{
    doctor_ok(p->doctor, rights[right].name, "%s", detail);
}

void probe_odd(struct probe *p, enum right right, const char *what)
{
    struct err err;

    err_set(&err, ERR_UNSUPPORTED, "store", "%s: %s", what, rights[right].means);
    doctor_found(p->doctor, rights[right].name, rights[right].gravity, &err);
}

static void report_refused(struct probe *p, enum right right, struct err *err)
{
    bool gone = err->family == ERR_NETWORK;

    hints_add(err);
    if (err_is(err, ERR_AUTH, CODE_DENIED))
        err_hint(err, "allow %s for these credentials, also below " PROBE_PREFIX "; without it: %s",
                 rights[right].action, rights[right].means);
    else if ((!err->hint[0] || strstr(err->hint, "s3dock doctor")) && !gone)
        err_hint(err, "without it: %s", rights[right].means);
    doctor_found(p->doctor, rights[right].name, gone ? DOCTOR_FAILED : rights[right].gravity, err);
    p->stop = p->stop || gone;
}

enum store_answer probe_ask(struct probe *p, enum right right, struct store_op *op)
{
    struct err err;
    enum store_answer answer;

    op->optional = true;
    answer = store_run(p->store, op, &err);
    if (answer != STORE_FAILED)
        return answer;
    if (err.family == ERR_CANCELLED)
        p->stop = true;
    else
        report_refused(p, right, &err);
    return answer;
}
