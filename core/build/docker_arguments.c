/*
 * The words are searched from the first to the last. A flag and its value are two words, or one
 * word with '=' between them.
 */
#include "build/docker_arguments.h"

#include <stddef.h>
#include <string.h>

#include "build/docker_build.h"

/* Returns the value if the word at *i is the flag, else NULL. Moves *i to the last word read. */
static const char *value_at(const struct build_request *request, const char *flag, unsigned *i)
{
    const char *word = request->more[*i];
    size_t size = strlen(flag);

    if (strncmp(word, flag, size) != 0 || (word[size] && word[size] != '='))
        return NULL;
    if (word[size])
        return word + size + 1;
    if (*i + 1 == request->more_count)
        return "";
    ++*i;
    return request->more[*i];
}

const char *docker_arguments_value(const struct build_request *request, const char *flag)
{
    const char *found = NULL;

    for (unsigned i = 0; i < request->more_count; i++) {
        const char *value = value_at(request, flag, &i);

        if (value)
            found = value;
    }
    return found;
}

static bool has_word(const struct build_request *request, const char *word)
{
    for (unsigned i = 0; i < request->more_count; i++)
        if (!strcmp(request->more[i], word))
            return true;
    return false;
}

/* ---- platforms ---- */

/* Each flag may have several platforms, and adds to those of the flags before it. */
bool docker_arguments_several(const struct build_request *request)
{
    unsigned count = request->platform != NULL;
    bool list = request->platform && strchr(request->platform, ',');

    for (unsigned i = 0; i < request->more_count; i++) {
        const char *value = value_at(request, "--platform", &i);

        count += value != NULL;
        list |= value && strchr(value, ',');
    }
    return list || count > 1;
}

/* ---- outputs ---- */

/* Returns the value of --output or -o if the word at *i is one of them, else NULL. */
static const char *output_at(const struct build_request *request, unsigned *i)
{
    bool is_short = !strncmp(request->more[*i], "-o", 2);

    return value_at(request, is_short ? "-o" : "--output", i);
}

/* With a destination, the docker exporter writes a file. */
static bool is_daemon(const char *output)
{
    return strstr(output, "type=docker") && !strstr(output, "dest=");
}

/* A value without a type is the name of a folder, or "-" for a tar. */
static bool is_files(const char *output)
{
    return !strchr(output, '=') || strstr(output, "type=local") || strstr(output, "type=tar");
}

/* --load adds an output. s3dock sets it with --platform. */
static bool has_load(const struct build_request *request)
{
    if (request->platform && !has_word(request, "--load=false"))
        return true;
    return has_word(request, "--load") || has_word(request, "--load=true");
}

bool docker_arguments_elsewhere(const struct build_request *request)
{
    bool elsewhere = has_word(request, "--push") || has_word(request, "--push=true");

    if (has_load(request))
        return false;
    for (unsigned i = 0; i < request->more_count; i++) {
        const char *output = output_at(request, &i);

        if (output && is_daemon(output))
            return false;
        elsewhere |= output != NULL;
    }
    return elsewhere;
}

/* An image for several platforms has no single id. buildx refuses the file beside outputs of files.
 */
bool docker_arguments_refuse_iidfile(const struct build_request *request)
{
    if (docker_arguments_several(request))
        return true;
    for (unsigned i = 0; i < request->more_count; i++) {
        const char *output = output_at(request, &i);

        if (output && is_files(output))
            return true;
    }
    return false;
}
