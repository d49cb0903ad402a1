#!/usr/bin/env bash
# Pushes into a bucket of a real S3 server that holds related images. The push sends few bytes. The server copies the
# rest, and the archive is the same as that of a full push. It does not depend on the archives it was copied from.
. "$(dirname "$0")/lib.sh"
need_docker
need_s3
"$KIT/relatives" images
FIRST=shop:20250721-1000-aaaaaaa EDITED=shop:20250721-1100-bbbbbbb REBUILT=shop:20250722-1000-ccccccc
NEIGHBOUR=billing:20250721-1000-ddddddd

# key REF
key()
{
    local app=${1%:*} tag=${1#*:}
    echo "images/$app/202507/$app-$tag.tar.gz"
}

# full REF INPUT OUT: writes the archive and the index of a push without copies.
full()
{
    mkdir -p full
    AWS_ENDPOINT_URL=file://$work/full "$S3DOCK" push "$1" --input "$2" --no-delta --json >full.json || return 1
    cp "$work/full/$BUCKET/$(key "$1")" "$3"
    cp "$work/full/$BUCKET/$(key "$1" | sed 's/tar.gz$/index/')" "$3.index"
}

# nothing_temporary: no temporary objects and no unfinished uploads.
nothing_temporary()
{
    nothing_left && empty "$(bucket list archive/)"
}

# at_most PERCENT FILE: the push uploaded at most this share of the archive.
at_most()
{
    local up size
    up=$(json uploaded_bytes "$2") size=$(json archive_bytes "$2")
    echo "$up of $size bytes"
    [ $((up * 100)) -le $((size * $1)) ]
}

# pushed REF NAME PERCENT: pushes images/NAME.tar and checks the result.
pushed()
{
    check "$2: push" json_push "$1" "images/$2.tar" "$2.json"
    check "$2: the push uploads at most $3 %" at_most "$3" "$2.json"
    check "$2: the server copies the rest" test "$(json copied_bytes "$2.json")" -gt 0
    check "$2: no temporary object and no unfinished upload is left" nothing_temporary
    bucket get "$(key "$1")" "$2.tar.gz"
    bucket get "$(key "$1" | sed 's/tar.gz$/index/')" "$2.tar.gz.index"
    check "$2: gunzip -t accepts the archive" gunzip -t "$2.tar.gz"
    full "$1" "images/$2.tar" "$2.full"
    check "$2: the archive is that of a full push, byte for byte" cmp "$2.full" "$2.tar.gz"
    check "$2: the index is that of a full push" cmp "$2.full.index" "$2.tar.gz.index"
}

json_push()
{
    "$S3DOCK" push "$1" --input "$2" --json "${@:4}" >"$3"
}

loads_as()
{
    gunzip -c "$2" | docker load >/dev/null && image_id "$1" >loaded.id &&
        docker image rm -f "$1" >/dev/null && same "$(json image_id "$3")" "$(cat loaded.id)"
}

check "push of the first image" json_push $FIRST images/first.tar first.json
check "the first push has no base" same 0 "$(json bases first.json)"

# Little is new. But the first chunk is always new, because it has the tag's time. A part before a copied part has at
# least 5 MiB, which is more than a quarter of these small archives.
pushed $EDITED edited 35
[ -z "${E2E_SLOW:-}" ] || exit 0
pushed $REBUILT rebuilt 75
pushed $NEIGHBOUR neighbour 65
check "Docker loads the edited image under its id" loads_as $EDITED edited.tar.gz edited.json
check "the push uses several bases" test "$(json bases rebuilt.json)" -ge 2

check "push with --no-delta" json_push $EDITED images/edited.tar nodelta.json --no-delta --force
check "--no-delta uses no base" same 0 "$(json bases nodelta.json)"
cat >config.json5 <<CONFIG
{profiles: {default: {bucket: "$BUCKET", endpoint: "$AWS_ENDPOINT_URL", access_key: "$AWS_ACCESS_KEY_ID",
    secret_key: "$AWS_SECRET_ACCESS_KEY", delta: false}}}
CONFIG
chmod 600 config.json5
check "push with delta: false in the configuration" json_push $EDITED images/edited.tar config.json --config config.json5 --force
check "delta: false uses no base" same 0 "$(json bases config.json)"

# The archive does not depend on its bases: they may be deleted.
for ref in $FIRST $EDITED; do
    bucket delete "$(key "$ref")" "$(key "$ref" | sed 's/tar.gz$/json/')" "$(key "$ref" | sed 's/tar.gz$/index/')"
done
check "pull after the bases were deleted" s3dock pull $REBUILT --output rebuilt.out
check "the pull returns the image" same_image images/rebuilt.tar rebuilt.out

# Several concurrent pushes of one name: each reports success or a conflict, and the bucket holds one complete image.
codes=
for i in 1 2 3; do
    "$S3DOCK" push $EDITED --input images/edited.tar --json >"race.$i" 2>"race.$i.err" &
done
for job in $(jobs -p); do
    wait "$job"
    codes="$codes $?"
done
check "three concurrent pushes end with success or a conflict" \
    grep -qE '^( 0| 8){3}$' <<<"$codes"
check "at least one of the three pushes succeeds" grep -q ' 0' <<<"$codes"
check "pull after the concurrent pushes" s3dock pull $EDITED --output edited.out
check "the bucket holds the pushed image" same_image images/edited.tar edited.out
check "no unfinished upload is left" nothing_left

# A push is killed in the middle. Its objects in the bucket have known places, and do no harm.
bucket delete "$(key $EDITED | sed 's/tar.gz$/json/')" "$(key $EDITED | sed 's/tar.gz$/index/')"
"$S3DOCK" push $EDITED --input images/edited.tar --jobs 1 >killed.out 2>killed.err &
pid=$!
for ((i = 0; i < 200; i++)); do
    [ -z "$(bucket uploads)" ] || break
done
kill -9 $pid 2>/dev/null
wait $pid 2>/dev/null
leftovers=$(bucket uploads | sed 's/ .*//'; bucket list archive/.s3dock-tmp/ | sed 's/^[0-9]* //')
check "a killed push leaves only its own upload and temporary objects" \
    empty "$(grep -vE '^archive/\.s3dock-tmp/[0-9a-f]{16}/|^images/shop/' <<<"$leftovers")"
check "the push after a kill succeeds" json_push $EDITED images/edited.tar again.json
check "pull after the killed push" s3dock pull $EDITED --output again.out
check "the pulled image is the pushed one" same_image images/edited.tar again.out
