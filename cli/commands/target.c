/*
 * Resolves operands to an image. A name that is neither a version nor an environment gets a hint.
 */
#include "cli/commands/target.h"

#include <string.h>

#include "base/codes.h"
#include "base/err.h"
#include "catalog/name.h"
#include "catalog/version.h"
#include "cli/command.h"
#include "cli/settings/args.h"
#include "trust/guard.h"

static void take_guarded(struct target *target, const char *type, const struct guarded *from)
{
    target->type = type;
    target->resolved = from->resolved;
    target->stated = from->stated;
    target->statement = from->statement;
}

static int find_tag(const struct guard *guard, struct store *store, const char *app,
                    const char *version, struct target *target, struct err *err)
{
    struct guarded found;

    if (guard_version(guard, store, app, version, &found, err))
        return ERR_FAIL;
    take_guarded(target, "tag", &found);
    return 0;
}

static int find_environment(const struct guard *guard, struct store *store, const char *app,
                            const char *env, struct target *target, struct err *err)
{
    struct guarded found;

    if (guard_environment(guard, store, app, env, &found, err))
        return ERR_FAIL;
    take_guarded(target, "environment", &found);
    return 0;
}

static int report_neither(const char *verb, const char *app, const char *name, bool version,
                          struct err *err)
{
    err_set(err, ERR_NOT_FOUND, version ? CODE_TAG : CODE_ENVIRONMENT,
            "%s not found: %s/%s: there is neither a version nor an environment of this name",
            version ? "tag" : "environment pointer", app, name);
    if (wanted_is_image(app, name))
        return err_hint(err, "write the image in one word: s3dock %s %s:%s", verb, app, name);
    return err_hint(err, "s3dock list tags %s and s3dock list envs %s list the names", app, app);
}

/* Returns whether the other kind may be tried if there is no document of the first one. If
 * documents of the first kind must be signed, their absence proves nothing: a user who deletes a
 * document must not choose its replacement. */
static bool may_be_other(const struct guard *guard, bool version)
{
    return !guard_requires(guard, version ? POLICY_VERSIONS : POLICY_ENVIRONMENTS);
}

/* Finds APP NAME, an environment or a version. The form of the name decides which is tried first.
 * The error is that of the first try. */
static int find_target(const struct guard *guard, struct store *store, const char *app,
                       const char *name, struct target *target, struct err *err)
{
    bool version = version_is_semantic(name);
    struct err other;
    int failed = version ? find_tag(guard, store, app, name, target, err)
                         : find_environment(guard, store, app, name, target, err);

    if (!failed || err->family != ERR_NOT_FOUND || name_check_env(name, &other))
        return failed;
    if (!may_be_other(guard, version))
        return version ? failed
                       : err_hint(err, "if it is a version, write it in one word: s3dock %s %s:%s",
                                  target->verb, app, name);
    failed = version ? find_environment(guard, store, app, name, target, &other)
                     : find_tag(guard, store, app, name, target, &other);
    if (failed && !err_is(&other, ERR_NOT_FOUND, version ? CODE_ENVIRONMENT : CODE_TAG))
        *err = other;
    else if (failed && err_is(err, ERR_NOT_FOUND, version ? CODE_TAG : CODE_ENVIRONMENT))
        report_neither(target->verb, app, name, version, err);
    return failed;
}

static int check_names(const char *app, const char *name, struct err *err)
{
    if (name_check_app(app, err))
        return ERR_FAIL;
    return version_is_semantic(name) ? name_check_version(name, err) : name_check_env(name, err);
}

int target_parse(struct target *target, const struct args *args, struct err *err)
{
    struct err ignored;

    *target = (struct target){.verb = command_table[args->command].name,
                              .source = args->operands[args->operand_count - 1],
                              .app = args->operand_count == 2 ? args->operands[0] : NULL};
    if (target->app)
        return check_names(target->app, target->source, err);
    if (wanted_parse(target->source, &target->wanted, err) == 0)
        return 0;
    if (name_check_app(target->source, &ignored) == 0)
        err_hint(err,
                 "name an environment or a version, too: s3dock %s %s production; or write an "
                 "image as %s:20250721-2118-f7a5a27",
                 target->verb, target->source, target->source);
    return ERR_FAIL;
}

int target_prove(struct target *target, const struct guard *guard, struct store *store,
                 struct err *err)
{
    const struct wanted *wanted = &target->wanted;

    if (target->app)
        return find_target(guard, store, target->app, target->source, target, err);
    if (wanted->by_version) {
        int failed = find_tag(guard, store, wanted->app, wanted->version, target, err);

        if (failed)
            wanted_no_version(store, wanted->app, wanted->version, target->verb, err);
        return failed;
    }
    target->type = "image";
    target->resolved.image = wanted->image;
    return 0;
}

int target_find(struct target *target, struct store *store, struct err *err)
{
    return target_prove(target, NULL, store, err);
}
