/*
 * file_replace writes, syncs and renames.
 */
#include "deploy/traffic/target_file.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/codes.h"
#include "base/err.h"
#include "base/file.h"
#include "deploy/spec/deployment.h"

#define PLACE "{target}"
#define NOTE                                                                                       \
    "s3dock changes the file beside this one, or was killed while it did. The proxy may not "      \
    "have\n"                                                                                       \
    "been reloaded since. The next deployment does that and deletes this note.\n"

/* ---- the content ---- */

void target_file_content(const struct traffic_spec *spec, const char *address, struct text *out)
{
    const char *at = spec->line, *place;

    while ((place = strstr(at, PLACE))) {
        text_add(out, at, (size_t)(place - at));
        text_str(out, address);
        at = place + strlen(PLACE);
    }
    text_str(out, at);
    if (out->size && out->data[out->size - 1] != '\n')
        text_char(out, '\n');
}

static bool is_of_address(uint8_t c)
{
    return isalnum(c) || c == '.' || c == '-' || c == '_';
}

static bool line_names(struct view line, const char *address, size_t size)
{
    for (size_t at = 0; at + size <= line.size; at++) {
        if (at == 0 && line.data[0] == '#')
            return false;
        if (memcmp(line.data + at, address, size) == 0 &&
            (at == 0 || !is_of_address(line.data[at - 1])) &&
            (at + size == line.size || !is_of_address(line.data[at + size])))
            return true;
    }
    return false;
}

bool target_file_names(struct view text, const char *address)
{
    size_t size = strlen(address);

    while (size && text.size) {
        const uint8_t *end = memchr(text.data, '\n', text.size);
        struct view line = {text.data, end ? (size_t)(end - text.data) : text.size};

        text =
            view_of(text.data + line.size + (end ? 1 : 0), text.size - line.size - (end ? 1 : 0));
        while (line.size && isblank(line.data[0]))
            line = view_of(line.data + 1, line.size - 1);
        if (line_names(line, address, size))
            return true;
    }
    return false;
}

/* ---- the file ---- */

/* A failure of the disk is a failed switch: the containers are as they were. */
static int as_switch(struct err *err)
{
    struct err cause = *err;

    err_set(err, ERR_DEPLOY, CODE_SWITCH, "%s", cause.text);
    if (cause.hint[0])
        err_hint(err, "%s", cause.hint);
    return ERR_FAIL;
}

int target_file_read(const struct traffic_spec *spec, struct text *out, struct err *err)
{
    int answer = file_read(spec->file, out, err);

    if (answer < 0)
        return as_switch(err);
    return answer == FILE_ABSENT ? TARGET_FILE_ABSENT : TARGET_FILE_OK;
}

int target_file_write(const struct traffic_spec *spec, struct view content, struct err *err)
{
    struct stat st;
    mode_t mode = stat(spec->file, &st) == 0 ? st.st_mode & 0777 : 0644;

    return file_replace(spec->file, content, mode, err) < 0 ? as_switch(err) : 0;
}

static int remove_file(const char *path, struct err *err)
{
    if (unlink(path) == 0 || errno == ENOENT)
        return 0;
    return err_set(err, ERR_DEPLOY, CODE_SWITCH, "cannot delete %s: %s", path, strerror(errno));
}

int target_file_remove(const struct traffic_spec *spec, struct err *err)
{
    return remove_file(spec->file, err);
}

/* ---- the note ---- */

static int note_path(const struct traffic_spec *spec, char out[PATH_MAX], struct err *err)
{
    const char *slash = strrchr(spec->file, '/');
    const char *name = slash ? slash + 1 : spec->file;

    if (snprintf(out, PATH_MAX, "%.*s.%s.switching", (int)(name - spec->file), spec->file, name) >=
        PATH_MAX)
        return err_set(err, ERR_DEPLOY, CODE_SWITCH, "the path %s is too long", spec->file);
    return 0;
}

int target_note_write(const struct traffic_spec *spec, struct err *err)
{
    char path[PATH_MAX];

    if (note_path(spec, path, err) < 0)
        return ERR_FAIL;
    return file_replace(path, view_str(NOTE), 0644, err) < 0 ? as_switch(err) : 0;
}

int target_note_remove(const struct traffic_spec *spec, struct err *err)
{
    char path[PATH_MAX];

    return note_path(spec, path, err) < 0 ? ERR_FAIL : remove_file(path, err);
}

bool target_note_exists(const struct traffic_spec *spec)
{
    char path[PATH_MAX];
    struct err err;

    return note_path(spec, path, &err) == 0 && access(path, F_OK) == 0;
}
