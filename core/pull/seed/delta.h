/*
 * delta - what a pull into a daemon takes from the host: the layers that the daemon has, which the
 * bundle leaves out, and the image whose chunks are looked at for the others.
 */
#ifndef S3DOCK_PULL_SEED_DELTA_H
#define S3DOCK_PULL_SEED_DELTA_H

#include <stdbool.h>
#include <stdint.h>

#include "catalog/locate.h"
#include "catalog/name.h"
#include "pack/image/image.h"
#include "pack/index/index.h"
#include "pull/plan/needed_chunks.h"
#include "pull/seed/local_images.h"
#include "store/store.h"
#include "transfer/source.h"

struct err;
struct docker;

/* Whether wanted chunks are looked for in images of this host. */
enum reuse { REUSE_AUTO, REUSE_ALWAYS, REUSE_NEVER };

struct delta_options {
    struct store *store;
    struct docker *docker;
    const struct image_name *name;
    const struct located *at;
    const struct image_info *image; /* as the index tells it: with the layers of the metadata */
    enum reuse reuse;
    char *reason; /* DELTA_REASON bytes: gets in words why there is a donor or none; "": neither */
    const struct cancel *cancel;
};

#define DELTA_REASON 256

/* The estimate behind --reuse auto: seconds that a harvest would save; negative: cost. */
struct harvest_estimate {
    uint64_t missing;        /* packed bytes to fetch without it */
    uint64_t load;           /* raw bytes that the daemon is to be given in any case */
    uint64_t donor_size;     /* raw bytes to read, or to have exported */
    bool direct;             /* to read: no export is needed (donor.h) */
    bool kin;                /* the donor is an earlier image of the application */
    unsigned shared, layers; /* layers they have in common, of so many */
    double rate;             /* of the link, bytes a second */
};

struct delta {
    struct local_images *host;
    bool has[IMAGE_LAYERS_MAX]; /* layers that the bundle leaves out */
    unsigned has_count;
    const struct local_image *donor; /* whose chunks shall be looked at; NULL: none */
    struct source *donor_source;     /* where they come from */
    struct harvest_estimate estimate;
};

/* Asks the daemon for its images, and finds the layers that need not be sent. The options' strings
 * are borrowed for the call only. */
struct delta *delta_create(const struct delta_options *options, struct err *err);
void delta_destroy(struct delta *delta); /* takes NULL */
/* Chooses the image whose chunks are looked at for the wanted ones, if that pays. `rate`: bytes a
 * second of the link, 0 when too little was seen of it. */
void delta_choose_donor(const struct delta_options *options, struct delta *delta,
                        const struct needed_chunks *wanted, double rate);
/* Packed bytes of the layers that are left out. */
uint64_t delta_left_out(const struct delta *delta, const struct index *index);

double harvest_gain(const struct harvest_estimate *estimate);
/* Whether it is to be done. Reading layers pays already where it costs no time: nothing crosses the
 * link that need not. */
bool harvest_pays(const struct harvest_estimate *estimate);
/* Whether it was judged wrongly: after so many seconds it has read so much of the donor, and what
 * is still open would be fetched and loaded much sooner than the rest of the donor is read. */
bool harvest_lags(const struct harvest_estimate *estimate, double seconds, uint64_t read,
                  uint64_t open_packed, uint64_t open_raw);

#endif
