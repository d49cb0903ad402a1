/* Requests to S3: hosts, headers and refusals. */
#include "tests/cases/play.h"

void play_s3(struct play *play, struct json_node expected)
{
    (void)expected;
    play_fail(play, "expected a player of the group %s, got none", play->group);
}
