/* Any bytes as the response to any request. The first byte selects verb and status, the rest is the
 * body. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "store/s3/reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int STATUSES[] = {200, 206, 301, 400, 403, 404, 412, 503};
    struct s3_endpoint place = {.bucket = "b", .endpoint = "http://h", .region = "r"};
    struct store_page page = {0};
    struct s3_reply reply;
    struct text body;

    if (size < 1)
        return 0;
    text_init(&body, size + 1); /* ends with a NUL, like a body of the HTTP client */
    text_add(&body, data + 1, size - 1);
    struct store_op op = {
        .verb = (enum store_verb)(data[0] % (STORE_LIFECYCLE + 1)), .key = "k", .page = &page};
    struct http_answer answer = {.status = STATUSES[data[0] / (STORE_LIFECYCLE + 1) % 8],
                                 .content_length = (int64_t)size,
                                 .body = text_view(&body)};
    str_copy(answer.content_range, sizeof answer.content_range, body.data);
    str_copy(answer.retry_after, sizeof answer.retry_after, body.data);
    s3_reply_read(&reply, &place, &op, &answer);
    store_page_finish(&page);
    text_finish(&body);
    return 0;
}
