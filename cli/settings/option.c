/*
 * The table of options, the parsers of their values, and the messages for wrong values. The file
 * has more than 500 lines because of the table.
 */
#include "cli/settings/option.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "cli/settings/command_id.h"
#include "cli/settings/nearest.h"

#define FOR(command) (UINT64_C(1) << (command))

#define TRANSFERS (FOR(CMD_PUSH) | FOR(CMD_PULL))
#define READS     (TRANSFERS | FOR(CMD_VERIFY))
#define CHANGES   (FOR(CMD_TAG) | FOR(CMD_PROMOTE) | FOR(CMD_ROLLBACK))
#define DOCKERS   (TRANSFERS | FOR(CMD_BUILD))
#define DAEMONS   (DOCKERS | FOR(CMD_DOCTOR))

#define MINUTE_MS 60000
#define HOUR_MS   (60 * MINUTE_MS)
#define DAY_MS    (UINT64_C(24) * HOUR_MS)

#define UNIT_SIZE 24

#define QUOTED(text)    #text
#define TEXT_OF(number) QUOTED(number)

#define NAMES_FIXED "names are part of the format, see docs/configuration.md"

const struct option option_table[OPTION_COUNT] = {
    [OPT_CONFIG] = {.name = "config",
                    .env = "S3DOCK_CONFIG",
                    .kind = OPTION_TEXT,
                    .argument = "FILE",
                    .help = "configuration file, instead of the usual places"},
    [OPT_PROFILE] = {.name = "profile",
                     .letter = 'p',
                     .env = "S3DOCK_PROFILE",
                     .key = "default_profile",
                     .kind = OPTION_TEXT,
                     .fallback = "default",
                     .argument = "NAME",
                     .help = "profile of the configuration file"},
    [OPT_BUCKET] = {.name = "bucket",
                    .letter = 'b',
                    .env = "S3DOCK_BUCKET",
                    .key = "profiles.*.bucket",
                    .kind = OPTION_TEXT,
                    .fallback = "s3dock-containers",
                    .argument = "NAME",
                    .help = "bucket that holds the images"},
    [OPT_KEY_PREFIX] = {.name = "key-prefix",
                        .env = "S3DOCK_KEY_PREFIX",
                        .key = "profiles.*.key_prefix",
                        .kind = OPTION_TEXT,
                        .argument = "FOLDER",
                        .help = "folder of the bucket that holds all objects"},
    [OPT_REGION] = {.name = "region",
                    .env = "S3DOCK_REGION",
                    .ambient = {"AWS_REGION", "AWS_DEFAULT_REGION"},
                    .key = "profiles.*.region",
                    .kind = OPTION_TEXT,
                    .fallback = "us-east-1",
                    .argument = "NAME",
                    .help = "region of the bucket"},
    [OPT_ENDPOINT] = {.name = "endpoint",
                      .env = "S3DOCK_ENDPOINT",
                      .ambient = {"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"},
                      .key = "profiles.*.endpoint",
                      .kind = OPTION_TEXT,
                      .argument = "URL",
                      .help = "https://HOST[:PORT] or file:///FOLDER; default: AWS"},
    [OPT_ACCESS_KEY] = {.name = "access-key",
                        .no_flag = true,
                        .ambient = {"AWS_ACCESS_KEY_ID"},
                        .key = "profiles.*.access_key",
                        .kind = OPTION_TEXT,
                        .help = "id of the access key"},
    [OPT_SECRET_KEY] = {.name = "secret-key",
                        .no_flag = true,
                        .secret = true,
                        .ambient = {"AWS_SECRET_ACCESS_KEY"},
                        .key = "profiles.*.secret_key",
                        .kind = OPTION_TEXT,
                        .help = "secret of the access key"},
    [OPT_SESSION_TOKEN] = {.name = "session-token",
                           .no_flag = true,
                           .secret = true,
                           .ambient = {"AWS_SESSION_TOKEN"},
                           .key = "profiles.*.session_token",
                           .kind = OPTION_TEXT,
                           .help = "token of temporary credentials"},
    [OPT_ADDRESSING] = {.name = "addressing",
                        .env = "S3DOCK_ADDRESSING",
                        .key = "profiles.*.addressing",
                        .kind = OPTION_CHOICE,
                        .words = "auto|path|virtual",
                        .fallback = "auto",
                        .argument = "STYLE",
                        .help = "put the bucket into the path or the host name"},
    [OPT_CA_FILE] = {.name = "ca-file",
                     .env = "S3DOCK_CA_FILE",
                     .ambient = {"AWS_CA_BUNDLE"},
                     .key = "profiles.*.ca_file",
                     .kind = OPTION_TEXT,
                     .argument = "FILE",
                     .help = "trusted certificates, instead of the system's"},
    [OPT_INSECURE] = {.name = "insecure",
                      .env = "S3DOCK_INSECURE",
                      .key = "profiles.*.insecure",
                      .kind = OPTION_SWITCH,
                      .fallback = "false",
                      .help = "do not check the server's certificate"},
    [OPT_SIGN_PAYLOAD] = {.name = "sign-payload",
                          .env = "S3DOCK_SIGN_PAYLOAD",
                          .key = "profiles.*.sign_payload",
                          .kind = OPTION_SWITCH,
                          .fallback = "false",
                          .help = "sign request bodies on https, too (always on http)"},
    [OPT_ENCRYPTION] = {.name = "encryption",
                        .env = "S3DOCK_ENCRYPTION",
                        .key = "profiles.*.encryption",
                        .kind = OPTION_CHOICE,
                        .words = "default|AES256|aws:kms|aws:kms:dsse",
                        .argument = "WAY",
                        .help = "how the store encrypts new objects"},
    [OPT_ENCRYPTION_KEY] = {.name = "encryption-key",
                            .env = "S3DOCK_ENCRYPTION_KEY",
                            .key = "profiles.*.encryption_key",
                            .kind = OPTION_TEXT,
                            .argument = "ID",
                            .help = "id or ARN of the key, for aws:kms"},
    [OPT_RETRIES] = {.name = "retries",
                     .no_flag = true,
                     .env = "S3DOCK_RETRIES",
                     .key = "defaults.retry_count",
                     .kind = OPTION_NUMBER,
                     .max = 100,
                     .fallback = "0",
                     .help = "maximum tries of a request; 0: depends on the error"},
    [OPT_STALL_TIME] = {.name = "stall-time",
                        .no_flag = true,
                        .env = "S3DOCK_STALL_TIME",
                        .key = "defaults.stall_time",
                        .kind = OPTION_TIME,
                        .min = 1000,
                        .max = HOUR_MS,
                        .fallback = TEXT_OF(OPTION_STALL_SECONDS) "s",
                        .help = "repeat a request that transfers nothing for this time"},
    [OPT_TELL_AFTER] = {.name = "tell-after",
                        .no_flag = true,
                        .env = "S3DOCK_TELL_AFTER",
                        .key = "defaults.tell_after",
                        .kind = OPTION_TIME,
                        .min = 100,
                        .max = HOUR_MS,
                        .fallback = "10s",
                        .help = "print the reason after this time without progress"},
    [OPT_LIMIT_RATE] = {.name = "limit-rate",
                        .env = "S3DOCK_LIMIT_RATE",
                        .key = "profiles.*.limit_rate",
                        .also = "defaults.limit_rate",
                        .kind = OPTION_SIZE,
                        .min = 1024,
                        .max = UINT64_C(1) << 40,
                        .argument = "RATE",
                        .help = "maximum bytes per second to and from S3: 500K, 2M",
                        .commands = READS},
    [OPT_DOCKER_HOST] = {.name = "docker-host",
                         .env = "S3DOCK_DOCKER_HOST",
                         .key = "docker.host",
                         .kind = OPTION_TEXT,
                         .argument = "URL",
                         .help = "unix:///SOCKET or tcp://HOST:PORT",
                         .commands = DAEMONS},
    [OPT_DOCKER_CONTEXT] = {.name = "docker-context",
                            .env = "S3DOCK_DOCKER_CONTEXT",
                            .key = "docker.context",
                            .kind = OPTION_TEXT,
                            .argument = "NAME",
                            .help = "Docker context to use",
                            .commands = DAEMONS},
    [OPT_DOCKER_TIMEOUT] = {.name = "docker-timeout",
                            .no_flag = true,
                            .env = "S3DOCK_DOCKER_TIMEOUT",
                            .key = "docker.timeout",
                            .kind = OPTION_TIME,
                            .min = 100,
                            .max = 24 * HOUR_MS,
                            .fallback = "1m",
                            .help = "maximum wait for a connection to Docker and for short "
                                    "requests; transfers have no limit",
                            .commands = DAEMONS},
    [OPT_DOCKER_COMPRESSION] =
        {.name = "docker-compression",
         .no_flag = true,
         .key = "docker.compression",
         .kind = OPTION_TEXT,
         .only = "gzip",
         .why = "the original and every gunzip must be able to read the archive",
         .help = "always gzip; another value causes a warning"},
    [OPT_DOCKER_PROGRAM] = {.name = "docker-program",
                            .no_flag = true,
                            .env = "S3DOCK_DOCKER",
                            .key = "docker.program",
                            .kind = OPTION_TEXT,
                            .fallback = "docker",
                            .help = "the docker program that builds images",
                            .runs = true,
                            .commands = FOR(CMD_BUILD)},
    [OPT_INPUT] = {.name = "input",
                   .kind = OPTION_TEXT,
                   .argument = "FILE",
                   .help = "archive of docker save or OCI; - is standard input",
                   .commands = FOR(CMD_PUSH)},
    [OPT_OUTPUT] = {.name = "output",
                    .kind = OPTION_TEXT,
                    .argument = "FILE",
                    .help = "write a tar for docker load; - is standard output",
                    .commands = FOR(CMD_PULL)},
    [OPT_AS] = {.name = "as",
                .kind = OPTION_TEXT,
                .argument = "NAME",
                .help = "additional name for the image; can be repeated",
                .repeats = true,
                .commands = FOR(CMD_PULL)},
    [OPT_SOURCE] = {.name = "source",
                    .env = "S3DOCK_SOURCE",
                    .key = "docker.source",
                    .kind = OPTION_CHOICE,
                    .words = "auto|docker|layers", /* enum push_source */
                    .fallback = "auto",
                    .argument = "WAY",
                    .help = "read Docker's layers from disk, or its export",
                    .commands = FOR(CMD_PUSH)},
    [OPT_LEVEL] = {.name = "level",
                   .env = "S3DOCK_LEVEL",
                   .key = "profiles.*.level",
                   .kind = OPTION_NUMBER,
                   .min = 1,
                   .max = 12,
                   .fallback = "5",
                   .argument = "N",
                   .help = "compression level: 1 (fast) to 12 (small)",
                   .commands = FOR(CMD_PUSH)},
    [OPT_DELTA] = {.name = "delta",
                   .no_flag = true,
                   .env = "S3DOCK_DELTA",
                   .key = "profiles.*.delta",
                   .also = "defaults.delta",
                   .kind = OPTION_SWITCH,
                   .fallback = "true",
                   .help = "copy unchanged data from archives in the bucket",
                   .commands = FOR(CMD_PUSH)},
    [OPT_NO_DELTA] = {.name = "no-delta",
                      .kind = OPTION_SWITCH,
                      .fallback = "false",
                      .help = "upload everything; copy nothing within the bucket",
                      .commands = FOR(CMD_PUSH)},
    [OPT_JOBS] = {.name = "jobs",
                  .env = "S3DOCK_JOBS",
                  .key = "defaults.jobs",
                  .kind = OPTION_NUMBER,
                  .words = "auto",
                  .max = 32,
                  .fallback = "auto",
                  .argument = "N",
                  .help = "worker threads; auto: one per processor",
                  .commands = READS},
    [OPT_MEMORY] = {.name = "memory",
                    .env = "S3DOCK_MEMORY",
                    .key = "defaults.memory",
                    .kind = OPTION_SIZE,
                    .min = OPTION_MEMORY_MIN_MIB << 20,
                    .max = UINT64_C(64) << 30,
                    .fallback = TEXT_OF(OPTION_MEMORY_MIB) "M",
                    .argument = "SIZE",
                    .help =
                        "memory limit for buffers, at least " TEXT_OF(OPTION_MEMORY_MIN_MIB) "M",
                    .commands = READS},
    [OPT_DRY_RUN] = {.name = "dry-run",
                     .letter = 'n',
                     .env = "S3DOCK_DRY_RUN",
                     .kind = OPTION_SWITCH,
                     .fallback = "false",
                     .help = "print the actions; change nothing",
                     .commands = DOCKERS | CHANGES | FOR(CMD_CLEANUP)},
    [OPT_FORCE] = {.name = "force",
                   .kind = OPTION_SWITCH,
                   .fallback = "false",
                   .help = "do it even if the result exists already",
                   .commands = TRANSFERS | FOR(CMD_TAG)},
    [OPT_VERIFY] = {.name = "verify",
                    .kind = OPTION_SWITCH,
                    .fallback = "false",
                    .help = "read the archive back and check every byte",
                    .commands = FOR(CMD_PUSH)},
    [OPT_REUSE] = {.name = "reuse",
                   .env = "S3DOCK_REUSE",
                   .key = "defaults.reuse",
                   .kind = OPTION_CHOICE,
                   .words = "auto|always|never", /* enum reuse */
                   .fallback = "auto",
                   .argument = "WHEN",
                   .help = "take missing chunks from images on this host",
                   .commands = FOR(CMD_PULL)},
    [OPT_RESUME] = {.name = "resume",
                    .no_flag = true,
                    .env = "S3DOCK_RESUME",
                    .key = "defaults.resume",
                    .kind = OPTION_SWITCH,
                    .fallback = "true",
                    .help = "continue an interrupted transfer",
                    .commands = TRANSFERS},
    [OPT_NO_RESUME] = {.name = "no-resume",
                       .kind = OPTION_SWITCH,
                       .fallback = "false",
                       .help = "start from the beginning; keep nothing for a rerun",
                       .commands = TRANSFERS},
    [OPT_GIT_BRANCH] = {.name = "include-git-branch",
                        .no_flag = true,
                        .key = "naming.include_git_branch",
                        .kind = OPTION_SWITCH,
                        .fallback = "false",
                        .only = "false",
                        .why = NAMES_FIXED,
                        .help = "always false; another value causes a warning"},
    [OPT_TIMESTAMP_FORMAT] = {.name = "timestamp-format",
                              .no_flag = true,
                              .key = "naming.timestamp_format",
                              .kind = OPTION_TEXT,
                              .only = "20060102-1504",
                              .why = NAMES_FIXED,
                              .help = "always 20060102-1504 (YYYYMMDD-HHMM); another value "
                                      "causes a warning"},
    [OPT_PATH_TEMPLATE] = {.name = "path-template",
                           .no_flag = true,
                           .key = "naming.path_template",
                           .kind = OPTION_TEXT,
                           .only = "images/{app}/{year_month}/{filename}",
                           .why = NAMES_FIXED,
                           .help = "always images/{app}/{year_month}/{filename}; another "
                                   "value causes a warning"},
    [OPT_PATH] = {.name = "path",
                  .kind = OPTION_TEXT,
                  .fallback = ".",
                  .argument = "DIR",
                  .help = "folder inside the repository to build from",
                  .commands = FOR(CMD_BUILD)},
    [OPT_DOCKERFILE] = {.name = "dockerfile",
                        .kind = OPTION_TEXT,
                        .fallback = "Dockerfile",
                        .argument = "FILE",
                        .help = "the Dockerfile, relative to the context",
                        .commands = FOR(CMD_BUILD)},
    [OPT_CONTEXT] = {.name = "context",
                     .kind = OPTION_TEXT,
                     .argument = "DIR",
                     .help = "folder that Docker may copy from; default: --path",
                     .commands = FOR(CMD_BUILD)},
    [OPT_PLATFORM] = {.name = "platform",
                      .kind = OPTION_TEXT,
                      .argument = "OS/ARCH",
                      .help = "build for this platform, with docker buildx",
                      .commands = FOR(CMD_BUILD)},
    [OPT_STRICT] = {.name = "strict",
                    .env = "S3DOCK_STRICT",
                    .kind = OPTION_SWITCH,
                    .fallback = "false",
                    .help = "refuse untracked files, too",
                    .commands = FOR(CMD_BUILD)},
    [OPT_UNFINISHED] = {.name = "unfinished",
                        .kind = OPTION_TIME,
                        .min = 1000,
                        .max = 36500 * DAY_MS,
                        .fallback = "7d",
                        .argument = "AGE",
                        .help = "remove unfinished transfers older than AGE",
                        .commands = FOR(CMD_CLEANUP)},
    [OPT_RETIRED_AFTER] = {.name = "retired-after",
                           .kind = OPTION_TIME,
                           .min = 1000,
                           .max = 36500 * DAY_MS,
                           .fallback = "7d",
                           .argument = "AGE",
                           .help = "delete the data of removed images after AGE",
                           .commands = FOR(CMD_CLEANUP) | FOR(CMD_RESUME)},
    [OPT_KEEP] = {.name = "keep",
                  .kind = OPTION_NUMBER,
                  .min = 1,
                  .max = 1000000,
                  .argument = "N",
                  .help = "images of APP: keep the newest N, remove the others",
                  .commands = FOR(CMD_CLEANUP)},
    [OPT_OLDER_THAN] = {.name = "older-than",
                        .kind = OPTION_TIME,
                        .min = 1000,
                        .max = 36500 * DAY_MS,
                        .argument = "AGE",
                        .help = "images of APP: remove only those older than AGE",
                        .commands = FOR(CMD_CLEANUP)},
    [OPT_MONTH] = {.name = "month",
                   .kind = OPTION_TEXT,
                   .argument = "YYYYMM",
                   .help = "only images stored under this month",
                   .commands = FOR(CMD_LIST_IMAGES)},
    [OPT_LIMIT] = {.name = "limit",
                   .kind = OPTION_NUMBER,
                   .min = 1,
                   .max = 1000000,
                   .fallback = "20",
                   .argument = "N",
                   .help = "maximum number of promotions",
                   .commands = FOR(CMD_HISTORY)},
    [OPT_FULL] = {.name = "full",
                  .kind = OPTION_SWITCH,
                  .fallback = "false",
                  .help = "print commit and date, too",
                  .commands = FOR(CMD_VERSION)},
    [OPT_ORIGIN] = {.name = "origin",
                    .kind = OPTION_SWITCH,
                    .fallback = "false",
                    .help = "print the source of each value",
                    .commands = FOR(CMD_CONFIG_SHOW)},
    [OPT_READ_ONLY] = {.name = "read-only",
                       .kind = OPTION_SWITCH,
                       .fallback = "false",
                       .help = "write no test objects into the bucket",
                       .commands = FOR(CMD_DOCTOR)},
    [OPT_LIST] = {.name = "list",
                  .kind = OPTION_SWITCH,
                  .fallback = "false",
                  .help = "list the trusted files",
                  .commands = FOR(CMD_CONFIG_TRUST)},
    [OPT_REMOVE] = {.name = "remove",
                    .kind = OPTION_SWITCH,
                    .fallback = "false",
                    .help = "stop trusting the file",
                    .commands = FOR(CMD_CONFIG_TRUST)},
    [OPT_JSON] = {.name = "json",
                  .env = "S3DOCK_JSON",
                  .kind = OPTION_SWITCH,
                  .fallback = "false",
                  .help = "print the result, or the error, as JSON"},
    [OPT_QUIET] = {.name = "quiet",
                   .letter = 'q',
                   .env = "S3DOCK_QUIET",
                   .kind = OPTION_SWITCH,
                   .fallback = "false",
                   .help = "no progress, no summary, no warnings"},
    [OPT_PROGRESS] = {.name = "progress",
                      .env = "S3DOCK_PROGRESS",
                      .kind = OPTION_CHOICE,
                      .words = "auto|tty|plain|none", /* enum progress_choice */
                      .fallback = "auto",
                      .argument = "HOW",
                      .help = "a bar (tty), a line every 10 s (plain), or none"},
    [OPT_NO_PROGRESS] = {.name = "no-progress",
                         .env = "S3DOCK_NO_PROGRESS",
                         .kind = OPTION_SWITCH,
                         .fallback = "false",
                         .help = "the same as --progress=none"},
    [OPT_NO_COLOR] = {.name = "no-color",
                      .env = "S3DOCK_NO_COLOR",
                      .kind = OPTION_SWITCH,
                      .fallback = "false",
                      .help = "no colours; NO_COLOR does the same"},
    [OPT_LOG_LEVEL] = {.name = "log-level",
                       .letter = 'l',
                       .env = "S3DOCK_LOG_LEVEL",
                       .key = "defaults.log_level",
                       .kind = OPTION_NUMBER,
                       .words = "off|error|info|debug", /* enum log_level */
                       .max = 3,
                       .fallback = "1",
                       .argument = "N",
                       .help = "1 error, 2 info, 3 debug"},
    [OPT_HELP] = {.name = "help",
                  .letter = 'h',
                  .kind = OPTION_SWITCH,
                  .fallback = "false",
                  .help = "print this help; after a command: its help"},
    [OPT_VERSION] = {.name = "version",
                     .letter = 'v',
                     .kind = OPTION_SWITCH,
                     .fallback = "false",
                     .help = "print the version"},
};

const struct option *option_find(const char *name, size_t size)
{
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const struct option *option = &option_table[i];

        if (!option->no_flag && strlen(option->name) == size && !memcmp(option->name, name, size))
            return option;
    }
    return NULL;
}

const struct option *option_find_letter(char letter)
{
    for (size_t i = 0; i < OPTION_COUNT; i++)
        if (letter && option_table[i].letter == letter)
            return &option_table[i];
    return NULL;
}

const char *option_nearest(const char *name, size_t size)
{
    char word[64];
    struct nearest nearest;

    if (size >= sizeof word)
        return NULL;
    memcpy(word, name, size);
    word[size] = 0;
    nearest_init(&nearest, word);
    for (size_t i = 0; i < OPTION_COUNT; i++)
        if (!option_table[i].no_flag)
            nearest_try(&nearest, option_table[i].name);
    return nearest_found(&nearest);
}

bool option_takes_value(const struct option *option)
{
    return option->kind != OPTION_SWITCH;
}

enum option_id option_id(const struct option *option)
{
    return (enum option_id)(option - option_table);
}

bool option_fits(const struct option *option, enum command_id command)
{
    return command == CMD_NONE || !option->commands || option->commands & FOR(command);
}

bool option_in_profile(const struct option *option)
{
    return option->key && !strncmp(option->key, "profiles.*.", 11);
}

int option_word(const char *words, const char *word)
{
    size_t size = strlen(word);
    int position = 0;

    if (!words || !size || strchr(word, '|'))
        return -1;
    for (const char *at = words; at; at = strchr(at, '|'), position++) {
        at += *at == '|';
        if (!strncasecmp(at, word, size) && (at[size] == '|' || !at[size]))
            return position;
    }
    return -1;
}

bool option_read_switch(const char *text, bool *out)
{
    int at = option_word("0|1|false|true|no|yes|off|on", text);

    *out = at & 1;
    return at >= 0;
}

static bool read_digits(const char *text, uint64_t *out)
{
    uint64_t number = 0;

    if (!*text)
        return false;
    for (; *text; text++) {
        if (!isdigit((unsigned char)*text) || number > UINT64_MAX / 10 - 1)
            return false;
        number = number * 10 + (uint64_t)(*text - '0');
    }
    *out = number;
    return true;
}

bool option_read_size(const char *text, uint64_t *out)
{
    size_t digits = strspn(text, "0123456789");
    char number[20];
    /* each unit in its usual spellings; position / 3 is the power of 1024, less one */
    int unit = option_word("k|kb|kib|m|mb|mib|g|gb|gib", text + digits);

    if (!digits || digits >= sizeof number || (text[digits] && unit < 0))
        return false;
    memcpy(number, text, digits);
    number[digits] = 0;
    if (!read_digits(number, out))
        return false;
    for (int power = unit < 0 ? 0 : unit / 3 + 1; power > 0; power--) {
        if (*out > UINT64_MAX / 1024)
            return false;
        *out *= 1024;
    }
    return true;
}

/* Reads one number with its unit, as in Go's durations, and moves *text behind it. */
static bool read_duration(const char **text, uint64_t *ms)
{
    static const uint64_t units[] = {1, 1000, MINUTE_MS, HOUR_MS, DAY_MS};
    size_t digits = strspn(*text, "0123456789"), letters = strcspn(*text + digits, "0123456789");
    char number[10] = "", unit[4] = "";
    int at;

    if (!digits || digits >= sizeof number || letters >= sizeof unit)
        return false;
    memcpy(number, *text, digits);
    memcpy(unit, *text + digits, letters);
    at = option_word("ms|s|m|h|d", unit);
    *text += digits + letters;
    return at >= 0 && read_digits(number, ms) && (*ms *= units[at], true);
}

bool option_read_time(const char *text, uint64_t *ms)
{
    uint64_t part;

    if (read_digits(text, ms)) {
        *ms = *ms < HOUR_MS ? *ms * 1000 : UINT64_MAX;
        return true;
    }
    for (*ms = 0; *text; *ms += part)
        if (!read_duration(&text, &part))
            return false;
    return *ms > 0;
}

static bool in_range(const struct option *option, uint64_t number)
{
    return number >= option->min && number <= option->max;
}

struct unit {
    const char *name;
    uint64_t size; /* a multiple of the size before */
};

static const struct unit sizes[] = {
    {"", 1}, {"K", 1024}, {"M", 1 << 20}, {"G", 1 << 30}, {NULL, 0}};
static const struct unit times[] = {{"ms", 1},      {"s", 1000},   {"m", MINUTE_MS},
                                    {"h", HOUR_MS}, {"d", DAY_MS}, {NULL, 0}};

/* Formats the number in the largest unit that divides it. */
static const char *format_unit(uint64_t number, const struct unit *units, char out[UNIT_SIZE])
{
    while (units[1].name && number >= units[1].size && number % units[1].size == 0)
        units++;
    snprintf(out, UNIT_SIZE, "%ju%s", (uintmax_t)(number / units->size), units->name);
    return out;
}

static int wrong_word(const struct option *option, const char *text, const char *where,
                      struct err *err)
{
    return err_set(err, ERR_USAGE, "value", "%s: \"%s\" is not one of %s", where, text,
                   option->words);
}

static int wrong_number(const struct option *option, const char *text, const char *where,
                        struct err *err)
{
    char low[UNIT_SIZE], high[UNIT_SIZE];

    switch (option->kind) {
    case OPTION_SIZE:
        return err_set(err, ERR_USAGE, "value", "%s: \"%s\" is not a size from %s to %s", where,
                       text, format_unit(option->min, sizes, low),
                       format_unit(option->max, sizes, high));
    case OPTION_TIME:
        return err_set(err, ERR_USAGE, "value",
                       "%s: \"%s\" is not a time such as 30s or 5m, from %s to %s", where, text,
                       format_unit(option->min, times, low), format_unit(option->max, times, high));
    default:
        return err_set(err, ERR_USAGE, "value", "%s: \"%s\" is not a number from %ju to %ju%s%s",
                       where, text, (uintmax_t)option->min, (uintmax_t)option->max,
                       option->words ? ", nor one of " : "", option->words ? option->words : "");
    }
}

static bool read_number(enum option_kind kind, const char *text, uint64_t *out)
{
    switch (kind) {
    case OPTION_SIZE:
        return option_read_size(text, out);
    case OPTION_TIME:
        return option_read_time(text, out);
    default:
        return read_digits(text, out);
    }
}

int option_parse(const struct option *option, const char *text, const char *where,
                 struct option_value *out, struct err *err)
{
    int word = option->kind == OPTION_TEXT ? -1 : option_word(option->words, text);
    bool on = false;

    *out = (struct option_value){.number = word < 0 ? 0 : (uint64_t)word, .is_word = word >= 0};
    if (out->is_word)
        return 0;
    switch (option->kind) {
    case OPTION_TEXT:
        return *text ? 0 : err_set(err, ERR_USAGE, "value", "%s is empty", where);
    case OPTION_SWITCH:
        if (!option_read_switch(text, &on))
            return err_set(err, ERR_USAGE, "value", "%s: \"%s\" is neither true nor false", where,
                           text);
        out->number = on;
        return 0;
    case OPTION_CHOICE:
        return wrong_word(option, text, where, err);
    default:
        if (read_number(option->kind, text, &out->number) && in_range(option, out->number))
            return 0;
        return wrong_number(option, text, where, err);
    }
}
