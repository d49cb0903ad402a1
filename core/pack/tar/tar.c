/*
 * A tar stream is a sequence of header blocks, each followed by a payload and padding to a full
 * block. The scanner is a state machine with one function for each state. A call consumes as many
 * bytes of one kind as it can and reports them.
 *
 *     HEADER --x,g,L,K--> META --> HEADER ...      records and names for the entry that follows
 *     HEADER --entry----> DATA --> PAD --> HEADER  (states with nothing in them are passed over)
 *     HEADER --zeros----> TRAILER                  until the end; then only zeros, or an error text
 *     HEADER --JSON-----> TEXT                     until the end
 *
 * Where the formats are ambiguous, the scanner follows Go's archive/tar, with which Docker reads:
 * links, devices and directories have no payload, whatever their size field states; a GNU long name
 * wins over a PAX path; both win over the header. Go ignores global PAX headers, GNU tar applies
 * them, so relevant records in them are refused.
 */
#include "pack/tar/tar.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "pack/tar/header.h"
#include "pack/tar/pax.h"
#include "pack/tar/plain.h"

#define OCTAL_SIZE_MAX ((UINT64_C(1) << 33) - 1) /* eleven digits */

enum state { HEADER, META, DATA, PAD, TRAILER, TEXT };

struct tar {
    enum state state;
    uint64_t left; /* of the payload, or of the records or name in META (then with padding) */
    unsigned pad;
    uint64_t zeros; /* bytes of the trailer so far */
    int64_t mtime;  /* < 0: headers are not normalised */
    bool strict;

    /* For the next entry. */
    char meta_type; /* x, g, L, K: the type of the current META */
    uint64_t meta_data;
    char metas[4]; /* strict: the types of the META entries so far */
    struct pax pax;
    char long_name[TAR_NAME_MAX];
    char long_target[TAR_NAME_MAX];

    struct tar_entry entry;
};

static int bad(struct err *err, const char *why)
{
    return err_set(err, ERR_INTEGRITY, "tar", "bad tar: %s", why);
}

struct tar *tar_create(void)
{
    struct tar *tar = calloc(1, sizeof *tar);

    if (!tar)
        return NULL;
    tar->mtime = -1;
    tar_reset(tar);
    return tar;
}

void tar_destroy(struct tar *tar)
{
    free(tar);
}

static void forget_meta(struct tar *tar)
{
    pax_reset(&tar->pax);
    tar->metas[0] = '\0';
    tar->long_name[0] = '\0';
    tar->long_target[0] = '\0';
}

void tar_reset(struct tar *tar)
{
    tar->state = HEADER;
    tar->left = 0;
    tar->pad = 0;
    tar->zeros = 0;
    tar->entry.type = TAR_OTHER;
    tar->entry.size = 0;
    tar->entry.name[0] = '\0';
    tar->entry.target[0] = '\0';
    forget_meta(tar);
}

void tar_normalize(struct tar *tar, int64_t mtime)
{
    tar->mtime = mtime;
}

void tar_strict(struct tar *tar)
{
    tar->strict = true;
    tar->pax.strict = true;
}

const struct tar_entry *tar_entry(const struct tar *tar)
{
    return &tar->entry;
}

uint64_t tar_left(const struct tar *tar)
{
    return tar->state == DATA ? tar->left : 0;
}

uint64_t tar_skip(struct tar *tar)
{
    uint64_t rest;

    if (tar->state != DATA && tar->state != PAD)
        return 0;
    rest = tar_left(tar) + tar->pad;
    tar->left = 0;
    tar->pad = 0;
    tar->state = HEADER;
    return rest;
}

bool tar_complete(const struct tar *tar)
{
    return tar->state == TRAILER && tar->zeros >= (uint64_t)2 * TAR_BLOCK;
}

static size_t zero_run(const uint8_t *bytes, size_t size)
{
    size_t at = 0;

    for (uint64_t word; at + sizeof word <= size; at += sizeof word) {
        memcpy(&word, bytes + at, sizeof word);
        if (word != 0)
            break;
    }
    while (at < size && bytes[at] == 0)
        at++;
    return at;
}

/* Copies a field that ends at a NUL or at its full size. Returns its length. */
static size_t copy_field(char *to, const uint8_t *field, size_t size)
{
    size_t length = strnlen((const char *)field, size);

    memcpy(to, field, length);
    to[length] = '\0';
    return length;
}

static void name_entry(struct tar *tar, const uint8_t *block)
{
    struct tar_entry *entry = &tar->entry;
    size_t at = 0;

    if (tar_is_ustar(block) && block[PREFIX_AT] != '\0') {
        at = copy_field(entry->name, block + PREFIX_AT, PREFIX_SIZE);
        entry->name[at++] = '/';
    }
    copy_field(entry->name + at, block + NAME_AT, NAME_SIZE);
    copy_field(entry->target, block + TARGET_AT, TARGET_SIZE);

    if (tar->pax.path[0] != '\0')
        memcpy(entry->name, tar->pax.path, sizeof entry->name);
    if (tar->pax.linkpath[0] != '\0')
        memcpy(entry->target, tar->pax.linkpath, sizeof entry->target);
    if (tar->long_name[0] != '\0')
        memcpy(entry->name, tar->long_name, sizeof entry->name);
    if (tar->long_target[0] != '\0')
        memcpy(entry->target, tar->long_target, sizeof entry->target);
}

/* Interprets the type byte. Returns false for an unsupported type. */
static bool type_of(uint8_t byte, enum tar_type *type, bool *payload)
{
    *payload = false;
    switch (byte) {
    case '\0':
    case '0':
    case '7':
        *type = TAR_FILE;
        *payload = true;
        return true;
    case '1':
        *type = TAR_HARDLINK;
        return true;
    case '2':
        *type = TAR_SYMLINK;
        return true;
    case '5':
        *type = TAR_DIRECTORY;
        return true;
    case '3':
    case '4':
    case '6':
        *type = TAR_OTHER;
        return true;
    case 'S': /* GNU sparse file: more header blocks may follow */
    case 'M': /* GNU: continued from another volume */
        return false;
    default:
        *type = TAR_OTHER;
        *payload = true;
        return true;
    }
}

static unsigned padding(uint64_t size)
{
    return (unsigned)(-size & (TAR_BLOCK - 1));
}

static int begin_meta(struct tar *tar, const uint8_t *block, uint64_t size, struct err *err)
{
    char type = (char)block[TYPE_AT];
    bool name = type == 'L' || type == 'K';
    size_t count = strlen(tar->metas);

    if (tar->strict) { /* L, K and x: never more than three */
        if (tar_plain_meta(block, size, tar->metas, err) < 0)
            return ERR_FAIL;
        tar->metas[count] = type;
        tar->metas[count + 1] = '\0';
    }

    if (size > (name ? (uint64_t)TAR_NAME_MAX : (uint64_t)TAR_PAX_MAX))
        return bad(err, name ? "a name is too long" : "a PAX header is too large");
    if (!name)
        pax_reset(&tar->pax);
    tar->meta_type = type;
    tar->meta_data = size;
    tar->left = size + padding(size);
    tar->state = tar->left > 0 ? META : HEADER;
    return 0;
}

/* Takes the size of PAX records; in a strict archive only if it does not fit into the header. */
static int take_pax_size(const struct tar *tar, uint64_t *size, struct err *err)
{
    if (tar->strict && tar->pax.size != *size && tar->pax.size <= OCTAL_SIZE_MAX)
        return bad(err, "an entry has two sizes");
    *size = tar->pax.size;
    return 0;
}

static int begin_entry(struct tar *tar, const uint8_t *block, uint64_t size, struct err *err)
{
    struct tar_entry *entry = &tar->entry;
    size_t length;
    bool payload;

    if (!type_of(block[TYPE_AT], &entry->type, &payload))
        return bad(err, "sparse files and multi-volume archives are not supported");
    if (tar->pax.has_size && take_pax_size(tar, &size, err) < 0)
        return ERR_FAIL;
    name_entry(tar, block);
    length = strlen(entry->name);
    /* In old archives a directory is a file whose name ends in a slash. */
    if (block[TYPE_AT] == '\0' && length > 0 && entry->name[length - 1] == '/') {
        entry->type = TAR_DIRECTORY;
        payload = false;
    }
    forget_meta(tar);
    if (tar->strict && tar_plain_entry(entry, block[TYPE_AT], size, err) < 0)
        return ERR_FAIL;
    entry->size = payload ? size : 0;
    tar->left = entry->size;
    tar->pad = padding(entry->size);
    tar->state = tar->left > 0 ? DATA : HEADER;
    return 0;
}

/* Distinguishes an error text from a file name that begins with a brace. */
static bool looks_like_text(const uint8_t *window, size_t size)
{
    return (size >= 7 && memcmp(window, "{\"error", 7) == 0) ||
           (size >= 9 && memcmp(window, "{\"message", 9) == 0);
}

static int scan_trailer(struct tar *tar, const uint8_t *window, size_t size, struct tar_step *step,
                        struct err *err)
{
    step->event = TAR_TRAILER;
    step->used = zero_run(window, size);
    tar->zeros += step->used;
    if (step->used > 0)
        return 0;
    if (window[0] != '{')
        return bad(err, "bytes that are not zero after its end");
    tar->state = TEXT;
    step->event = TAR_TEXT;
    step->used = size;
    return 0;
}

static int scan_header(struct tar *tar, uint8_t *window, size_t size, struct tar_step *step,
                       struct err *err)
{
    uint64_t length;
    char type;

    if (looks_like_text(window, size)) {
        tar->state = TEXT;
        step->event = TAR_TEXT;
        step->used = size;
        return 0;
    }
    if (size < TAR_BLOCK) {
        step->event = TAR_MORE;
        return 0;
    }
    if (zero_run(window, TAR_BLOCK) == TAR_BLOCK) {
        if (tar->metas[0] != '\0')
            return bad(err, "it ends between a header and its entry");
        tar->state = TRAILER;
        return scan_trailer(tar, window, size, step, err);
    }
    if (!tar_checksum_right(window))
        return bad(err, "a header's checksum is wrong");
    if (tar_number(window + SIZE_AT, SIZE_SIZE, &length) < 0)
        return bad(err, "a header's size is not a number");
    if (tar->strict && tar_plain_block(window, err) < 0)
        return ERR_FAIL;
    step->used = TAR_BLOCK;
    type = (char)window[TYPE_AT];
    if (type == 'x' || type == 'g' || type == 'L' || type == 'K') {
        step->event = TAR_META;
        if (begin_meta(tar, window, length, err) < 0)
            return ERR_FAIL;
    } else {
        step->event = TAR_ENTRY;
        if (begin_entry(tar, window, length, err) < 0)
            return ERR_FAIL;
        step->last = tar->state == HEADER;
    }
    if (tar->mtime >= 0)
        tar_normalize_header(window, tar->mtime);
    return 0;
}

/* A GNU long name, NUL-terminated or not. */
static void add_long(struct tar *tar, const uint8_t *bytes, size_t size, uint64_t at)
{
    char *name = tar->meta_type == 'L' ? tar->long_name : tar->long_target;

    memcpy(name + at, bytes, size);
    if (at + size < TAR_NAME_MAX)
        name[at + size] = '\0';
}

static int end_meta(struct tar *tar, struct err *err)
{
    const struct pax *pax = &tar->pax;

    if (tar->meta_type == 'L' || tar->meta_type == 'K') {
        const char *name = tar->meta_type == 'L' ? tar->long_name : tar->long_target;

        if (!memchr(name, '\0', TAR_NAME_MAX))
            return bad(err, "a name is too long");
        if (tar->strict && strlen(name) + 1 != tar->meta_data)
            return bad(err, "a long name does not end at its only NUL");
        return 0;
    }
    if (pax_end(pax, err) < 0)
        return ERR_FAIL;
    if (tar->meta_type == 'g') {
        if (pax->path[0] != '\0' || pax->linkpath[0] != '\0' || pax->has_size)
            return bad(err, "a global PAX header names every file");
        pax_reset(&tar->pax);
    }
    return 0;
}

static int scan_meta(struct tar *tar, uint8_t *window, size_t size, struct tar_step *step,
                     struct err *err)
{
    uint64_t at = tar->meta_data + padding(tar->meta_data) - tar->left;
    size_t data = 0;

    step->event = TAR_META;
    step->used = size < tar->left ? size : (size_t)tar->left;
    if (at < tar->meta_data) {
        data = tar->meta_data - at < step->used ? (size_t)(tar->meta_data - at) : step->used;
        if (tar->meta_type == 'L' || tar->meta_type == 'K')
            add_long(tar, window, data, at);
        else if (pax_add(&tar->pax, window, data, tar->mtime, err) < 0)
            return ERR_FAIL;
    }
    tar->left -= step->used;
    if (tar->left > 0)
        return 0;
    tar->state = HEADER;
    return end_meta(tar, err);
}

static void scan_data(struct tar *tar, size_t size, struct tar_step *step)
{
    step->event = TAR_DATA;
    step->used = size < tar->left ? size : (size_t)tar->left;
    tar->left -= step->used;
    if (tar->left > 0)
        return;
    step->last = tar->pad == 0;
    tar->state = tar->pad > 0 ? PAD : HEADER;
}

static void scan_pad(struct tar *tar, size_t size, struct tar_step *step)
{
    step->event = TAR_PAD;
    step->used = size < tar->pad ? size : tar->pad;
    tar->pad -= (unsigned)step->used;
    if (tar->pad > 0)
        return;
    step->last = true;
    tar->state = HEADER;
}

int tar_scan(struct tar *tar, uint8_t *window, size_t size, struct tar_step *step, struct err *err)
{
    *step = (struct tar_step){0};
    switch (tar->state) {
    case HEADER:
        return scan_header(tar, window, size, step, err);
    case META:
        return scan_meta(tar, window, size, step, err);
    case DATA:
        scan_data(tar, size, step);
        return 0;
    case PAD:
        scan_pad(tar, size, step);
        return 0;
    case TRAILER:
        return scan_trailer(tar, window, size, step, err);
    case TEXT:
        step->event = TAR_TEXT;
        step->used = size;
        return 0;
    }
    return bad(err, "the scanner is in an unknown state"); /* not reached */
}
