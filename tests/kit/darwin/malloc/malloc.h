/*
 * malloc - see darwin.h.
 */
#ifndef KIT_DARWIN_MALLOC_H
#define KIT_DARWIN_MALLOC_H

#include <stddef.h>

size_t malloc_zone_pressure_relief(void *zone, size_t goal);

#endif
