/*
 * ISA-L has several implementations of a level, and selects one when it starts: those for x86-64
 * with SSE 4.2, those for aarch64 with CRC instructions, and one in C. The first kind gives equal
 * bytes on every processor that has SSE 4.2.
 */
#include "pack/codec/gzip_fast.h"

#ifdef S3DOCK_ISAL
#include <isa-l.h>
#include <stdlib.h>

#include "os/machine.h"

#define NUMBER_TEXT(number) #number
#define NUMBER(number)      NUMBER_TEXT(number)
#define LIBRARY                                                                                    \
    "isa-l " NUMBER(ISAL_MAJOR_VERSION) "." NUMBER(ISAL_MINOR_VERSION) "." NUMBER(                 \
        ISAL_PATCH_VERSION) " level 1 "

struct gzip_fast {
    struct isal_zstream stream;
    uint8_t tables[ISAL_DEF_LVL1_DEFAULT];
};

const char *gzip_fast_writer(void)
{
#if defined __x86_64__
    if (__builtin_cpu_supports("sse4.2"))
        return LIBRARY "x86-64";
#elif defined __aarch64__
    if (os_has_arm_crc32())
        return LIBRARY "aarch64";
#endif
    return LIBRARY "c";
}

struct gzip_fast *gzip_fast_create(void)
{
    return calloc(1, sizeof(struct gzip_fast));
}

void gzip_fast_destroy(struct gzip_fast *fast)
{
    free(fast);
}

size_t gzip_fast_deflate(struct gzip_fast *fast, struct view raw, uint8_t *out, size_t room)
{
    struct isal_zstream *stream = &fast->stream;

    isal_deflate_stateless_init(stream);
    stream->level = 1;
    stream->level_buf = fast->tables;
    stream->level_buf_size = sizeof fast->tables;
    stream->gzip_flag = IGZIP_DEFLATE;
    stream->end_of_stream = 1;
    stream->next_in = (uint8_t *)raw.data;
    stream->avail_in = (uint32_t)raw.size;
    stream->next_out = out;
    stream->avail_out = (uint32_t)room;
    return isal_deflate_stateless(stream) == COMP_OK ? room - stream->avail_out : 0;
}

#else

const char *gzip_fast_writer(void)
{
    return NULL;
}

struct gzip_fast *gzip_fast_create(void)
{
    return NULL;
}

void gzip_fast_destroy(struct gzip_fast *fast)
{
    (void)fast;
}

size_t gzip_fast_deflate(struct gzip_fast *fast, struct view raw, uint8_t *out, size_t room)
{
    (void)fast, (void)raw, (void)out, (void)room;
    return 0;
}

#endif
