/* The default hosts of services. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "aws/service.h"
#include "base/bytes.h"
#include "base/codes.h"
#include "base/err.h"

static void hosts_follow_region_and_partition(void **state)
{
    static const struct {
        enum aws_service service;
        const char *region;
        bool fips, dualstack;
        const char *url, *signing;
    } cases[] = {
        {AWS_STS, "eu-west-1", false, false, "https://sts.eu-west-1.amazonaws.com", "eu-west-1"},
        {AWS_STS, "us-east-1", true, false, "https://sts-fips.us-east-1.amazonaws.com",
         "us-east-1"},
        {AWS_STS, "us-east-1", false, true, "https://sts.us-east-1.api.aws", "us-east-1"},
        {AWS_STS, "us-east-1", true, true, "https://sts-fips.us-east-1.api.aws", "us-east-1"},
        {AWS_STS, "cn-north-1", false, false, "https://sts.cn-north-1.amazonaws.com.cn",
         "cn-north-1"},
        {AWS_STS, "cn-north-1", false, true, "https://sts.cn-north-1.api.amazonwebservices.com.cn",
         "cn-north-1"},
        {AWS_STS, "us-gov-west-1", true, false, "https://sts.us-gov-west-1.amazonaws.com",
         "us-gov-west-1"},
        {AWS_STS, "us-gov-west-1", true, true, "https://sts-fips.us-gov-west-1.api.aws",
         "us-gov-west-1"},
        {AWS_STS, "us-iso-east-1", false, false, "https://sts.us-iso-east-1.c2s.ic.gov",
         "us-iso-east-1"},
        {AWS_STS, "us-isob-east-1", false, false, "https://sts.us-isob-east-1.sc2s.sgov.gov",
         "us-isob-east-1"},
        {AWS_STS, "eusc-de-east-1", false, false, "https://sts.eusc-de-east-1.amazonaws.eu",
         "eusc-de-east-1"},
        {AWS_STS, "", false, false, "https://sts.amazonaws.com", "us-east-1"},
        {AWS_STS, "aws-global", false, false, "https://sts.amazonaws.com", "us-east-1"},
        {AWS_STS, "", true, false, "https://sts-fips.us-east-1.amazonaws.com", "us-east-1"},
        {AWS_SSO, "eu-west-1", false, false, "https://portal.sso.eu-west-1.amazonaws.com",
         "eu-west-1"},
        {AWS_SSO, "us-gov-west-1", true, false, "https://portal.sso.us-gov-west-1.amazonaws.com",
         "us-gov-west-1"},
        {AWS_SIGNIN, "eu-west-1", false, false, "https://eu-west-1.signin.aws.amazon.com",
         "eu-west-1"},
        {AWS_SIGNIN, "eu-west-1", true, false, "https://signin-fips.eu-west-1.amazonaws.com",
         "eu-west-1"},
        {AWS_SIGNIN, "eu-west-1", false, true, "https://signin.eu-west-1.api.aws", "eu-west-1"},
        {AWS_SIGNIN, "cn-north-1", false, false, "https://cn-north-1.signin.amazonaws.cn",
         "cn-north-1"},
        {AWS_SIGNIN, "us-gov-west-1", false, false,
         "https://us-gov-west-1.signin.amazonaws-us-gov.com", "us-gov-west-1"},
        {AWS_SIGNIN, "us-gov-west-1", true, false, "https://signin-fips.amazonaws-us-gov.com",
         "us-gov-west-1"},
        {AWS_SIGNIN, "us-gov-west-1", true, true, "https://signin-fips.us-gov-west-1.api.aws",
         "us-gov-west-1"},
        {AWS_SSO_OIDC, "eu-west-1", true, true, "https://oidc-fips.eu-west-1.api.aws", "eu-west-1"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char url[256], signing[AWS_REGION_SIZE];
        struct err err;

        assert_int_equal(aws_service_url(cases[i].service, cases[i].region, cases[i].fips,
                                         cases[i].dualstack, url, sizeof url, signing, &err),
                         0);
        assert_string_equal(url, cases[i].url);
        assert_string_equal(signing, cases[i].signing);
    }
}

static void a_region_cannot_change_the_host(void **state)
{
    static const char *const regions[] = {
        "x.evil.test/",
        "a b",
        "a@b",
        "a#",
        "-\n",
        "",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        "aaaa"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(regions); i++) {
        char url[256], signing[AWS_REGION_SIZE];
        struct err err;

        assert_true(
            aws_service_url(AWS_SSO, regions[i], false, false, url, sizeof url, signing, &err) < 0);
        assert_true(err_is(&err, ERR_USAGE, CODE_REGION));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hosts_follow_region_and_partition),
        cmocka_unit_test(a_region_cannot_change_the_host),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
