/*
 * codes - the codes of errors that control flow compares or that more than one file sets.
 *
 * A code is the second half of what users see: not_found.image is ERR_NOT_FOUND and CODE_IMAGE.
 */
#ifndef S3DOCK_BASE_CODES_H
#define S3DOCK_BASE_CODES_H

#define CODE_UNREAD "unread" /* local: the reader closed its end of standard output */

#endif
