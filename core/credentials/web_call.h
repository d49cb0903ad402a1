/*
 * web_call - sends the request of a source, and repeats it after temporary failures.
 */
#ifndef S3DOCK_CREDENTIALS_WEB_CALL_H
#define S3DOCK_CREDENTIALS_WEB_CALL_H

#include <stdbool.h>
#include <stdint.h>

struct aws_settings;
struct aws_system;
struct err;
struct web_answer;
struct web_request;

struct web_call {
    const struct aws_system *system;
    const char *service; /* for messages: "AWS STS" */
    const char *place;   /* for messages: the URL without its query */
    unsigned tries;      /* the first included */
    /* Returns whether a later try may get another response. */
    bool (*is_temporary)(const struct web_answer *answer);
};

/* Returns the number of tries of the settings, at most 10; 3 if it is not set. */
unsigned web_call_tries(const struct aws_settings *settings);

/* Returns true for the statuses 429 and 5xx. */
bool web_call_is_busy(const struct web_answer *answer);

/* Returns how many ns the clock of the service is ahead of `now`. 0: the answer has no date, or
 * less than a minute, or more than a day without TLS: a request that is signed for another day can
 * be replayed on that day. */
int64_t web_call_clock_offset(const struct web_answer *answer, const char *url, int64_t now);

/* Sends the request until a response is not temporary or all tries are made. The waits between them
 * double. *answer gets the last response, of any status; its body is initialised by the caller.
 * network.service: no response in all tries. cancelled.*. */
int web_call_send(const struct web_call *call, const struct web_request *request,
                  struct web_answer *answer, struct err *err);

#endif
