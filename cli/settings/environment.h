/*
 * environment - reads variables. Functions get the reader as an argument, so that tests can set
 * their own variables.
 */
#ifndef S3DOCK_CLI_SETTINGS_ENVIRONMENT_H
#define S3DOCK_CLI_SETTINGS_ENVIRONMENT_H

typedef const char *getenv_fn(const char *name);

/* Reads a variable of this process. NULL: not set. */
getenv_fn config_environment;

#endif
