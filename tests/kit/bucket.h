/*
 * bucket.h - a bucket in a temporary folder, for tests of the catalog. The test fills it.
 */
#ifndef S3DOCK_TESTS_KIT_BUCKET_H
#define S3DOCK_TESTS_KIT_BUCKET_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/err.h"
#include "catalog/keys.h"
#include "catalog/walk.h"
#include "store/dir/store_dir.h"
#include "store/store.h"

struct bucket {
    char path[64];
    struct store *store;
};

static inline void bucket_open(struct bucket *bucket)
{
    struct store_dir_options options = {.path = bucket->path};
    struct err err = {.text = ""};

    strcpy(bucket->path, "/tmp/s3dock-bucket-XXXXXX");
    assert_non_null(mkdtemp(bucket->path));
    assert_int_equal(setenv("XDG_CACHE_HOME", bucket->path, 1), 0);
    bucket->store = store_dir_create(&options, &err);
    if (!bucket->store)
        fail_msg("%s", err.text);
}

static inline void bucket_close(struct bucket *bucket)
{
    char command[96];

    store_destroy(bucket->store);
    snprintf(command, sizeof command, "rm -rf '%s'", bucket->path);
    assert_int_equal(system(command), 0);
}

static inline void bucket_put(struct bucket *bucket, const char *key, const char *body)
{
    struct err err = {.text = ""};

    if (store_put_document(bucket->store, key, view_str(body), NULL, false, NULL, &err) !=
        STORE_DONE)
        fail_msg("%s: %s", key, err.text);
}

/* Returns whether the object exists. Adds its content to `out`, unless `out` is NULL. */
static inline bool bucket_get(struct bucket *bucket, const char *key, struct text *out)
{
    _cleanup_text_ struct text text = {0};
    struct err err = {.text = ""};
    enum store_answer answer;

    text_init(&text, 64 * KIB);
    answer = store_get_document(bucket->store, key, &text, NULL, &err);
    if (answer == STORE_FAILED)
        fail_msg("%s: %s", key, err.text);
    if (answer == STORE_DONE && out)
        text_add(out, text.data, text.size);
    return answer == STORE_DONE;
}

static inline void bucket_delete(struct bucket *bucket, const char *key)
{
    struct store_op op = {.verb = STORE_DELETE, .key = key};
    struct err err;

    assert_int_equal(store_run(bucket->store, &op, &err), STORE_DONE);
}

/* Writes an image in the original's form: an archive of four bytes, and metadata. */
static inline void bucket_image(struct bucket *bucket, const char *ref, const char *month)
{
    struct image_name name;
    char key[KEY_MAX], metadata[1024];
    struct err err;

    assert_int_equal(name_parse_image(ref, &name, &err), 0);
    key_image(key, &name, month, KEY_ARCHIVE);
    bucket_put(bucket, key, "tar!");
    key_image(key, &name, month, KEY_METADATA);
    snprintf(metadata, sizeof metadata,
             "{\"checksum\":\"1adddf3342e9a160c861ba01b419e807\",\"size\":4,\"git_hash\":\"%s\","
             "\"git_time\":\"%s\",\"image_tag\":\"%s\",\"app_name\":\"%s\"}",
             name.hash, name.time, name.ref, name.app);
    bucket_put(bucket, key, metadata);
}

/* Writes metadata of s3dock for a platform: `platform` "linux/amd64", `key_platform` as in its key,
 * or NULL for the first one. */
static inline void bucket_image_of(struct bucket *bucket, const char *ref, const char *month,
                                   const char *platform, const char *key_platform, const char *id)
{
    struct image_name name;
    char key[KEY_MAX], metadata[1024];
    struct err err;

    assert_int_equal(name_parse_image(ref, &name, &err), 0);
    key_image(key, &name, month, KEY_ARCHIVE);
    bucket_put(bucket, key, "tar!");
    key_document(key, &name, month, key_platform, KEY_METADATA);
    snprintf(metadata, sizeof metadata,
             "{\"size\":4,\"git_hash\":\"%s\",\"git_time\":\"%s\",\"image_tag\":\"%s\","
             "\"app_name\":\"%s\",\"format\":2,\"image_id\":\"%s\",\"platform\":\"%s\"}",
             name.hash, name.time, name.ref, name.app, id, platform);
    bucket_put(bucket, key, metadata);
}

/* Returns the number of keys under a prefix. Copies the last key to `last`, unless it is NULL. */
static inline size_t bucket_count(struct bucket *bucket, const char *prefix, char last[KEY_MAX])
{
    struct walk walk = {0};
    struct err err = {.text = ""};
    size_t count;

    if (walk_run(&walk, bucket->store, prefix, 0, &err))
        fail_msg("%s", err.text);
    count = walk.count;
    if (last && count)
        strcpy(last, walk.keys[count - 1]);
    walk_finish(&walk);
    return count;
}

#endif
