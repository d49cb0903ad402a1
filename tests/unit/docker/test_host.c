#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/hash.h"
#include "docker/host.h"

/* The environment of a case: "NAME=value" strings. */
static const char *const *environment;
static char home[64];

static const char *fake_env(const char *name)
{
    size_t size = strlen(name);

    if (strcmp(name, "HOME") == 0)
        return home;
    for (const char *const *entry = environment; entry && *entry; entry++)
        if (strncmp(*entry, name, size) == 0 && (*entry)[size] == '=')
            return *entry + size + 1;
    return NULL;
}

static void write_file(const char *below, const char *content)
{
    char path[512];
    struct err err = {0};

    snprintf(path, sizeof path, "%s/%s", home, below);
    assert_int_equal(file_make_parents(path, 0700, &err), 0);
    assert_int_equal(file_replace(path, view_str(content), 0600, &err), 0);
}

static void write_context(const char *name, const char *meta, bool certificates)
{
    static const char *const files[] = {"ca.pem", "cert.pem", "key.pem"};
    uint8_t digest[SHA256_SIZE];
    char hash[SHA256_HEX_SIZE], path[256];

    sha256_of(view_str(name), digest);
    hex_encode(digest, sizeof digest, hash);
    snprintf(path, sizeof path, ".docker/contexts/meta/%s/meta.json", hash);
    write_file(path, meta);
    for (size_t i = 0; certificates && i < ARRAY_SIZE(files); i++) {
        snprintf(path, sizeof path, ".docker/contexts/tls/%s/docker/%s", hash, files[i]);
        write_file(path, "certificate");
    }
}

struct expected {
    const char *flag;
    const char *env[4];
    const char *origin, *socket, *url;
    bool tls, verify;
};

static void check(const struct expected *want)
{
    struct docker_endpoint got;
    struct err err = {0};

    const struct docker_asked asked = {.host = want->flag, .origin = "--docker-host"};

    environment = want->env;
    if (docker_endpoint_find(&asked, fake_env, &got, &err) < 0)
        fail_msg("%s: %s", want->origin, err.text);
    assert_string_equal(got.origin, want->origin);
    assert_string_equal(got.socket, want->socket);
    assert_string_equal(got.url, want->url);
    assert_int_equal(got.tls, want->tls);
    assert_int_equal(got.tls_verify, want->verify);
}

#define LOCAL "http://localhost"

static void finds_the_host_that_is_meant(void **state)
{
    static const struct expected cases[] = {
        {NULL, {NULL}, "default", "/var/run/docker.sock", LOCAL, false, false},
        {"unix:///a.sock", {"DOCKER_HOST=tcp://b:1"}, "--docker-host", "/a.sock", LOCAL, 0, 0},
        {"", {"DOCKER_HOST=unix://"}, "DOCKER_HOST", "/var/run/docker.sock", LOCAL, 0, 0},
        {NULL, {"DOCKER_HOST="}, "default", "/var/run/docker.sock", LOCAL, 0, 0},
        {NULL, {"DOCKER_HOST=tcp://h"}, "DOCKER_HOST", "", "http://h:2375", 0, 0},
        {NULL, {"DOCKER_HOST=tcp://h:9"}, "DOCKER_HOST", "", "http://h:9", 0, 0},
        {NULL, {"DOCKER_HOST=tcp://h:9/base/"}, "DOCKER_HOST", "", "http://h:9/base", 0, 0},
        {NULL, {"DOCKER_HOST=tcp://h/base"}, "DOCKER_HOST", "", "http://h:2375/base", 0, 0},
        {NULL, {"DOCKER_HOST=tcp://[::1]:9"}, "DOCKER_HOST", "", "http://[::1]:9", 0, 0},
        {NULL, {"DOCKER_HOST=tcp://[::1]"}, "DOCKER_HOST", "", "http://[::1]:2375", 0, 0},
        {NULL, {"DOCKER_HOST=tcp://:9"}, "DOCKER_HOST", "", "http://localhost:9", 0, 0},
        {NULL, {"DOCKER_HOST=h:9"}, "DOCKER_HOST", "", "http://h:9", 0, 0},
        {NULL,
         {"DOCKER_HOST=tcp://h", "DOCKER_TLS_VERIFY=0"},
         "DOCKER_HOST",
         "",
         "https://h:2376",
         true,
         true},
        {NULL,
         {"DOCKER_HOST=tcp://h", "DOCKER_TLS_VERIFY="},
         "DOCKER_HOST",
         "",
         "http://h:2375",
         0,
         0},
        {NULL,
         {"DOCKER_HOST=tcp://h", "DOCKER_TLS=1"},
         "DOCKER_HOST",
         "",
         "https://h:2376",
         true,
         0},
        {NULL, {"DOCKER_HOST=unix:///s", "DOCKER_TLS_VERIFY=1"}, "DOCKER_HOST", "/s", LOCAL, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        check(&cases[i]);
}

static void finds_contexts(void **state)
{
    static const struct expected cases[] = {
        {NULL, {NULL}, "context \"edge\"", "", "https://edge:2376", true, true},
        {NULL, {"DOCKER_CONTEXT=loose"}, "DOCKER_CONTEXT \"loose\"", "", "https://l:1", true, 0},
        {NULL, {"DOCKER_CONTEXT=plain"}, "DOCKER_CONTEXT \"plain\"", "/p.sock", LOCAL, 0, 0},
        {NULL, {"DOCKER_CONTEXT=default"}, "default", "/var/run/docker.sock", LOCAL, 0, 0},
        /* Like docker's code, unlike its manual: the host has precedence over the context. */
        {NULL, {"DOCKER_CONTEXT=plain", "DOCKER_HOST=h:1"}, "DOCKER_HOST", "", "http://h:1", 0, 0},
        /* A context has its own certificates. */
        {NULL,
         {"DOCKER_CONTEXT=plaintcp", "DOCKER_TLS_VERIFY=1"},
         "DOCKER_CONTEXT \"plaintcp\"",
         "",
         "http://t:2375",
         0,
         0},
    };

    (void)state;
    write_file(".docker/config.json", "{\"auths\":{},\"currentContext\":\"edge\"}");
    write_context("edge",
                  "{\"Name\":\"edge\",\"Endpoints\":{\"docker\":{\"Host\":\"tcp://edge\"}}}", true);
    write_context("loose",
                  "{\"Endpoints\":{\"docker\":{\"Host\":\"tcp://l:1\",\"SkipTLSVerify\":true}}}",
                  false);
    write_context("plain", "{\"Endpoints\":{\"docker\":{\"Host\":\"unix:///p.sock\"}}}", true);
    write_context("plaintcp", "{\"Endpoints\":{\"docker\":{\"Host\":\"tcp://t\"}}}", false);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        check(&cases[i]);
}

static void finds_certificates(void **state)
{
    struct docker_endpoint got;
    struct err err = {0};
    char path[128], variable[256];
    const char *env[] = {"DOCKER_HOST=tcp://h", "DOCKER_TLS_VERIFY=1", NULL, NULL};

    (void)state;
    environment = env;
    assert_int_equal(docker_endpoint_find(NULL, fake_env, &got, &err), 0);
    assert_string_equal(got.ca_file, ""); /* ~/.docker has none */
    assert_string_equal(got.cert_file, "");

    write_file("certs/ca.pem", "x");
    write_file("certs/cert.pem", "x");
    snprintf(variable, sizeof variable, "DOCKER_CERT_PATH=%s/certs", home);
    env[2] = variable;
    assert_int_equal(docker_endpoint_find(NULL, fake_env, &got, &err), 0);
    snprintf(path, sizeof path, "%s/certs/ca.pem", home);
    assert_string_equal(got.ca_file, path);
    assert_string_equal(got.cert_file, ""); /* no key: no client certificate */

    write_file("certs/key.pem", "x");
    assert_int_equal(docker_endpoint_find(NULL, fake_env, &got, &err), 0);
    snprintf(path, sizeof path, "%s/certs/key.pem", home);
    assert_string_equal(got.key_file, path);
    snprintf(path, sizeof path, "%s/certs/cert.pem", home);
    assert_string_equal(got.cert_file, path);
}

static void remembers_a_fixed_version(void **state)
{
    static const char *const env[] = {"DOCKER_API_VERSION=1.41", NULL};
    struct docker_endpoint got;
    const struct docker_asked asked = {.host = "unix:///x", .origin = "--docker-host"};
    struct err err = {0};

    (void)state;
    environment = env;
    assert_int_equal(docker_endpoint_find(&asked, fake_env, &got, &err), 0);
    assert_string_equal(got.api_version, "1.41");
}

static void a_tunnel_is_suggested_without_the_password(void **state)
{
    static const struct {
        const char *host, *place;
    } cases[] = {{"ssh://me:pa55@host", " me@host &"}, {"ssh://host:22", " host:22 &"}};

    (void)state;
    environment = NULL;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct docker_asked asked = {.host = cases[i].host, .origin = "--docker-host"};
        struct docker_endpoint got;
        struct err err = {0};

        assert_int_equal(docker_endpoint_find(&asked, fake_env, &got, &err), ERR_FAIL);
        assert_non_null(strstr(err.hint, cases[i].place));
    }
}

static void refuses_what_it_cannot_reach(void **state)
{
    static const struct {
        const char *host;
        enum err_family family;
    } cases[] = {
        {"ssh://me@host", ERR_UNSUPPORTED},
        {"npipe:////./pipe/docker", ERR_UNSUPPORTED},
        {"fd://", ERR_UNSUPPORTED},
        {"gopher://x", ERR_USAGE},
        {"localhost", ERR_USAGE},
        {"unix://relative", ERR_USAGE},
        {"tcp://", ERR_USAGE},
        {"tcp://h:", ERR_USAGE},
        {"tcp://h:0", ERR_USAGE},
        {"tcp://h:65536", ERR_USAGE},
        {"tcp://h:9x", ERR_USAGE},
        {"tcp://user@h:9", ERR_USAGE},
        {"tcp://h h:9", ERR_USAGE},
        {"tcp://h\r\nX: y:9", ERR_USAGE},
        {"unix:///a-path-that-is-longer-than-a-socket-address-of-the-kernel-may-be-which-is-one-"
         "hundred-and-eight-bytes-with-its-end",
         ERR_USAGE},
    };

    (void)state;
    environment = NULL;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct docker_endpoint got;
        const struct docker_asked asked = {.host = cases[i].host, .origin = "--docker-host"};
        struct err err = {0};

        assert_int_equal(docker_endpoint_find(&asked, fake_env, &got, &err), ERR_FAIL);
        assert_int_equal(err.family, cases[i].family);
        assert_string_equal(err.code, "docker_host");
        assert_true(err.hint[0] != '\0');
        assert_non_null(strstr(err.text, "--docker-host"));
    }
}

/* Logins to many registries make config.json large. Its context still applies. */
static void a_context_in_a_large_config_is_found(void **state)
{
    static const char *const none[] = {NULL};
    struct docker_endpoint got;
    struct err err = {0};
    struct text config;

    (void)state;
    write_context("large", "{\"Endpoints\":{\"docker\":{\"Host\":\"unix:///large.sock\"}}}", false);
    text_init(&config, MIB);
    text_str(&config, "{\"auths\":{");
    for (unsigned i = 0; i < 5000; i++)
        text_printf(&config, "\"registry-%u.example.com\":{\"auth\":\"c2VjcmV0\"},", i);
    text_str(&config, "\"last\":{}},\"currentContext\":\"large\"}");
    assert_false(config.failed);
    write_file(".docker/config.json", config.data);
    text_finish(&config);
    environment = none;
    assert_int_equal(docker_endpoint_find(NULL, fake_env, &got, &err), 0);
    assert_string_equal(got.socket, "/large.sock");
}

static void says_which_context_is_missing_or_broken(void **state)
{
    static const char *const missing[] = {"DOCKER_CONTEXT=nowhere", NULL};
    static const char *const broken[] = {"DOCKER_CONTEXT=broken", NULL};
    static const char *const empty[] = {"DOCKER_CONTEXT=empty", NULL};
    const struct docker_asked asked = {.context = "absent", .origin = "--docker-context"};
    struct docker_endpoint got;
    struct err err = {0};

    (void)state;
    environment = missing;
    assert_int_equal(docker_endpoint_find(&asked, fake_env, &got, &err), ERR_FAIL);
    assert_non_null(strstr(err.text, "the docker context \"absent\" does not exist"));
    assert_int_equal(docker_endpoint_find(NULL, fake_env, &got, &err), ERR_FAIL);
    assert_string_equal(err.code, "docker_context");
    assert_non_null(strstr(err.text, "nowhere"));
    write_context("broken", "{\"Endpoints\":", false);
    environment = broken;
    assert_int_equal(docker_endpoint_find(NULL, fake_env, &got, &err), ERR_FAIL);
    assert_non_null(strstr(err.text, "broken"));
    write_context("empty", "{}", false);
    environment = empty;
    assert_int_equal(docker_endpoint_find(NULL, fake_env, &got, &err), ERR_FAIL);
}

static void finds_the_socket_of_a_desktop(void **state)
{
    const char *const sockets[] = {".rd/docker.sock", ".colima/default/docker.sock",
                                   ".docker/run/docker.sock"};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char found[128];
    struct err err = {0};

    (void)state;
    write_file(".orbstack/run/docker.sock", "not a socket");
    assert_false(docker_user_socket(home, found, sizeof found));
    for (size_t i = 0; i < ARRAY_SIZE(sockets); i++) { /* each one comes before the last */
        int fd = socket(AF_UNIX, SOCK_STREAM, 0);

        snprintf(address.sun_path, sizeof address.sun_path, "%s/%s", home, sockets[i]);
        assert_int_equal(file_make_parents(address.sun_path, 0700, &err), 0);
        assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
        close(fd);
        assert_true(docker_user_socket(home, found, sizeof found));
        assert_string_equal(found, address.sun_path);
    }
    assert_false(docker_user_socket(home, found, strlen(home)));
}

static int set_up(void **state)
{
    (void)state;
    snprintf(home, sizeof home, "/tmp/s3dock-home-XXXXXX");
    return mkdtemp(home) ? 0 : -1;
}

static int tear_down(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", home);
    return system(command); /* NOLINT: a command of the test */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(finds_the_host_that_is_meant, set_up, tear_down),
        cmocka_unit_test_setup_teardown(finds_the_socket_of_a_desktop, set_up, tear_down),
        cmocka_unit_test_setup_teardown(finds_contexts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(finds_certificates, set_up, tear_down),
        cmocka_unit_test_setup_teardown(remembers_a_fixed_version, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_tunnel_is_suggested_without_the_password, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(refuses_what_it_cannot_reach, set_up, tear_down),
        cmocka_unit_test_setup_teardown(says_which_context_is_missing_or_broken, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_context_in_a_large_config_is_found, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
