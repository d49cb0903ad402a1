/*
 * The document has fixed buffers, so a host that writes nonsense costs a bounded amount of memory.
 * A reader shows the texts on terminals: only printable ones are accepted.
 */
#include "catalog/deployed.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/json_write.h"
#include "catalog/fields.h"

#define SCHEMA         1
#define HEARTBEAT_MOST (INT64_C(366) * 24 * 3600) /* seconds */
#define SUFFIX_DIGITS  6
#define LABEL_MOST     (DEPLOYED_HOST_MAX - 1 - (SUFFIX_DIGITS + 1))

/* ---- the name of a host ---- */

static bool is_alphanumeric(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z');
}

/* Returns the character as keys spell it. */
static char spelled(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (char)(c - 'A' + 'a');
    return is_alphanumeric(c) || c == '.' || c == '_' ? c : '-';
}

/* Appends "-" and the first digits of `hex`. */
static void add_suffix(char host[DEPLOYED_HOST_MAX], const char *hex)
{
    size_t size = strlen(host);

    snprintf(host + size, DEPLOYED_HOST_MAX - size, "-%.*s", SUFFIX_DIGITS, hex);
}

static void shorten(char out[DEPLOYED_HOST_MAX], const char *label)
{
    char hex[SHA256_HEX_SIZE];
    uint8_t sum[SHA256_SIZE];

    sha256_of(view_str(label), sum);
    hex_encode(sum, sizeof sum, hex);
    snprintf(out, DEPLOYED_HOST_MAX, "%.*s", LABEL_MOST - SUFFIX_DIGITS - 1, label);
    add_suffix(out, hex);
}

void deployed_host(char out[DEPLOYED_HOST_MAX], const char *name)
{
    char label[256];
    size_t size = 0;

    for (const char *at = name; *at && size < sizeof label - 1; at++) {
        char c = spelled(*at);

        if (size ? c == '.' && label[size - 1] == '.' : !is_alphanumeric(c))
            continue;
        label[size++] = c;
    }
    while (size && label[size - 1] == '.') /* the root of a full domain name */
        size--;
    label[size] = '\0';
    if (size > LABEL_MOST)
        shorten(out, label);
    else
        (void)str_copy(out, DEPLOYED_HOST_MAX, size ? label : "host");
}

void deployed_host_add(char host[DEPLOYED_HOST_MAX], const char machine[17])
{
    if (strlen(host) <= LABEL_MOST)
        add_suffix(host, machine);
}

/* ---- reading ---- */

static bool is_host(const char *text)
{
    struct err ignored;

    return name_check_env(text, &ignored) == 0;
}

static bool is_app(const char *text)
{
    struct err ignored;

    return name_check_app(text, &ignored) == 0;
}

static bool is_machine(const char *text)
{
    return strspn(text, "0123456789abcdef") == 16 && !text[16];
}

/* A newer version may know other results. */
static bool is_result(const char *text)
{
    return strspn(text, "abcdefghijklmnopqrstuvwxyz_") == strlen(text);
}

static void read_units(struct fields *fields, struct deployed *out)
{
    struct json_node list = fields_array(fields, "units"), at = json_first(list);

    for (; at.doc && !fields->failed && out->unit_count < DEPLOYED_UNITS_MAX;
         at = json_next(list, at, NULL)) {
        struct deployed_unit *unit = &out->units[out->unit_count++];
        struct fields inner = fields_enter_element(fields, at);
        uint64_t generation;

        fields_string(&inner, "unit", unit->unit, sizeof unit->unit, NULL);
        fields_string(&inner, "container", unit->container, sizeof unit->container, NULL);
        fields_count(&inner, "generation", &generation);
        unit->generation = generation > UINT32_MAX ? UINT32_MAX : (unsigned)generation;
        fields_leave_element(fields, &inner);
    }
}

static void read_events(struct fields *fields, struct deployed *out)
{
    struct json_node list = fields_array(fields, "events"), at = json_first(list);

    for (; at.doc && !fields->failed && out->event_count < DEPLOYED_EVENTS_MAX;
         at = json_next(list, at, NULL)) {
        struct deployed_event *event = &out->events[out->event_count++];
        struct fields inner = fields_enter_element(fields, at);

        fields_time(&inner, "at", event->at, sizeof event->at);
        fields_string(&inner, "result", event->result, sizeof event->result, is_result);
        fields_string(&inner, "image_reference", event->image_reference,
                      sizeof event->image_reference, NULL);
        fields_string(&inner, "error_code", event->error_code, sizeof event->error_code, NULL);
        fields_leave_element(fields, &inner);
    }
}

int deployed_parse(struct view json, struct deployed *out, struct err *err)
{
    struct fields fields;
    uint64_t heartbeat;

    *out = (struct deployed){.host = ""};
    fields_open(&fields, json, "the record of the host", err);
    fields_string(&fields, "host", out->host, sizeof out->host, is_host);
    fields_string(&fields, "machine", out->machine, sizeof out->machine, is_machine);
    fields_string(&fields, "app_name", out->app_name, sizeof out->app_name, is_app);
    fields_string(&fields, "environment", out->environment, sizeof out->environment, is_host);
    fields_string(&fields, "image_reference", out->image_reference, sizeof out->image_reference,
                  NULL);
    fields_string(&fields, "image_id", out->image_id, sizeof out->image_id, digest_text_valid);
    fields_string(&fields, "result", out->result, sizeof out->result, is_result);
    fields_bool(&fields, "hold", &out->hold);
    fields_string(&fields, "pointer_etag", out->pointer_etag, sizeof out->pointer_etag,
                  store_etag_is_sound);
    fields_time(&fields, "since", out->since, sizeof out->since);
    fields_time(&fields, "seen", out->seen, sizeof out->seen);
    fields_string(&fields, "previous", out->previous, sizeof out->previous, NULL);
    fields_string(&fields, "error_code", out->error_code, sizeof out->error_code, NULL);
    fields_string(&fields, "version", out->version, sizeof out->version, NULL);
    fields_count(&fields, "heartbeat_seconds", &heartbeat);
    out->heartbeat = heartbeat > HEARTBEAT_MOST ? HEARTBEAT_MOST : (int64_t)heartbeat;
    read_units(&fields, out);
    read_events(&fields, out);
    fields_require(&fields, "seen", out->seen);
    fields_require(&fields, "result", out->result);
    if (out->image_id[0])
        fields_require(&fields, "image_reference", out->image_reference);
    return fields_close(&fields);
}

/* ---- writing ---- */

static void write_units(struct json_writer *w, const struct deployed *deployed)
{
    jw_array(w, "units");
    for (unsigned i = 0; i < deployed->unit_count; i++) {
        jw_object(w, NULL);
        jw_string(w, "unit", deployed->units[i].unit);
        jw_string(w, "container", deployed->units[i].container);
        jw_int(w, "generation", deployed->units[i].generation);
        jw_end(w);
    }
    jw_end(w);
}

static void write_events(struct json_writer *w, const struct deployed *deployed)
{
    jw_array(w, "events");
    for (unsigned i = 0; i < deployed->event_count; i++) {
        const struct deployed_event *event = &deployed->events[i];

        jw_object(w, NULL);
        jw_string_if(w, "at", event->at);
        jw_string(w, "result", event->result);
        jw_string(w, "image_reference", event->image_reference);
        jw_string_if(w, "error_code", event->error_code);
        jw_end(w);
    }
    jw_end(w);
}

void deployed_write(const struct deployed *deployed, struct text *out)
{
    struct json_writer w;

    jw_init(&w, out, false);
    jw_object(&w, NULL);
    jw_int(&w, "schema", SCHEMA);
    jw_string(&w, "host", deployed->host);
    jw_string(&w, "machine", deployed->machine);
    jw_string(&w, "app_name", deployed->app_name);
    jw_string(&w, "environment", deployed->environment);
    jw_string(&w, "image_reference", deployed->image_reference);
    jw_string(&w, "image_id", deployed->image_id);
    jw_string(&w, "result", deployed->result);
    jw_string_if(&w, "error_code", deployed->error_code);
    if (deployed->hold)
        jw_bool(&w, "hold", true);
    jw_string(&w, "pointer_etag", deployed->pointer_etag);
    jw_string_if(&w, "since", deployed->since);
    jw_string(&w, "seen", deployed->seen);
    jw_string(&w, "previous", deployed->previous);
    jw_int(&w, "heartbeat_seconds", deployed->heartbeat);
    jw_string(&w, "version", deployed->version);
    write_units(&w, deployed);
    write_events(&w, deployed);
    jw_end(&w);
}
