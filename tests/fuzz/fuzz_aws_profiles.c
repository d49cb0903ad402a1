/* Two AWS files are accepted or refused. Accepted files, written as one config file, are accepted
 * again and have the same sections and keys. A byte 0xFF separates the two files. */
#include <stdlib.h>
#include <string.h>

#include "aws/settings.h"
#include "aws/system.h"
#include "base/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct files {
    struct view config, credentials;
};

static const char *read_home(void *arg, const char *name)
{
    (void)arg;
    return strcmp(name, "HOME") ? NULL : "/h";
}

static int read_file(void *arg, const char *path, size_t most, struct text *out, struct err *err)
{
    const struct files *files = arg;
    struct view content = strstr(path, "config") ? files->config : files->credentials;

    if (content.size > most)
        return err_set(err, ERR_LOCAL, "too_large", "too large");
    text_add(out, content.data, content.size);
    return SYSTEM_OK;
}

static void write_sections(const struct aws_profiles *profiles, struct text *out)
{
    static const char *const kinds[] = {"profile", "sso-session", "services"};
    const struct aws_profile *section;
    const char *key, *value;

    for (unsigned kind = 0; kind < ARRAY_SIZE(kinds); kind++)
        for (size_t n = 0; (section = aws_profiles_at(profiles, (enum aws_section)kind, n)); n++) {
            text_printf(out, "[%s %s]\r\n", kinds[kind], aws_profile_name(section));
            for (size_t i = 0; aws_profile_at(section, i, &key, &value); i++) {
                text_printf(out, "%s=", key);
                for (; *value; value++)
                    text_str(out, *value == '\n' ? "\r\n " : (char[]){*value, 0});
                text_str(out, "\r\n");
            }
        }
}

/* Loads the files and writes their content. Returns false if they are refused. */
static bool load(struct files files, struct text *out)
{
    struct aws_system system = {.arg = &files, .get_env = read_home, .read_file = read_file};
    struct aws_profiles *profiles;
    struct err err;

    if (aws_profiles_load(&system, &profiles, &err) < 0)
        return false;
    write_sections(profiles, out);
    aws_profiles_free(profiles);
    return true;
}

static void load_settings(struct files files)
{
    struct aws_system system = {.arg = &files, .get_env = read_home, .read_file = read_file};
    struct aws_query query = {0};
    struct aws_settings settings;
    struct err err;
    char url[AWS_URL_SIZE];
    bool configured;

    if (aws_settings_load(&system, &query, &settings, &err) == 0)
        (void)aws_settings_endpoint(&settings, AWS_S3, url, sizeof url, &configured, &err);
    aws_settings_finish(&settings);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = size ? memchr(data, 0xFF, size) : NULL;
    size_t first = end ? (size_t)(end - data) : size;
    struct files files = {view_of(data, first),
                          end ? view_of(end + 1, size - first - 1) : view_of(data, 0)};
    struct text once, twice;

    text_init(&once, 8 * MIB);
    text_init(&twice, 8 * MIB);
    load_settings(files);
    if (load(files, &once) && once.size < SHARED_FILE_MAX) {
        if (!load((struct files){.config = text_view(&once)}, &twice) ||
            strcmp(once.data, twice.data) != 0)
            abort();
    }
    text_finish(&once);
    text_finish(&twice);
    return 0;
}
