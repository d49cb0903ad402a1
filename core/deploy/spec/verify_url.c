/*
 * Splits by hand: the host is not resolved here, and the parts go to a probe that takes them apart.
 */
#include "deploy/spec/verify_url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PORT_DIGITS 5
#define PORT_MAX    65535

static bool is_port(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    long number;

    if (!digits || digits > PORT_DIGITS || text[digits])
        return false;
    number = strtol(text, NULL, 10);
    return number >= 1 && number <= PORT_MAX;
}

/* Returns the text after the host: "" or ":PORT". NULL: it is no host. */
static const char *skip_host(const char *host)
{
    size_t size;

    if (host[0] != '[') {
        size = strcspn(host, ":");
        return size ? host + size : NULL;
    }
    size = strspn(host + 1, "0123456789abcdefABCDEF:.");
    return size > 1 && host[size + 1] == ']' ? host + size + 2 : NULL;
}

static const char *read_host(struct verify_url *url)
{
    const char *port = skip_host(url->host);

    if (!port || strpbrk(url->host, "@ \t\r\n"))
        return "has no valid host; an IPv6 address must be in brackets";
    if (port[0] && (port[0] != ':' || !is_port(port + 1)))
        return "has no valid port; an IPv6 address must be in brackets";
    snprintf(url->address, sizeof url->address, "%s%s", url->host,
             port[0]      ? ""
             : url->https ? ":443"
                          : ":80");
    return NULL;
}

const char *verify_url_read(const char *url, struct verify_url *out)
{
    size_t size;

    *out = (struct verify_url){.https = strncmp(url, "https://", 8) == 0};
    if (!out->https && strncmp(url, "http://", 7) != 0)
        return "must begin with http:// or https://";
    url += out->https ? 8 : 7;
    size = strcspn(url, "/?#");
    if (size >= sizeof out->host || strlen(url + size) + 2 > sizeof out->path)
        return "is too long";
    memcpy(out->host, url, size);
    snprintf(out->path, sizeof out->path, "%s%s", url[size] == '/' ? "" : "/", url + size);
    if (strpbrk(out->path, " \t\r\n"))
        return "has white space";
    return read_host(out);
}
