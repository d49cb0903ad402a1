#!/usr/bin/env bash
# The sources build, and their unit tests pass, with the compilers, libraries and flags of other releases of Debian: from
# the oldest libraries that meson.build names to the newest ones.
. "$(dirname "$0")/lib.sh"
[ -n "${RELEASE_FROM_SOURCE:-}" ] || skip "it builds for minutes: RELEASE_FROM_SOURCE=yes"

for release in bullseye trixie sid; do
    check "$release: the tree builds with the flags of packages" \
        env COMPILE_ONLY=yes "$KIT/distribution" "$release"
    check "$release: the unit tests pass" "$KIT/distribution" "$release" --suite unit --timeout-multiplier 10
done
