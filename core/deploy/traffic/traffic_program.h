/*
 * traffic_program - the user's programs that check and reload a proxy, or move the requests.
 */
#ifndef S3DOCK_DEPLOY_TRAFFIC_TRAFFIC_PROGRAM_H
#define S3DOCK_DEPLOY_TRAFFIC_TRAFFIC_PROGRAM_H

#include <stdbool.h>

#include "deploy/spec/deployment.h"

struct err;
struct text;
struct traffic;

struct traffic_program {
    deploy_argv argv;
    const char *const *variables; /* "NAME=VALUE", NULL at the end; NULL: none */
    struct text *output;          /* gets standard output; NULL: it is kept with the errors */
};

/* Runs the program with the limit of the driver, and without the variables of s3dock's own service.
 * Stores its exit code, and the last line of its errors, printable or not, in `last` (256 bytes).
 * deploy.switch: it cannot be started, takes too long or prints too much. cancelled.*. */
int traffic_program_run(const struct traffic *traffic, const struct traffic_program *program,
                        int *code, char last[256], struct err *err);
/* The same for a program that must exit with 0: else deploy.switch with its code and last line. */
int traffic_program_must(const struct traffic *traffic, const struct traffic_program *program,
                         struct err *err);
/* For doctor: adds a line if the program does not exist. `key` names it. */
void traffic_program_examine(deploy_argv argv, const char *key, struct text *lines);

#endif
