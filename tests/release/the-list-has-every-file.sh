#!/usr/bin/env bash
# SHA256SUMS has every file of the release, in an order that does not depend on the machine, and a key that cannot sign
# stops a release before it is built.
. "$(dirname "$0")/lib.sh"
need_release

# listed: prints the names of the list.
listed()
{
    cut -c 67- "$RELEASE/SHA256SUMS"
}

# files: prints the names of the files that the list is of.
files()
{
    find "$RELEASE" -type f ! -name 'SHA256SUMS*' -printf '%f\n' | LC_ALL=C sort
}

# sums_agree: each file has its hash.
sums_agree()
{
    (cd "$RELEASE" && sha256sum --quiet --check SHA256SUMS)
}

# stops_at KEY FILE: a release with this secret key fails, and names the file that it cannot read. It could fetch nothing.
stops_at()
{
    ! S3DOCK_RELEASE_KEY=$1 KIT_CACHE=$work/cache DEBIAN_MIRRORS=http://127.0.0.1:1 "$TOP/tools/release/make" >made.log 2>&1 &&
        grep -F "cannot read $2" made.log
}

touch lone.key
check "each file has the hash of the list" sums_agree
check "the list has every file, sorted by bytes" same "$(files)" "$(listed)"
check "a key that does not exist stops a release at once" stops_at "$work/none.key" "$work/none.key"
[ -e "$TOP/tools/release/s3dock.pub" ] ||
    check "so does a key without its public key" stops_at "$work/lone.key" "$work/lone.pub"
