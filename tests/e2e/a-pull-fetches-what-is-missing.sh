#!/usr/bin/env bash
# A host that has an image pulls its successors and unrelated images. A pull transfers only missing chunks, and the host
# gets the right image. A daemon that refuses partial images and a damaged index cost only bytes.
. "$(dirname "$0")/lib.sh"
need_docker
need_edge
need_s3
FIRST=app:20250721-2118-f7a5a27
EDITED=app:20250722-0900-a1b2c3d
REBUILT=app:20250723-0900-b2c3d4e
STRANGER=other:20250724-0900-c3d4e5f

# at_most SHARE FILE: the pull downloaded at most SHARE percent of its archive.
at_most()
{
    python3 - "$1" "$2" <<'PYTHON'
import json, sys

data = json.load(open(sys.argv[2]))["data"]
stats = data["stats"]
share = 100 * stats["downloaded_bytes"] / stats["archive_bytes"]
print(f"{share:.1f} % of {stats['archive_bytes']} bytes; {data.get('reuse')}")
sys.exit(share > float(sys.argv[1]))
PYTHON
}

# the_same REF: the other host has the same image: id, layers, and a file in a container.
the_same()
{
    local container
    same "$(image_id "$1")" "$(on_edge image_id "$1")" || return 1
    docker save "$1" >here.tar
    on_edge docker save "$1" >there.tar
    same_image here.tar there.tar || return 1
    container=$(on_edge docker create "$1" x) &&
        on_edge docker cp "$container:/srv/code/main.py" - | tar -xO >there.py &&
        on_edge docker rm "$container" >/dev/null || return 1
    container=$(docker create "$1" x) && docker cp "$container:/srv/code/main.py" - | tar -xO >here.py &&
        docker rm "$container" >/dev/null && cmp here.py there.py
}

# pulls SENTENCE COMMAND...: checks the command and writes its JSON to pull.json.
pulls()
{
    check "$1" answered "${@:2}"
}

answered()
{
    "$@" --json >pull.json
}

# tells_layers: whether this engine reports its layers. containerd's store does so since API 1.48.
tells_layers()
{
    local api
    on_edge docker info --format '{{.DriverStatus}}' | grep -q io.containerd.snapshotter || return 0
    api=$(on_edge docker version --format '{{.Server.APIVersion}}')
    [ "$(printf '1.48\n%s\n' "$api" | sort -V | head -n 1)" = 1.48 ]
}

moves_all()
{
    ! at_most 95 "$1"
}

forget()
{
    on_edge docker image rm -f "$@" >/dev/null
}

"$KIT/images" small $FIRST 1
"$KIT/images" small $EDITED 2
container=$(docker create $FIRST x)
docker export "$container" | docker import --change 'CMD ["/bin/true"]' - $REBUILT >/dev/null # has other layers
docker rm "$container" >/dev/null
mkdir other
cp "$KIT/kit.sh" other/main.py
printf 'FROM kit-base\nCOPY main.py /srv/code/\n' | DOCKER_BUILDKIT=0 docker build -q -t $STRANGER -f - other >/dev/null
for ref in $FIRST $EDITED $REBUILT $STRANGER; do
    s3dock push "$ref"
done

# --- layers and chunks ----------------------------------------------------------------------------------------

pulls "pull of the first image" on_edge s3dock pull $FIRST
check "a host without images has none of the layers" same 0 "$(json layers_here pull.json)"
pulls "pull of the edited image" on_edge s3dock pull $EDITED --reuse never
if tells_layers; then
    check "the host has all but two of its layers" same "2 of 4" \
        "$(($(json layers pull.json) - $(json layers_here pull.json))) of $(json layers pull.json)"
    check "the pull downloads only these two layers" at_most 8 pull.json
fi
check "the host has the edited image" the_same $EDITED
forget $EDITED

pulls "pull of an image with other layers, without chunk reuse" on_edge s3dock pull $REBUILT --reuse never
check "without chunk reuse, the pull downloads everything" moves_all pull.json
forget $REBUILT
pulls "pull of the same image, with chunks of the first image" on_edge s3dock pull $REBUILT --reuse always
check "with chunk reuse, the pull downloads at most 8 %" at_most 8 pull.json
check "the pull reports the image whose chunks it uses" grep -q "reusing chunks of $FIRST" pull.json
check "the host has the image with other layers" the_same $REBUILT
forget $REBUILT
pulls "pull with --reuse auto" on_edge s3dock pull $REBUILT --reuse auto
check "the pull reports its decision about chunk reuse" grep -Eq "(reusing|not reusing) chunks of $FIRST: .* MB are missing" pull.json

pulls "pull of another application on the same base" on_edge s3dock pull $STRANGER --reuse never
! tells_layers || check "the pull downloads only the application's own layer" at_most 3 pull.json
check "the host has the other application's image" the_same $STRANGER

# --- a damaged index, a daemon that refuses partial images ----------------------------------------------------

forget $REBUILT
key=$(bucket list images/ | sed -n 's/^[0-9]* \(.*20250722.*\.index\)$/\1/p')
bucket get "$key" good.index
python3 - good.index bad.index <<'PYTHON'
import sys

index = bytearray(open(sys.argv[1], "rb").read())
index[len(index) // 2] ^= 1
open(sys.argv[2], "wb").write(index)
PYTHON
bucket put "$key" bad.index
check "pull with a damaged index" on_edge s3dock pull $EDITED
check "the damaged index does not change the image" the_same $EDITED
bucket put "$key" good.index

# A daemon that refuses an image without all of its layers.
coproc FAKE { exec python3 -I -S "$KIT/fake_docker.py" "$work/fake.sock" --profile docker-20.10 --behave store,store-whole; }
at_exit "kill $FAKE_PID"
read -r _ <&"${FAKE[0]}"
fake=(env DOCKER_HOST="unix://$work/fake.sock" "$S3DOCK")
check "pull of the first image into a daemon that refuses partial images" "${fake[@]}" pull $FIRST
pulls "pull of the second image into that daemon" "${fake[@]}" pull $EDITED
check "the second pull sends all layers after the refusal" same true "$(json reloaded pull.json)"
pulls "pull of the second image again" "${fake[@]}" pull $EDITED
check "the daemon has the second image" same true "$(json skipped pull.json)"
check "the cache has no partial download" empty "$(ls -A "$HOME/.cache/s3dock/pulls")"
