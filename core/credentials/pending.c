/* Sources whose code is not there yet: each refuses. */
#include <stddef.h>

#include "base/codes.h"
#include "base/err.h"
#include "credentials/container.h"
#include "credentials/instance.h"
#include "credentials/login.h"
#include "credentials/role.h"
#include "credentials/source.h"
#include "credentials/sso.h"
#include "credentials/web_identity.h"

#define PENDING(what) return err_set(err, ERR_AUTH, CODE_SOURCE, "%s is not built yet", what)

#if !__has_include("credentials/container.c")
int container_url(const struct aws_system *system, char url[CONTAINER_URL_MAX], struct err *err)
{
    (void)system, (void)url;
    PENDING("container");
}
int container_credentials(const struct credential_context *ctx, struct credentials *out,
                          struct err *err)
{
    (void)ctx, (void)out;
    PENDING("container");
}
#endif
#if !__has_include("credentials/instance.c")
int instance_endpoint(const struct credential_context *ctx, char url[INSTANCE_URL_MAX],
                      struct err *err)
{
    (void)ctx, (void)url;
    PENDING("instance");
}
int instance_credentials(const struct credential_context *ctx, struct instance_cache *cache,
                         struct credentials *out, struct err *err)
{
    (void)ctx, (void)out, (void)cache, (void)err;
    return SOURCE_ABSENT;
}
int instance_region(const struct credential_context *ctx, struct instance_cache *cache,
                    char region[INSTANCE_REGION_SIZE], struct err *err)
{
    (void)ctx, (void)region, (void)cache;
    PENDING("instance");
}
void instance_finish(struct instance_cache *cache)
{
    (void)cache;
}
#endif
#if !__has_include("credentials/login.c")
int login_credentials(const struct credential_context *ctx, const struct aws_profile *profile,
                      struct credentials *out, struct err *err)
{
    (void)ctx, (void)out, (void)profile;
    PENDING("login");
}
#endif
#if !__has_include("credentials/role.c")
int role_prepare(const struct credential_context *ctx, const struct aws_profile *profile,
                 bool may_ask, char code[ROLE_CODE_SIZE], struct err *err)
{
    (void)ctx, (void)code, (void)profile, (void)may_ask;
    PENDING("role");
}
int role_credentials(const struct credential_context *ctx, const struct aws_profile *profile,
                     const struct credentials *base, const char *code, struct credentials *out,
                     struct err *err)
{
    (void)ctx, (void)out, (void)profile, (void)base, (void)code;
    PENDING("role");
}
#endif
#if !__has_include("credentials/sso.c")
int sso_read(const struct aws_settings *settings, const struct aws_profile *profile,
             struct sso_login *out, struct err *err)
{
    (void)settings, (void)out, (void)profile, (void)err;
    return SOURCE_ABSENT;
}
int sso_credentials(const struct credential_context *ctx, const struct aws_profile *profile,
                    struct sso_memory *memory, struct credentials *out, struct err *err)
{
    (void)ctx, (void)out, (void)profile, (void)memory;
    PENDING("sso");
}
#endif
#if !__has_include("credentials/web_identity.c")
int web_identity_read(const struct aws_system *system, const struct aws_profile *profile,
                      struct web_identity *out, struct err *err)
{
    (void)system, (void)out, (void)profile, (void)err;
    return SOURCE_ABSENT;
}
int web_identity_credentials(const struct credential_context *ctx,
                             const struct aws_profile *profile, struct credentials *out,
                             struct err *err)
{
    (void)ctx, (void)out, (void)profile;
    PENDING("web_identity");
}
#endif
