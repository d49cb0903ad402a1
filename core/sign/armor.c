/* As in OpenSSH, END must begin a line, and BEGIN is the first text. Decoded bytes are encoded
 * again: the padding bits that a decoder drops must have been 0. */
#include "sign/armor.h"

#include <string.h>

#include "base/bytes.h"
#include "base/hash.h"

#define BEGIN "-----BEGIN SSH SIGNATURE-----"
#define END   "\n-----END SSH SIGNATURE-----"

static bool is_space(uint8_t byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

/* ---- base64 ---- */

/* Returns true if a last group of letters is what an encoder writes for the end of the bytes. */
static bool is_canonical(const char group[4], const uint8_t *bytes, size_t size)
{
    size_t tail = (size - 1) % 3 + 1;
    char again[BASE64_SIZE(3)];

    base64_encode(bytes + size - tail, tail, again);
    return memcmp(group, again, 4) == 0;
}

static bool decode_letters(struct text *letters, struct text *out)
{
    uint8_t *bytes = (uint8_t *)letters->data; /* decoded in place */
    char group[4];
    long size;

    if (letters->size < sizeof group)
        return false;
    memcpy(group, letters->data + letters->size - sizeof group, sizeof group);
    size = base64_decode(letters->data, letters->size, bytes, letters->size);
    if (size <= 0 || !is_canonical(group, bytes, (size_t)size))
        return false;
    text_add(out, bytes, (size_t)size);
    return !out->failed;
}

bool armor_decode(struct view base64, struct text *out)
{
    _cleanup_text_ struct text letters = {0};
    size_t begin = 0;

    text_init(&letters, base64.size + 1);
    for (size_t i = 0; i <= base64.size; i++) {
        if (i < base64.size && !is_space(base64.data[i]))
            continue;
        text_add(&letters, base64.data + begin, i - begin);
        begin = i + 1;
    }
    return !letters.failed && decode_letters(&letters, out);
}

/* ---- blocks ---- */

static struct view skip(struct view bytes, size_t size)
{
    return view_of(bytes.data + size, bytes.size - size);
}

enum armor_answer armor_next(struct view *rest, struct view *block)
{
    const uint8_t *end;

    while (rest->size > 0 && is_space(rest->data[0]))
        *rest = skip(*rest, 1);
    if (rest->size == 0)
        return ARMOR_END;
    if (rest->size < strlen(BEGIN) || memcmp(rest->data, BEGIN, strlen(BEGIN)) != 0)
        return ARMOR_MALFORMED;
    end = view_find_str(*rest, END);
    if (!end)
        return ARMOR_MALFORMED;
    *block = view_of(rest->data, (size_t)(end - rest->data) + strlen(END));
    *rest = skip(*rest, block->size);
    return ARMOR_BLOCK;
}

struct view armor_body(struct view block)
{
    return view_of(block.data + strlen(BEGIN), block.size - strlen(BEGIN) - strlen(END));
}
