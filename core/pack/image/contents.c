/*
 * Entries are appended as they come and sorted by name once, at the end. Then duplicates are
 * neighbours, and a look-up is a binary search. Only the current entry has a running digest.
 *
 * manifest.json, which names the config, may be the last entry of the stream. So every file that
 * looks like JSON is kept; other files cannot be a config or a manifest.
 */
#include "pack/image/contents.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/err.h"
#include "pack/codec/layer_digest.h"
#include "pack/image/info.h"

struct contents {
    struct content *list;
    size_t count, room;
    size_t names; /* bytes */
    size_t kept;  /* bytes */
    bool undigested;
    bool reading; /* the last entry has a running digest */
    uint64_t got; /* bytes of it so far */
    struct layer_digest *digest;
};

static int bad(struct err *err, const char *why, const char *name)
{
    return err_set(err, ERR_INTEGRITY, "image", "the image archive %s: %s", why, name);
}

struct contents *contents_create(void)
{
    struct contents *contents = calloc(1, sizeof *contents);

    if (!contents)
        return NULL;
    contents->digest = layer_digest_create();
    if (!contents->digest) {
        free(contents);
        return NULL;
    }
    return contents;
}

static void free_content(struct content *content)
{
    free(content->name);
    free(content->target);
    free(content->json);
}

void contents_destroy(struct contents *contents)
{
    if (!contents)
        return;
    for (size_t i = 0; i < contents->count; i++) {
        free_content(&contents->list[i]);
    }
    free(contents->list);
    layer_digest_destroy(contents->digest);
    free(contents);
}

/* Appends the components of `path` to the clean path in `to`. Returns false if the result leaves
 * the archive or does not fit. `up`: ".." is permitted. */
static bool append_path(char *to, const char *path, bool up)
{
    size_t length = strlen(to);

    if (path[0] == '/')
        return false;
    while (*path != '\0') {
        size_t part = strcspn(path, "/");

        if (part == 2 && memcmp(path, "..", 2) == 0) {
            if (!up || length == 0)
                return false;
            while (length > 0 && to[length - 1] != '/')
                length--;
            length -= length > 0;
        } else if (part > 0 && !(part == 1 && path[0] == '.')) {
            if (length + 1 + part >= TAR_NAME_MAX)
                return false;
            if (length > 0)
                to[length++] = '/';
            memcpy(to + length, path, part);
            length += part;
        }
        to[length] = '\0';
        path += part;
        path += strspn(path, "/");
    }
    return true;
}

void contents_documents_only(struct contents *contents)
{
    contents->undigested = true;
}

static bool is_link(const struct content *content)
{
    return content->type == TAR_SYMLINK || content->type == TAR_HARDLINK;
}

static void end_entry(struct contents *contents)
{
    struct content *content = &contents->list[contents->count - 1];
    bool compressed;

    if (!contents->reading)
        return;
    layer_digest_end(contents->digest, content->stored, content->diff, &compressed);
    content->media_type = layer_digest_media_type(contents->digest);
    content->padded = layer_digest_is_padded(contents->digest);
    contents->reading = false;
}

static struct content *append(struct contents *contents)
{
    struct content *list;

    if (!array_reserve(&contents->list, &contents->room, contents->count, sizeof *contents->list))
        return NULL;
    list = &contents->list[contents->count++];
    *list = (struct content){0};
    return list;
}

int contents_begin(struct contents *contents, const struct tar_entry *entry, uint64_t offset,
                   struct err *err)
{
    char name[TAR_NAME_MAX] = "";
    struct content *content;

    if (contents->reading)
        end_entry(contents);
    if (!append_path(name, entry->name, false))
        return bad(err, "has a name that points outside of it", entry->name);
    if (name[0] == '\0' && entry->type != TAR_DIRECTORY)
        return bad(err, "has an entry without a name", entry->name);
    contents->names += strlen(name) + strlen(entry->target);
    if (contents->count == IMAGE_ENTRIES_MAX || contents->names > CONTENTS_NAMES_MAX)
        return bad(err, "has too many entries", entry->name);

    content = append(contents);
    if (!content)
        return err_memory(err, "the contents of the image");
    content->type = entry->type;
    content->offset = offset;
    content->size = entry->size;
    content->name = strdup(name);
    if (is_link(content))
        content->target = strdup(entry->target);
    if (!content->name || (is_link(content) && !content->target))
        return err_memory(err, "the contents of the image");
    if (content->type == TAR_FILE) {
        layer_digest_reset(contents->digest);
        contents->reading = true;
        contents->got = 0;
    }
    return 0;
}

/* Returns true for the two documents that are never dropped. */
static bool is_precious(const struct content *content)
{
    return strcmp(content->name, "manifest.json") == 0 || strcmp(content->name, "index.json") == 0;
}

static struct content *largest_kept(struct contents *contents)
{
    struct content *largest = NULL;

    for (size_t i = 0; i < contents->count; i++) {
        struct content *content = &contents->list[i];

        if (content->json && !is_precious(content) && (!largest || content->size > largest->size))
            largest = content;
    }
    return largest;
}

/* Makes room for the bytes of `content` by dropping larger files. */
static bool make_room(struct contents *contents, const struct content *content)
{
    while (contents->kept + content->size > CONTENTS_KEPT_MAX) {
        struct content *largest = largest_kept(contents);

        if (!largest || (largest->size <= content->size && !is_precious(content)))
            return false;
        free(largest->json);
        largest->json = NULL;
        contents->kept -= (size_t)largest->size;
    }
    return true;
}

static int begin_keeping(struct contents *contents, struct content *content, uint8_t first,
                         struct err *err)
{
    if (content->size > CONTENTS_KEEP_MAX)
        return 0;
    if (first != '{' && first != '[' && !is_precious(content))
        return 0;
    if (!make_room(contents, content))
        return 0;
    content->json = malloc((size_t)content->size);
    if (!content->json)
        return err_memory(err, "the contents of the image");
    contents->kept += (size_t)content->size;
    return 0;
}

int contents_add(struct contents *contents, const uint8_t *bytes, size_t size, struct err *err)
{
    struct content *content;

    if (!contents->reading || size == 0)
        return 0;
    content = &contents->list[contents->count - 1];
    if (size > content->size - contents->got)
        return bad(err, "has more bytes than its header states for", content->name);
    if (!contents->undigested)
        layer_digest_add(contents->digest, bytes, size);
    if (contents->got == 0 && begin_keeping(contents, content, bytes[0], err) < 0)
        return ERR_FAIL;
    if (content->json)
        memcpy(content->json + contents->got, bytes, size);
    contents->got += size;
    return 0;
}

int contents_vouch(struct contents *contents, const uint8_t digest[SHA256_SIZE], struct err *err)
{
    struct content *content;

    if (!contents->reading)
        return err_set(err, ERR_INTERNAL, "image",
                       "a digest was given for an entry that is not a file");
    content = &contents->list[contents->count - 1];
    memcpy(content->stored, digest, SHA256_SIZE);
    memcpy(content->diff, digest, SHA256_SIZE);
    content->media_type = LAYER_PLAIN_TAR;
    contents->reading = false;
    return 0;
}

/* Compares names with '/' as the lowest character, so that the entries of a folder follow it. */
static int compare_names(const char *a, const char *b)
{
    while (*a == *b && *a != '\0') {
        a++;
        b++;
    }
    if (*a == '\0' || *b == '\0')
        return (*a != '\0') - (*b != '\0');
    if (*a == '/' || *b == '/')
        return (*b == '/') - (*a == '/');
    return (uint8_t)*a - (uint8_t)*b;
}

static int by_name(const void *a, const void *b)
{
    const struct content *left = a, *right = b;

    return compare_names(left->name, right->name);
}

static int by_name_and_place(const void *a, const void *b)
{
    const struct content *left = a, *right = b;
    int order = compare_names(left->name, right->name);

    return order ? order : (left->offset > right->offset) - (left->offset < right->offset);
}

static const struct content *find(const struct contents *contents, const char *name)
{
    const struct content key = {.name = (char *)name};

    if (contents->count == 0)
        return NULL;
    return bsearch(&key, contents->list, contents->count, sizeof key, by_name);
}

/* Resolves the target of a link, relative to its folder. */
static bool resolve_target(const struct content *link, char *to)
{
    const char *slash = strrchr(link->name, '/');

    to[0] = '\0';
    if (slash) {
        memcpy(to, link->name, (size_t)(slash - link->name));
        to[slash - link->name] = '\0';
    }
    return append_path(to, link->target, true);
}

/* Returns the file that a link leads to. A link to a link leads to none: containerd does not
 * follow it. */
static const struct content *resolve(const struct contents *contents, const struct content *content)
{
    char name[TAR_NAME_MAX];

    if (!content || !is_link(content))
        return content;
    if (!resolve_target(content, name))
        return NULL;
    content = find(contents, name);
    return content && !is_link(content) ? content : NULL;
}

static bool are_duplicates(const struct content *a, const struct content *b)
{
    if (a->type != b->type)
        return false;
    if (a->type == TAR_DIRECTORY)
        return true;
    return a->type == TAR_FILE && a->size == b->size &&
           memcmp(a->stored, b->stored, SHA256_SIZE) == 0;
}

static bool is_below(const struct content *content, const struct content *top)
{
    size_t length = strlen(top->name);

    return strncmp(content->name, top->name, length) == 0 && content->name[length] == '/';
}

/* Closes the gap of dropped entries, so that each remaining entry is freed once. */
static int refuse_duplicates(struct contents *contents, size_t kept, size_t at, struct err *err)
{
    bad(err, "has two entries with one name", contents->list[at].name);
    memmove(&contents->list[kept + 1], &contents->list[at],
            (contents->count - at) * sizeof *contents->list);
    contents->count -= at - kept - 1;
    return ERR_FAIL;
}

/* Keeps the first of equal entries, and the document of the one that has it. */
static int drop_duplicates(struct contents *contents, struct err *err)
{
    size_t kept = 0;

    for (size_t i = 1; i < contents->count; i++) {
        struct content *last = &contents->list[kept], *content = &contents->list[i];

        if (strcmp(last->name, content->name) != 0) {
            contents->list[++kept] = *content;
            continue;
        }
        if (!are_duplicates(last, content))
            return refuse_duplicates(contents, kept, i, err);
        if (!last->json) {
            last->json = content->json;
            content->json = NULL;
        }
        free_content(content);
    }
    if (contents->count > 0)
        contents->count = kept + 1;
    return 0;
}

int contents_seal(struct contents *contents, struct err *err)
{
    const struct content *top = NULL; /* the last entry that is no folder */

    if (contents->reading)
        end_entry(contents);
    if (contents->count > 0)
        qsort(contents->list, contents->count, sizeof *contents->list, by_name_and_place);
    if (drop_duplicates(contents, err) < 0)
        return ERR_FAIL;
    for (size_t i = 0; i < contents->count; i++) {
        const struct content *content = &contents->list[i];

        if (top && is_below(content, top))
            return bad(err, "has an entry below an entry that is not a folder", content->name);
        if (content->type != TAR_DIRECTORY)
            top = content;
    }
    return 0;
}

int contents_check_links(const struct contents *contents, bool dangling, struct err *err)
{
    char name[TAR_NAME_MAX];

    for (size_t i = 0; i < contents->count; i++) {
        const struct content *content = &contents->list[i];
        const struct content *target = resolve(contents, content);

        if (!is_link(content) || (target && target->type == TAR_FILE))
            continue;
        if (!resolve_target(content, name) || !dangling || find(contents, name))
            return bad(err, "has a link to a missing file", content->name);
    }
    return 0;
}

const struct content *contents_file(const struct contents *contents, const char *name)
{
    const struct content *content = resolve(contents, find(contents, name));

    return content && content->type == TAR_FILE ? content : NULL;
}

const struct content *contents_plain_file(const struct contents *contents, const char *name)
{
    const struct content *content = find(contents, name);

    return content && content->type == TAR_FILE ? content : NULL;
}

size_t contents_count(const struct contents *contents)
{
    return contents->count;
}

const struct content *contents_at(const struct contents *contents, size_t at)
{
    return &contents->list[at];
}
