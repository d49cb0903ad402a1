/* Both kinds of documents have the same members, so one module reads and writes both. */
#include "catalog/pointer.h"

#include <string.h>

#include "base/json_write.h"
#include "catalog/fields.h"

static const char *target_name(enum pointer_target target)
{
    return target == POINTER_TAG ? "tag" : "image";
}

static bool is_target(const char *text)
{
    return strcmp(text, "image") == 0 || strcmp(text, "tag") == 0;
}

int pointer_parse(struct view json, struct pointer *out, struct err *err)
{
    struct fields fields;
    char target[8];

    *out = (struct pointer){.target = POINTER_IMAGE};
    fields_open(&fields, json, "the pointer", err);
    fields_string(&fields, "target_type", target, sizeof target, is_target);
    fields_string(&fields, "target_path", out->target_path, sizeof out->target_path, key_is_sound);
    fields_time(&fields, "promoted_at", out->promoted_at, sizeof out->promoted_at);
    fields_string(&fields, "promoted_by", out->promoted_by, sizeof out->promoted_by, NULL);
    fields_string(&fields, "git_hash", out->git_hash, sizeof out->git_hash, NULL);
    fields_string(&fields, "git_time", out->git_time, sizeof out->git_time, NULL);
    fields_string(&fields, "source_image", out->source_image, sizeof out->source_image, NULL);
    fields_string(&fields, "source_tag", out->source_tag, sizeof out->source_tag, NULL);
    if (!target[0])
        fields_fail(&fields, "target_type", "is missing");
    if (!out->target_path[0])
        fields_fail(&fields, "target_path", "is missing");
    if (strcmp(target, "tag") == 0)
        out->target = POINTER_TAG;
    return fields_close(&fields);
}

void pointer_write_stated(const struct pointer *pointer, const struct statement *statement,
                          struct text *out)
{
    struct json_writer w;

    jw_init(&w, out, false);
    jw_object(&w, NULL);
    jw_string(&w, "target_type", target_name(pointer->target));
    jw_string(&w, "target_path", pointer->target_path);
    jw_string_if(&w, "promoted_at", pointer->promoted_at);
    jw_string(&w, "promoted_by", pointer->promoted_by);
    jw_string(&w, "git_hash", pointer->git_hash);
    jw_string(&w, "git_time", pointer->git_time);
    jw_string_if(&w, "source_image", pointer->source_image);
    jw_string_if(&w, "source_tag", pointer->source_tag);
    if (statement)
        statement_write(statement, &w);
    jw_end(&w);
}

void pointer_write(const struct pointer *pointer, struct text *out)
{
    pointer_write_stated(pointer, NULL, out);
}
