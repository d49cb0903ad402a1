/*
 * reference - a name of an image as engines accept it: [HOST[:PORT]/]PATH[:TAG].
 *
 * For names that the user chose. Names in a bucket have a narrower grammar (name.h).
 */
#ifndef S3DOCK_CATALOG_REFERENCE_H
#define S3DOCK_CATALOG_REFERENCE_H

struct err;

/* Sizes of buffers, with the NUL. */
#define REFERENCE_REPOSITORY_MAX 256
#define REFERENCE_TAG_MAX        129
#define REFERENCE_MAX            (REFERENCE_REPOSITORY_MAX + REFERENCE_TAG_MAX)

struct reference {
    char repository[REFERENCE_REPOSITORY_MAX];
    char tag[REFERENCE_TAG_MAX]; /* "latest" if the text has none */
    char text[REFERENCE_MAX];    /* repository:tag */
};

/* Parses a reference. usage.reference: no engine accepts it, or it contains a digest. */
int reference_parse(const char *text, struct reference *out, struct err *err);

#endif
