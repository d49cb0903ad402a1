#include "cli/unfinished_ui.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/json_write.h"
#include "cli/human.h"

static const char *const KINDS[] = {
    [UNFINISHED_PUSH] = "push",       [UNFINISHED_PULL] = "pull",
    [UNFINISHED_UPLOAD] = "upload",   [UNFINISHED_OBJECT] = "object",
    [UNFINISHED_ARCHIVE] = "archive",
};

void unfinished_write(struct json_writer *w, const struct unfinished *what)
{
    char time[CLOCK_RFC3339_SIZE];

    jw_object(w, NULL);
    jw_string(w, "kind", KINDS[what->kind]);
    jw_string(w, "key", what->key);
    jw_string_if(w, "bucket", what->where);
    jw_string_if(w, "upload_id", what->kind == UNFINISHED_PULL ? "" : what->id);
    if (what->size)
        jw_int(w, "bytes", (int64_t)what->size);
    if (what->touched) {
        clock_rfc3339(what->touched, time);
        jw_string(w, "since", time);
    }
    jw_bool(w, "at_work", what->busy);
    jw_end(w);
}

const char *unfinished_line(const struct unfinished *what, int64_t now, char *out)
{
    char size[HUMAN_SIZE] = "", age[HUMAN_SIZE] = "";

    if (what->size)
        human_bytes(what->size, size);
    if (what->touched && what->touched <= now)
        human_wait((double)(now - what->touched) / (double)NS_PER_S, age);
    snprintf(out, UNFINISHED_LINE, "%-7s  %s%s%s%s%s%s%s%s", KINDS[what->kind],
             what->key[0] ? what->key : "(damaged)", what->where[0] ? " of " : "", what->where,
             size[0] ? ", " : "", size, age[0] ? ", " : "", age,
             what->busy ? ", at work"
             : age[0]   ? " ago"
                        : "");
    return out;
}
