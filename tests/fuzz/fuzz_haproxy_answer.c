/* A table is read with bounded values, whatever HAProxy prints. A server is found in both tables
 * only if its name is in the text. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "deploy/traffic/haproxy_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_found(int found, struct view text)
{
    if (found == HAPROXY_OK && !memmem(text.data, text.size, "blue", 4))
        abort();
    if (found != HAPROXY_OK && found != HAPROXY_ABSENT && found != ERR_FAIL)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view text = view_of(data, size);
    struct haproxy_state state;
    struct haproxy_stat stat;
    struct err err = {0};
    int found = haproxy_read_state(text, "shop", "blue", &state, &err);

    check_found(found, text);
    if (found == HAPROXY_OK && haproxy_serves(&state) &&
        (state.op_state == 0 || state.op_state > HAPROXY_RUNNING || (state.admin_state & 0x3f)))
        abort();
    found = haproxy_read_stat(text, "shop", "blue", &stat, &err);
    check_found(found, text);
    if (found == HAPROXY_OK &&
        (stat.sessions < 0 || stat.queued < 0 || !memchr(stat.status, 0, 64)))
        abort();
    haproxy_read_done(text, &err);
    return 0;
}
