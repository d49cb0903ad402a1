/*
 * The names of the kinds are JSON values and stay as they are.
 */
#include "cli/commands/unfinished_ui.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/json_write.h"
#include "cli/print/human.h"
#include "cli/print/output.h"
#include "cli/settings/config.h"

static const char *const KINDS[] = {
    [UNFINISHED_PUSH] = "push",       [UNFINISHED_PULL] = "pull",
    [UNFINISHED_UPLOAD] = "upload",   [UNFINISHED_OBJECT] = "object",
    [UNFINISHED_ARCHIVE] = "archive", [UNFINISHED_RETIRED] = "retired",
    [UNFINISHED_DATA] = "data",       [UNFINISHED_TOMBSTONE] = "tombstone",
};

int64_t unfinished_retention(const struct config *config)
{
    return (int64_t)config_number(config, OPT_RETIRED_AFTER) * NS_PER_MS;
}

void unfinished_warn(struct output *output, const struct unfinished_list *list)
{
    if (list->uploads_unknown)
        output_warn(output, "this store does not list unfinished uploads: uploads of other hosts "
                            "are not found; let a rule of the bucket delete them");
}

void unfinished_write(struct json_writer *w, const struct unfinished *what, int64_t retention)
{
    char time[CLOCK_RFC3339_SIZE];

    jw_object(w, NULL);
    jw_string(w, "kind", KINDS[what->kind]);
    jw_string(w, "key", what->key);
    jw_string_if(w, "platform", what->platform);
    jw_string_if(w, "bucket", what->where);
    jw_string_if(w, "upload_id", what->kind == UNFINISHED_PULL ? "" : what->id);
    if (what->size)
        jw_int(w, "bytes", (int64_t)what->size);
    if (what->touched) {
        clock_rfc3339(what->touched, time);
        jw_string(w, "since", time);
    }
    if (what->kind == UNFINISHED_RETIRED) {
        clock_rfc3339(what->touched + retention, time);
        jw_string(w, "data_until", time);
    }
    jw_bool(w, "at_work", what->busy);
    jw_end(w);
}

/* Formats ", data deleted in 6 days" for a retired image, "" otherwise. */
static void format_deletion(const struct unfinished *what, int64_t now, int64_t retention,
                            char out[2 * HUMAN_SIZE])
{
    int64_t left = what->touched + retention - now, days = left / (24 * 3600 * NS_PER_S);
    char wait[HUMAN_SIZE];

    out[0] = '\0';
    if (what->kind != UNFINISHED_RETIRED)
        return;
    if (days > 1)
        snprintf(out, 2 * HUMAN_SIZE, ", data deleted in %d days", (int)days);
    else if (left > 0)
        snprintf(out, 2 * HUMAN_SIZE, ", data deleted in %s",
                 human_wait((double)left / (double)NS_PER_S, wait));
    else
        snprintf(out, 2 * HUMAN_SIZE, ", data deleted by the next cleanup");
}

const char *unfinished_line(const struct unfinished *what, int64_t now, int64_t retention,
                            char *out)
{
    char size[HUMAN_SIZE] = "", age[HUMAN_SIZE] = "", when[2 * HUMAN_SIZE];

    if (what->size)
        human_bytes(what->size, size);
    if (what->touched && what->touched <= now)
        human_wait((double)(now - what->touched) / (double)NS_PER_S, age);
    format_deletion(what, now, retention, when);
    snprintf(out, UNFINISHED_LINE, "%-7s  %s%s%s%s%s%s%s%s%s%s%s", KINDS[what->kind],
             what->key[0] ? what->key : "(damaged)", what->platform[0] ? " for " : "",
             what->platform, what->where[0] ? " of " : "", what->where, size[0] ? ", " : "", size,
             age[0] ? ", " : "", age,
             what->busy ? ", in use"
             : age[0]   ? " ago"
                        : "",
             when);
    return out;
}
