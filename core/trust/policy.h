/*
 * policy - whether the people who signed a document suffice.
 *
 * A policy is a value: what must be signed, by how many, and which identity may
 * sign what. It is pure: no file, no clock, no bucket.
 *
 * Patterns are those of sign/patterns. sign/signers decides which identities a
 * signer has.
 */
#ifndef S3DOCK_TRUST_POLICY_H
#define S3DOCK_TRUST_POLICY_H

#include <stdbool.h>
#include <stddef.h>

#define POLICY_RULES_MAX    64
#define POLICY_PATTERNS_MAX 32  /* of one list */
#define POLICY_PATTERN_SIZE 256 /* bytes, the NUL included */
#define POLICY_PROOFS_MAX   16  /* signatures of one document */

struct signer;

/* The kinds of documents, as bits. */
enum policy_kind { POLICY_IMAGES = 1, POLICY_VERSIONS = 2, POLICY_ENVIRONMENTS = 4 };
#define POLICY_ALL (POLICY_IMAGES | POLICY_VERSIONS | POLICY_ENVIRONMENTS)
const char *policy_kind_name(enum policy_kind kind); /* "images" */
/* Returns the kind of this name; 0: there is none. */
unsigned policy_kind_of(const char *name);

struct policy_patterns {
    unsigned count; /* 0: everything matches */
    char (*items)[POLICY_PATTERN_SIZE];
};

/* Permits one identity to sign some documents. */
struct policy_rule {
    char identity[POLICY_PATTERN_SIZE];
    unsigned sign;                       /* kinds; 0: all */
    struct policy_patterns apps;         /* names of applications */
    struct policy_patterns environments; /* a limit for documents of environments only */
};

struct policy {
    unsigned require; /* kinds that must be signed */
    unsigned min;     /* distinct signers that a document needs; at least 1 */
    unsigned rule_count;
    struct policy_rule *rules; /* none: every identity may sign every document. Owned */
};

/* The document that was signed. */
struct policy_subject {
    enum policy_kind kind;
    const char *app;
    const char *environment; /* of POLICY_ENVIRONMENTS */
};

struct policy_verdict {
    bool holds;
    unsigned signers;                  /* distinct ones that may sign it */
    bool permitted[POLICY_PROOFS_MAX]; /* the signers that count */
};

/* Judges the signers whose signatures prove a document. Signers that may be the same person
 * count once (signer_same). Those behind POLICY_PROOFS_MAX are ignored. Returns verdict->holds. */
bool policy_judge(const struct policy *policy, const struct policy_subject *subject,
                  const struct signer *const *signers, unsigned count,
                  struct policy_verdict *verdict);
/* Frees the rules and their lists. */
void policy_finish(struct policy *policy);

#endif
