#!/usr/bin/env bash
# A real buildx builds for other platforms and for several at once, and the push brings all of them. Where this Docker
# cannot have several, the build is refused before it begins.
. "$(dirname "$0")/lib.sh"
need_docker
need_edge
need_directory
need_git
export GIT_COMMITTER_DATE="2025-07-21T23:18:59 +0200"
unset DOCKER_CONFIG "${!BUILDX_@}" "${!BUILDKIT_@}" DOCKER_BUILDKIT DOCKER_DEFAULT_PLATFORM

# Each daemon gets the buildx of its own release. Both run on Debian 12: they need only the C library.
release=trixie
! has_platforms || release=sid
plugin=$HOME/.docker/cli-plugins/docker-buildx
folder=$("$KIT/chroot" fetch $release docker-buildx 2>fetch.log) || skip "no buildx: $(tail -n 1 fetch.log)"
mkdir -p "$(dirname "$plugin")"
ln -s "$folder/usr/libexec/docker/cli-plugins/docker-buildx" "$plugin"
docker buildx version >/dev/null 2>&1 || skip "the buildx of Debian $release does not run here"

git init -q repo
cd repo || exit 1
for architecture in amd64 arm64 arm; do
    head -c 300000 /dev/urandom >program-$architecture
done
# shellcheck disable=SC2016
printf 'FROM scratch\nARG TARGETARCH\nCOPY program-$TARGETARCH /program\nCMD ["/program"]\n' >Dockerfile
# shellcheck disable=SC2016
printf 'FROM scratch\nARG TARGETARCH\nCOPY other-$TARGETARCH /program\n' >Broken
cp program-amd64 other-amd64
git add .
git commit -qm one
VERSION=20250721-2318-$(git rev-parse HEAD | cut -c 1-7)

# program_of REF: prints the SHA-256 of the program in an image.
program_of()
{
    local container
    container=$(docker create "$1") && docker cp "$container:/program" - | tar -xO | sha256sum
    docker rm "$container" >/dev/null
}

# edge_has REF ARCHITECTURE: the other host's image is that of the architecture.
edge_has()
{
    same "$2" "$(on_edge docker image inspect -f '{{.Architecture}}' "$1")" &&
        same "$(sha256sum <"program-$2")" "$(on_edge program_of "$1")"
}

# --- one platform ---------------------------------------------------------------------------------------------

check "build of one foreign platform" s3dock build one --platform linux/arm64
check "the image has that platform" same arm64 "$(docker image inspect -f '{{.Architecture}}' "one:$VERSION")"
check "push of it" into one.json s3dock push "one:$VERSION" --json
check "the push names the platform" same linux/arm64 "$(json platform one.json)"
check "build of the same image from the cache" s3dock build one --platform linux/arm64
check "build of the daemon's platform" s3dock build native --platform linux/amd64
check "build without --platform by the same plugin" s3dock build plain
if [ -r "$(docker info -f '{{.DockerRootDir}}')/image/overlay2/imagedb" ]; then
    check "the layers of BuildKit are read in the daemon's folder" s3dock push "plain:$VERSION" --source layers
else
    check "push of BuildKit's image" s3dock push "plain:$VERSION"
fi
check "pull of BuildKit's image" on_edge s3dock pull "plain:$VERSION"
check "the other host has it" edge_has "plain:$VERSION" amd64

# --- several --------------------------------------------------------------------------------------------------

ALL=multi:$VERSION
if ! has_platforms; then
    refused 12 'this Docker .* of one platform|exports one platform' "several platforms" \
        build multi --platform linux/amd64,linux/arm64
    refused 12 'this Docker .* of one platform|exports one platform' "several platforms for docker itself" \
        build multi -- --platform linux/amd64,linux/arm64
    check "neither leaves an image" empty "$(docker image ls -q multi)"
    # Docker 25 to 27 with containerd's store has such images of others.
    if docker buildx build --quiet --load --platform linux/amd64,linux/arm64 --tag "left:$VERSION" . >/dev/null 2>&1; then
        check "push of an image that docker built for several" into left.json s3dock push "left:$VERSION" --json
        check "the push reports that it left out platforms" same true "$(json platforms_left_out left.json)"
        check "push of a platform that the user chose" into left.json \
            s3dock push "left:$VERSION" --platform linux/amd64 --force --json
        check "reports nothing" same 0 "$(grep -c platforms_left_out left.json)"
    fi
else
    check "build of three platforms" into build.json s3dock build multi --platform linux/amd64,linux/arm64/v8,linux/arm/v7 --json
    check "the JSON has the image's name" same "$ALL" "$(json image_tag build.json)"
    check "push of three platforms" into push.json s3dock push "$ALL" --json
    check "the push brings each of them" same 'linux/amd64 linux/arm/v7 linux/arm64 ' \
        "$(sed -n '/"platforms"/,$p' push.json | grep -o 'linux/[a-z0-9/]*' | sort | tr '\n' ' ')"
    check "all are intact" s3dock verify "$ALL"
    check "promotion" s3dock promote "$ALL" production
    check "pull of the environment" on_edge s3dock pull multi production
    check "the host has the image of its platform" edge_has "$ALL" amd64
    check "pull of another platform" on_edge s3dock pull "$ALL" --platform linux/arm/v7
    check "the host has the image of that platform" edge_has "$ALL" arm
    check "build of one platform under the same name" s3dock build multi --platform linux/amd64
    check "push of that platform" s3dock push "$ALL"
    check "the other platforms stay in the bucket" on_edge s3dock verify "$ALL" --platform linux/arm64

    check "build of a list as people write it" s3dock build words --platform " linux/amd64, arm64,"
    check "push of both" into words.json s3dock push "words:$VERSION" --json
    check "both are in the bucket" s3dock verify "words:$VERSION" --platform linux/arm64
    check "build of a platform that is named twice" s3dock build twice --platform linux/arm64,linux/arm64/v8
    check "push of it" into twice.json s3dock push "twice:$VERSION" --json
    check "is one push" same 0 "$(grep -c '"platforms"' twice.json)"

    check "build without attestations" s3dock build bare --platform linux/amd64,linux/arm64 -- --provenance=false
    check "the same from the cache, also into a file" s3dock build bare --platform linux/amd64,linux/arm64 -- \
        --provenance=false --output "type=oci,dest=$work/both.tar"
    check "files beside the image" s3dock build bare --platform linux/amd64 -- --output "type=local,dest=$work/files"
    check "the files are there" cmp program-amd64 "$work/files/program"
    check "build of an image" s3dock build kept
    refused 10 "earlier build" "a build whose image is in a file only" build kept -- --no-cache --label new=yes \
        --output "type=docker,dest=$work/kept.tar"
    refused 10 'buildx build failed' "a Dockerfile that fails for one of two platforms" build broken \
        --platform linux/amd64,linux/arm64 --dockerfile Broken
    check "the failed build leaves no image" empty "$(docker image ls -q broken)"
fi

# --- no buildx ------------------------------------------------------------------------------------------------

refused 10 'buildx build failed' "a builder that does not exist" build multi --platform linux/arm64 -- --builder nowhere
# The machine may have a plugin of its own.
rm "$plugin"
if ! docker buildx version >/dev/null 2>&1; then
    refused 10 'docker has no buildx' "a docker without buildx" build multi --platform linux/arm64
    check "the hint names the package" grep -q docker-buildx "$work/refused.err"
else
    skip_check "a docker without buildx" "this machine has a buildx of its own"
fi
