#!/usr/bin/env bash
# Pushing what the bucket already holds asks the daemon for an id and the bucket for a document, no more.
. "$(dirname "$0")/lib.sh"
need_docker
need_s3
REF=app:20250721-2118-f7a5a27
export S3DOCK_SOURCE=docker # not the layers, which nobody sees being read
"$KIT/images" small $REF

# How often the daemon exported an image since the scenario began.
start=$(date +%s.%N)
exports()
{
    docker events --since "$start" --until "$(date +%s.%N)" --filter event=save --format x | wc -l
}

check "the first push" s3dock push $REF
check "exported the image once" same 1 "$(exports)"
before=$(bucket_state | grep -v " audit/")
check "the second push" s3dock push $REF --json
s3dock push $REF --json >again.json
check "says that it skipped" same true "$(json skipped again.json)"
check "uploaded nothing" same 0 "$(json uploaded_bytes again.json)"
check "did not export" same 1 "$(exports)"
check "left the bucket alone, but for its audit event" same "$before" "$(bucket_state | grep -v " audit/")"

"$KIT/images" small $REF 2
check "another image under the same name" s3dock push $REF --json
check "is exported" same 2 "$(exports)"
s3dock pull $REF --output back.tar
check "and is the one that comes back" same "$(image_id $REF)" \
    "sha256:$("$KIT/image_facts" back.tar | sed -n 's/^image //p')"
check "the first one was kept under archive/" test -n "$(bucket list archive/)"
