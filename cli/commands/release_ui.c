/*
 * A version is looked up as a tag of the bucket; a wrong name gets a hint at an existing one.
 */
#include "cli/commands/release_ui.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/codes.h"
#include "base/err.h"
#include "catalog/change.h"
#include "catalog/resolve.h"
#include "cli/cli.h"
#include "cli/connect.h"
#include "cli/demands.h"
#include "cli/signer.h"
#include "trust/guard_image.h"

/* Returns whether the tag begins with eight digits and a dash, as that of an image. */
static bool looks_like_image(const char *tag)
{
    return strspn(tag, "0123456789") == 8 && tag[8] == '-';
}

bool wanted_is_image(const char *app, const char *name)
{
    char ref[NAME_APP_MAX + NAME_VERSION_MAX];
    struct image_name image;
    struct err ignored;

    snprintf(ref, sizeof ref, "%s:%s", app, name);
    return name_parse_image(ref, &image, &ignored) == 0;
}

int wanted_parse(const char *text, struct wanted *out, struct err *err)
{
    const char *colon = strchr(text, ':');

    *out = (struct wanted){.by_version = false};
    if (!colon || strpbrk(text, "/@") || looks_like_image(colon + 1)) {
        if (name_parse_image(text, &out->image, err))
            return ERR_FAIL;
        str_copy(out->app, sizeof out->app, out->image.app);
        return 0;
    }
    out->by_version = true;
    snprintf(out->app, sizeof out->app, "%.*s", (int)(colon - text), text);
    if (colon - text >= NAME_APP_MAX || !str_copy(out->version, sizeof out->version, colon + 1))
        return name_parse_image(text, &out->image, err); /* reports the error */
    return name_check_app(out->app, err) || name_check_version(out->version, err) ? ERR_FAIL : 0;
}

void wanted_no_version(struct store *store, const char *app, const char *name, const char *instead,
                       struct err *err)
{
    struct current_pointer current;
    struct err ignored;

    if (!err_is(err, ERR_NOT_FOUND, CODE_TAG))
        return;
    err_set(err, ERR_NOT_FOUND, CODE_TAG, "tag not found: %s/%s: there is no version of this name",
            app, name);
    if (wanted_is_image(app, name))
        err_hint(err, "write the image in one word: %s:%s", app, name);
    else if (name_check_env(name, &ignored) == 0 &&
             resolve_current(store, app, name, &current, &ignored) == 0)
        err_hint(err, "%s is an environment: s3dock %s %s %s", name, instead, app, name);
    else
        err_hint(err, "s3dock list tags %s lists the versions", app);
}

/* Proves the version and the image of a change. */
struct release_proof {
    struct guard_image image; /* first: options->present points to it */
    struct guard *guard;
};

static void close_proof(struct release_proof *proof)
{
    if (!proof)
        return;
    guard_image_finish(&proof->image);
    guard_close(proof->guard);
    free(proof);
}

/* Sets options->present if the profile demands signatures, and options->reader if it demands those
 * of images or versions. */
static int open_proof(const struct cli *cli, struct release_options *options, struct err *err)
{
    struct release_proof *proof = calloc(1, sizeof *proof);

    if (!proof)
        return err_memory(err, "the demands on signatures");
    if (demands_open(cli, &proof->guard, err)) {
        close_proof(proof);
        return ERR_FAIL;
    }
    if (!proof->guard) {
        close_proof(proof);
        return 0;
    }
    guard_image_init(&proof->image, proof->guard, NULL);
    options->present = &proof->image.reader;
    if (guard_requires(proof->guard, POLICY_IMAGES) ||
        guard_requires(proof->guard, POLICY_VERSIONS))
        options->reader = options->present;
    return 0;
}

void release_note_no_images(struct cli *cli, const char *app)
{
    output_note(&cli->output, "%s has no images; s3dock list apps lists the applications", app);
}

int release_begin(struct cli *cli, struct release_options *options, struct cli_signer *signer,
                  struct err *err)
{
    *options = (struct release_options){
        .now = clock_wall(),
        .force = config_switch(&cli->config, OPT_FORCE),
        .dry_run = config_switch(&cli->config, OPT_DRY_RUN),
    };
    audit_identify(&options->by, getenv);
    return signer_open(cli, signer, &options->signing, err) || open_proof(cli, options, err) ||
           connect_store(cli, &options->store, err);
}

void release_end(struct release_options *options, struct cli_signer *signer)
{
    store_destroy(options->store);
    signer_close(signer);
    close_proof((struct release_proof *)options->present);
    options->reader = options->present = NULL;
}

void release_judge(struct cli *cli, const struct release_options *options,
                   const struct release_result *result)
{
    const struct release_proof *proof = (const struct release_proof *)options->present;
    struct guarded_document read = {.etag = ""};
    struct err ignored;

    if (!proof || options->dry_run)
        return;
    if (guard_read(proof->guard, options->store, result->key, CHANGE_DOCUMENT_MAX, &read,
                   &ignored) == STORE_DONE &&
        !read.report.holds)
        output_warn(&cli->output, "hosts with these settings refuse it: %s", read.report.why.text);
    guarded_document_finish(&read);
}

static bool was_changed(const struct cli *cli, const struct release_result *result)
{
    return !result->skipped && !config_switch(&cli->config, OPT_DRY_RUN);
}

void release_write(const struct cli *cli, struct json_writer *w, const struct cli_signer *signer,
                   const struct release_result *result)
{
    jw_string_if(w, "previous_target", result->previous);
    if (was_changed(cli, result)) {
        jw_bool(w, "audited", result->audited);
        jw_bool(w, "atomic", result->atomic);
    }
    if (result->is_signed) {
        jw_bool(w, "signed", true);
        signer_write(signer, w);
    }
    if (config_switch(&cli->config, OPT_DRY_RUN))
        jw_bool(w, "dry_run", true);
}

void release_warn(struct cli *cli, const struct release_result *result)
{
    if (result->renewed && !config_switch(&cli->config, OPT_DRY_RUN))
        output_note(&cli->output, "the value is unchanged: it was written again with a signature");
    else if (result->is_signed)
        output_note(&cli->output, "signed");
    if (!was_changed(cli, result))
        return;
    if (!result->audited)
        output_warn(&cli->output,
                    "the change succeeded, but could not be recorded in the audit log: %s",
                    result->why_not_audited.text);
    if (!result->atomic)
        output_warn(&cli->output, "this store has no conditional writes: if two clients make a "
                                  "change at the same moment, one change may be lost");
}

void warnings_write(struct cli *cli, struct json_writer *w, const struct text *warnings)
{
    const char *line = warnings->data, *end;

    if (!warnings->size)
        return;
    jw_array(w, "warnings");
    for (; (end = strchr(line, '\n')); line = end + 1) {
        output_warn(&cli->output, "%.*s", (int)(end - line), line);
        jw_string_view(w, NULL, view_of(line, (size_t)(end - line)));
    }
    jw_end(w);
}
