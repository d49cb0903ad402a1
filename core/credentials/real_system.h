/*
 * real_system - the aws_system of the program: its environment, files, clock, network, shell and
 * terminal. Its functions may run on any thread, several at the same time.
 */
#ifndef S3DOCK_CREDENTIALS_REAL_SYSTEM_H
#define S3DOCK_CREDENTIALS_REAL_SYSTEM_H

#include <limits.h>

#include "aws/system.h"

struct cancel;
struct err;
struct http_tls;

/* Does not move after real_system_init. */
struct real_system {
    struct aws_system system; /* pass its address to readers and sources */
    const struct cancel *cancel;
    bool insecure;
    char ca_file[PATH_MAX], cert_file[PATH_MAX], key_file[PATH_MAX]; /* "": none */
};

/* All waits end soon after `cancel` is requested; it is borrowed and may be NULL. Nothing must be
 * released at the end. */
void real_system_init(struct real_system *real, const struct cancel *cancel);
/* Sets the TLS settings of later requests and copies their strings. Not at the same time as a
 * request. usage.ca_file, usage.certificate: a path is too long. */
int real_system_set_tls(struct real_system *real, const struct http_tls *tls, struct err *err);

#endif
