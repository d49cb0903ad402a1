#include "requests.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *after(const char *line, const char *name)
{
    size_t size = strlen(name);

    return strncasecmp(line, name, size) == 0 ? line + size : NULL;
}

static void end_of_head(struct requests *r, FILE *log)
{
    char *method = r->first, *target = strchr(method, ' '), *rest;

    if (!target || !(rest = strchr(target + 1, ' ')) || !after(rest + 1, "HTTP/1.")) {
        r->state = REQUESTS_LOST;
        return;
    }
    *rest = '\0';
    r->count++;
    if (log)
        fprintf(log, "%s\n", method);
    r->state = r->chunked ? REQUESTS_CHUNK : r->length ? REQUESTS_BODY : REQUESTS_HEAD;
    r->left = r->length;
    r->first[0] = '\0';
    r->length = 0;
    r->chunked = false;
}

static void head_line(struct requests *r, FILE *log)
{
    const char *value;

    if (r->first[0] == '\0') {
        memcpy(r->first, r->line, r->used + 1);
    } else if (r->used == 0) {
        end_of_head(r, log);
    } else {
        if ((value = after(r->line, "content-length:")))
            r->length = strtoull(value, NULL, 10);
        if ((value = after(r->line, "transfer-encoding:")))
            r->chunked = strstr(value, "chunked") != NULL;
    }
}

static void line(struct requests *r, FILE *log)
{
    if (r->used > 0 && r->line[r->used - 1] == '\r')
        r->used--;
    r->line[r->used] = '\0';
    if (r->state == REQUESTS_HEAD) {
        head_line(r, log);
    } else if (r->state == REQUESTS_CHUNK) {
        r->left = strtoull(r->line, NULL, 16);
        r->state = r->left ? REQUESTS_DATA : REQUESTS_TRAILER;
        r->left += r->left ? 2 : 0;
    } else if (r->used == 0) {
        r->state = REQUESTS_HEAD;
    }
    r->used = 0;
}

void requests_feed(struct requests *r, const uint8_t *data, size_t size, FILE *log)
{
    while (size > 0 && r->state != REQUESTS_LOST) {
        if (r->state == REQUESTS_BODY || r->state == REQUESTS_DATA) {
            size_t some = size < r->left ? size : (size_t)r->left;

            data += some;
            size -= some;
            r->left -= some;
            if (r->left == 0)
                r->state = r->state == REQUESTS_BODY ? REQUESTS_HEAD : REQUESTS_CHUNK;
            continue;
        }
        if (*data == '\n')
            line(r, log);
        else if (r->used + 1 < REQUESTS_LINE) /* only the beginning of a longer line matters */
            r->line[r->used++] = (char)*data;
        data++;
        size--;
    }
}
