/*
 * The tests of a spec.
 */
#include "deploy/gate/gate_input.h"

bool gate_has_test(const struct gate_spec *spec)
{
    return spec->http[0] || spec->tcp || spec->exec || spec->docker || spec->uptime > 0;
}
