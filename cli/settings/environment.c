/*
 * getenv with the type of getenv_fn: the pointer is constant.
 */
#include "cli/settings/environment.h"

#include <stdlib.h>

const char *config_environment(const char *name)
{
    return getenv(name);
}
