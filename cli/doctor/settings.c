/*
 * Reports the configuration file and the bucket, with their sources. Sends no
 * request.
 */
#include <stdio.h>
#include <string.h>

#include "aws/settings.h"
#include "cli/doctor/doctor.h"
#include "cli/settings/config.h"

static const char *describe_trust(const struct config_file *file)
{
    if (file->place != CONFIG_FOLDER)
        return "";
    return file->trusted ? ", found in the current folder, trusted"
                         : ", found in the current folder, not trusted";
}

static void report_file(struct doctor *doctor, const struct config *config)
{
    char where[512];

    config_origin(config, OPT_PROFILE, where, sizeof where);
    if (config->file.path[0])
        doctor_ok(doctor, "configuration", "%s, profile \"%s\" (%s)%s", config->file.path,
                  config->profile, where, describe_trust(&config->file));
    else
        doctor_ok(doctor, "configuration", "no file: flags, environment and defaults are used");
}

/* Each warning is a line "PATH: TEXT". */
static void report_warnings(struct doctor *doctor, const struct config *config)
{
    const char *line = config->warnings.data;

    while (*line) {
        size_t size = strcspn(line, "\n");

        doctor_warning(doctor, "configuration",
                       "s3dock config validate lists all problems; the rest of the file is used",
                       "%.*s", (int)size, line);
        line += size + (line[size] == '\n');
    }
}

/* Adds a warning for each line of the AWS files' warnings, which name file and line. */
static void report_aws_warnings(struct doctor *doctor, const char *line)
{
    while (*line) {
        size_t size = strcspn(line, "\n");

        doctor_warning(doctor, "AWS files",
                       "docs/credentials.md describes the grammar of the files", "%.*s", (int)size,
                       line);
        line += size + (line[size] == '\n');
    }
}

/* Warns if both s3dock's file and the AWS files have the profile that the user selected. */
static void report_two_profiles(struct doctor *doctor, const struct config *config)
{
    const struct aws_settings *aws = config_aws(config);

    if (config->profile_chosen && config_file_has_profile(&config->file, config->profile) &&
        aws_profiles_find(aws->profiles, AWS_PROFILE, config->profile))
        doctor_warning(doctor, "AWS files",
                       "to use the AWS profile: AWS_PROFILE, or rename one of both profiles",
                       "the AWS files have a profile \"%s\", too: that of %s is used",
                       config->profile, config->file.path);
}

/* Warns if the user selected an AWS profile, but s3dock's file has keys. */
static void report_unused_profile(struct doctor *doctor, const struct config *config)
{
    const struct aws_settings *aws = config_aws(config);
    char where[512];

    if (config->settings[OPT_ACCESS_KEY].origin != ORIGIN_FILE || !aws->profile ||
        strcmp(aws->profile_name, "default") == 0)
        return;
    config_origin(config, OPT_ACCESS_KEY, where, sizeof where);
    doctor_warning(doctor, "AWS files",
                   "select the AWS profile with --profile, or remove the keys there",
                   "the profile \"%s\" has no effect on the keys, because %s is set",
                   aws->profile_name, where);
}

/* A failure of files that this configuration does not need is a warning. */
static void report_aws(struct doctor *doctor, const struct config *config)
{
    const struct aws_settings *aws = config_aws(config);
    struct err err;

    if (!config->aws)
        return;
    if (!aws) {
        doctor_found(doctor, "AWS files",
                     config_check_aws(config, &err) ? DOCTOR_FAILED : DOCTOR_WARNING,
                     aws_source_failure(config->aws));
        return;
    }
    if (aws->profile)
        doctor_ok(doctor, "AWS files", "profile \"%s\" of %s and %s", aws->profile_name,
                  aws_profiles_config_path(aws->profiles),
                  aws_profiles_credentials_path(aws->profiles));
    report_aws_warnings(doctor, aws_profiles_warnings(aws->profiles));
    report_two_profiles(doctor, config);
    report_unused_profile(doctor, config);
}

static void report_bucket(struct doctor *doctor, const struct config *config)
{
    const char *endpoint = config_text(config, OPT_ENDPOINT);
    char bucket[512], from[512];

    config_origin(config, OPT_BUCKET, bucket, sizeof bucket);
    config_origin(config, OPT_ENDPOINT, from, sizeof from);
    if (config->settings[OPT_BUCKET].origin == ORIGIN_DEFAULT)
        doctor_warning(doctor, "settings", "set \"bucket\" in the profile, or S3DOCK_BUCKET",
                       "no bucket is set: the built-in name %s is used",
                       config_text(config, OPT_BUCKET));
    else
        doctor_ok(doctor, "settings", "bucket %s (%s) at %s (%s)", config_text(config, OPT_BUCKET),
                  bucket, endpoint ? endpoint : "AWS", endpoint ? from : "no endpoint is set");
}

void doctor_check_settings(struct doctor *doctor, const struct config *config)
{
    report_file(doctor, config);
    report_warnings(doctor, config);
    report_aws(doctor, config);
    report_bucket(doctor, config);
}
