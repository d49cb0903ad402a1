/* The URL of `verify` in its parts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/bytes.h"
#include "deploy/spec/verify_url.h"

static void every_host_gets_a_port(void **state)
{
    static const struct {
        const char *url, *host, *address, *path;
    } cases[] = {
        {"http://shop", "shop", "shop:80", "/"},
        {"https://shop", "shop", "shop:443", "/"},
        {"https://shop:8443/up", "shop:8443", "shop:8443", "/up"},
        {"http://shop?a=b:c", "shop", "shop:80", "/?a=b:c"},
        {"http://10.0.0.1:81/a:b", "10.0.0.1:81", "10.0.0.1:81", "/a:b"},
        {"http://[::1]", "[::1]", "[::1]:80", "/"},
        {"https://[::1]/", "[::1]", "[::1]:443", "/"},
        {"http://[::1]:8080/up", "[::1]:8080", "[::1]:8080", "/up"},
        {"https://[fd00::a:2]?q", "[fd00::a:2]", "[fd00::a:2]:443", "/?q"},
        {"http://[::ffff:10.0.0.1]:65535", "[::ffff:10.0.0.1]:65535", "[::ffff:10.0.0.1]:65535",
         "/"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct verify_url url;

        assert_null(verify_url_read(cases[i].url, &url));
        assert_int_equal(url.https, cases[i].url[4] == 's');
        assert_string_equal(url.host, cases[i].host);
        assert_string_equal(url.address, cases[i].address);
        assert_string_equal(url.path, cases[i].path);
    }
}

static void wrong_urls_are_refused(void **state)
{
    static const struct {
        const char *url, *words;
    } cases[] = {
        {"", "http://"},
        {"ftp://shop", "http://"},
        {"http://", "host"},
        {"http:///up", "host"},
        {"http://:80", "host"},
        {"http://u:p@shop", "host"},
        {"http://sh op", "host"},
        {"http://::1", "brackets"},
        {"http://fd00::1/up", "brackets"},
        {"http://[]", "host"},
        {"http://[::1", "host"},
        {"http://[shop]", "host"},
        {"http://[::1]80", "port"},
        {"http://[::1]:", "port"},
        {"http://shop:", "port"},
        {"http://shop:0", "port"},
        {"http://shop:65536", "port"},
        {"http://shop:8080x", "port"},
        {"http://shop/a b", "white space"},
    };
    char longer[1200];
    struct verify_url url;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const char *fault = verify_url_read(cases[i].url, &url);

        assert_non_null(fault);
        assert_non_null(strstr(fault, cases[i].words));
    }
    memset(longer, 'a', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    memcpy(longer, "http://", 7);
    assert_string_equal(verify_url_read(longer, &url), "is too long");
    longer[8] = '/';
    assert_string_equal(verify_url_read(longer, &url), "is too long");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_host_gets_a_port),
        cmocka_unit_test(wrong_urls_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
