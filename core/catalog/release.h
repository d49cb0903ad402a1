/*
 * release - tags images, promotes them to environments, and rolls environments back.
 *
 * Each function sets one document (pointer_change.h) and then writes an audit event (audit.h). A
 * change without its event is a success; the result contains the error of the event.
 *
 * A document that another writer changes at the same time is not replaced: conflict.changed.
 *
 * With `signing`, the document states its name, its images and a sequence number (statement.h). A
 * document that has the requested value already gets a signature if it states all that; otherwise
 * it is written again, without an event, because nothing was promoted.
 */
#ifndef S3DOCK_CATALOG_RELEASE_H
#define S3DOCK_CATALOG_RELEASE_H

#include "catalog/release_options.h"

/* conflict.tag: another image has this version, and `force` is not set. */
int release_tag(const struct release_options *options, const struct image_name *image,
                const char *version, struct release_result *result, struct err *err);
int release_promote_image(const struct release_options *options, const struct image_name *image,
                          const char *env, struct release_result *result, struct err *err);
int release_promote_tag(const struct release_options *options, const char *app, const char *version,
                        const char *env, struct release_result *result, struct err *err);
/* Sets the environment to the target before its newest promotion that was not rolled back, by the
 * audit log. not_found.previous: there is none. conflict.history: no event explains the current
 * target. */
int release_rollback(const struct release_options *options, const char *app, const char *env,
                     struct release_result *result, struct err *err);

#endif
