/*
 * The table of commands with the help text of each, and the search for a command by its words.
 */
#include "cli/command.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/nearest.h"

#define REF "REF"

#define IMAGES       "Images"
#define RELEASES     "Releases"
#define DEPLOYMENTS  "Deployments"
#define HOUSEKEEPING "Housekeeping"
#define SETTINGS     "Settings and checks"
#define PROGRAM      "This program"

#define LIST_EMPTY                                                                                 \
    "If there is none, the list is empty, and a line on standard error reports this.\n"            \
    "The exit code is 0, also for an unknown application: see s3dock list apps.\n"

#define LIST_SIGNED                                                                                \
    "If the profile demands signatures (\"trust\"), it also prints who signed each.\n"             \
    "\n"

const struct command command_table[COMMAND_COUNT] = {
    [CMD_BUILD] =
        {.name = "build",
         .group = IMAGES,
         .operands = "APP",
         .least = 1,
         .most = 1,
         .hands_on = true,
         .summary = "build an image from the current commit",
         .examples =
             "s3dock build myapp\tnamed myapp:YYYYMMDD-HHMM-HASH\n"
             "s3dock build myapp --path ../shop --strict\tanother repository\n"
             "s3dock build myapp --platform linux/arm64\twith docker buildx\n"
             "s3dock build myapp --platform linux/amd64,linux/arm64\tboth, in containerd's store\n"
             "s3dock build myapp -- --no-cache --build-arg A=1\targuments for docker build\n",
         .details =
             "The name of the image contains the time and the hash of the commit. Therefore\n"
             "the repository must have no uncommitted changes. Docker may copy untracked\n"
             "files, too: s3dock prints a warning for them, or refuses them with --strict.\n"
             "Submodules must be at their recorded commits. Files that are hidden from git\n"
             "status must be unchanged.\n"
             "\n"
             "Your own docker program builds the image (S3DOCK_DOCKER names another one),\n"
             "with its cache, its secrets and your .dockerignore. Its messages go to\n"
             "standard error. Standard output has the name of the image only:\n"
             "REF=$(s3dock build myapp).\n"
             "\n"
             "If the repository changes during the build, the name is removed from the image\n"
             "and the command fails (exit code 8).\n"},
    [CMD_PUSH] =
        {.name = "push",
         .group = IMAGES,
         .operands = REF,
         .least = 1,
         .most = 1,
         .summary = "upload an image to the bucket",
         .examples =
             "s3dock push myapp:20250721-2118-f7a5a27\tfrom Docker\n"
             "s3dock push myapp:20250721-2118-f7a5a27 --input image.tar\tfrom an archive\n"
             "docker save $REF | s3dock push $REF --input -\tfrom a pipe\n"
             "s3dock push myapp:20250721-2118-f7a5a27 --verify\tand read it back\n"
             "s3dock push $REF --input - --platform linux/arm64 < arm.tar\tone of several\n",
         .details =
             "REF is APP:YYYYMMDD-HHMM-HASH: the time and the short hash of the commit that\n"
             "the image was built from. Names that change their image, such as latest, are\n"
             "refused.\n"
             "\n"
             "The image is stored as an ordinary .tar.gz, with an index and a metadata\n"
             "document. An image that is in the bucket already is not exported again. If a\n"
             "push fails or is interrupted, no image in the bucket changes. The uploaded\n"
             "parts are kept; the same command continues with them.\n"
             "\n"
             "The bucket holds one image for each platform of a commit. A push adds its\n"
             "own, or replaces that alone. From containerd's store, all platforms of the\n"
             "image are pushed; --platform chooses one.\n"
             "\n"
             "A push trusts the metadata of earlier pushes. --verify reads the whole archive\n"
             "back and checks every layer, even if the image was in the bucket already.\n"},
    [CMD_PULL] =
        {.name = "pull",
         .group = IMAGES,
         .operands = "REF|APP ENV|VERSION",
         .least = 1,
         .most = 2,
         .summary = "download an image from the bucket",
         .examples = "s3dock pull myapp production\tthe image of an environment\n"
                     "s3dock pull myapp v1.2.0\ta version\n"
                     "s3dock pull myapp:20250721-2118-f7a5a27\tan image\n"
                     "s3dock pull myapp production --dry-run\tprint what would be transferred\n"
                     "s3dock pull myapp production --output image.tar\tinto a file\n"
                     "s3dock pull myapp production --output - | docker load\twith docker load\n"
                     "s3dock pull myapp production --as myapp:current\tfor a compose file\n",
         .details =
             "Every byte is checked before the command reports success. Nothing is\n"
             "downloaded if Docker has the same image already.\n"
             "\n"
             "Docker gets the image under its name in the bucket, and no other name on the\n"
             "host changes. --as adds names when the image is loaded and verified, or was\n"
             "present already.\n"
             "\n"
             "Of an image with several platforms, Docker gets that of its own platform,\n"
             "and --output the first one. --platform chooses another one.\n"
             "\n"
             "Layers that Docker has are not downloaded. Other layers can share chunks with\n"
             "images on this host: s3dock reads these chunks from the layers on disk or, if\n"
             "it cannot, from an export of Docker, which is slower. It does so if that is\n"
             "cheaper than a download (--reuse).\n"
             "\n"
             "Downloaded chunks are kept on disk until the pull is complete. After a crash\n"
             "or a network failure the same command continues with them (--no-resume).\n"
             "\n"
             "A name such as v1.2.0 or 1.2 is searched among the versions first, then among\n"
             "the environments. Other names are searched in the reverse order.\n"},
    [CMD_VERIFY] =
        {.name = "verify",
         .group = IMAGES,
         .operands = "REF|APP ENV|VERSION",
         .least = 1,
         .most = 2,
         .summary = "check an image in the bucket, and who signed it",
         .examples = "s3dock verify myapp:20250721-2118-f7a5a27\tan image\n"
                     "s3dock verify myapp production\tthe image of an environment\n"
                     "s3dock verify myapp v1.2.0 --data\tits signatures and its archive\n",
         .details =
             "Reads the whole archive, as a pull does, and stores nothing. Each chunk must\n"
             "match the index, each layer its digest, and the archive the checksum in its\n"
             "metadata, if that has one. Writes nothing and needs no Docker.\n"
             "\n"
             "A push trusts the metadata in the bucket; this command does not. If something\n"
             "is damaged, the exit code is 6 and the hint names the repair.\n"
             "\n"
             "Then it lists the keys that have signed the metadata. It does not decide whether\n"
             "a key may sign.\n"
             "\n"
             "If the profile demands signatures (\"trust\"), it prints who signed each document\n"
             "instead, and reads the archive with --data only. Exit code 7: a signature that\n"
             "is demanded is wrong or missing.\n"
             "--reset-sequence forgets the highest sequence number that this host has seen,\n"
             "for an environment whose pointer was lost and set again.\n"},
    [CMD_INSPECT] =
        {.name = "inspect",
         .group = IMAGES,
         .operands = REF,
         .least = 1,
         .most = 1,
         .summary = "show the layers of an image in the bucket",
         .examples = "s3dock inspect myapp:20250721-2118-f7a5a27\tlayer by layer\n"
                     "s3dock inspect myapp:v1.2.0 --json\ta version, for a script\n",
         .details =
             "For each layer: its size, uncompressed and in the archive; its number of\n"
             "chunks; the share of chunks that could not be compressed; and the share of\n"
             "chunks that occur earlier in the archive. Reads the index, not the archive.\n"},
    [CMD_DIFF] =
        {.name = "diff",
         .group = IMAGES,
         .operands = "REF REF",
         .least = 2,
         .most = 2,
         .summary = "show the transfer from one image to another",
         .examples =
             "s3dock diff myapp:20250721-2118-f7a5a27 myapp:v1.2.0\tby layer, and the total\n",
         .details = "Shows what a host with the first image has to download for the second one.\n"
                    "Layers of the first image are not transferred, nor chunks that it contains\n"
                    "anywhere. Layers too small for chunks of their own, and the config, are\n"
                    "counted as rest. The index, and gaps between chunks, add a few percent.\n"},
    [CMD_TAG] =
        {.name = "tag",
         .group = RELEASES,
         .operands = "REF VERSION",
         .least = 2,
         .most = 2,
         .summary = "give an image in the bucket a version",
         .examples = "s3dock tag myapp:20250721-2118-f7a5a27 v1.2.0\tthe version is permanent\n",
         .details =
             "A version stands for one image. A second image with the same version is\n"
             "refused, and so is the version latest. --force moves the version, and with it\n"
             "every environment that was promoted to it; the audit log records this.\n"},
    [CMD_PROMOTE] =
        {.name = "promote",
         .group = RELEASES,
         .operands = "WHAT ENV",
         .least = 2,
         .most = 3,
         .summary = "set the image of an environment",
         .examples = "s3dock promote myapp:20250721-2118-f7a5a27 staging\tan image\n"
                     "s3dock promote myapp v1.2.0 production\ta version\n"
                     "s3dock promote myapp:v1.2.0 production\tthe same\n",
         .details =
             "WHAT is an image, or a version: APP:VERSION or APP VERSION. ENV is any name\n"
             "except latest.\n"
             "\n"
             "Nothing is written if the environment has this image already. If another user\n"
             "changes the environment at the same moment, the later change is refused (exit\n"
             "code 8). This needs a store with conditional writes; s3dock doctor checks it.\n"},
    [CMD_ROLLBACK] =
        {.name = "rollback",
         .group = RELEASES,
         .operands = "APP ENV",
         .least = 2,
         .most = 2,
         .summary = "undo the last promotion of an environment",
         .examples = "s3dock rollback myapp production --dry-run\tprint the previous image\n"
                     "s3dock rollback myapp production\tset the previous image\n",
         .details = "The audit log has the previous image. A second rollback undoes the promotion\n"
                    "before.\n"},
    [CMD_SIGN] =
        {.name = "sign",
         .group = RELEASES,
         .operands = "REF|APP ENV|VERSION",
         .least = 1,
         .most = 2,
         .summary = "sign a document that the bucket has",
         .examples = "s3dock sign myapp:20250721-2118-f7a5a27 --image-id $ID\tif it is this image\n"
                     "s3dock sign myapp production --dry-run\tprint what would be signed\n"
                     "s3dock sign myapp production --sign-key ~/.ssh/id_ed25519\n",
         .details =
             "push, tag, promote and rollback sign what they write if a key is configured\n"
             "(--sign-key, S3DOCK_SIGN_KEY, sign: {key: ...} in the profile). This command\n"
             "adds a signature to a document that the bucket has already: the second one of\n"
             "an environment that needs two, for example. It prints what the document\n"
             "states. Compare that: any writer of the bucket may have written it.\n"
             "\n"
             "Of an image with several platforms, all are signed, or that of --platform.\n"
             "--image-id signs nothing but documents that state this image alone.\n"
             "\n"
             "ssh-keygen signs, so keys in files, agents and hardware tokens work, and\n"
             "ssh-keygen -Y verify proves the result without s3dock.\n"},
    [CMD_CURRENT] = {.name = "current",
                     .group = RELEASES,
                     .operands = "APP ENV",
                     .least = 2,
                     .most = 2,
                     .missing = "Current command requires app name and environment",
                     .summary = "print the image of an environment",
                     .examples = "s3dock current myapp production\tas APP:YYYYMMDD-HHMM-HASH\n",
                     .details = ""},
    [CMD_HISTORY] =
        {.name = "history",
         .group = RELEASES,
         .operands = "APP ENV",
         .least = 2,
         .most = 2,
         .summary = "list promotions and deployments of an environment",
         .examples = "s3dock history myapp production\tnewest first\n"
                     "s3dock history myapp production --limit 1\tthe last one\n",
         .details =
             "Reads the audit log, which only grows. An environment that does not exist and\n"
             "is not in the log is an error (exit code 3).\n"
             "\n"
             "Between the promotions are the last deployments, failures and rollbacks that\n"
             "hosts report: at most 10 of each host, and --limit of all hosts.\n"},
    [CMD_LIST_APPS] =
        {.name = "list apps",
         .group = RELEASES,
         .operands = "",
         .summary = "list the applications",
         .examples = "s3dock list apps\twith images, versions or environments\n",
         .details = "If there is no application, the list is empty and the exit code is 0.\n"},
    [CMD_LIST_IMAGES] = {.name = "list images",
                         .group = RELEASES,
                         .operands = "APP",
                         .least = 1,
                         .most = 1,
                         .summary = "list the images of an application",
                         .examples = "s3dock list images myapp\tnewest first\n"
                                     "s3dock list images myapp --month 202507\tof one month\n",
                         .details = LIST_EMPTY},
    [CMD_LIST_TAGS] = {.name = "list tags",
                       .group = RELEASES,
                       .operands = "APP",
                       .least = 1,
                       .most = 1,
                       .summary = "list the versions of an application",
                       .examples = "s3dock list tags myapp\tv1.10.0 before v1.9.0\n",
                       .details = LIST_SIGNED LIST_EMPTY},
    [CMD_LIST_ENVS] = {.name = "list envs",
                       .group = RELEASES,
                       .operands = "APP",
                       .least = 1,
                       .most = 1,
                       .summary = "list the environments of an application",
                       .examples = "s3dock list envs myapp\twith their images\n"
                                   "s3dock list environments myapp\tthe same\n",
                       .details = LIST_SIGNED LIST_EMPTY},
    [CMD_LIST_TAG_FOR] =
        {.name = "list tag-for",
         .group = RELEASES,
         .operands = "APP ENV",
         .least = 2,
         .most = 2,
         .summary = "print the version of an environment",
         .examples = "s3dock list tag-for myapp production\tif a version was promoted\n",
         .details =
             "Prints nothing if an image was promoted directly: a line on standard error\n"
             "reports this, and the exit code is 0. An environment that does not exist is an\n"
             "error (exit code 3).\n"},
#include "cli/command_deployments.inc"
    [CMD_STATS] =
        {.name = "stats",
         .group = HOUSEKEEPING,
         .operands = "[APP]",
         .most = 1,
         .summary = "show what images occupy and share",
         .examples = "s3dock stats\tall applications\n"
                     "s3dock stats myapp\tone, with each of its images\n"
                     "s3dock stats myapp --quick\twithout reading indexes\n",
         .details =
             "Images of an application can share data. The bytes that an image frees are\n"
             "those of the objects that only it needs: a cleanup deletes them a week after\n"
             "the image is removed. Dead bytes are parts of needed objects, used by no image.\n"
             "\n"
             "Reads all metadata, and the index of each thin image (--quick: none). With the\n"
             "price of a gigabyte in the configuration (prices.gb_month), it prints the cost\n"
             "of a month, too. It changes nothing.\n"},
    [CMD_RESUME] =
        {.name = "resume",
         .group = HOUSEKEEPING,
         .operands = "",
         .summary = "list unfinished transfers",
         .examples = "s3dock resume\ton this host and in the bucket\n",
         .details =
             "An interrupted push or pull continues when the same command is run again. This\n"
             "command lists the interrupted transfers of this host, unfinished uploads of\n"
             "other hosts, and removed images whose data still exist. It changes nothing.\n"},
    [CMD_CLEANUP] =
        {.name = "cleanup",
         .group = HOUSEKEEPING,
         .operands = "[APP]",
         .most = 1,
         .summary = "remove unfinished transfers and old images",
         .examples =
             "s3dock cleanup --dry-run\tprint what would be removed\n"
             "s3dock cleanup --unfinished 1d\ttransfers unfinished for a day\n"
             "s3dock cleanup myapp --keep 10\tkeep the newest 10 images\n"
             "s3dock cleanup myapp --keep 10 --older-than 30d\tof the others, the old ones\n"
             "s3dock cleanup --retired-after 1d\tdata of images removed a day ago\n",
         .details =
             "Unfinished transfers are removed when nothing has happened to them for AGE\n"
             "(--unfinished): uploads and temporary objects in the bucket, and files on this\n"
             "host. A younger upload may belong to a running push of another host, so AGE\n"
             "must be longer than any push takes. AGE has a unit: 12h, 30d.\n"
             "\n"
             "Images are removed only if APP is named, together with --keep, --older-than or\n"
             "both; neither flag has a default. --keep N removes all images except the\n"
             "newest N, of any age. --older-than AGE removes all images older than AGE. Both\n"
             "together remove images that are older than AGE and not among the newest N. The\n"
             "age of an image is the time in its name: the time of its commit, not of its\n"
             "push. Of images less than a day apart, the one pushed later counts as newer:\n"
             "names have the clock and time zone of the committer.\n"
             "\n"
             "An image is removed in two steps. First it is retired: no command finds it,\n"
             "and a push of the same image uploads it again. A cleanup that runs after AGE\n"
             "(--retired-after, by default a week) deletes its data; s3dock resume lists\n"
             "retired images. If a version or an environment was set to the image in\n"
             "between, that cleanup restores it.\n"
             "\n"
             "An image that a version or an environment uses is never removed; this is\n"
             "checked again right before the removal. The image that a rollback of an\n"
             "environment would restore stays, too. So do the image that a host runs and the\n"
             "one that it ran before, for 30 days after its last record. If a version, an\n"
             "environment, an audit event or the record of a host cannot be read, no image\n"
             "is removed. An object is deleted only if no image needs it: an archive of a\n"
             "removed image stays while other images refer to it. Copies of replaced images\n"
             "under archive/ are not removed. An application without images is no error\n"
             "(exit code 0).\n"},
    [CMD_COMPACT] =
        {.name = "compact",
         .group = HOUSEKEEPING,
         .operands = "APP",
         .least = 1,
         .most = 1,
         .summary = "rewrite mostly unused objects and scattered images",
         .examples = "s3dock compact myapp --dry-run\tprint what would be rewritten\n"
                     "s3dock compact myapp\trewrite it\n",
         .details =
             "Thin images use parts of the objects of earlier images. When those images are\n"
             "removed, no image uses some parts of the objects (s3dock stats: dead). An\n"
             "object is rewritten if more than half of it and more than 8 MiB are unused:\n"
             "its used parts are copied, and its images are moved to the copy. The server\n"
             "copies the bytes if it can; other bytes pass through this host.\n"
             "\n"
             "An image is scattered if its pull needs more than twice the requests of a whole\n"
             "image, and 32 more. Its short runs are copied to a new object; the long ones\n"
             "stay shared with other images.\n"
             "\n"
             "Nothing is deleted: a cleanup deletes the former objects later. The command\n"
             "can be interrupted at any time, and run again. Images can be pulled meanwhile.\n"},
    [CMD_THICKEN] =
        {.name = "thicken",
         .group = HOUSEKEEPING,
         .operands = "REF|APP ENV|VERSION",
         .least = 1,
         .most = 2,
         .summary = "make a thin image whole",
         .examples = "s3dock thicken myapp:20250721-2118-f7a5a27\tan image\n"
                     "s3dock thicken myapp production --dry-run\tprint what would be done\n",
         .details =
             "Copies the chunks of a thin image into one archive of its own (.tar.zst or\n"
             ".tgz), which docker load takes. Then the image refers to no other object. The\n"
             "server copies what it can; the rest passes through this host. Nothing is\n"
             "deleted: a cleanup deletes objects that no image needs. The archive has one\n"
             "codec, that of the image's push: this host packs other chunks again.\n"},
    [CMD_CONFIG_INIT] =
        {.name = "config init",
         .group = SETTINGS,
         .operands = "[FILE]",
         .most = 1,
         .no_file = true,
         .summary = "write a first configuration file",
         .examples = "s3dock config init\tas ./s3dock.json5\n"
                     "s3dock config init ~/.s3dock/config.json5\tfor all your projects\n",
         .details = "Only you can read the file. An existing file is never overwritten.\n"},
    [CMD_CONFIG_SHOW] =
        {.name = "config show",
         .group = SETTINGS,
         .operands = "",
         .summary = "show the settings in use",
         .examples = "s3dock config show\tall profiles\n"
                     "s3dock config show --profile eu --origin\tone profile, with sources\n",
         .details = "Includes flags and environment variables. Secrets are not printed.\n"},
    [CMD_CONFIG_LIST] = {.name = "config list",
                         .group = SETTINGS,
                         .operands = "",
                         .summary = "list the profiles",
                         .examples = "s3dock config list\t* marks the profile in use\n",
                         .details = ""},
    [CMD_CONFIG_VALIDATE] =
        {.name = "config validate",
         .group = SETTINGS,
         .operands = "[FILE]",
         .most = 1,
         .no_file = true,
         .summary = "check a configuration file",
         .examples = "s3dock config validate\tthe file in use\n"
                     "s3dock config validate deploy/s3dock.json5\tthis file\n",
         .details =
             "Reports syntax errors with line and column, invalid values, and unknown keys.\n"},
    [CMD_CONFIG_TRUST] =
        {.name = "config trust",
         .group = SETTINGS,
         .operands = "[FILE]",
         .most = 1,
         .no_file = true,
         .summary = "trust the configuration file of a folder",
         .examples = "s3dock config trust\t./s3dock.json5, as it is now\n"
                     "s3dock config trust --list\tthe trusted files\n"
                     "s3dock config trust --remove\tstop trusting ./s3dock.json5\n",
         .details =
             "Another user may have written a file in the current folder. Until you trust\n"
             "it, s3dock does not send your credentials to an endpoint that the file names;\n"
             "the file also cannot weaken TLS or choose the Docker daemon. This command\n"
             "stores the path of the file and the SHA-256 of its content in\n"
             "~/.s3dock/trusted. A changed file must be trusted again. A file named with\n"
             "--config or S3DOCK_CONFIG needs no trust.\n"},
    [CMD_DOCTOR] =
        {.name = "doctor",
         .group = SETTINGS,
         .operands = "",
         .no_file = true,
         .summary = "check configuration, bucket and Docker",
         .examples = "s3dock doctor\teverything that push and pull need\n"
                     "s3dock doctor --profile eu --read-only\twithout writing\n"
                     "s3dock doctor --create\tcreate the bucket first\n"
                     "s3dock doctor --json\tfor monitoring\n",
         .details =
             "Checks the configuration, the credentials, the rights in the bucket, the\n"
             "clock, Docker and the disk space. Reports each problem with its solution.\n"
             "\n"
             "To check the rights, s3dock writes small objects below .s3dock-doctor/ in the\n"
             "bucket and deletes them again. --read-only skips this.\n"
             "\n"
             "--create creates a bucket that does not exist, in the region of the profile,\n"
             "and then checks it. A bucket that exists is not changed.\n"
             "\n"
             "The exit code is 0 if no check failed, otherwise the code of the first\n"
             "failure. Warnings are not failures: for example, Docker is not needed if you\n"
             "only use files.\n"},
    [CMD_COMPLETION] = {.name = "completion",
                        .group = PROGRAM,
                        .operands = "bash|zsh|fish",
                        .least = 1,
                        .most = 1,
                        .no_file = true,
                        .summary = "print completions for a shell",
                        .examples = "source <(s3dock completion bash)\tin ~/.bashrc\n"
                                    "source <(s3dock completion zsh)\tin ~/.zshrc\n"
                                    "s3dock completion fish | source\tin config.fish\n",
                        .details = ""},
    [CMD_MAN] = {.name = "man",
                 .group = PROGRAM,
                 .operands = "",
                 .no_file = true,
                 .summary = "print the manual page",
                 .examples = "s3dock man | man -l -\tread it\n"
                             "s3dock man > /usr/local/share/man/man1/s3dock.1\tinstall it\n",
                 .details = ""},
    [CMD_VERSION] = {.name = "version",
                     .group = PROGRAM,
                     .operands = "",
                     .no_file = true,
                     .summary = "print the version",
                     .examples = "s3dock version --full\twith commit, date and libraries\n",
                     .details = ""},
    [CMD_HELP] = {.name = "help",
                  .group = PROGRAM,
                  .operands = "[COMMAND]",
                  .most = 2,
                  .no_file = true,
                  .summary = "print the help of a command",
                  .examples = "s3dock help push\tthe same as s3dock push --help\n",
                  .details = ""},
};

bool command_is_group(const char *word)
{
    size_t size = strlen(word);

    for (unsigned i = 0; i < COMMAND_COUNT; i++)
        if (!strncmp(command_table[i].name, word, size) && command_table[i].name[size] == ' ')
            return true;
    return false;
}

static enum command_id find_name(const char *name, struct err *err)
{
    struct nearest nearest;

    nearest_init(&nearest, name);
    for (unsigned i = 0; i < COMMAND_COUNT; i++) {
        if (!strcmp(command_table[i].name, name))
            return (enum command_id)i;
        nearest_try(&nearest, command_table[i].name);
    }
    err_set(err, ERR_USAGE, "command", "unknown command \"%s\"", name);
    if (nearest_found(&nearest))
        err_hint(err, "did you mean s3dock %s?", nearest_found(&nearest));
    else
        err_hint(err, "s3dock help lists the commands");
    return CMD_NONE;
}

/* Reports the first word of a group without a second one, and lists the possible second words. */
static enum command_id report_incomplete(const char *group, struct err *err)
{
    char choices[256] = "";
    size_t size = strlen(group), used = 0;

    for (unsigned i = 0; i < COMMAND_COUNT; i++) {
        const char *name = command_table[i].name;

        if (!strncmp(name, group, size) && name[size] == ' ' && used < sizeof choices)
            used += (size_t)snprintf(choices + used, sizeof choices - used, "%s%s",
                                     used ? ", " : "", name + size + 1);
    }
    err_set(err, ERR_USAGE, "command", "%s needs one of: %s", group, choices);
    err_hint(err, "s3dock help %s explains them", group);
    return CMD_NONE;
}

enum command_id command_find(const char *const *words, unsigned count, unsigned *used,
                             struct err *err)
{
    char name[128];

    if (!count) {
        err_set(err, ERR_USAGE, "command", "no command given");
        err_hint(err, "s3dock help lists the commands");
        return CMD_NONE;
    }
    *used = 1;
    if (!command_is_group(words[0]))
        return find_name(words[0], err);
    if (count == 1)
        return report_incomplete(words[0], err);
    *used = 2;
    snprintf(name, sizeof name, "%s %s", words[0],
             strcmp(words[1], "environments") ? words[1] : "envs");
    return find_name(name, err);
}
