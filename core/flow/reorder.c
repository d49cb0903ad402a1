/*
 * Number n lives at place n modulo size. The window [next, next + size) maps each of its numbers to
 * a place of its own, so an occupied place is always the right one.
 */
#include "flow/reorder.h"

#include <assert.h>
#include <stddef.h>

void order_init(struct order *order, unsigned size)
{
    assert(size >= 1 && size <= ORDER_MAX);
    *order = (struct order){.size = size};
}

bool order_has_room(const struct order *order, uint64_t number)
{
    return number >= order->next && number - order->next < order->size;
}

void order_put(struct order *order, uint64_t number, void *item)
{
    void **place = &order->ring[number % order->size];

    assert(item && order_has_room(order, number) && !*place);
    *place = item;
}

void *order_take(struct order *order)
{
    void **place = &order->ring[order->next % order->size];
    void *item = *place;

    if (item) {
        *place = NULL;
        order->next++;
    }
    return item;
}

void *order_take_any(struct order *order)
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
