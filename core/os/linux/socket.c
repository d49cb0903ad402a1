/*
 * The kernel sets close-on-exec in the call that opens the socket, so no other thread can start a
 * program in between.
 */
#include "os/socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "os/posix/address.h"

int os_socket(int family, int type, int protocol)
{
    return socket(family, type | SOCK_CLOEXEC, protocol);
}

int os_socket_for(const struct os_address *address, enum os_socket_kind kind)
{
    int type = kind == OS_STREAM ? SOCK_STREAM : SOCK_DGRAM;

    return socket(os_native(address)->sa_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

ssize_t os_send(int fd, const void *data, size_t size)
{
    return send(fd, data, size, MSG_NOSIGNAL);
}

ssize_t os_send_to(int fd, const struct os_address *address, const void *data, size_t size)
{
    return sendto(fd, data, size, MSG_NOSIGNAL, os_native(address), address->size);
}

void os_acknowledge(int fd)
{
    int on = 1;

    (void)setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
}
