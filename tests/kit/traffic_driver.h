/*
 * traffic_driver - the driver that a test of deploy/traffic opens: a unit with two slots. Include
 * cmocka.h before.
 */
#ifndef S3DOCK_TESTS_KIT_TRAFFIC_DRIVER_H
#define S3DOCK_TESTS_KIT_TRAFFIC_DRIVER_H

#include "base/clock.h"
#include "base/err.h"
#include "deploy/traffic/traffic.h"

static struct traffic_spec spec;
static struct traffic_context context;
static struct traffic *traffic;
static struct err err;

static const struct traffic_target BLUE = {SLOT_BLUE, "127.0.0.1:18081", "b", 0, 0};
static const struct traffic_target GREEN = {SLOT_GREEN, "127.0.0.1:18082", "g", 0, 0};

static inline void close_driver(void)
{
    traffic_close(traffic);
    traffic = NULL;
}

/* Opens the driver of `spec` again, with `limit` ns for a call. Returns the result of
 * traffic_open. */
static inline int open_driver(int64_t limit)
{
    close_driver();
    context = (struct traffic_context){.app = "shop",
                                       .env = "production",
                                       .unit = "main",
                                       .addresses = {BLUE.address, GREEN.address},
                                       .limit = limit};
    return traffic_open(&spec, &context, &traffic, &err);
}

#endif
