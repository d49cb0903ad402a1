#include "move/late_error.h"

#include "base/err.h"
#include "base/json.h"

bool late_error(struct view rest, struct err *err)
{
    char message[384];
    struct json *json;
    struct err ignored;
    bool found;

    if (rest.size == 0 || rest.data[0] != '{' ||
        json_parse(&json, rest, &JSON_DOCUMENT, "the end of the export", &ignored))
        return false;
    found = json_string(json_get(json_get(json_root(json), "errorDetail"), "message"), message,
                        sizeof message) ||
            json_string(json_get(json_root(json), "error"), message, sizeof message) ||
            json_string(json_get(json_root(json), "message"), message, sizeof message);
    json_destroy(json);
    if (found)
        err_set(err, ERR_DOCKER, "export", "Docker failed in the middle of the export: %s",
                message);
    return found;
}
