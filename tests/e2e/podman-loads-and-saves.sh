#!/usr/bin/env bash
# Podman's compatible socket as the daemon: pull, pull again, partial pull of a successor, names below localhost/, push.
. "$(dirname "$0")/lib.sh"
need_podman
need_directory
ONE=app:20250721-2118-f7a5a27
TWO=app:20250722-0900-abcdef0
make_image $ONE one.tar --size 2 --seed 1
make_image $TWO two.tar --size 2 --seed 2
check "push of an image" s3dock push $ONE --input one.tar
check "push of its successor" s3dock push $TWO --input two.tar

podman_id()
{
    "$KIT/podman" run "$work/p" image inspect --format '{{.Id}}' "$1"
}

config_of()
{
    tar -xOf "$1" manifest.json | python3 -c 'import json, re, sys; print(re.findall("[0-9a-f]{64}", json.load(sys.stdin)[0]["Config"])[0])'
}

check "pull of the image" s3dock pull $ONE
check "the pulled image has its name" same "$(config_of one.tar)" "$(podman_id $ONE)"
s3dock pull $ONE --json >again.json
check "a second pull does nothing" same true "$(json skipped again.json)"
check "another image gets the name localhost/" "$KIT/podman" run "$work/p" tag $ONE localhost/$TWO
check "pull of the successor with that name" s3dock pull $TWO
check "the short name leads to the successor" same "$(config_of two.tar)" "$(podman_id $TWO)"
s3dock pull $TWO --json >again.json
check "a second pull of the successor does nothing" same true "$(json skipped again.json)"
check "pull with --as" s3dock pull $TWO --as app:current
check "the name of --as leads to the successor" same "$(config_of two.tar)" "$(podman_id app:current)"
bucket empty
check "push from Podman" s3dock push $TWO
check "pull of Podman's image into a file" s3dock pull $TWO --output back.tar
check "the file has the same config" same "$(config_of two.tar)" "$(config_of back.tar)"
