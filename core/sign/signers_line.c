/*
 * The grammar is that of OpenSSH: names of options in any case, values in double quotes, in which
 * \" is a quote. Where OpenSSH would ignore a line with an error, the error is reported.
 */
#include "sign/signers_line.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "sign/local_time.h"

#define BLANKS " \t\r\n"

/* ---- words ---- */

static bool is_blank(char c)
{
    return c != '\0' && strchr(BLANKS, c);
}

/* Cuts the principals from *at: up to white space. A quote begins a part that may contain white
 * space and ends with the next quote, which also ends the word. Returns NULL if there is none, or
 * if memory is short. */
static char *cut_principals(char **at)
{
    size_t plain = strcspn(*at, BLANKS "\""), quoted = 0, end = plain;
    char *word;

    if ((*at)[plain] == '"') {
        quoted = strcspn(*at + plain + 1, "\"");
        end = plain + 1 + quoted;
        if ((*at)[end] != '"')
            return NULL;
        end++;
    }
    word = calloc(1, plain + quoted + 1);
    if (!word)
        return NULL;
    memcpy(word, *at, plain);
    memcpy(word + plain, *at + plain + (quoted > 0), quoted);
    *at += end;
    *at += strspn(*at, BLANKS);
    return word;
}

/* Returns the end of the options: white space outside of quotes. NULL: a quote is open. */
static char *find_options_end(char *at)
{
    bool quoted = false;

    for (; *at && (quoted || !is_blank(*at)); at++)
        if (at[0] == '\\' && at[1] == '"')
            at++;
        else if (*at == '"')
            quoted = !quoted;
    return quoted ? NULL : at;
}

/* ---- options ---- */

/* Reads a value in quotes. Returns NULL if it has another form, or if memory is short. */
static char *read_quoted(const char **at)
{
    const char *from = *at;
    char *value, *to;

    if (*from++ != '"')
        return NULL;
    to = value = calloc(1, strlen(from) + 1);
    for (; value && *from && *from != '"'; from++) {
        if (from[0] == '\\' && from[1] == '"')
            from++;
        *to++ = *from;
    }
    if (value && *from != '"') {
        free(value);
        return NULL;
    }
    *at = from + 1;
    return value;
}

/* Moves over NAME and `end` if the text begins with them. */
static bool take_name(const char **at, const char *name, const char *end)
{
    size_t size = strlen(name);

    if (strncasecmp(*at, name, size) != 0 || strncmp(*at + size, end, strlen(end)) != 0)
        return false;
    *at += size + strlen(end);
    return true;
}

static const char *read_namespaces(const char **at, struct signers_line *line)
{
    if (line->namespaces)
        return "it has several namespaces options";
    line->namespaces = read_quoted(at);
    return line->namespaces ? NULL : "the value of namespaces is not in quotes";
}

static const char *read_time(const char **at, int64_t *seconds)
{
    char *value;
    bool good;

    if (*seconds != 0)
        return "it has a time option twice";
    value = read_quoted(at);
    good = value && local_time_read(value, seconds) && *seconds > 0;
    free(value);
    return good ? NULL : "a time has another form than \"YYYYMMDD[HHMM[SS]][Z]\"";
}

static const char *read_option(const char **at, struct signers_line *line)
{
    if (take_name(at, "cert-authority", "")) {
        line->is_authority = true;
        return NULL;
    }
    if (take_name(at, "namespaces", "="))
        return read_namespaces(at, line);
    if (take_name(at, "valid-after", "="))
        return read_time(at, &line->valid_after);
    if (take_name(at, "valid-before", "="))
        return read_time(at, &line->valid_before);
    return "an option is unknown";
}

static const char *read_options(const char *at, struct signers_line *line)
{
    const char *fault;

    for (;;) {
        fault = read_option(&at, line);
        if (fault)
            return fault;
        if (*at == '\0')
            break;
        if (*at++ != ',')
            return "an option is unknown";
    }
    if (line->valid_after && line->valid_before && line->valid_before <= line->valid_after)
        return "valid-before is not later than valid-after";
    return NULL;
}

/* ---- line ---- */

static const char *read_key(const char *at, struct signers_line *line)
{
    struct view rest = view_str(at);

    return ssh_key_read_text(&rest, &line->blob, &line->key);
}

/* Returns true if the text begins with the name of a key type, and not with options. */
static bool begins_with_key(const char *at)
{
    return ssh_key_is_name(view_of(at, strcspn(at, BLANKS)));
}

static const char *read_fields(char *at, struct signers_line *line)
{
    const char *fault;
    char *end;

    line->principals = cut_principals(&at);
    if (!line->principals)
        return "its principals are malformed";
    if (begins_with_key(at))
        return read_key(at, line);
    end = find_options_end(at);
    if (!end || *end == '\0')
        return "it has no key";
    *end++ = '\0';
    fault = read_options(at, line);
    return fault ? fault : read_key(end + strspn(end, BLANKS), line);
}

enum signers_line_answer signers_line_read(struct view bytes, struct signers_line *line,
                                           const char **fault)
{
    char *copy = calloc(1, bytes.size + 1);
    size_t blanks;

    *line = (struct signers_line){0};
    text_init(&line->blob, SSH_BLOB_MAX);
    *fault = "out of memory";
    if (!copy)
        return SIGNERS_LINE_BAD;
    if (bytes.size > 0)
        memcpy(copy, bytes.data, bytes.size);
    blanks = strspn(copy, BLANKS);
    if (strlen(copy) != bytes.size)
        *fault = "it contains a zero byte";
    else if (copy[blanks] == '\0' || copy[blanks] == '#')
        *fault = "";
    else
        *fault = read_fields(copy + blanks, line);
    free(copy);
    return !*fault ? SIGNERS_LINE_KEY : **fault ? SIGNERS_LINE_BAD : SIGNERS_LINE_EMPTY;
}

void signers_line_finish(struct signers_line *line)
{
    free(line->principals);
    free(line->namespaces);
    text_finish(&line->blob);
    *line = (struct signers_line){0};
}
