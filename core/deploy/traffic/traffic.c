/*
 * Finds the driver of a spec, and calls its functions.
 */
#include "deploy/traffic/traffic.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "base/err.h"
#include "deploy/traffic/driver.h"

static const struct traffic_driver *const DRIVERS[] = {
    [TRAFFIC_ABSENT] = &TRAFFIC_DRIVER_ABSENT,   [TRAFFIC_HAPROXY] = &TRAFFIC_DRIVER_HAPROXY,
    [TRAFFIC_CADDY] = &TRAFFIC_DRIVER_CADDY,     [TRAFFIC_FILE] = &TRAFFIC_DRIVER_FILE,
    [TRAFFIC_COMMAND] = &TRAFFIC_DRIVER_COMMAND,
};

int traffic_open(const struct traffic_spec *spec, const struct traffic_context *context,
                 struct traffic **out, struct err *err)
{
    struct traffic *traffic = calloc(1, sizeof *traffic);

    *out = NULL;
    if (!traffic)
        return err_memory(err, "the driver of a proxy");
    traffic->driver = DRIVERS[spec->kind];
    traffic->spec = spec;
    traffic->context = *context;
    if (!traffic->context.limit)
        traffic->context.limit = TRAFFIC_LIMIT;
    for (unsigned slot = 0; slot < SLOT_COUNT; slot++)
        if (!traffic->context.addresses[slot])
            traffic->context.addresses[slot] = "";
    if (traffic->driver->check && traffic->driver->check(traffic, err) < 0) {
        free(traffic);
        return ERR_FAIL;
    }
    *out = traffic;
    return 0;
}

void traffic_close(struct traffic *traffic)
{
    free(traffic);
}

int traffic_hold(struct traffic *traffic, enum deploy_slot slot, struct err *err)
{
    return traffic->driver->hold ? traffic->driver->hold(traffic, slot, err) : TRAFFIC_UNKNOWN;
}

int traffic_enter(struct traffic *traffic, const struct traffic_target *target, struct err *err)
{
    return traffic->driver->enter ? traffic->driver->enter(traffic, target, err) : TRAFFIC_OK;
}

int traffic_leave(struct traffic *traffic, const struct traffic_target *target,
                  const struct traffic_target *stays, struct err *err)
{
    return traffic->driver->leave ? traffic->driver->leave(traffic, target, stays, err)
                                  : TRAFFIC_OK;
}

int traffic_busy(struct traffic *traffic, const struct traffic_target *target, int64_t *count,
                 struct err *err)
{
    *count = -1;
    return traffic->driver->busy ? traffic->driver->busy(traffic, target, count, err)
                                 : traffic_connections(target, count);
}

int traffic_cut(struct traffic *traffic, const struct traffic_target *target, struct err *err)
{
    return traffic->driver->cut ? traffic->driver->cut(traffic, target, err) : TRAFFIC_UNKNOWN;
}

int traffic_where(struct traffic *traffic, unsigned *slots, struct err *err)
{
    *slots = 0;
    return traffic->driver->where ? traffic->driver->where(traffic, slots, err) : TRAFFIC_UNKNOWN;
}

int traffic_examine(struct traffic *traffic, struct text *lines)
{
    size_t before = lines->size;
    int count = 0;

    if (traffic->driver->examine)
        traffic->driver->examine(traffic, lines);
    for (size_t i = before; i < lines->size; i++)
        count += lines->data[i] == '\n';
    return count;
}
