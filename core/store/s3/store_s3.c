/*
 * A store has a mailbox for the ops of other threads and a session, which belongs to the http
 * thread. This file makes both from the options; loop.c runs the session.
 */
#include "store/s3/store_s3.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/codes.h"
#include "base/file.h"
#include "base/log.h"
#include "base/random.h"
#include "store/s3/attempt.h"
#include "store/s3/loop.h"
#include "store/s3/mailbox.h"
#include "store/s3/redirect.h"
#include "store/s3/session.h"
#include "store/store.h"

#define CONNECTIONS 32

struct s3_store {
    struct store base;
    struct s3_mailbox mailbox;
    struct s3_session session;
};

/* ---- the http thread ---- */

/* Notes that a fetch has ended. Runs on the thread of the provider. */
static void note_keys(void *arg)
{
    struct s3_session *session = arg;

    atomic_store(&session->keys_changed, true);
    http_wake(session->http);
}

static int64_t step(void *arg, int64_t now)
{
    struct s3_store *s3 = arg;
    bool closing;
    struct store_op *ops = s3_mailbox_take(&s3->mailbox, &closing);
    int64_t next = s3_loop_step(&s3->session, ops, now);

    return closing && next == INT64_MAX ? HTTP_STOP : next;
}

static void finished(void *arg, struct http_exchange *exchange)
{
    struct s3_store *s3 = arg;

    s3_loop_finished(&s3->session, exchange);
}

/* ---- the store's table ---- */

static void s3_submit(struct store *store, struct store_op *op)
{
    struct s3_store *s3 = (struct s3_store *)store;

    s3_mailbox_put(&s3->mailbox, op);
    http_wake(s3->session.http);
}

static void s3_stats(struct store *store, struct store_stats *out)
{
    struct s3_session *session = &((struct s3_store *)store)->session;

    *out = (struct store_stats){0};
    http_traffic(session->http, &out->sent, &out->received);
    pthread_mutex_lock(&session->counts.lock);
    out->requests = session->counts.requests;
    out->retries = session->counts.retries;
    str_copy(out->region, sizeof out->region, session->counts.region);
    out->clock_offset = session->counts.clock_offset;
    pthread_mutex_unlock(&session->counts.lock);
}

static void s3_free(struct s3_store *s3)
{
    struct s3_session *session = &s3->session;

    for (unsigned i = 0; session->attempts && i < session->scheduler.slot_count; i++)
        s3_attempt_finish(&session->attempts[i]);
    free(session->attempts);
    s3_option_headers_finish(&session->options);
    credentials_finish(&session->keys.set);
    pthread_mutex_destroy(&session->counts.lock);
    s3_mailbox_finish(&s3->mailbox);
    free(s3);
}

static void s3_destroy(struct store *store)
{
    struct s3_store *s3 = (struct s3_store *)store;

    if (s3->session.provider)
        provider_watch(s3->session.provider, NULL, NULL);
    s3_mailbox_close(&s3->mailbox);
    http_wake(s3->session.http);
    http_destroy(s3->session.http);
    s3_free(s3);
}

static const struct store_table TABLE = {s3_submit, s3_stats, s3_destroy};

/* ---- making one ---- */

static void fill_base(struct s3_store *s3)
{
    const struct s3_endpoint *place = &s3->session.place;

    s3->base.table = &TABLE;
    snprintf(s3->base.where, sizeof s3->base.where, "s3://%.63s%s%.38s at %.140s", place->bucket,
             place->key_prefix[0] ? "/" : "", place->key_prefix, place->endpoint);
    snprintf(s3->base.identity, sizeof s3->base.identity, "%s/%s%s%s", place->endpoint,
             place->bucket, place->key_prefix[0] ? "/" : "", place->key_prefix);
    s3->base.limits = STORE_LIMITS;
}

static int make_attempts(struct s3_session *session, struct err *err)
{
    scheduler_init(&session->scheduler, CONNECTIONS);
    session->attempts = calloc(CONNECTIONS, sizeof *session->attempts);
    if (!session->attempts)
        return err_memory(err, "the connections to the store");
    return 0;
}

static bool is_set(const char *text)
{
    return text && text[0];
}

static int check_file(const char *path, const char *code, struct err *err)
{
    int fd;

    if (!is_set(path))
        return 0;
    fd = file_open_regular(AT_FDCWD, path, O_RDONLY, 0);
    if (fd < 0)
        return err_set(err, ERR_USAGE, code, "%s: %s", path,
                       errno == FILE_NOT_REGULAR ? "not a regular file" : strerror(errno));
    close(fd);
    return 0;
}

static int check_tls_files(const struct store_s3_options *options, struct err *err)
{
    if (is_set(options->client_key) && !is_set(options->client_cert))
        return err_set(err, ERR_USAGE, CODE_CLIENT_CERT,
                       "a key of a client certificate is set, but no client certificate");
    return check_file(options->ca_file, CODE_CA_FILE, err) < 0 ||
                   check_file(options->client_cert, CODE_CLIENT_CERT, err) < 0 ||
                   check_file(options->client_key, CODE_CLIENT_CERT, err) < 0
               ? ERR_FAIL
               : 0;
}

static int open_place(struct s3_endpoint *place, const struct store_s3_options *options,
                      struct err *err)
{
    const struct s3_place_options wanted = {.endpoint = options->endpoint,
                                            .region = options->region,
                                            .bucket = options->bucket,
                                            .addressing = options->addressing,
                                            .fips = options->fips,
                                            .dualstack = options->dualstack,
                                            .accelerate = options->accelerate,
                                            .own_region_only = options->own_region_only};
    bool strict = !is_set(options->endpoint);

    if (s3_endpoint_init(place, &wanted, err) < 0 ||
        (!place->fixed && s3_bucket_check_exists(place->bucket, strict, err) < 0))
        return ERR_FAIL;
    return s3_endpoint_under(place, options->key_prefix, err);
}

/* A customer key must not be sent in plain text. */
static int check_customer_key(const struct s3_endpoint *place,
                              const struct s3_option_headers *headers, struct err *err)
{
    if (place->https || !headers->values[S3_CUSTOMER_KEY])
        return 0;
    err_set(err, ERR_USAGE, CODE_ENCRYPTION, "a customer key needs an https endpoint");
    return err_hint(err, "write the endpoint with https://, or remove the customer key");
}

/* Reads all options whose values can be wrong. */
static int read_options(const struct store_s3_options *options, struct s3_endpoint *place,
                        struct s3_option_headers *headers, enum s3_checksum *checksum,
                        struct err *err)
{
    *headers = (struct s3_option_headers){0};
    return open_place(place, options, err) < 0 || check_tls_files(options, err) < 0 ||
                   s3_option_headers_init(headers, options->headers, err) < 0 ||
                   check_customer_key(place, headers, err) < 0 ||
                   s3_checksum_read(options->checksum, checksum, err) < 0
               ? ERR_FAIL
               : 0;
}

int store_s3_check(const struct store_s3_options *options, struct err *err)
{
    struct s3_option_headers headers;
    enum s3_checksum checksum;
    struct s3_endpoint place;
    int result = read_options(options, &place, &headers, &checksum, err);

    s3_option_headers_finish(&headers);
    return result;
}

static int configure(struct s3_session *session, const struct store_s3_options *options,
                     struct err *err)
{
    struct err ignored;

    if (read_options(options, &session->place, &session->options, &session->checksum, err) < 0)
        return ERR_FAIL;
    session->policy = options->retry ? *options->retry : RETRY_DEFAULT;
    if (options->retries)
        retry_limit(&session->policy, options->retries);
    session->stall_time = options->stall_time ? options->stall_time : STORE_STALL_TIME;
    session->cancel = options->cancel;
    session->provider = options->provider;
    session->sign_payload = options->sign_payload || s3_checksum_signs(session->checksum);
    session->proven = session->place.https && !options->insecure;
    if (random_fill(&session->seed, sizeof session->seed, &ignored))
        session->seed = (uint64_t)clock_monotonic();
    s3_redirect_set_region(session);
    return make_attempts(session, err);
}

static struct http *start_http(struct s3_store *s3, const struct store_s3_options *options,
                               struct err *err)
{
    const struct http_driver driver = {s3, step, finished};
    const struct http_options http = {
        .tls = {.insecure = options->insecure,
                .ca_file = is_set(options->ca_file) ? options->ca_file : NULL,
                .cert_file = options->client_cert,
                .key_file = options->client_key},
        .connections = CONNECTIONS,
        .rate = options->rate,
    };

    return http_create(&http, &driver, err);
}

struct store *store_s3_create(const struct store_s3_options *options, struct err *err)
{
    struct s3_store *s3 = calloc(1, sizeof *s3);

    if (!s3) {
        err_memory(err, "the store");
        return NULL;
    }
    s3_mailbox_init(&s3->mailbox);
    pthread_mutex_init(&s3->session.counts.lock, NULL);
    s3->session.store = &s3->base;
    if (configure(&s3->session, options, err) == 0) {
        fill_base(s3);
        s3->session.http = start_http(s3, options, err);
    }
    if (!s3->session.http) {
        s3_free(s3);
        return NULL;
    }
    if (options->provider)
        provider_watch(options->provider, note_keys, &s3->session);
    return &s3->base;
}
