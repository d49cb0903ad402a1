/* Any bytes as a document of AWS STS: credentials, and an error. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "credentials/credentials.h"
#include "credentials/sts_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct credentials out;
    struct sts_refusal refusal;
    struct err err;

    if (sts_answer_read(view_of(data, size), 1, &out, &err) == 0 &&
        (!out.access_key[0] || !out.secret_key[0] || !out.session_token[0] || out.expiry <= 1 ||
         strspn(out.account, "0123456789") != strlen(out.account)))
        abort();
    if (sts_refusal_read(view_of(data, size), &refusal)) {
        if (!refusal.code[0])
            abort();
        sts_refusal_is_temporary(&refusal);
        sts_refusal_is_of_time(&refusal);
    }
    return 0;
}
