/* The reader refuses the text, or every node of it can be visited and decoded. */
#include "base/err.h"
#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void visit(struct json_node node)
{
    struct json_node child = {0}, name;
    char text[64];
    int64_t number;

    (void)json_string(node, text, sizeof text);
    (void)json_int(node, &number);
    (void)json_raw(node);
    (void)json_get(node, "size");
    while ((child = json_next(node, child, &name)).doc) {
        (void)json_string(name, text, sizeof text);
        visit(child);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct json *json;
    struct err err;

    if (json_parse(&json, view_of(data, size), &JSON_DOCUMENT, "fuzz", &err) == 0) {
        visit(json_root(json));
        json_destroy(json);
    }
    return 0;
}
