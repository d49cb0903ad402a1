/*
 * One entry of the configuration as a value.
 */
#include "deploy/spec/deployment.h"

#include <stdlib.h>
#include <string.h>

static void free_argv(deploy_argv *argv)
{
    for (char **word = *argv; word && *word; word++)
        free(*word);
    free(*argv);
    *argv = NULL;
}

void deployment_finish(struct deployment *deployment)
{
    free_argv(&deployment->before_switch);
    free_argv(&deployment->after);
    for (unsigned i = 0; i < deployment->unit_count; i++) {
        struct unit_spec *unit = &deployment->units[i];

        free_argv(&unit->health.exec);
        free_argv(&unit->traffic.check);
        free_argv(&unit->traffic.reload);
        free_argv(&unit->traffic.command);
    }
}

const struct unit_spec *deployment_unit(const struct deployment *deployment, const char *unit)
{
    for (unsigned i = 0; i < deployment->unit_count; i++)
        if (strcmp(deployment->units[i].unit, unit) == 0)
            return &deployment->units[i];
    return NULL;
}
