/*
 * play - one case: a scripted environment, and the result that the program must have in it.
 */
#ifndef S3DOCK_TESTS_CASES_PLAY_H
#define S3DOCK_TESTS_CASES_PLAY_H

#include <stdbool.h>

#include "aws/settings.h"
#include "base/err.h"
#include "base/json.h"
#include "tests/cases/script.h"

struct play {
    struct json_node root; /* the case */
    const char *name, *group;
    char profile[256]; /* given explicitly; "": none */
    struct script script;
    char why[2048]; /* "expected ..., got ..."; "": the case passes so far */
};

/* Stores the reason of a failure. The first one stays. Returns false. */
bool play_fail(struct play *play, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
bool play_failed(const struct play *play);
/* Checks that an object has no members but these, which end with NULL. */
bool play_members(struct play *play, struct json_node object, const char *const *names);

/* Each checks the members of `expected` of its group. */
/* Settings and files. Returns false if they cannot be read, which may be expected. */
bool play_files(struct play *play, struct json_node expected);
void play_credentials(struct play *play, struct json_node expected); /* sources */
void play_calls(struct play *play, struct json_node calls);          /* one process over time */
void play_s3(struct play *play, struct json_node expected);          /* requests to S3 */

/* The parameters of the case, for aws_settings_load and credential_chain_create. */
struct aws_query play_query(const struct play *play);

#endif
