/*
 * scripted_http - replaces http/client in the player: the exchanges of a case respond to the
 * requests of the S3 store.
 */
#ifndef S3DOCK_TESTS_CASES_SCRIPTED_HTTP_H
#define S3DOCK_TESTS_CASES_SCRIPTED_HTTP_H

#include <stdbool.h>

struct script;

/* Chooses the script of the stores that are opened from now on. Their wall clock is the script's,
 * too: the linker replaces clock_wall and clock_skew_judge by the functions with __wrap_ before the
 * name. */
void scripted_http_use(struct script *script);
/* On: requests get "no such key" instead of an exchange of the case, so that the store learns that
 * its bucket exists. */
void scripted_http_prove_bucket(bool on);

#endif
