/*
 * authorities - the file and the folder of the authorities that this machine trusts.
 */
#ifndef S3DOCK_HTTP_AUTHORITIES_H
#define S3DOCK_HTTP_AUTHORITIES_H

#include <stdbool.h>

/* The authorities that a machine offers. All strings are borrowed; NULL or "": none. */
struct authorities_system {
    const char *named_file, *named_folder;     /* SSL_CERT_FILE, SSL_CERT_DIR */
    const char *default_file, *default_folder; /* compiled into libcurl */
    const char *const *usual_files;            /* of the distributions, up to NULL */
    const char *usual_folder;                  /* OpenSSL reads it itself */
    bool asks_system; /* libcurl asks the keychain of macOS if no file or folder is set */
};

struct authorities {
    const char *file, *folder; /* for libcurl, from the system above; NULL: its default serves */
    bool only_folder;          /* libcurl's default file is missing, and must not be read */
    bool none;                 /* no place exists */
};

/* Reads the environment, libcurl's defaults, and the places of the distributions. */
void authorities_system(struct authorities_system *out);
/* Chooses what the environment names. Else: the keychain if libcurl asks it, else libcurl's
 * defaults if one of them exists, else the first usual file that exists, else the folder of libcurl
 * or of OpenSSL. */
struct authorities authorities_find(const struct authorities_system *system);

#endif
