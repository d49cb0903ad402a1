/*
 * The limits and defaults of the options equal those of core; assertions hold them together.
 */
#include "cli/commands/transfer_ui.h"

#include "base/err.h"
#include "base/json_write.h"
#include "cli/cli.h"
#include "cli/print/hints.h"

_Static_assert((size_t)OPTION_MEMORY_MIB << 20 == TRANSFER_MEMORY, "one default");
_Static_assert((size_t)OPTION_MEMORY_MIN_MIB << 20 == TRANSFER_MEMORY_MIN, "one limit");

static enum progress_mode choose_progress(const struct config *config)
{
    if (config_switch(config, OPT_NO_PROGRESS) || config_switch(config, OPT_QUIET))
        return PROGRESS_NONE;
    return progress_choose((enum progress_choice)config_number(config, OPT_PROGRESS));
}

void transfer_begin(struct cli *cli, const char *subject, struct progress *progress,
                    struct transfer_options *options)
{
    const struct config *config = &cli->config;

    progress_start(progress, choose_progress(config), subject);
    *options = (struct transfer_options){
        .jobs = config_is_word(config, OPT_JOBS) ? TRANSFER_JOBS_AUTO
                                                 : (unsigned)config_number(config, OPT_JOBS),
        .memory = (size_t)config_number(config, OPT_MEMORY),
        .cancel = cli->cancel,
        .progress = progress_show,
        .progress_arg = progress,
    };
}

int transfer_hint_damage(const char *ref, struct err *err)
{
    hints_add(err);
    if (err->family == ERR_INTEGRITY && !err->hint[0])
        err_hint(err,
                 "the archive in the bucket is damaged: replace it from a host that has the image, "
                 "with s3dock push %s --force --no-delta",
                 ref);
    return ERR_FAIL;
}

void transfer_write_stats(struct json_writer *w, const struct transfer_stats *stats)
{
    jw_object(w, "stats");
    jw_int(w, "raw_bytes", (int64_t)stats->raw_bytes);
    jw_int(w, "archive_bytes", (int64_t)stats->archive_bytes);
    jw_int(w, "uploaded_bytes", (int64_t)stats->uploaded_bytes);
    jw_int(w, "copied_bytes", (int64_t)stats->copied_bytes);
    jw_int(w, "downloaded_bytes", (int64_t)stats->downloaded_bytes);
    jw_int(w, "reused_bytes", (int64_t)stats->reused_bytes);
    jw_int(w, "requests", (int64_t)stats->requests);
    jw_int(w, "retries", (int64_t)stats->retries);
    jw_double(w, "seconds", stats->seconds);
    jw_int(w, "peak_memory_bytes", (int64_t)stats->peak_memory_bytes);
    jw_end(w);
}
