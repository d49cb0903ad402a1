/*
 * The parts that both stores share: ETags, waiting for ops, reading a list to its end, small
 * documents. store_run lends the op an inbox for the time of the call, so that all ops are returned
 * in the same way.
 */
#include "store/store.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/codes.h"
#include "base/file.h"
#include "base/hash.h"

const struct store_limits STORE_LIMITS = {.part_least = 5 * MIB,
                                          .part_size = 8 * MIB,
                                          .parts_most = 10000,
                                          .run_least = 1 * MIB,
                                          .copy_most = 64 * MIB,
                                          .remote_step = 64 * MIB};

bool store_note_path(const struct store *store, const char *folder, char *out, size_t size)
{
    char cache[PATH_MAX], name[SHA256_HEX_SIZE];
    uint8_t sum[SHA256_SIZE];
    struct err ignored;
    int length;

    if (file_cache_dir(cache, sizeof cache, &ignored))
        return false;
    sha256_of(view_str(store->identity), sum);
    hex_encode(sum, sizeof sum, name);
    length = snprintf(out, size, "%s/%s/%s", cache, folder, name);
    return length > 0 && (size_t)length < size && file_make_parents(out, 0700, &ignored) == 0;
}

bool store_etag_is_sound(const char *etag)
{
    for (; *etag; etag++)
        if (*etag <= 0x20 || *etag >= 0x7f)
            return false;
    return true;
}

bool store_etag_take(char to[STORE_ETAG_MAX], const char *from)
{
    from += strncmp(from, "W/\"", 3) == 0 ? 2 : 0;
    to[0] = '\0';
    if (!from[0] || strlen(from) + 3 > STORE_ETAG_MAX || !store_etag_is_sound(from))
        return false;
    snprintf(to, STORE_ETAG_MAX, from[0] == '"' ? "%s" : "\"%s\"", from);
    return true;
}

/* Adds the MD5 that a part's ETag consists of. False: the ETag is no MD5. */
static bool add_part_md5(struct digest *md5, const char *etag)
{
    const char *digits = etag + (etag[0] == '"');
    uint8_t bytes[MD5_SIZE];
    char hex[MD5_HEX_SIZE];

    if (strcspn(digits, "\"") != sizeof hex - 1)
        return false;
    snprintf(hex, sizeof hex, "%s", digits);
    if (!hex_decode(hex, bytes, sizeof bytes))
        return false;
    digest_add(md5, bytes, sizeof bytes);
    return true;
}

bool store_etag_of_parts(char to[STORE_ETAG_MAX], const struct store_part *parts, unsigned count)
{
    struct digest *md5 = digest_create(DIGEST_MD5);
    bool known = md5 != NULL;
    uint8_t bytes[MD5_SIZE];
    char hex[MD5_HEX_SIZE];

    to[0] = '\0';
    for (unsigned i = 0; known && i < count; i++)
        known = add_part_md5(md5, parts[i].etag);
    if (known) {
        digest_end(md5, bytes);
        hex_encode(bytes, sizeof bytes, hex);
        snprintf(to, STORE_ETAG_MAX, "\"%s-%u\"", hex, count);
    }
    digest_destroy(md5);
    return known;
}

void store_page_finish(struct store_page *page)
{
    for (size_t i = 0; i < page->count; i++)
        free(page->entries[i].key);
    free(page->entries);
    free(page->next);
    *page = (struct store_page){0};
}

void store_submit(struct store *store, struct store_op *op)
{
    store->table->submit(store, op);
}

int store_run_all(struct store *store, struct store_op *const *ops, unsigned count, struct err *err)
{
    struct inbox *own = inbox_create(err);

    if (!own)
        return ERR_FAIL;
    for (unsigned i = 0; i < count; i++) {
        ops[i]->inbox = own;
        store_submit(store, ops[i]);
    }
    for (unsigned i = 0; i < count; i++)
        inbox_take(own, INBOX_FOREVER);
    inbox_destroy(own);
    return 0;
}

int store_run_all_or_fail(struct store *store, struct store_op *const *ops, unsigned count,
                          struct err *err)
{
    if (store_run_all(store, ops, count, err))
        return ERR_FAIL;
    for (unsigned i = 0; i < count; i++)
        if (ops[i]->answer == STORE_FAILED) {
            *err = ops[i]->err;
            return ERR_FAIL;
        }
    return 0;
}

/* The position in a list. Two tokens are kept: that of the next page, and `mark`, that of the last
 * page whose number is a power of two. So a cycle of tokens is found after at most three times its
 * length. */
struct pager {
    char *token, *mark;
    unsigned long pages;
    unsigned empty;               /* pages without entries in a row */
    char last[STORE_KEY_MAX + 1]; /* the last key */
    bool unordered;               /* a key came twice, or after a greater one */
};

#define EMPTY_MAX 10000

/* Callers rely on the order of the keys: metadata come before their archive, and no key twice. */
static void check_order(struct pager *pager, const struct store_entry *entry)
{
    if (entry->is_prefix)
        return;
    pager->unordered = pager->unordered || strcmp(entry->key, pager->last) <= 0;
    snprintf(pager->last, sizeof pager->last, "%s", entry->key);
}

static int each_of_page(struct pager *pager, const struct store_op *op,
                        const struct store_page *page, store_entry_fn *each, void *arg,
                        struct err *err)
{
    for (size_t i = 0; i < page->count; i++) {
        if (op->verb == STORE_LIST)
            check_order(pager, &page->entries[i]);
        if (each(arg, &page->entries[i], err))
            return ERR_FAIL;
    }
    return 0;
}

static int fail_cycle(struct store_op *op, struct err *err)
{
    op->answer = STORE_FAILED;
    op->failure = STORE_REFUSED;
    return err_set(err, ERR_INTEGRITY, CODE_LISTING,
                   "the store returns the same pages of the list of %s again and again",
                   op->key && op->key[0] ? op->key : "its keys");
}

/* Takes the token of the page. Returns 1: there is another page; 0: there is none; negative: the
 * tokens form a cycle. */
static int pager_step(struct pager *pager, struct store_op *op, struct store_page *page,
                      struct err *err)
{
    char *next = page->next;

    op->unsure = page->unsure || pager->unordered;
    if (!next)
        return 0;
    pager->empty = page->count ? 0 : pager->empty + 1;
    if (pager->empty > EMPTY_MAX || (pager->token && strcmp(next, pager->token) == 0) ||
        (pager->mark && strcmp(next, pager->mark) == 0))
        return fail_cycle(op, err);
    pager->pages++;
    if ((pager->pages & (pager->pages - 1)) == 0) {
        free(pager->mark);
        pager->mark = strdup(next);
        if (!pager->mark)
            return err_memory(err, "a listing");
    }
    free(pager->token);
    pager->token = next;
    page->next = NULL;
    return 1;
}

enum store_answer store_each(struct store *store, struct store_op *op, store_entry_fn *each,
                             void *arg, struct err *err)
{
    struct pager pager = {.token = NULL};
    bool stopped = false;
    int more;

    do {
        struct store_page page = {0};

        op->token = pager.token;
        op->page = &page;
        op->answer = store_run(store, op, err);
        op->token = NULL;
        op->page = NULL;
        stopped = op->answer == STORE_DONE && each_of_page(&pager, op, &page, each, arg, err);
        more = op->answer == STORE_DONE && !stopped ? pager_step(&pager, op, &page, err) : 0;
        store_page_finish(&page);
    } while (more > 0);
    free(pager.token);
    free(pager.mark);
    return stopped || more < 0 ? STORE_FAILED : op->answer;
}

enum store_answer store_run(struct store *store, struct store_op *op, struct err *err)
{
    struct inbox *inbox = op->inbox;
    int failed = store_run_all(store, &op, 1, err);

    op->inbox = inbox;
    if (failed)
        return STORE_FAILED;
    if (op->answer == STORE_FAILED)
        *err = op->err;
    return op->answer;
}

void store_insist(struct store *store, bool on)
{
    atomic_store(&store->insisting, on);
}

void store_stats(struct store *store, struct store_stats *out)
{
    store->table->stats(store, out);
}

void store_destroy(struct store *store)
{
    if (store)
        store->table->destroy(store);
}

enum store_answer store_get_document(struct store *store, const char *key, struct text *out,
                                     char etag[STORE_ETAG_MAX], struct err *err)
{
    return store_get_document_unless(store, key, NULL, out, etag, err);
}

enum store_answer store_get_document_unless(struct store *store, const char *key,
                                            const char *unless, struct text *out,
                                            char etag[STORE_ETAG_MAX], struct err *err)
{
    struct store_op op = {.verb = STORE_GET, .key = key, .text = out};
    size_t before = out->size;
    enum store_answer answer;

    op.unless = unless && unless[0] ? unless : NULL;
    answer = store_run(store, &op, err);
    if (answer == STORE_DONE && op.unless && strcmp(op.info.etag, op.unless) == 0) {
        text_cut(out, before);
        answer = STORE_SAME;
    }
    if (answer == STORE_DONE && etag)
        memcpy(etag, op.info.etag, STORE_ETAG_MAX);
    return answer;
}

enum store_answer store_put_document(struct store *store, const char *key, struct view body,
                                     const char *if_match, bool if_none_match,
                                     char etag[STORE_ETAG_MAX], struct err *err)
{
    struct store_op op = {.verb = STORE_PUT,
                          .key = key,
                          .body = body,
                          .if_match = if_match,
                          .if_none_match = if_none_match,
                          .content_type = "application/json"};
    enum store_answer answer = store_run(store, &op, err);

    if (answer == STORE_DONE && etag)
        memcpy(etag, op.info.etag, STORE_ETAG_MAX);
    return answer;
}

enum store_answer store_head(struct store *store, const char *key, struct store_info *info,
                             struct err *err)
{
    struct store_op op = {.verb = STORE_HEAD, .key = key};
    enum store_answer answer = store_run(store, &op, err);

    if (answer == STORE_DONE)
        *info = op.info;
    return answer;
}
