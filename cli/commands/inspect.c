/*
 * inspect and diff: the layers of an archive, and the transfer from one archive to another. Both
 * read only metadata and indexes.
 */
#include <stdio.h>
#include <string.h>

#include "base/codes.h"
#include "base/err.h"
#include "base/utf8.h"
#include "catalog/locate.h"
#include "catalog/resolve.h"
#include "cli/cli.h"
#include "cli/commands/commands.h"
#include "cli/commands/layer_report_ui.h"
#include "cli/commands/object_report.h"
#include "cli/commands/release_ui.h"
#include "cli/commands/transfer_ui.h"
#include "cli/commands/trust_report.h"
#include "cli/connect.h"
#include "cli/platform_ui.h"
#include "cli/print/human.h"
#include "pull/seed/local_images.h"
#include "store/store.h"
#include "transfer/fetch_index.h"

/* An image of the bucket: its metadata and its index. */
struct subject {
    struct image_name name;
    struct located at;
    bool located;
    struct index *index;
    struct layer_report *report;
};

/* ---- finding the image ---- */

/* The platform to look for. */
struct choice {
    struct platform platform; /* any platform: the first one */
    bool strict;              /* no image of another platform instead */
};

static int find_documents(struct store *store, const char *key, const struct choice *choice,
                          struct subject *subject, struct err *err)
{
    int answer = locate_image(store, &subject->name, key, &choice->platform, &subject->at, err);

    if (answer == LOCATE_OTHER && !choice->strict)
        answer = locate_image(store, &subject->name, key, NULL, &subject->at, err);
    subject->located = answer == LOCATE_FOUND;
    return answer;
}

static int find_image(struct store *store, const struct wanted *wanted, const struct choice *choice,
                      struct subject *subject, struct err *err)
{
    struct resolved resolved = {.archive_key = ""};
    int answer;

    if (wanted->by_version) {
        if (resolve_tag(store, wanted->app, wanted->version, &resolved, err)) {
            wanted_no_version(store, wanted->app, wanted->version, "current", err);
            return ERR_FAIL;
        }
        subject->name = resolved.image;
    } else {
        subject->name = wanted->image;
    }
    answer = find_documents(store, resolved.archive_key[0] ? resolved.archive_key : NULL, choice,
                            subject, err);
    if (answer <= LOCATE_FOUND)
        return answer;
    locate_refuse(store, &subject->name, &choice->platform, &subject->at, err);
    if (answer == LOCATE_OTHER)
        return ERR_FAIL;
    return err_hint(err, "s3dock list images %s lists the images in the bucket", subject->name.app);
}

static int open_subject(struct store *store, const struct wanted *wanted,
                        const struct choice *choice, struct subject *subject, struct err *err)
{
    if (find_image(store, wanted, choice, subject, err))
        return ERR_FAIL;
    if (!subject->at.metadata.index_key[0]) {
        err_set(err, ERR_NOT_FOUND, "index", "%s has no index: another program pushed it",
                subject->name.ref);
        return err_hint(err, "the image can be pulled; a push with --force writes an index");
    }
    if (fetch_index(store, &subject->at.metadata, &subject->index, err)) {
        err_wrap(err, "%s", subject->name.ref);
        return transfer_hint_damage(subject->name.ref, err);
    }
    subject->report = layer_report_create(subject->index, err);
    return subject->report ? 0 : ERR_FAIL;
}

static void close_subject(struct subject *subject)
{
    layer_report_destroy(subject->report);
    index_destroy(subject->index);
    if (subject->located)
        located_finish(&subject->at);
    *subject = (struct subject){.located = false};
}

/* ---- inspect ---- */

static void write_image(struct json_writer *w, const struct subject *subject)
{
    const struct metadata *metadata = &subject->at.metadata;
    const struct index *index = subject->index;

    jw_string(w, "image_ref", subject->name.ref);
    jw_string(w, "image_id", index->image.id);
    jw_string_if(w, "platform", metadata->platform);
    jw_string(w, "created_at", metadata->created_at);
    jw_string(w, "s3_key", subject->at.archive_key);
    jw_int(w, "size", (int64_t)index->archive_size);
    jw_int(w, "raw_size", (int64_t)index->raw_size);
    jw_int(w, "index_size", (int64_t)metadata->index_size);
    jw_string(w, "writer", index->writer);
    jw_object(w, "chunker");
    jw_int(w, "min", index->params.min);
    jw_int(w, "average", index->params.average);
    jw_int(w, "max", index->params.max);
    jw_end(w);
}

static void print_image(struct cli *cli, const struct subject *subject)
{
    const struct metadata *metadata = &subject->at.metadata;
    char platform[sizeof metadata->platform], pushed[HUMAN_SIZE];
    const struct layer_report_row *total = &subject->report->total;
    char archive[HUMAN_SIZE], raw[HUMAN_SIZE], index[HUMAN_SIZE], chunk[HUMAN_SIZE],
        share[SHARE_SIZE];
    struct output *out = &cli->output;

    str_copy(platform, sizeof platform, metadata->platform);
    str_printable(platform);
    output_line(out, "%s", subject->name.ref);
    output_line(out, "  image     %s", subject->index->image.id);
    output_line(out, "  platform  %s", platform);
    output_line(out, "  pushed    %s", human_time(metadata->created_at, pushed));
    output_line(out, "  %-9s %s", metadata->format > METADATA_ARCHIVE_FORMAT ? "key" : "archive",
                subject->at.archive_key);
    output_line(out, "  size      %s, %s of %s", human_bytes(total->packed, archive),
                share_of(total->packed, total->raw, share), human_bytes(total->raw, raw));
    output_line(out, "  index     %s: %llu chunks of %s on average",
                human_bytes((uint64_t)metadata->index_size, index),
                (unsigned long long)total->chunks,
                human_bytes(total->chunks ? total->raw / total->chunks : 0, chunk));
    output_line(out, "  writer    %s", subject->index->writer);
    output_line(out, "%s", "");
}

int cmd_inspect(struct cli *cli, struct err *err)
{
    struct subject subject = {.located = false};
    struct store *store = NULL;
    struct choice choice = {.strict = config_text(&cli->config, OPT_PLATFORM) != NULL};
    struct wanted wanted;
    int failed = platform_read(&cli->config, &choice.platform, err) ||
                 wanted_parse(cli->args->operands[0], &wanted, err) ||
                 connect_store(cli, &store, err) ||
                 open_subject(store, &wanted, &choice, &subject, err) ||
                 layer_report_inside(subject.report, subject.index, err);

    if (!failed) {
        write_image(output_data(&cli->output), &subject);
        print_image(cli, &subject);
        failed = trust_report_show(cli, store, subject.at.metadata_key, err) ||
                 object_report(cli, store, &subject.name, &subject.at, subject.index, err);
    }
    if (!failed)
        layer_report_print_contents(cli, subject.report);
    close_subject(&subject);
    store_destroy(store);
    return failed ? ERR_FAIL : 0;
}

/* ---- diff ---- */

/* Sets has[i] for each layer of `to` that a host with the image `from` has, as graph drivers
 * decide. */
static int find_layers(const struct subject *from, const struct subject *to, bool *has,
                       struct err *err)
{
    const struct metadata *metadata = &to->at.metadata;
    struct local_image image = {.layer_count = from->at.metadata.layer_count,
                                .diff_ids = from->at.metadata.layers};
    struct local_images *host =
        local_images_suppose(&image, 1, from->name.app, SEARCH_BY_CHAIN, err);

    if (!host)
        return ERR_FAIL;
    local_images_layers(host, metadata->layers, metadata->layer_count, has);
    local_images_destroy(host);
    return 0;
}

static int compare(struct cli *cli, const struct subject *from, const struct subject *to,
                   struct err *err)
{
    struct json_writer *w = output_data(&cli->output);
    bool has[IMAGE_LAYERS_MAX] = {false};

    if (to->at.metadata.layer_count != to->index->image.layer_count)
        return err_set(err, ERR_INTEGRITY, "index",
                       "the index belongs to another image: the number of layers differs");
    if (find_layers(from, to, has, err) ||
        layer_report_against(to->report, to->index, from->index, has, err))
        return ERR_FAIL;
    jw_string(w, "from", from->name.ref);
    jw_string(w, "to", to->name.ref);
    if (from->index->names != to->index->names)
        output_note(
            &cli->output,
            "one index has version 1, with other chunk names: only whole layers are compared");
    output_line(&cli->output, "from  %s", from->name.ref);
    output_line(&cli->output, "to    %s", to->name.ref);
    output_line(&cli->output, "%s", "");
    layer_report_print_transfer(cli, to->report);
    return 0;
}

/* Opens both images, the second one for the platform of the first if it has that. */
static int open_both(struct store *store, const struct wanted wanted[2], struct choice *choice,
                     struct subject *from, struct subject *to, struct err *err)
{
    if (open_subject(store, &wanted[0], choice, from, err))
        return ERR_FAIL;
    choice->platform = from->at.platform;
    return open_subject(store, &wanted[1], choice, to, err);
}

/* Finds the first platform of `from` that `to` has, too. Returns 1 if there is one. */
static int find_common(struct store *store, const struct subject *from, const struct subject *to,
                       struct platform *out, struct err *err)
{
    struct platform ours[LOCATE_PLATFORMS_MAX], theirs[LOCATE_PLATFORMS_MAX];
    unsigned our_count, their_count;

    if (locate_platforms(store, &from->name, from->at.archive_key, ours, &our_count, err) < 0 ||
        locate_platforms(store, &to->name, to->at.archive_key, theirs, &their_count, err) < 0)
        return ERR_FAIL;
    for (unsigned i = 0; i < our_count; i++)
        for (unsigned k = 0; k < their_count; k++)
            if (platform_same(&ours[i], &theirs[k])) {
                *out = ours[i];
                return 1;
            }
    return 0;
}

static void note_platforms(struct cli *cli, const struct subject *from, const struct subject *to)
{
    char one[PLATFORM_TEXT_SIZE], other[PLATFORM_TEXT_SIZE];

    platform_text(&from->at.platform, one);
    platform_text(&to->at.platform, other);
    output_note(&cli->output, "they have no platform in common: %s is compared with %s", one,
                other);
}

/* The second image lacks the first platform of the first one: opens both for another one, if they
 * have one in common. */
static int settle_platform(struct cli *cli, struct store *store, const struct wanted wanted[2],
                           struct choice *choice, struct subject *from, struct subject *to,
                           struct err *err)
{
    int answer = find_common(store, from, to, &choice->platform, err);

    if (answer < 0)
        return ERR_FAIL;
    if (answer == 0) {
        note_platforms(cli, from, to);
        return 0;
    }
    close_subject(from);
    close_subject(to);
    choice->strict = true;
    return open_both(store, wanted, choice, from, to, err);
}

int cmd_diff(struct cli *cli, struct err *err)
{
    struct subject from = {.located = false}, to = {.located = false};
    struct store *store = NULL;
    struct choice choice = {.strict = config_text(&cli->config, OPT_PLATFORM) != NULL};
    const char *const *operands = cli->args->operands;
    struct wanted wanted[2];
    int failed = platform_read(&cli->config, &choice.platform, err) ||
                 wanted_parse(operands[0], &wanted[0], err) ||
                 wanted_parse(operands[1], &wanted[1], err) || connect_store(cli, &store, err) ||
                 open_both(store, wanted, &choice, &from, &to, err);

    if (!failed && !platform_same(&from.at.platform, &to.at.platform))
        failed = settle_platform(cli, store, wanted, &choice, &from, &to, err);
    if (!failed)
        failed = compare(cli, &from, &to, err);
    close_subject(&from);
    close_subject(&to);
    store_destroy(store);
    return failed ? ERR_FAIL : 0;
}
