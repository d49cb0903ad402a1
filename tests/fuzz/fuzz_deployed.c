/* An accepted document of a host is written, accepted again, and written the same. Any text as a
 * host name gives a key that is parsed again. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "catalog/deployed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_name(const uint8_t *data, size_t size)
{
    char name[512], host[DEPLOYED_HOST_MAX], key[KEY_MAX];
    char app[NAME_APP_MAX], env[NAME_ENV_MAX], again[DEPLOYED_HOST_MAX];

    if (size >= sizeof name)
        return;
    memcpy(name, data, size);
    name[size] = '\0';
    deployed_host(host, name);
    deployed_host_add(host, "0123456789abcdef");
    key_deployed(key, "app", "env", host);
    if (!key_parse_deployed(key, app, env, again) || strcmp(host, again) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct deployed deployed;
    struct text once, twice;
    struct err err;

    check_name(data, size);
    text_init(&once, 64 * KIB);
    text_init(&twice, 64 * KIB);
    if (deployed_parse(view_of(data, size), &deployed, &err) == 0) {
        deployed_write(&deployed, &once);
        if (once.failed || deployed_parse(text_view(&once), &deployed, &err) < 0)
            abort();
        deployed_write(&deployed, &twice);
        if (!view_equals(text_view(&once), text_view(&twice)))
            abort();
    }
    text_finish(&once);
    text_finish(&twice);
    return 0;
}
