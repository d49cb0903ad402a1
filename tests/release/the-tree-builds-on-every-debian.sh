#!/usr/bin/env bash
# The program and all its tests compile in each release of Debian with the flags of its packages, and the unit and engine
# tests pass there: OpenSSL 1.1.1 to the newest, libcurl 7.74, libgit2 1.1 and glibc 2.31 to those of sid.
# RELEASES="sid" tests/release/the-tree-builds-on-every-debian.sh builds in one.
. "$(dirname "$0")/lib.sh"
for release in ${RELEASES:-bullseye trixie sid}; do
    if COMPILE_ONLY=yes "$KIT/distribution" "$release" >"$release.log" 2>&1; then
        pass "the tree builds in $release with the flags of its packages"
        check "the unit and engine tests pass in $release" "$KIT/distribution" "$release"
    else
        fail "the tree builds in $release with the flags of its packages" "$(tail -n 15 "$release.log")"
    fi
done
finish
