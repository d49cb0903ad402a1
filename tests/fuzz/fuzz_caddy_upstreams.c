/* A list that is written from any list that can be read has the target alone. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "deploy/traffic/caddy_upstreams.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const addresses[SLOT_COUNT] = {"127.0.0.1:18081", "shop-green:8080"};
    struct view text = view_of(data, size);
    struct caddy_upstreams upstreams;
    struct text out = {0};
    struct err err = {0};
    int read = caddy_upstreams_read(text, addresses, &upstreams, &err);

    text_init(&out, 4 * MIB);
    if (read != caddy_upstreams_write(text, addresses[SLOT_GREEN], &out, &err))
        abort();
    if (read == 0 && (caddy_upstreams_read(text_view(&out), addresses, &upstreams, &err) < 0 ||
                      upstreams.count != 1 || upstreams.slots != 1u << SLOT_GREEN))
        abort();
    text_finish(&out);
    return 0;
}
