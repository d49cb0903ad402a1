/*
 * The three listings differ in names only: an entry element, the field that is its key, the markers
 * of the next page. The table GRAMMARS holds these names. The name of the root is not
 * compared, as in the reference clients.
 *
 * A page without entries does not end a listing: stores that skip deleted keys return such pages.
 * Only IsTruncated decides, as in the reference clients. A response without IsTruncated ends the
 * listing, too, but the page is marked `unsure`.
 */
#include "store/s3/page.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/codes.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/xml.h"

#define ENTRIES_MAX 10000 /* S3 sends 1000 in a page */
#define BLANKS      " \t\r\n"

static const struct grammar {
    enum store_verb verb;
    const char *entry, *key, *etag, *modified, *next, *next_second;
} GRAMMARS[] = {
    {STORE_LIST, "Contents", "Key", "ETag", "LastModified", "NextContinuationToken", ""},
    {STORE_UPLOAD_PARTS, "Part", "PartNumber", "ETag", "LastModified", "NextPartNumberMarker", ""},
    {STORE_UPLOADS, "Upload", "Key", "UploadId", "Initiated", "NextKeyMarker",
     "NextUploadIdMarker"},
};

struct page_reader {
    const struct grammar *grammar;
    struct store_page *page;
    size_t room;
    struct store_entry now; /* the current entry */
    bool unfit;             /* its upload id does not fit: it cannot be aborted, and is left out */
    bool known;             /* the document has a field of a listing */
    bool end_said, truncated, failed_memory;
    bool escaped; /* the keys of the document are escaped */
    struct text next, next_second;
};

/* Adds the entry that has ended to the page. An entry without a key makes the listing malformed:
 * the caller must not treat a list without that key as complete. */
static bool keep_entry(struct page_reader *reader)
{
    struct store_page *page = reader->page;

    reader->known = true;
    if (!reader->now.key || page->count == ENTRIES_MAX)
        return false;
    if (reader->unfit) {
        free(reader->now.key);
        reader->now = (struct store_entry){0};
        reader->unfit = false;
        return true;
    }
    if (!array_reserve(&page->entries, &reader->room, page->count, sizeof *page->entries)) {
        reader->failed_memory = true;
        return false;
    }
    page->entries[page->count++] = reader->now;
    reader->now = (struct store_entry){0};
    return true;
}

static bool set_key(struct page_reader *reader, const char *text)
{
    free(reader->now.key);
    reader->now.key = strdup(text);
    reader->failed_memory = reader->failed_memory || !reader->now.key;
    return reader->now.key != NULL;
}

static bool parse_size(const char *text, uint64_t *out)
{
    char *end;

    text += strspn(text, BLANKS);
    errno = 0;
    *out = strtoull(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && end[strspn(end, BLANKS)] == '\0' && errno == 0;
}

/* Returns true if the text is the word or its digit, as Go's clients read a Boolean. */
static bool is_boolean(const char *text, const char *word, char digit)
{
    size_t size;
    bool same;

    text += strspn(text, BLANKS);
    size = strcspn(text, BLANKS);
    same = size == strlen(word) && strncasecmp(text, word, size) == 0;
    return (same || (size == 1 && text[0] == digit)) && !text[size + strspn(text + size, BLANKS)];
}

/* A malformed ETag becomes "". The entry is kept. */
static bool set_etag(struct page_reader *reader, const char *text)
{
    char *etag = reader->now.info.etag;

    if (reader->grammar->verb != STORE_UPLOADS) {
        (void)store_etag_take(etag, text);
        return true;
    }
    if (!store_etag_is_sound(text) || !str_copy(etag, STORE_ETAG_MAX, text))
        etag[0] = '\0';
    reader->unfit = !etag[0];
    return true;
}

static bool entry_field(struct page_reader *reader, const char *name, const char *text)
{
    const struct grammar *grammar = reader->grammar;

    if (strcmp(name, grammar->key) == 0)
        return set_key(reader, text);
    if (strcmp(name, grammar->etag) == 0)
        return set_etag(reader, text);
    if (strcmp(name, grammar->modified) == 0)
        (void)clock_parse_rfc3339(text, &reader->now.info.modified);
    else if (strcmp(name, "Size") == 0)
        return parse_size(text, &reader->now.info.size);
    return true;
}

static bool is_page_field(const char *name)
{
    static const char *const fields[] = {"Name",      "Prefix",   "Bucket",     "Key",
                                         "MaxKeys",   "KeyCount", "MaxUploads", "MaxParts",
                                         "Delimiter", "UploadId"};

    for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
        if (strcmp(name, fields[i]) == 0)
            return true;
    return false;
}

static void page_field(struct page_reader *reader, const char *name, const char *text)
{
    if (strcmp(name, "IsTruncated") == 0) {
        reader->truncated = is_boolean(text, "true", '1');
        reader->end_said = is_boolean(text, "false", '0');
    } else if (strcmp(name, "EncodingType") == 0) {
        reader->escaped = strcasecmp(text, "url") == 0;
    } else if (strcmp(name, reader->grammar->next) == 0) {
        text_str(&reader->next, text);
    } else if (strcmp(name, reader->grammar->next_second) == 0) {
        text_str(&reader->next_second, text);
    } else if (!is_page_field(name)) {
        return;
    }
    reader->known = true;
}

static bool on_end(void *arg, unsigned depth, const char *parent, const char *name,
                   const char *text)
{
    struct page_reader *reader = arg;

    if (depth == 3 && strcmp(parent, reader->grammar->entry) == 0)
        return entry_field(reader, name, text);
    if (depth == 3 && strcmp(parent, "CommonPrefixes") == 0 && strcmp(name, "Prefix") == 0) {
        reader->now.is_prefix = true;
        return set_key(reader, text);
    }
    if (depth == 2 &&
        (strcmp(name, reader->grammar->entry) == 0 || strcmp(name, "CommonPrefixes") == 0))
        return keep_entry(reader);
    if (depth == 2)
        page_field(reader, name, text);
    return true;
}

static int bad_listing(struct err *err, const char *why)
{
    return err_set(err, ERR_INTEGRITY, CODE_LISTING, "the store's listing %s", why);
}

/* Decodes a URL-encoded key in place. False: it is malformed. */
static bool unescape(char *text)
{
    char *to = text;
    uint8_t byte;

    for (; *text; text++) {
        if (*text == '%') {
            const char hex[3] = {text[1], text[1] ? text[2] : '\0', '\0'};

            if (!hex_decode(hex, &byte, 1) || byte == 0)
                return false;
            *to++ = (char)byte;
            text += 2;
        } else {
            *to++ = *text == '+' ? ' ' : *text;
        }
    }
    *to = '\0';
    return true;
}

/* Decodes the keys of servers that encode them without a request and declare it. */
static int unescape_keys(struct page_reader *reader, struct err *err)
{
    struct store_page *page = reader->page;
    bool good = true;

    if (!reader->escaped || reader->grammar->verb == STORE_UPLOAD_PARTS)
        return 0;
    for (size_t i = 0; i < page->count && good; i++)
        good = unescape(page->entries[i].key);
    if (good && reader->grammar->verb == STORE_UPLOADS && reader->next.size) {
        good = unescape(reader->next.data);
        reader->next.size = strlen(reader->next.data);
    }
    return good ? 0 : bad_listing(err, "has a key whose encoding is malformed");
}

/* Returns true if another page follows. Without IsTruncated, the token of a list of objects
 * decides. The markers of the other two lists may be on a last page, too. */
static bool has_more(const struct page_reader *reader)
{
    if (reader->truncated || reader->end_said)
        return reader->truncated;
    return reader->grammar->verb == STORE_LIST && reader->next.size;
}

/* Writes the token of the next page: one marker, or two with a line end between them. */
static int make_next(struct page_reader *reader, const char *token, struct err *err)
{
    struct store_page *page = reader->page;

    page->unsure = !reader->truncated && !reader->end_said;
    if (!has_more(reader))
        return 0;
    page->unsure = false;
    if (!reader->next.size && reader->grammar->verb == STORE_UPLOAD_PARTS && page->count)
        text_str(&reader->next, page->entries[page->count - 1].key);
    if (!reader->next.size || strchr(reader->next.data, '\n'))
        return bad_listing(err, "is incomplete and does not state where it continues");
    if (reader->grammar->next_second[0]) {
        text_char(&reader->next, '\n');
        text_str(&reader->next, reader->next_second.data);
    }
    if (token && strcmp(token, reader->next.data) == 0)
        return bad_listing(err, "returns the same page again and again");
    page->next = text_steal(&reader->next);
    return page->next ? 0 : err_memory(err, "a listing");
}

static int read_page(struct page_reader *reader, const char *token, struct view document,
                     struct err *err)
{
    char root[XML_NAME];
    int result = xml_read(document, root, on_end, reader, err);

    if (reader->failed_memory)
        return err_memory(err, "a listing");
    if (result < 0)
        return ERR_FAIL;
    if (strcmp(root, "ListAllMyBucketsResult") == 0)
        return err_set(err, ERR_USAGE, CODE_ADDRESSING,
                       "the store listed its buckets: it does not look for a bucket in the host "
                       "name");
    if (!reader->known)
        return bad_listing(err, "is none");
    if (unescape_keys(reader, err))
        return ERR_FAIL;
    return make_next(reader, token, err);
}

int s3_page_read(struct store_page *page, enum store_verb verb, const char *token,
                 struct view document, struct err *err)
{
    struct page_reader reader = {.page = page};
    int result;

    for (size_t i = 0; i < ARRAY_SIZE(GRAMMARS); i++)
        if (GRAMMARS[i].verb == verb)
            reader.grammar = &GRAMMARS[i];
    if (!reader.grammar)
        return err_set(err, ERR_INTERNAL, "listing", "not a listing");
    text_init(&reader.next, XML_TEXT * 2);
    text_init(&reader.next_second, XML_TEXT);
    result = read_page(&reader, token, document, err);
    free(reader.now.key);
    text_finish(&reader.next);
    text_finish(&reader.next_second);
    return result;
}
