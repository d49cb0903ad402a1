/*
 * exchange - one HTTP exchange of a case: whether a request matches it, and its response.
 */
#ifndef S3DOCK_TESTS_CASES_EXCHANGE_H
#define S3DOCK_TESTS_CASES_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>

#include "aws/system.h"
#include "base/json.h"

struct script;

/* Adds trouble for members of exchanges that are not known. */
void exchange_check(struct script *script, struct json_node exchanges);
/* Returns whether the request is the described one. If method and URL are the same, `reason` gets
 * the first difference. */
bool exchange_matches(struct json_node expected, const struct web_request *request, char *reason,
                      size_t size);
/* Produces the response of an exchange, or its failure. */
enum web_result exchange_play(struct json_node exchange, const struct web_request *request,
                              struct web_answer *answer, struct err *err);
/* Produces a response with status, headers and body. */
enum web_result exchange_answer(struct json_node response, struct web_answer *answer);

#endif
