/*
 * Each line is compared with the key, because the same key may have several lines. Of the lines
 * with the right key that do not permit the signature, the last reason is reported.
 */
#include "sign/signers.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/codes.h"
#include "base/err.h"
#include "sign/cert_check.h"
#include "sign/patterns.h"
#include "sign/revoked.h"
#include "sign/signers_line.h"
#include "sign/sshsig.h"

/* ---- file ---- */

static int add_line(struct signers *signers, struct view bytes, size_t number, const char *name,
                    struct err *err)
{
    struct signers_line line;
    const char *fault;

    if (!array_reserve(&signers->lines, &signers->room, signers->count, sizeof *signers->lines))
        return err_memory(err, "the signers");
    switch (signers_line_read(bytes, &line, &fault)) {
    case SIGNERS_LINE_KEY:
        line.number = number;
        signers->lines[signers->count++] = line;
        return 0;
    case SIGNERS_LINE_EMPTY:
        fault = NULL;
        break;
    case SIGNERS_LINE_BAD:
        break;
    }
    signers_line_finish(&line);
    return fault ? err_set(err, ERR_USAGE, CODE_SIGNERS, "%s:%zu: the line is refused: %s", name,
                           number, fault)
                 : 0;
}

int signers_parse(struct view file, const char *name, struct signers *signers, struct err *err)
{
    const uint8_t *end;
    size_t size;

    *signers = (struct signers){0};
    if (file.size > SIGNERS_FILE_MAX)
        return err_set(err, ERR_USAGE, CODE_SIGNERS, "%s is longer than 1 MiB", name);
    for (size_t number = 1; file.size > 0; number++) {
        end = memchr(file.data, '\n', file.size);
        size = end ? (size_t)(end - file.data) : file.size;
        if (add_line(signers, view_of(file.data, size), number, name, err) < 0)
            return ERR_FAIL;
        size += end != NULL;
        file = view_of(file.data + size, file.size - size);
    }
    return 0;
}

void signers_finish(struct signers *signers)
{
    for (size_t i = 0; i < signers->count; i++)
        signers_line_finish(&signers->lines[i]);
    free(signers->lines);
    *signers = (struct signers){0};
}

/* ---- identities ---- */

static void add_name(struct text *names, struct view name)
{
    text_add(names, name.data, name.size);
    text_char(names, '\0');
}

/* Adds the literal principals of a line that its other patterns do not exclude. */
static void add_line_names(struct signer *signer, const struct signers_line *line)
{
    struct view list = view_str(line->principals), all = list, name;
    bool pattern = false;

    while (patterns_next(&list, &name)) {
        if (name.size == 0)
            continue;
        if (!pattern_is_literal(name))
            pattern = true;
        else if (patterns_match(name, all))
            add_name(&signer->names, name);
    }
    if (pattern)
        add_name(&signer->patterns, all);
}

/* Adds the principals of a certificate that the line of its CA accepts. Returns false if there is
 * none. */
static bool add_cert_names(struct signer *signer, const struct ssh_key *key,
                           const struct signers_line *line)
{
    struct view list = key->cert.principals, name;
    bool found = false;

    while (cert_next_principal(&list, &name)) {
        if (name.size == 0 || !pattern_is_literal(name) ||
            !patterns_match(name, view_str(line->principals)))
            continue;
        add_name(&signer->names, name);
        found = true;
    }
    return found;
}

/* ---- find ---- */

struct search {
    const struct ssh_key *key;
    const char *name_space;
    int64_t seconds;
    struct signer *signer;
    const char *fault; /* of the last line with the right key */
    size_t line;       /* its number */
};

/* Returns true if the line has the key, or the CA of the certificate. */
static bool line_has_key(const struct signers_line *line, const struct ssh_key *key)
{
    if (line->is_authority)
        return key->is_cert && view_equals(line->key.blob, key->cert.ca);
    return view_equals(line->key.blob, key->blob);
}

static const char *line_fault(const struct search *search, const struct signers_line *line)
{
    if (line->namespaces &&
        !patterns_match(view_str(search->name_space), view_str(line->namespaces)))
        return "it does not permit this namespace";
    if (line->valid_after && search->seconds < line->valid_after)
        return "its key was not yet valid";
    if (line->valid_before && search->seconds > line->valid_before)
        return "its key had expired";
    if (!line->is_authority) {
        add_line_names(search->signer, line);
        return NULL;
    }
    /* The certificate is judged once: its CA is the same in all lines. */
    if (!add_cert_names(search->signer, search->key, line))
        return "it accepts no principal of the certificate";
    return NULL;
}

static void try_line(struct search *search, const struct signers_line *line)
{
    const char *fault;

    if (!line_has_key(line, search->key))
        return;
    fault = line->is_authority ? cert_fault(search->key, search->seconds) : NULL;
    if (!fault)
        fault = line_fault(search, line);
    if (!fault && search->signer->line == 0) {
        search->signer->line = line->number;
        search->signer->by_cert = line->is_authority;
    }
    search->fault = fault;
    search->line = line->number;
}

static int not_found(const struct search *search, struct err *err)
{
    const char *print = search->signer->fingerprint;

    if (search->line == 0)
        return err_set(err, ERR_TRUST, CODE_SIGNER,
                       "the signature is of a key that the signers file does not have: %s", print);
    return err_set(err, ERR_TRUST, CODE_SIGNER,
                   "the signature of the key %s is refused: line %zu of the signers file: %s",
                   print, search->line, search->fault);
}

int signers_find(const struct signers *signers, const struct revoked *revoked,
                 const struct sshsig *sig, const char *name_space, int64_t at,
                 struct signer *signer, struct err *err)
{
    struct search search = {
        .key = &sig->key, .name_space = name_space, .seconds = at / NS_PER_S, .signer = signer};

    *signer = (struct signer){0};
    text_init(&signer->names, SIGNERS_FILE_MAX);
    text_init(&signer->patterns, SIGNERS_FILE_MAX);
    ssh_key_fingerprint(&sig->key, signer->fingerprint);
    if (revoked && revoked_has(revoked, &sig->key))
        return err_set(err, ERR_TRUST, CODE_REVOKED, "the signature is of a revoked key: %s",
                       signer->fingerprint);
    for (size_t i = 0; i < signers->count; i++)
        try_line(&search, &signers->lines[i]);
    if (text_check(&signer->names, "identities", err) == 0 &&
        text_check(&signer->patterns, "identities", err) == 0 &&
        (signer->line || not_found(&search, err) == 0))
        return 0;
    text_finish(&signer->names);
    text_finish(&signer->patterns);
    return ERR_FAIL;
}

void signer_finish(struct signer *signer)
{
    text_finish(&signer->names);
    text_finish(&signer->patterns);
    *signer = (struct signer){0};
}

/* ---- questions ---- */

static const char *next_string(const struct text *strings, const char *previous)
{
    const char *next = previous ? previous + strlen(previous) + 1 : strings->data;

    return next && next < strings->data + strings->size ? next : NULL;
}

const char *signer_next_name(const struct signer *signer, const char *previous)
{
    return next_string(&signer->names, previous);
}

const char *signer_name(const struct signer *signer)
{
    const char *name = next_string(&signer->names, NULL);

    return name ? name : signer->patterns.size > 0 ? signer->patterns.data : "";
}

/* Returns true if patterns of a line accept a literal identity. */
static bool accepts(const struct signer *signer, const char *identity)
{
    for (const char *list = next_string(&signer->patterns, NULL); list;
         list = next_string(&signer->patterns, list))
        if (patterns_match(view_str(identity), view_str(list)))
            return true;
    return false;
}

bool signer_is(const struct signer *signer, const char *pattern)
{
    for (const char *name = signer_next_name(signer, NULL); name;
         name = signer_next_name(signer, name))
        if (pattern_matches(view_str(name), view_str(pattern)))
            return true;
    return pattern_is_literal(view_str(pattern)) && accepts(signer, pattern);
}

/* Returns true if `b` may be an identity of `a`. */
static bool may_be(const struct signer *a, const struct signer *b)
{
    for (const char *name = signer_next_name(a, NULL); name; name = signer_next_name(a, name))
        if (signer_is(b, name))
            return true;
    return false;
}

bool signer_same(const struct signer *a, const struct signer *b)
{
    return strcmp(a->fingerprint, b->fingerprint) == 0 || may_be(a, b) || may_be(b, a);
}
