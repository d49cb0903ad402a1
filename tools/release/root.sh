# shellcheck shell=bash
# root.sh - the root with the compilers of a release, and the libraries that are built in it; sourced in the folder of
# the checkout, after tests/kit/kit.sh.

LIBRARY_CACHE=$KIT_CACHE/release/libraries
COMPILERS=(gcc libc6-dev gcc-aarch64-linux-gnu make perl meson ninja-build pkgconf nasm python3 xz-utils bzip2 patch dpkg-dev)

# in_root COMMAND...: runs it in this folder, in the root with the compilers, without network.
in_root()
{
    # shellcheck disable=SC2016
    tests/kit/chroot run --no-network --bind "$PWD" --bind "$KIT_CACHE/release" trixie "${COMPILERS[@]}" -- \
        sh -c 'cd "$1" && shift && exec env "$@"' sh "$PWD" "KIT_CACHE=$KIT_CACHE" "$@"
}

check_compilers()
{
    local packages
    mapfile -t packages < <(grep -v '^#' tools/release/compilers.tsv | cut -f 1)
    diff <(grep -v '^#' tools/release/compilers.tsv) <(in_root dpkg-query -W "${packages[@]}" | sed 's/:amd64//') >&2 ||
        die "the root has other compilers than compilers.tsv: docs/releasing.md"
}

# libraries_of TARGET: prints the folder of its libraries. Its name has the hash of its sources.
libraries_of()
{
    local made_of=(tools/release/{libraries,sources.tsv,compilers.tsv} "tools/release/toolchains/$1")
    echo "$LIBRARY_CACHE/$1-$(cat "${made_of[@]}" | sha256sum | cut -c 1-12)"
}

# build_libraries TARGET: builds them unless they are in the cache. Two checkouts wait for each other.
build_libraries()
{
    local prefix
    prefix=$(libraries_of "$1")
    mkdir -p "$LIBRARY_CACHE"
    exec 8>"$prefix.lock"
    flock 8
    if [ ! -e "$prefix/complete" ]; then
        say "building the libraries of $1 (once)"
        # shellcheck disable=SC2016
        in_root sh -euc 'sources=/tmp/sources
            tools/release/sources unpack $sources && tools/release/libraries "tools/release/toolchains/$1" $sources "$2"
            touch "$2/complete"' sh "$1" "$prefix"
    fi
    exec 8>&-
}
