/*
 * Signs documents that the bucket has already: the metadata of an image, a version, an environment.
 * It prints what the signed bytes state, because another user may have written them.
 */
#include <stdio.h>
#include <string.h>

#include "base/codes.h"
#include "base/err.h"
#include "catalog/locate.h"
#include "catalog/signing.h"
#include "catalog/statement.h"
#include "cli/cli.h"
#include "cli/commands/commands.h"
#include "cli/commands/target.h"
#include "cli/connect.h"
#include "cli/platform_ui.h"
#include "cli/signer.h"
#include "store/store.h"

#define DOCUMENT_MAX (256 * KIB)

struct sign {
    struct cli *cli;
    struct store *store;
    struct signing *signing;
    struct target target;
    const char *only; /* the only image id that may be signed; NULL: any */
    bool dry_run;
    unsigned count; /* documents that were signed */
};

static const char *kind_name(enum statement_kind kind)
{
    static const char *const names[] = {"image", "tag", "environment"};

    return names[kind];
}

/* Compares the images of a document with the only one that may be signed. Returns 0, or 1 if it
 * states others alone. Fails if it states others, too: they would be signed with it. */
static int compare_images(const struct sign *s, const char *key, const struct statement *statement,
                          struct err *err)
{
    unsigned same = 0;

    for (unsigned i = 0; i < statement->image_count; i++)
        same += !s->only || strcmp(statement->images[i].id, s->only) == 0;
    if (same == statement->image_count)
        return 0;
    if (!same)
        return 1;
    err_set(err, ERR_CONFLICT, CODE_IMAGE, "%s states other images than %s, too", key, s->only);
    return err_hint(err, "compare what --dry-run prints, and sign without --image-id");
}

/* Prints time and number: hosts refuse a document that has a lower number than the last one. */
static void print_moment(struct sign *s, const struct statement *statement)
{
    if (statement->time[0])
        output_line(&s->cli->output, "  time %s", statement->time);
    if (statement->sequence)
        output_line(&s->cli->output, "  sequence %llu", (unsigned long long)statement->sequence);
}

static void print_statement(struct sign *s, const char *key, const struct statement *statement)
{
    struct output *out = &s->cli->output;
    struct json_writer *w = output_data(out);

    jw_object(w, NULL);
    jw_string(w, "s3_key", key);
    jw_string(w, "type", kind_name(statement->kind));
    jw_string(w, "app_name", statement->app);
    jw_string(w, "name", statement->name);
    jw_string_if(w, "time", statement->time);
    if (statement->sequence)
        jw_int(w, "sequence", (int64_t)statement->sequence);
    jw_array(w, "images");
    output_line(out, "%s %s%s%s%s", kind_name(statement->kind), statement->app,
                statement->kind == STATEMENT_IMAGE ? ":" : " ", statement->name,
                s->dry_run ? ", would be signed" : "");
    print_moment(s, statement);
    for (unsigned i = 0; i < statement->image_count; i++) {
        const struct stated_image *image = &statement->images[i];

        jw_object(w, NULL);
        jw_string_if(w, "platform", image->platform);
        jw_string(w, "image_id", image->id);
        jw_end(w);
        output_line(out, "  %s %s", image->platform[0] ? image->platform : "-", image->id);
    }
    jw_end(w);
    jw_end(w);
}

/* Reads a document, and checks that it may be signed. Returns 0, or 1 if it is not the wanted
 * one. */
static int read_document(struct sign *s, const char *key, struct text *document,
                         struct statement *statement, struct err *err)
{
    enum store_answer answer = store_get_document(s->store, key, document, NULL, err);

    if (answer != STORE_DONE)
        return answer == STORE_FAILED
                   ? ERR_FAIL
                   : err_set(err, ERR_CONFLICT, "changed", "%s was deleted meanwhile", key);
    return document_signer_check(key, text_view(document), statement, err)
               ? ERR_FAIL
               : compare_images(s, key, statement, err);
}

static int sign_document_of(struct sign *s, const char *key, struct err *err)
{
    _cleanup_text_ struct text document = {0};
    struct statement statement = {.sequence = 0};
    int answer;

    text_init(&document, DOCUMENT_MAX);
    answer = read_document(s, key, &document, &statement, err);
    if (answer)
        return answer < 0 ? ERR_FAIL : 0;
    if (!s->dry_run && signing_before(s->signing, s->store, key, text_view(&document), err))
        return ERR_FAIL;
    s->count++;
    print_statement(s, key, &statement);
    return 0;
}

static int sign_platform(struct sign *s, const struct platform *platform, struct err *err)
{
    const struct image_name *image = &s->target.resolved.image;
    struct located at;
    int answer = locate_image(s->store, image, NULL, platform, &at, err);

    if (answer != LOCATE_FOUND)
        return answer < 0 ? ERR_FAIL : locate_refuse(s->store, image, platform, &at, err);
    answer = sign_document_of(s, at.metadata_key, err);
    located_finish(&at);
    return answer;
}

/* Signs the metadata of one platform, or of all. */
static int sign_image(struct sign *s, struct err *err)
{
    const struct image_name *image = &s->target.resolved.image;
    struct platform platforms[LOCATE_PLATFORMS_MAX];
    const struct located nothing = {.archive_key = ""};
    unsigned count = 1;
    int answer;

    if (platform_read(&s->cli->config, &platforms[0], err))
        return ERR_FAIL;
    if (platforms[0].os[0])
        return sign_platform(s, &platforms[0], err);
    answer = locate_platforms(s->store, image, NULL, platforms, &count, err);
    if (answer != LOCATE_FOUND)
        return answer < 0 ? ERR_FAIL : locate_refuse(s->store, image, NULL, &nothing, err);
    for (unsigned i = 0; i < count; i++)
        if (sign_platform(s, &platforms[i], err))
            return ERR_FAIL;
    return 0;
}

static int sign_target(struct sign *s, struct err *err)
{
    const struct target *target = &s->target;
    const char *app = target->resolved.image.app;
    char key[KEY_MAX];

    if (strcmp(target->type, "image") == 0)
        return sign_image(s, err);
    if (strcmp(target->type, "tag") == 0)
        key_tag(key, app, target->resolved.version);
    else
        key_pointer(key, app, target->source);
    return sign_document_of(s, key, err);
}

static int check_count(const struct sign *s, struct err *err)
{
    if (s->count)
        return 0;
    err_set(err, ERR_CONFLICT, CODE_IMAGE,
            "nothing was signed: the bucket has another image than %s", s->only);
    return err_hint(err, "s3dock inspect prints the image id that the bucket states");
}

static int check_settings(struct sign *s, struct err *err)
{
    if (s->only && !digest_text_valid(s->only))
        return err_set(err, ERR_USAGE, "image_id",
                       "--image-id %s is not sha256: and 64 hex digits, in lower case", s->only);
    if (s->dry_run || config_text(&s->cli->config, OPT_SIGN_KEY))
        return 0;
    err_set(err, ERR_USAGE, CODE_SIGN_KEY, "no key is configured");
    return err_hint(err,
                    "give --sign-key ~/.ssh/id_ed25519, S3DOCK_SIGN_KEY, or sign: {key: ...} in "
                    "the profile");
}

int cmd_sign(struct cli *cli, struct err *err)
{
    struct json_writer *w = output_data(&cli->output);
    struct sign s = {.cli = cli,
                     .only = config_text(&cli->config, OPT_IMAGE_ID),
                     .dry_run = config_switch(&cli->config, OPT_DRY_RUN)};
    struct cli_signer signer = {.key = ""};
    int failed;

    if (check_settings(&s, err) || target_parse(&s.target, cli->args, err) ||
        signer_open(cli, &signer, &s.signing, err))
        return ERR_FAIL;
    jw_array(w, "documents");
    failed = connect_store(cli, &s.store, err) || target_find(&s.target, s.store, err) ||
             sign_target(&s, err) || check_count(&s, err);
    jw_end(w);
    if (!failed && s.dry_run)
        jw_bool(w, "dry_run", true);
    if (!failed)
        signer_write(&signer, w);
    store_destroy(s.store);
    signer_close(&signer);
    return failed ? ERR_FAIL : 0;
}
