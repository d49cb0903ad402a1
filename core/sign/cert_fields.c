/* All lists are walked once when a certificate is read, so that later readers find them well
 * formed. */
#include "sign/cert_fields.h"

#include <stddef.h>
#include <string.h>

#include "sign/wire.h"

#define TYPE_USER 1
#define TYPE_HOST 2

bool cert_next_principal(struct view *principals, struct view *principal)
{
    struct wire_reader reader = wire_of(*principals);

    if (principals->size == 0)
        return false;
    *principal = wire_string(&reader);
    *principals = reader.left;
    return !reader.failed;
}

static bool principals_are_good(struct view principals)
{
    struct view principal;
    size_t count = 0;

    while (cert_next_principal(&principals, &principal)) {
        if (++count > CERT_PRINCIPALS_MAX)
            return false;
        if (principal.size > 0 && memchr(principal.data, '\0', principal.size))
            return false;
    }
    return principals.size == 0;
}

/* Walks through pairs of a name and data. `cert` gets the critical options; NULL: extensions, which
 * limit or permit nothing here. */
static bool read_options(struct view list, struct cert_fields *cert)
{
    struct wire_reader reader = wire_of(list);
    struct view name;

    while (!reader.failed && reader.left.size > 0) {
        name = wire_string(&reader);
        wire_string(&reader);
        if (cert && view_equals_str(name, "verify-required"))
            cert->verify_required = true;
        else if (cert)
            cert->unknown_critical = true;
    }
    return !reader.failed;
}

bool cert_fields_read(struct wire_reader *reader, struct view blob, struct cert_fields *cert)
{
    struct view critical, extensions;
    uint64_t type;

    *cert = (struct cert_fields){.serial = wire_number(reader, 8)};
    type = wire_number(reader, 4);
    cert->user = type == TYPE_USER;
    cert->key_id = wire_string(reader);
    cert->principals = wire_string(reader);
    cert->valid_after = wire_number(reader, 8);
    cert->valid_before = wire_number(reader, 8);
    critical = wire_string(reader);
    extensions = wire_string(reader);
    wire_string(reader); /* reserved */
    cert->ca = wire_string(reader);
    cert->body = view_of(blob.data, blob.size - reader->left.size);
    cert->signature = wire_string(reader);
    return !reader->failed && (type == TYPE_USER || type == TYPE_HOST) &&
           principals_are_good(cert->principals) && read_options(critical, cert) &&
           read_options(extensions, NULL);
}
