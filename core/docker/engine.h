/*
 * engine - the properties of a daemon.
 */
#ifndef S3DOCK_DOCKER_ENGINE_H
#define S3DOCK_DOCKER_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

struct docker_engine {
    char version[64], api_version[16];
    char os[32], architecture[32];
    bool podman;
    bool containerd_store; /* image ids are manifest digests there */
    bool reports_content;  /* it reports whether all blobs of an image are present (API 1.48) */
    char driver[64], root_dir[512];
    char identity[1024];      /* distinguishes daemons: its id, else the host as named */
    bool local;               /* reached through a socket of this host */
    bool same_host;           /* local, and the daemon names this host: its loopback addresses and
                            process ids are those of this program. False if /info is denied */
    char default_runtime[64]; /* "runc"; "" if the daemon does not report one */
    int64_t memory;           /* bytes of the daemon's host; 0: unknown */
};

#endif
