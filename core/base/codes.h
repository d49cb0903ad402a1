/*
 * codes - the codes of errors that control flow compares, or for which the command line has a hint.
 *
 * A code is the second half of what users see: not_found.image is ERR_NOT_FOUND and CODE_IMAGE. One
 * word can be the code of several families.
 */
#ifndef S3DOCK_BASE_CODES_H
#define S3DOCK_BASE_CODES_H

#define CODE_ADDRESSING  "addressing"
#define CODE_ANSWER      "answer"
#define CODE_ARCHIVE     "archive"
#define CODE_BASE        "base"
#define CODE_BUCKET      "bucket"
#define CODE_CA_FILE     "ca_file"
#define CODE_CERTIFICATE "certificate"
#define CODE_CONFIG      "config"
#define CODE_DENIED      "denied"
#define CODE_DISK_FULL   "disk_full"
#define CODE_DOCKERFILE  "dockerfile"
#define CODE_ENCRYPTION  "encryption"
#define CODE_ENDPOINT    "endpoint"
#define CODE_ENVIRONMENT "environment"
#define CODE_EXPIRED     "expired"
#define CODE_HISTORY     "history"
#define CODE_IMAGE       "image"
#define CODE_INSPECT     "inspect"
#define CODE_KEY         "key"
#define CODE_LISTING     "listing"
#define CODE_MEMORY      "memory"
#define CODE_OPERATION   "operation"
#define CODE_OWNER       "owner"
#define CODE_PACKING     "packing"
#define CODE_PERMISSION  "permission"
#define CODE_POINTER     "pointer"
#define CODE_PREVIOUS    "previous"
#define CODE_PUSH        "push"
#define CODE_REFERENCED  "referenced"
#define CODE_REFUSED     "refused"
#define CODE_REGION      "region"
#define CODE_REPOSITORY  "repository"
#define CODE_REQUEST     "request"
#define CODE_RESOLVE     "resolve"
#define CODE_SIGNATURE   "signature"
#define CODE_TAG         "tag"
#define CODE_TIMEOUT     "timeout"
#define CODE_TOO_LARGE   "too_large"
#define CODE_UNREACHABLE "unreachable"
#define CODE_UNREAD      "unread"
#define CODE_UNSIGNED    "unsigned"
#define CODE_ZSTD        "zstd"

#endif
