/*
 * transfer - runs one libcurl handle to its end, and ends early on a cancel.
 *
 * curl_easy_perform would check a cancel only once a second.
 */
#ifndef S3DOCK_HTTP_TRANSFER_H
#define S3DOCK_HTTP_TRANSFER_H

#include <curl/curl.h>

struct cancel;
struct err;

/* Runs the transfer on a connection of its own, on the thread of the caller, and stores the result
 * of libcurl. Fails with cancelled.*, local.memory, network.transfer (libcurl itself failed). The
 * handle stays the caller's. */
int http_transfer(CURL *easy, const struct cancel *cancel, CURLcode *result, struct err *err);

#endif
