/* A response, split at any position, has the same status, body and end as in one piece. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "http/http1.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int take(struct http1 *http, struct view in, struct text *body, struct err *err)
{
    int event;

    do {
        struct view piece = {0};

        event = http1_feed(http, &in, &piece, err);
        text_add(body, piece.data, piece.size);
    } while (event == HTTP1_HEAD || event == HTTP1_BODY);
    return event;
}

static int decode(struct view a, struct view b, int *status, struct text *body)
{
    struct http1 http;
    struct err err;
    int event;

    http1_init(&http, false);
    event = take(&http, a, body, &err);
    if (event == HTTP1_MORE)
        event = take(&http, b, body, &err);
    if (event == HTTP1_MORE)
        event = http1_eof(&http, &err) < 0 ? -2 : HTTP1_END;
    *status = http.status;
    http1_header(&http, "content-length");
    http1_finish(&http);
    return event;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t cut = size ? data[size - 1] % size : 0;
    struct text whole, parts;
    int status, again;

    text_init(&whole, size + 1);
    text_init(&parts, size + 1);
    if (decode(view_of(data, size), view_of(NULL, 0), &status, &whole) !=
            decode(view_of(data, cut), view_of(data + cut, size - cut), &again, &parts) ||
        status != again || !view_equals(text_view(&whole), text_view(&parts)))
        abort();
    text_finish(&whole);
    text_finish(&parts);
    return 0;
}
