/*
 * sts_answer - reads the XML documents of AWS STS.
 */
#ifndef S3DOCK_CREDENTIALS_STS_ANSWER_H
#define S3DOCK_CREDENTIALS_STS_ANSWER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/view.h"

struct credentials;
struct err;

/* Reads the response of an AssumeRole action: keys, token, expiry and account; other members of
 * *out become zero. `now`: wall clock, ns. Errors contain no value of the document.
 * auth.answer: no such document, a field is missing or malformed, or the credentials have
 * expired. */
int sts_answer_read(struct view document, int64_t now, struct credentials *out, struct err *err);

/* An error document. Longer texts are cut. */
struct sts_refusal {
    char code[64];
    char message[512];
};

/* Reads an error document in the form of STS, or of S3, which stores with an STS of their own use.
 * Returns false for another text. */
bool sts_refusal_read(struct view document, struct sts_refusal *out);
/* Returns whether the same request may succeed a moment later. */
bool sts_refusal_is_temporary(const struct sts_refusal *refusal);
/* Returns whether the time of the request is wrong. */
bool sts_refusal_is_of_time(const struct sts_refusal *refusal);

#endif
