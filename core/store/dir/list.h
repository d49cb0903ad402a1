/*
 * list - lists the keys of a bucket folder in byte order, page by page.
 */
#ifndef S3DOCK_STORE_DIR_LIST_H
#define S3DOCK_STORE_DIR_LIST_H

#include "store/dir/bucket.h"

#define DIR_PAGE       1000          /* entries of a page, as S3 has it */
#define DIR_FOLDER_MAX (1024 * 1024) /* names in one folder; more are refused */

/* op: prefix in key (may be "" or NULL), delimiter, token -> page. The token is the last key or
 * common prefix of the page before. */
int dir_list(struct dir_bucket *bucket, struct store_op *op, struct err *err);
/* Frees the names that are kept from page to page. */
void dir_list_forget(struct dir_bucket *bucket);

/* The sorted names of one folder; folders end in '/'. */
struct dir_names {
    char **names;
    size_t count, room;
};
int dir_names_read(int folder, struct dir_names *out, const char *where, struct err *err);
void dir_names_finish(struct dir_names *names);

/* Adds an entry to a page. */
int dir_page_add(struct store_page *page, const char *key, bool is_prefix,
                 const struct store_info *info, struct err *err);

#endif
