#!/usr/bin/env bash
# A push on the daemon's host does not read the layers that an earlier archive holds.
. "$(dirname "$0")/lib.sh"
need_docker
need_edge
need_directory
FIRST=app:20250721-2118-f7a5a27
SECOND=app:20250722-0900-0a1b2c3
ROOT=$(docker info --format '{{.DockerRootDir}}')
[ -r "$ROOT/image/overlay2/imagedb" ] || skip "the daemon's folder is not readable, or its driver is not overlay2"

mkdir -p base context/code
head -c 14000000 /dev/urandom >base/noise
head -c 4000000 /dev/zero >base/zeros
tar -C base -c . | docker import - kit-large >/dev/null
# build REF: builds the base and a layer that differs with each call.
build()
{
    date +%N >context/code/main.py
    head -c 100000 /dev/urandom >context/code/asset
    DOCKER_BUILDKIT=0 docker build -q -t "$1" context >/dev/null 2>&1
}
printf 'FROM kit-large\nCOPY code /srv\n' >context/Dockerfile
build $FIRST
build $SECOND
at_exit docker image rm -f $FIRST $SECOND kit-large

check "push of the first image" s3dock push $FIRST --json
# Hides the files of the large layer in the daemon's folder. A program that reads them fails.
cat >hide.sh <<'HIDE'
mount -t tmpfs none "$(dirname "$(dirname "$(find "$1" -path '*/diff/noise' | head -n 1)")")" && shift && exec "$@"
HIDE
if unshare --mount --propagation private -- bash hide.sh "$ROOT/overlay2" true 2>hide.err; then
    hidden=(unshare --mount --propagation private -- bash hide.sh "$ROOT/overlay2")
else
    skip_check "push with a hidden layer" "mounts cannot be made here"
    hidden=()
fi
"${hidden[@]}" "$S3DOCK" push $SECOND --source layers --json >second.json
check "push of the second image, whose large layer cannot be read" same layers "$(json source second.json)"
check "the large layer is not uploaded" test "$(json uploaded_bytes second.json)" -lt 1000000
check "the large layer is copied" test "$(json copied_bytes second.json)" -gt 14000000
key=$(bucket list images/ | sed -n 's/^[0-9]* \(.*0a1b2c3.*\.tar\.gz\)$/\1/p')
bucket get "$key" | gunzip >second.tar
docker save $SECOND >saved.tar
check "the archive holds the image" same_image saved.tar second.tar
check "docker load accepts the archive" on_edge docker load -i second.tar
check "the loaded image has the pushed id" same "$(image_id $SECOND)" "$(on_edge image_id $SECOND)"
on_edge docker image rm -f $SECOND >/dev/null
on_edge s3dock pull $FIRST --json >/dev/null
start=$(date +%s.%N)
on_edge s3dock pull $SECOND --reuse always --json >pull.json
check "pull into a daemon that has the first image" same true "$(json success pull.json)"
check "the pull reads the first image's layers" grep -q 'reading its layers' pull.json
check "the pull requests no export" empty \
    "$(on_edge docker events --since "$start" --until "$(date +%s.%N)" --filter event=save --format x)"
check "the other daemon has the same image id" same "$(image_id $SECOND)" "$(on_edge image_id $SECOND)"

# The export is another form of the same image. A push also finds the layers in its archive.
bucket empty
bucket make
check "push of the first image from the export" s3dock push $FIRST --source docker --json
s3dock push $SECOND --source layers --json >third.json
check "the second push copies nearly all of the export's archive" \
    test "$(json uploaded_bytes third.json)" -lt 7000000
check "no temporary object is left" empty "$(bucket list archive/.s3dock-tmp/)"
key=$(bucket list images/ | sed -n 's/^[0-9]* \(.*0a1b2c3.*\.tar\.gz\)$/\1/p')
bucket get "$key" | gunzip >third.tar
check "the archive holds the image" same_image saved.tar third.tar
if [ ${#hidden[@]} != 0 ]; then
    bucket empty
    bucket make
    "${hidden[@]}" "$S3DOCK" push $SECOND --json >none.json
    check "without a base, a push uses the export for a layer that cannot be read" same docker "$(json source none.json)"
fi
