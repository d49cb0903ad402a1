#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "store/dir/store_dir.h"
#include "store/store.h"

static char root[64];
static struct store *store;

/* ---- a file system that ignores case ---- */

static atomic_bool ignores_case;

/* Returns the name as the folder spells it, if the file system ignores case. */
static const char *spelled(int folder, const char *name, char out[NAME_MAX + 1])
{
    int fd = atomic_load(&ignores_case)
                 ? (int)syscall(SYS_openat, folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
                 : -1;
    DIR *list = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry;

    while (list && (entry = readdir(list)))
        if (strcasecmp(entry->d_name, name) == 0) {
            snprintf(out, NAME_MAX + 1, "%s", entry->d_name);
            name = out;
        }
    if (list)
        closedir(list);
    return name;
}

static atomic_uint data_opened; /* times that the `data` of an upload was opened */

/* Replace the functions of the C library in this program. */
int openat(int folder, const char *name, int flags, ...)
{
    char other[NAME_MAX + 1];
    va_list args;
    unsigned mode = 0;

    if (strcmp(name, "data") == 0)
        atomic_fetch_add(&data_opened, 1);
    va_start(args, flags);
    if (flags & O_CREAT)
        mode = va_arg(args, unsigned);
    va_end(args);
    return (int)syscall(SYS_openat, folder, spelled(folder, name, other), flags, mode);
}

int fstatat(int folder, const char *restrict name, struct stat *restrict st, int flags)
{
    int fd =
        openat(folder, name, O_PATH | O_CLOEXEC | (flags & AT_SYMLINK_NOFOLLOW ? O_NOFOLLOW : 0));
    int answer = fd < 0 ? -1 : fstat(fd, st);

    if (fd >= 0)
        close(fd);
    return answer;
}

#ifdef _STAT_VER /* glibc before 2.33: fstatat is an inline function, which calls this one */
int __fxstatat(int version, int folder, const char *restrict name, struct stat *restrict st,
               int flags)
{
    (void)version;
    return fstatat(folder, name, st, flags);
}
#endif

int renameat(int from, const char *name, int to, const char *leaf)
{
    char other[NAME_MAX + 1];

    return (int)syscall(SYS_renameat2, from, name, to, spelled(to, leaf, other), 0);
}

int unlinkat(int folder, const char *name, int flags)
{
    char other[NAME_MAX + 1];

    return (int)syscall(SYS_unlinkat, folder, spelled(folder, name, other), flags);
}

/* ---- helpers ---- */

static struct store *open_store(const struct cancel *cancel)
{
    const struct store_dir_options options = {.path = root, .cancel = cancel};
    struct err err = {0};
    struct store *opened = store_dir_create(&options, &err);

    if (!opened)
        print_error("%s\n", err.text);
    assert_non_null(opened);
    return opened;
}

static enum store_answer do_op(struct store_op *op)
{
    struct err err = {0};

    return store_run(store, op, &err);
}

static enum store_answer put(const char *key, const char *body, const char *if_match,
                             bool if_none_match, char etag[STORE_ETAG_MAX])
{
    struct err err = {0};

    return store_put_document(store, key, view_str(body), if_match, if_none_match, etag, &err);
}

static void check_content(const char *key, const char *content)
{
    struct err err = {0};
    struct text text;

    text_init(&text, MIB);
    if (content) {
        assert_int_equal(store_get_document(store, key, &text, NULL, &err), STORE_DONE);
        assert_string_equal(text.data, content);
    } else {
        assert_int_equal(store_get_document(store, key, &text, NULL, &err), STORE_ABSENT);
    }
    text_finish(&text);
}

/* Returns all keys of a list, page by page, as one text: "a|b|c/|". */
static void list_all(const char *prefix, char delimiter, struct text *out, unsigned *pages)
{
    char *token = NULL;

    text_clear(out);
    *pages = 0;
    do {
        struct store_page page = {0};
        struct store_op op = {.verb = STORE_LIST,
                              .key = prefix,
                              .delimiter = delimiter,
                              .token = token,
                              .page = &page};

        assert_int_equal(do_op(&op), STORE_DONE);
        ++*pages;
        for (size_t i = 0; i < page.count; i++) {
            text_printf(out, "%s|", page.entries[i].key);
            assert_int_equal(page.entries[i].is_prefix,
                             delimiter &&
                                 page.entries[i].key[strlen(page.entries[i].key) - 1] == delimiter);
            assert_int_equal(page.entries[i].info.etag[0] == '\0', page.entries[i].is_prefix);
        }
        free(token);
        token = page.next ? strdup(page.next) : NULL;
        store_page_finish(&page);
    } while (token);
}

static void check_list(const char *prefix, char delimiter, const char *expected)
{
    struct text got;
    unsigned pages;

    text_init(&got, MIB);
    list_all(prefix, delimiter, &got, &pages);
    assert_string_equal(got.data, expected);
    text_finish(&got);
}

static bool exists(const char *below)
{
    char path[1400];
    struct stat st;

    snprintf(path, sizeof path, "%s/%s", root, below);
    return lstat(path, &st) == 0;
}

/* ---- documents ---- */

static void puts_gets_and_deletes(void **state)
{
    char etag[STORE_ETAG_MAX], again[STORE_ETAG_MAX];
    struct store_info info;
    struct err err = {0};
    struct store_op gone = {.verb = STORE_DELETE, .key = "a/b/c.json"};

    (void)state;
    assert_int_equal(put("a/b/c.json", "one", NULL, false, etag), STORE_DONE);
    check_content("a/b/c.json", "one");
    assert_int_equal(store_head(store, "a/b/c.json", &info, &err), STORE_DONE);
    assert_int_equal(info.size, 3);
    assert_true(info.modified > 0);
    assert_string_equal(info.etag, etag);
    assert_true(etag[0] == '"');

    assert_int_equal(put("a/b/c.json", "two", NULL, false, again), STORE_DONE);
    assert_string_not_equal(etag, again);
    check_content("a/b/c.json", "two");

    assert_int_equal(put("a/b/empty", "", NULL, false, NULL), STORE_DONE);
    check_content("a/b/empty", "");

    assert_int_equal(do_op(&gone), STORE_DONE);
    assert_int_equal(do_op(&gone), STORE_DONE);
    check_content("a/b/c.json", NULL);
    gone.key = "a/b/empty";
    assert_int_equal(do_op(&gone), STORE_DONE);
    assert_false(exists("a")); /* no empty folders remain */
    assert_true(exists(""));
    check_content("a/b", NULL);
    check_content("nothing/here", NULL);
}

static void every_replacement_changes_the_etag(void **state)
{
    char last[STORE_ETAG_MAX] = "", etag[STORE_ETAG_MAX];
    struct stat st;
    char path[128];
    const struct timespec future[2] = {{.tv_sec = 4102444800}, {.tv_sec = 4102444800}};

    (void)state;
    for (unsigned i = 0; i < 50; i++) {
        assert_int_equal(put("k", "same", NULL, false, etag), STORE_DONE);
        assert_string_not_equal(etag, last);
        memcpy(last, etag, sizeof last);
    }
    /* Also if the object's time is in the future, as after a wrong clock. */
    snprintf(path, sizeof path, "%s/k", root);
    assert_int_equal(utimensat(AT_FDCWD, path, future, 0), 0);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(put("k", "same", NULL, false, etag), STORE_DONE);
        assert_string_not_equal(etag, last);
        memcpy(last, etag, sizeof last);
        assert_int_equal(stat(path, &st), 0);
        assert_true(st.st_mtim.tv_sec >= 4102444800 && st.st_mtim.tv_sec < 4102444802);
    }
}

static void conditions_are_kept(void **state)
{
    char first[STORE_ETAG_MAX], second[STORE_ETAG_MAX];
    struct store_op get = {.verb = STORE_GET, .key = "k"};

    (void)state;
    assert_int_equal(put("k", "x", "\"1-1\"", false, NULL), STORE_CHANGED);
    assert_int_equal(put("k", "a", NULL, true, first), STORE_DONE);
    assert_int_equal(put("k", "b", NULL, true, NULL), STORE_CHANGED);
    assert_int_equal(put("k", "b", first, false, second), STORE_DONE);
    assert_int_equal(put("k", "c", first, false, NULL), STORE_CHANGED);
    check_content("k", "b");
    get.if_match = first;
    assert_int_equal(do_op(&get), STORE_CHANGED);
    get.if_match = second;
    assert_int_equal(do_op(&get), STORE_DONE);
}

static void an_object_with_the_known_etag_is_not_read(void **state)
{
    char first[STORE_ETAG_MAX], second[STORE_ETAG_MAX], etag[STORE_ETAG_MAX];
    struct text text;
    struct err err;

    (void)state;
    text_init(&text, KIB);
    text_str(&text, "kept ");
    assert_int_equal(store_get_document_unless(store, "k", "\"1-1\"", &text, etag, &err),
                     STORE_ABSENT);
    assert_int_equal(put("k", "a", NULL, false, first), STORE_DONE);
    assert_int_equal(store_get_document_unless(store, "k", first, &text, etag, &err), STORE_SAME);
    assert_string_equal(text.data, "kept ");
    assert_int_equal(put("k", "b", NULL, false, second), STORE_DONE);
    assert_int_equal(store_get_document_unless(store, "k", first, &text, etag, &err), STORE_DONE);
    assert_string_equal(text.data, "kept b");
    assert_string_equal(etag, second);
    assert_int_equal(store_get_document_unless(store, "k", "", &text, etag, &err), STORE_DONE);
    assert_int_equal(store_get_document_unless(store, "k", NULL, &text, etag, &err), STORE_DONE);
    assert_string_equal(text.data, "kept bbb");
    text_finish(&text);
}

static void reads_ranges(void **state)
{
    static const struct {
        uint64_t offset, length;
        const char *bytes; /* NULL: refused */
    } cases[] = {{0, 10, "0123456789"}, {3, 4, "3456"},        {9, 1, "9"},
                 {9, 2, NULL},          {10, 1, NULL},         {11, 1, NULL},
                 {0, 11, NULL},         {UINT64_MAX, 1, NULL}, {1, UINT64_MAX, NULL}};

    (void)state;
    assert_int_equal(put("k", "0123456789", NULL, false, NULL), STORE_DONE);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        uint8_t buffer[16] = {0};
        struct store_op op = {.verb = STORE_GET,
                              .key = "k",
                              .offset = cases[i].offset,
                              .length = cases[i].length,
                              .buffer = buffer};

        assert_int_equal(do_op(&op), cases[i].bytes ? STORE_DONE : STORE_FAILED);
        if (cases[i].bytes)
            assert_string_equal((char *)buffer, cases[i].bytes);
        else
            assert_int_equal(op.err.family, ERR_INTEGRITY);
    }
}

static void a_document_that_is_too_large_is_refused(void **state)
{
    struct text text;
    struct err err = {0};

    (void)state;
    assert_int_equal(put("k", "0123456789", NULL, false, NULL), STORE_DONE);
    text_init(&text, 9);
    assert_int_equal(store_get_document(store, "k", &text, NULL, &err), STORE_FAILED);
    assert_string_equal(err.code, "too_large");
    text_finish(&text);
}

static void copies(void **state)
{
    char etag[STORE_ETAG_MAX], target[STORE_ETAG_MAX];
    struct store_op op = {.verb = STORE_COPY, .source = "from", .key = "deep/to"};

    (void)state;
    assert_int_equal(do_op(&op), STORE_ABSENT);
    assert_int_equal(put("from", "body", NULL, false, etag), STORE_DONE);
    op.if_match = "\"0-0\"";
    assert_int_equal(do_op(&op), STORE_CHANGED);
    op.if_match = etag;
    assert_int_equal(do_op(&op), STORE_DONE);
    check_content("deep/to", "body");
    memcpy(target, op.info.etag, sizeof target);
    assert_int_equal(do_op(&op), STORE_DONE); /* over an existing object */
    assert_string_not_equal(op.info.etag, target);
}

static void refuses_keys_that_are_no_keys(void **state)
{
    static const char *const keys[] = {
        "",    "/a",   "a/",    "a//b",    "..",           "a/../b",        "./a",
        "a/.", "a\nb", "a\177", ".s3dock", ".s3dock/lock", ".s3dock/tmp/x", "lost+found/x"};
    static const enum store_verb verbs[] = {STORE_GET,    STORE_HEAD,          STORE_PUT,
                                            STORE_DELETE, STORE_UPLOAD_CREATE, STORE_COPY};
    char component[300], whole[STORE_KEY_MAX + 10];

    (void)state;
    memset(component, 'c', sizeof component - 1);
    component[sizeof component - 1] = '\0';
    for (size_t i = 0; i < sizeof whole; i++)
        whole[i] = i % 100 ? 'w' : '/';
    whole[0] = 'w';
    whole[sizeof whole - 1] = '\0';
    for (size_t i = 0; i < ARRAY_SIZE(keys) + 2; i++)
        for (size_t v = 0; v < ARRAY_SIZE(verbs); v++) {
            struct store_op op = {.verb = verbs[v], .source = "x"};

            op.key = i < ARRAY_SIZE(keys) ? keys[i] : i == ARRAY_SIZE(keys) ? component : whole;
            assert_int_equal(do_op(&op), STORE_FAILED);
            assert_int_equal(op.err.family, ERR_USAGE);
            assert_string_equal(op.err.code, "key");
        }
    component[255] = '\0';
    assert_int_equal(put(component, "fits", NULL, false, NULL), STORE_DONE);
}

static void an_object_is_no_folder(void **state)
{
    struct store_op op = {.verb = STORE_PUT, .key = "a"};

    (void)state;
    assert_int_equal(put("a/b", "x", NULL, false, NULL), STORE_DONE);
    assert_int_equal(do_op(&op), STORE_FAILED);
    assert_non_null(strstr(op.err.text, "is a folder"));
    assert_int_equal(put("a/b/c", "x", NULL, false, NULL), STORE_FAILED);
    check_content("a/b/c", NULL);
    check_content("a", NULL);
}

/* The key, or a list of the prefix, leads through a link or another special file. */
static void check_layout(enum store_verb verb, const char *key)
{
    struct store_page page = {0};
    struct store_op op = {.verb = verb, .key = key, .page = &page};

    assert_int_equal(do_op(&op), STORE_FAILED);
    assert_string_equal(op.err.code, "layout");
    assert_non_null(strstr(op.err.hint, "symbolic link"));
}

static void put_link(const char *target, const char *name)
{
    char path[128];

    snprintf(path, sizeof path, "%s/%s", root, name);
    assert_int_equal(symlink(target, path), 0);
}

/* An object that was moved behind a link is not deleted: a cleanup must not remove what it needs.
 */
static void links_lead_nowhere(void **state)
{
    struct store_op op = {.verb = STORE_PUT, .key = "out/passwd"};
    static const char *const prefixes[] = {"",        "o",  "out/",   "out/passwd",
                                           "out/a/b", "a/", "a/gone/"};

    (void)state;
    assert_int_equal(put("a/b", "x", NULL, false, NULL), STORE_DONE);
    assert_int_equal(put("z/b", "x", NULL, false, NULL), STORE_DONE);
    put_link("/etc", "out");
    put_link("/etc/passwd", "file");
    put_link("nowhere", "a/gone");
    put_link("me@host.1:2", "z/.#b"); /* a lock of an editor */
    check_layout(STORE_HEAD, "out/passwd");
    check_layout(STORE_HEAD, "file");
    check_layout(STORE_HEAD, "file/below");
    check_layout(STORE_HEAD, "a/gone");
    check_content("a/b/below", NULL);
    check_content("a", NULL);
    check_content("a/b", "x");
    assert_int_equal(do_op(&op), STORE_FAILED);
    for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
        check_layout(STORE_LIST, prefixes[i]);
    check_list("a/b", 0, "a/b|");
    check_list("z/", 0, "z/b|");
}

/* ---- listing ---- */

static void lists_in_key_order(void **state)
{
    static const char *const keys[] = {"b", "a/b", "a.x", "a0", "a/b0/c", "a/a", "a-", "z/z/z"};

    (void)state;
    check_list("", 0, "");
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        assert_int_equal(put(keys[i], "x", NULL, false, NULL), STORE_DONE);
    check_list("", 0, "a-|a.x|a/a|a/b|a/b0/c|a0|b|z/z/z|");
    check_list(NULL, 0, "a-|a.x|a/a|a/b|a/b0/c|a0|b|z/z/z|");
    check_list("", '/', "a-|a.x|a/|a0|b|z/|");
    check_list("a/", '/', "a/a|a/b|a/b0/|");
    check_list("a/b", 0, "a/b|a/b0/c|");
    check_list("a/b", '/', "a/b|a/b0/|");
    check_list("z", '/', "z/|");
    check_list("z/z/z", '/', "z/z/z|");
    check_list("a", '.', "a-|a.|a/a|a/b|a/b0/c|a0|");
    check_list("nothing", 0, "");
    check_list("../", 0, "");
    check_list("a//", 0, "");
}

static void lists_page_by_page(void **state)
{
    struct text got, expected;
    char key[64];
    unsigned pages;

    (void)state;
    text_init(&got, MIB);
    text_init(&expected, MIB);
    /* Created directly: 2500 synced puts would only test the disk. */
    for (unsigned i = 0; i < 2500; i++) {
        char path[128];
        struct err err = {0};
        int fd;

        snprintf(key, sizeof key, "d%02u/k%04u", i / 100, i);
        snprintf(path, sizeof path, "%s/%s", root, key);
        assert_int_equal(file_make_parents(path, 0777, &err), 0);
        fd = open(path, O_CREAT | O_WRONLY, 0666);
        assert_true(fd >= 0);
        close(fd);
        text_printf(&expected, "%s|", key);
    }
    list_all("", 0, &got, &pages);
    assert_string_equal(got.data, expected.data);
    assert_int_equal(pages, 3);

    list_all("d1", 0, &got, &pages); /* exactly one page */
    assert_int_equal(pages, 1);

    text_clear(&expected);
    for (unsigned i = 0; i < 1500; i++) {
        struct err err = {0};
        char path[128];

        snprintf(path, sizeof path, "%s/p/g%04u/x", root, i);
        assert_int_equal(file_make_parents(path, 0777, &err), 0);
        close(open(path, O_CREAT | O_WRONLY, 0666));
        text_printf(&expected, "p/g%04u/|", i);
    }
    list_all("p/", '/', &got, &pages);
    assert_string_equal(got.data, expected.data);
    assert_int_equal(pages, 2);
    text_finish(&got);
    text_finish(&expected);
}

/* ---- multipart ---- */

#define PARTS 4

struct upload {
    char id[STORE_UPLOAD_MAX];
    struct store_part parts[PARTS];
};

static void begin(struct upload *up, const char *key)
{
    struct store_op op = {.verb = STORE_UPLOAD_CREATE, .key = key};

    memset(up, 0, sizeof *up);
    assert_int_equal(do_op(&op), STORE_DONE);
    memcpy(up->id, op.upload_id, sizeof up->id);
}

static void send_part(struct upload *up, const char *key, unsigned number, const char *body)
{
    struct store_op op = {.verb = STORE_UPLOAD_PART,
                          .key = key,
                          .upload_id_in = up->id,
                          .part_number = number,
                          .body = view_str(body)};

    assert_int_equal(do_op(&op), STORE_DONE);
    up->parts[number - 1].number = number;
    memcpy(up->parts[number - 1].etag, op.info.etag, STORE_ETAG_MAX);
}

static enum store_answer complete(struct upload *up, const char *key, unsigned count)
{
    struct store_op op = {.verb = STORE_UPLOAD_COMPLETE,
                          .key = key,
                          .upload_id_in = up->id,
                          .parts = up->parts,
                          .part_count = count};

    return do_op(&op);
}

static enum store_answer abort_upload(struct upload *up, const char *key)
{
    struct store_op op = {.verb = STORE_UPLOAD_ABORT, .key = key, .upload_id_in = up->id};

    return do_op(&op);
}

static size_t count_parts(struct upload *up, const char *key)
{
    struct store_page page = {0};
    struct store_op op = {
        .verb = STORE_UPLOAD_PARTS, .key = key, .upload_id_in = up->id, .page = &page};
    size_t count;

    assert_int_equal(do_op(&op), STORE_DONE);
    count = page.count;
    store_page_finish(&page);
    return count;
}

/* After a loss of power, the table may have parts whose bytes had not reached the disk: the file
 * is cut short, or has holes. */
static void a_part_without_its_bytes_is_not_listed(void **state)
{
    const size_t size = 64 * KIB;
    char *body = malloc(size + 1), path[1200];
    struct upload up;
    off_t hole;
    int fd;

    (void)state;
    memset(body, 'x', size);
    body[size] = '\0';
    begin(&up, "k");
    send_part(&up, "k", 1, body);
    send_part(&up, "k", 2, body);
    assert_int_equal(count_parts(&up, "k"), 2);
    snprintf(path, sizeof path, "%s/.s3dock/uploads/%s/data", root, up.id);
    assert_int_equal(truncate(path, (off_t)(2 * size - 1)), 0);
    assert_int_equal(count_parts(&up, "k"), 1);
    assert_int_equal(complete(&up, "k", 2), STORE_FAILED);
    assert_int_equal(truncate(path, 0), 0);
    assert_int_equal(truncate(path, (off_t)(2 * size)), 0);
    fd = open(path, O_RDONLY);
    hole = lseek(fd, 0, SEEK_HOLE);
    close(fd);
    if (hole == 0) /* the file system reports holes */
        assert_int_equal(count_parts(&up, "k"), 0);
    assert_int_equal(abort_upload(&up, "k"), STORE_DONE);
    free(body);
}

/* A push that resumes asks for up to 10000 parts. */
static void a_list_of_parts_opens_their_file_once(void **state)
{
    struct upload up;

    (void)state;
    begin(&up, "k");
    for (unsigned number = 1; number <= PARTS; number++)
        send_part(&up, "k", number, "bytes");
    send_part(&up, "k", 2, "again");
    atomic_store(&data_opened, 0);
    assert_int_equal(count_parts(&up, "k"), PARTS);
    assert_int_equal(atomic_load(&data_opened), 1);
    assert_int_equal(abort_upload(&up, "k"), STORE_DONE);
}

/* Parts in any order and of any size form the object. Separate files show where the store wrote
 * them. */
static void parts_come_together(void **state)
{
    static const struct {
        const char *parts[PARTS]; /* by number */
        unsigned order[8];        /* in the order of sending; 0 ends the list */
        bool apart;               /* some part has a separate file */
    } cases[] = {
        {{"aaaa", "bbbb", "cccc", "dd"}, {1, 2, 3, 4}, false},
        {{"aaaa", "bbbb", "cccc", "dd"}, {3, 1, 4, 2}, false},
        {{"aaaa", "bbbb", "cccc", "dddd"}, {4, 3, 2, 1}, false},
        {{"a", "bbbbbb", "cc", "ddd"}, {1, 2, 3, 4}, false},
        {{"a", "bbbbbb", "cc", "ddd"}, {1, 3, 2, 4}, true},
        {{"aaaa", "bbbb", "cccc", "d"}, {4, 3, 2, 1}, true}, /* the last part is misleading */
        {{"aaaa", "bbbb", "cccc", "dd"}, {1, 2, 2, 3, 4, 1}, true},
        {{"", "b", "", "d"}, {1, 2, 3, 4}, false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct upload up;
        char whole[64] = "", below[1200];
        bool apart = false;

        begin(&up, "big/object");
        check_content("big/object", i ? "old" : NULL);
        for (size_t n = 0; cases[i].order[n]; n++) {
            unsigned number = cases[i].order[n];

            send_part(&up, "big/object", number, cases[i].parts[number - 1]);
        }
        for (unsigned n = 1; n <= PARTS; n++) {
            unsigned long size, stamp;

            strcat(whole, cases[i].parts[n - 1]);
            assert_int_equal(sscanf(up.parts[n - 1].etag, "\"%lx-%lx\"", &size, &stamp), 2);
            snprintf(below, sizeof below, ".s3dock/uploads/%s/part-%u-%016lx", up.id, n, stamp);
            apart = apart || exists(below);
        }
        assert_int_equal(apart, cases[i].apart);
        assert_int_equal(complete(&up, "big/object", PARTS), STORE_DONE);
        check_content("big/object", whole);
        snprintf(below, sizeof below, ".s3dock/uploads/%s", up.id);
        assert_false(exists(below));
        assert_int_equal(complete(&up, "big/object", PARTS), STORE_ABSENT);
        assert_int_equal(put("big/object", "old", NULL, false, NULL), STORE_DONE);
    }
}

/* The remains of an upload whose completing process was killed before its cleanup. */
static void an_upload_that_has_ended_is_absent(void **state)
{
    struct store_page page;
    struct store_op op = {.verb = STORE_UPLOAD_PARTS, .key = "k", .page = &page};
    char below[1200];
    struct upload up;

    (void)state;
    begin(&up, "k");
    send_part(&up, "k", 1, "12345");
    snprintf(below, sizeof below, "%s/.s3dock/uploads/%s/data", root, up.id);
    assert_int_equal(unlink(below), 0);
    op.upload_id_in = up.id;
    assert_int_equal(do_op(&op), STORE_ABSENT);
    assert_int_equal(complete(&up, "k", 1), STORE_ABSENT);
    op = (struct store_op){.verb = STORE_UPLOAD_PART,
                           .key = "k",
                           .upload_id_in = up.id,
                           .part_number = 2,
                           .body = view_str("67890")};
    assert_int_equal(do_op(&op), STORE_ABSENT);
    assert_int_equal(abort_upload(&up, "k"), STORE_DONE);
    snprintf(below, sizeof below, ".s3dock/uploads/%s", up.id);
    assert_false(exists(below));
}

static void only_the_sent_parts_complete(void **state)
{
    struct upload up, wrong;
    struct store_op op = {.verb = STORE_UPLOAD_COMPLETE, .key = "k", .parts = wrong.parts};

    (void)state;
    begin(&up, "k");
    for (unsigned n = 1; n <= 3; n++)
        send_part(&up, "k", n, "12345");
    op.upload_id_in = up.id;

    wrong = up; /* an ETag that is not the part's */
    str_copy(wrong.parts[1].etag, STORE_ETAG_MAX, "\"5-5\"");
    op.part_count = 3;
    assert_int_equal(do_op(&op), STORE_FAILED);
    assert_int_equal(op.failure, STORE_REJECTED);
    wrong = up; /* a part that was never sent */
    wrong.parts[3].number = 4;
    op.part_count = 4;
    assert_int_equal(do_op(&op), STORE_FAILED);
    wrong = up; /* out of order */
    wrong.parts[0] = up.parts[1];
    wrong.parts[1] = up.parts[0];
    op.part_count = 3;
    assert_int_equal(do_op(&op), STORE_FAILED);
    op.part_count = 0;
    assert_int_equal(do_op(&op), STORE_FAILED);
    check_content("k", NULL);

    wrong = up; /* a subset of the parts is enough */
    wrong.parts[1] = up.parts[2];
    op.part_count = 2;
    assert_int_equal(do_op(&op), STORE_DONE);
    check_content("k", "1234512345");
}

static void a_condition_on_completion_keeps_the_upload(void **state)
{
    struct upload up;
    struct store_op op = {.verb = STORE_UPLOAD_COMPLETE,
                          .key = "k",
                          .upload_id_in = up.id,
                          .parts = up.parts,
                          .part_count = 1,
                          .if_none_match = true};

    (void)state;
    begin(&up, "k");
    send_part(&up, "k", 1, "new");
    assert_int_equal(put("k", "old", NULL, false, NULL), STORE_DONE);
    assert_int_equal(do_op(&op), STORE_CHANGED);
    check_content("k", "old");
    op.if_none_match = false;
    assert_int_equal(do_op(&op), STORE_DONE);
    check_content("k", "new");
}

static void parts_are_copied_from_objects(void **state)
{
    char etag[STORE_ETAG_MAX];
    struct upload up;
    struct store_op op = {.verb = STORE_UPLOAD_COPY_PART,
                          .key = "k",
                          .upload_id_in = up.id,
                          .part_number = 1,
                          .source = "source",
                          .offset = 2,
                          .length = 5};

    (void)state;
    begin(&up, "k");
    assert_int_equal(do_op(&op), STORE_ABSENT);
    assert_int_equal(put("source", "0123456789", NULL, false, etag), STORE_DONE);
    op.if_match = "\"1-1\"";
    assert_int_equal(do_op(&op), STORE_CHANGED);
    op.if_match = etag;
    op.length = 9;
    assert_int_equal(do_op(&op), STORE_FAILED);
    op.length = 5;
    assert_int_equal(do_op(&op), STORE_DONE);
    up.parts[0].number = 1;
    memcpy(up.parts[0].etag, op.info.etag, STORE_ETAG_MAX);
    send_part(&up, "k", 2, "-sent-");
    op.part_number = 3;
    op.offset = op.length = 0; /* all of it */
    assert_int_equal(do_op(&op), STORE_DONE);
    up.parts[2].number = 3;
    memcpy(up.parts[2].etag, op.info.etag, STORE_ETAG_MAX);
    assert_int_equal(complete(&up, "k", 3), STORE_DONE);
    check_content("k", "23456-sent-0123456789");
}

static void uploads_are_listed_and_aborted(void **state)
{
    struct upload one, two;
    struct store_page page = {0};
    struct store_op op = {.verb = STORE_UPLOADS, .key = "a/", .page = &page};

    (void)state;
    assert_int_equal(do_op(&op), STORE_DONE);
    assert_int_equal(page.count, 0);
    begin(&one, "a/k");
    begin(&two, "b/k");
    send_part(&one, "a/k", 1, "one");
    send_part(&one, "a/k", 3, "three");
    assert_int_equal(do_op(&op), STORE_DONE);
    assert_int_equal(page.count, 1);
    assert_string_equal(page.entries[0].key, "a/k");
    assert_string_equal(page.entries[0].info.etag, one.id);
    store_page_finish(&page);

    op = (struct store_op){
        .verb = STORE_UPLOAD_PARTS, .key = "a/k", .upload_id_in = one.id, .page = &page};
    assert_int_equal(do_op(&op), STORE_DONE);
    assert_int_equal(page.count, 2);
    assert_string_equal(page.entries[1].key, "3");
    assert_int_equal(page.entries[1].info.size, 5);
    assert_string_equal(page.entries[1].info.etag, one.parts[2].etag);
    store_page_finish(&page);
    op.key = "b/k"; /* of another key */
    assert_int_equal(do_op(&op), STORE_ABSENT);
    op.upload_id_in = "../../x";
    assert_int_equal(do_op(&op), STORE_ABSENT);

    assert_int_equal(abort_upload(&one, "b/k"), STORE_DONE); /* another key: nothing happens */
    assert_int_equal(abort_upload(&two, "b/k"), STORE_DONE);
    assert_int_equal(abort_upload(&two, "b/k"), STORE_DONE);
    op = (struct store_op){.verb = STORE_UPLOADS, .page = &page};
    assert_int_equal(do_op(&op), STORE_DONE);
    assert_int_equal(page.count, 1);
    store_page_finish(&page);
    check_list("", 0, "");
}

/* ---- concurrent and interrupted processes ---- */

#define ROUNDS 40

static void *count_up(void *arg)
{
    struct store *mine = arg;

    for (unsigned done = 0; done < ROUNDS;) {
        char etag[STORE_ETAG_MAX], body[16];
        struct err err = {0};
        struct text text;
        enum store_answer answer;

        text_init(&text, 64);
        if (store_get_document(mine, "counter", &text, etag, &err) != STORE_DONE)
            return arg;
        snprintf(body, sizeof body, "%d", atoi(text.data) + 1);
        text_finish(&text);
        answer = store_put_document(mine, "counter", view_str(body), etag, false, NULL, &err);
        if (answer == STORE_FAILED)
            return arg;
        done += answer == STORE_DONE;
    }
    return NULL;
}

static const char *program; /* this program */

/* Runs this program again as another process that uses the bucket. Meson names the emulator of a
 * cross build. */
static pid_t start_helper(const char *role)
{
    const char *emulator = getenv("MESON_EXE_WRAPPER");
    pid_t child = fork();

    if (child == 0) {
        if (emulator)
            execlp(emulator, emulator, program, role, root, (char *)NULL);
        else
            execl(program, program, role, root, (char *)NULL);
        _exit(127);
    }
    return child;
}

static void no_update_is_lost_between_stores(void **state)
{
    struct store *other = open_store(NULL);
    pthread_t thread;
    void *failed;
    char expected[16];
    int status;
    pid_t child;

    (void)state;
    assert_int_equal(put("counter", "0", NULL, false, NULL), STORE_DONE);
    child = start_helper("count");
    assert_int_equal(pthread_create(&thread, NULL, count_up, other), 0);
    assert_null(count_up(store));
    pthread_join(thread, &failed);
    assert_null(failed);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    snprintf(expected, sizeof expected, "%d", 3 * ROUNDS);
    check_content("counter", expected);
    store_destroy(other);
}

/* The helper that the test kills: sends parts without end. */
static int upload_for_ever(struct store *mine)
{
    struct store_op op = {.verb = STORE_UPLOAD_CREATE, .key = "half/upload"};
    uint8_t *body = calloc(1, 8 * MIB);
    char id[STORE_UPLOAD_MAX];
    struct err err = {0};

    if (!body || store_run(mine, &op, &err) != STORE_DONE)
        return 1;
    memcpy(id, op.upload_id, sizeof id);
    for (unsigned n = 0;; n++) {
        op = (struct store_op){.verb = STORE_UPLOAD_PART,
                               .key = "half/upload",
                               .upload_id_in = id,
                               .part_number = n % 8 + 1,
                               .body = view_of(body, 8 * MIB)};
        if (store_run(mine, &op, &err) != STORE_DONE)
            return 1;
    }
}

static void a_killed_writer_leaves_nothing_to_see(void **state)
{
    static const unsigned naps[] = {5000, 20000, 50000, 100000};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(naps); i++) {
        pid_t child = start_helper("upload");

        usleep(naps[i]);
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        check_list("", 0, "");
        check_content("half/upload", NULL);
    }
}

static int help(const char *role, const char *path)
{
    const struct store_dir_options options = {.path = path};
    struct err err = {0};
    struct store *mine = store_dir_create(&options, &err);
    int failed;

    if (!mine)
        return 1;
    failed = strcmp(role, "count") == 0 ? count_up(mine) != NULL : upload_for_ever(mine);
    store_destroy(mine);
    return failed;
}

static void a_store_that_is_cancelled_still_aborts(void **state)
{
    struct cancel cancel;
    struct upload up;
    struct store_page page = {0};
    struct store_op op = {.verb = STORE_PUT, .key = "k", .body = view_str("x")};

    (void)state;
    cancel_init(&cancel);
    store_destroy(store);
    store = open_store(&cancel);
    begin(&up, "k");
    send_part(&up, "k", 1, "body");
    cancel_request(&cancel, SIGINT);
    assert_int_equal(do_op(&op), STORE_FAILED);
    assert_int_equal(op.err.family, ERR_CANCELLED);
    assert_int_equal(abort_upload(&up, "k"), STORE_DONE);
    store_destroy(store);
    store = open_store(NULL);
    op = (struct store_op){.verb = STORE_UPLOADS, .page = &page};
    assert_int_equal(do_op(&op), STORE_DONE);
    assert_int_equal(page.count, 0);
}

static void ops_return_in_order(void **state)
{
    struct store_op ops[64];
    char keys[64][16];
    struct err err = {0};
    struct inbox *inbox = inbox_create(&err);

    (void)state;
    for (int i = 0; i < 64; i++) {
        snprintf(keys[i], sizeof keys[i], "k%d", i / 2);
        ops[i] = (struct store_op){.msg.kind = i,
                                   .inbox = inbox,
                                   .verb = i % 2 ? STORE_DELETE : STORE_PUT,
                                   .key = keys[i],
                                   .body = view_str("x")};
        store_submit(store, &ops[i]);
    }
    for (int i = 0; i < 64; i++) {
        struct msg *msg = inbox_take(inbox, INBOX_FOREVER);

        assert_int_equal(msg->kind, i);
        assert_int_equal(((struct store_op *)msg)->answer, STORE_DONE);
    }
    inbox_destroy(inbox);
    check_list("", 0, "");
}

static void says_when_the_disk_is_full(void **state)
{
    struct rlimit before, little = {.rlim_cur = 100000};
    uint8_t *body = calloc(1, MIB);
    struct store_op op = {.verb = STORE_PUT, .key = "k", .body = view_of(body, MIB)};

    (void)state;
    assert_non_null(body);
    signal(SIGXFSZ, SIG_IGN); /* a file size limit simulates a full disk */
    getrlimit(RLIMIT_FSIZE, &before);
    little.rlim_max = before.rlim_max;
    setrlimit(RLIMIT_FSIZE, &little);
    assert_int_equal(do_op(&op), STORE_FAILED);
    setrlimit(RLIMIT_FSIZE, &before);
    assert_int_equal(op.err.family, ERR_LOCAL);
    assert_non_null(strstr(op.err.text, "k: "));
    check_list("", 0, "");
    assert_int_equal(put("k", "x", NULL, false, NULL), STORE_DONE);
    free(body);
}

static void old_leftovers_are_swept(void **state)
{
    static const char *const names[] = {"old", "new"};
    char path[128];

    (void)state;
    assert_int_equal(put("k", "x", NULL, false, NULL), STORE_DONE);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        const struct timespec past[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};

        snprintf(path, sizeof path, "%s/.s3dock/tmp/%s", root, names[i]);
        close(open(path, O_CREAT | O_WRONLY, 0600));
        if (i == 0)
            assert_int_equal(utimensat(AT_FDCWD, path, past, 0), 0);
    }
    store_destroy(store);
    store = open_store(NULL);
    assert_int_equal(put("k", "x", NULL, false, NULL), STORE_DONE);
    assert_false(exists(".s3dock/tmp/old"));
    assert_true(exists(".s3dock/tmp/new"));
}

/* ---- opening ---- */

static void says_which_bucket_is_missing(void **state)
{
    static const struct {
        const char *path, *bucket;
        enum err_family family;
    } cases[] = {
        {"/nowhere/at/all", NULL, ERR_NOT_FOUND},
        {"/etc/passwd", NULL, ERR_NOT_FOUND},
        {"/tmp", "no-such-bucket", ERR_NOT_FOUND},
        {"relative", NULL, ERR_USAGE},
        {NULL, NULL, ERR_USAGE},
        {"/tmp", "../etc", ERR_USAGE},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct store_dir_options options = {.path = cases[i].path, .bucket = cases[i].bucket};
        struct err err = {0};

        assert_null(store_dir_create(&options, &err));
        assert_int_equal(err.family, cases[i].family);
        if (err.family == ERR_NOT_FOUND) {
            assert_string_equal(err.code, "bucket");
            assert_true(err.hint[0] != '\0');
        }
    }
}

static void create_makes_a_bucket(void **state)
{
    const struct store_dir_options options = {.path = root, .bucket = "new", .create = true};
    struct err err = {0};
    struct store *made = store_dir_create(&options, &err);
    struct store_stats stats;
    char expected[128];

    (void)state;
    assert_non_null(made);
    snprintf(expected, sizeof expected, "file://%s/new", root);
    assert_string_equal(made->where, expected);
    assert_string_equal(made->identity, expected);
    assert_int_equal(store_put_document(made, "k", view_str("body"), NULL, false, NULL, &err),
                     STORE_DONE);
    store_stats(made, &stats);
    assert_int_equal(stats.requests, 1);
    assert_int_equal(stats.sent, 4);
    store_destroy(made);
    check_content("new/k", "body");
}

/* ---- upper and lower case ---- */

static void check_spelling_refused(const char *key, bool if_none_match)
{
    struct err err = {0};

    assert_int_equal(
        store_put_document(store, key, view_str("other"), NULL, if_none_match, NULL, &err),
        STORE_FAILED);
    assert_int_equal(err.family, ERR_CONFLICT);
    assert_string_equal(err.code, "spelling");
    assert_true(err.hint[0] != '\0');
}

static void check_ignores_case(bool expected)
{
    struct store_stats stats;

    store_stats(store, &stats);
    assert_int_equal(stats.ignores_case, expected);
}

static void two_keys_never_share_a_file(void **state)
{
    struct store_op gone = {.verb = STORE_DELETE, .key = "pointers/app/prod.json"};
    struct store_op copied = {
        .verb = STORE_COPY, .source = "pointers/app/prod.json", .key = "copy"};

    (void)state;
    atomic_store(&ignores_case, true);
    assert_int_equal(put("pointers/app/Prod.json", "one", NULL, true, NULL), STORE_DONE);
    assert_int_equal(put("pointers/app/Prod.json", "two", NULL, false, NULL), STORE_DONE);
    check_content("pointers/app/Prod.json", "two");
    check_ignores_case(true);
    check_content("pointers/app/prod.json", NULL);
    check_content("Pointers/app/Prod.json", NULL);
    check_content(".S3DOCK/lock", NULL);
    check_list("pointers/app/p", 0, "");
    assert_int_equal(do_op(&copied), STORE_ABSENT);
    check_spelling_refused("pointers/app/prod.json", false);
    check_spelling_refused("pointers/app/prod.json", true);
    check_spelling_refused("pointers/APP/new.json", false);
    check_spelling_refused(".S3dock/tmp", false);
    assert_int_equal(do_op(&gone), STORE_DONE);
    check_content("pointers/app/Prod.json", "two");

    gone.key = "pointers/app/Prod.json";
    assert_int_equal(do_op(&gone), STORE_DONE);
    assert_int_equal(put("pointers/app/prod.json", "three", NULL, true, NULL), STORE_DONE);
    check_content("pointers/app/prod.json", "three");
    check_list("", 0, "pointers/app/prod.json|");
}

static void two_keys_have_two_files(void **state)
{
    (void)state;
    assert_int_equal(put("pointers/app/Prod.json", "one", NULL, true, NULL), STORE_DONE);
    assert_int_equal(put("pointers/app/prod.json", "two", NULL, true, NULL), STORE_DONE);
    check_content("pointers/app/Prod.json", "one");
    check_content("pointers/app/prod.json", "two");
    check_ignores_case(false);
}

/* ---- other processes in the same folder ---- */

/* Creates a FIFO under a name of the bucket's folder. */
static void put_fifo(const char *format, const char *id)
{
    char below[128], path[256];

    snprintf(below, sizeof below, format, id);
    snprintf(path, sizeof path, "%s/%s", root, below);
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
}

/* Every file of the store may have been replaced by a FIFO. The store waits for none. */
static void no_operation_waits_for_a_fifo(void **state)
{
    struct store_page page = {0};
    struct store_op list = {.verb = STORE_UPLOADS, .page = &page};
    struct store_op part = {.verb = STORE_UPLOAD_PART, .key = "k", .part_number = 2};
    struct upload up;

    (void)state;
    alarm(20); /* a test that hangs must fail */
    begin(&up, "k");
    send_part(&up, "k", 1, "one");
    part.upload_id_in = up.id;
    part.body = view_str("two");
    put_fifo(".s3dock/uploads/%s/data", up.id);
    assert_int_equal(do_op(&part), STORE_FAILED);
    assert_int_equal(complete(&up, "k", 1), STORE_FAILED);
    put_fifo(".s3dock/uploads/%s/table", up.id);
    assert_int_equal(do_op(&part), STORE_FAILED);
    assert_string_equal(part.err.code, "layout");
    put_fifo(".s3dock/uploads/%s/key", up.id);
    assert_int_equal(do_op(&part), STORE_ABSENT);
    assert_int_equal(do_op(&list), STORE_DONE);
    assert_int_equal(page.count, 0);
    put_fifo("%s", "object");
    check_layout(STORE_HEAD, "object");
    check_layout(STORE_LIST, "object");
    put_fifo(".s3dock/%s", "lock");
    assert_int_equal(put("other", "x", NULL, false, NULL), STORE_FAILED);
    alarm(0);
}

/* A part in a separate file that is a FIFO when the upload completes. */
static void a_part_that_became_a_fifo_is_gone(void **state)
{
    char command[1200];
    struct upload up;

    (void)state;
    alarm(120);
    begin(&up, "k");
    send_part(&up, "k", 1, "one");
    send_part(&up, "k", 1, "again");
    snprintf(command, sizeof command,
             "cd %s/.s3dock/uploads/%s && set -- part-* && rm $1 && mkfifo $1", root, up.id);
    assert_int_equal(system(command), 0); /* NOLINT: a command of the test */
    assert_int_equal(complete(&up, "k", 1), STORE_FAILED);
    alarm(0);
}

/* Holds the lock of the bucket, like another process. */
static int hold_lock(void)
{
    char path[128];
    int fd;

    assert_int_equal(put("k", "x", NULL, false, NULL), STORE_DONE);
    snprintf(path, sizeof path, "%s/.s3dock/lock", root);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
    return fd;
}

static void open_hasty_store(const struct cancel *cancel)
{
    const struct store_dir_options options = {
        .path = root, .cancel = cancel, .stall_time = NS_PER_S};
    struct err err = {0};

    store_destroy(store);
    store = store_dir_create(&options, &err);
    assert_non_null(store);
}

/* Starts to collect standard error. end_collecting restores it. */
static int collect_stderr(int *before)
{
    int fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    fflush(stderr);
    *before = dup(STDERR_FILENO);
    dup2(fd, STDERR_FILENO);
    return fd;
}

static void end_collecting(int fd, int before, char out[1024])
{
    ssize_t got = pread(fd, out, 1023, 0);

    dup2(before, STDERR_FILENO);
    close(before);
    close(fd);
    assert_true(got >= 0);
    out[got] = '\0';
}

/* The store waits for a lock of another process, prints a note, and ends the wait. */
static void the_wait_for_a_lock_has_a_limit(void **state)
{
    struct store_op op = {.verb = STORE_PUT, .key = "k", .body = view_str("y")};
    int before, collected, held = hold_lock();
    char said[1024], holder[64], name[16]; /* of PR_GET_NAME */

    (void)state;
    open_hasty_store(NULL);
    collected = collect_stderr(&before);
    assert_int_equal(do_op(&op), STORE_FAILED);
    end_collecting(collected, before, said);
    assert_int_equal(op.err.family, ERR_NETWORK);
    assert_string_equal(op.err.code, "busy");
    assert_non_null(strstr(op.err.hint, "run the same command again"));
    assert_int_equal(prctl(PR_GET_NAME, name), 0);
    snprintf(holder, sizeof holder, "process %ld (%s)", (long)getpid(), name);
    assert_non_null(strstr(op.err.text, holder));
    assert_non_null(strstr(said, "note: waiting 0 s for a lock"));
    assert_non_null(strstr(said, holder));
    close(held);
    assert_int_equal(put("k", "y", NULL, false, NULL), STORE_DONE);
}

/* A cancel ends the wait, also that of an operation that ignores cancels otherwise. */
static void a_cancel_ends_the_wait_for_a_lock(void **state)
{
    struct store_op put = {.verb = STORE_PUT, .key = "k", .body = view_str("y")};
    struct store_op delete = {.verb = STORE_DELETE, .key = "k"};
    struct cancel cancel;
    int held = hold_lock();

    (void)state;
    cancel_init(&cancel);
    open_hasty_store(&cancel);
    cancel_request(&cancel, SIGINT);
    assert_int_equal(do_op(&put), STORE_FAILED);
    assert_int_equal(do_op(&delete), STORE_FAILED);
    assert_int_equal(delete.err.family, ERR_CANCELLED);
    close(held);
    assert_int_equal(do_op(&delete), STORE_DONE); /* the cleanup happens in spite of the cancel */
}

static int set_up(void **state)
{
    (void)state;
    atomic_store(&ignores_case, false);
    snprintf(root, sizeof root, "/tmp/s3dock-bucket-XXXXXX");
    if (!mkdtemp(root))
        return -1;
    store = open_store(NULL);
    return 0;
}

static int tear_down(void **state)
{
    char command[128];

    (void)state;
    store_destroy(store);
    snprintf(command, sizeof command, "rm -rf %s", root);
    return system(command); /* NOLINT: a command of the test */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(puts_gets_and_deletes),
        TEST(every_replacement_changes_the_etag),
        TEST(conditions_are_kept),
        TEST(an_object_with_the_known_etag_is_not_read),
        TEST(reads_ranges),
        TEST(a_document_that_is_too_large_is_refused),
        TEST(copies),
        TEST(refuses_keys_that_are_no_keys),
        TEST(an_object_is_no_folder),
        TEST(links_lead_nowhere),
        TEST(lists_in_key_order),
        TEST(lists_page_by_page),
        TEST(parts_come_together),
        TEST(only_the_sent_parts_complete),
        TEST(a_part_without_its_bytes_is_not_listed),
        TEST(a_list_of_parts_opens_their_file_once),
        TEST(an_upload_that_has_ended_is_absent),
        TEST(a_condition_on_completion_keeps_the_upload),
        TEST(parts_are_copied_from_objects),
        TEST(uploads_are_listed_and_aborted),
        TEST(no_update_is_lost_between_stores),
        TEST(a_killed_writer_leaves_nothing_to_see),
        TEST(a_store_that_is_cancelled_still_aborts),
        TEST(ops_return_in_order),
        TEST(says_when_the_disk_is_full),
        TEST(old_leftovers_are_swept),
        TEST(no_operation_waits_for_a_fifo),
        TEST(a_part_that_became_a_fifo_is_gone),
        TEST(the_wait_for_a_lock_has_a_limit),
        TEST(a_cancel_ends_the_wait_for_a_lock),
        TEST(says_which_bucket_is_missing),
        TEST(create_makes_a_bucket),
        TEST(two_keys_never_share_a_file),
        TEST(two_keys_have_two_files),
    };

    program = argv[0];
    if (argc == 3)
        return help(argv[1], argv[2]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
