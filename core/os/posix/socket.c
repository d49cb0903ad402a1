/*
 * The calls for open sockets, which are the same on all systems.
 */
#include "os/socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os/posix/address.h"

int os_connect(int fd, const struct os_address *address)
{
    return connect(fd, os_native(address), address->size);
}

int os_connect_result(int fd)
{
    int failed = 0;
    socklen_t size = sizeof failed;

    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &failed, &size) == 0 ? failed : errno;
}

int os_check_port(uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = os_socket(AF_INET, SOCK_STREAM, 0), on = 1, failed;

    if (fd < 0)
        return errno;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    failed = bind(fd, (struct sockaddr *)&address, sizeof address) ? errno : 0;
    close(fd);
    return failed;
}

void os_limit_unsent(int fd, int bytes)
{
#ifdef TCP_NOTSENT_LOWAT
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &bytes, sizeof bytes);
#else
    (void)fd, (void)bytes;
#endif
}
