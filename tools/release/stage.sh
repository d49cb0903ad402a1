# shellcheck shell=bash
# stage.sh - what the packages have in common: a tarball of a release, unpacked, and its files at their places; sourced.
#
# SOURCE_DATE_EPOCH is the time of every file.
set -euo pipefail
umask 022
export LC_ALL=C TZ=UTC SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:?"the time of the release"}

# open_tarball FILE: unpacks s3dock_VERSION_linux_ARCH.tar.gz. Sets VERSION, ARCH and FROM, the folder of its files, and
# WORK, a folder that is removed at the end.
open_tarball()
{
    local name
    name=$(basename "$1" .tar.gz)
    VERSION=${name#s3dock_}
    VERSION=${VERSION%%_*}
    # shellcheck disable=SC2034  # the scripts that source this file read it
    ARCH=${name##*_}
    WORK=$(mktemp -d)
    trap 'rm -rf "$WORK"' EXIT
    tar -xzf "$1" -C "$WORK" --no-same-owner
    FROM=$WORK/$name
}

# stage ROOT ZSH: puts the files that all packages have to their places. ZSH is the distribution's folder of completions.
stage()
{
    local share=$1/usr/share
    install -D -m 755 "$FROM/s3dock" "$1/usr/bin/s3dock"
    install -d "$share/man/man1"
    gzip -9n <"$FROM/s3dock.1" >"$share/man/man1/s3dock.1.gz"
    install -D -m 644 "$FROM/completions/s3dock.bash" "$share/bash-completion/completions/s3dock"
    install -D -m 644 "$FROM/completions/_s3dock" "$share/zsh/$2/_s3dock"
    install -D -m 644 "$FROM/completions/s3dock.fish" "$share/fish/vendor_completions.d/s3dock.fish"
    install -D -m 644 "$FROM/systemd/s3dock-watch.service" "$1/usr/lib/systemd/system/s3dock-watch.service"
}

# one_time ROOT: gives every file and folder the time of the release.
one_time()
{
    find "$1" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
}

# licences: prints the licence of s3dock and those of the libraries in the program.
licences()
{
    local file
    cat "$FROM/LICENSE"
    for file in "$FROM"/licenses/*; do
        printf '\n\n---- %s ----\n\n' "$(basename "$file")"
        cat "$file"
    done
}

# description: prints the description of the packages.
description()
{
    cat <<'END'
s3dock stores Docker images in any bucket that speaks S3, or in a plain
directory, and brings them to the hosts that run them. No registry is needed.
Images are cut into chunks, packed on all cores and sent in parallel. A push
stores only what no earlier image holds; a pull fetches only what the host
lacks, and verifies all of it.

The program is static: it needs no library of the system.
END
}
