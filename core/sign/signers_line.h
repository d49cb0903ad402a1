/*
 * signers_line - one line of an allowed_signers file (ssh-keygen(1), ALLOWED SIGNERS).
 *
 *     PRINCIPALS [OPTIONS] KEY-TYPE BASE64 [COMMENT]
 *     ci@example.com namespaces="s3dock-image" ssh-ed25519 AAAA... of the runner
 *
 * Options: cert-authority, namespaces="...", valid-after="...", valid-before="...".
 */
#ifndef S3DOCK_SIGN_SIGNERS_LINE_H
#define S3DOCK_SIGN_SIGNERS_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "sign/ssh_key.h"

struct signers_line {
    size_t number;        /* in the file, from 1 */
    char *principals;     /* list of patterns (sign/patterns) */
    bool is_authority;    /* the key is a CA, and signs certificates */
    char *namespaces;     /* list of patterns; NULL: every namespace */
    int64_t valid_after;  /* seconds since 1970, inclusive; 0: no limit */
    int64_t valid_before; /* the same; this second is valid, too, as in OpenSSH */
    struct text blob;     /* of the key */
    struct ssh_key key;
};

enum signers_line_answer { SIGNERS_LINE_KEY, SIGNERS_LINE_EMPTY, SIGNERS_LINE_BAD };

/* Reads a line without its end. An empty line and a comment are SIGNERS_LINE_EMPTY. With
 * SIGNERS_LINE_BAD, *fault is the reason. `line` is initialised in each case; the caller finishes
 * it. */
enum signers_line_answer signers_line_read(struct view bytes, struct signers_line *line,
                                           const char **fault);
void signers_line_finish(struct signers_line *line);

#endif
