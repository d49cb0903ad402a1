/*
 * memory - keeps the memory of a service small while it waits.
 */
#ifndef S3DOCK_WATCH_MEMORY_H
#define S3DOCK_WATCH_MEMORY_H

/* Sets the rules of the allocator for the process. Call it before other threads are started. */
void memory_limit(void);
/* Returns free memory to the system. Call it after a transfer, before a long wait. */
void memory_give_back(void);

#endif
