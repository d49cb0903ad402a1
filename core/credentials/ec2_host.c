/*
 * Newer instances have the vendor "Amazon EC2", older ones a BIOS version with "amazon" and a
 * hypervisor whose identifier begins with "ec2". Containers see the files of their host.
 */
#include "credentials/ec2_host.h"

#include <stdbool.h>
#include <string.h>

#include "aws/system.h"
#include "base/bytes.h"
#include "base/err.h"

#define FILE_MAX 4096

static const struct {
    const char *path, *word;
    bool first; /* the file begins with it */
} SIGNS[] = {
    {"/sys/class/dmi/id/sys_vendor", "Amazon EC2", false},
    {"/sys/class/dmi/id/bios_vendor", "Amazon EC2", false},
    {"/sys/class/dmi/id/bios_version", "amazon", false},
    {"/sys/hypervisor/uuid", "ec2", true},
};

static bool has_sign(const char *content, size_t i)
{
    const char *found = str_find_any_case(content, SIGNS[i].word);

    return found && (!SIGNS[i].first || found == content);
}

enum ec2_host ec2_host_check(const struct aws_system *system)
{
    enum ec2_host answer = EC2_HOST_UNKNOWN;
    struct text content;
    struct err ignored;

    text_init(&content, FILE_MAX);
    for (size_t i = 0; i < ARRAY_SIZE(SIGNS) && answer != EC2_HOST_YES; i++) {
        text_clear(&content);
        if (system->read_file(system->arg, SIGNS[i].path, FILE_MAX, &content, &ignored) != 0)
            continue;
        answer = has_sign(content.data, i) ? EC2_HOST_YES : EC2_HOST_NO;
    }
    text_finish(&content);
    return answer;
}
