/*
 * Descriptions of hardware, as instances, other machines and containers have them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "aws/system.h"
#include "base/bytes.h"
#include "base/err.h"
#include "credentials/ec2_host.h"

struct machine {
    const char *vendor, *bios, *hypervisor; /* NULL: no such file */
    enum ec2_host answer;
};

static int read_file(void *arg, const char *path, size_t most, struct text *out, struct err *err)
{
    const struct machine *machine = arg;
    const char *content = strstr(path, "sys_vendor")     ? machine->vendor
                          : strstr(path, "bios_version") ? machine->bios
                          : strstr(path, "hypervisor")   ? machine->hypervisor
                                                         : NULL;

    (void)most;
    (void)err;
    if (!content)
        return SYSTEM_ABSENT;
    text_str(out, content);
    return SYSTEM_OK;
}

static void instances_are_known_by_their_hardware(void **state)
{
    static const struct machine machines[] = {
        {"Amazon EC2\n", "1.0\n", NULL, EC2_HOST_YES},
        {"Xen\n", "4.11.amazon\n", "ec2e1916-9099-7caf-fd21-012345abcdef\n", EC2_HOST_YES},
        {NULL, NULL, "EC2e1916-9099-7caf-fd21-012345abcdef\n", EC2_HOST_YES},
        {"LENOVO\n", "N2HET35W\n", NULL, EC2_HOST_NO},
        {"QEMU\n", NULL, NULL, EC2_HOST_NO},
        {NULL, NULL, NULL, EC2_HOST_UNKNOWN},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(machines); i++) {
        const struct aws_system system = {.arg = (void *)&machines[i], .read_file = read_file};
        assert_int_equal(ec2_host_check(&system), machines[i].answer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(instances_are_known_by_their_hardware)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
