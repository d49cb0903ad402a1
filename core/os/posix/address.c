/*
 * An abstract name begins with a NUL in the address, and its length ends it.
 */
#include "os/address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#ifdef __linux__
#define HAS_ABSTRACT_NAMES true
#else
#define HAS_ABSTRACT_NAMES false
#endif

bool os_parse_ipv4(const char *text, uint8_t out[4])
{
    return inet_pton(AF_INET, text, out) == 1;
}

bool os_parse_ipv6(const char *text, uint8_t out[16])
{
    return inet_pton(AF_INET6, text, out) == 1;
}

bool os_address_of_path(const char *path, struct os_address *out)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    bool is_abstract = path[0] == '@';
    size_t length = strlen(path);

    if (length == 0 || length >= sizeof address.sun_path || (is_abstract && !HAS_ABSTRACT_NAMES))
        return false;
    memcpy(address.sun_path, path, length);
    if (is_abstract)
        address.sun_path[0] = '\0';
    *out = (struct os_address){
        .size = (unsigned)(offsetof(struct sockaddr_un, sun_path) + length + !is_abstract)};
    memcpy(out->in.bytes, &address, sizeof address);
    return true;
}

const char *os_resolve(const char *host, const char *port, bool numeric,
                       struct os_address out[OS_ADDRESSES_MAX], unsigned *count)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_NUMERICSERV | (numeric ? AI_NUMERICHOST : 0)};
    struct addrinfo *list = NULL;
    int failed = getaddrinfo(host, port, &hints, &list);

    *count = 0;
    if (failed)
        return gai_strerror(failed);
    for (const struct addrinfo *at = list; at && *count < OS_ADDRESSES_MAX; at = at->ai_next) {
        struct os_address *address = &out[(*count)++];

        *address = (struct os_address){.size = at->ai_addrlen};
        memcpy(address->in.bytes, at->ai_addr, at->ai_addrlen);
    }
    freeaddrinfo(list);
    return NULL;
}
