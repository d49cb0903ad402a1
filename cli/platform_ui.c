/* The text is in any form that containerd accepts; it is compared in its normal form. */
#include "cli/platform_ui.h"

#include "base/err.h"
#include "cli/settings/config.h"

int platform_read(const struct config *config, struct platform *out, struct err *err)
{
    const char *text = config_text(config, OPT_PLATFORM);

    *out = (struct platform){.os = ""};
    if (!text || platform_parse(text, out))
        return 0;
    err_set(err, ERR_USAGE, "value", "--platform: \"%s\" is not a platform", text);
    return err_hint(err, "write it as OS/ARCH, such as linux/amd64 or linux/arm/v7");
}
