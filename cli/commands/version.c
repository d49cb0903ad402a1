/*
 * Prints version, commit and date of the build, and on request how it was built and which libraries
 * it uses.
 */
#include "cli/version.h"
#include "cli/cli.h"
#include "cli/commands/commands.h"
#include "cli/commands/libraries.h"
#include "pack/codec/gzip_fast.h"

static void write_data(struct json_writer *w, const struct library *libraries, size_t count)
{
    jw_string(w, "version", S3DOCK_VERSION);
    jw_string(w, "commit", S3DOCK_COMMIT);
    jw_string(w, "date", S3DOCK_DATE);
    jw_string(w, "target", S3DOCK_TARGET);
    jw_string(w, "libc", S3DOCK_LIBC);
    jw_object(w, "features");
    jw_bool(w, "hardening", S3DOCK_HARDENING);
    jw_bool(w, "isal", gzip_fast_writer() != NULL);
    jw_bool(w, "static", S3DOCK_STATIC);
    jw_end(w);
    jw_object(w, "libraries");
    for (size_t i = 0; i < count; i++)
        jw_string(w, libraries[i].name, libraries[i].version);
    jw_end(w);
}

static void print_full(struct output *out, const struct library *libraries, size_t count)
{
    output_line(out, "s3dock version %s", S3DOCK_VERSION);
    output_line(out, "commit: %s", S3DOCK_COMMIT);
    output_line(out, "date: %s", S3DOCK_DATE);
    output_line(out, "target: %s, %s%s%s", S3DOCK_TARGET, S3DOCK_LIBC,
                S3DOCK_STATIC ? ", static" : "", S3DOCK_HARDENING ? ", hardened" : "");
    for (size_t i = 0; i < count; i++)
        output_line(out, "%s: %s", libraries[i].name, libraries[i].version);
}

int cmd_version(struct cli *cli, struct err *err)
{
    struct library libraries[LIBRARIES_MAX];
    size_t count = libraries_list(libraries);

    (void)err;
    write_data(output_data(&cli->output), libraries, count);
    if (config_switch(&cli->config, OPT_FULL) || config_switch(&cli->config, OPT_DETAILED))
        print_full(&cli->output, libraries, count);
    else
        output_line(&cli->output, "%s", S3DOCK_VERSION);
    return 0;
}
