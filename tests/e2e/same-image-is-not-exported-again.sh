#!/usr/bin/env bash
# A push of an image in the bucket requests only an id from the daemon and a document from the bucket.
. "$(dirname "$0")/lib.sh"
need_docker
need_s3
REF=app:20250721-2118-f7a5a27
export S3DOCK_SOURCE=docker # the daemon reports exports, but not reads of its layers
"$KIT/images" small $REF

# exports: prints the number of exports since the scenario began.
start=$(date +%s.%N)
exports()
{
    docker events --since "$start" --until "$(date +%s.%N)" --filter event=save --format x | wc -l
}

check "the first push" s3dock push $REF
check "the first push exports the image once" same 1 "$(exports)"
before=$(bucket_state | grep -v " audit/")
check "the second push" s3dock push $REF --json
s3dock push $REF --json >again.json
check "the second push reports that it skipped" same true "$(json skipped again.json)"
check "the second push uploads nothing" same 0 "$(json uploaded_bytes again.json)"
check "the second push does not export" same 1 "$(exports)"
check "the second push changes nothing except the audit log" same "$before" "$(bucket_state | grep -v " audit/")"

"$KIT/images" small $REF 2
check "push of another image under the same name" s3dock push $REF --json
check "the push of the other image exports it" same 2 "$(exports)"
s3dock pull $REF --output back.tar
check "a pull returns the other image" same "$(image_id $REF)" \
    "sha256:$("$KIT/image_facts" back.tar | sed -n 's/^image //p')"
check "archive/ has a copy of the first image" test -n "$(bucket list archive/)"
