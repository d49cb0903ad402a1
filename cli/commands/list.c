/*
 * The lists. Each opens the bucket, reads with core/catalog, and prints the items. An object that
 * cannot be read causes a warning and a member of the JSON. An empty list is a success with a note.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "catalog/image_list.h"
#include "catalog/listing.h"
#include "catalog/platform.h"
#include "catalog/resolve.h"
#include "cli/cli.h"
#include "cli/commands/commands.h"
#include "cli/commands/release_ui.h"
#include "cli/commands/trust_list.h"
#include "cli/connect.h"

struct list {
    struct cli *cli;
    const char *app;
    struct store *store;
    struct json_writer *w;
    struct text warnings;
    size_t count;
};

/* Runs a list command. `read` reads the items, prints them and frees them. */
static int list_run(struct cli *cli, int (*read)(struct list *list, struct err *err),
                    struct err *err)
{
    struct list list = {.cli = cli};
    int failed;

    if (cli->args->operand_count)
        list.app = cli->args->operands[0];
    if (list.app && name_check_app(list.app, err))
        return ERR_FAIL;
    text_init(&list.warnings, OUTPUT_MAX);
    list.w = output_data(&cli->output);
    if (list.app)
        jw_string(list.w, "app_name", list.app);
    failed = connect_store(cli, &list.store, err) || read(&list, err);
    if (!failed)
        warnings_write(cli, list.w, &list.warnings);
    store_destroy(list.store);
    text_finish(&list.warnings);
    return failed ? ERR_FAIL : 0;
}

/* ---- apps ---- */

static int read_apps(struct list *list, struct err *err)
{
    struct listed_app *apps;
    int failed = listing_apps(list->store, &apps, &list->count, &list->warnings, err);

    jw_array(list->w, "apps");
    for (size_t i = 0; !failed && i < list->count; i++) {
        jw_string(list->w, NULL, apps[i].name);
        output_line(&list->cli->output, "%s", apps[i].name);
    }
    jw_end(list->w);
    if (!failed && !list->count)
        output_note(&list->cli->output, "No apps found");
    free(apps);
    return failed;
}

int cmd_list_apps(struct cli *cli, struct err *err)
{
    return list_run(cli, read_apps, err);
}

/* ---- images ---- */

static int check_month(const char *month, struct err *err)
{
    size_t digits = month ? strspn(month, "0123456789") : 0;
    int number = digits == 6 ? (month[4] - '0') * 10 + (month[5] - '0') : 0;

    if (!month || (!month[digits] && number >= 1 && number <= 12))
        return 0;
    err_set(err, ERR_USAGE, "value", "--month: \"%s\" is not a month", month);
    return err_hint(err, "write the month as YYYYMM, such as 202507");
}

/* Writes the member "platforms" of an image that has several. */
static void write_platforms(struct json_writer *w, const struct listed_image *image)
{
    const char *at = image->further;

    if (!at[0])
        return;
    jw_array(w, "platforms");
    if (image->first[0])
        jw_string(w, NULL, image->first);
    while (*at) {
        char platform[PLATFORM_TEXT_SIZE];
        size_t size = strcspn(at, ",");

        snprintf(platform, sizeof platform, "%.*s", (int)size, at);
        jw_string(w, NULL, platform);
        at += size + strspn(at + size, ", ");
    }
    jw_end(w);
}

static int read_images(struct list *list, struct err *err)
{
    const char *month = config_text(&list->cli->config, OPT_MONTH);
    struct image_list images;
    int failed;

    if (check_month(month, err))
        return ERR_FAIL;
    if (month)
        jw_string(list->w, "year_month", month);
    failed = image_list_read(list->store, list->app, month, &images, &list->warnings, err) ||
             image_list_platforms(list->store, &images, &list->warnings, err);
    list->count = images.count;
    jw_array(list->w, "images");
    for (size_t i = 0; !failed && i < list->count; i++) {
        const struct listed_image *image = &images.items[i];

        jw_object(list->w, NULL);
        jw_string(list->w, "app_name", list->app);
        jw_string(list->w, "tag", image->tag);
        jw_string(list->w, "s3_path", image->key);
        jw_string(list->w, "year_month", image->month);
        write_platforms(list->w, image);
        jw_end(list->w);
        output_line(&list->cli->output, "%s", image->ref);
    }
    jw_end(list->w);
    if (!failed && !list->count)
        output_note(&list->cli->output, "No images found for %s", list->app);
    image_list_finish(&images);
    return failed;
}

int cmd_list_images(struct cli *cli, struct err *err)
{
    return list_run(cli, read_images, err);
}

/* ---- tags ---- */

/* Prints who signed the pointers, if the profile demands signatures. */
static int show_trust(const struct list *list, bool versions,
                      const char *(*name)(const void *items, size_t i), const void *items,
                      struct err *err)
{
    struct trust_list pointers = {
        .app = list->app, .versions = versions, .count = list->count, .name = name, .items = items};

    return trust_list_show(list->cli, list->store, &pointers, err);
}

static const char *tag_version(const void *tags, size_t i)
{
    return ((const struct listed_tag *)tags)[i].version;
}

static int read_tags(struct list *list, struct err *err)
{
    struct tag_list tags;
    int failed = listing_tags(list->store, list->app, &tags, &list->warnings, err);

    list->count = tags.count;

    jw_array(list->w, "tags");
    for (size_t i = 0; !failed && i < list->count; i++) {
        jw_object(list->w, NULL);
        jw_string(list->w, "app_name", list->app);
        jw_string(list->w, "version", tags.items[i].version);
        jw_string(list->w, "target_image", tags.items[i].image);
        jw_string(list->w, "s3_path", tags.items[i].key);
        jw_end(list->w);
        output_line(&list->cli->output, "%s -> %s", tags.items[i].version, tags.items[i].image);
    }
    jw_end(list->w);
    if (!failed && !list->count)
        output_note(&list->cli->output, "No tags found for %s", list->app);
    if (!failed)
        failed = show_trust(list, true, tag_version, tags.items, err);
    tag_list_finish(&tags);
    return failed;
}

int cmd_list_tags(struct cli *cli, struct err *err)
{
    return list_run(cli, read_tags, err);
}

/* ---- environments ---- */

static void write_environment(struct list *list, const struct listed_environment *at)
{
    bool by_tag = at->version[0] != '\0';

    jw_object(list->w, NULL);
    jw_string(list->w, "app_name", list->app);
    jw_string(list->w, "environment", at->env);
    jw_string(list->w, "target_type", by_tag ? "tag" : "image");
    jw_string(list->w, "target_path", at->pointer.target_path);
    jw_string_if(list->w, "source_tag", at->version);
    jw_string(list->w, "source_image", at->image);
    jw_string_if(list->w, "promoted_at", at->pointer.promoted_at);
    jw_string_if(list->w, "promoted_by", at->pointer.promoted_by);
    jw_end(list->w);
    output_line(&list->cli->output, "%s -> %s%s%s%s", at->env, at->image, by_tag ? " (via " : "",
                at->version, by_tag ? ")" : "");
}

static const char *environment_name(const void *environments, size_t i)
{
    return ((const struct listed_environment *)environments)[i].env;
}

static int read_environments(struct list *list, struct err *err)
{
    struct listed_environment *environments;
    int failed = listing_environments(list->store, list->app, &environments, &list->count,
                                      &list->warnings, err);

    jw_array(list->w, "environments");
    for (size_t i = 0; !failed && i < list->count; i++)
        write_environment(list, &environments[i]);
    jw_end(list->w);
    if (!failed && !list->count)
        output_note(&list->cli->output, "No environments found for %s", list->app);
    if (!failed)
        failed = show_trust(list, false, environment_name, environments, err);
    free(environments);
    return failed;
}

int cmd_list_envs(struct cli *cli, struct err *err)
{
    return list_run(cli, read_environments, err);
}

/* ---- the tag of an environment ---- */

static int read_tag_for(struct list *list, struct err *err)
{
    const char *env = list->cli->args->operands[1];
    struct resolved resolved;

    if (resolve_environment(list->store, list->app, env, &resolved, err))
        return ERR_FAIL;
    jw_string(list->w, "environment", env);
    jw_string(list->w, "tag", resolved.version);
    jw_bool(list->w, "direct", !resolved.version[0]);
    if (resolved.version[0])
        output_line(&list->cli->output, "%s", resolved.version);
    else
        output_note(&list->cli->output, "No tag found for %s/%s (promoted directly from image)",
                    list->app, env);
    return 0;
}

int cmd_list_tag_for(struct cli *cli, struct err *err)
{
    if (name_check_env(cli->args->operands[1], err))
        return ERR_FAIL;
    return list_run(cli, read_tag_for, err);
}
