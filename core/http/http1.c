/*
 * A state machine over the pieces of a response: lines until the empty one, then a body that is
 * framed by chunks, by a length, or by the end of the connection.
 *
 * The head is kept as one text, each line ended by a NUL, names in lower case. A connection that
 * closes inside a chunk or before the announced length was cut.
 */
#include "http/http1.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"

#define LINE_MAX_SIZE 4096 /* a chunk header, or a trailer */

enum state { IN_HEAD, IN_CHUNK_HEAD, IN_CHUNK, AFTER_CHUNK, IN_TRAILER, IN_LENGTH, IN_REST, DONE };

void http1_init(struct http1 *http, bool head_request)
{
    *http = (struct http1){.bodiless = head_request};
    text_init(&http->head, HTTP1_HEAD_MAX);
    text_init(&http->line, LINE_MAX_SIZE);
}

void http1_finish(struct http1 *http)
{
    text_finish(&http->head);
    text_finish(&http->line);
}

static int not_http(struct err *err, const char *what)
{
    return err_set(err, ERR_DOCKER, "stream", "the daemon's response is not proper HTTP: %s", what);
}

/* Collects a line, without its end. True: it is complete. */
static bool take_line(struct text *line, struct view *in)
{
    const uint8_t *end = in->size ? memchr(in->data, '\n', in->size) : NULL;
    size_t size = end ? (size_t)(end - in->data) : in->size;

    text_add(line, in->data, size);
    if (end)
        size++;
    in->data += size;
    in->size -= size;
    if (!end)
        return false;
    if (line->size && line->data[line->size - 1] == '\r')
        line->data[--line->size] = '\0';
    return true;
}

static bool digits(const char *text, int base, uint64_t *out)
{
    static const char set[] = "0123456789abcdef";
    uint64_t value = 0;
    size_t count = 0;

    for (; *text && *text != ';' && *text != ' ' && *text != '\t'; text++, count++) {
        char low = *text >= 'A' && *text <= 'Z' ? (char)(*text + 32) : *text;
        const char *at = memchr(set, low, (size_t)base);

        if (!at || value >> 59) /* no room for another hex digit */
            return false;
        value = value * (uint64_t)base + (uint64_t)(at - set);
    }
    *out = value;
    return count > 0;
}

const char *http1_header(const struct http1 *http, const char *name)
{
    size_t size = strlen(name);
    const char *at = http->head.data, *end = at + http->head.size;

    for (; at < end; at += strlen(at) + 1)
        if (strncmp(at, name, size) == 0 && at[size] == ':')
            return at + size + 1 + strspn(at + size + 1, " \t");
    return NULL;
}

static int status_of(const char *line)
{
    uint64_t status;

    if (strncmp(line, "HTTP/1.", 7) != 0 || strlen(line) < 12 || line[8] != ' ')
        return -1;
    if (!digits(line + 9, 10, &status) || status < 100 || status > 599)
        return -1;
    return (int)status;
}

/* Finds out how the body is framed. */
static int choose_body(struct http1 *http, struct err *err)
{
    const char *coding = http1_header(http, "transfer-encoding");
    const char *length = http1_header(http, "content-length");

    if (http->bodiless || http->status == 204 || http->status == 304)
        http->state = DONE;
    else if (coding && strncasecmp(coding, "chunked", 7) == 0)
        http->state = IN_CHUNK_HEAD;
    else if (coding && strncasecmp(coding, "identity", 8) != 0)
        return not_http(err, "an unknown transfer encoding");
    else if (!length)
        http->state = IN_REST;
    else if (!digits(length, 10, &http->left))
        return not_http(err, "a length that is no number");
    else
        http->state = http->left ? IN_LENGTH : DONE;
    return HTTP1_HEAD;
}

static int feed_head(struct http1 *http, struct view *in, struct err *err)
{
    while (take_line(&http->line, in)) {
        struct text *line = &http->line;
        char *colon = memchr(line->data, ':', line->size);

        if (text_check(line, "a header", err) < 0)
            return ERR_FAIL;
        if (http->head.size == 0 && status_of(line->data) < 0)
            return not_http(err, "no status line");
        if (line->size == 0 && status_of(http->head.data) >= 200) {
            http->status = status_of(http->head.data);
            return choose_body(http, err);
        }
        if (line->size == 0) {
            text_clear(&http->head); /* an interim response */
            continue;
        }
        for (char *c = line->data; colon && c < colon; c++)
            if (*c >= 'A' && *c <= 'Z')
                *c = (char)(*c + 32);
        text_add(&http->head, line->data, line->size + 1);
        text_clear(line);
        if (text_check(&http->head, "the daemon's headers", err) < 0)
            return ERR_FAIL;
    }
    return text_check(&http->line, "a header", err) < 0 ? ERR_FAIL : HTTP1_MORE;
}

/* Reads the lines between chunks, and the trailer. */
static int feed_framing(struct http1 *http, struct view *in, struct err *err)
{
    bool whole = take_line(&http->line, in);
    int state = http->state;

    if (text_check(&http->line, "the framing of a response", err) < 0)
        return ERR_FAIL;
    if (!whole)
        return HTTP1_MORE;
    if (state == IN_CHUNK_HEAD) {
        if (!digits(http->line.data, 16, &http->left))
            return not_http(err, "a chunk without a size");
        http->state = http->left ? IN_CHUNK : IN_TRAILER;
    } else if (state == AFTER_CHUNK) {
        if (http->line.size)
            return not_http(err, "a chunk longer than its size");
        http->state = IN_CHUNK_HEAD;
    } else if (http->line.size == 0) {
        http->state = DONE;
    }
    text_clear(&http->line);
    return HTTP1_MORE;
}

static int feed_body(struct http1 *http, struct view *in, struct view *body)
{
    size_t size = in->size;

    if (http->state != IN_REST && size > http->left)
        size = (size_t)http->left;
    *body = view_of(in->data, size);
    in->data += size;
    in->size -= size;
    if (http->state == IN_REST)
        return HTTP1_BODY;
    http->left -= size;
    if (http->left == 0)
        http->state = http->state == IN_CHUNK ? AFTER_CHUNK : DONE;
    return HTTP1_BODY;
}

int http1_feed(struct http1 *http, struct view *in, struct view *body, struct err *err)
{
    while (http->state != DONE && in->size > 0) {
        int answer;

        if (http->state == IN_HEAD)
            answer = feed_head(http, in, err);
        else if (http->state == IN_CHUNK || http->state == IN_LENGTH || http->state == IN_REST)
            answer = feed_body(http, in, body);
        else
            answer = feed_framing(http, in, err);
        if (answer != HTTP1_MORE)
            return answer;
    }
    return http->state == DONE ? HTTP1_END : HTTP1_MORE;
}

int http1_eof(struct http1 *http, struct err *err)
{
    if (http->state == IN_REST)
        http->state = DONE;
    if (http->state == DONE)
        return 0;
    if (http->state == IN_HEAD)
        return err_set(err, ERR_DOCKER, "stream",
                       "the daemon closed the connection without a response");
    return err_set(err, ERR_DOCKER, "stream", "the daemon's response was cut short");
}
