# shellcheck shell=bash
# lib.sh - the beginning of every scenario of a release: `. "$(dirname "$0")/lib.sh"`.
#
# A scenario is one of tests/e2e/lib.sh, with the files of a release in the folder $RELEASE (default: build-release/out).
# S3DOCK becomes a small script that runs the program inside a root of tests/kit/chroot, with the working folder and the
# environment of the scenario.
. "$(dirname "${BASH_SOURCE[0]}")/../e2e/lib.sh"
. "$KIT/kit.sh"
# The roots have other authorities than this machine.
unset AWS_CA_BUNDLE SSL_CERT_FILE SSL_CERT_DIR

RELEASE=$(realpath "${RELEASE:-$TOP/build-release/out}")
REF=app:20250721-2118-f7a5a27

# artifact PATTERN: prints the only file of the release that matches.
artifact()
{
    local found
    found=$(compgen -G "$RELEASE/$1") || { echo "there is no $1 in $RELEASE" >&2 && return 1; }
    [ "$(wc -l <<<"$found")" = 1 ] || { echo "several files match $1: $found" >&2 && return 1; }
    echo "$found"
}

# need_release: the folder has a release. Sets VERSION.
need_release()
{
    local tarball
    tarball=$(artifact 's3dock_*_linux_amd64.tar.gz' 2>"$work/release.log") ||
        skip "no release: $(head -n 1 "$work/release.log"); ./dev release builds one"
    VERSION=$(basename "$tarball" | cut -d _ -f 2)
}

# need_host_and_edge: a release, the daemons of two hosts, an S3 server, and the image REF in the first daemon and saved.tar.
need_host_and_edge()
{
    need_release
    need_docker
    need_edge
    need_s3
    "$KIT/images" small "$REF"
    docker save "$REF" >saved.tar
}

# in_root ARGUMENT...: tests/kit/chroot run, with the folder of the scenario and those of the Docker daemons.
in_root()
{
    local socket binds=(--bind "$work" --bind "$RELEASE")
    for socket in "${DOCKER_HOST:-}" "${EDGE:-}"; do
        [ -z "$socket" ] || binds+=(--bind "$(dirname "${socket#unix://}")")
    done
    "$KIT/chroot" run "${binds[@]}" "$@"
}

# program_in ARGUMENT... -- COMMAND...: from now on `s3dock` is this command in this root (tests/kit/chroot run).
program_in()
{
    {
        echo '#!/bin/bash'
        declare -f in_root
        printf 'work=%q RELEASE=%q KIT=%q EDGE=%q\n' "$work" "$RELEASE" "$KIT" "${EDGE:-}"
        printf 'in_root --here'
        printf ' %q' "$@"
        # shellcheck disable=SC2016
        echo ' "$@"'
    } >"$work/s3dock"
    chmod +x "$work/s3dock"
    S3DOCK=$work/s3dock
}

# unpack ARCH: unpacks a tarball of the release; sets UNPACKED, the folder of its files.
unpack()
{
    tar -xzf "$(artifact "s3dock_*_linux_$1.tar.gz")" -C "$work"
    UNPACKED=$work/s3dock_${VERSION}_linux_$1
}

# qemu: prints the static program that runs programs for arm64.
qemu()
{
    echo "$("$KIT/chroot" fetch bookworm qemu-user-static)/usr/bin/qemu-aarch64-static"
}

# fresh: nothing is left of the round trip before.
fresh()
{
    bucket empty
    bucket make 2>/dev/null || true
    on_edge docker image prune -af >/dev/null
    rm -rf "$HOME" file.tar
    mkdir "$HOME"
}

# works IN_WHAT: a real image goes to a real S3 server and into another host's daemon.
works()
{
    fresh
    check "$1: push" s3dock push "$REF"
    check "$1: pull into another host's daemon" on_edge s3dock pull "$REF"
    check "$1: the other daemon has the same image id" same "$(image_id "$REF")" "$(on_edge image_id "$REF")"
    check "$1: pull into a file" s3dock pull "$REF" --output file.tar
    check "$1: the file has the same image" same_image saved.tar file.tar
    check "$1: the program states its version" same "$VERSION" "$(s3dock --version | sed 's/^s3dock \([^ ]*\).*/\1/')"
}
