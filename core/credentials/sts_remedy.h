/*
 * sts_remedy - hints for refusals of AWS STS.
 */
#ifndef S3DOCK_CREDENTIALS_STS_REMEDY_H
#define S3DOCK_CREDENTIALS_STS_REMEDY_H

#include <stdbool.h>

struct err;
struct sts_refusal;

/* Sets the hint of *err. Leaves it unchanged if no remedy is known. `is_signed`: the request was
 * signed with keys, else a token was sent. `proof` names them: "the keys of profile base". */
void sts_remedy_hint(const struct sts_refusal *refusal, bool is_signed, const char *proof,
                     struct err *err);

#endif
