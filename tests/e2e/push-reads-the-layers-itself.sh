#!/usr/bin/env bash
# A push on the daemon's host reads the layers in the daemon's folder. If it cannot read them, it uses the export.
. "$(dirname "$0")/lib.sh"
need_docker
need_edge
need_directory
REF=app:20250721-2118-f7a5a27
"$KIT/images" small $REF
ROOT=$(docker info --format '{{.DockerRootDir}}')
[ -r "$ROOT/image/overlay2/imagedb" ] || skip "the daemon's folder is not readable, or its driver is not overlay2"

start=$(date +%s.%N)
exports()
{
    docker events --since "$start" --until "$(date +%s.%N)" --filter event=save --format x | wc -l
}

# store_state: prints a digest of all names, sizes and times in the daemon's folder.
store_state()
{
    find "$ROOT/image" "$ROOT/overlay2" -printf '%p %s %T@ %C@\n' 2>/dev/null | sort | sha256sum
}

# push SOURCE FILE: pushes into an empty bucket and writes the JSON to FILE.
push()
{
    bucket empty
    bucket make
    s3dock push $REF --source "$1" --json >"$2"
}

# loads FILE: the other host's daemon loads the file as the same image.
loads()
{
    on_edge docker image rm -f $REF >/dev/null 2>&1
    on_edge docker load -i "$1" >/dev/null && same "$(image_id $REF)" "$(on_edge image_id $REF)"
}

before=$(store_state)
check "push with --source auto" push auto layers.json
check "the push reports that it read the layers" same layers "$(json source layers.json)"
check "the push requests no export" same 0 "$(exports)"
check "the push does not change the daemon's folder" same "$before" "$(store_state)"
gunzip -c "store/$BUCKET/$(archive_key)" >layers.tar
check "docker load restores the image from the archive" loads layers.tar
on_edge docker image rm -f $REF >/dev/null
check "pull into another host's daemon" on_edge s3dock pull $REF
check "the other daemon has the same image id" same "$(image_id $REF)" "$(on_edge image_id $REF)"

check "push from the export" push docker docker.json
check "the push reports that it used the export" same docker "$(json source docker.json)"
check "the push requests one export" same 1 "$(exports)"
gunzip -c "store/$BUCKET/$(archive_key)" >docker.tar
check "both archives hold the same image" same_image layers.tar docker.tar
check "both pushes report the same image id" same "$(json image_id docker.json)" "$(json image_id layers.json)"

# apart COMMAND...: runs the command with other mounts, so that it sees no or another content of the daemon's folder.
apart()
{
    unshare --mount --propagation private -- bash -c "$1" apart "$ROOT" "${@:2}"
}
if ! apart true 2>/dev/null; then
    skip_check "the push falls back to the export" "mounts cannot be made here"
    exit 0
fi
# shellcheck disable=SC2016  # the inner shell expands $1
hidden='mount -t tmpfs none "$1" && shift && "$@"'
bucket empty
bucket make
apart "$hidden" "$S3DOCK" push $REF --json >hidden.json
check "a push uses the export if the folder cannot be read" same docker "$(json source hidden.json)"
apart "$hidden" "$S3DOCK" push $REF --source layers --force >strict.out 2>strict.err
apart "$hidden" "$S3DOCK" doctor --read-only >doctor.out 2>&1
check "doctor reports that the folder cannot be read" grep -q 'docker layers *cannot open' doctor.out
check "push --source layers fails if the folder cannot be read" grep -q '^error.*imagedb' strict.err

# Only in this image's layers: the daemon may have other layers with the same file.
layers=$(docker image inspect --format '{{.GraphDriver.Data.UpperDir}}:{{.GraphDriver.Data.LowerDir}}' $REF)
code=$(tr : '\n' <<<"$layers" | while read -r layer; do
    find "$layer" -path '*/srv/code/main.py'
done | head -n 1)
size=$(stat -c %s "$code")
head -c "$size" /dev/zero >other
mkfifo fifo
# shellcheck disable=SC2016
covered='mount --bind "$2" "$3" && shift 3 && "$@"'
for what in other fifo; do
    bucket empty
    bucket make
    apart "$covered" $what "$code" "$S3DOCK" push $REF --json >$what.json
    check "a push uses the export if a file differs from the layer ($what)" same docker "$(json source $what.json)"
    check "the push reports the reason ($what)" test -n "$(json source_reason $what.json)"
    check "the first attempt leaves no unfinished upload ($what)" nothing_left
    gunzip -c "store/$BUCKET/$(archive_key)" >$what.tar
    check "the pushed image is right ($what)" same_image docker.tar $what.tar
done
apart "$covered" other "$code" "$S3DOCK" push $REF --force >note.out 2>note.err
check "one line reports the reason" same 1 "$(grep -c "from Docker.s export, because" note.err)"
bucket empty
bucket make
apart "$covered" other "$code" "$S3DOCK" push $REF --source layers >strict.out 2>strict.err
check "push --source layers fails if a file differs" grep -q '^error' strict.err
check "the failed push leaves nothing in the bucket" same 0 "$(bucket list | wc -l)"
