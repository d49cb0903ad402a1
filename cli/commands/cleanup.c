/*
 * Removes unfinished transfers and deletes the data of retired images; with an application and a
 * rule, retires images of it. Decisions are made in core/cleanup; here they are counted and
 * printed.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/codes.h"
#include "base/err.h"
#include "catalog/name.h"
#include "catalog/retired.h"
#include "cleanup/retention.h"
#include "cleanup/signature_sweep.h"
#include "cleanup/sweep.h"
#include "cleanup/unfinished.h"
#include "cleanup/unfinished_remove.h"
#include "cli/cli.h"
#include "cli/commands/commands.h"
#include "cli/commands/release_ui.h"
#include "cli/commands/unfinished_ui.h"
#include "cli/connect.h"
#include "cli/print/human.h"
#include "store/store.h"

struct cleanup {
    struct cli *cli;
    struct store *store;
    bool dry_run;
    int64_t now;       /* wall ns */
    int64_t store_now; /* the same by the clock of the store */
    int64_t retention; /* ns that the data of retired images are kept */
    size_t removed, kept, needed, retired, images, images_kept, images_in_all;
    uint64_t bytes;             /* of images */
    char unclear[NAME_APP_MAX]; /* the application of the last warning */
};

/* ---- unfinished transfers ---- */

static bool is_archive(const struct unfinished *what)
{
    return what->kind == UNFINISHED_ARCHIVE || what->kind == UNFINISHED_RETIRED ||
           what->kind == UNFINISHED_TOMBSTONE;
}

/* Warns once for each application. */
static void warn_unclear(struct cleanup *c, const char *app, const struct err *err)
{
    if (strcmp(c->unclear, app) == 0)
        return;
    str_copy(c->unclear, sizeof c->unclear, app);
    output_warn(&c->cli->output, "%s", err->text);
}

/* Keeps the data of an application whose references cannot be read, with one warning for each
 * application. Returns ERR_FAIL for other errors. */
static int keep_unclear(struct cleanup *c, const struct unfinished *what, struct err *err)
{
    const char *app = strchr(what->key, '/');
    size_t size = app ? strcspn(app + 1, "/") : 0;
    char name[NAME_APP_MAX];

    if (!is_archive(what) || !err_is(err, ERR_CONFLICT, CODE_REFERENCED))
        return ERR_FAIL;
    c->kept++;
    if (!app)
        return 0;
    snprintf(name, sizeof name, "%.*s", (int)size, app + 1);
    warn_unclear(c, name, err);
    return 0;
}

static void print_removed(struct cleanup *c, const struct unfinished *what)
{
    char line[UNFINISHED_LINE];

    c->removed++;
    if (what->kind == UNFINISHED_TOMBSTONE)
        return;
    unfinished_write(output_data(&c->cli->output), what, c->retention);
    output_line(&c->cli->output, "%s", unfinished_line(what, c->store_now, c->retention, line));
}

/* An archive that stays for the images that refer to it. */
static void print_needed(struct cleanup *c, const struct unfinished *what)
{
    c->kept++;
    c->needed++;
    output_line(&c->cli->output, "needed   %s: other images refer to it", what->key);
}

static bool is_due(const struct cleanup *c, const struct unfinished *what)
{
    int64_t age = (int64_t)config_number(&c->cli->config, OPT_UNFINISHED) * NS_PER_MS;
    bool here = what->kind == UNFINISHED_PUSH || what->kind == UNFINISHED_PULL;
    int64_t now = here ? c->now : c->store_now;

    if (what->kind == UNFINISHED_RETIRED)
        age = c->retention;
    else if (what->kind == UNFINISHED_TOMBSTONE)
        age = RETIRED_STAYS;
    return !what->busy && what->touched && what->touched <= now - age;
}

static int remove_one(struct cleanup *c, struct unfinished_list *list,
                      const struct unfinished *what, struct err *err)
{
    bool due = is_due(c, what);
    int answer = 0;

    if (what->kind == UNFINISHED_TOMBSTONE && (!due || c->dry_run))
        return 0;
    if (c->dry_run && due)
        answer = unfinished_is_needed(c->store, list, what, err);
    else if (due)
        answer = unfinished_remove(c->store, list, what, err);
    else if (!c->dry_run && what->kind == UNFINISHED_RETIRED)
        answer = unfinished_restore(c->store, list, what, err);
    if (answer < 0)
        return keep_unclear(c, what, err);
    if (what->kind == UNFINISHED_RETIRED && !due && answer == 0)
        c->retired++;
    if (answer == UNFINISHED_ANNOUNCED) {
        struct unfinished retired = *what;

        retired.kind = UNFINISHED_RETIRED;
        retired.touched = c->store_now;
        print_removed(c, &retired);
    } else if (answer == UNFINISHED_NEEDED) {
        print_needed(c, what);
    } else if (!due || answer == UNFINISHED_IN_USE) {
        c->kept++;
    } else {
        print_removed(c, what);
    }
    return 0;
}

static void print_swept(void *arg, const struct sweep_item *item)
{
    struct cleanup *c = arg;
    struct unfinished what = {.kind = UNFINISHED_DATA,
                              .where = "",
                              .key = item->key,
                              .platform = "",
                              .id = "",
                              .size = item->size,
                              .touched = item->since};

    c->retired += item->deed == SWEEP_WAITS || item->deed == SWEEP_RETIRED;
    if (item->deed == SWEEP_DELETED || item->deed == SWEEP_ANNOUNCED) {
        what.kind = item->deed == SWEEP_ANNOUNCED ? UNFINISHED_RETIRED : UNFINISHED_DATA;
        print_removed(c, &what);
    } else {
        c->kept++;
    }
}

static struct sweep_policy sweep_policy_of(const struct cleanup *c, const char *app)
{
    return (struct sweep_policy){
        .store = c->store,
        .app = app,
        .unfinished = (int64_t)config_number(&c->cli->config, OPT_UNFINISHED) * NS_PER_MS,
        .retention = c->retention,
        .stays = RETIRED_STAYS,
        .dry_run = c->dry_run};
}

static int sweep_app(struct cleanup *c, const char *app, struct err *err)
{
    const struct sweep_policy policy = sweep_policy_of(c, app);

    if (sweep_run(&policy, print_swept, c, err) == 0)
        return 0;
    if (!err_is(err, ERR_CONFLICT, CODE_REFERENCED))
        return ERR_FAIL;
    warn_unclear(c, app, err);
    return 0;
}

static int remove_unfinished(struct cleanup *c, struct err *err)
{
    const struct sweep_policy policy = sweep_policy_of(c, NULL);
    struct unfinished_list list = {.items = NULL};
    int failed = unfinished_read(c->store, &list, err);

    c->store_now = failed ? c->now : list.now;
    if (!failed)
        unfinished_warn(&c->cli->output, &list);
    for (size_t i = 0; i < list.count && !failed; i++)
        failed = remove_one(c, &list, &list.items[i], err);
    for (size_t i = 0; i < list.app_count && !failed; i++)
        failed = sweep_app(c, list.apps[i], err);
    if (!failed)
        failed = signature_sweep_run(&policy, print_swept, c, err);
    unfinished_finish(&list);
    return failed;
}

/* ---- images ---- */

static void print_image(struct cleanup *c, const struct listed_image *image)
{
    struct json_writer *w = output_data(&c->cli->output);
    char size[HUMAN_SIZE], time[CLOCK_RFC3339_SIZE];

    c->images++;
    c->bytes += image->size;
    clock_rfc3339(c->store_now + c->retention, time);
    jw_object(w, NULL);
    jw_string(w, "image_ref", image->ref);
    jw_string(w, "s3_key", image->key);
    jw_int(w, "size", (int64_t)image->size);
    jw_string(w, "data_until", time);
    jw_end(w);
    output_line(&c->cli->output, "image    %s, %s", image->ref, human_bytes(image->size, size));
}

static int remove_images(struct cleanup *c, const char *app, struct err *err)
{
    const struct config *config = &c->cli->config;
    bool has_keep = config_text(config, OPT_KEEP), has_age = config_text(config, OPT_OLDER_THAN);
    struct retention_policy policy = {.app = app, .before = INT64_MAX};
    struct retention_choice choice;
    int failed = 0;

    if (has_keep)
        policy.keep = (size_t)config_number(config, OPT_KEEP);
    if (has_age)
        policy.before =
            c->store_now / NS_PER_S - (int64_t)(config_number(config, OPT_OLDER_THAN) / 1000);
    if (retention_find(c->store, &policy, &choice, err))
        return ERR_FAIL;
    c->images_kept = choice.kept;
    c->images_in_all = choice.total;
    if (!c->dry_run)
        failed = retention_retire(c->store, &policy, &choice, err);
    for (size_t i = 0; i < choice.count; i++)
        if (c->dry_run || choice.images[i].retired)
            print_image(c, choice.images[i].image);
        else
            c->images_kept++;
    if (choice.close)
        output_note(&c->cli->output,
                    "%zu of them have a later time in their name than an image that is kept, but "
                    "were pushed earlier: names have the committer's clock",
                    choice.close);
    retention_finish(&choice);
    return failed;
}

/* Removing images requires both the application and a rule. */
static int check_operands(struct cli *cli, const char *app, struct err *err)
{
    bool policy = config_text(&cli->config, OPT_KEEP) || config_text(&cli->config, OPT_OLDER_THAN);

    if (app && name_check_app(app, err))
        return ERR_FAIL;
    if (app && !policy) {
        err_set(err, ERR_USAGE, "policy", "no rule selects the images of %s to remove", app);
        return err_hint(err, "give --keep N, --older-than AGE, or both");
    }
    if (!app && policy) {
        err_set(err, ERR_USAGE, "policy", "--keep and --older-than need an application");
        return err_hint(err,
                        "s3dock cleanup APP --keep 10; s3dock list apps lists the applications");
    }
    return 0;
}

static void print_summary(struct cleanup *c, const char *app)
{
    struct json_writer *w = output_data(&c->cli->output);
    const char *would = c->dry_run ? "would be " : "";
    char size[HUMAN_SIZE];

    jw_int(w, "unfinished_removed", (int64_t)c->removed);
    jw_int(w, "unfinished_kept", (int64_t)c->kept);
    if (c->needed)
        jw_int(w, "kept_for_others", (int64_t)c->needed);
    if (app) {
        jw_int(w, "images_removed", (int64_t)c->images);
        jw_int(w, "images_in_use", (int64_t)c->images_kept);
        jw_int(w, "bytes", (int64_t)c->bytes);
    }
    jw_int(w, "retired_waiting", (int64_t)c->retired);
    if (c->dry_run)
        jw_bool(w, "dry_run", true);
    output_note(&c->cli->output, "%zu unfinished %sremoved, %zu kept (too recent, or in use)",
                c->removed, would, c->kept);
    if (c->retired)
        output_note(&c->cli->output,
                    "%zu of the kept ones are data of removed images: a later cleanup deletes them "
                    "(s3dock resume lists them)",
                    c->retired);
    if (app && !c->images_in_all)
        release_note_no_images(c->cli, app);
    else if (app)
        output_note(&c->cli->output,
                    "%zu image%s of %s %sremoved, %s; %zu kept, because a version, an environment, "
                    "its rollback or a host uses them",
                    c->images, c->images == 1 ? "" : "s", app, would, human_bytes(c->bytes, size),
                    c->images_kept);
    if (c->images)
        output_note(
            &c->cli->output,
            "their data are kept for %s; a cleanup after that deletes them (--retired-after)",
            human_wait((double)c->retention / (double)NS_PER_S, size));
}

static int clean_up(struct cleanup *c, const char *app, struct err *err)
{
    struct json_writer *w = output_data(&c->cli->output);
    int failed;

    jw_array(w, "unfinished");
    failed = remove_unfinished(c, err);
    jw_end(w);
    if (!failed && app) {
        jw_array(w, "images");
        failed = remove_images(c, app, err);
        jw_end(w);
    }
    if (!failed)
        print_summary(c, app);
    return failed;
}

int cmd_cleanup(struct cli *cli, struct err *err)
{
    const char *app = cli->args->operand_count ? cli->args->operands[0] : NULL;
    struct cleanup c = {.cli = cli, .dry_run = config_switch(&cli->config, OPT_DRY_RUN)};
    int failed;

    c.now = clock_wall();
    c.retention = unfinished_retention(&cli->config);
    failed = check_operands(cli, app, err) || connect_store(cli, &c.store, err) ||
             clean_up(&c, app, err);
    store_destroy(c.store);
    return failed ? ERR_FAIL : 0;
}
