/*
 * Most libraries state the version that runs, which an update of the system changes. libdeflate and
 * ISA-L state only the version of their headers.
 */
#include "cli/commands/libraries.h"

#include <bzlib.h>
#include <curl/curl.h>
#include <expat.h>
#include <git2.h>
#include <libdeflate.h>
#include <lzma.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>
#include <zlib.h>
#include <zstd.h>

#include "pack/codec/gzip_fast.h"

struct list {
    struct library *libraries;
    size_t count;
};

/* Adds the version without the text behind it: "1.0.8, 13-Jul-2019". */
static void add(struct list *list, const char *name, const char *version)
{
    struct library *library = &list->libraries[list->count++];

    library->name = name;
    snprintf(library->version, sizeof library->version, "%.*s", (int)strcspn(version, ", "),
             version);
}

static void add_numbers(struct list *list, const char *name, unsigned major, unsigned minor,
                        unsigned patch)
{
    char version[LIBRARY_VERSION];

    snprintf(version, sizeof version, "%u.%u.%u", major, minor, patch);
    add(list, name, version);
}

/* Returns the text behind a word: "OpenSSL 3.0.17 1 Jul 2025". */
static const char *after_word(const char *text)
{
    const char *space = strchr(text, ' ');

    return space ? space + 1 : text;
}

static void add_curl(struct list *list)
{
    const curl_version_info_data *curl = curl_version_info(CURLVERSION_NOW);

    add(list, "curl", curl->version);
    add(list, "curl_tls", curl->ssl_version ? curl->ssl_version : "none");
}

static void add_git2(struct list *list)
{
    int major, minor, patch;

    git_libgit2_version(&major, &minor, &patch);
    add_numbers(list, "libgit2", (unsigned)major, (unsigned)minor, (unsigned)patch);
}

size_t libraries_list(struct library out[LIBRARIES_MAX])
{
    struct list list = {.libraries = out};
    const XML_Expat_Version expat = XML_ExpatVersionInfo();
    const unsigned xxhash = XXH_versionNumber();

    add(&list, "bzip2", BZ2_bzlibVersion());
    add_curl(&list);
    add_numbers(&list, "expat", (unsigned)expat.major, (unsigned)expat.minor,
                (unsigned)expat.micro);
    if (gzip_fast_writer())
        add(&list, "isa-l", after_word(gzip_fast_writer()));
    add(&list, "libdeflate", LIBDEFLATE_VERSION_STRING);
    add_git2(&list);
    add(&list, "lzma", lzma_version_string());
    add(&list, "openssl", after_word(OpenSSL_version(OPENSSL_VERSION)));
    add_numbers(&list, "xxhash", xxhash / 10000, xxhash / 100 % 100, xxhash % 100);
    add(&list, "zlib", zlibVersion());
    add(&list, "zstd", ZSTD_versionString());
    return list.count;
}
