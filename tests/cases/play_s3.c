/*
 * Requests to S3: hosts (group place), headers of options (group headers), and the store's reaction
 * to responses (group s3).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "credentials/chain.h"
#include "credentials/provider.h"
#include "store/s3/request.h"
#include "store/s3/store_s3.h"
#include "tests/cases/expect.h"
#include "tests/cases/json_equal.h"
#include "tests/cases/play.h"
#include "tests/cases/scripted_http.h"

static const struct json_node NOTHING;

/* Copies a string member; "" if there is none. */
static void take_text(struct json_node object, const char *name, char *out, size_t size)
{
    out[0] = '\0';
    json_string(json_get(object, name), out, size);
}

/* ---- hosts ---- */

static void expect_place(struct play *play, struct json_node expected,
                         const struct s3_endpoint *place)
{
    static const char *const MEMBERS[] = {"url", "sign", NULL};
    static const char *const SIGN[] = {"scheme", "service", "region", NULL};
    struct json_node wanted = json_get(expected, "place"), sign = json_get(wanted, "sign");
    char url[1024];

    if (!wanted.doc || !play_members(play, wanted, MEMBERS) || !play_members(play, sign, SIGN))
        return;
    snprintf(url, sizeof url, "%s://%s%s%s%s", place->https ? "https" : "http", place->host,
             place->prefix, place->in_host ? "" : "/", place->in_host ? "" : place->bucket);
    if (expect_text(play, wanted, "url", url) && expect_text(play, sign, "scheme", "sigv4") &&
        expect_text(play, sign, "service", "s3"))
        expect_text(play, sign, "region", place->region);
}

static void play_place(struct play *play, struct json_node expected)
{
    static const char *const MEMBERS[] = {
        "bucket",    "region",     "addressing",     "endpoint",        "fips",
        "dualstack", "accelerate", "use_arn_region", "express_session", "multi_region_disabled",
        NULL};
    struct json_node s3 = json_get(play->root, "s3");
    char bucket[256], region[128], addressing[32], endpoint[512];
    struct s3_place_options options = {.endpoint = endpoint,
                                       .region = region,
                                       .bucket = bucket,
                                       .addressing = addressing,
                                       .fips = json_bool(json_get(s3, "fips"), false),
                                       .dualstack = json_bool(json_get(s3, "dualstack"), false),
                                       .accelerate = json_bool(json_get(s3, "accelerate"), false),
                                       .own_region_only =
                                           !json_bool(json_get(s3, "use_arn_region"), true)};
    struct s3_endpoint place;
    struct err err;
    int found;

    if (!play_members(play, s3, MEMBERS))
        return;
    take_text(s3, "bucket", bucket, sizeof bucket);
    take_text(s3, "region", region, sizeof region);
    take_text(s3, "addressing", addressing, sizeof addressing);
    take_text(s3, "endpoint", endpoint, sizeof endpoint);
    found = s3_endpoint_init(&place, &options, &err);
    if (expect_result(play, expected, found, &err) && found == 0)
        expect_place(play, expected, &place);
}

/* ---- headers of options ---- */

static const struct {
    const char *name;
    enum s3_option option;
    const char *word; /* of a boolean that is true */
} OPTIONS[] = {
    {"sse", S3_ENCRYPTION, NULL},
    {"kms_key", S3_ENCRYPTION_KEY, NULL},
    {"kms_context", S3_ENCRYPTION_CONTEXT, NULL},
    {"customer_key", S3_CUSTOMER_KEY, NULL},
    {"sse_c_key", S3_CUSTOMER_KEY, NULL},
    {"sse_customer_key", S3_CUSTOMER_KEY, NULL},
    {"bucket_key", S3_BUCKET_KEY, "true"},
    {"storage_class", S3_STORAGE_CLASS, NULL},
    {"acl", S3_ACL, NULL},
    {"tags", S3_TAGS, NULL},
    {"tagging", S3_TAGS, NULL},
    {"lock_mode", S3_LOCK_MODE, NULL},
    {"lock_until", S3_LOCK_UNTIL, NULL},
    {"legal_hold", S3_LEGAL_HOLD, "ON"},
    {"request_payer", S3_REQUEST_PAYER, "requester"},
    {"expected_bucket_owner", S3_BUCKET_OWNER, NULL},
};

/* Copies a JSON value without the blanks between its tokens. */
static char *copy_compact(struct json_node node)
{
    struct view raw = json_raw(node);
    char *out = calloc(1, raw.size + 1), *to = out;
    bool quoted = false;

    for (size_t i = 0; i < raw.size; i++) {
        char c = (char)raw.data[i];

        if (c == '"' && (i == 0 || raw.data[i - 1] != '\\'))
            quoted = !quoted;
        if (quoted || !strchr(" \t\r\n", c))
            *to++ = c;
    }
    return out;
}

static void add_escaped(struct text *out, struct json_node string)
{
    char *text = json_copy(string);

    text_percent(out, text ? text : "", "");
    free(text);
}

/* Joins the members of {"a": "b", "c": "d"} as "a=b&c=d". */
static char *copy_tags(struct json_node object)
{
    struct json_node name;
    struct text out;

    text_init(&out, MIB);
    for (struct json_node value = json_next(object, NOTHING, &name); value.doc;
         value = json_next(object, value, &name)) {
        text_str(&out, out.size ? "&" : "");
        add_escaped(&out, name);
        text_str(&out, "=");
        add_escaped(&out, value);
    }
    return text_steal(&out);
}

/* Returns the value of an option, which the caller frees. NULL: it is off. */
static char *copy_value(struct json_node node, enum s3_option option, const char *word)
{
    char text[1024];

    if (json_kind(node) == JSON_OBJECT)
        return option == S3_TAGS ? copy_tags(node) : copy_compact(node);
    if (word && json_kind(node) == JSON_BOOL)
        return json_bool(node, false) ? strdup(word) : NULL;
    return json_string(node, text, sizeof text) ? strdup(text) : NULL;
}

/* Returns whether the case compares a header: the others belong to the request itself. */
static bool is_of_option(const char *name)
{
    return strncmp(name, "x-amz-", 6) == 0 && strcmp(name, "x-amz-copy-source") != 0 &&
           strncmp(name, "x-amz-copy-source-if-", 21) != 0 &&
           strncmp(name, "x-amz-checksum-", 15) != 0;
}

static void expect_headers(struct play *play, const struct s3_request *request,
                           struct json_node wanted, const char *operation)
{
    size_t found = 0;

    for (unsigned i = 0; i < request->header_count; i++) {
        const struct sigv4_header *header = &request->headers[i];

        if (!is_of_option(header->name))
            continue;
        found++;
        if (!json_string_equals(json_get(wanted, header->name), header->value))
            play_fail(play, "%s: expected another value than %s: %s", operation, header->name,
                      header->value);
    }
    if (found != json_count(wanted))
        play_fail(play, "%s: expected %zu headers, got %zu", operation, json_count(wanted), found);
}

static const struct {
    const char *name;
    enum store_verb verb;
} OPERATIONS[] = {
    {"PutObject", STORE_PUT},
    {"CreateMultipartUpload", STORE_UPLOAD_CREATE},
    {"UploadPart", STORE_UPLOAD_PART},
    {"UploadPartCopy", STORE_UPLOAD_COPY_PART},
    {"CompleteMultipartUpload", STORE_UPLOAD_COMPLETE},
    {"AbortMultipartUpload", STORE_UPLOAD_ABORT},
    {"CopyObject", STORE_COPY},
    {"GetObject", STORE_GET},
    {"HeadObject", STORE_HEAD},
    {"DeleteObject", STORE_DELETE},
    {"ListObjectsV2", STORE_LIST},
    {"ListParts", STORE_UPLOAD_PARTS},
    {"ListMultipartUploads", STORE_UPLOADS},
};

static void play_operation(struct play *play, struct s3_request *request, const char *name,
                           struct json_node wanted)
{
    const struct s3_place_options where = {.bucket = "bucket", .region = "eu-west-1"};
    struct store_op op = {
        .key = "k", .source = "s", .upload_id_in = "u", .part_number = 1, .archive = true};
    struct s3_endpoint place;
    struct err err;
    size_t i = 0;

    while (i < ARRAY_SIZE(OPERATIONS) && strcmp(OPERATIONS[i].name, name) != 0)
        i++;
    if (i == ARRAY_SIZE(OPERATIONS)) {
        if (strcmp(name, "DeleteObjects") != 0) /* s3dock never sends it */
            play_fail(play, "expected a known operation, got %s", name);
        return;
    }
    op.verb = OPERATIONS[i].verb;
    if (s3_endpoint_init(&place, &where, &err) < 0 ||
        s3_request_build(request, &place, &op, &err) < 0)
        play_fail(play, "%s: expected a request, got %s", name, err.text);
    else
        expect_headers(play, request, wanted, name);
}

static void play_operations(struct play *play, const struct s3_option_headers *options,
                            struct json_node expected)
{
    static struct s3_request request;
    struct json_node headers = json_get(expected, "headers"), name;

    s3_request_init(&request);
    request.options = options;
    for (struct json_node wanted = json_next(headers, NOTHING, &name); wanted.doc;
         wanted = json_next(headers, wanted, &name)) {
        char operation[64] = "";

        json_string(name, operation, sizeof operation);
        play_operation(play, &request, operation, wanted);
    }
    s3_request_finish(&request);
}

static void play_headers(struct play *play, struct json_node expected)
{
    const char *names[ARRAY_SIZE(OPTIONS) + 1] = {0};
    struct json_node given = json_get(play->root, "options");
    char *values[S3_OPTION_COUNT] = {0};
    struct s3_option_headers options;
    struct err err;
    int found;

    for (size_t i = 0; i < ARRAY_SIZE(OPTIONS); i++) {
        struct json_node node = json_get(given, OPTIONS[i].name);

        names[i] = OPTIONS[i].name;
        if (node.doc)
            values[OPTIONS[i].option] = copy_value(node, OPTIONS[i].option, OPTIONS[i].word);
    }
    if (play_members(play, given, names)) {
        found = s3_option_headers_init(&options, (const char *const *)values, &err);
        if (expect_result(play, expected, found, &err) && found == 0)
            play_operations(play, &options, expected);
        s3_option_headers_finish(&options);
    }
    for (size_t i = 0; i < S3_OPTION_COUNT; i++)
        free(values[i]);
}

/* ---- reactions of the store ---- */

struct reaction {
    struct play *play;
    struct credential_chain *chain;
};

static int resolve(void *arg, bool may_ask, const char *rejected, struct credentials *out,
                   struct err *err)
{
    const struct reaction *reaction = arg;

    if (rejected)
        credential_chain_reject(reaction->chain, rejected);
    return credential_chain_resolve(reaction->chain, may_ask, out, err);
}

static int64_t script_now(void *arg)
{
    const struct reaction *reaction = arg;

    return reaction->play->script.now;
}

/* Lets the store read a missing object first. Otherwise it would ask, after the 404 of a HEAD,
 * whether the object or the bucket is missing. */
static void prove_bucket(struct store *store)
{
    struct text body;
    struct store_op op = {.verb = STORE_GET, .key = "missing", .text = &body};
    struct err ignored;

    text_init(&body, MIB);
    scripted_http_prove_bucket(true);
    store_run(store, &op, &ignored);
    scripted_http_prove_bucket(false);
    text_finish(&body);
}

static enum store_answer run_operation(struct play *play, struct store *store, struct err *err)
{
    static const struct {
        const char *method;
        enum store_verb verb;
    } VERBS[] = {
        {"GET", STORE_GET}, {"HEAD", STORE_HEAD}, {"PUT", STORE_PUT}, {"DELETE", STORE_DELETE}};
    struct json_node operation = json_get(play->root, "operation");
    struct text body;
    char key[256];
    struct store_op op = {.key = key, .body = view_str("data"), .text = &body};
    enum store_answer answer = STORE_FAILED;

    err_set(err, ERR_INTERNAL, "verb", "the player does not know the verb");
    take_text(operation, "key", key, sizeof key);
    text_init(&body, MIB);
    for (size_t i = 0; i < ARRAY_SIZE(VERBS); i++)
        if (json_string_equals(json_get(operation, "verb"), VERBS[i].method)) {
            op.verb = VERBS[i].verb;
            if (op.verb == STORE_HEAD)
                prove_bucket(store);
            answer = store_run(store, &op, err);
        }
    text_finish(&body);
    return answer;
}

static void expect_answer(struct play *play, struct json_node expected, struct store *store,
                          enum store_answer answer, const struct err *err)
{
    struct store_stats stats;

    store_stats(store, &stats);
    if (expect_result(play, expected, answer == STORE_FAILED ? ERR_FAIL : 0, err) &&
        answer != STORE_FAILED && expect_text(play, expected, "region", stats.region))
        expect_number(play, expected, "status",
                      answer == STORE_ABSENT ? 404 : (long)script_status(&play->script));
}

/* Opens the store at the place that the settings of the case choose. */
static struct store *open_store(const struct aws_settings *settings, const char *bucket,
                                struct credential_provider *provider, struct err *err)
{
    static const char *const STYLES[] = {[AWS_ADDRESSING_UNSET] = NULL,
                                         [AWS_ADDRESSING_AUTO] = "auto",
                                         [AWS_ADDRESSING_VIRTUAL] = "virtual",
                                         [AWS_ADDRESSING_PATH] = "path"};
    const struct aws_s3_settings *s3 = &settings->s3;
    struct store_s3_options options = {.bucket = bucket,
                                       .provider = provider,
                                       .region = settings->region,
                                       .addressing = STYLES[s3->addressing_style],
                                       .fips = settings->fips == AWS_SWITCH_ON,
                                       .accelerate = s3->use_accelerate_endpoint == AWS_SWITCH_ON,
                                       .own_region_only = s3->use_arn_region == AWS_SWITCH_OFF};
    enum aws_switch dualstack = s3->use_dualstack_endpoint == AWS_SWITCH_UNSET
                                    ? settings->dualstack
                                    : s3->use_dualstack_endpoint;
    char endpoint[AWS_URL_SIZE];
    bool configured;

    if (aws_settings_endpoint(settings, AWS_S3, endpoint, sizeof endpoint, &configured, err) < 0)
        return NULL;
    options.endpoint = endpoint;
    options.dualstack = dualstack == AWS_SWITCH_ON;
    return store_s3_create(&options, err);
}

static void play_store(struct play *play, struct credential_chain *chain, struct json_node expected)
{
    static const char *const MEMBERS[] = {"verb", "bucket", "key", NULL};
    struct reaction reaction = {play, chain};
    const struct provider_source source = {.resolve = resolve, .now = script_now, .arg = &reaction};
    struct json_node operation = json_get(play->root, "operation");
    struct credential_provider *provider;
    struct store *store = NULL;
    struct err err = {0};
    char bucket[256];

    if (!play_members(play, operation, MEMBERS))
        return;
    take_text(operation, "bucket", bucket, sizeof bucket);
    scripted_http_use(&play->script);
    provider = provider_create(&source, &err);
    if (provider)
        store = open_store(credential_chain_settings(chain), bucket, provider, &err);
    if (store)
        expect_answer(play, expected, store, run_operation(play, store, &err), &err);
    else
        expect_result(play, expected, ERR_FAIL, &err);
    store_destroy(store);
    provider_destroy(provider);
}

static void play_reaction(struct play *play, struct json_node expected)
{
    struct aws_query query = play_query(play);
    struct credential_chain *chain;
    struct err err;

    if (credential_chain_create(&play->script.system, &query, &chain, &err) < 0) {
        expect_result(play, expected, ERR_FAIL, &err);
        return;
    }
    play_store(play, chain, expected);
    credential_chain_destroy(chain);
}

void play_s3(struct play *play, struct json_node expected)
{
    if (strcmp(play->group, "place") == 0)
        play_place(play, expected);
    else if (strcmp(play->group, "headers") == 0)
        play_headers(play, expected);
    else
        play_reaction(play, expected);
}
