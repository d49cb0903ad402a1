/*
 * shared_file - the grammar of one of the two files that AWS programs share: ~/.aws/config and
 * ~/.aws/credentials. Pure: the content is an argument. Source: "Shared config and credentials
 * files" in the AWS SDKs and Tools Reference Guide, and the parser tests of the AWS SDK for Rust.
 *
 *   [profile NAME]        [default], [sso-session NAME], [services NAME]; in credentials: [NAME]
 *   key = value # comment a comment behind a value needs a blank before its sign
 *    continuation         a line that begins with a blank belongs to the value above
 *   s3 =                  an empty value with continuation lines has sub-keys
 *     sub_key = value
 *
 * Work and memory are linear in the size of the content.
 */
#ifndef S3DOCK_AWS_SHARED_FILE_H
#define S3DOCK_AWS_SHARED_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"

struct err;

#define SHARED_FILE_MAX     MIB        /* bytes of a file */
#define SHARED_LINE_MAX     (64 * KIB) /* bytes of a line, and of a value with its continuation */
#define SHARED_SECTIONS_MAX 20000      /* in a file */
#define SHARED_KEYS_MAX     60000      /* in a file; also of sub-keys of one value */

enum aws_section { AWS_PROFILE, AWS_SSO_SESSION, AWS_SERVICES };

/* One section line. Equal sections are not merged. */
struct shared_section {
    enum aws_section kind;
    char *name;    /* owned; case is kept */
    bool prefixed; /* "[profile NAME]" */
    bool dropped;  /* an unknown kind, a name that is not allowed, or a [default] that [profile
                      default] replaces: its keys have no effect */
    size_t warning_at, warning_size; /* its warning, without the line end; 0: it has none */
};

struct shared_key {
    unsigned section; /* its index */
    unsigned line;    /* from 1 */
    char *name;       /* owned; lower case */
    char *value;      /* owned; may be "" */
};

struct shared_file {
    struct shared_section *sections;
    struct shared_key *keys; /* in the order of the file; without those of dropped sections */
    size_t section_count, key_count;
    size_t section_room, key_room;
    struct text warnings; /* lines "PATH, line N: ...", without values */
};

/* Parses the content. `path` names the file in messages. `credentials`: the file has the grammar of
 * the credentials file. The caller calls shared_file_finish after a failure, too. Fails with
 * usage.aws_config, with path and line. */
int shared_file_parse(struct view content, const char *path, bool credentials,
                      struct shared_file *out, struct err *err);
void shared_file_finish(struct shared_file *file); /* wipes the values */

struct shared_sub_key {
    char *name;  /* owned; lower case */
    char *value; /* owned */
};

/* Splits a value that shared_file_parse accepted into its sub-keys, in their order. A value without
 * sub-keys has none. Allocates *out; release it with shared_sub_keys_free. Fails with
 * local.memory. */
int shared_sub_keys_parse(const char *value, struct shared_sub_key **out, size_t *count,
                          struct err *err);
void shared_sub_keys_free(struct shared_sub_key *keys, size_t count); /* wipes the values */

#endif
