/*
 * Prints what applications occupy in the bucket, what sharing saves, and what each image would
 * free. core/usage counts; here the numbers are printed and multiplied by the price.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/codes.h"
#include "base/err.h"
#include "catalog/name.h"
#include "cli/cli.h"
#include "cli/commands/commands.h"
#include "cli/commands/layer_report_ui.h"
#include "cli/commands/release_ui.h"
#include "cli/connect.h"
#include "cli/print/human.h"
#include "usage/usage.h"

#define GIGABYTE 1e9

struct stats {
    struct cli *cli;
    struct json_writer *w;
    bool priced;
    double price; /* of a gigabyte a month */
    const char *currency;
};

/* ---- the price list ---- */

static void read_prices(struct stats *stats)
{
    const struct config *config = &stats->cli->config;
    const char *price = config_text(config, OPT_PRICE), *currency;

    currency = config_text(config, OPT_CURRENCY);
    stats->currency = currency ? currency : "";
    stats->priced = price != NULL;
    stats->price = price ? strtod(price, NULL) : 0;
}

static double cost_of(const struct stats *stats, uint64_t bytes)
{
    return (double)bytes / GIGABYTE * stats->price;
}

/* ---- JSON ---- */

/* Prices have more decimals than other numbers. */
static void write_price(const struct stats *stats, const char *name, double value)
{
    char text[64];

    snprintf(text, sizeof text, "%.6f", value);
    jw_raw(stats->w, name, view_str(text));
}

static void write_sums(const struct stats *stats, const struct usage_sums *sums)
{
    const struct {
        const char *name;
        uint64_t value;
    } rows[] = {{"images", sums->images},
                {"whole", sums->whole},
                {"thin", sums->thin},
                {"platforms", sums->platforms},
                {"bytes", sums->bytes},
                {"data_bytes", sums->data_bytes},
                {"index_bytes", sums->index_bytes},
                {"document_bytes", sums->document_bytes},
                {"replaced_bytes", sums->replaced_bytes},
                {"retired_bytes", sums->retired_bytes},
                {"unfinished_bytes", sums->unfinished_bytes},
                {"dead_bytes", sums->dead_bytes},
                {"whole_bytes", sums->whole_bytes},
                {"saved_bytes", usage_saved(sums)}};

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        jw_int(stats->w, rows[i].name, (int64_t)rows[i].value);
    jw_double(stats->w, "saved_share",
              sums->whole_bytes ? (double)usage_saved(sums) / (double)sums->whole_bytes : 0);
    if (stats->priced)
        write_price(stats, "month_cost", cost_of(stats, sums->bytes));
}

static void write_image(const struct stats *stats, const struct usage_image *image, bool quick)
{
    struct json_writer *w = stats->w;

    jw_object(w, NULL);
    jw_string(w, "image_ref", image->ref);
    jw_string_if(w, "platform", image->platform);
    jw_bool(w, "thin", image->thin);
    jw_int(w, "size", (int64_t)image->size);
    jw_int(w, "refers_bytes", (int64_t)image->refers_bytes);
    jw_int(w, "objects", image->objects);
    jw_int(w, "alone_bytes", (int64_t)image->alone_bytes);
    if (!quick)
        jw_int(w, "alone_after_compact", (int64_t)image->alone_after_compact);
    jw_end(w);
}

static void write_usage(const struct stats *stats, const struct usage *usage)
{
    struct json_writer *w = stats->w;

    jw_array(w, "apps");
    for (size_t i = 0; i < usage->app_count; i++) {
        const struct usage_app *app = &usage->apps[i];

        jw_object(w, NULL);
        jw_string(w, "app_name", app->name);
        write_sums(stats, &app->sums);
        jw_array(w, "list");
        for (size_t image = 0; image < app->image_count; image++)
            write_image(stats, &app->images[image], usage->quick);
        jw_end(w);
        jw_end(w);
    }
    jw_end(w);
    jw_object(w, "total");
    write_sums(stats, &usage->total);
    jw_end(w);
    if (stats->priced) {
        jw_object(w, "prices");
        jw_string_if(w, "currency", stats->currency);
        write_price(stats, "gb_month", stats->price);
        jw_end(w);
    }
    jw_bool(w, "quick", usage->quick);
}

/* ---- text ---- */

static void print_bytes(struct output *out, const char *name, uint64_t bytes, const char *what)
{
    char text[HUMAN_SIZE];

    if (bytes)
        output_line(out, "  %-12s %10s  %s", name, human_bytes(bytes, text), what);
}

static void print_saved(struct output *out, const struct usage_sums *sums)
{
    char share[SHARE_SIZE], whole[HUMAN_SIZE], saved[HUMAN_SIZE];

    if (usage_saved(sums))
        output_line(out, "  %-12s %10s  %s of %s, which whole images would have", "saved",
                    human_bytes(usage_saved(sums), saved),
                    share_of(usage_saved(sums), sums->whole_bytes, share),
                    human_bytes(sums->whole_bytes, whole));
}

static void print_sums(const struct stats *stats, const char *name, const struct usage_sums *sums,
                       bool quick)
{
    struct output *out = &stats->cli->output;
    double cost = cost_of(stats, sums->bytes);
    char bytes[HUMAN_SIZE];

    output_line(out, "%s", name);
    output_line(out, "  %-12s %10llu  %llu whole, %llu thin, %llu platform%s", "images",
                (unsigned long long)sums->images, (unsigned long long)sums->whole,
                (unsigned long long)sums->thin, (unsigned long long)sums->platforms,
                sums->platforms == 1 ? "" : "s");
    output_line(out, "  %-12s %10s", "stored", human_bytes(sums->bytes, bytes));
    print_bytes(out, "data", sums->data_bytes, "that images need");
    print_bytes(out, "indexes", sums->index_bytes, "of images");
    print_bytes(out, "documents", sums->document_bytes, "of images");
    print_bytes(out, "replaced", sums->replaced_bytes, "copies of images that a push replaced");
    print_bytes(out, "retired", sums->retired_bytes, "of images that a cleanup retired");
    print_bytes(out, "unfinished", sums->unfinished_bytes, "that no image needs");
    print_bytes(out, "dead", sums->dead_bytes,
                quick ? "of the data at most, used by no image" : "of the data, used by no image");
    print_saved(out, sums);
    if (stats->priced)
        output_line(out, "  %-12s %10.*f  %s", "a month", cost < 1 ? 4 : 2, cost, stats->currency);
}

static void print_images(const struct stats *stats, const struct usage_app *app, bool quick)
{
    struct output *out = &stats->cli->output;
    char size[HUMAN_SIZE], refers[HUMAN_SIZE], alone[HUMAN_SIZE], after[HUMAN_SIZE];

    output_line(out, "%s", "");
    output_line(out, "%-40s %-14s %-5s %10s %10s %7s %10s %12s", "image", "platform", "form",
                "size", "refers to", "objects", "frees", "with compact");
    for (size_t i = 0; i < app->image_count; i++) {
        const struct usage_image *image = &app->images[i];

        output_line(out, "%-40s %-14s %-5s %10s %10s %7u %10s %12s", image->ref, image->platform,
                    image->thin ? "thin" : "whole", human_bytes(image->size, size),
                    human_bytes(image->refers_bytes, refers), image->objects,
                    human_bytes(image->alone_bytes, alone),
                    quick ? "-" : human_bytes(image->alone_after_compact, after));
    }
}

static void print_usage(const struct stats *stats, const struct usage *usage, bool one)
{
    struct output *out = &stats->cli->output;

    for (size_t i = 0; i < usage->app_count; i++) {
        const struct usage_app *app = &usage->apps[i];

        print_sums(stats, app->name, &app->sums, usage->quick);
        if (one && app->image_count)
            print_images(stats, app, usage->quick);
        if (!one)
            output_line(out, "%s", "");
    }
    if (!one)
        print_sums(stats, "all applications", &usage->total, usage->quick);
}

int cmd_stats(struct cli *cli, struct err *err)
{
    const char *app = cli->args->operand_count ? cli->args->operands[0] : NULL;
    struct stats stats = {.cli = cli};
    _cleanup_text_ struct text warnings = {0};
    struct usage *usage = NULL;
    struct store *store = NULL;
    int failed;

    text_init(&warnings, OUTPUT_MAX);
    read_prices(&stats);
    failed = (app && name_check_app(app, err)) || connect_store(cli, &store, err) ||
             usage_read(store, app, config_switch(&cli->config, OPT_QUICK), &usage, &warnings, err);
    if (!failed) {
        stats.w = output_data(&cli->output);
        write_usage(&stats, usage);
        print_usage(&stats, usage, app != NULL);
        if (app && !usage->total.images)
            release_note_no_images(cli, app);
        warnings_write(cli, stats.w, &warnings);
    }
    usage_destroy(usage);
    store_destroy(store);
    return failed ? ERR_FAIL : 0;
}
