/*
 * sts - one request to AWS STS (or to a store with the same interface, such as MinIO) that issues
 * temporary credentials.
 */
#ifndef S3DOCK_CREDENTIALS_STS_H
#define S3DOCK_CREDENTIALS_STS_H

struct credential_context;
struct credentials;
struct err;

/* A field of the form. A NULL value leaves it out. */
struct sts_field {
    const char *name, *value; /* not escaped */
};

/* All strings are borrowed for the time of the call. */
struct sts_request {
    const char *action;             /* "AssumeRole", "AssumeRoleWithWebIdentity" */
    const struct sts_field *fields; /* without Action and Version */
    unsigned field_count;
    const struct credentials *signer; /* NULL: the request is not signed */
    const char *role_arn;             /* for messages */
    const char *proof; /* what identifies the caller, for messages: "the keys of profile base",
                          "the token file /var/run/token" */
};

/* Sends the request to the STS of the settings: a configured endpoint, or the host of the region.
 * Repeats it after temporary failures, and once with the server's time if the clock is wrong. *out
 * gets the keys, the token, the expiry and the account; kind and source stay 0.
 * auth.denied: STS refused; the message has its code and text, the hint the remedy.
 * network.service: no response, 5xx or throttling in all tries. auth.answer: the response is no STS
 * document, lacks a field, or its credentials have expired. cancelled.*. */
int sts_assume(const struct credential_context *ctx, const struct sts_request *request,
               struct credentials *out, struct err *err);

#endif
