/* A configuration that gets an entry has it afterwards: the same call is refused because of it. The
 * function itself compares all other members. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "cli/settings/config_insert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view entry = view_str("{ port: 8080, // one\n}");
    struct text once, twice;
    struct err err;

    text_init(&once, MIB);
    text_init(&twice, MIB);
    if (config_insert(view_of(data, size), "shop", "eu-1", entry, &once, &err) == 0 &&
        (config_insert(text_view(&once), "shop", "eu-1", entry, &twice, &err) == 0 ||
         strcmp(err.code, "exists") != 0))
        abort();
    text_finish(&once);
    text_finish(&twice);
    return 0;
}
