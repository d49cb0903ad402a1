/*
 * A socket gets its flags after it is opened: a program that another thread starts in between does
 * not inherit it, because of the flag that os/posix/process sets. SO_NOSIGPIPE holds for all
 * writes. TCP acknowledges when the kernel decides.
 */
#include "os/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os/address.h"

static const struct sockaddr *native(const struct os_address *address)
{
    return (const struct sockaddr *)(const void *)&address->in;
}

static int fail(int fd)
{
    int reason = errno;

    close(fd);
    errno = reason;
    return -1;
}

int os_socket(int family, int type, int protocol)
{
    int fd = socket(family, type, protocol), on = 1;

    if (fd < 0)
        return -1;
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on) != 0)
        return fail(fd);
    return fd;
}

int os_socket_for(const struct os_address *address, enum os_socket_kind kind)
{
    int type = kind == OS_STREAM ? SOCK_STREAM : SOCK_DGRAM;
    int fd = os_socket(native(address)->sa_family, type, 0);

    if (fd >= 0 && fcntl(fd, F_SETFL, O_NONBLOCK) != 0)
        return fail(fd);
    return fd;
}

ssize_t os_send(int fd, const void *data, size_t size)
{
    return send(fd, data, size, 0);
}

ssize_t os_send_to(int fd, const struct os_address *address, const void *data, size_t size)
{
    return sendto(fd, data, size, 0, native(address), address->size);
}

void os_acknowledge(int fd)
{
    (void)fd;
}
