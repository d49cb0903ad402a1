#!/usr/bin/env bash
# docker load takes the images of the release, and a container of them pushes and pulls.
. "$(dirname "$0")/lib.sh"
need_host_and_edge
# The private daemons have no bridge: containers use the network of this machine.
run=(docker run --rm --network host --volume "$work:$work" --workdir "$work")
for name in "${!AWS_@}" S3DOCK_BUCKET; do
    run+=(--env "$name=${!name}")
done

# in_container IMAGE [COMMAND]: from now on s3dock is the program of that image, in a container with the daemon's socket.
# A daemon that lacks the image loads it.
in_container()
{
    {
        echo '#!/bin/bash'
        printf 'docker image inspect %q >/dev/null 2>&1 || docker load -qi %q >/dev/null\n' "$1" "$archive"
        printf '%q ' "${run[@]}"
        # shellcheck disable=SC2016
        printf '%s %s "$@"\n' '--volume "${DOCKER_HOST#unix://}:/var/run/docker.sock"' "$*"
    } >"$work/s3dock"
    chmod +x "$work/s3dock"
    S3DOCK=$work/s3dock
}

for kind in image image-ci; do
    archive=$(artifact "s3dock_*_${kind}_amd64.tar") || exit 1
    tag=s3dock:$VERSION${kind#image}
    check "docker load of $kind" docker load -i "$archive"
    if command -v podman >/dev/null; then
        check "podman load of $kind" podman --root "$work/podman" --runroot "$work/podman.run" --storage-driver vfs \
            load --input "$archive"
    else
        skip_check "podman load of $kind" "no podman"
    fi
    if [ $kind = image ]; then
        in_container "$tag"
    else
        in_container "$tag" s3dock
    fi
    works "$kind"
    docker image rm -f "$tag" >/dev/null
done

# The second command of docs/install.md: settings come from a file of the host.
mkdir settings
cat >settings/config.json5 <<END
{default_profile: "a", profiles: {a: {bucket: "$BUCKET", endpoint: "$AWS_ENDPOINT_URL",
    access_key: "$AWS_ACCESS_KEY_ID", secret_key: "$AWS_SECRET_ACCESS_KEY"}}}
END
chmod 600 settings/config.json5
docker load -qi "$(artifact "s3dock_*_image_amd64.tar")" >/dev/null
check "settings come from a mounted file" same app "$(docker run --rm --network host \
    --volume "$work/settings:/root/.s3dock:ro" "s3dock:$VERSION" list apps)"
docker image rm -f "s3dock:$VERSION" >/dev/null

archive=$(artifact "s3dock_*_image-ci_amd64.tar")
docker load -qi "$archive" >/dev/null
check "a script runs in image-ci" same "$VERSION" \
    "$("${run[@]}" "s3dock:$VERSION-ci" sh -euc 's3dock --version | sed "s/^s3dock \([^ ]*\).*/\1/"' 2>&1 || true)"

# Qemu takes the place of the entry point.
run+=(--volume "$(qemu):/qemu:ro" --entrypoint /qemu)
for kind in image image-ci; do
    archive=$(artifact "s3dock_*_${kind}_arm64.tar") || exit 1
    tag=s3dock:$VERSION${kind#image}
    check "the archive $kind for arm64 is an image for arm64" same arm64 "$(docker load -qi "$archive" >/dev/null &&
        docker image inspect --format '{{.Architecture}}' "$tag")"
    in_container "$tag" /usr/bin/s3dock
    works "$kind for arm64"
    docker image rm -f "$tag" >/dev/null
done
