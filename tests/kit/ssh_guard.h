/*
 * ssh_guard - a guard that trusts one key, that of an ssh_signer, as ci@example.com. Include
 * cmocka.h before.
 */
#ifndef S3DOCK_TESTS_KIT_SSH_GUARD_H
#define S3DOCK_TESTS_KIT_SSH_GUARD_H

#include "base/err.h"
#include "base/file.h"
#include "kit/scratch.h"
#include "kit/ssh_signer.h"
#include "trust/guard.h"

/* Opens it with the files `signers` and `memory` of the scratch folder. */
static inline struct guard *ssh_guard_open(const struct ssh_signer *signer, unsigned require,
                                           const char *memory)
{
    struct guard_settings settings = {.policy = {.require = require, .min = 1}};
    _cleanup_text_ struct text file = {0};
    struct guard *guard;
    struct err err;

    text_init(&file, MIB);
    ssh_signer_line(signer, "ci@example.com", "", &file);
    assert_int_equal(file_replace(path_of("signers"), text_view(&file), 0600, &err), 0);
    settings.memory = path_of(memory);
    settings.signers = path_of("signers");
    guard = guard_open(&settings, &err);
    if (!guard)
        fail_msg("%s", err.text);
    return guard;
}

#endif
