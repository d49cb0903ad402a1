/*
 * Both tables have a line with the names of the columns that begins with "# ". Columns are found by
 * their names: versions of HAProxy add some. Values of the CSV may be in quotes.
 */
#include "deploy/traffic/haproxy_answer.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/codes.h"
#include "base/err.h"

#define NOT_THERE (-1)

/* A column that the caller needs. */
struct column {
    const char *name;
    char *out;
    size_t size;
    bool needed;
    int at; /* number of the column, or NOT_THERE */
};

/* ---- lines and fields ---- */

/* Takes the next line, without its end. False: no more. */
static bool next_line(struct view *text, struct view *line)
{
    const uint8_t *end;

    if (text->size == 0)
        return false;
    end = memchr(text->data, '\n', text->size);
    line->data = text->data;
    line->size = end ? (size_t)(end - text->data) : text->size;
    text->data += line->size + (end ? 1 : 0);
    text->size -= line->size + (end ? 1 : 0);
    if (line->size && line->data[line->size - 1] == '\r')
        line->size--;
    return true;
}

/* Takes the next field of a line. A field in quotes ends at its quote; "" in it is one quote, which
 * is left as it is. */
static bool next_field(struct view *line, char separator, struct view *field)
{
    bool quoted = separator == ',' && line->size && line->data[0] == '"';
    size_t at = quoted ? 1 : 0;

    if (line->size == 0)
        return false;
    while (at < line->size && (quoted || line->data[at] != (uint8_t)separator)) {
        if (quoted && line->data[at] == '"') {
            if (at + 1 < line->size && line->data[at + 1] == '"')
                at++;
            else
                quoted = false;
        }
        at++;
    }
    *field = view_of(line->data, at);
    if (at < line->size)
        at++; /* the separator */
    line->data += at;
    line->size -= at;
    return true;
}

static void find_columns(struct view line, char separator, struct column *columns, unsigned count)
{
    struct view field;

    for (int at = 0; next_field(&line, separator, &field); at++)
        for (unsigned i = 0; i < count; i++)
            if (columns[i].at == NOT_THERE && view_equals_str(field, columns[i].name))
                columns[i].at = at;
}

/* Copies the wanted fields of a row. False: one is missing or does not fit. */
static bool copy_fields(struct view line, char separator, const struct column *columns,
                        unsigned count)
{
    struct view field;
    unsigned copied = 0, wanted = 0;

    for (unsigned i = 0; i < count; i++) {
        columns[i].out[0] = '\0';
        wanted += columns[i].at != NOT_THERE;
    }
    for (int at = 0; next_field(&line, separator, &field); at++)
        for (unsigned i = 0; i < count; i++)
            if (columns[i].at == at && field.size < columns[i].size) {
                memcpy(columns[i].out, field.data, field.size);
                columns[i].out[field.size] = '\0';
                copied++;
            }
    return copied == wanted;
}

/* ---- a table ---- */

static int refuse(struct view answer, const char *what, struct err *err)
{
    struct view line = {0};

    while (next_line(&answer, &line) && line.size == 0)
        ;
    if (line.size > 200)
        line.size = 200;
    err_set(err, ERR_DEPLOY, CODE_SWITCH, "HAProxy %s: %.*s", what, (int)line.size,
            line.size ? (const char *)line.data : "");
    if (line.size >= 17 && memcmp(line.data, "Permission denied", 17) == 0)
        err_hint(err, "the socket needs `level admin` in HAProxy's configuration");
    return ERR_FAIL;
}

/* Finds the head of the table. The lines before it are the version of the table. */
static bool find_head(struct view *text, char separator, struct column *columns, unsigned count)
{
    struct view line;

    for (unsigned i = 0; i < count; i++)
        columns[i].at = NOT_THERE;
    while (next_line(text, &line)) {
        if (line.size < 2 || memcmp(line.data, "# ", 2) != 0)
            continue;
        find_columns(view_of(line.data + 2, line.size - 2), separator, columns, count);
        for (unsigned i = 0; i < count; i++)
            if (columns[i].needed && columns[i].at == NOT_THERE)
                return false;
        return true;
    }
    return false;
}

/* The first two columns are those of the backend and of the server; their buffers hold the names
 * of the last row that was read. */
static int find_row(struct view answer, char separator, struct column *columns, unsigned count,
                    const char *backend, const char *server, struct err *err)
{
    struct view text = answer, line;

    if (!find_head(&text, separator, columns, count))
        return refuse(answer, "did not print its table of servers", err);
    while (next_line(&text, &line)) {
        if (line.size == 0)
            continue;
        if (!copy_fields(line, separator, columns, count))
            return refuse(line, "printed a line that is not of its table", err);
        if (strcmp(columns[0].out, backend) == 0 && strcmp(columns[1].out, server) == 0)
            return HAPROXY_OK;
    }
    return HAPROXY_ABSENT;
}

/* Reads a decimal number of at most 9 digits. */
static bool read_number(const char *text, unsigned *out)
{
    size_t size = strspn(text, "0123456789");

    if (size == 0 || size > 9 || text[size])
        return false;
    *out = 0;
    for (; *text; text++)
        *out = *out * 10 + (unsigned)(*text - '0');
    return true;
}

/* ---- the responses ---- */

int haproxy_read_state(struct view answer, const char *backend, const char *server,
                       struct haproxy_state *out, struct err *err)
{
    char be_name[256], srv_name[256], op[16], admin[16], port[16];
    struct column columns[] = {
        {"be_name", be_name, sizeof be_name, true, 0},
        {"srv_name", srv_name, sizeof srv_name, true, 0},
        {"srv_op_state", op, sizeof op, true, 0},
        {"srv_admin_state", admin, sizeof admin, true, 0},
        {"srv_addr", out->address, sizeof out->address, false, 0},
        {"srv_port", port, sizeof port, false, 0},
    };
    int found;

    *out = (struct haproxy_state){0};
    port[0] = '\0';
    found = find_row(answer, ' ', columns, ARRAY_SIZE(columns), backend, server, err);
    if (found)
        return found;
    if (!read_number(op, &out->op_state) || !read_number(admin, &out->admin_state))
        return refuse(view_str(op), "printed a state that is no number", err);
    if (port[0] && !read_number(port, &out->port))
        return refuse(view_str(port), "printed a port that is no number", err);
    return HAPROXY_OK;
}

bool haproxy_serves(const struct haproxy_state *state)
{
    return (state->op_state == HAPROXY_STARTING || state->op_state == HAPROXY_RUNNING) &&
           (state->admin_state & (HAPROXY_ANY_MAINT | HAPROXY_ANY_DRAIN)) == 0;
}

int haproxy_read_stat(struct view answer, const char *backend, const char *server,
                      struct haproxy_stat *out, struct err *err)
{
    char pxname[256], svname[256], scur[16], qcur[16];
    struct column columns[] = {
        {"pxname", pxname, sizeof pxname, true, 0},
        {"svname", svname, sizeof svname, true, 0},
        {"status", out->status, sizeof out->status, true, 0},
        {"scur", scur, sizeof scur, true, 0},
        {"qcur", qcur, sizeof qcur, true, 0},
        {"check_status", out->check, sizeof out->check, false, 0},
    };
    unsigned sessions = 0, queued = 0;
    int found;

    *out = (struct haproxy_stat){0};
    found = find_row(answer, ',', columns, ARRAY_SIZE(columns), backend, server, err);
    if (found)
        return found;
    if (!read_number(scur, &sessions) || !read_number(qcur, &queued))
        return refuse(view_str(scur), "printed a count of sessions that is no number", err);
    out->sessions = sessions;
    out->queued = queued;
    return HAPROXY_OK;
}

int haproxy_read_done(struct view answer, struct err *err)
{
    struct view text = answer, line;

    while (next_line(&text, &line))
        if (line.size)
            return refuse(answer, "refused", err);
    return 0;
}
