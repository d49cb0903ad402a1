/*
 * One table: the code of an error, as users see it, and the hint. "%s" in a hint is the operand
 * that core has set (err->about), or a placeholder for it.
 */
#include "cli/print/hints.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/codes.h"
#include "base/err.h"

#define ENDPOINT "check \"endpoint\" in the profile, and that the server is up"
#define KEYS                                                                                       \
    "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or \"access_key\" and \"secret_key\" of "  \
    "the profile; s3dock doctor shows which are used"
#define SERVES "the old container, if any, serves; "
#define DOCTOR "s3dock doctor shows what this server does not support"

static const struct row {
    enum err_family family;
    const char *code;
    const char *hint;
    const char *about; /* the operand, if core has set none */
} rows[] = {
    /* names */
    {ERR_NOT_FOUND, CODE_TAG, "s3dock list tags %s lists the versions", "APP"},
    {ERR_NOT_FOUND, CODE_ENVIRONMENT, "s3dock list envs %s lists the environments", "APP"},
    {ERR_NOT_FOUND, CODE_IMAGE, "s3dock list images %s lists the images in the bucket", "APP"},
    {ERR_NOT_FOUND, CODE_PLATFORM,
     "choose one of them with --platform, or push %s from a host of that platform", "REF"},
    {ERR_CONFLICT, CODE_PLATFORM, "run the same command with --platform %s", "OS/ARCH"},
    {ERR_NOT_FOUND, CODE_PREVIOUS,
     "s3dock list images %s lists the images that can be promoted instead", "APP"},
    {ERR_NOT_FOUND, CODE_ARCHIVE, "push the image again: s3dock push %s", "REF"},
    {ERR_NOT_FOUND, CODE_OBJECT, "push the image again: s3dock push --force --no-delta %s", "REF"},
    {ERR_INTEGRITY, CODE_THIN, "push the image again: s3dock push --force --no-delta %s", "REF"},
    {ERR_INTEGRITY, CODE_POINTER, "set it again with s3dock promote, or s3dock tag --force", ""},
    {ERR_CONFLICT, CODE_TAG,
     "a version stands for one image: choose the next version, or move this one with --force, "
     "which "
     "moves the environments that use it as well",
     ""},
    {ERR_CONFLICT, CODE_HISTORY,
     "s3dock history %s lists the promotions; promote the image that you want", "APP ENV"},
    {ERR_CONFLICT, CODE_REFERENCED,
     "nothing of the application is removed until then: set a version or an environment again with "
     "s3dock tag --force or s3dock promote, repair or delete another document; s3dock history %s "
     "ENV lists the promotions",
     "APP"},
    {ERR_CONFLICT, CODE_SIGNED,
     "give the key that signed it with --sign-key, or push the image again with that key%s", ""},
    {ERR_UNSUPPORTED, CODE_STATEMENT,
     "push the image again with --force, or set the version or environment again, with --sign-key "
     "%s",
     "FILE"},
    {ERR_CONFLICT, CODE_PUSH, "s3dock pull %s --dry-run shows which image the bucket has now",
     "REF"},
    /* signatures */
    {ERR_TRUST, CODE_MISSING,
     "s3dock verify shows who signed what; push, tag or promote it with a key, or sign it: s3dock "
     "sign",
     ""},
    {ERR_TRUST, CODE_SIGNATURE,
     "it was changed after it was signed: push, tag or promote it again with a key; s3dock verify "
     "shows who signed what",
     ""},
    {ERR_TRUST, CODE_SIGNER,
     "s3dock verify shows who signed what; a permitted signer must sign it (s3dock sign), or "
     "change \"trust\" of the profile",
     ""},
    {ERR_TRUST, CODE_REVOKED, "sign it with another key: s3dock sign", ""},
    {ERR_TRUST, CODE_STATEMENT,
     "a signed document was copied to another key: push, tag or promote it again", ""},
    {ERR_TRUST, CODE_MOVED,
     "the image or the version was changed after the promotion: promote it again", ""},
    {ERR_TRUST, CODE_SEQUENCE,
     "promote the image again; if the pointer was lost and set again, on this host: s3dock verify "
     "%s --reset-sequence",
     "APP ENV"},
    {ERR_INTEGRITY, CODE_SEQUENCE, "set it again with a key: s3dock promote or tag, with --force",
     ""},
    {ERR_INTEGRITY, CODE_CLOCK,
     "if the clock of this machine is right, write it again with a key: s3dock push, promote or "
     "tag, with --force",
     ""},
    {ERR_TRUST, CODE_MEMORY, "to forget it on this host: s3dock verify %s --reset-sequence",
     "APP ENV"},
    {ERR_TRUST, CODE_CLOCK, "correct the clock of this machine, or of the one that signed", ""},
    {ERR_USAGE, CODE_SIGNERS,
     "correct or remove the line; ssh-keygen(1) has the form of the file below ALLOWED SIGNERS",
     ""},
    {ERR_USAGE, CODE_REVOKED,
     "each line is a public key, or SHA256: and the rest of its fingerprint, or the file is a list "
     "of ssh-keygen -k",
     ""},
    /* deployments */
    {ERR_NOT_FOUND, CODE_DEPLOYMENT,
     "s3dock deploy --init %s writes a first one; for a container that runs already: s3dock deploy "
     "--adopt CONTAINER APP ENV --output FILE",
     "APP ENV"},
    {ERR_USAGE, CODE_DEPLOY,
     "correct the file; s3dock config validate checks all deployments, and docs/deploy.md explains "
     "the keys%s",
     ""},
    {ERR_CONFLICT, CODE_DEPLOY, "wait for it with --wait 5m, or run the same command again%s", ""},
    {ERR_CONFLICT, CODE_CONTAINER,
     "take over its settings with s3dock deploy --adopt %s --output FILE, rename it (docker "
     "rename), and deploy; docs/deploy.md explains when to stop it",
     "CONTAINER APP ENV"},
    {ERR_CONFLICT, CODE_HOLD,
     "the next promotion ends the hold, and so does s3dock deploy --force %s", "APP ENV"},
    {ERR_CONFLICT, CODE_FAILED,
     "promote another image, or change the spec; s3dock deploy %s tries it again", "APP ENV"},
    {ERR_NOT_FOUND, CODE_NETWORK, "create it with docker network create, or correct the entry%s",
     ""},
    {ERR_USAGE, CODE_OWNER, "let only yourself or root write it: chown, chmod go-w%s", ""},
    {ERR_DEPLOY, CODE_START, SERVES "s3dock doctor checks slots, networks and files%s", ""},
    {ERR_DEPLOY, CODE_EXITED,
     SERVES "docker logs shows the output of the new container (Podman: it was removed)%s", ""},
    {ERR_DEPLOY, CODE_UNHEALTHY, SERVES "docker logs shows the output of the new container%s", ""},
    {ERR_DEPLOY, CODE_HOOK, SERVES "correct before_switch, or what it tests%s", ""},
    {ERR_DEPLOY, CODE_SWITCH, SERVES "s3dock doctor examines the proxy%s", ""},
    {ERR_DEPLOY, CODE_OBSERVE,
     SERVES "docker logs shows why the new container failed after the switch%s", ""},
    {ERR_DOWN, CODE_SERVING,
     "docker ps -a shows the containers; the next s3dock deploy starts one that becomes ready%s",
     ""},
    {ERR_USAGE, CODE_ORDER, "leave out --blue-green, or change the key `order` of the unit", ""},
    {ERR_INTEGRITY, CODE_BASE, "push that image again with --force --no-delta", ""},
    /* the bucket */
    {ERR_NOT_FOUND, CODE_BUCKET,
     "check \"bucket\" and \"endpoint\" in the profile, or create the bucket: s3dock "
     "doctor --create; if it exists, check \"addressing\"",
     ""},
    {ERR_USAGE, CODE_BUCKET, "name the bucket in the profile (\"bucket\"), or with --bucket", ""},
    {ERR_USAGE, CODE_REGION, "set \"region\" in the profile to %s, and \"endpoint\" to match",
     "the region of the bucket"},
    {ERR_USAGE, CODE_ADDRESSING, "set \"addressing\" in the profile to \"%s\"", "virtual"},
    {ERR_USAGE, CODE_ENDPOINT, ENDPOINT, ""},
    {ERR_USAGE, CODE_CERTIFICATE,
     "name the certificate of the authority with \"ca_file\" in the profile, and check the host "
     "name in \"endpoint\"%s",
     ""},
    {ERR_LOCAL, CODE_AUTHORITIES,
     "install the package ca-certificates, or name a file with \"ca_file\" in the profile or "
     "SSL_CERT_FILE%s",
     ""},
    {ERR_USAGE, CODE_CA_FILE, "check \"ca_file\" in the profile%s", ""},
    {ERR_USAGE, CODE_CLIENT_CERT, "check \"client_cert\" and \"client_key\" in the profile%s", ""},
    {ERR_USAGE, CODE_ENCRYPTION,
     "set \"encryption\" in the profile to \"aws:kms\", or leave \"encryption_key\" out", ""},
    {ERR_USAGE, CODE_KMS_KEY,
     "check \"encryption_key\" in the profile: the key must exist, be enabled, and be in the "
     "region "
     "of the bucket",
     ""},
    {ERR_USAGE, CODE_STORAGE_CLASS, "check \"storage_class\" in the profile", ""},
    {ERR_USAGE, CODE_ACL, "remove \"acl\" from the profile", ""},
    {ERR_USAGE, CODE_CHECKSUM, "set \"checksum\" in the profile to \"md5\"", ""},
    {ERR_USAGE, CODE_LOCK, "set both \"lock_mode\" and \"lock_until\" in the profile, or neither",
     ""},
    {ERR_USAGE, CODE_BUCKET_OWNER, "check \"bucket_owner\" in the profile", ""},
    {ERR_USAGE, CODE_COMBINATION,
     "remove one of the settings; s3dock config show --origin shows where each is set", ""},
    {ERR_UNSUPPORTED, CODE_HEADER,
     "set \"checksum\" in the profile to \"none\", and remove options that the store does not "
     "know; " DOCTOR,
     ""},
    {ERR_AUTH, CODE_KEY, KEYS, ""},
    {ERR_AUTH, CODE_SIGNATURE, KEYS "; a proxy that rewrites requests has the same effect", ""},
    {ERR_AUTH, CODE_DENIED, KEYS, ""},
    {ERR_AUTH, CODE_UNSIGNED,
     "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or \"access_key\" and \"secret_key\" in "
     "the profile, or AWS_PROFILE",
     ""},
    {ERR_NETWORK, CODE_RESOLVE, ENDPOINT "%s", ""}, /* the operand is the proxy */
    {ERR_NETWORK, CODE_REFUSED, ENDPOINT "%s", ""},
    {ERR_NETWORK, CODE_TIMEOUT, ENDPOINT "; check firewalls, too%s", ""},
    {ERR_INTEGRITY, CODE_LISTING, DOCTOR, ""},
    {ERR_INTEGRITY, CODE_ANSWER, DOCTOR, ""},
    {ERR_UNSUPPORTED, CODE_REQUEST, ENDPOINT "; " DOCTOR, ""},
    {ERR_UNSUPPORTED, CODE_RUNS, "use --quick, which reads no index", ""},
    {ERR_UNSUPPORTED, CODE_OPERATION, ENDPOINT "; " DOCTOR, ""},
    /* Docker and the build */
    {ERR_DOCKER, CODE_UNREACHABLE,
     "start it (systemctl start docker), or name another daemon with --docker-host or DOCKER_HOST",
     ""},
    {ERR_DOCKER, CODE_TIMEOUT,
     "the daemon hangs or is overloaded: see its log (journalctl -u docker); docker.timeout in the "
     "configuration sets a longer wait",
     ""},
    {ERR_DOCKER, CODE_ANSWER, "check that a Docker daemon listens there: s3dock doctor", ""},
    {ERR_UNSUPPORTED, CODE_ZSTD,
     "update Docker; or write the image to a file with --output FILE, for a newer Docker; or build "
     "it with gzip (docker buildx build "
     "--output type=docker,compression=gzip,force-compression=true) and push it again",
     ""},
    {ERR_UNSUPPORTED, CODE_PACKING, "unpack it on the way: %s | s3dock push APP:TAG --input -",
     "PROGRAM FILE"},
    {ERR_NOT_FOUND, CODE_DOCKERFILE,
     "name it with --dockerfile FILE, and its folder with --context DIR", ""},
    {ERR_NOT_FOUND, CODE_REPOSITORY,
     "an image is named after the commit that it is built from: run this in the repository, or "
     "name "
     "the repository with --path DIR",
     ""},
};

void hints_add(struct err *err)
{
    char about[sizeof err->about];

    for (size_t i = 0; i < ARRAY_SIZE(rows) && (!err->hint[0] || err->general); i++)
        if (err_is(err, rows[i].family, rows[i].code)) {
            snprintf(about, sizeof about, "%s", err->about[0] ? err->about : rows[i].about);
            err_hint(err, rows[i].hint, about);
        }
}
