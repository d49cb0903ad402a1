/*
 * Number n is stored at place n modulo size. The window [next, next + size) maps each of its
 * numbers to a place of its own, so the item of a place always has the expected number.
 */
#include "flow/reorder.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>

void reorder_init(struct reorder *order, unsigned size)
{
    assert(size >= 1 && size <= REORDER_MAX);
    *order = (struct reorder){.size = size};
}

static bool is_in_window(const struct reorder *order, uint64_t number)
{
    return number >= order->next && number - order->next < order->size;
}

void reorder_put(struct reorder *order, uint64_t number, void *item)
{
    void **place = &order->ring[number % order->size];

    assert(item && is_in_window(order, number) && !*place);
    *place = item;
}

void *reorder_take(struct reorder *order)
{
    void **place = &order->ring[order->next % order->size];
    void *item = *place;

    if (item) {
        *place = NULL;
        order->next++;
    }
    return item;
}

void *reorder_take_any(struct reorder *order)
{
    for (unsigned i = 0; i < order->size; i++) {
        void **place = &order->ring[(order->next + i) % order->size];
        void *item = *place;

        if (item) {
            *place = NULL;
            return item;
        }
    }
    return NULL;
}
