/* Tags, environments, rollback targets and hosts are read, sorted and searched by name. */
#include "catalog/references.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/codes.h"
#include "base/err.h"
#include "catalog/deployed_list.h"
#include "catalog/keys.h"
#include "catalog/listing.h"
#include "catalog/previous.h"
#include "catalog/warnings.h"

/* Sets the error. The first line of the warnings is the reason. */
static int fail_by_warning(const char *app, struct text *warnings, struct err *err)
{
    warnings->data[strcspn(warnings->data, "\n")] = '\0';
    err_set(err, ERR_CONFLICT, CODE_REFERENCED, "cannot find out which images of %s are in use: %s",
            app, warnings->data);
    return err_about(err, "%s", app);
}

static int add_reference(struct references *refs, const char *ref, struct err *err)
{
    if (!array_reserve(&refs->refs, &refs->room, refs->count, sizeof *refs->refs))
        return err_memory(err, "the images in use");
    refs->refs[refs->count] = strings_keep(&refs->strings, ref, err);
    return refs->refs[refs->count++] ? 0 : ERR_FAIL;
}

static int add_tags(struct store *store, const char *app, struct references *refs,
                    struct text *warnings, struct err *err)
{
    struct tag_list tags;
    int failed = listing_tags(store, app, &tags, warnings, err);

    for (size_t i = 0; !failed && i < tags.count; i++)
        failed = add_reference(refs, tags.items[i].image, err);
    tag_list_finish(&tags);
    return failed;
}

/* Adds an earlier target. One that is a version keeps its image already. Returns 1 if the target is
 * nothing of the application. */
static int add_target(struct references *refs, const char *app, const char *target, struct err *err)
{
    char owner[NAME_APP_MAX], version[NAME_VERSION_MAX], month[CLOCK_MONTH_SIZE];
    struct image_name image;

    if (key_parse_image(target, &image, month) && strcmp(image.app, app) == 0)
        return add_reference(refs, image.ref, err);
    return !key_parse_tag(target, owner, version) || strcmp(owner, app) != 0;
}

static int add_previous(struct references *refs, const char *app, const struct previous *previous,
                        size_t count, struct text *warnings, struct err *err)
{
    int answer = 0;

    for (size_t i = 0; answer >= 0 && i < count; i++) {
        answer = previous[i].answer == PREVIOUS_UNKNOWN;
        if (previous[i].answer == PREVIOUS_FOUND)
            answer = add_target(refs, app, previous[i].target, err);
        if (answer > 0)
            warnings_add(warnings,
                         "the audit log does not name the image of %s before %s: promote "
                         "another image to %s, then this one again",
                         previous[i].env, previous[i].now->target_path, previous[i].env);
    }
    return answer < 0 ? ERR_FAIL : 0;
}

static int add_previous_images(struct store *store, const char *app,
                               const struct listed_environment *environments, size_t count,
                               struct references *refs, struct text *warnings, struct err *err)
{
    struct previous *previous = calloc(count + 1, sizeof *previous);
    int failed;

    if (!previous)
        return err_memory(err, "the environments");
    for (size_t i = 0; i < count; i++) {
        previous[i].env = environments[i].env;
        previous[i].now = &environments[i].pointer;
    }
    failed = previous_find(store, app, previous, count, warnings, err) ||
             add_previous(refs, app, previous, count, warnings, err);
    free(previous);
    return failed;
}

static int add_environments(struct store *store, const char *app, struct references *refs,
                            struct text *warnings, struct err *err)
{
    struct listed_environment *environments;
    size_t count;
    int failed = listing_environments(store, app, &environments, &count, warnings, err);

    for (size_t i = 0; !failed && i < count; i++) {
        if (!environments[i].image[0])
            warnings_add(warnings, "environment %s leads to no image", environments[i].env);
        failed = add_reference(refs, environments[i].image, err);
    }
    if (!failed && !warnings->size)
        failed = add_previous_images(store, app, environments, count, refs, warnings, err);
    free(environments);
    return failed;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* ---- hosts ---- */

struct hosts {
    struct references *refs;
    struct deployed_list list;
    struct text *warnings;
};

static bool is_image_of(const char *app, const char *ref)
{
    struct image_name image;
    struct err ignored;

    return name_parse_image(ref, &image, &ignored) == 0 && strcmp(image.app, app) == 0;
}

static int add_host(void *arg, const struct deployed *deployed, struct err *err)
{
    struct hosts *hosts = arg;
    const char *const images[] = {deployed->image_reference, deployed->previous};
    int failed = 0;

    if (!deployed_is_recent(deployed, hosts->list.now,
                            REFERENCES_DAYS * (INT64_C(24) * 3600 * NS_PER_S)))
        return 0;
    for (size_t i = 0; !failed && i < ARRAY_SIZE(images); i++) {
        if (images[i][0] && !is_image_of(deployed->app_name, images[i]))
            warnings_add(hosts->warnings,
                         "the record of the host %s in deployments/%s/%s/ names no image of %s: %s",
                         deployed->host, deployed->app_name, deployed->environment,
                         deployed->app_name, images[i]);
        failed = images[i][0] ? add_reference(hosts->refs, images[i], err) : 0;
    }
    return failed;
}

static int add_hosts(struct store *store, const char *app, struct references *refs,
                     struct text *warnings, struct err *err)
{
    struct hosts hosts = {.refs = refs, .warnings = warnings};

    if (!deployed_list_read(store, app, NULL, &hosts.list, add_host, &hosts, warnings, err))
        return 0;
    if (!err_is(err, ERR_AUTH, CODE_DENIED))
        return ERR_FAIL;
    err_set(err, ERR_CONFLICT, CODE_REFERENCED,
            "cannot find out which images of %s are in use: access to deployments/%s/ is denied. "
            "The key needs s3:ListBucket for the prefix deployments/, and s3:GetObject on "
            "deployments/*",
            app, app);
    return err_hint(err, "no image of %s is removed until the key has these rights", app);
}

static int read_references(struct store *store, const char *app, bool with_hosts,
                           struct references *out, struct err *err)
{
    struct text warnings;
    int failed;

    *out = (struct references){.count = 0};
    text_init(&warnings, MIB);
    failed = add_tags(store, app, out, &warnings, err) ||
             add_environments(store, app, out, &warnings, err) ||
             (with_hosts && add_hosts(store, app, out, &warnings, err));
    if (!failed && (warnings.size || warnings.failed))
        failed = fail_by_warning(app, &warnings, err);
    text_finish(&warnings);
    if (failed) {
        references_finish(out);
        return ERR_FAIL;
    }
    if (out->count)
        qsort(out->refs, out->count, sizeof *out->refs, by_text);
    return 0;
}

int references_read(struct store *store, const char *app, struct references *out, struct err *err)
{
    return read_references(store, app, false, out, err);
}

int references_read_all(struct store *store, const char *app, struct references *out,
                        struct err *err)
{
    return read_references(store, app, true, out, err);
}

bool references_have(const struct references *refs, const char *ref)
{
    return refs->count && bsearch(&ref, refs->refs, refs->count, sizeof *refs->refs, by_text);
}

void references_finish(struct references *refs)
{
    strings_finish(&refs->strings);
    free(refs->refs);
    *refs = (struct references){.count = 0};
}
