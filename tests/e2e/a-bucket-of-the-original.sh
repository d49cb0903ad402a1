#!/usr/bin/env bash
# s3dock reads, recognises and completes the images of the original in a bucket. It replaces none without need. The
# documents are recorded ones (tests/golden/documents).
. "$(dirname "$0")/lib.sh"
need_docker
need_edge
need_directory
REF=myapp:20250721-2118-f7a5a27
KEY=images/myapp/202611/myapp-20250721-2118-f7a5a27
GOLDEN=$TOP/tests/golden/documents

# As the original stored it: one gzip member of another compressor, in the month of the push.
"$KIT/images" small $REF
docker save $REF | gzip -9n >archive
python3 - "$GOLDEN/image-metadata.json" archive >metadata <<'PYTHON'
import hashlib, json, os, sys
metadata = json.load(open(sys.argv[1]))
metadata["checksum"] = hashlib.md5(open(sys.argv[2], "rb").read()).hexdigest()
metadata["size"] = os.path.getsize(sys.argv[2])
print(json.dumps(metadata, indent=2), end="")
PYTHON
bucket put $KEY.tar.gz archive
bucket put $KEY.json metadata
bucket put tags/myapp/v1.2.0.json "$GOLDEN/tag.json"
bucket put pointers/myapp/production.json "$GOLDEN/pointer-env-tag.json"
bucket put pointers/myapp/staging.json "$GOLDEN/pointer-env-image.json"
bucket put audit/myapp/202611/20261123-0819-promotion-f7a5a27.json \
    "$GOLDEN/audit-promotion-tag-with-previous.json"

# --- reading -----------------------------------------------------------------------------------------------

check "current prints the image of the environment" same $REF "$(s3dock current myapp production)"
check "list images prints the image" same $REF "$(s3dock list images myapp)"
check "list tags prints the version" same "v1.2.0 -> $REF" "$(s3dock list tags myapp)"
check "list envs prints both environments" same "production -> $REF (via v1.2.0) staging -> $REF" "$(s3dock list envs myapp | xargs)"
check "history prints the event" same "2026-11-23T07:19:34Z  myapp:v1.2.0  by root" "$(s3dock history myapp production)"
check "pull by environment" on_edge s3dock pull myapp production
check "the daemon has the pushed image" same "$(image_id $REF)" "$(on_edge image_id $REF)"
check "pull by version" on_edge s3dock pull myapp v1.2.0
check "pull by reference finds the image in any month" s3dock pull $REF --output file.tar
check "rollback uses the original's event" s3dock rollback myapp production
s3dock list tag-for myapp production >tag.txt 2>note.txt
check "an environment without a version gives no result" test ! -s tag.txt
check "a note states that there is no version" same "No tag found for myapp/production (promoted directly from image)" "$(cat note.txt)"
check "tag an image in another month" s3dock tag $REF v1.3.0
check "promote that version" s3dock promote myapp v1.3.0 production
check "the tag names the key in that month" same $KEY.tar.gz \
    "$(bucket get tags/myapp/v1.3.0.json >tag.json && json target_path tag.json)"
printf x >stray
bucket put images/myapp/202612/myapp-20250721-2118-0000000.tar.gz stray
s3dock list images myapp >images.txt 2>warnings
check "list images warns about an archive without metadata" grep -q "0000000.tar.gz: it has no metadata" warnings
check "list images prints the other images" same $REF "$(cat images.txt)"

# --- push of an existing image --------------------------------------------------------------------------------

s3dock push $REF --dry-run --json >dry.json
check "a dry run recognises the image" same true "$(json skipped dry.json)"
check "a dry run changes nothing" cmp metadata <(bucket get $KEY.json)
s3dock push $REF --json >push.json
check "a push recognises the image from another compressor" same true "$(json skipped push.json)"
check "a push names the existing key" same $KEY.tar.gz "$(json s3_key push.json)"
check "the push copies nothing to archive/" empty "$(bucket list archive/)"
check "the archive is unchanged" cmp archive <(bucket get $KEY.tar.gz)
bucket get $KEY.json >completed
check "the metadata has the image id" same "$(image_id $REF)" "$(json image_id completed)"
for field in checksum size created_at git_hash git_time image_tag app_name; do
    check "the metadata keeps $field" same "$(json $field metadata)" "$(json $field completed)"
done
s3dock push $REF --json >again.json
check "the next push does not read the archive" test "$(json downloaded_bytes again.json)" -lt 10000
check "a pull skips the image by its id" same true "$(on_edge s3dock pull $REF --json >pull.json && json skipped pull.json)"

# --- push of another image ------------------------------------------------------------------------------------

mkdir context
echo other >context/other
printf 'FROM scratch\nCOPY other /\nCMD ["/other"]\n' >context/Dockerfile
docker build -qt $REF context >/dev/null 2>&1
bucket put $KEY.json metadata # without the image id again
s3dock push $REF --json >replaced.json
check "another image replaces the original's" same "false true" "$(json skipped replaced.json) $(json archived replaced.json)"
check "the new image has the same key" same $KEY.tar.gz "$(json s3_key replaced.json)"
kept=$(bucket list archive/ | sed -n 's/^[0-9]* \(.*\)\.tar\.gz$/\1/p')
check "archive/ holds a copy of the original's archive" cmp archive <(bucket get "$kept.tar.gz")
check "archive/ holds a copy of the original's metadata" cmp metadata <(bucket get "$kept.json")
check "the copy has a name in the original's form" \
    grep -qxE 'archive/myapp/202611/myapp-20250721-2118-f7a5a27-archived-on-[0-9]{8}-[0-9]{4}' <<<"$kept"

# --- incomplete images ----------------------------------------------------------------------------------------

bucket delete $KEY.tar.gz
refused 3 "has metadata, but no archive" "pull of an image without an archive" pull $REF --output none.tar
refused 3 "image not found in S3" "promote of an image without an archive" promote $REF production
s3dock push $REF --json >mended.json
check "a push repairs the image" same "false false" "$(json skipped mended.json) $(json archived mended.json)"
check "pull of the repaired image" s3dock pull $REF --output mended.tar

# --- targets that are refused ---------------------------------------------------------------------------------

printf '{"target_type":"tag","target_path":"tags/myapp/loop.json"}' >loop
printf '{"target_type":"image","target_path":"images/other/202611/other-20250721-2118-f7a5a27.tar.gz"}' >foreign
: >empty
bucket put tags/myapp/loop.json loop
bucket put pointers/myapp/loop.json loop
bucket put pointers/myapp/foreign.json foreign
bucket put pointers/myapp/empty.json empty
refused 6 "a tag must lead to an image" "a tag that leads to itself" current myapp loop
refused 6 "another application" "a pointer to another application's image" pull myapp foreign --output none.tar
refused 6 "pointers/myapp/empty.json" "an empty document" pull myapp empty --output none.tar
s3dock list envs myapp --json >envs.json 2>warnings
check "list envs continues and warns about all three" same 3 \
    "$(grep -c 'pointers/myapp/\(loop\|foreign\|empty\).json' warnings)"
check "the JSON has the three warnings" test "$(json warnings envs.json | grep -o pointers/myapp/ | wc -l)" = 3
check "promote repairs a broken environment" s3dock promote $REF empty
