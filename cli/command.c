/*
 * The table of commands, and the search for a command by its words. The table has more than 500
 * lines, because it holds the help text of every command.
 */
#include "cli/command.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "cli/settings/nearest.h"

#define REF "REF"

#define IMAGES       "Images"
#define RELEASES     "Releases"
#define HOUSEKEEPING "Housekeeping"
#define SETTINGS     "Settings and checks"
#define PROGRAM      "This program"

#define LIST_EMPTY                                                                                 \
    "When there is none, the list is empty, a line on standard error says so, and the\n"           \
    "exit code is 0, for an application that is not there as well: s3dock list apps.\n"

const struct command command_table[COMMAND_COUNT] = {
    [CMD_BUILD] =
        {.name = "build",
         .group = IMAGES,
         .operands = "APP",
         .least = 1,
         .most = 1,
         .hands_on = true,
         .summary = "build an image from the commit",
         .examples = "s3dock build myapp\tas myapp:YYYYMMDD-HHMM-HASH\n"
                     "s3dock build myapp --path ../shop --strict\tanother repository\n"
                     "s3dock build myapp --platform linux/arm64\twith docker buildx\n"
                     "s3dock build myapp -- --no-cache --build-arg A=1\tmore for docker build\n",
         .details =
             "The image is named after the commit: its committer's time and its hash. So the\n"
             "repository must have no uncommitted changes. Untracked files, which Docker may\n"
             "copy as well, are named in a warning, or refused with --strict. Submodules must\n"
             "be at their commits, and files that the index hides must be the commit's.\n"
             "\n"
             "Your own docker does the work (S3DOCK_DOCKER names another one), so its cache,\n"
             "secrets and .dockerignore apply; what it prints goes to standard error, and the\n"
             "name of the image alone to standard output: REF=$(s3dock build myapp).\n"
             "\n"
             "When the repository changes during the build, the name is removed from the image\n"
             "and the command fails (exit code 8).\n"},
    [CMD_PUSH] =
        {.name = "push",
         .group = IMAGES,
         .operands = REF,
         .least = 1,
         .most = 1,
         .summary = "put an image into the bucket",
         .examples = "s3dock push myapp:20250721-2118-f7a5a27\tfrom Docker\n"
                     "s3dock push myapp:20250721-2118-f7a5a27 --input image.tar\tfrom an archive\n"
                     "docker save $REF | s3dock push $REF --input -\tfrom a pipe\n"
                     "s3dock push myapp:20250721-2118-f7a5a27 --verify\tand read it back\n",
         .details =
             "REF is APP:YYYYMMDD-HHMM-HASH: the time and the short hash of the commit that\n"
             "the image was built from. Names that move, like latest, are refused.\n"
             "\n"
             "The image goes into the bucket as an ordinary .tar.gz, with an index and a\n"
             "description beside it. An image that the bucket holds already is not even\n"
             "exported. If a push fails or is interrupted, no image in the bucket changes;\n"
             "what was uploaded is kept, and the same command goes on with it.\n"
             "\n"
             "A push trusts the metadata of earlier pushes. --verify reads the archive back to\n"
             "its end and proves every layer, also when the image was there already.\n"},
    [CMD_PULL] =
        {.name = "pull",
         .group = IMAGES,
         .operands = "REF|APP ENV|VERSION",
         .least = 1,
         .most = 2,
         .summary = "get an image out of the bucket",
         .examples = "s3dock pull myapp production\twhat the environment stands for\n"
                     "s3dock pull myapp v1.2.0\ta version\n"
                     "s3dock pull myapp:20250721-2118-f7a5a27\tan image\n"
                     "s3dock pull myapp production --dry-run\tsay what would move\n"
                     "s3dock pull myapp production --output image.tar\tinto a file\n"
                     "s3dock pull myapp production --output - | docker load\tby hand\n"
                     "s3dock pull myapp production --as myapp:current\tfor a compose file\n",
         .details =
             "Every byte is checked before success is reported. Nothing is fetched when\n"
             "Docker has this very image already.\n"
             "\n"
             "Docker gets the image under the name that it has in the bucket, whatever the\n"
             "archive says, and no other name on the host moves. --as gives it further names\n"
             "once it is there and verified, also when it was there already.\n"
             "\n"
             "Layers that Docker has are not fetched. Of the others, what an image that is\n"
             "here holds can be taken from there. Its layers are read where they lie; where\n"
             "that cannot be, Docker exports the image, which takes longer. So it is done\n"
             "when it costs less than fetching would (--reuse).\n"
             "\n"
             "What was fetched is kept on disk until the pull is done: after a crash or a\n"
             "lost link the same command goes on where it was (--no-resume).\n"
             "\n"
             "What reads like a version (v1.2.0, 1.2) is looked for among the versions\n"
             "first, then among the environments; anything else the other way round.\n"},
    [CMD_VERIFY] =
        {.name = "verify",
         .group = IMAGES,
         .operands = "REF|APP ENV|VERSION",
         .least = 1,
         .most = 2,
         .summary = "prove an image in the bucket",
         .examples = "s3dock verify myapp:20250721-2118-f7a5a27\tan image\n"
                     "s3dock verify myapp production\twhat the environment stands for\n"
                     "s3dock verify myapp v1.2.0\ta version\n",
         .details =
             "Reads the archive to its end, as a pull does, and keeps none of it: each chunk\n"
             "must be the one that the index names, each layer must have its digest, and the\n"
             "archive the checksum of its metadata, where that has one. Writes nothing, and\n"
             "needs no Docker.\n"
             "\n"
             "A push believes what the bucket says about earlier pushes; this command does\n"
             "not. It ends with exit code 6 when something is damaged, and says what mends it.\n"},
    [CMD_INSPECT] =
        {.name = "inspect",
         .group = IMAGES,
         .operands = REF,
         .least = 1,
         .most = 1,
         .summary = "show what an image in the bucket is made of",
         .examples = "s3dock inspect myapp:20250721-2118-f7a5a27\tlayer by layer\n"
                     "s3dock inspect myapp:v1.2.0 --json\ta version, for a script\n",
         .details =
             "For each layer its size in the stream and in the archive, how many chunks it\n"
             "has, what share of them could not be compressed, and what share stands in the\n"
             "archive before. Reads the index, not the archive.\n"},
    [CMD_DIFF] =
        {.name = "diff",
         .group = IMAGES,
         .operands = "REF REF",
         .least = 2,
         .most = 2,
         .summary = "show what would move from one image to another",
         .examples = "s3dock diff myapp:20250721-2118-f7a5a27 myapp:v1.2.0\tby layer and in all\n",
         .details =
             "What a host that has the first image lacks of the second: layers that it finds\n"
             "do not move, nor chunks that the first one holds somewhere. Layers too small for\n"
             "chunks of their own, and the config, are in the rest. The index and gaps between\n"
             "chunks come on top: a few percent of what moves.\n"},
    [CMD_TAG] =
        {.name = "tag",
         .group = RELEASES,
         .operands = "REF VERSION",
         .least = 2,
         .most = 2,
         .summary = "give an image in the bucket a version",
         .examples = "s3dock tag myapp:20250721-2118-f7a5a27 v1.2.0\tonce and for all\n",
         .details =
             "A version stands for one image: tagging another one with it is refused, and so\n"
             "is the version latest.\n"
             "--force moves it, and with it every environment that was promoted to it; the\n"
             "audit log says so.\n"},
    [CMD_PROMOTE] =
        {.name = "promote",
         .group = RELEASES,
         .operands = "WHAT ENV",
         .least = 2,
         .most = 3,
         .summary = "make it an environment's image",
         .examples = "s3dock promote myapp:20250721-2118-f7a5a27 staging\tan image\n"
                     "s3dock promote myapp v1.2.0 production\ta version\n"
                     "s3dock promote myapp:v1.2.0 production\tthe same\n",
         .details =
             "WHAT is an image, or a version: APP:VERSION or APP VERSION. ENV is any name but\n"
             "latest.\n"
             "\n"
             "Nothing is written when the environment is there already. If somebody else\n"
             "changes it at the same moment, the later one is refused (exit code 8), where\n"
             "the store honours conditional writes; s3dock doctor tells.\n"},
    [CMD_ROLLBACK] =
        {.name = "rollback",
         .group = RELEASES,
         .operands = "APP ENV",
         .least = 2,
         .most = 2,
         .summary = "take the last promotion back",
         .examples = "s3dock rollback myapp production --dry-run\twhere that would lead\n"
                     "s3dock rollback myapp production\tto what it was before\n",
         .details =
             "The audit log tells what the environment was before. Done twice, it goes back\n"
             "two promotions.\n"},
    [CMD_CURRENT] = {.name = "current",
                     .group = RELEASES,
                     .operands = "APP ENV",
                     .least = 2,
                     .most = 2,
                     .missing = "Current command requires app name and environment",
                     .summary = "print an environment's image",
                     .examples = "s3dock current myapp production\tas APP:YYYYMMDD-HHMM-HASH\n",
                     .details = ""},
    [CMD_HISTORY] =
        {.name = "history",
         .group = RELEASES,
         .operands = "APP ENV",
         .least = 2,
         .most = 2,
         .summary = "list an environment's promotions",
         .examples = "s3dock history myapp production\tnewest first\n"
                     "s3dock history myapp production --limit 1\tthe last one\n",
         .details =
             "From the audit log, which only grows. An environment that is not there, and that\n"
             "the log does not know, is an error (exit code 3).\n"},
    [CMD_LIST_APPS] = {.name = "list apps",
                       .group = RELEASES,
                       .operands = "",
                       .summary = "list the applications",
                       .examples =
                           "s3dock list apps\twhatever has images, versions or environments\n",
                       .details =
                           "When there is none, the list is empty and the exit code is 0.\n"},
    [CMD_LIST_IMAGES] = {.name = "list images",
                         .group = RELEASES,
                         .operands = "APP",
                         .least = 1,
                         .most = 1,
                         .summary = "list an application's images",
                         .examples = "s3dock list images myapp\tnewest first\n"
                                     "s3dock list images myapp --month 202507\tof one month\n",
                         .details = LIST_EMPTY},
    [CMD_LIST_TAGS] = {.name = "list tags",
                       .group = RELEASES,
                       .operands = "APP",
                       .least = 1,
                       .most = 1,
                       .summary = "list an application's versions",
                       .examples = "s3dock list tags myapp\tv1.10.0 before v1.9.0\n",
                       .details = LIST_EMPTY},
    [CMD_LIST_ENVS] = {.name = "list envs",
                       .group = RELEASES,
                       .operands = "APP",
                       .least = 1,
                       .most = 1,
                       .summary = "list its environments",
                       .examples = "s3dock list envs myapp\tand what they lead to\n"
                                   "s3dock list environments myapp\tthe same\n",
                       .details = LIST_EMPTY},
    [CMD_LIST_TAG_FOR] =
        {.name = "list tag-for",
         .group = RELEASES,
         .operands = "APP ENV",
         .least = 2,
         .most = 2,
         .summary = "print an environment's version",
         .examples = "s3dock list tag-for myapp production\tif it was promoted by version\n",
         .details =
             "Prints nothing when the environment was promoted to an image directly; a line on\n"
             "standard error says so, and the exit code is 0. An environment that is not\n"
             "there is an error (exit code 3).\n"},
    [CMD_RESUME] =
        {.name = "resume",
         .group = HOUSEKEEPING,
         .operands = "",
         .summary = "list what is unfinished",
         .examples = "s3dock resume\ton this host, and in the bucket\n",
         .details =
             "A push or pull that was interrupted goes on when the same command is run again;\n"
             "this lists what there is to go on with, and what nobody will go on with.\n"
             "It changes nothing.\n"},
    [CMD_CLEANUP] =
        {.name = "cleanup",
         .group = HOUSEKEEPING,
         .operands = "[APP]",
         .most = 1,
         .summary = "remove what nobody needs",
         .examples = "s3dock cleanup --dry-run\twhat would go\n"
                     "s3dock cleanup --unfinished 1d\twhat has been unfinished for a day\n"
                     "s3dock cleanup myapp --keep 10\tall images but the newest 10\n"
                     "s3dock cleanup myapp --keep 10 --older-than 30d\tof those, old ones\n"
                     "s3dock cleanup --retired-after 1d\tdelete what was removed a day ago\n",
         .details =
             "Transfers that did not come to their end go when nothing has happened to them\n"
             "for so long: unfinished uploads and temporary objects in the bucket, and what\n"
             "they left on this host. An upload of another host that is younger may be at\n"
             "work, so choose AGE longer than any push takes.\n"
             "\n"
             "Images go only when APP is named, and by what is asked for: neither flag has a\n"
             "default. --keep N alone: all but the newest N, however young they are.\n"
             "--older-than AGE alone: all that are older. Both: all that are older and not\n"
             "among the newest N. An image is as old as its name says: that is the time of\n"
             "its commit, not of its push. Only of images less than a day apart the one that\n"
             "was pushed later is the newer one: names carry the committer's clock and zone.\n"
             "\n"
             "An image is removed in two steps. First it is retired: no command finds it any\n"
             "more, and a push of the same image uploads it again. Its data are deleted by a\n"
             "cleanup that runs after AGE (--retired-after, a week by default); resume lists\n"
             "them. If a version or an environment was set to the image in between, that\n"
             "cleanup restores it.\n"
             "\n"
             "An image that a version or an environment leads to always stays; that is looked\n"
             "at again right before it goes. So does the one that rollback would lead to, one\n"
             "step back from where each environment is. When a tag, an environment or an audit\n"
             "event cannot be read, no image is removed. What push keeps of replaced images is\n"
             "not touched. An application without images is nothing to do (exit code 0).\n"},
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
         .summary = "show what would be used",
         .examples = "s3dock config show\tall profiles\n"
                     "s3dock config show --profile eu --origin\tone, and why\n",
         .details = "What would be used, flags and environment included. Secrets are not shown.\n"},
    [CMD_CONFIG_LIST] = {.name = "config list",
                         .group = SETTINGS,
                         .operands = "",
                         .summary = "list the profiles",
                         .examples = "s3dock config list\t* marks the one in use\n",
                         .details = ""},
    [CMD_CONFIG_VALIDATE] =
        {.name = "config validate",
         .group = SETTINGS,
         .operands = "[FILE]",
         .most = 1,
         .no_file = true,
         .summary = "check a configuration file",
         .examples = "s3dock config validate\tthe one that would be used\n"
                     "s3dock config validate deploy/s3dock.json5\tthis one\n",
         .details = "Tells syntax errors with line and column, values that make no sense, and\n"
                    "keys that s3dock does not know.\n"},
    [CMD_CONFIG_TRUST] =
        {.name = "config trust",
         .group = SETTINGS,
         .operands = "[FILE]",
         .most = 1,
         .no_file = true,
         .summary = "trust the file of a folder",
         .examples = "s3dock config trust\t./s3dock.json5, as it is now\n"
                     "s3dock config trust --list\tthe files that are trusted\n"
                     "s3dock config trust --remove\t./s3dock.json5 no longer\n",
         .details =
             "A file in the current folder may come from somebody else. Until you trust it,\n"
             "your credentials are not sent to an endpoint that it names, and it cannot weaken\n"
             "TLS or choose the Docker daemon. This command stores the path of the file and\n"
             "the SHA-256 of its content in ~/.s3dock/trusted. A file that changes must be\n"
             "trusted again. A file that is named with --config or S3DOCK_CONFIG needs no\n"
             "trust.\n"},
    [CMD_DOCTOR] =
        {.name = "doctor",
         .group = SETTINGS,
         .operands = "",
         .no_file = true,
         .summary = "find out what is wrong",
         .examples = "s3dock doctor\teverything that pushing and pulling needs\n"
                     "s3dock doctor --profile eu --read-only\tby reading alone\n"
                     "s3dock doctor --json\tfor a monitor\n",
         .details =
             "Checks the configuration, the credentials, the bucket and what may be done with\n"
             "it, the clock, Docker and disk space; says what is wrong and how to mend it.\n"
             "\n"
             "To try what may be done, small objects are written below .s3dock-doctor/ in the\n"
             "bucket, and removed again. --read-only leaves that out.\n"
             "\n"
             "Exit code 0 when nothing failed, otherwise that of the first failure. Warnings\n"
             "are no failures: Docker, for one, is not needed where only files are used.\n"},
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
                     .examples = "s3dock version --full\twith commit and date\n",
                     .details = ""},
    [CMD_HELP] = {.name = "help",
                  .group = PROGRAM,
                  .operands = "[COMMAND]",
                  .most = 2,
                  .no_file = true,
                  .summary = "explain a command",
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
