#!/usr/bin/env bash
# Pushes into a bucket of a real S3 server that holds relatives of the image: few bytes go over the wire, and what
# the server puts together is the very archive that a push in full makes, complete in itself.
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

# full REF INPUT OUT: the archive, and its index, that a push without help makes.
full()
{
    mkdir -p full
    AWS_ENDPOINT_URL=file://$work/full "$S3DOCK" push "$1" --input "$2" --no-delta --json >full.json || return 1
    cp "$work/full/$BUCKET/$(key "$1")" "$3"
    cp "$work/full/$BUCKET/$(key "$1" | sed 's/tar.gz$/index/')" "$3.index"
}

# nothing_temporary: neither objects nor unfinished uploads.
nothing_temporary()
{
    nothing_left && same "" "$(bucket list archive/)"
}

# at_most PERCENT FILE: so much of the archive was uploaded.
at_most()
{
    local up size
    up=$(json uploaded_bytes "$2") size=$(json archive_bytes "$2")
    echo "$up of $size bytes"
    [ $((up * 100)) -le $((size * $1)) ]
}

# pushed REF NAME PERCENT: pushes images/NAME.tar and looks at everything.
pushed()
{
    check "$2: push" json_push "$1" "images/$2.tar" "$2.json"
    check "$2: at most $3 % of it was uploaded" at_most "$3" "$2.json"
    check "$2: the rest was copied by the server" test "$(json copied_bytes "$2.json")" -gt 0
    check "$2: nothing temporary is left" nothing_temporary
    bucket get "$(key "$1")" "$2.tar.gz"
    bucket get "$(key "$1" | sed 's/tar.gz$/index/')" "$2.tar.gz.index"
    check "$2: gunzip finds it sound" gunzip -t "$2.tar.gz"
    full "$1" "images/$2.tar" "$2.full"
    check "$2: byte for byte what a full push makes" cmp "$2.full" "$2.tar.gz"
    check "$2: and so is its index" cmp "$2.full.index" "$2.tar.gz.index"
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

check "the first image" json_push $FIRST images/first.tar first.json
check "had nothing to be compared with" same 0 "$(json bases first.json)"

# What is new here is little; but the first chunk always is (it carries the time of the tag), and 5 MiB is the least
# that can be uploaded in front of a copy: more than a quarter of these small archives.
pushed $EDITED edited 35
[ -z "${E2E_SLOW:-}" ] || exit 0
pushed $REBUILT rebuilt 75
pushed $NEIGHBOUR neighbour 65
check "the edited image loads in Docker, and is itself" loads_as $EDITED edited.tar.gz edited.json
check "several archives were compared with" test "$(json bases rebuilt.json)" -ge 2

check "without delta everything is uploaded" json_push $EDITED images/edited.tar nodelta.json --no-delta --force
check "and nothing copied from another image" same 0 "$(json bases nodelta.json)"
cat >config.json5 <<CONFIG
{profiles: {default: {bucket: "$BUCKET", endpoint: "$AWS_ENDPOINT_URL", access_key: "$AWS_ACCESS_KEY_ID",
    secret_key: "$AWS_SECRET_ACCESS_KEY", delta: false}}}
CONFIG
chmod 600 config.json5
check "the configuration says the same" json_push $EDITED images/edited.tar config.json --config config.json5 --force
check "and is heeded" same 0 "$(json bases config.json)"

# Complete in itself: what it was copied from may go.
for ref in $FIRST $EDITED; do
    bucket delete "$(key "$ref")" "$(key "$ref" | sed 's/tar.gz$/json/')" "$(key "$ref" | sed 's/tar.gz$/index/')"
done
check "what was copied from is gone: pull" s3dock pull $REBUILT --output rebuilt.out
check "gives the image" same_image images/rebuilt.tar rebuilt.out

# Several pushes of one name at once: each is told how it went, and the bucket holds one whole image.
codes=
for i in 1 2 3; do
    "$S3DOCK" push $EDITED --input images/edited.tar --json >"race.$i" 2>"race.$i.err" &
done
for job in $(jobs -p); do
    wait "$job"
    codes="$codes $?"
done
check "of three pushes at once each ends in success, or as the later one's loser" \
    grep -qE '^( 0| 8){3}$' <<<"$codes"
check "at least one in success" grep -q ' 0' <<<"$codes"
check "the bucket holds a whole image" s3dock pull $EDITED --output edited.out
check "namely the one that was pushed" same_image images/edited.tar edited.out
check "nothing unfinished is left" nothing_left

# Killed in the middle: what is left in the bucket lies where it can be found, and harms nobody.
bucket delete "$(key $EDITED | sed 's/tar.gz$/json/')" "$(key $EDITED | sed 's/tar.gz$/index/')"
"$S3DOCK" push $EDITED --input images/edited.tar --jobs 1 >killed.out 2>killed.err &
pid=$!
for ((i = 0; i < 200; i++)); do
    [ -z "$(bucket uploads)" ] || break
done
kill -9 $pid 2>/dev/null
wait $pid 2>/dev/null
leftovers=$(bucket uploads | sed 's/ .*//'; bucket list archive/.s3dock-tmp/ | sed 's/^[0-9]* //')
check "what a killed push leaves is its own upload, or lies in the folder for what is temporary" \
    same "" "$(grep -vE '^archive/\.s3dock-tmp/[0-9a-f]{16}/|^images/shop/' <<<"$leftovers")"
check "the next push succeeds" json_push $EDITED images/edited.tar again.json
check "with the whole image" s3dock pull $EDITED --output again.out
check "as it should be" same_image images/edited.tar again.out
