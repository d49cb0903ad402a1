/*
 * The distance is the number of single-letter errors (left out, added, replaced, two swapped). Case
 * is ignored. A third of the letters may be wrong, and at least one.
 */
#include "base/nearest.h"

#include <ctype.h>
#include <limits.h>
#include <string.h>

#define WORD_MAX 48

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

static unsigned distance(const char *a, const char *b)
{
    unsigned rows[3][WORD_MAX + 1];
    size_t la = strlen(a), lb = strlen(b);

    if (la > WORD_MAX || lb > WORD_MAX)
        return UINT_MAX;
    for (size_t j = 0; j <= lb; j++)
        rows[0][j] = (unsigned)j;
    for (size_t i = 1; i <= la; i++) {
        unsigned *row = rows[i % 3];
        const unsigned *above = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];
        int ca = tolower((unsigned char)a[i - 1]);

        row[0] = (unsigned)i;
        for (size_t j = 1; j <= lb; j++) {
            int cb = tolower((unsigned char)b[j - 1]);

            row[j] = least(above[j - 1] + (ca != cb), least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && ca == tolower((unsigned char)b[j - 2]) &&
                cb == tolower((unsigned char)a[i - 2]))
                row[j] = least(row[j], before[j - 2] + 1);
        }
    }
    return rows[la % 3][lb];
}

void nearest_init(struct nearest *nearest, const char *word)
{
    *nearest = (struct nearest){.word = word, .distance = UINT_MAX};
}

void nearest_try(struct nearest *nearest, const char *candidate)
{
    unsigned d = distance(nearest->word, candidate);

    if (d < nearest->distance) {
        nearest->distance = d;
        nearest->best = candidate;
    }
}

const char *nearest_found(const struct nearest *nearest)
{
    size_t allowed = strlen(nearest->word) / 3;

    return nearest->best && nearest->distance <= (allowed ? allowed : 1) ? nearest->best : NULL;
}
