#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "catalog/name.h"
#include "catalog/retention.h"
#include "cli/args.h"
#include "cli/command.h"
#include "cli/connect.h"
#include "cli/human.h"
#include "cli/unfinished_ui.h"
#include "move/unfinished.h"
#include "wire/store.h"

struct cleanup {
    struct cli *cli;
    struct store *store;
    bool dry_run;
    int64_t now;
    size_t gone, kept, images, images_kept, images_in_all;
    uint64_t bytes; /* of images */
};

/* ---- what is unfinished ---- */

static int remove_one(struct cleanup *c, const struct unfinished *what, struct err *err)
{
    char line[UNFINISHED_LINE];
    int answer = c->dry_run ? 0 : unfinished_remove(c->store, what, err);

    if (answer < 0)
        return ERR_FAIL;
    if (answer > 0) {
        c->kept++;
        return 0;
    }
    c->gone++;
    unfinished_write(output_data(&c->cli->output), what);
    output_line(&c->cli->output, "%s", unfinished_line(what, c->now, line));
    return 0;
}

static int remove_unfinished(struct cleanup *c, struct err *err)
{
    int64_t age = (int64_t)config_number(&c->cli->config, OPT_UNFINISHED) * NS_PER_MS;
    struct unfinished *items;
    size_t count;
    int failed = 0;

    if (unfinished_list(c->store, &items, &count, err))
        return ERR_FAIL;
    for (size_t i = 0; i < count && !failed; i++) {
        const struct unfinished *what = &items[i];

        if (what->busy || what->touched == 0 || what->touched > c->now - age)
            c->kept++;
        else
            failed = remove_one(c, what, err);
    }
    free(items);
    return failed;
}

/* ---- images ---- */

static int remove_image(struct cleanup *c, const struct retired_image *image, struct err *err)
{
    struct json_writer *w = output_data(&c->cli->output);
    int answer = c->dry_run ? 0 : retention_remove(c->store, image, err);
    char size[HUMAN_SIZE];

    if (answer < 0)
        return ERR_FAIL;
    if (answer == RETENTION_KEPT) {
        c->images_kept++;
        return 0;
    }
    c->images++;
    c->bytes += image->size;
    jw_object(w, NULL);
    jw_string(w, "image_ref", image->image.ref);
    jw_string(w, "s3_key", image->key);
    jw_int(w, "size", (int64_t)image->size);
    jw_end(w);
    output_line(&c->cli->output, "image    %s, %s", image->image.ref,
                human_bytes(image->size, size));
    return 0;
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
        policy.before = c->now / NS_PER_S - (int64_t)(config_number(config, OPT_OLDER_THAN) / 1000);
    if (retention_find(c->store, &policy, &choice, err))
        return ERR_FAIL;
    c->images_kept = choice.kept;
    c->images_in_all = choice.total;
    for (size_t i = 0; i < choice.count && !failed; i++)
        failed = remove_image(c, &choice.images[i], err);
    free(choice.images);
    return failed;
}

/* Images are never removed by accident: the application and a policy must both be named. */
static int check(struct cli *cli, const char *app, struct err *err)
{
    bool policy = config_text(&cli->config, OPT_KEEP) || config_text(&cli->config, OPT_OLDER_THAN);

    if (app && name_check_app(app, err))
        return ERR_FAIL;
    if (app && !policy) {
        err_set(err, ERR_USAGE, "policy", "which images of %s may go?", app);
        return err_hint(err, "--keep N, --older-than AGE, or both");
    }
    if (!app && policy) {
        err_set(err, ERR_USAGE, "policy", "images of which application?");
        return err_hint(err, "name it: s3dock cleanup APP --keep 10; s3dock list apps");
    }
    return 0;
}

static void sum_up(struct cleanup *c, const char *app)
{
    struct json_writer *w = output_data(&c->cli->output);
    const char *would = c->dry_run ? "would be " : "";
    char size[HUMAN_SIZE];

    jw_int(w, "unfinished_removed", (int64_t)c->gone);
    jw_int(w, "unfinished_kept", (int64_t)c->kept);
    if (app) {
        jw_int(w, "images_removed", (int64_t)c->images);
        jw_int(w, "images_in_use", (int64_t)c->images_kept);
        jw_int(w, "bytes", (int64_t)c->bytes);
    }
    if (c->dry_run)
        jw_bool(w, "dry_run", true);
    output_note(&c->cli->output, "%zu unfinished %sremoved, %zu kept: young, or at work", c->gone,
                would, c->kept);
    if (app && !c->images_in_all)
        output_note(&c->cli->output,
                    "%s has no images: nothing to do; s3dock list apps shows what there is", app);
    else if (app)
        output_note(&c->cli->output,
                    "%zu images of %s %sremoved, %s; %zu kept: a version, an environment or its "
                    "rollback leads to them",
                    c->images, app, would, human_bytes(c->bytes, size), c->images_kept);
}

static int run(struct cleanup *c, const char *app, struct err *err)
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
        sum_up(c, app);
    return failed;
}

int cmd_cleanup(struct cli *cli, struct err *err)
{
    const char *app = cli->args->operand_count ? cli->args->operands[0] : NULL;
    struct cleanup c = {.cli = cli, .dry_run = config_switch(&cli->config, OPT_DRY_RUN)};
    int failed;

    c.now = clock_wall();
    failed = check(cli, app, err) || connect_store(cli, false, &c.store, err) || run(&c, app, err);
    store_destroy(c.store);
    return failed ? ERR_FAIL : 0;
}
