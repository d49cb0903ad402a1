/*
 * A verification is a pull without a destination that compares everything (pull_options.prove).
 */
#include "pull/verify.h"

#include <string.h>

#include "base/err.h"
#include "pull/pull.h"

int verify_run(const struct verify_options *options, struct verify_result *result, struct err *err)
{
    struct pull_options how = {.transfer = options->transfer,
                               .store = options->store,
                               .name = options->name,
                               .key = options->key,
                               .platform = options->platform,
                               .prove = true,
                               .no_resume = true};
    struct pull_result pulled;

    *result = (struct verify_result){0};
    if (pull_run(&how, &pulled, err))
        return ERR_FAIL;
    str_copy(result->key, sizeof result->key, pulled.key);
    str_copy(result->image_ref, sizeof result->image_ref, pulled.image_ref);
    str_copy(result->image_id, sizeof result->image_id, pulled.image_id);
    str_copy(result->platform, sizeof result->platform, pulled.platform);
    str_copy(result->checksum, sizeof result->checksum, pulled.checksum);
    result->size = pulled.size;
    result->layers = pulled.layers;
    result->chunks = pulled.chunks;
    result->stats = pulled.stats;
    return 0;
}
