/*
 * room - makes sure that the disk can take the image before it is pulled.
 */
#ifndef S3DOCK_DEPLOY_ROOM_H
#define S3DOCK_DEPLOY_ROOM_H

#include "deploy/run.h"

struct err;

/* Removes what prune may remove, until the image fits. local.disk_full: it does not. */
int room_make(struct run *run, struct err *err);

#endif
