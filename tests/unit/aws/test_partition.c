#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "aws/partition.h"
#include "base/bytes.h"

static void the_region_selects_the_partition(void **state)
{
    static const struct {
        const char *region, *name, *domain;
    } cases[] = {
        {"us-east-1", "aws", "amazonaws.com"},
        {"mars-north-1", "aws", "amazonaws.com"},
        {"aws-global", "aws", "amazonaws.com"},
        {"cn-north-1", "aws-cn", "amazonaws.com.cn"},
        {"us-gov-west-1", "aws-us-gov", "amazonaws.com"},
        {"us-iso-east-1", "aws-iso", "c2s.ic.gov"},
        {"us-isob-east-1", "aws-iso-b", "sc2s.sgov.gov"},
        {"eu-isoe-west-1", "aws-iso-e", "cloud.adc-e.uk"},
        {"us-isof-south-1", "aws-iso-f", "csp.hci.ic.gov"},
        {"eusc-de-east-1", "aws-eusc", "amazonaws.eu"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct aws_partition *partition = aws_partition_of(cases[i].region);
        char host[128];

        assert_string_equal(partition->name, cases[i].name);
        assert_string_equal(partition->domain, cases[i].domain);
        snprintf(host, sizeof host, "s3.%s", cases[i].domain);
        assert_int_equal(aws_partition_before_domain(host), strlen("s3"));
    }
}

static void other_hosts_have_no_domain_of_a_partition(void **state)
{
    static const char *const hosts[] = {"",
                                        "amazonaws.com",
                                        ".amazonaws.com",
                                        "s3amazonaws.com",
                                        "s3.amazonaws.com.example",
                                        "s3.example.com"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(hosts); i++)
        assert_int_equal(aws_partition_before_domain(hosts[i]), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_region_selects_the_partition),
                                       cmocka_unit_test(other_hosts_have_no_domain_of_a_partition)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
