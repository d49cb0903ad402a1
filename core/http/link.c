/*
 * Two settings of the sockets matter. Ceph writes header and body apart, with Nagle's algorithm on.
 * Such a server holds a small body back until the header is acknowledged, and the kernel delays
 * that by 40 ms. So each header is acknowledged at once. libcurl does not report the socket of a
 * header, so the option is set on all sockets: there are about a dozen. The other setting keeps the
 * kernel's send buffer small.
 */
#include "http/link.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/err.h"
#include "os/socket.h"

#define UNSENT_MAX (128 * 1024)

/* Copies the paths of the files of `tls`. */
static int copy_tls(struct http_link *link, const struct http_tls *tls, struct err *err)
{
    const char *const from[] = {tls->ca_file, tls->cert_file, tls->key_file};
    const char **const to[] = {&link->tls.ca_file, &link->tls.cert_file, &link->tls.key_file};

    link->tls.insecure = tls->insecure;
    for (size_t i = 0; i < ARRAY_SIZE(from); i++) {
        if (!from[i])
            continue;
        *to[i] = link->tls_files[i] = strdup(from[i]);
        if (!*to[i])
            return err_memory(err, "the network thread");
    }
    return 0;
}

int http_link_init(struct http_link *link, const struct http_tls *tls, uint64_t rate,
                   struct err *err)
{
    *link = (struct http_link){0};
    for (int https = 0; https < 2; https++)
        http_easy_proxy(https, link->proxies[https]);
    rate_limit_init(&link->up, rate, clock_monotonic());
    rate_limit_init(&link->down, rate, clock_monotonic());
    return copy_tls(link, tls, err);
}

void http_link_finish(struct http_link *link)
{
    for (size_t i = 0; i < ARRAY_SIZE(link->tls_files); i++)
        free(link->tls_files[i]);
}

void http_link_acknowledge(const struct http_link *link)
{
    for (unsigned i = 0; i < link->socket_count; i++)
        os_acknowledge(link->sockets[i]);
}

static curl_socket_t on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct http_link *link = arg;
    int fd = os_socket(address->family, address->socktype, address->protocol);

    (void)purpose;
    /* Bytes that wait in the kernel count as sent, and may be megabytes. On a slow link, nothing
     * would seem to move for minutes. */
    if (fd >= 0)
        os_limit_unsent(fd, UNSENT_MAX);
    if (fd >= 0 && link->socket_count < ARRAY_SIZE(link->sockets))
        link->sockets[link->socket_count++] = fd;
    return fd >= 0 ? fd : CURL_SOCKET_BAD;
}

static int on_socket_close(void *arg, curl_socket_t fd)
{
    struct http_link *link = arg;

    for (unsigned i = 0; i < link->socket_count; i++)
        if (link->sockets[i] == fd) {
            link->sockets[i] = link->sockets[--link->socket_count];
            break;
        }
    return close(fd);
}

void http_link_attach(struct http_link *link, CURL *easy)
{
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, link);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_socket_close);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, link);
}
