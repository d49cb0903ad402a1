/*
 * room - makes sure that the disk can take the image before it is pulled.
 */
#ifndef S3DOCK_DEPLOY_ROOM_H
#define S3DOCK_DEPLOY_ROOM_H

#include "deploy/run.h"

struct err;

#define ROOM_TEXT_SIZE 128

/* Writes what the image needs, what is free and what must stay free, for a message. */
void room_describe(const struct deploy_room *room, char out[ROOM_TEXT_SIZE]);
/* Removes what prune may remove, until the image fits. local.disk_full: it does not. */
int room_make(struct run *run, struct err *err);

#endif
