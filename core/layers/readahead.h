/*
 * readahead - threads that have the kernel read a layer's files before their turn comes.
 *
 * A layer is tens of thousands of small files. Read one after the other from a disk, each costs a
 * wait or two; from memory, none. So a few threads go ahead along the list, open what they come to,
 * and ask for its bytes; where that is all in memory already, they end. They give hints and nothing
 * else: what goes wrong here goes wrong again where it counts.
 */
#ifndef S3DOCK_LAYERS_READAHEAD_H
#define S3DOCK_LAYERS_READAHEAD_H

#include <stdint.h>

struct readahead;
/* Borrows list (tar-split.json.gz) and folder until readahead_end. NULL: there is none. */
struct readahead *readahead_start(int list, int folder);
/* The reader has come to one more file, of that size. Takes NULL. */
void readahead_passed(struct readahead *ahead, uint64_t size);
void readahead_end(struct readahead *ahead); /* joins; takes NULL */

#endif
