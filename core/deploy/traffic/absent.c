/*
 * No driver: the proxy tests the health of both slots itself, or there is none. Only the
 * connections of a container can be counted.
 */
#include "deploy/traffic/driver.h"

const struct traffic_driver TRAFFIC_DRIVER_ABSENT = {0};
