#!/usr/bin/env bash
# The .deb is installed, used and removed in each release of Debian, in a system that has nothing else. That for arm64 is
# installed in one release beside the architecture of this machine, and its program runs with qemu.
. "$(dirname "$0")/lib.sh"
need_host_and_edge

# in_debian SCRIPT: runs a script in the system with the package.
in_debian()
{
    in_root --keep "$work/root" "${system[@]}" -- sh -euc "$1" sh "$deb"
}

# serves WHAT ARCH EMULATOR SYSTEM...: the package for ARCH in this system (tests/kit/chroot run).
serves()
{
    local what=$1 arch=$2 emulator=$3 deb system=("${@:4}")
    deb=$(artifact "s3dock_*_$arch.deb") || exit 1
    as_root rm -rf "$work/root"
    [ "$arch" = amd64 ] || check "$what: dpkg takes packages for $arch" in_debian "dpkg --add-architecture $arch"
    # shellcheck disable=SC2016
    check "$what: the package is installed, without another one" in_debian 'dpkg -i "$1" && dpkg --audit'
    check "$what: its files are those that it names" in_debian 'dpkg --verify s3dock'
    check "$what: bash completes" in_debian \
        'exec bash -c ". /usr/share/bash-completion/completions/s3dock && complete -p s3dock"'
    check "$what: the man page is there" in_debian 'zcat /usr/share/man/man1/s3dock.1.gz | grep -q "^.TH"'
    program_in --keep "$work/root" "${system[@]}" -- ${emulator:+"$emulator"} /usr/bin/s3dock
    works "$what"
    # shellcheck disable=SC2016
    check "$what: an update is installed over it" in_debian 'dpkg -i "$1"'
    check "$what: nothing is left after it is removed" in_debian \
        'dpkg -P s3dock && ! find /usr /etc /var /lib -xdev -name "*s3dock*" | grep .'
}

for release in bullseye bookworm trixie sid; do
    serves "$release" amd64 "" "$release"
done
serves "bookworm, arm64" arm64 /usr/bin/qemu-aarch64-static bookworm qemu-user-static
