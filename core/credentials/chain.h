/*
 * chain - gets credentials from the first source that the user has configured.
 *
 * A chain belongs to one thread at a time (provider.h serialises). It keeps sets of inner hops
 * while they are fresh, so that a refresh repeats only requests that are needed.
 */
#ifndef S3DOCK_CREDENTIALS_CHAIN_H
#define S3DOCK_CREDENTIALS_CHAIN_H

#include <stdbool.h>

struct aws_query;
struct aws_settings;
struct aws_system;
struct credential_chain;
struct credential_report;
struct credentials;
struct err;

/* Copies the strings of the query; the system is borrowed and outlives the chain. Reads the AWS
 * files. Fails as aws_settings_load. */
int credential_chain_create(const struct aws_system *system, const struct aws_query *query,
                            struct credential_chain **out, struct err *err);
void credential_chain_destroy(struct credential_chain *chain); /* takes NULL; wipes */

/* Gets credentials, now. Blocks. Reads the files again, but for the first call. `may_ask`: a
 * source may ask for a code on the terminal. SOURCE_FOUND: the caller calls credentials_finish.
 * SOURCE_ABSENT: nothing is configured; credential_chain_none describes it. A source that is
 * configured and fails: its own error. */
int credential_chain_resolve(struct credential_chain *chain, bool may_ask, struct credentials *out,
                             struct err *err);

/* From now on, the instance metadata service is the last source only if a setting names it or the
 * hardware is an instance (ec2_host.h); without a description of the hardware, if `store_is_aws`. A
 * request costs a second where there is no service. A profile may still name it. */
void credential_chain_limit_instance(struct credential_chain *chain, bool store_is_aws);

/* Forgets the kept sets that have this access key, or were made with it. */
void credential_chain_reject(struct credential_chain *chain, const char *access_key);

/* The sources of the last credential_chain_resolve. Valid until the next one. */
const struct credential_report *credential_chain_report(const struct credential_chain *chain);

/* Sets auth.no_credentials: the sources that were considered, and what to do. Returns ERR_FAIL. */
int credential_chain_none(const struct credential_chain *chain, struct err *err);

/* The settings of the last read of the files. Valid until the next credential_chain_resolve. */
const struct aws_settings *credential_chain_settings(const struct credential_chain *chain);

/* Stores the region for requests: the configured one, else that of the instance if the last keys
 * are those of the instance, else "". `region` has 64 bytes. */
void credential_chain_region(struct credential_chain *chain, char *region);

#endif
