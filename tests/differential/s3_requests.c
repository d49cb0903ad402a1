/*
 * Sends one request of each kind to an S3 server: s3_requests ENDPOINT. Options come from S3DOCK_*
 * variables, as in the program. tests/differential/aws_cli_headers compares the headers with those
 * of the AWS CLI.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "cli/s3_options.h"
#include "cli/settings/args.h"
#include "cli/settings/config.h"
#include "cli/settings/environment.h"
#include "credentials/provider.h"
#include "store/store.h"

static void run(struct store *store, struct store_op op)
{
    struct err err = {0};

    if (store_run(store, &op, &err) == STORE_FAILED) {
        fprintf(stderr, "verb %d: %s\n", (int)op.verb, err.text);
        exit(1);
    }
}

static void run_page(struct store *store, enum store_verb verb)
{
    struct store_page page = {0};

    run(store,
        (struct store_op){.verb = verb, .key = "key", .upload_id_in = "upload", .page = &page});
    store_page_finish(&page);
}

static void run_all(struct store *store)
{
    const struct view body = view_str("body");
    const struct store_part part = {.number = 1, .etag = "\"0123456789abcdef0123456789abcdef\""};
    struct text text;

    text_init(&text, KIB);
    run(store, (struct store_op){.verb = STORE_PUT, .key = "key", .body = body, .archive = true});
    run(store, (struct store_op){.verb = STORE_GET, .key = "key", .text = &text});
    run(store, (struct store_op){.verb = STORE_HEAD, .key = "key"});
    run(store,
        (struct store_op){.verb = STORE_COPY, .key = "key", .source = "source", .archive = true});
    run(store, (struct store_op){.verb = STORE_UPLOAD_CREATE, .key = "key", .archive = true});
    run(store, (struct store_op){.verb = STORE_UPLOAD_PART,
                                 .key = "key",
                                 .upload_id_in = "upload",
                                 .part_number = 1,
                                 .body = body});
    run(store, (struct store_op){.verb = STORE_UPLOAD_COPY_PART,
                                 .key = "key",
                                 .source = "source",
                                 .upload_id_in = "upload",
                                 .part_number = 1});
    run(store, (struct store_op){.verb = STORE_UPLOAD_COMPLETE,
                                 .key = "key",
                                 .upload_id_in = "upload",
                                 .parts = &part,
                                 .part_count = 1});
    run(store,
        (struct store_op){.verb = STORE_UPLOAD_ABORT, .key = "key", .upload_id_in = "upload"});
    run(store, (struct store_op){.verb = STORE_DELETE, .key = "key"});
    run_page(store, STORE_LIST);
    run_page(store, STORE_UPLOAD_PARTS);
    run_page(store, STORE_UPLOADS);
    text_finish(&text);
}

static struct credential_provider *make_keys(struct err *err)
{
    struct credentials set;

    return credentials_init(&set, "TESTACCESSKEY", "test-secret-key-0001", NULL, err) == 0
               ? provider_of_set(&set, err)
               : NULL;
}

int main(int argc, char **argv)
{
    static const struct args no_args = {.command = CMD_NONE};
    struct store_s3_options options;
    struct config config;
    struct store *store = NULL;
    struct err err = {0};

    if (argc != 2 || config_load_without_file(&config, &no_args, config_environment, &err) < 0) {
        fprintf(stderr, "%s\n", argc == 2 ? err.text : "usage: s3_requests ENDPOINT");
        return 2;
    }
    s3_options_fill(&config, &options);
    options.endpoint = argv[1];
    options.provider = make_keys(&err);
    if (options.provider)
        store = store_s3_create(&options, &err);
    if (store)
        run_all(store);
    else
        fprintf(stderr, "%s\n", err.text);
    store_destroy(store);
    provider_destroy(options.provider);
    config_finish(&config);
    return store ? 0 : 1;
}
