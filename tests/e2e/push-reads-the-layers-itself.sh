#!/usr/bin/env bash
# A push beside the daemon reads the layers where they lie, and the export takes over when it cannot.
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

# Everything that the daemon keeps, and when it changed.
store_state()
{
    find "$ROOT/image" "$ROOT/overlay2" -printf '%p %s %T@ %C@\n' 2>/dev/null | sort | sha256sum
}

# push SOURCE FILE: into an empty bucket.
push()
{
    bucket empty
    bucket make
    s3dock push $REF --source "$1" --json >"$2"
}

# loads FILE: the other host's daemon takes what `pull --output` or gunzip made, as the same image.
loads()
{
    on_edge docker image rm -f $REF >/dev/null 2>&1
    on_edge docker load -i "$1" >/dev/null && same "$(image_id $REF)" "$(on_edge image_id $REF)"
}

before=$(store_state)
check "push" push auto layers.json
check "says that it read the layers" same layers "$(json source layers.json)"
check "no export was asked for" same 0 "$(exports)"
check "nothing was written in the daemon's folder" same "$before" "$(store_state)"
gunzip -c "store/$BUCKET/$(archive_key)" >layers.tar
check "gunzip of the archive loads as the same image" loads layers.tar
on_edge docker image rm -f $REF >/dev/null
check "pull into another host's daemon" on_edge s3dock pull $REF
check "the same image id there" same "$(image_id $REF)" "$(on_edge image_id $REF)"

check "push from the export" push docker docker.json
check "says so" same docker "$(json source docker.json)"
check "the export was asked for" same 1 "$(exports)"
gunzip -c "store/$BUCKET/$(archive_key)" >docker.tar
check "both archives hold the same image" same_image layers.tar docker.tar
check "of the same id" same "$(json image_id docker.json)" "$(json image_id layers.json)"

# What another place of this program sees of the daemon's folder: nothing, or not what is there.
apart()
{
    unshare --mount --propagation private -- bash -c "$1" apart "$ROOT" "${@:2}"
}
if ! apart true 2>/dev/null; then
    skip_check "the export takes over" "mounts cannot be made here"
    exit 0
fi
# shellcheck disable=SC2016  # $1 and so on are those of the inner shell
hidden='mount -t tmpfs none "$1" && shift && "$@"'
bucket empty
bucket make
apart "$hidden" "$S3DOCK" push $REF --json >hidden.json
check "a folder that cannot be read: the export" same docker "$(json source hidden.json)"
apart "$hidden" "$S3DOCK" push $REF --source layers --force >strict.out 2>strict.err
apart "$hidden" "$S3DOCK" doctor --read-only >doctor.out 2>&1
check "which doctor tells of" grep -q 'docker layers *cannot open' doctor.out
check "and a failure when only the layers will do" grep -q '^error.*imagedb' strict.err

# Of this image's own layers: the daemon may hold others with the same file.
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
    check "a file that is not the layer's ($what): the export" same docker "$(json source $what.json)"
    check "and the reason" test -n "$(json source_reason $what.json)"
    check "nothing is left of the first attempt" nothing_left
    gunzip -c "store/$BUCKET/$(archive_key)" >$what.tar
    check "and the image is whole" same_image docker.tar $what.tar
done
apart "$covered" other "$code" "$S3DOCK" push $REF --force >note.out 2>note.err
check "one line says why" same 1 "$(grep -c "export was used" note.err)"
bucket empty
bucket make
apart "$covered" other "$code" "$S3DOCK" push $REF --source layers >strict.out 2>strict.err
check "with --source layers it is refused" grep -q '^error' strict.err
check "and nothing is in the bucket" same 0 "$(bucket list | wc -l)"
