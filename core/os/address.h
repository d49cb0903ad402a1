/*
 * address - addresses of sockets.
 */
#ifndef S3DOCK_OS_ADDRESS_H
#define S3DOCK_OS_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct os_address {
    union {
        unsigned char bytes[128];
        uint64_t aligned;
    } in; /* in the system's form */
    unsigned size;
};

/* Read an IPv4 or IPv6 address in its usual form, without a port or brackets. */
bool os_parse_ipv4(const char *text, uint8_t out[4]);
bool os_parse_ipv6(const char *text, uint8_t out[16]);

/* Stores the address of a Unix socket: a path, or "@" and an abstract name, which only Linux has.
 * Returns false if it is too long, or if the system has no such addresses. */
bool os_address_of_path(const char *path, struct os_address *out);

#define OS_ADDRESSES_MAX 16
/* Stores the addresses of a host and a port number. `numeric`: the host is an IP address, and no
 * name is resolved. Returns NULL, or the reason of the failure. */
const char *os_resolve(const char *host, const char *port, bool numeric,
                       struct os_address out[OS_ADDRESSES_MAX], unsigned *count);

#endif
