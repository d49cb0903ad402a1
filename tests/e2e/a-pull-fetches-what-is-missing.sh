#!/usr/bin/env bash
# A host that has an image pulls its successors, and strangers: only what it lacks moves, it gets the very image, and a
# daemon or an index that does not play along costs bytes and nothing else.
. "$(dirname "$0")/lib.sh"
need_docker
need_edge
need_s3
FIRST=app:20250721-2118-f7a5a27
EDITED=app:20250722-0900-a1b2c3d
REBUILT=app:20250723-0900-b2c3d4e
STRANGER=other:20250724-0900-c3d4e5f

# at_most SHARE FILE: what a pull moved, against its archive, in percent.
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

# the_same REF: the other host has the image of this one: id, layers, and a file out of a container.
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

# pulls SENTENCE COMMAND...: and leaves the answer in pull.json.
pulls()
{
    check "$1" answered "${@:2}"
}

answered()
{
    "$@" --json >pull.json
}

# Whether this engine lets itself be asked which layers it has: containerd's store does so since API 1.48.
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
docker export "$container" | docker import --change 'CMD ["/bin/true"]' - $REBUILT >/dev/null # no layer is the same
docker rm "$container" >/dev/null
mkdir other
cp "$KIT/kit.sh" other/main.py
printf 'FROM kit-base\nCOPY main.py /srv/code/\n' | DOCKER_BUILDKIT=0 docker build -q -t $STRANGER -f - other >/dev/null
for ref in $FIRST $EDITED $REBUILT $STRANGER; do
    s3dock push "$ref"
done

# --- layers and chunks --------------------------------------------------------------------------------------------

pulls "the first image" on_edge s3dock pull $FIRST
check "comes whole" same 0 "$(json layers_here pull.json)"
pulls "the edited one" on_edge s3dock pull $EDITED --reuse never
if tells_layers; then
    check "has its layers here but for two" same "2 of 4" \
        "$(($(json layers pull.json) - $(json layers_here pull.json))) of $(json layers pull.json)"
    check "which are all that moves" at_most 8 pull.json
fi
check "it is the very image" the_same $EDITED
forget $EDITED

pulls "one of other layers, without a look at chunks" on_edge s3dock pull $REBUILT --reuse never
check "moves whole" moves_all pull.json
forget $REBUILT
pulls "the same with chunks of the first" on_edge s3dock pull $REBUILT --reuse always
check "moves little" at_most 8 pull.json
check "and says whose chunks" grep -q "taking chunks of $FIRST" pull.json
check "it is the very image, too" the_same $REBUILT
forget $REBUILT
pulls "it decides by itself" on_edge s3dock pull $REBUILT --reuse auto
check "and says how" grep -Eq "(taking|not looking for) chunks of $FIRST: .* MB are missing" pull.json

pulls "an application on the same base" on_edge s3dock pull $STRANGER --reuse never
! tells_layers || check "moves its own layer" at_most 3 pull.json
check "it is the very image" the_same $STRANGER

# --- what does not play along -------------------------------------------------------------------------------------

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
check "an index that lies" on_edge s3dock pull $EDITED
check "gives the very image all the same" the_same $EDITED
bucket put "$key" good.index

# A daemon that takes no part of an image.
coproc FAKE { exec python3 -I -S "$KIT/fake_docker.py" "$work/fake.sock" --profile docker-20.10 --behave store,store-whole; }
at_exit "kill $FAKE_PID"
read -r _ <&"${FAKE[0]}"
fake=(env DOCKER_HOST="unix://$work/fake.sock" "$S3DOCK")
check "the first image, into a daemon that refuses parts" "${fake[@]}" pull $FIRST
pulls "and the second" "${fake[@]}" pull $EDITED
check "which it was given whole" same true "$(json reloaded pull.json)"
pulls "again" "${fake[@]}" pull $EDITED
check "it has it" same true "$(json skipped pull.json)"
check "nothing is kept that nobody needs" same "" "$(ls -A "$HOME/.cache/s3dock/pulls")"
