/*
 * The normal form is that of containerd: each architecture has one name, and a variant that the
 * architecture implies is left out ("arm64/v8"), or stated if it is missing ("arm").
 */
#include "catalog/platform.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"

#define PARTS 3

/* Names of architectures, and the normal form. variant NULL: as stated. */
static const struct alias {
    const char *name, *architecture, *variant;
} aliases[] = {
    {"x86_64", "amd64", NULL}, {"aarch64", "arm64", NULL}, {"i386", "386", NULL},
    {"armhf", "arm", "v7"},    {"armel", "arm", "v6"},
};

static const struct {
    const char *architecture, *variant, *normal;
} variants[] = {
    {"amd64", "v1", ""}, {"arm64", "v8", ""}, {"arm64", "8", ""}, {"arm", "", "v7"},
    {"arm", "7", "v7"},  {"arm", "5", "v5"},  {"arm", "6", "v6"}, {"arm", "8", "v8"},
};

static void use_aliases(struct platform *platform)
{
    for (size_t i = 0; i < ARRAY_SIZE(aliases); i++) {
        const struct alias *alias = &aliases[i];

        if (strcmp(platform->architecture, alias->name) != 0)
            continue;
        str_copy(platform->architecture, sizeof platform->architecture, alias->architecture);
        if (alias->variant)
            str_copy(platform->variant, sizeof platform->variant, alias->variant);
        return;
    }
}

static void normalize(struct platform *platform)
{
    if (strcmp(platform->os, "macos") == 0)
        str_copy(platform->os, sizeof platform->os, "darwin");
    use_aliases(platform);
    for (size_t i = 0; i < ARRAY_SIZE(variants); i++)
        if (strcmp(platform->architecture, variants[i].architecture) == 0 &&
            strcmp(platform->variant, variants[i].variant) == 0) {
            str_copy(platform->variant, sizeof platform->variant, variants[i].normal);
            return;
        }
}

/* Copies a part in the characters of the normal form. Returns false for other characters, and for a
 * part that is empty or too long. */
static bool copy_part(char *to, size_t size, const char *from, size_t length)
{
    if (length == 0 || length >= size)
        return false;
    for (size_t i = 0; i < length; i++) {
        char c = from[i];

        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        if (c == '-')
            c = '_';
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '.' && c != '_')
            return false;
        to[i] = c;
    }
    to[length] = '\0';
    return true;
}

static bool parse(const char *text, char separator, struct platform *out)
{
    struct platform found = {.os = ""};
    char *const parts[PARTS] = {found.os, found.architecture, found.variant};
    const char separators[] = {separator, '\0'};
    unsigned count = 0;

    *out = found;
    for (;; text++) {
        size_t length = strcspn(text, separators);

        if (count == PARTS || !copy_part(parts[count], sizeof found.os, text, length))
            return false;
        count++;
        text += length;
        if (!*text)
            break;
    }
    if (count < 2)
        return false;
    normalize(&found);
    *out = found;
    return true;
}

static void format(const struct platform *platform, char separator, char *out, size_t size)
{
    const char between[] = {separator, '\0'};

    snprintf(out, size, "%s%s%s%s%s", platform->os, platform->os[0] ? between : "",
             platform->architecture, platform->variant[0] ? between : "", platform->variant);
}

bool platform_parse(const char *text, struct platform *out)
{
    return parse(text, '/', out);
}

bool platform_parse_key(const char *text, struct platform *out)
{
    char again[PLATFORM_KEY_SIZE];

    if (!parse(text, '-', out))
        return false;
    platform_key(out, again);
    if (strcmp(again, text) == 0)
        return true;
    *out = (struct platform){.os = ""};
    return false;
}

void platform_text(const struct platform *platform, char out[PLATFORM_TEXT_SIZE])
{
    format(platform, '/', out, PLATFORM_TEXT_SIZE);
}

void platform_key(const struct platform *platform, char out[PLATFORM_KEY_SIZE])
{
    format(platform, '-', out, PLATFORM_KEY_SIZE);
}

bool platform_same(const struct platform *a, const struct platform *b)
{
    if (!a->os[0] || !b->os[0])
        return true;
    return strcmp(a->os, b->os) == 0 && strcmp(a->architecture, b->architecture) == 0 &&
           strcmp(a->variant, b->variant) == 0;
}

bool platform_in(const struct platform *list, unsigned count, const struct platform *wanted)
{
    for (unsigned i = 0; i < count; i++)
        if (list[i].os[0] && platform_same(&list[i], wanted))
            return true;
    return false;
}
