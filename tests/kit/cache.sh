# shellcheck shell=bash
# cache.sh - names the folder of downloads and results that all checkouts of this machine share; sourced, never run.
#
# It has programs of other projects, other releases of Debian, and the results of clang-tidy. Each has its version or its
# hash in its name, so a checkout never gets what belongs to another version. A scenario has a HOME of its own: it keeps
# the folder of its caller.
export KIT_CACHE=${KIT_CACHE:-${XDG_CACHE_HOME:-${HOME:-/var/tmp}/.cache}/s3dock-tests}
