/*
 * Layers that are too small for chunks of their own are summed up in the row "the rest".
 */
#include "cli/commands/layer_report_ui.h"

#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/print/human.h"

#define LINE 128

const char *share_of(uint64_t part, uint64_t whole, char out[SHARE_SIZE])
{
    if (whole)
        snprintf(out, SHARE_SIZE, "%.1f %%", 100.0 * (double)part / (double)whole);
    else
        snprintf(out, SHARE_SIZE, "-");
    return out;
}

#define NAME 40

/* Formats "   3  sha256:0123456789ab". */
static void format_name(unsigned number, const char *diff_id, char out[NAME])
{
    snprintf(out, NAME, "%4u  %.19s", number, diff_id);
}

/* ---- JSON ---- */

enum side { INSIDE, MOVES };

static void write_row(struct json_writer *w, const char *name, const struct layer_report_row *row,
                      enum side side)
{
    jw_object(w, name);
    jw_string_if(w, "diff_id", row->diff_id);
    jw_int(w, "raw_size", (int64_t)row->raw);
    jw_int(w, "size", (int64_t)row->packed);
    jw_int(w, "chunks", (int64_t)row->chunks);
    if (side == INSIDE) {
        jw_int(w, "stored_chunks", (int64_t)row->stored);
        jw_int(w, "stored_size", (int64_t)row->stored_size);
        jw_int(w, "repeated_chunks", (int64_t)row->repeated);
        jw_int(w, "repeated_size", (int64_t)row->repeated_size);
    } else {
        if (row->diff_id[0])
            jw_bool(w, "here", row->here);
        jw_int(w, "moving_chunks", (int64_t)row->moves);
        jw_int(w, "moving_size", (int64_t)row->moves_size);
    }
    jw_end(w);
}

static void write_report(struct cli *cli, const struct layer_report *report, enum side side)
{
    struct json_writer *w = output_data(&cli->output);

    jw_array(w, "layers");
    for (unsigned i = 0; i < report->layers; i++)
        write_row(w, NULL, &report->rows[i], side);
    jw_end(w);
    write_row(w, "rest", &report->rest, side);
    write_row(w, "total", &report->total, side);
}

/* ---- tables ---- */

static void print_contents_row(struct cli *cli, const char *name,
                               const struct layer_report_row *row)
{
    char raw[HUMAN_SIZE], packed[HUMAN_SIZE], ratio[SHARE_SIZE], stored[SHARE_SIZE],
        again[SHARE_SIZE];

    if (row->chunks)
        output_line(&cli->output, "%-25s  %8s  %8s  %8s  %7llu  %8s  %8s", name,
                    human_bytes(row->raw, raw), human_bytes(row->packed, packed),
                    share_of(row->packed, row->raw, ratio), (unsigned long long)row->chunks,
                    share_of(row->stored_size, row->packed, stored),
                    share_of(row->repeated_size, row->packed, again));
    else
        output_line(&cli->output, "%-25s  in the rest: too small, or the same as another", name);
}

void layer_report_print_contents(struct cli *cli, const struct layer_report *report)
{
    char name[NAME];

    write_report(cli, report, INSIDE);
    output_line(&cli->output, "%-25s  %8s  %8s  %8s  %7s  %8s  %8s", "  layer", "raw", "archive",
                "ratio", "chunks", "stored", "repeated");
    for (unsigned i = 0; i < report->layers; i++) {
        format_name(i + 1, report->rows[i].diff_id, name);
        print_contents_row(cli, name, &report->rows[i]);
    }
    if (report->rest.chunks)
        print_contents_row(cli, "      the rest", &report->rest);
    print_contents_row(cli, "      total", &report->total);
}

static void format_transfer_row(char out[LINE], const char *name,
                                const struct layer_report_row *row)
{
    char packed[HUMAN_SIZE], moves[HUMAN_SIZE], share[SHARE_SIZE];

    if (!row->chunks)
        snprintf(out, LINE, "%-25s  %s", name, row->here ? "present" : "in the rest");
    else if (row->here)
        snprintf(out, LINE, "%-25s  %8s  present", name, human_bytes(row->packed, packed));
    else
        snprintf(out, LINE, "%-25s  %8s  %8s  %8s", name, human_bytes(row->packed, packed),
                 human_bytes(row->moves_size, moves),
                 share_of(row->moves_size, row->packed, share));
}

static void print_transfer(struct output *output, const struct layer_report *report)
{
    char line[LINE], name[NAME];

    snprintf(line, sizeof line, "%-25s  %8s  %8s  %8s", "  layer", "archive", "transfer", "share");
    output_line(output, "%s", line);
    for (unsigned i = 0; i < report->layers; i++) {
        format_name(i + 1, report->rows[i].diff_id, name);
        format_transfer_row(line, name, &report->rows[i]);
        output_line(output, "%s", line);
    }
    if (report->rest.moves) {
        format_transfer_row(line, "      the rest", &report->rest);
        output_line(output, "%s", line);
    }
    format_transfer_row(line, "      total", &report->total);
    output_line(output, "%s", line);
}

void layer_report_print_transfer(struct cli *cli, const struct layer_report *report)
{
    write_report(cli, report, MOVES);
    print_transfer(&cli->output, report);
}

void layer_report_print_plan(struct cli *cli, const struct layer_report *report)
{
    struct json_writer *w = output_data(&cli->output);

    jw_object(w, "plan");
    write_report(cli, report, MOVES);
    jw_end(w);
    print_transfer(&cli->output, report);
}
