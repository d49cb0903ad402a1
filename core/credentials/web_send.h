/*
 * web_send - sends one small HTTP request and waits for its response.
 */
#ifndef S3DOCK_CREDENTIALS_WEB_SEND_H
#define S3DOCK_CREDENTIALS_WEB_SEND_H

#include "aws/system.h"

struct cancel;
struct err;
struct http_tls;

/* Sends the request on a connection of its own. Any thread. Uses the proxy of the environment
 * unless request->direct is set. Follows no redirect. Bounds body, headers and time. Results and
 * errors: as aws_system.send; errors are network.resolve, .refused, .timeout, .transfer. */
enum web_result web_send(const struct web_request *request, const struct http_tls *tls,
                         const struct cancel *cancel, struct web_answer *answer, struct err *err);

#endif
