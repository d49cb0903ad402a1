/*
 * Each document that the search reads is judged. The search reads several, and may only use the
 * last one: its verdict decides.
 */
#include "trust/guard_image.h"

#include <string.h>

#include "base/codes.h"
#include "base/err.h"
#include "trust/signatures.h"

static struct guard_image *image_of(struct locate_reader *reader)
{
    return (struct guard_image *)reader;
}

static enum store_answer get_image(struct locate_reader *reader, struct store *store,
                                   const char *key, struct text *out, char etag[STORE_ETAG_MAX],
                                   struct err *err)
{
    struct guard_image *image = image_of(reader);
    const struct guard *guard = guard_requires(image->guard, POLICY_IMAGES) ? image->guard : NULL;
    enum store_answer answer = guard_read(guard, store, key, out->max, &image->last, err);

    str_copy(image->key, sizeof image->key, key);
    if (answer != STORE_DONE)
        return answer;
    text_add(out, image->last.document.data, image->last.document.size);
    str_copy(etag, STORE_ETAG_MAX, image->last.etag);
    return text_check(out, key, err) ? STORE_FAILED : STORE_DONE;
}

/* Reads the signatures of a document that a tombstone has. */
static int read_signatures(struct store *store, const char *key, struct text *out, struct err *err)
{
    char signatures[KEY_MAX], etag[STORE_ETAG_MAX];

    text_init(out, SIGNATURES_SIZE_MAX);
    if (!key_signatures(signatures, key))
        return err_set(err, ERR_INTERNAL, CODE_KEY, "%s is not the key of a document", key);
    return store_get_document(store, signatures, out, etag, err) == STORE_FAILED ? ERR_FAIL : 0;
}

static int take_image(struct locate_reader *reader, struct store *store, const char *key,
                      struct view document, struct err *err)
{
    struct guard_image *image = image_of(reader);
    struct text signatures = {0};
    int failed;

    if (!guard_requires(image->guard, POLICY_IMAGES))
        return 0;
    str_copy(image->key, sizeof image->key, key);
    failed = read_signatures(store, key, &signatures, err);
    if (!failed)
        guard_judge(image->guard, store, key, document, text_view(&signatures),
                    &image->last.report);
    text_finish(&signatures);
    return failed;
}

static int refuse_moved(const struct statement *stated, const struct located *found, const char *id,
                        struct err *err)
{
    char platform[PLATFORM_TEXT_SIZE];

    platform_text(&found->platform, platform);
    if (!id)
        err_set(err, ERR_TRUST, CODE_MOVED, "%s/%s was signed without an image for %s", stated->app,
                stated->name, platform[0] ? platform : "an unknown platform");
    else
        err_set(err, ERR_TRUST, CODE_MOVED,
                "%s/%s was signed for the image %s, but the bucket has %s for %s now", stated->app,
                stated->name, id, found->metadata.image_id[0] ? found->metadata.image_id : "none",
                platform);
    return err_about(err, "%s %s", stated->app, stated->name);
}

static int judge_image(struct locate_reader *reader, const struct located *found, struct err *err)
{
    struct guard_image *image = image_of(reader);
    const char *id = NULL;

    image->proven = false;
    if (guard_requires(image->guard, POLICY_IMAGES)) {
        if (strcmp(image->key, found->metadata_key) != 0)
            return err_set(err, ERR_INTERNAL, "trust",
                           "the image has the metadata %s, but the signatures are of %s",
                           found->metadata_key, image->key);
        if (!image->last.report.holds) {
            *err = image->last.report.why;
            return ERR_FAIL;
        }
        image->proven = true;
    }
    if (!image->stated)
        return 0;
    id = statement_image(image->stated, &found->platform);
    return id && strcmp(id, found->metadata.image_id) == 0
               ? 0
               : refuse_moved(image->stated, found, id, err);
}

static int follow_image(struct locate_reader *reader, struct store *store, const char *app,
                        const char *version, struct err *err)
{
    struct guard_image *image = image_of(reader);

    image->stated = NULL;
    if (!guard_requires(image->guard, POLICY_VERSIONS))
        return 0;
    if (guard_version(image->guard, store, app, version, &image->followed, err))
        return ERR_FAIL;
    image->stated = image->followed.stated ? &image->followed.statement : NULL;
    return 0;
}

static int is_signed(struct locate_reader *reader, struct store *store, const char *key,
                     struct view document, struct err *err)
{
    _cleanup_text_ struct text signatures = {0};
    struct guard_report report;

    text_init(&signatures, SIGNATURES_SIZE_MAX);
    if (signatures_read(store, key, &signatures, err))
        return ERR_FAIL;
    guard_judge(image_of(reader)->guard, store, key, document, text_view(&signatures), &report);
    return guard_is_signed(&report);
}

void guard_image_init(struct guard_image *image, const struct guard *guard,
                      const struct statement *stated)
{
    *image = (struct guard_image){
        .reader = {.get = get_image,
                   .take = take_image,
                   .judge = judge_image,
                   .follow = follow_image,
                   .is_signed = is_signed},
        .guard = guard,
        .stated = stated,
    };
}

void guard_image_finish(struct guard_image *image)
{
    guarded_document_finish(&image->last);
}

int guard_locate(struct guard_image *image, struct store *store, const struct image_name *name,
                 const char *key, const struct platform *wanted, struct located *out,
                 struct err *err)
{
    return locate_image_with(image->guard ? &image->reader : NULL, store, name, key, wanted, out,
                             err);
}
