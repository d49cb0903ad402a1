#!/usr/bin/env bash
# The sources build, and the unit tests pass, with the compilers, libraries and flags of other releases of Debian: from
# the oldest libraries that meson.build names to the newest ones.
. "$(dirname "$0")/lib.sh"
[ -n "${RELEASE_FROM_SOURCE:-}" ] || skip "it builds for minutes: RELEASE_FROM_SOURCE=yes"
git clone -q "$TOP" "$work/clone" || exit 1

packages="gcc libc6-dev ninja-build pkg-config libcurl4-openssl-dev libssl-dev libdeflate-dev zlib1g-dev libzstd-dev
    liblzma-dev libbz2-dev libxxhash-dev libexpat1-dev libjsmn-dev libgit2-dev python3 libcmocka-dev git openssl
    ca-certificates dpkg-dev"

# in_debian SCRIPT: runs a script in the checkout, in a system of $release with the packages that a build needs.
in_debian()
{
    local more="meson libisal-dev"
    # Its Meson is older than the one that meson.build needs.
    [ "$release" != bullseye ] || more=python3-pip
    # shellcheck disable=SC2086  # words are packages
    "$KIT/chroot" run --bind "$work/clone" --keep "$work/root" "$release" $packages $more -- \
        sh -euc "cd '$work/clone' && git config --global --add safe.directory '*' && $1"
}

for release in bullseye trixie sid; do
    as_root rm -rf "$work/root"
    [ $release != bullseye ] || check "$release: a newer Meson" in_debian "pip3 install -q meson==1.0.1"
    # shellcheck disable=SC2016
    check "$release: the tree builds with the flags of packages" in_debian '
        eval "$(DEB_BUILD_MAINT_OPTIONS=hardening=+all dpkg-buildflags --export=sh)"
        meson setup /build --buildtype=plain --wrap-mode=nodownload
        ninja -C /build'
    check "$release: the unit tests pass" in_debian \
        'meson test -C /build --no-rebuild --suite unit --timeout-multiplier 10 --print-errorlogs'
    check "$release: meson install installs the program" in_debian 'meson install -C /build --no-rebuild && s3dock --version'
done
