/*
 * golden_sign - the signatures of tests/golden/sign, which ssh-keygen has made.
 */
#ifndef S3DOCK_TESTS_KIT_GOLDEN_SIGN_H
#define S3DOCK_TESTS_KIT_GOLDEN_SIGN_H

#include "sign/sshsig.h"
#include "tests/kit/golden.h"

#define GOLDEN_NAMESPACE "s3dock-image"

/* Reads tests/golden/sign/{name}. */
static inline void golden_sign_read(const char *name, struct text *out)
{
    char path[256];

    snprintf(path, sizeof path, "sign/%s", name);
    golden_read_file(path, out);
}

/* Reads and parses the signature {name}.sig. A refusal fails the test. */
static inline void golden_sign_parse(const char *name, struct sshsig *sig)
{
    char file[128];
    struct text armored;
    struct err err = {0};

    snprintf(file, sizeof file, "%s.sig", name);
    golden_sign_read(file, &armored);
    if (sshsig_parse(text_view(&armored), sig, &err) < 0)
        fail_msg("%s: %s", file, err.text);
    text_finish(&armored);
}

#endif
