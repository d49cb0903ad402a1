/*
 * readahead - threads that make the kernel read files of a layer before the reader needs them.
 *
 * A layer has tens of thousands of small files. From a disk, each costs the reader one or two
 * waits. A few threads follow the list ahead of the reader, open the files, and give read-ahead
 * hints. They end when the files are in memory already. They ignore errors: the reader reports
 * them.
 */
#ifndef S3DOCK_LAYERS_READAHEAD_H
#define S3DOCK_LAYERS_READAHEAD_H

#include <stdint.h>

struct readahead;
/* Starts the threads. Borrows list (tar-split.json.gz) and folder until readahead_end. Returns
 * NULL if no thread could start. */
struct readahead *readahead_start(int list, int folder);
/* Reports that the reader reached one more file, of that size. Accepts NULL. */
void readahead_passed(struct readahead *readahead, uint64_t size);
void readahead_end(struct readahead *readahead); /* stops and joins the threads; accepts NULL */

#endif
