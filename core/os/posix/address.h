/*
 * address - the functions that the bodies of os/address and os/socket share.
 */
#ifndef S3DOCK_OS_POSIX_ADDRESS_H
#define S3DOCK_OS_POSIX_ADDRESS_H

#include <sys/socket.h>

#include "os/address.h"

static inline const struct sockaddr *os_native(const struct os_address *address)
{
    return (const struct sockaddr *)(const void *)&address->in;
}

#endif
