/*
 * settings - the selected profile of the AWS files, and the settings that AWS programs share.
 *
 * A setting is the first of: the caller (query), a variable, the profile, the default. Source:
 * "Settings reference" in the AWS SDKs and Tools Reference Guide.
 */
#ifndef S3DOCK_AWS_SETTINGS_H
#define S3DOCK_AWS_SETTINGS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "aws/profiles.h"
#include "aws/service.h"

struct err;
struct aws_system;

#define AWS_PROFILE_NAME_SIZE 128
#define AWS_URL_SIZE          1024
#define AWS_IMDS_URL          "http://169.254.169.254" /* of the instance metadata service */

/* Settings of the caller, which have precedence. Strings are borrowed for the time of the call. */
struct aws_query {
    const char *profile;  /* selected for this run; NULL: that of the variables, or "default" */
    const char *region;   /* NULL: not set */
    const char *endpoint; /* of S3, which the store interprets; NULL: not set */
};

enum aws_retry_mode { AWS_RETRY_UNSET, AWS_RETRY_LEGACY, AWS_RETRY_STANDARD, AWS_RETRY_ADAPTIVE };
enum aws_checksum { AWS_CHECKSUM_UNSET, AWS_CHECKSUM_WHEN_SUPPORTED, AWS_CHECKSUM_WHEN_REQUIRED };
enum aws_addressing {
    AWS_ADDRESSING_UNSET,
    AWS_ADDRESSING_AUTO,
    AWS_ADDRESSING_VIRTUAL,
    AWS_ADDRESSING_PATH
};
enum aws_switch { AWS_SWITCH_UNSET, AWS_SWITCH_OFF, AWS_SWITCH_ON };

/* The sub-keys of `s3`. */
struct aws_s3_settings {
    enum aws_addressing addressing_style;
    enum aws_switch use_accelerate_endpoint;
    enum aws_switch use_dualstack_endpoint; /* of S3 alone */
    enum aws_switch payload_signing_enabled;
    enum aws_switch use_arn_region; /* or AWS_S3_USE_ARN_REGION */
    enum aws_switch disable_multiregion_access_points;
    enum aws_switch disable_express_session_auth;
};

/* The metadata service of an instance. */
struct aws_imds_settings {
    char url[AWS_URL_SIZE]; /* without a slash at its end */
    bool disabled;
    unsigned timeout;  /* seconds of one request */
    unsigned attempts; /* 0: not set */
};

struct aws_settings {
    const struct aws_system *system; /* borrowed */
    struct aws_profiles *profiles;   /* owned */
    /* The selected profile. NULL: it is missing. That is allowed for "default", and with keys in
     * the environment. */
    const struct aws_profile *profile;
    char profile_name[AWS_PROFILE_NAME_SIZE];
    bool profile_explicit;        /* selected by the query, not by a variable */
    char region[AWS_REGION_SIZE]; /* "": none */
    char endpoint[AWS_URL_SIZE];  /* of the query; "": none */
    enum aws_switch fips, dualstack;
    enum aws_switch ignore_endpoints; /* on: only the endpoint of the query counts */
    char ca_bundle[PATH_MAX];         /* "": none */
    unsigned max_attempts;            /* 0: not set */
    enum aws_retry_mode retry_mode;
    enum aws_checksum request_checksum, response_checksum;
    struct aws_s3_settings s3;
    struct aws_imds_settings imds;
};

/* Reads files and variables. The caller calls aws_settings_finish, after a failure, too.
 * usage.aws_profile: neither file has the named profile; if a variable names it, only without
 * AWS_ACCESS_KEY_ID. usage.aws_setting: a value is not allowed (with its place). usage.region. The
 * failures of aws_profiles_load. */
int aws_settings_load(const struct aws_system *system, const struct aws_query *query,
                      struct aws_settings *out, struct err *err);
void aws_settings_finish(struct aws_settings *settings);

/* Writes the endpoint that is configured for a service, without a slash at its end; or "", and
 * false in *configured, if the service is at its default host (aws_service_url).
 * usage.aws_config: `services` names a missing section; usage.aws_setting: the endpoint is no URL
 * of http or https, or FIPS or dualstack are asked for at a configured endpoint. */
int aws_settings_endpoint(const struct aws_settings *settings, enum aws_service service, char *url,
                          size_t size, bool *configured, struct err *err);
/* Formats the place of this endpoint, for messages: "AWS_ENDPOINT_URL", "s3.endpoint_url in
 * services test of /home/u/.aws/config"; "" if none is configured. Returns whether the setting is
 * of this service alone. */
bool aws_settings_endpoint_place(const struct aws_settings *settings, enum aws_service service,
                                 char *out, size_t size);

#endif
