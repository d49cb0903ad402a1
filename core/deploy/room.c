/*
 * Removes, in this order: retired containers, but not the last one of each unit; images of this
 * application that no container has; images without a name, if the deployment allows it.
 */
#include "deploy/room.h"

#include <stdint.h>
#include <stdio.h>

#include "base/codes.h"
#include "deploy/prune.h"
#include "deploy/unit.h"

static int remove_containers(struct run *run, struct err *err)
{
    for (unsigned i = 0; i < run->unit_count; i++)
        if (prune_containers(run, &run->units[i], 1, err))
            return ERR_FAIL;
    return 0;
}

static int remove_images(struct run *run, struct err *err)
{
    return prune_images(run, false, err);
}

static int remove_dangling(struct run *run, struct err *err)
{
    return run->options->deployment->prune_dangling ? prune_images(run, true, err) : 0;
}

/* 1: the image fits, or its size is not known. */
static int fits(struct run *run, struct deploy_room *room, struct err *err)
{
    *room = (struct deploy_room){0};
    if (run->host->table->room(run->host, &run->want, room, err))
        return ERR_FAIL;
    return !room->known ||
           (room->free >= room->reserve && room->free - room->reserve >= room->need);
}

void room_describe(const struct deploy_room *room, char out[ROOM_TEXT_SIZE])
{
    snprintf(out, ROOM_TEXT_SIZE,
             "needs %ju MB of the disk; %ju MB are free, and %ju MB must stay free",
             (uintmax_t)((room->need + MIB - 1) / MIB), (uintmax_t)(room->free / MIB),
             (uintmax_t)(room->reserve / MIB));
}

int room_make(struct run *run, struct err *err)
{
    static int (*const REMOVE[])(struct run *, struct err *) = {
        remove_containers,
        remove_images,
        remove_dangling,
    };
    char text[ROOM_TEXT_SIZE];
    struct deploy_room room;
    int answer = fits(run, &room, err);

    for (size_t i = 0; i < ARRAY_SIZE(REMOVE) && answer == 0; i++)
        answer = REMOVE[i](run, err) ? ERR_FAIL : fits(run, &room, err);
    if (answer)
        return answer < 0 ? answer : 0;
    room_describe(&room, text);
    err_set(err, ERR_LOCAL, CODE_DISK_FULL, "%s %s", run->want.ref, text);
    return err_hint(err,
                    "remove images or containers that are not needed: docker system df lists them");
}
