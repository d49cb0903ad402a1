/*
 * Fetches the credentials as other commands do, and reports their source, the sources that were
 * passed over, and settings that have no effect. No secret is in the report.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "aws/profiles.h"
#include "aws/settings.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "cli/cli.h"
#include "cli/credentials.h"
#include "cli/doctor/doctor.h"
#include "cli/print/human.h"
#include "credentials/provider.h"
#include "credentials/report.h"

#define NAME "credentials"

/* ---- the set in use ---- */

/* Formats ", expires in 47 min". */
static void describe_expiry(int64_t expiry, char *out, size_t size)
{
    char wait[HUMAN_SIZE];
    double left = (double)(expiry - clock_wall()) / (double)NS_PER_S;

    out[0] = '\0';
    if (expiry)
        snprintf(out, size, ", expires in %s", human_wait(left > 0 ? left : 0, wait));
}

/* Formats the source of s3dock's own pair, whose halves may be in two places. */
static void describe_own(const struct config *config, char *out, size_t size)
{
    char id[512], secret[512];

    config_origin(config, OPT_ACCESS_KEY, id, sizeof id);
    config_origin(config, OPT_SECRET_KEY, secret, sizeof secret);
    snprintf(out, size, "%s), its secret (%s", id, secret);
}

static void report_set(struct doctor *doctor, const struct config *config,
                       const struct credentials *set)
{
    char key[16], expiry[64], source[1200];

    config_short_key(set->access_key, key);
    describe_expiry(set->expiry, expiry, sizeof expiry);
    if (set->kind == CREDENTIALS_OWN)
        describe_own(config, source, sizeof source);
    else
        snprintf(source, sizeof source, "%s", set->source);
    doctor_ok(doctor, NAME, "access key %s (%s)%s%s", key, source,
              set->session_token[0] ? ", a session token" : "", expiry);
}

static void report_anonymous(struct doctor *doctor, const struct config *config)
{
    if (config_switch(config, OPT_ANONYMOUS))
        doctor_ok(doctor, NAME, "\"anonymous\" is set: requests are not signed");
    else
        doctor_warning(doctor, NAME,
                       "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or "
                       "access_key and secret_key in the profile; for a public bucket, set "
                       "\"anonymous\"",
                       "no credentials were found: requests are not signed, which only a public "
                       "bucket accepts");
}

/* ---- the other sources ---- */

static void report_sources(struct doctor *doctor, const struct credential_report *report)
{
    struct text passed;

    text_init(&passed, 4 * KIB);
    for (unsigned i = 0; i < report->count; i++) {
        const struct report_line *line = &report->lines[i];

        if (line->verdict == REPORT_PASSED)
            text_printf(&passed, "%s%s: %s", passed.size ? "; " : "", line->source, line->why);
        else if (line->verdict == REPORT_ODD)
            doctor_warning(doctor, NAME, NULL, "%s: %s", line->source, line->why);
    }
    if (passed.size)
        doctor_ok(doctor, "other sources", "passed over: %s", passed.data);
    text_finish(&passed);
}

/* The file has keys, which only its owner should read. */
static void check_mode(struct doctor *doctor, const struct aws_settings *aws)
{
    const char *path = aws ? aws_profiles_credentials_path(aws->profiles) : "";
    struct stat st;

    if (path[0] && stat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_mode & 077)
        doctor_warning(doctor, NAME, "chmod 600", "other users may read %s", path);
}

bool doctor_check_credentials(struct doctor *doctor, struct cli *cli)
{
    struct provider_copy copy = {0};
    struct credential_provider *provider;
    struct err err;
    bool usable;

    if (config_directory(&cli->config)) {
        doctor_ok(doctor, NAME, "a directory needs no credentials");
        return true;
    }
    provider = credentials_open(cli, &err);
    usable = provider && provider_get(provider, &copy, &err) >= 0;
    if (!usable)
        doctor_found(doctor, NAME, DOCTOR_FAILED, &err);
    else if (credentials_anonymous(&copy.set))
        report_anonymous(doctor, &cli->config);
    else
        report_set(doctor, &cli->config, &copy.set);
    credentials_finish(&copy.set);
    if (credentials_report(cli))
        report_sources(doctor, credentials_report(cli));
    check_mode(doctor, config_aws(&cli->config));
    return usable;
}
