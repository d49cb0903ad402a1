#!/usr/bin/env bash
# Pushes related images as thin images into a bucket of a real S3 server: each push stores only new chunks. Docker loads
# each of them under its id, and they stay complete when the first image is removed.
. "$(dirname "$0")/lib.sh"
need_docker
need_s3
"$KIT/relatives" images
FIRST=shop:20250721-1000-aaaaaaa EDITED=shop:20250721-1100-bbbbbbb REBUILT=shop:20250722-1000-ccccccc

# thin REF NAME [FLAG...]: pushes images/NAME.tar.
thin()
{
    "$S3DOCK" push "$1" --input "images/$2.tar" --compression zstd --thin --json "${@:3}" >"$2.json"
}

# at_most PERCENT FILE: the push uploaded at most this share of the image.
at_most()
{
    local up size
    up=$(json uploaded_bytes "$2") size=$(json size "$2")
    echo "$up of $size bytes"
    [ $((up * 100)) -le $((size * $1)) ]
}

# loads REF NAME: the daemon gets the image by a pull, and has it under the pushed id.
loads()
{
    docker image rm -f "$1" >/dev/null 2>&1
    s3dock pull "$1" && image_id "$1" >loaded.id && docker image rm -f "$1" >/dev/null &&
        same "$(json image_id "$2.json")" "$(cat loaded.id)"
}

check "push of the first image" thin $FIRST first
check "it has one object" same 1 "$(json objects first.json)"
check "push of the edited image" thin $EDITED edited
check "it uploads at most 5 %" at_most 5 edited.json
check "it refers to the first image" test "$(json referred_bytes edited.json)" -gt 0
check "push of the rebuilt image" thin $REBUILT rebuilt
check "it uploads less than the image" at_most 60 rebuilt.json
check "no unfinished upload is left" nothing_left

for name in edited rebuilt; do
    ref=$(json image_ref $name.json)
    check "Docker has the $name image under its id" loads "$ref" $name
    [ -z "${E2E_SLOW:-}" ] || exit 0
    check "the pulled file of the $name image is the pushed one" s3dock pull "$ref" --output $name.out
    check "every layer is the same" same_image images/$name.tar $name.out
done
check "verify reads the edited image" s3dock verify $EDITED

check "the same push again transfers nothing" thin $EDITED edited
check "it is skipped" same true "$(json skipped edited.json)"
check "a whole image replaces it" "$S3DOCK" push $EDITED --input images/edited.tar --force --no-thin
check "the replaced image is pulled" s3dock pull $EDITED --output edited.out
check "the pull returns the image" same_image images/edited.tar edited.out
check "the image that refers to it is still complete" s3dock verify $REBUILT
