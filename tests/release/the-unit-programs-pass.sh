#!/usr/bin/env bash
# The unit tests pass with the compilers and libraries of a release: with musl on amd64, and with musl on arm64 in qemu.
. "$(dirname "$0")/lib.sh"
[ -n "${RELEASE_FROM_SOURCE:-}" ] || skip "it builds for minutes: RELEASE_FROM_SOURCE=yes"
git clone -q "$TOP" "$work/clone" || exit 1

# libraries TARGET: builds the libraries of a release, unless the cache has them, and prints their folder.
libraries()
(
    cd "$TOP" && . tools/release/root.sh && build_libraries "$1" && libraries_of "$1"
)

# in_trixie SCRIPT: runs a script in the checkout, in a root with the compilers of a release and what the tests need. $1
# is the file of Meson for the target, $2 the folder of the build.
in_trixie()
{
    # shellcheck disable=SC1091
    local packages=() machine=$built/meson.ini
    mapfile -t packages < <(cd "$TOP" && . tools/release/root.sh && printf '%s\n' "${COMPILERS[@]}")
    "$KIT/chroot" run --bind "$work/clone" --bind "$KIT_CACHE/release" trixie "${packages[@]}" \
        ca-certificates git openssh-client openssl procps qemu-user -- \
        sh -euc "cd '$work/clone' && git config --global --add safe.directory '*' && $1" sh "$machine" "build-$target"
}

for target in linux_amd64 linux_arm64; do
    built=$(libraries $target) || {
        fail "$target: the libraries are built"
        continue
    }
    # shellcheck disable=SC2016
    check "$target: the tests build" in_trixie '
        printf "[binaries]\nexe_wrapper = \047qemu-aarch64\047\n" >wrapper.ini
        case $2 in *arm64) set -- "$@" --cross-file wrapper.ini ;; esac
        build=$2 machine=$1 && shift 2
        meson setup "$build" --cross-file "$machine" "$@" -Disal=enabled --wrap-mode=nodownload
        ninja -C "$build"'
    # shellcheck disable=SC2016
    check "$target: the unit tests pass" in_trixie \
        'meson test -C "$2" --no-rebuild --suite unit --timeout-multiplier 20 --num-processes 2 --print-errorlogs'
done
