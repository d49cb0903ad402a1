#!/usr/bin/env bash
# Podman's compatible socket as the daemon: pull, pull again, a successor of which a part moves, names below localhost/, push.
. "$(dirname "$0")/lib.sh"
need_podman
need_directory
ONE=app:20250721-2118-f7a5a27
TWO=app:20250722-0900-abcdef0
make_image $ONE one.tar --size 2 --seed 1
make_image $TWO two.tar --size 2 --seed 2
check "an image" s3dock push $ONE --input one.tar
check "its successor" s3dock push $TWO --input two.tar

podman_id()
{
    "$KIT/podman" run "$work/p" image inspect --format '{{.Id}}' "$1"
}

config_of()
{
    tar -xOf "$1" manifest.json | python3 -c 'import json, re, sys; print(re.findall("[0-9a-f]{64}", json.load(sys.stdin)[0]["Config"])[0])'
}

check "a pull" s3dock pull $ONE
check "gives the image its name" same "$(config_of one.tar)" "$(podman_id $ONE)"
s3dock pull $ONE --json >again.json
check "a second pull does nothing" same true "$(json skipped again.json)"
check "another image is built as localhost/" "$KIT/podman" run "$work/p" tag $ONE localhost/$TWO
check "the pull of that name" s3dock pull $TWO
check "leads the short name to what was pulled" same "$(config_of two.tar)" "$(podman_id $TWO)"
s3dock pull $TWO --json >again.json
check "a second pull of it does nothing" same true "$(json skipped again.json)"
check "another name for it" s3dock pull $TWO --as app:current
check "leads to it too" same "$(config_of two.tar)" "$(podman_id app:current)"
bucket empty
check "a push from Podman" s3dock push $TWO
check "its pull into a file" s3dock pull $TWO --output back.tar
check "has the same configuration" same "$(config_of two.tar)" "$(config_of back.tar)"
