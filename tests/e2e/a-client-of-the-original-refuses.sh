#!/usr/bin/env bash
# One bucket has images of every form. A client of the original (tests/kit/original.py) reads the gzip archives as before,
# and refuses zstd and thin images: it never takes wrong bytes, and changes nothing.
. "$(dirname "$0")/lib.sh"
need_directory
GZIP=app:20251101-1200-abc1234
ZSTD=app:20251102-0900-def5678
THIN=app:20251103-0900-0123abc
folder=$work/store/$BUCKET

original()
{
    "$KIT/original.py" "$folder" "$@"
}

# key_of REF: prints the image key, which pointers name.
key_of()
{
    echo "images/app/202511/app-${1#app:}.tar.gz"
}

# original_refuses PATTERN SENTENCE ARGUMENT...: it fails with this message and changes nothing.
original_refuses()
{
    local pattern=$1 sentence=$2 before
    shift 2
    before=$(find "$folder" -type f -exec md5sum {} + | sort)
    original "$@" >original.out 2>&1 && fail "$sentence" "it succeeded"
    check "$sentence" grep -qE -- "$pattern" original.out
    check "... and nothing changed" same "$before" "$(find "$folder" -type f -exec md5sum {} + | sort)"
}

make_image $GZIP gzip.tar --size 1 --layers 2 --seed 1
make_image $ZSTD zstd.tar --size 1 --layers 2 --seed 2
make_image $THIN thin.tar --size 1 --layers 3 --seed 2
s3dock push $GZIP --input gzip.tar
"$KIT/make_thin" "$folder" $ZSTD=zstd.tar:zstd $THIN=thin.tar:thin-zstd

# --- a mixed bucket ------------------------------------------------------------------------------------------

check "the original lists the gzip archive only" same $GZIP "$(original list app)"
check "s3dock lists all images" same "$THIN $ZSTD $GZIP" "$(s3dock list images app | xargs)"
check "the original promotes the gzip archive" original promote $GZIP production 202511
check "the original pulls it" original pull app production gzip.out
check "... every layer is right" "$KIT/image_facts" gzip.out
for ref in $ZSTD $THIN; do
    original_refuses "image not found in S3: $(key_of "$ref")" "the original does not promote $ref" promote "$ref" staging 202511
    check "s3dock promotes $ref" s3dock promote "$ref" staging
    check "the pointer names the image key" grep -q "$(key_of "$ref")" "$folder/pointers/app/staging.json"
    original_refuses "NoSuchKey: $(key_of "$ref")" "the original does not pull $ref" pull app staging none.tar
    check "s3dock pulls $ref" s3dock pull app staging --output "$ref.tar"
    check "... every layer is right" "$KIT/image_facts" "$ref.tar"
    original_refuses "NoSuchKey: $(key_of "$ref")" "the original does not push over $ref" push "$ref" gzip.tar 202511
done
check "nothing was written for a refused pull" test ! -e none.tar

# --- an archive of a replaced image lies under the image key ------------------------------------------------------

cp "$folder/$(key_of $GZIP)" "$folder/$(key_of $THIN)"
sum=$(md5sum <"$folder/$(key_of $THIN)" | cut -d ' ' -f 1)
original_refuses "checksum mismatch: expected , got $sum" "the original refuses an archive of another image" \
    pull app staging none.tar
check "s3dock pulls the thin image" s3dock pull $THIN --output thin.out
check "... every layer is right" "$KIT/image_facts" thin.out
check "the original pushes over the archive" original push $THIN gzip.tar 202511
check "the thin image's metadata is kept" grep -q '"thin": true' "$folder"/archive/app/202511/*.json
check "s3dock pulls the new image" s3dock pull $THIN --output new.out
check "... every layer is right" "$KIT/image_facts" new.out
