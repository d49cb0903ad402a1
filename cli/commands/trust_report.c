/*
 * Each document is read with its signatures. Documents that the policy does not require are
 * reported, too, and are never refused.
 */
#include "cli/commands/trust_report.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "catalog/locate.h"
#include "catalog/pointer.h"
#include "cli/cli.h"
#include "cli/commands/target.h"
#include "cli/demands.h"
#include "cli/print/human.h"
#include "trust/guard_image.h"

#define POINTER_MAX  (64 * KIB)
#define METADATA_MAX (256 * KIB)

/* ---- one document ---- */

const char *trust_report_signers(const struct guard_report *report, char out[TRUST_SIGNERS_SIZE])
{
    const char *first = NULL;
    unsigned more = 0;

    for (unsigned i = 0; i < report->count; i++) {
        if (!report->signatures[i].permitted)
            continue;
        more += first != NULL;
        first = first ? first : report->signatures[i].identity;
    }
    if (!first)
        snprintf(out, TRUST_SIGNERS_SIZE, "no trusted signer");
    else if (more)
        snprintf(out, TRUST_SIGNERS_SIZE, "%s and %u more", first, more);
    else
        snprintf(out, TRUST_SIGNERS_SIZE, "%s", first);
    return out;
}

void trust_report_write(struct json_writer *w, const struct guard_report *report)
{
    jw_bool(w, "trusted", report->holds);
    if (!report->holds)
        jw_string(w, "reason", report->why.text);
    jw_array(w, "signatures");
    for (unsigned i = 0; i < report->count; i++) {
        const struct signature_proof *signature = &report->signatures[i];

        jw_object(w, NULL);
        jw_string_if(w, "identity", signature->identity);
        jw_string_if(w, "key", signature->key);
        jw_bool(w, "proves", signature->proves);
        jw_bool(w, "permitted", signature->permitted);
        jw_string_if(w, "reason", signature->why);
        jw_end(w);
    }
    jw_end(w);
}

static void write_statement(struct json_writer *w, const struct statement *statement)
{
    jw_string_if(w, "time", statement->time);
    if (statement->sequence)
        jw_int(w, "sequence", (int64_t)statement->sequence);
    statement_write_images(statement, w);
}

static void print_report(struct cli *cli, const char *key, bool required,
                         const struct guard_report *report)
{
    struct output *out = &cli->output;
    char time[HUMAN_SIZE];

    output_line(out, "%s", key);
    if (report->read)
        output_line(out, "  states      %s/%s, %s", report->statement.app, report->statement.name,
                    human_time(report->statement.time, time));
    for (unsigned i = 0; i < report->count; i++) {
        const struct signature_proof *signature = &report->signatures[i];

        output_line(out, "  signature   %s%s%s%s%s%s",
                    signature->identity[0] ? signature->identity : "unknown",
                    signature->key[0] ? ", " : "", signature->key, signature->why[0] ? ": " : "",
                    signature->why, signature->permitted ? ": may sign this" : "");
    }
    output_line(out, "  %s   %s", required ? "demanded " : "optional ",
                report->holds ? "satisfied" : report->why.text);
}

/* The state of a report on several documents. */
struct report {
    struct cli *cli;
    const struct guard *guard;
    struct store *store;
    struct json_writer *w;
    bool failed;
    struct err why; /* of the first refusal */
};

static void note_refusal(struct report *r, const struct err *why)
{
    if (!r->failed)
        r->why = *why;
    r->failed = true;
}

/* Reads and reports one document. STORE_ABSENT: there is none. */
static int report_document(struct report *r, const char *key, size_t max, enum policy_kind kind,
                           struct guarded_document *out, struct err *err)
{
    bool required = guard_requires(r->guard, kind);
    int answer = (int)guard_read(r->guard, r->store, key, max, out, err);

    if (answer != STORE_DONE)
        return answer;
    jw_object(r->w, NULL);
    jw_string(r->w, "key", key);
    jw_bool(r->w, "demanded", required);
    if (out->report.read)
        write_statement(r->w, &out->report.statement);
    trust_report_write(r->w, &out->report);
    jw_end(r->w);
    print_report(r->cli, key, required, &out->report);
    if (required && !out->report.holds)
        note_refusal(r, &out->report.why);
    return STORE_DONE;
}

/* ---- the documents of a target ---- */

/* Reports a pointer, if there is one. */
static int report_pointer(struct report *r, const char *key, enum policy_kind kind, struct err *err)
{
    struct guarded_document read = {.etag = ""};
    int answer = report_document(r, key, POINTER_MAX, kind, &read, err);

    guarded_document_finish(&read);
    return answer < 0 ? ERR_FAIL : 0;
}

/* Notes a refusal of the image, also if it is not the stated one. */
static int prove_image(struct report *r, const struct target *target,
                       const struct platform *platform, struct err *err)
{
    const struct resolved *resolved = &target->resolved;
    struct guard_image image;
    struct located at;
    int answer;

    guard_image_init(&image, r->guard, target->stated ? &target->statement : NULL);
    answer =
        guard_locate(&image, r->store, &resolved->image,
                     resolved->archive_key[0] ? resolved->archive_key : NULL, platform, &at, err);
    guard_image_finish(&image);
    if (answer > LOCATE_FOUND) /* deleted since it was reported */
        return locate_refuse(r->store, &resolved->image, platform, &at, err);
    if (answer == LOCATE_FOUND)
        located_finish(&at);
    else if (err->family == ERR_TRUST)
        note_refusal(r, err);
    else
        return ERR_FAIL;
    return 0;
}

/* Reports one platform, and whether its image is the stated one. */
static int report_platform(struct report *r, const struct target *target,
                           const struct platform *platform, struct err *err)
{
    const struct resolved *resolved = &target->resolved;
    struct guarded_document read = {.etag = ""};
    struct located at;
    int answer =
        locate_image(r->store, &resolved->image,
                     resolved->archive_key[0] ? resolved->archive_key : NULL, platform, &at, err);

    if (answer != LOCATE_FOUND)
        return answer < 0 ? ERR_FAIL
                          : locate_refuse(r->store, &resolved->image, platform, &at, err);
    answer = report_document(r, at.metadata_key, METADATA_MAX, POLICY_IMAGES, &read, err);
    guarded_document_finish(&read);
    located_finish(&at);
    return answer < 0 ? ERR_FAIL : prove_image(r, target, platform, err);
}

static int report_platforms(struct report *r, const struct target *target,
                            const struct platform *platform, struct err *err)
{
    const struct resolved *resolved = &target->resolved;
    struct platform platforms[LOCATE_PLATFORMS_MAX];
    unsigned count = 1;
    int answer;

    if (platform->os[0])
        return report_platform(r, target, platform, err);
    answer = locate_platforms(r->store, &resolved->image,
                              resolved->archive_key[0] ? resolved->archive_key : NULL, platforms,
                              &count, err);
    if (answer < 0)
        return ERR_FAIL;
    if (answer != LOCATE_FOUND)
        return report_platform(r, target, platform, err); /* reports the reason */
    for (unsigned i = 0; i < count; i++)
        if (report_platform(r, target, &platforms[i], err))
            return ERR_FAIL;
    return 0;
}

/* Reports the documents that lead to the image. */
static int report_way(struct report *r, const struct target *target, struct err *err)
{
    char key[KEY_MAX];

    if (strcmp(target->type, "environment") == 0) {
        key_pointer(key, target->app, target->source);
        if (report_pointer(r, key, POLICY_ENVIRONMENTS, err))
            return ERR_FAIL;
    }
    if (!target->resolved.version[0])
        return 0;
    key_tag(key, target->resolved.image.app, target->resolved.version);
    return report_pointer(r, key, POLICY_VERSIONS, err);
}

/* Finds the image. If its documents are refused, notes the refusal and finds the image without
 * proof. */
static int find_target(struct report *r, struct target *target, struct err *err)
{
    if (target_prove(target, r->guard, r->store, err) == 0)
        return 0;
    if (err->family != ERR_TRUST)
        return ERR_FAIL;
    note_refusal(r, err);
    return target_find(target, r->store, err);
}

int trust_report_target(struct cli *cli, const struct guard *guard, struct store *store,
                        struct target *target, const struct platform *platform, struct err *err)
{
    struct report r = {.cli = cli, .guard = guard, .store = store, .w = output_data(&cli->output)};
    int failed;

    jw_array(r.w, "documents");
    failed = find_target(&r, target, err) || report_way(&r, target, err) ||
             report_platforms(&r, target, platform, err);
    jw_end(r.w);
    if (!failed && r.failed) {
        *err = r.why;
        failed = ERR_FAIL;
        cli->output.result_and_error = true;
    }
    return failed;
}

/* ---- one line beside other results ---- */

static int show_document(struct cli *cli, const struct guard *guard, struct store *store,
                         const char *key, struct err *err)
{
    struct guarded_document read = {.etag = ""};
    char signers[TRUST_SIGNERS_SIZE];
    int answer = (int)guard_read(guard, store, key, METADATA_MAX, &read, err);

    if (answer == STORE_DONE) {
        trust_report_write(output_data(&cli->output), &read.report);
        if (read.report.holds)
            output_note(&cli->output, "signed by %s", trust_report_signers(&read.report, signers));
        else
            output_warn(&cli->output, "%s", read.report.why.text);
    }
    guarded_document_finish(&read);
    return answer < 0 ? ERR_FAIL : 0;
}

int trust_report_show(struct cli *cli, struct store *store, const char *key, struct err *err)
{
    struct guard *guard;
    int failed = demands_open(cli, &guard, err);

    if (!failed && guard)
        failed = show_document(cli, guard, store, key, err);
    guard_close(guard);
    return failed ? ERR_FAIL : 0;
}
