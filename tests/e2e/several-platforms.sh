#!/usr/bin/env bash
# A reference has an image for each platform: pushes add or replace their own, pulls take that of the daemon.
. "$(dirname "$0")/lib.sh"
need_docker
need_edge
need_directory
REF=app:20250721-2118-f7a5a27
STEM=images/app/202507/app-20250721-2118-f7a5a27
make_image $REF amd64.tar --seed 5 --size 4
make_image $REF arm64.tar --seed 6 --size 4 --platform linux/arm64/v8
make_image $REF arm64b.tar --seed 7 --size 4 --platform linux/arm64/v8

documents()
{
    bucket list images/ | grep -c '\.json$'
}

check "push of the first platform" s3dock push $REF --input amd64.tar
check "push of another platform" into arm64.json s3dock push $REF --input arm64.tar --json
check "the second push names its platform" same linux/arm64 "$(json platform arm64.json)"
check "each platform has metadata of its own" same 2 "$(documents)"
check "the first one has the keys that older versions read" same "$STEM.index $STEM.json $STEM.tar.gz " \
    "$(bucket list images/ | grep -o "$STEM\..*" | sort | tr '\n' ' ')"
check "the second push again" into again.json s3dock push $REF --input arm64.tar --json
check "finds its image in the bucket" same true "$(json skipped again.json)"
check "the list has one image" same $REF "$(s3dock list images app)"
check "verify reads both" into verify.txt s3dock verify $REF
check "and names them" same "linux/amd64 linux/arm64" \
    "$(grep -o 'linux/[a-z0-9]*' verify.txt | tr '\n' ' ' | sed 's/ $//')"
check "inspect shows the wanted platform" grep -q 'linux/arm64' <(s3dock inspect $REF --platform linux/arm64/v8)
refused 3 'not for linux/riscv64|no image for linux/riscv64; it has linux/amd64, linux/arm64' \
    "a platform that the bucket does not have" verify $REF --platform linux/riscv64
refused 2 'not a platform' "a word that is no platform" pull $REF --platform arm64

check "a pull takes the platform of the daemon" on_edge s3dock pull $REF
check "which has that image" same amd64 "$(on_edge docker image inspect -f '{{.Architecture}}' $REF)"
check "a pull of another platform" on_edge s3dock pull $REF --platform linux/arm64
check "has that image" same arm64 "$(on_edge docker image inspect -f '{{.Architecture}}' $REF)"
check "one promotion moves both" s3dock promote $REF production
check "a pull of the environment" on_edge s3dock pull app production --platform linux/arm64/v8

check "a push replaces its own platform" s3dock push $REF --input arm64b.tar
check "keeps the earlier image" grep -q -- '-linux-arm64-archived-on-' <(bucket list archive/)
check "leaves the other platform" on_edge s3dock verify $REF --platform linux/amd64
check "and adds no metadata" same 2 "$(documents)"

# From a daemon, the platform is known before the push.
docker load -q -i arm64.tar >/dev/null
docker tag $REF other:20250721-2118-f7a5a27
check "an image of a foreign platform from a daemon" s3dock push other:20250721-2118-f7a5a27
check "is pulled with a warning if there is no other" into /dev/null on_edge s3dock pull other:20250721-2118-f7a5a27
check "which names the platform" grep -q "for linux/arm64 only" <(on_edge s3dock pull other:20250721-2118-f7a5a27 --force 2>&1)

# containerd's store can have several platforms.
BOTH=app:20250724-2118-f7a5a27
if has_platforms; then
    make_image $BOTH one.tar --seed 5 --size 2 --layout oci-gzip
    make_image $BOTH two.tar --seed 6 --size 2 --layout oci-gzip --platform linux/arm64/v8
    "$KIT/join_platforms" $BOTH both.tar one.tar two.tar
    docker load -q -i both.tar >/dev/null
    check "a push from containerd's store" into both.json s3dock push $BOTH --json
    check "brings all platforms" same 2 "$(grep -c '"platform": "linux/a..64",' <(sed -n '/"platforms"/,$p' both.json))"
    check "which are intact" s3dock verify $BOTH
else
    skip_check "a push from containerd's store brings all platforms" "this daemon has another store, or is older than Docker 28"
fi

# A pipe states the platform at its end.
PIPED=app:20250722-2118-f7a5a27
make_image $PIPED one.tar --seed 5 --size 2
make_image $PIPED two.tar --seed 6 --size 2 --platform linux/arm64
s3dock push $PIPED --input one.tar
INPUT=two.tar refused 8 'for another platform' "a pipe with another platform" push $PIPED --input -
check "a pipe whose platform was named" into /dev/null s3dock push $PIPED --input - --platform linux/arm64 <two.tar
check "both are intact" s3dock verify $PIPED

# Two first pushes of one reference, as in a matrix of a CI system.
for n in 1 2 3; do
    AT_ONCE=app:2025080$n-2118-f7a5a27
    make_image $AT_ONCE one.tar --seed 5 --size 2
    make_image $AT_ONCE two.tar --seed 6 --size 2 --platform linux/arm64
    s3dock push $AT_ONCE --input one.tar 2>one.log &
    one=$!
    s3dock push $AT_ONCE --input two.tar 2>two.log &
    two=$!
    if ! wait $one || ! wait $two; then
        fail "first pushes of two platforms at once ($n)" "$(cat one.log two.log)"
    fi
    check "first pushes of two platforms at once: both are there ($n)" same 2 \
        "$(bucket list images/ | grep -F "app-2025080$n" | grep -c 'json$')"
    check "and intact ($n)" s3dock verify $AT_ONCE
done

# A killed push leaves its claim, which another platform takes over after a day.
CLAIM=$work/store/$BUCKET/images/app/202507/app-20250723-2118-f7a5a27.first
echo '{"platform":"linux/s390x"}' >"$CLAIM"
check "cleanup keeps the claim of a push that may be running" s3dock cleanup
check "which is there" test -e "$CLAIM"
touch -d '30 days ago' "$CLAIM"
check "cleanup removes an old claim" s3dock cleanup
check "which is gone" test ! -e "$CLAIM"
