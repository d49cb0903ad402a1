#!/usr/bin/env bash
# Thin images in a real store: cleanup keeps shared data, compact rewrites an object that is mostly unused, thicken
# makes an image whole, and cleanup deletes the unused objects. All images can be pulled at all times.
. "$(dirname "$0")/lib.sh"
need_s3

FIRST=app:20251101-1200-abc1234
SECOND=app:20251102-0900-def5678
THIRD=app:20251103-0900-0123abc

# The others have the first files of the first image.
make_image $FIRST first.tar --layers 2 --size 50 --seed 1
make_image $SECOND second.tar --layers 1 --size 10 --seed 1
make_image $THIRD third.tar --layers 1 --size 9 --seed 1
"$KIT/make_thin" made --etag md5 $FIRST=first.tar:thin-zstd $SECOND=second.tar:thin-zstd $THIRD=third.tar:thin-zstd
(cd made && find images -type f) | while read -r key; do
    bucket put "$key" "made/$key"
done
data=$(cd made && find images -name '*.data' -size +1M)

# pulls REF...: each can be pulled.
pulls()
{
    local ref

    for ref; do
        s3dock verify "$ref" >/dev/null || return 1
    done
}

# of FILE EXPRESSION: prints a value of the data.
of()
{
    python3 -c 'import json, sys; d = json.load(open(sys.argv[1]))["data"]; print(eval(sys.argv[2]))' "$1" "$2"
}

check "all images are sound" pulls $FIRST $SECOND $THIRD
check "compact of images that use everything" into nothing.json s3dock compact app --json
check "it has nothing to do" same "[]" "$(of nothing.json 'd["objects"]')"

check "cleanup retires the first image" s3dock cleanup app --keep 2
sleep 2.2
check "cleanup deletes what only the first image needed" s3dock cleanup --retired-after 1s
check "the shared data are kept" test -n "$(bucket list "$data")"
check "the others are sound" pulls $SECOND $THIRD

check "compact of an unknown application reports it" grep -q "nope has no images" <(s3dock compact nope 2>&1)
check "stats, too" grep -q "nope has no images" <(s3dock stats nope 2>&1)

before=$(bucket_state)
check "a dry run of compact" into plan.json s3dock compact app --dry-run --json
check "it names the object" same "$data" "$(of plan.json 'd["objects"][0]["key"]')"
check "it changes nothing" same "$before" "$(bucket_state)"
check "compact" into done.json s3dock compact app --json
check "it moves both images" same 2 "$(of done.json 'd["images_moved"]')"
check "they are sound" pulls $SECOND $THIRD
check "compact again" into again.json s3dock compact app --json
check "it has nothing to do any more" same "[]" "$(of again.json 'd["objects"]')"

check "thicken" into thick.json s3dock thicken $THIRD --json
check "the image is one archive" same True "$(of thick.json 'd["changed"]')"
check "the images are sound" pulls $SECOND $THIRD
key=$(of thick.json 'd["object_key"]')
bucket get "$key" archive
if type zstd >/dev/null 2>&1; then
    check "the archive is the saved stream" cmp third.tar <(zstd -dc archive)
else
    skip_check "the archive is the saved stream" "zstd is not installed"
fi
check "thicken again" into thick.json s3dock thicken $THIRD --json
check "it changes nothing" same False "$(of thick.json 'd["changed"]')"

# Its own object of before. (That of the first image waits for a day, because its index was deleted just now.)
former=$(cd made && find images -name '*0123abc*.data')
sleep 2.2
check "cleanup announces the former object" s3dock cleanup --unfinished 1s
check "it is still there" test -n "$(bucket list "$former")"
sleep 2.2
check "cleanup deletes it later" s3dock cleanup --retired-after 1s
check "it is gone" empty "$(bucket list "$former")"
check "all images are sound at the end" pulls $SECOND $THIRD
