/*
 * Each kind of name has one function that returns the fault of a name in words, or NULL. The
 * functions of the header turn it into an error. The messages begin with the words of the original,
 * because scripts search for them.
 */
#include "catalog/name.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/err.h"

#define TAG_DASH (NAME_TIME_SIZE - 1) /* position of the dash between time and hash */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static const char *app_fault(const char *text)
{
    const char *at = text;

    if (!*text)
        return "the application's name is missing";
    if (strlen(text) >= NAME_APP_MAX)
        return "the application's name is too long";
    for (const char *p = text; *p; p++)
        if (is_upper(*p))
            return "an application's name has no upper-case letters";
    for (;;) {
        size_t length = strspn(at, "abcdefghijklmnopqrstuvwxyz0123456789"), gap;

        if (length == 0)
            break;
        at += length;
        if (!*at)
            return NULL;
        gap = *at == '.' ? 1 : *at == '_' ? strspn(at, "_") : strspn(at, "-");
        if (gap == 0 || (*at == '_' && gap > 2))
            break;
        at += gap;
    }
    return "an application's name is made of a-z and 0-9, with '.', '_', '__' or '-' between them";
}

/* Checks an environment or a version. `more`: the characters that are allowed besides letters and
 * digits, except at the beginning. */
static const char *label_fault(const char *text, size_t size, const char *more)
{
    if (!*text)
        return "it is empty";
    if (strlen(text) >= size)
        return "it is too long";
    if (!is_digit(*text) && !is_lower(*text) && !is_upper(*text))
        return "it must begin with a letter or a digit";
    if (strstr(text, ".."))
        return "'..' is not allowed";
    for (const char *p = text; *p; p++)
        if (!is_digit(*p) && !is_lower(*p) && !is_upper(*p) && !strchr(more, *p))
            return "only letters, digits and a few signs are allowed";
    return NULL;
}

static int hint_app(struct err *err)
{
    return err_hint(err,
                    "use at most %d characters: a-z, 0-9, '.', '_' and '-', as in shop or my-app.2",
                    NAME_APP_MAX - 1);
}

int name_check_app(const char *text, struct err *err)
{
    const char *fault = app_fault(text);

    if (!fault)
        return 0;
    err_set(err, ERR_USAGE, "name", "invalid application name '%s': %s", text, fault);
    return hint_app(err);
}

int name_check_env(const char *text, struct err *err)
{
    const char *fault = label_fault(text, NAME_ENV_MAX, "._-");

    if (!fault)
        return 0;
    err_set(err, ERR_USAGE, "name", "invalid environment name '%s': %s", text, fault);
    return err_hint(
        err, "use at most %d letters, digits, '.', '_' and '-', as in production or eu-west.2",
        NAME_ENV_MAX - 1);
}

int name_check_version(const char *text, struct err *err)
{
    const char *fault = label_fault(text, NAME_VERSION_MAX, "._+-");

    if (!fault)
        return 0;
    err_set(err, ERR_USAGE, "name", "invalid version '%s': %s", text, fault);
    return err_hint(
        err, "use at most %d letters, digits, '.', '_', '+' and '-', as in v1.2.0 or 2.0.0-rc.1",
        NAME_VERSION_MAX - 1);
}

int name_check_new_env(const char *text, struct err *err)
{
    if (strcmp(text, "latest") != 0)
        return name_check_env(text, err);
    err_set(err, ERR_USAGE, "name",
            "invalid environment name 'latest': its meaning is not defined");
    return err_hint(err, "use the name of the place where the image runs, such as production or "
                         "staging; it moves with each promotion");
}

int name_check_new_version(const char *text, struct err *err)
{
    if (strcmp(text, "latest") != 0)
        return name_check_version(text, err);
    err_set(err, ERR_USAGE, "name",
            "invalid version 'latest': a version does not move, but the latest image changes");
    return err_hint(err, "use a version such as v1.2.0, or promote the image to an environment, "
                         "which moves");
}

bool name_is_hash(const char *text)
{
    size_t length = strspn(text, "0123456789abcdef");

    return !text[length] && length >= 5 && length < NAME_HASH_MAX;
}

/* ---- references ---- */

static int refuse_tag(const char *text, const char *app, const char *tag, struct err *err)
{
    char stamp[NAME_TIME_SIZE] = "";
    const char *why = "the tag is not YYYYMMDD-HHMM-hash";
    int64_t seconds;

    if (strlen(tag) > TAG_DASH) {
        memcpy(stamp, tag, TAG_DASH);
        if (strspn(stamp, "0123456789-") == TAG_DASH && stamp[8] == '-' && tag[TAG_DASH] == '-')
            why = clock_parse_stamp(stamp, &seconds)
                      ? "the hash is not 5 to 40 digits of 0-9 and a-f"
                      : "there is no such date and time";
    }
    err_set(err, ERR_USAGE, "reference", "invalid tag format in image reference: %s (%s)", text,
            why);
    if (strcmp(tag, "latest") == 0)
        return err_hint(err,
                        "'latest' means another image each time; give this image a tag: "
                        "docker tag %s %s:YYYYMMDD-HHMM-hash",
                        text, app);
    return err_hint(err, "write it as %s:20250721-2118-f7a5a27: time and hash of the commit", app);
}

/* Sets the error for a text that is not of the form app:tag. */
static int refuse_shape(const char *text, struct err *err)
{
    const char *slash = strrchr(text, '/');
    const char *why = "it is not APP:YYYYMMDD-HHMM-hash";
    struct image_name behind;
    struct err ignored;

    if (!*text)
        why = "it is empty";
    else if (strchr(text, '@'))
        why = "a digest is not a name";
    else if (slash)
        why = "registry hosts and namespaces are not part of it";
    else if (!strchr(text, ':'))
        why = "the tag is missing";
    err_set(err, ERR_USAGE, "reference", "invalid image reference format: %s (%s)", text, why);
    if (slash && !strchr(text, '@') && name_parse_image(slash + 1, &behind, &ignored) == 0)
        return err_hint(err, "write it as %s; before a push: docker tag %s %s", behind.ref, text,
                        behind.ref);
    return err_hint(err, "write it as myapp:20250721-2118-f7a5a27: application, then time and hash "
                         "of the commit");
}

int name_parse_image(const char *text, struct image_name *out, struct err *err)
{
    const char *colon = strchr(text, ':'), *tag;
    struct image_name name;
    const char *fault;
    size_t length;
    int64_t seconds;

    if (!colon || strpbrk(text, "/@") || strchr(colon + 1, ':'))
        return refuse_shape(text, err);
    length = (size_t)(colon - text);
    memcpy(name.app, text, length < NAME_APP_MAX ? length : 0);
    name.app[length < NAME_APP_MAX ? length : 0] = '\0';
    fault = length < NAME_APP_MAX ? app_fault(name.app) : "the application's name is too long";
    if (fault) {
        err_set(err, ERR_USAGE, "reference", "invalid image reference format: %s (%s)", text,
                fault);
        return hint_app(err);
    }

    tag = colon + 1;
    if (strlen(tag) <= TAG_DASH || tag[TAG_DASH] != '-')
        return refuse_tag(text, name.app, tag, err);
    memcpy(name.time, tag, TAG_DASH);
    name.time[TAG_DASH] = '\0';
    if (!clock_parse_stamp(name.time, &seconds) || !name_is_hash(tag + NAME_TIME_SIZE))
        return refuse_tag(text, name.app, tag, err);
    snprintf(name.hash, sizeof name.hash, "%s", tag + NAME_TIME_SIZE);
    snprintf(name.tag, sizeof name.tag, "%s", tag);
    snprintf(name.ref, sizeof name.ref, "%s", text);
    *out = name;
    return 0;
}

bool name_means(const char *name, const char *reference)
{
    static const char *const prefixes[] = {"", "docker.io/library/", "library/", "localhost/"};

    for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
        size_t size = strlen(prefixes[i]);

        if (strncmp(name, prefixes[i], size) == 0 && strcmp(name + size, reference) == 0)
            return true;
    }
    return false;
}
