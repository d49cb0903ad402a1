#!/usr/bin/env bash
# The commands of README.md, section "Install", as a new user runs them: each block in a system that has nothing but what
# the section names, in a folder with the files of the release. 0.3.0 of the text is the version of the release.
. "$(dirname "$0")/lib.sh"
need_release
need_docker

# block WORD: the commands of the block of the section that contains this word.
block()
{
    sed -n '/^## Install$/,/^## Use$/p' "$TOP/README.md" | awk -v word="$1" '
        /^```$/ { if (inside && index(text, word)) printf "%s", text; inside = !inside; text = ""; next }
        inside { text = text $0 "\n" }' | sed -E "s/[0-9]+\.[0-9]+\.[0-9]+/$VERSION/g; s|/var/run/docker.sock:|${DOCKER_HOST#unix://}:|"
}

# runs OPTION... -- WORD SCRIPT: the block runs in this root, and then the script.
runs()
{
    local options=() commands
    while [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    commands=$(block "$2") && [ -n "$commands" ] || return 1
    printf 'set -eux\n%s\n%s\n' "$commands" "$3" >"$work/commands"
    # shellcheck disable=SC2016
    in_root "${options[@]}" -- sh -euc 'cd "$1" && exec bash "$2"' sh "$folder" "$work/commands"
}

# A copy: the commands unpack into the folder.
cp -R "$RELEASE" "$work/files"
folder=$work/files
version="s3dock --version | grep -F '$VERSION'"
check "Debian" runs bullseye -- apt-get "$version"
check "RPM" runs bookworm rpm -- 'rpm -i' "$version"
check "any Linux" runs trixie -- 'tar -xzf' "$version"
if [ -n "${RELEASE_FROM_SOURCE:-}" ]; then
    git clone -q "$TOP" "$work/clone"
    folder=$work/clone
    check "from source" runs trixie -- './dev build' "$version"
else
    skip_check "from source" "it builds for minutes: RELEASE_FROM_SOURCE=yes"
fi
block 'docker load' >commands
# shellcheck disable=SC2016
check "a container" bash -euxc 'cd "$1" && . "$2"' bash "$RELEASE" "$work/commands"
docker image rm -f "s3dock:$VERSION" >/dev/null
