/*
 * delta - what a daemon need not be given, and what is needed instead: host, index and bundle of
 * one pull, looked up before anything moves.
 */
#ifndef S3DOCK_MOVE_DELTA_H
#define S3DOCK_MOVE_DELTA_H

#include <stdbool.h>
#include <stdint.h>

#include "catalog/locate.h"
#include "catalog/name.h"
#include "move/host.h"
#include "move/need.h"
#include "move/source.h"
#include "pack/bundle.h"
#include "pack/index.h"
#include "wire/store.h"

struct err;
struct docker;

/* Whether wanted chunks are looked for in images of this host. */
enum reuse { REUSE_AUTO, REUSE_ALWAYS, REUSE_NEVER };

struct delta_options {
    struct store *store;
    struct docker *docker;
    const struct image_name *name;
    const struct located *at; /* with metadata that names an index */
    const struct store_info *archive;
    const struct spool *spool; /* of this archive; may be NULL */
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
    struct host *host;
    struct index *index; /* header, and the sections that are needed */
    bool has[IMAGE_LAYERS_MAX];
    unsigned has_count;
    struct bundle *bundle;
    struct need *wanted;
    const struct host_image *donor; /* whose chunks shall be looked at; NULL: none */
    struct source *donor_source;    /* where they come from */
    struct harvest_estimate estimate;
};

/* DELTA_READY: *out is there. DELTA_POINTLESS: nothing would be saved, or the image's form does not
 * allow it; pull all of it. integrity and not_found: the index is not to be used. The options'
 * strings are borrowed for the call only. */
enum delta_answer { DELTA_READY = 0, DELTA_POINTLESS = 1 };
int delta_prepare(const struct delta_options *options, struct delta **out, struct err *err);
void delta_destroy(struct delta *delta); /* takes NULL */

uint64_t delta_left_out(const struct delta *delta); /* packed bytes of layers that stay away */

double harvest_gain(const struct harvest_estimate *estimate);
/* Whether it is to be done. Reading layers pays already where it costs no time: nothing crosses the
 * link that need not. */
bool harvest_pays(const struct harvest_estimate *estimate);
/* Whether it was judged wrongly: after so many seconds it has read so much of the donor, and what
 * is still open would be fetched and loaded much sooner than the rest of the donor is read. */
bool harvest_lags(const struct harvest_estimate *estimate, double seconds, uint64_t read,
                  uint64_t open_packed, uint64_t open_raw);

#endif
