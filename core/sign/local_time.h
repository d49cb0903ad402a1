/*
 * local_time - the times of allowed_signers files.
 */
#ifndef S3DOCK_SIGN_LOCAL_TIME_H
#define S3DOCK_SIGN_LOCAL_TIME_H

#include <stdbool.h>
#include <stdint.h>

/* Reads YYYYMMDD, YYYYMMDDHHMM or YYYYMMDDHHMMSS as seconds since 1970. The time is UTC with a Z or
 * UTC behind it, else that of the time zone of this machine. Returns false for another form and
 * for a date that does not exist. */
bool local_time_read(const char *text, int64_t *seconds);

#endif
