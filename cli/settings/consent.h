/*
 * consent - refuses settings of a file in the current folder that the user has not trusted.
 *
 * The file may come from another person, as a part of a clone or an archive. It may choose bucket,
 * region, profile and speed. It may not choose the endpoint that gets the user's credentials,
 * weaken TLS, choose the Docker daemon, or start containers, unless the user trusts the file
 * (trust.h) or names it.
 * docs/configuration.md has the list.
 */
#ifndef S3DOCK_CLI_SETTINGS_CONSENT_H
#define S3DOCK_CLI_SETTINGS_CONSENT_H

struct err;
struct config;

/* Checks the settings of the store; call it before any request to the bucket. An endpoint of that
 * file is allowed for requests without credentials, and for credentials of the same file. Fails
 * with usage.trust. */
int consent_store(const struct config *config, struct err *err);
/* Checks that credentials which are not of the configuration (roles, other programs) may be used at
 * the endpoint; call it before they are used. `source` names them. Fails with usage.trust. */
int consent_keys(const struct config *config, const char *source, struct err *err);
/* Returns the file of the authorities for the services that give credentials. NULL: those of the
 * system, also if only that file names others: those services get tokens of the user. */
const char *consent_ca_file(const struct config *config);
/* Checks the settings of Docker; call it before any request to the daemon. Fails with usage.trust.
 */
int consent_docker(const struct config *config, struct err *err);
/* Checks that the configured key may sign: a file that chooses bucket and key could get signed
 * documents of any image. Call it before the key is used. Fails with usage.trust. */
int consent_sign(const struct config *config, struct err *err);
/* Checks that the deployments of the file may be used: they start containers with any rights, and
 * programs. Call it before the first request of a deployment. Fails with usage.trust. */
int consent_deploy(const struct config *config, struct err *err);

#endif
