/*
 * environment - how settings read the environment. A parameter, so that tests can replace it.
 */
#ifndef S3DOCK_CLI_SETTINGS_ENVIRONMENT_H
#define S3DOCK_CLI_SETTINGS_ENVIRONMENT_H

/* Returns the value of a variable, or NULL if it is not set. */
typedef const char *getenv_fn(const char *name);

#endif
