/*
 * A round of SHA-256 waits for the one before it, so one digest keeps half of the processor's SHA
 * unit idle. Two digests side by side fill it: two lanes run over whole blocks, and a lane that has
 * come to the end of its bytes takes the next ones. The last block and the padding are OpenSSL's,
 * which is given the lane's state.
 *
 * Without the instructions, and where the user tells OpenSSL which ones it may use, OpenSSL digests
 * one after the other.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

#define BLOCK 64

static void one_by_one(const struct view *bytes, size_t count, uint8_t (*out)[SHA256_SIZE])
{
    for (size_t i = 0; i < count; i++)
        sha256_of(bytes[i], out[i]);
}

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>
#include <pthread.h>

#define LANES 2
#define SIMD  __attribute__((target("sha,sse4.1")))

/* Written as a whole before it is read: zeros first, as the build asks for elsewhere, would cost a
 * fifth of the speed. */
#if __has_attribute(uninitialized)
#define UNSET __attribute__((uninitialized))
#else
#define UNSET
#endif

struct lane {
    SHA256_CTX ctx;
    const uint8_t *at;
    size_t left;
    uint8_t *out; /* NULL: the lane has nothing to do */
};

static const uint32_t K[64] __attribute__((aligned(16))) = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static pthread_once_t looked = PTHREAD_ONCE_INIT;
static bool has_sha;

static void look(void)
{
    unsigned a, b, c, d;

    has_sha = !getenv("OPENSSL_ia32cap") && __get_cpuid(1, &a, &b, &c, &d) && (c & bit_SSE4_1) &&
              __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_SHA);
}

/* The processor wants the state as words A B E F and C D G H. */
SIMD static void load_state(const SHA256_CTX *ctx, __m128i *abef, __m128i *cdgh)
{
    __m128i low = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)&ctx->h[0]), 0xb1);
    __m128i high = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)&ctx->h[4]), 0x1b);

    *abef = _mm_alignr_epi8(low, high, 8);
    *cdgh = _mm_blend_epi16(high, low, 0xf0);
}

SIMD static void store_state(SHA256_CTX *ctx, __m128i abef, __m128i cdgh)
{
    __m128i low = _mm_shuffle_epi32(abef, 0x1b), high = _mm_shuffle_epi32(cdgh, 0xb1);

    _mm_storeu_si128((__m128i *)&ctx->h[0], _mm_blend_epi16(low, high, 0xf0));
    _mm_storeu_si128((__m128i *)&ctx->h[4], _mm_alignr_epi8(high, low, 8));
}

/* Adds one block to each lane's state. */
SIMD static void add_blocks(__m128i abef[LANES], __m128i cdgh[LANES],
                            const uint8_t *const at[LANES])
{
    const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    UNSET __m128i abef_before[LANES], cdgh_before[LANES], w[LANES][4];

    for (unsigned n = 0; n < LANES; n++) {
        abef_before[n] = abef[n];
        cdgh_before[n] = cdgh[n];
        for (unsigned i = 0; i < 4; i++)
            w[n][i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(at[n] + 16 * i)), swap);
    }
#pragma GCC unroll 16
    for (unsigned i = 0; i < 16; i++) {
        const __m128i k = _mm_load_si128((const __m128i *)&K[4 * i]);

#pragma GCC unroll 2
        for (unsigned n = 0; n < LANES; n++) {
            __m128i *now = &w[n][i % 4], *next = &w[n][(i + 1) % 4];
            const __m128i later = w[n][(i + 2) % 4], last = w[n][(i + 3) % 4];
            const __m128i sum = _mm_add_epi32(*now, k);

            cdgh[n] = _mm_sha256rnds2_epu32(cdgh[n], abef[n], sum);
            abef[n] = _mm_sha256rnds2_epu32(abef[n], cdgh[n], _mm_shuffle_epi32(sum, 0x0e));
            if (i < 12)
                *now = _mm_sha256msg2_epu32(_mm_add_epi32(_mm_sha256msg1_epu32(*now, *next),
                                                          _mm_alignr_epi8(last, later, 4)),
                                            last);
        }
    }
    for (unsigned n = 0; n < LANES; n++) {
        abef[n] = _mm_add_epi32(abef[n], abef_before[n]);
        cdgh[n] = _mm_add_epi32(cdgh[n], cdgh_before[n]);
    }
}

/* Runs both lanes over as many whole blocks as both have. */
SIMD static void run_lanes(struct lane lanes[LANES])
{
    size_t blocks = (lanes[0].left < lanes[1].left ? lanes[0].left : lanes[1].left) / BLOCK;
    UNSET __m128i abef[LANES], cdgh[LANES];

    for (unsigned n = 0; n < LANES; n++)
        load_state(&lanes[n].ctx, &abef[n], &cdgh[n]);
    for (size_t i = 0; i < blocks; i++) {
        const uint8_t *const at[LANES] = {lanes[0].at + i * BLOCK, lanes[1].at + i * BLOCK};

        add_blocks(abef, cdgh, at);
    }
    for (unsigned n = 0; n < LANES; n++) {
        uint64_t bits = ((uint64_t)lanes[n].ctx.Nh << 32 | lanes[n].ctx.Nl) + 8 * blocks * BLOCK;

        store_state(&lanes[n].ctx, abef[n], cdgh[n]);
        lanes[n].ctx.Nl = (SHA_LONG)bits;
        lanes[n].ctx.Nh = (SHA_LONG)(bits >> 32);
        lanes[n].at += blocks * BLOCK;
        lanes[n].left -= blocks * BLOCK;
    }
}

static void begin(struct lane *lane, struct view bytes, uint8_t *out)
{
    *lane = (struct lane){.at = bytes.data, .left = bytes.size, .out = out};
    SHA256_Init(&lane->ctx);
}

static void end(struct lane *lane)
{
    SHA256_Update(&lane->ctx, lane->at, lane->left);
    SHA256_Final(lane->out, &lane->ctx);
    lane->out = NULL;
}

void sha256_of_many(const struct view *bytes, size_t count, uint8_t (*out)[SHA256_SIZE])
{
    struct lane lanes[LANES] = {0};
    size_t next = 0;

    pthread_once(&looked, look);
    if (!has_sha) {
        one_by_one(bytes, count, out);
        return;
    }
    for (;;) {
        for (unsigned n = 0; n < LANES; n++)
            if (!lanes[n].out && next < count) {
                begin(&lanes[n], bytes[next], out[next]);
                next++;
            }
        if (!lanes[0].out || !lanes[1].out)
            break;
        run_lanes(lanes);
        for (unsigned n = 0; n < LANES; n++)
            if (lanes[n].left < BLOCK)
                end(&lanes[n]);
    }
    for (unsigned n = 0; n < LANES; n++)
        if (lanes[n].out)
            end(&lanes[n]);
}

#else

void sha256_of_many(const struct view *bytes, size_t count, uint8_t (*out)[SHA256_SIZE])
{
    one_by_one(bytes, count, out);
}

#endif
