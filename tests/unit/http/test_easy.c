/* TLS settings, with a server whose authority is only in the system's folder. The test replaces the
 * system's settings: each new libcurl handle begins with the test's own bundle and folder. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/stat.h>

#include "base/err.h"
#include "http/easy.h"
#include "http/stream.h"
#include "kit/fake_s3.h"
#include "kit/fixed_keys.h"
#include "store/s3/store_s3.h"
#include "store/store.h"

static char dir[] = "/tmp/s3dock-authorities-XXXXXX";
static char system_folder[96], ours[96], theirs[96], key[96];
static struct fake_s3 fake;

/* The linker replaces libcurl's function (--wrap), also in a static program. */
CURL *__real_curl_easy_init(void);
CURL *__wrap_curl_easy_init(void);

CURL *__wrap_curl_easy_init(void)
{
    CURL *easy = __real_curl_easy_init();

    curl_easy_setopt(easy, CURLOPT_CAINFO, ours);
    curl_easy_setopt(easy, CURLOPT_CAPATH, system_folder);
    return easy;
}

static void shell(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void shell(const char *fmt, ...)
{
    char command[1024];
    va_list args;

    va_start(args, fmt);
    vsnprintf(command, sizeof command, fmt, args);
    va_end(args);
    assert_int_equal(system(command), 0);
}

static void make_authority(const char *name, const char *cert)
{
    shell("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 "
          "-subj /CN=%s -addext subjectAltName=IP:127.0.0.1 -keyout %s -out %s 2>/dev/null",
          name, key, cert);
}

static int set_up(void **state)
{
    (void)state;
    unsetenv("SSL_CERT_FILE");
    unsetenv("SSL_CERT_DIR");
    assert_non_null(mkdtemp(dir));
    snprintf(system_folder, sizeof system_folder, "%s/system", dir);
    snprintf(ours, sizeof ours, "%s/ours.pem", dir);
    snprintf(theirs, sizeof theirs, "%s/theirs.pem", dir);
    snprintf(key, sizeof key, "%s/key.pem", dir);
    assert_int_equal(mkdir(system_folder, 0700), 0);
    make_authority("ours", ours);
    make_authority("theirs", theirs); /* from here on, `key` is its key */
    shell("cp %s %s/$(openssl x509 -hash -noout -in %s).0", theirs, system_folder, theirs);
    fake_start(&fake, "[]", (const char *const[]){"--tls", theirs, key, NULL});
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fake_stop(&fake);
    shell("rm -r %s", dir);
    return 0;
}

static enum store_answer ask_store(const char *ca_file, struct err *err)
{
    const struct store_s3_options options = {
        .endpoint = fake.url,
        .bucket = "images",
        .provider = fixed_keys("TESTACCESSKEY", "test-secret-key-0001", NULL),
        .ca_file = ca_file};
    struct store *store = store_s3_create(&options, err);
    struct store_info info;

    assert_non_null(store);
    enum store_answer answer = store_head(store, "nothing", &info, err);
    store_destroy(store);
    return answer;
}

static bool ask_daemon(const char *ca_file, struct err *err)
{
    const struct stream_peer peer = {.base_url = fake.url, .tls_verify = true, .ca_file = ca_file};
    struct stream *stream = stream_open(&peer, "GET", "/_ping", NULL, (struct view){0}, false, err);
    bool connected = stream != NULL;

    stream_close(stream);
    return connected;
}

static void a_configured_authority_replaces_those_of_the_system(void **state)
{
    struct err err = {0};

    (void)state;
    assert_int_equal(ask_store(NULL, &err), STORE_ABSENT); /* the system's folder is in use */
    assert_int_equal(ask_store(theirs, &err), STORE_ABSENT);
    assert_int_equal(ask_store(ours, &err), STORE_FAILED);
    assert_string_equal(err.code, "certificate");
}

static void a_daemon_is_checked_with_its_own_authority(void **state)
{
    struct err err = {0};

    (void)state;
    assert_true(ask_daemon(NULL, &err));
    assert_true(ask_daemon(theirs, &err));
    assert_false(ask_daemon(ours, &err));
    assert_string_equal(err.code, "unreachable");
    assert_non_null(strstr(err.hint, "ca.pem"));
}

/* As for curl: a variable replaces the file or the folder, and not a configured authority. */
static void the_environment_names_authorities_of_the_system(void **state)
{
    struct err err = {0};

    (void)state;
    setenv("SSL_CERT_DIR", "/nowhere", 1);
    assert_int_equal(ask_store(NULL, &err), STORE_FAILED);
    assert_string_equal(err.code, "certificate");
    setenv("SSL_CERT_FILE", theirs, 1);
    assert_int_equal(ask_store(NULL, &err), STORE_ABSENT);
    assert_true(ask_daemon(NULL, &err));
    assert_int_equal(ask_store(ours, &err), STORE_FAILED);
    setenv("SSL_CERT_FILE", "/nowhere", 1);
    assert_int_equal(ask_store(NULL, &err), STORE_FAILED);
    assert_int_equal(err.family, ERR_LOCAL); /* no file is configured, so the machine lacks one */
    assert_string_equal(err.code, "authorities");
    unsetenv("SSL_CERT_FILE");
    unsetenv("SSL_CERT_DIR");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_configured_authority_replaces_those_of_the_system),
        cmocka_unit_test(a_daemon_is_checked_with_its_own_authority),
        cmocka_unit_test(the_environment_names_authorities_of_the_system),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
