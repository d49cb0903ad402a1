/*
 * script - an aws_system that a case describes: variables, files, clock, HTTP exchanges, commands
 * and terminal. Only commands without an entry run on this machine.
 */
#ifndef S3DOCK_TESTS_CASES_SCRIPT_H
#define S3DOCK_TESTS_CASES_SCRIPT_H

#include <pthread.h>

#include "aws/system.h"
#include "base/json.h"
#include "credentials/real_system.h"

#define SCRIPT_FILES_MAX     64
#define SCRIPT_VARIABLES_MAX 64
#define SCRIPT_EXCHANGES_MAX 64

struct script_file {
    char path[1024];
    char *content; /* owned; NULL: removed */
    size_t size;
};

struct script {
    struct aws_system system;
    struct real_system real; /* runs commands without an entry */
    pthread_mutex_t lock;
    struct json_node root;
    struct {
        char name[128];
        char *value; /* owned */
    } variables[SCRIPT_VARIABLES_MAX];
    unsigned variable_count;
    struct script_file files[SCRIPT_FILES_MAX];
    unsigned file_count;
    int64_t now;
    unsigned call;                   /* number of the call, from 1 */
    struct json_node commands;       /* of the call, or of the case */
    bool used[SCRIPT_EXCHANGES_MAX]; /* exchanges of the case */
    struct json_node response;       /* the last one */
    char trouble[1024];              /* the first call that the case does not allow */
};

/* Reads the case. Trouble has the reason if it cannot be played. */
void script_init(struct script *script, struct json_node root);
void script_finish(struct script *script);
/* Starts the next call: its clock, its changed files, its commands. */
void script_call(struct script *script, struct json_node call);
/* Adds trouble for exchanges that the case demands and that did not happen. */
void script_end(struct script *script);
/* Returns the status of the last response; 0: there was none. */
int script_status(const struct script *script);
/* Returns the file with this path, or NULL. */
const struct script_file *script_file(const struct script *script, const char *path);
/* Reads an RFC 3339 time, as ns. Returns false for another text. */
bool script_time(struct json_node node, int64_t *ns);

/* Adds trouble. The first one stays. */
void script_trouble(struct script *script, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Returns whether the value has the pattern: equal, or up to a "*" at its end. */
bool script_matches(const char *pattern, const char *value);

#endif
