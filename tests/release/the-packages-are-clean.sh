#!/usr/bin/env bash
# The packages are those of the tarballs: made again in another folder, time zone and umask, they have the same bytes. No
# tool of Debian finds a fault in them.
. "$(dirname "$0")/lib.sh"
need_release

# made_again: all packages have the same bytes as those of the release.
made_again()
{
    local file
    mkdir -p "other folder"
    cp "$RELEASE"/s3dock_*_linux_*.tar.gz "other folder" || return 1
    (umask 077 && TZ=Asia/Tokyo "$TOP/tools/release/make_packages" "$work/other folder") || return 1
    for file in "other folder"/*; do
        cmp "$file" "$RELEASE/$(basename "$file")" || return 1
    done
}

# The time of the release is that of every file of its tarball.
tarball=$(artifact 's3dock_*_linux_amd64.tar.gz') || exit 1
SOURCE_DATE_EPOCH=$(python3 -c 'import sys, tarfile; print(max(m.mtime for m in tarfile.open(sys.argv[1])))' "$tarball")
export SOURCE_DATE_EPOCH
check "the packages have the same bytes when they are made again" made_again
for arch in amd64 arm64; do
    deb=$(artifact "s3dock_*_$arch.deb") || exit 1
    check "lintian accepts the package for $arch" \
        in_root bookworm lintian -- lintian --allow-root --display-info --pedantic --fail-on error,warning,info,pedantic "$deb"
done
unpack amd64
# shellcheck disable=SC2016
check "the man page has no fault" in_root bookworm man-db -- sh -euc \
    'LC_ALL=C.UTF-8 MANROFFSEQ= MANWIDTH=80 man --warnings -E UTF-8 -l -Tutf8 -Z "$1" 2>&1 >/dev/null | (! grep .)' \
    sh "$UNPACKED/s3dock.1"
