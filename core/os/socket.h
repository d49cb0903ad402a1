/*
 * socket - sockets that no child process inherits and whose writes raise no signal.
 *
 * read and close serve for all of them. Each function returns -1 and errno on failure.
 */
#ifndef S3DOCK_OS_SOCKET_H
#define S3DOCK_OS_SOCKET_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct os_address;

/* Opens a socket with the numbers of the system, for libraries that know these. */
int os_socket(int family, int type, int protocol);

enum os_socket_kind { OS_STREAM, OS_DATAGRAM };
/* Opens a socket for addresses of this family. Nothing waits on it: EAGAIN. */
int os_socket_for(const struct os_address *address, enum os_socket_kind kind);
/* Begins to connect. EINPROGRESS: it is writable at the end, and os_connect_result has the
 * result. */
int os_connect(int fd, const struct os_address *address);
/* Returns 0 if the socket is connected, or the errno of the failure. */
int os_connect_result(int fd);

/* Return the number of sent bytes. os_send_to sends a datagram. */
ssize_t os_send(int fd, const void *data, size_t size);
ssize_t os_send_to(int fd, const struct os_address *address, const void *data, size_t size);

/* Returns 0 if a program could listen at this port of 127.0.0.1, or an errno: EADDRINUSE. */
int os_check_port(uint16_t port);

/* ---- hints for TCP, without effect where the system has no such setting ---- */

/* Acknowledges received bytes now, and not with the next bytes that are sent. */
void os_acknowledge(int fd);
/* Lets at most so many bytes wait in the kernel until they are sent. */
void os_limit_unsent(int fd, int bytes);

#endif
