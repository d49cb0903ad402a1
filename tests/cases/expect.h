/*
 * expect - compares the expected result of a case with the result of the code under test.
 */
#ifndef S3DOCK_TESTS_CASES_EXPECT_H
#define S3DOCK_TESTS_CASES_EXPECT_H

#include <stdbool.h>

#include "base/json.h"

struct credentials;
struct err;
struct play;

/* Each returns false and stores the difference in the play. */

/* `result` is 0 (success), 1 (SOURCE_ABSENT: kind "none") or negative (`err`). Returns true if an
 * error was expected and is the expected one. If none is expected, fails for all but success. */
bool expect_result(struct play *play, struct json_node expected, int result, const struct err *err);
/* `credentials` and `provider` of `expected`. */
bool expect_credentials(struct play *play, struct json_node expected,
                        const struct credentials *found);
/* A member that is a string or null (""). An absent one matches all. */
bool expect_text(struct play *play, struct json_node expected, const char *member,
                 const char *found);
bool expect_bool(struct play *play, struct json_node expected, const char *member, bool found);
bool expect_number(struct play *play, struct json_node expected, const char *member, long found);
/* `files_after`. */
bool expect_files(struct play *play, struct json_node expected);

#endif
