/*
 * pattern - a made-up image archive of any size on standard output: `pattern BYTES [SEED]`.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "move/source.h"

int main(int argc, char **argv)
{
    static uint8_t block[1 << 20];
    struct err err = {0};
    struct source *source;
    long got;

    if (argc < 2 || argc > 3) {
        fprintf(stderr, "usage: pattern BYTES [SEED]\n");
        return 2;
    }
    source = source_pattern(strtoull(argv[1], NULL, 10), argc > 2 ? strtoull(argv[2], NULL, 10) : 1,
                            &err);
    if (source == NULL) {
        fprintf(stderr, "pattern: %s\n", err.text);
        return 1;
    }
    while ((got = source_read(source, block, sizeof block, &err)) > 0)
        if (fwrite(block, 1, (size_t)got, stdout) != (size_t)got) {
            perror("pattern");
            return 1;
        }
    source_destroy(source);
    if (got < 0)
        fprintf(stderr, "pattern: %s\n", err.text);
    return got < 0;
}
