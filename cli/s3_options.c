/*
 * Two tables: the settings that become headers, and those that a directory store cannot honour.
 */
#include "cli/s3_options.h"

#include <string.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/codes.h"
#include "base/err.h"
#include "cli/settings/config.h"

static const struct header {
    enum s3_option header;
    enum option_id id;
    const char *word; /* the header of a switch that is on; NULL: it has the text of the option */
    const char *code; /* of errors */
} HEADERS[] = {
    {S3_ENCRYPTION, OPT_ENCRYPTION, NULL, CODE_ENCRYPTION},
    {S3_ENCRYPTION_KEY, OPT_ENCRYPTION_KEY, NULL, CODE_ENCRYPTION},
    {S3_ENCRYPTION_CONTEXT, OPT_ENCRYPTION_CONTEXT, NULL, CODE_ENCRYPTION},
    {S3_CUSTOMER_KEY, OPT_CUSTOMER_KEY, NULL, CODE_ENCRYPTION},
    {S3_BUCKET_KEY, OPT_BUCKET_KEY, "true", CODE_ENCRYPTION},
    {S3_STORAGE_CLASS, OPT_STORAGE_CLASS, NULL, CODE_STORAGE_CLASS},
    {S3_ACL, OPT_ACL, NULL, CODE_ACL},
    {S3_TAGS, OPT_TAGS, NULL, CODE_TAGS},
    {S3_LOCK_MODE, OPT_LOCK_MODE, NULL, CODE_LOCK},
    {S3_LOCK_UNTIL, OPT_LOCK_UNTIL, NULL, CODE_LOCK},
    {S3_LEGAL_HOLD, OPT_LEGAL_HOLD, "ON", CODE_LOCK},
    {S3_REQUEST_PAYER, OPT_REQUESTER_PAYS, "requester", CODE_COMBINATION},
    {S3_BUCKET_OWNER, OPT_BUCKET_OWNER, NULL, CODE_BUCKET_OWNER},
};

/* Returns the value of the header. NULL: not set, or the default of the bucket. */
static const char *header_value(const struct config *config, const struct header *header)
{
    const char *text = config_text(config, header->id);

    if (header->word)
        return config_switch(config, header->id) ? header->word : NULL;
    return text && header->id == OPT_ENCRYPTION && strcmp(text, "default") == 0 ? NULL : text;
}

/* The setting of s3dock has precedence over the variable of AWS. */
static const char *checksum_word(const struct config *config)
{
    const char *word = config_text(config, OPT_CHECKSUM);

    return word ? word : config_text(config, OPT_AWS_CHECKSUM);
}

void s3_options_fill(const struct config *config, struct store_s3_options *out)
{
    *out = (struct store_s3_options){
        .endpoint = config_text(config, OPT_ENDPOINT),
        .region = config_text(config, OPT_REGION),
        .bucket = config_text(config, OPT_BUCKET),
        .addressing = config_text(config, OPT_ADDRESSING),
        .fips = config_switch(config, OPT_FIPS),
        .dualstack = config_switch(config, OPT_DUALSTACK),
        .accelerate = config_switch(config, OPT_ACCELERATE),
        .own_region_only = !config_switch(config, OPT_USE_ARN_REGION),
        .key_prefix = config_text(config, OPT_KEY_PREFIX),
        .ca_file = config_text(config, OPT_CA_FILE),
        .client_cert = config_text(config, OPT_CLIENT_CERT),
        .client_key = config_text(config, OPT_CLIENT_KEY),
        .insecure = config_switch(config, OPT_INSECURE),
        .checksum = checksum_word(config),
        .sign_payload = config_switch(config, OPT_SIGN_PAYLOAD),
        .retries = (unsigned)config_number(config, OPT_RETRIES),
        .rate = config_number(config, OPT_LIMIT_RATE),
        .stall_time = (int64_t)config_number(config, OPT_STALL_TIME) * NS_PER_MS,
    };
    for (size_t i = 0; i < ARRAY_SIZE(HEADERS); i++)
        out->headers[HEADERS[i].header] = header_value(config, &HEADERS[i]);
}

int s3_options_check_directory(const struct config *config, struct err *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(HEADERS); i++) {
        const struct option *option = &option_table[HEADERS[i].id];

        if (!header_value(config, &HEADERS[i]))
            continue;
        err_set(err, ERR_USAGE, HEADERS[i].code, "%s is for S3 only, not for a directory",
                option->name);
        return err_hint(err, "remove it from the profile%s",
                        HEADERS[i].header == S3_ENCRYPTION ? ", and encrypt the file system" : "");
    }
    return 0;
}
