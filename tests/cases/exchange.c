/*
 * A request matches in method, URL without query and the whole query; in each header and form field
 * that the case names; in its JSON body; and in its signature's key, region, service and token.
 */
#include "tests/cases/exchange.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/err.h"
#include "tests/cases/json_equal.h"
#include "tests/cases/script.h"

static const struct json_node NOTHING;

/* ---- check of the case ---- */

static bool is_listed(struct json_node name, const char *const *names)
{
    for (; *names; names++)
        if (json_string_equals(name, *names))
            return true;
    return false;
}

static void check_members(struct script *script, struct json_node object, const char *const *names)
{
    struct json_node name;

    for (struct json_node value = json_next(object, NOTHING, &name); value.doc;
         value = json_next(object, value, &name)) {
        struct view raw = json_raw(name);

        if (!is_listed(name, names))
            script_trouble(script, "unknown member %.*s of an exchange", (int)raw.size,
                           (const char *)raw.data);
    }
}

void exchange_check(struct script *script, struct json_node exchanges)
{
    static const char *const OUTER[] = {"request", "response", "fails", "repeat",
                                        "during",  "never",    NULL};
    static const char *const REQUEST[] = {"method", "url",  "query", "headers",
                                          "form",   "json", "auth",  NULL};
    static const char *const RESPONSE[] = {"status", "headers", "body", NULL};
    static const char *const AUTH[] = {"scheme", "service", "region", "access_key", "token", NULL};

    for (struct json_node at = json_first(exchanges); at.doc; at = json_next(exchanges, at, NULL)) {
        check_members(script, at, OUTER);
        check_members(script, json_get(at, "request"), REQUEST);
        check_members(script, json_get(at, "response"), RESPONSE);
        check_members(script, json_get(json_get(at, "request"), "auth"), AUTH);
        if (!json_present(json_get(at, "response")) && !json_present(json_get(at, "fails")))
            script_trouble(script, "an exchange has neither \"response\" nor \"fails\"");
    }
}

/* ---- parts of a request ---- */

/* Returns the value of a header, or NULL. */
static const char *find_header(const struct web_request *request, const char *name)
{
    size_t size = strlen(name);

    for (unsigned i = 0; i < request->header_count; i++) {
        const char *header = request->headers[i];

        if (strncasecmp(header, name, size) == 0 && header[size] == ':')
            return header + size + 1 + strspn(header + size + 1, " ");
    }
    return NULL;
}

static void decode_percent(char *text)
{
    char *to = text;

    for (const char *from = text; *from; to++) {
        unsigned byte;

        if (*from == '%' && sscanf(from + 1, "%2x", &byte) == 1) {
            *to = (char)byte;
            from += 3;
        } else {
            *to = *from++;
        }
    }
    *to = 0;
}

/* Copies the field with this name of "a=1&b=2". Returns NULL if there is none. */
static char *copy_field(const char *fields, const char *name)
{
    size_t size = strlen(name);

    while (*fields) {
        size_t length = strcspn(fields, "&");

        if (length > size && strncmp(fields, name, size) == 0 && fields[size] == '=') {
            char *value = strndup(fields + size + 1, length - size - 1);

            decode_percent(value);
            return value;
        }
        fields += length + (fields[length] == '&');
    }
    return NULL;
}

static size_t count_fields(const char *fields)
{
    size_t count = *fields != 0;

    for (; *fields; fields++)
        count += *fields == '&';
    return count;
}

/* ---- comparison ---- */

static bool values_match(struct json_node pattern, const char *value)
{
    char *text = json_copy(pattern);
    bool same = text && value && script_matches(text, value);

    free(text);
    return same;
}

static bool fields_match(struct json_node expected, const char *fields, const char *what,
                         char *reason, size_t size)
{
    struct json_node name;

    for (struct json_node value = json_next(expected, NOTHING, &name); value.doc;
         value = json_next(expected, value, &name)) {
        char *key = json_copy(name), *found = copy_field(fields, key);
        bool same = values_match(value, found);

        if (!same)
            snprintf(reason, size, "%s %s is \"%s\"", what, key, found ? found : "(none)");
        free(key);
        free(found);
        if (!same)
            return false;
    }
    return true;
}

static bool headers_match(struct json_node expected, const struct web_request *request,
                          char *reason, size_t size)
{
    struct json_node name;

    for (struct json_node value = json_next(expected, NOTHING, &name); value.doc;
         value = json_next(expected, value, &name)) {
        char *key = json_copy(name);
        const char *found = find_header(request, key);
        bool same = values_match(value, found);

        if (!same)
            snprintf(reason, size, "header %s is \"%s\"", key, found ? found : "(none)");
        free(key);
        if (!same)
            return false;
    }
    return true;
}

static bool body_is_json(struct json_node expected, struct view body)
{
    static const struct json_limits LIMITS = {.bytes = MIB, .depth = 32, .nodes = 10000};
    struct json *json;
    struct err err;

    if (json_parse(&json, body, &LIMITS, "the body", &err) < 0)
        return false;
    bool same = json_equal(expected, json_root(json));
    json_destroy(json);
    return same;
}

/* Compares "Credential=KEY/DATE/REGION/SERVICE/aws4_request". */
static bool scope_matches(struct json_node auth, const char *authorization)
{
    static const char BEGIN[] = "AWS4-HMAC-SHA256 Credential=";
    char key[160], date[16], region[64], service[64];

    return authorization && strncmp(authorization, BEGIN, sizeof BEGIN - 1) == 0 &&
           sscanf(authorization + sizeof BEGIN - 1, "%159[^/]/%15[^/]/%63[^/]/%63[^/]/aws4_request",
                  key, date, region, service) == 4 &&
           values_match(json_get(auth, "access_key"), key) &&
           values_match(json_get(auth, "region"), region) &&
           values_match(json_get(auth, "service"), service);
}

static bool auth_matches(struct json_node auth, const struct web_request *request, char *reason,
                         size_t size)
{
    const char *authorization = find_header(request, "authorization");
    const char *token = find_header(request, "x-amz-security-token");
    bool same;

    if (!auth.doc)
        return true;
    if (json_string_equals(auth, "none"))
        same = !authorization && !token;
    else
        same = json_string_equals(json_get(auth, "scheme"), "sigv4") &&
               scope_matches(auth, authorization) &&
               (json_present(json_get(auth, "token")) ? values_match(json_get(auth, "token"), token)
                                                      : !token);
    if (!same)
        snprintf(reason, size, "authorization is \"%.120s\", token \"%.40s\"",
                 authorization ? authorization : "(none)", token ? token : "(none)");
    return same;
}

static bool target_matches(struct json_node expected, const struct web_request *request,
                           char *reason, size_t size)
{
    struct json_node query = json_get(expected, "query");
    const char *fields = strchr(request->url, '?');
    char url[2048];

    if (!json_string_equals(json_get(expected, "method"), request->method) ||
        !json_string(json_get(expected, "url"), url, sizeof url))
        return false;
    /* A case may write the query into the URL. */
    if (!query.doc && strcmp(url, request->url) == 0)
        return true;
    if (strlen(url) != strcspn(request->url, "?") || strncmp(url, request->url, strlen(url)) != 0)
        return false;
    fields = fields ? fields + 1 : "";
    if (count_fields(fields) != json_count(query)) {
        snprintf(reason, size, "the query is \"%s\"", fields);
        return false;
    }
    return fields_match(query, fields, "query", reason, size);
}

bool exchange_matches(struct json_node expected, const struct web_request *request, char *reason,
                      size_t size)
{
    char *body =
        strndup(request->body.size ? (const char *)request->body.data : "", request->body.size);
    struct json_node json = json_get(expected, "json");
    bool same = target_matches(expected, request, reason, size) &&
                headers_match(json_get(expected, "headers"), request, reason, size) &&
                fields_match(json_get(expected, "form"), body, "form", reason, size) &&
                auth_matches(json_get(expected, "auth"), request, reason, size);

    if (same && json.doc && !body_is_json(json, request->body)) {
        snprintf(reason, size, "the body is another JSON: %.160s", body);
        same = false;
    }
    free(body);
    return same;
}

/* ---- response ---- */

enum web_result exchange_answer(struct json_node response, struct web_answer *answer)
{
    struct json_node headers = json_get(response, "headers");
    int64_t status = 0;
    char value[128];

    json_int(json_get(response, "status"), &status);
    answer->status = (int)status;
    json_string_text(json_get(response, "body"), &answer->body);
    if (json_string(json_get(headers, "date"), value, sizeof value))
        clock_parse_http(value, &answer->date);
    if (json_string(json_get(headers, "x-aws-ec2-metadata-token-ttl-seconds"), value, sizeof value))
        answer->ttl = strtoll(value, NULL, 10);
    return answer->body.failed ? WEB_BROKEN : WEB_ANSWERED;
}

enum web_result exchange_play(struct json_node exchange, const struct web_request *request,
                              struct web_answer *answer, struct err *err)
{
    struct json_node fails = json_get(exchange, "fails");

    if (!fails.doc)
        return exchange_answer(json_get(exchange, "response"), answer);
    if (json_string_equals(fails, "reset")) {
        err_set(err, ERR_NETWORK, "cut", "%s: connection reset", request->url);
        return WEB_BROKEN;
    }
    err_set(err, ERR_NETWORK, json_string_equals(fails, "refused") ? "refused" : "timeout",
            "%s: %s", request->url,
            json_string_equals(fails, "refused") ? "connection refused" : "no connection in time");
    return WEB_UNREACHABLE;
}
