/*
 * machine - distinguishes machines of one host name without their machine id.
 */
#ifndef S3DOCK_DEPLOY_MACHINE_H
#define S3DOCK_DEPLOY_MACHINE_H

struct err;

#define MACHINE_SIZE 17 /* 16 hex digits and the NUL */
#define MACHINE_KEY  "dev.s3dock.deployments"
#define MACHINE_FILE "/etc/machine-id"

/* Writes the first 16 digits of HMAC-SHA-256(MACHINE_KEY, id), with the 32 digits of the machine id
 * in `id_file` (NULL: MACHINE_FILE). So the id, which is a secret of the host, cannot be computed
 * from it. Without an id, a random value is made once and kept in the file `machine` of `folder`.
 * Fails with local.*: neither is possible. */
int machine_read(const char *id_file, const char *folder, char out[MACHINE_SIZE], struct err *err);

#endif
