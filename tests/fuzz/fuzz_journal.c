/* An accepted journal of a deployment is written, accepted again, and written the same. The sum
 * keeps random bytes out, so the inner object is also wrapped with its own sum. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/hash.h"
#include "deploy/journal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct view document)
{
    struct journal journal, again;
    struct text once, twice;

    if (!journal_parse(document, &journal))
        return;
    text_init(&once, JOURNAL_SIZE_MAX);
    text_init(&twice, JOURNAL_SIZE_MAX);
    journal_write(&journal, &once);
    if (once.failed || !journal_parse(text_view(&once), &again))
        abort();
    journal_write(&again, &twice);
    if (!view_equals(text_view(&once), text_view(&twice)))
        abort();
    text_finish(&once);
    text_finish(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t digest[SHA256_SIZE];
    char sum[SHA256_HEX_SIZE];
    struct text whole;

    check(view_of(data, size));
    sha256_of(view_of(data, size), digest);
    hex_encode(digest, sizeof digest, sum);
    text_init(&whole, JOURNAL_SIZE_MAX);
    text_printf(&whole, "{\"sum\": \"%s\", \"journal\": ", sum);
    text_add(&whole, data, size);
    text_char(&whole, '}');
    if (!whole.failed)
        check(text_view(&whole));
    text_finish(&whole);
    return 0;
}
