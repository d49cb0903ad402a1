/*
 * A libcurl of a distribution has the place of its authorities compiled in, but the file may be
 * missing in a small container. The static program runs on every distribution, so its libcurl has
 * none: OpenSSL then reads /etc/ssl, which not all of them have.
 *
 * OpenSSL reads SSL_CERT_FILE and SSL_CERT_DIR only where libcurl has no default. Here they count
 * everywhere, as for curl and for programs in Go.
 */
#include "http/authorities.h"

#include <curl/curl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OPENSSL_FOLDER "/etc/ssl/certs"

static const char *const USUAL_FILES[] = {
    "/etc/ssl/certs/ca-certificates.crt",                /* Debian, Ubuntu, Arch, Gentoo */
    "/etc/pki/tls/certs/ca-bundle.crt",                  /* Fedora, RHEL */
    "/etc/ssl/ca-bundle.pem",                            /* openSUSE */
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", /* newer Fedora and RHEL */
    "/etc/ssl/cert.pem",                                 /* Alpine, macOS, BSD */
    "/usr/local/etc/ssl/cert.pem",                       /* FreeBSD */
    NULL,
};

static bool is_named(const char *value)
{
    return value && value[0];
}

static bool exists(const char *path)
{
    return is_named(path) && access(path, R_OK) == 0;
}

/* libcurl lists its features since 7.87, and can ask the system since 8.17. */
static bool has_system_trust(const curl_version_info_data *curl)
{
#if LIBCURL_VERSION_NUM >= 0x075700
    for (const char *const *name = curl->age >= CURLVERSION_ELEVENTH ? curl->feature_names : NULL;
         name && *name; name++)
        if (strcmp(*name, "AppleSecTrust") == 0)
            return true;
#else
    (void)curl;
#endif
    return false;
}

void authorities_system(struct authorities_system *out)
{
    const curl_version_info_data *curl = curl_version_info(CURLVERSION_NOW);

    *out = (struct authorities_system){
        .named_file = getenv("SSL_CERT_FILE"),
        .named_folder = getenv("SSL_CERT_DIR"),
        .default_file = curl->cainfo,
        .default_folder = curl->capath,
        .usual_files = USUAL_FILES,
        .usual_folder = OPENSSL_FOLDER,
        .asks_system = has_system_trust(curl),
    };
}

/* libcurl fails if its default file is missing, also if it has a folder. */
static void set_folder(const struct authorities_system *system, struct authorities *found)
{
    if (found->file || !is_named(system->default_file) || exists(system->default_file))
        return;
    if (!found->folder && exists(system->default_folder))
        found->folder = system->default_folder;
    if (!found->folder && exists(system->usual_folder))
        found->folder = system->usual_folder;
    found->only_folder = found->folder != NULL;
}

struct authorities authorities_find(const struct authorities_system *system)
{
    struct authorities found = {0};

    if (is_named(system->named_file) || is_named(system->named_folder)) {
        found.file = is_named(system->named_file) ? system->named_file : NULL;
        found.folder = is_named(system->named_folder) ? system->named_folder : NULL;
        set_folder(system, &found);
        return found;
    }
    if (system->asks_system || exists(system->default_file) ||
        (!is_named(system->default_file) && exists(system->default_folder)))
        return found;
    for (size_t i = 0; system->usual_files[i] && !found.file; i++)
        if (exists(system->usual_files[i]))
            found.file = system->usual_files[i];
    set_folder(system, &found);
    found.none = !found.file && !exists(system->default_folder) && !exists(system->usual_folder);
    return found;
}
