/*
 * option - the table of all options: flag, environment variables, key in the configuration file,
 * kind, default and help. The parser, `config show --origin`, --help, completion and the man page
 * read it.
 */
#ifndef S3DOCK_CLI_SETTINGS_OPTION_H
#define S3DOCK_CLI_SETTINGS_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/settings/command_id.h"

struct err;

enum option_id {
    /* the bucket and its endpoint */
    OPT_CONFIG,
    OPT_PROFILE,
    OPT_BUCKET,
    OPT_KEY_PREFIX,
    OPT_REGION,
    OPT_ENDPOINT,
    OPT_ACCESS_KEY,
    OPT_SECRET_KEY,
    OPT_SESSION_TOKEN,
    OPT_ANONYMOUS,
    OPT_ADDRESSING,
    OPT_CA_FILE,
    OPT_INSECURE,
    OPT_SIGN_PAYLOAD,
    OPT_ENCRYPTION,
    OPT_ENCRYPTION_KEY,
    OPT_ENCRYPTION_CONTEXT,
    OPT_CUSTOMER_KEY,
    OPT_BUCKET_KEY,
    OPT_CHECKSUM,
    OPT_AWS_CHECKSUM,
    OPT_STORAGE_CLASS,
    OPT_ACL,
    OPT_TAGS,
    OPT_LOCK_MODE,
    OPT_LOCK_UNTIL,
    OPT_LEGAL_HOLD,
    OPT_REQUESTER_PAYS,
    OPT_BUCKET_OWNER,
    OPT_FIPS,
    OPT_DUALSTACK,
    OPT_ACCELERATE,
    OPT_USE_ARN_REGION,
    OPT_CLIENT_CERT,
    OPT_CLIENT_KEY,
    OPT_SIGN_KEY,
    OPT_RETRIES,
    OPT_STALL_TIME,
    OPT_TELL_AFTER,
    OPT_LIMIT_RATE,
    /* the daemon */
    OPT_DOCKER_HOST,
    OPT_DOCKER_CONTEXT,
    OPT_DOCKER_TIMEOUT,
    OPT_DOCKER_COMPRESSION,
    OPT_DOCKER_PROGRAM,
    /* the transfer */
    OPT_INPUT,
    OPT_OUTPUT,
    OPT_AS,
    OPT_SOURCE,
    OPT_COMPRESSION,
    OPT_LEVEL,
    OPT_DELTA,
    OPT_NO_DELTA,
    OPT_THIN,
    OPT_NO_THIN,
    OPT_JOBS,
    OPT_MEMORY,
    OPT_DRY_RUN,
    OPT_FORCE,
    OPT_VERIFY,
    OPT_REUSE,
    OPT_RESUME,
    OPT_NO_RESUME,
    /* names */
    OPT_GIT_BRANCH,
    OPT_TIMESTAMP_FORMAT,
    OPT_PATH_TEMPLATE,
    /* the build */
    OPT_PATH,
    OPT_DOCKERFILE,
    OPT_CONTEXT,
    OPT_PLATFORM,
    OPT_DATA,
    OPT_RESET_SEQUENCE,
    OPT_IMAGE_ID,
    OPT_STRICT,
    /* single commands */
    OPT_BLUE_GREEN,
    OPT_ROLLBACK,
    OPT_ADOPT,
    OPT_INIT,
    OPT_OFFLINE,
    OPT_WAIT,
    OPT_DEPLOY,
    OPT_INTERVAL,
    OPT_SPLAY,
    OPT_HEARTBEAT,
    OPT_HOOK,
    OPT_METRICS,
    OPT_UNFINISHED,
    OPT_RETIRED_AFTER,
    OPT_KEEP,
    OPT_OLDER_THAN,
    OPT_MONTH,
    OPT_LIMIT,
    OPT_CHECK,
    OPT_FULL,
    OPT_DETAILED,
    OPT_ORIGIN,
    OPT_QUICK,
    OPT_PRICE,
    OPT_CURRENCY,
    OPT_READ_ONLY,
    OPT_CREATE,
    OPT_LIST,
    OPT_REMOVE,
    /* output */
    OPT_JSON,
    OPT_QUIET,
    OPT_PROGRESS,
    OPT_NO_PROGRESS,
    OPT_NO_COLOR,
    OPT_LOG_LEVEL,
    OPT_HELP,
    OPT_VERSION,
    OPTION_COUNT
};

enum option_kind {
    OPTION_SWITCH, /* on or off; the flag takes no value, or =true / =false */
    OPTION_TEXT,   /* any text that is not empty */
    OPTION_PRICE,  /* a decimal number with at most 9 digits, and 6 behind the point */
    OPTION_CHOICE, /* one of `words` */
    OPTION_NUMBER, /* min to max; or one of `words`, if there are any */
    OPTION_SIZE,   /* bytes, min to max: 67108864, 64M, 1G (powers of 1024) */
    OPTION_TIME,   /* milliseconds, min to max: 500ms, 30s, 1h30m, 7d; without unit seconds */
    OPTION_AGE,    /* the same, always with a unit: 30 instead of 30d would remove too much */
};

/* Defaults and limits that core has, too. connect.c and transfer_ui.c assert that both are equal.
 */
#define OPTION_STALL_SECONDS  30
#define OPTION_MEMORY_MIB     80
#define OPTION_MEMORY_MIN_MIB 24

/* A value, parsed. */
struct option_value {
    uint64_t
        number;   /* as a switch 0 or 1; bytes; milliseconds; the position of a word in `words` */
    bool is_word; /* one of `words` */
};

struct option {
    const char *name;       /* of the setting, and of its flag, without dashes */
    const char *env;        /* S3DOCK_*, or NULL */
    const char *ambient[2]; /* AWS_*: variables of other programs; `env` has precedence */
    const char *key;        /* in the file: "profiles.*.bucket", "docker.host"; or NULL */
    const char *also;       /* a second key; `key` has precedence; or NULL */
    const char *words;      /* "auto|path|virtual" */
    const char *fallback;   /* the default as text; NULL: none */
    const char *argument;   /* placeholder of the value in the help: "NAME" */
    const char *help;       /* one line */
    const char *only;       /* the only values with an effect, as in `words`; the keys of the
                               original's files are accepted, another value causes a warning */
    const char *why;        /* the reason for `only` */
    uint64_t min, max;      /* of OPTION_NUMBER, OPTION_SIZE, OPTION_TIME and OPTION_AGE */
    uint64_t commands;      /* bits 1 << enum command_id; 0: every command */
    enum option_kind kind;
    char letter;  /* short flag, or 0 */
    bool no_flag; /* environment and file only, as for secrets */
    bool s3;      /* an option of S3: printed by the general help, and not by that of a command */
    bool secret;  /* never printed */
    bool repeats; /* the flag can be given several times: args->further has all values */
    bool runs;    /* names a program: ignored in a file of the current folder */
};

extern const struct option option_table[OPTION_COUNT];

/* Finds a flag by the first `size` bytes of name (without dashes and value), or by its letter.
 * NULL: no such flag. */
const struct option *option_find(const char *name, size_t size);
const struct option *option_find_letter(char letter);
/* Returns the name of the most similar flag; NULL if none is similar. */
const char *option_nearest(const char *name, size_t size);
bool option_takes_value(const struct option *option);
enum option_id option_id(const struct option *option);
/* Returns whether the command has this option. Every option fits CMD_NONE. */
bool option_fits(const struct option *option, enum command_id command);
/* Returns whether the key of the option is inside a profile ("profiles.*..."). */
bool option_in_profile(const struct option *option);

/* Parses `text` as a value of the option. Text of an OPTION_TEXT is not parsed, and that of an
 * OPTION_PRICE only checked: *out becomes zero.
 * Fails with usage.value: "`where`: ...". `where` names the place of the value for the user:
 * "--jobs", "S3DOCK_JOBS", "defaults.jobs in ./s3dock.json5". */
int option_parse(const struct option *option, const char *text, const char *where,
                 struct option_value *out, struct err *err);

/* Parse a value. False: the text is no such value. */
bool option_read_switch(const char *text, bool *out);
bool option_read_size(const char *text, uint64_t *out);
/* Returns the position of `word` in "a|b|c", or -1. Case is ignored. */
int option_word(const char *words, const char *word);

#endif
