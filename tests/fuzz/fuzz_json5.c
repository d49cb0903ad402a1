/* The JSON reader refuses or accepts a translated text. Accepted JSON is also JSON5 with the same
 * meaning. */
#include <stdlib.h>

#include "base/err.h"
#include "base/json.h"
#include "base/json5.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text once, twice;
    struct json *json;
    struct err err;

    text_init(&once, 64 * KIB);
    text_init(&twice, 64 * KIB);
    if (json5_to_json(view_of(data, size), &once, &err) == 0 &&
        json_parse(&json, text_view(&once), &JSON_DOCUMENT, "fuzz", &err) == 0) {
        json_destroy(json);
        if (json5_to_json(text_view(&once), &twice, &err) < 0 ||
            json_parse(&json, text_view(&twice), &JSON_DOCUMENT, "fuzz", &err) < 0)
            abort();
        json_destroy(json);
    }
    text_finish(&once);
    text_finish(&twice);
    return 0;
}
