/* An accepted document of a bucket is written, accepted again, and written the same. */
#include <stdlib.h>

#include "base/err.h"
#include "catalog/audit.h"
#include "catalog/metadata.h"
#include "catalog/pointer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_metadata(struct view json, struct text *once, struct text *twice)
{
    struct metadata metadata;
    struct err err;

    if (metadata_parse(json, &metadata, &err) < 0)
        return;
    metadata_write(&metadata, once);
    metadata_finish(&metadata);
    if (metadata_parse(text_view(once), &metadata, &err) < 0)
        abort();
    metadata_write(&metadata, twice);
    metadata_finish(&metadata);
}

static void check_pointer(struct view json, struct text *once, struct text *twice)
{
    struct pointer pointer;
    struct err err;

    if (pointer_parse(json, &pointer, &err) < 0)
        return;
    pointer_write(&pointer, once);
    if (pointer_parse(text_view(once), &pointer, &err) < 0)
        abort();
    pointer_write(&pointer, twice);
}

static void check_audit(struct view json, struct text *once, struct text *twice)
{
    struct audit_event event;
    struct err err;

    if (audit_parse(json, &event, &err) < 0)
        return;
    audit_write(&event, once);
    if (audit_parse(text_view(once), &event, &err) < 0)
        abort();
    audit_write(&event, twice);
}

/* A pointer with statements is written, and has the same statements. */
static void check_statement(const char *key, struct view json, struct text *once,
                            struct text *twice)
{
    struct statement first, second;
    struct pointer pointer;
    struct err err;

    if (statement_read(key, json, &first, &err) != STATEMENT_READ ||
        first.kind == STATEMENT_IMAGE || pointer_parse(json, &pointer, &err) < 0)
        return;
    text_clear(once);
    text_clear(twice);
    pointer_write_stated(&pointer, &first, once);
    if (statement_read(key, text_view(once), &second, &err) != STATEMENT_READ ||
        !statement_same(&first, &second) || first.sequence != second.sequence)
        abort();
    pointer_write_stated(&pointer, &second, twice);
}

static void check_statements(struct view json, struct text *once, struct text *twice)
{
    static const char *const keys[] = {"pointers/a/b.json", "tags/a/v1.json",
                                       "images/a/202511/a-20251130-0101-0000001.json",
                                       "images/a/202511/a-20251130-0101-0000001-linux-arm64.json"};

    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        check_statement(keys[i], json, once, twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    void (*const checks[])(struct view, struct text *, struct text *) = {
        check_metadata, check_pointer, check_audit, check_statements};

    for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
        struct text once, twice;

        text_init(&once, MIB);
        text_init(&twice, MIB);
        checks[i](view_of(data, size), &once, &twice);
        if (!view_equals(text_view(&once), text_view(&twice)))
            abort();
        text_finish(&once);
        text_finish(&twice);
    }
    return 0;
}
