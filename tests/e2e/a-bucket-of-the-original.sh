#!/usr/bin/env bash
# What the original left in a bucket is read, recognised and completed, and never replaced without need. Its
# documents are the recorded ones (tests/golden/documents).
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

check "current" same $REF "$(s3dock current myapp production)"
check "list images" same $REF "$(s3dock list images myapp)"
check "list tags" same "v1.2.0 -> $REF" "$(s3dock list tags myapp)"
check "list envs" same "production -> $REF (via v1.2.0) staging -> $REF" "$(s3dock list envs myapp | xargs)"
check "history" same "2026-11-23T07:19:34Z  myapp:v1.2.0  by root" "$(s3dock history myapp production)"
check "pull an environment" on_edge s3dock pull myapp production
check "the very image" same "$(image_id $REF)" "$(on_edge image_id $REF)"
check "pull a version" on_edge s3dock pull myapp v1.2.0
check "pull an image, whatever its month" s3dock pull $REF --output file.tar
check "roll back to what the original's event names" s3dock rollback myapp production
s3dock list tag-for myapp production >tag.txt 2>note.txt
check "which is no result" test ! -s tag.txt
check "but told" same "No tag found for myapp/production (promoted directly from image)" "$(cat note.txt)"
check "tag an image of another month" s3dock tag $REF v1.3.0
check "promote it" s3dock promote myapp v1.3.0 production
check "the tag names where it lies" same $KEY.tar.gz \
    "$(bucket get tags/myapp/v1.3.0.json >tag.json && json target_path tag.json)"
printf x >stray
bucket put images/myapp/202612/myapp-20250721-2118-0000000.tar.gz stray
s3dock list images myapp >images.txt 2>warnings
check "an archive without metadata is no image, and that is said" grep -q "0000000.tar.gz: it has no metadata" warnings
check "the others are listed" same $REF "$(cat images.txt)"

# --- pushing what is there -----------------------------------------------------------------------------------

s3dock push $REF --dry-run --json >dry.json
check "a dry run knows the image" same true "$(json skipped dry.json)"
check "and changes nothing" cmp metadata <(bucket get $KEY.json)
s3dock push $REF --json >push.json
check "a push recognises the image, whoever compressed it" same true "$(json skipped push.json)"
check "where it is" same $KEY.tar.gz "$(json s3_key push.json)"
check "nothing is archived" same "" "$(bucket list archive/)"
check "the archive stays as it is" cmp archive <(bucket get $KEY.tar.gz)
bucket get $KEY.json >completed
check "its metadata names the image now" same "$(image_id $REF)" "$(json image_id completed)"
for field in checksum size created_at git_hash git_time image_tag app_name; do
    check "and keeps its $field" same "$(json $field metadata)" "$(json $field completed)"
done
s3dock push $REF --json >again.json
check "the next push reads nothing" test "$(json downloaded_bytes again.json)" -lt 10000
check "a pull can skip it by its id" same true "$(on_edge s3dock pull $REF --json >pull.json && json skipped pull.json)"

# --- pushing what is not ---------------------------------------------------------------------------------------

mkdir context
echo other >context/other
printf 'FROM scratch\nCOPY other /\nCMD ["/other"]\n' >context/Dockerfile
docker build -qt $REF context >/dev/null 2>&1
bucket put $KEY.json metadata # nameless again
s3dock push $REF --json >replaced.json
check "another image replaces it" same "false true" "$(json skipped replaced.json) $(json archived replaced.json)"
check "in the same place" same $KEY.tar.gz "$(json s3_key replaced.json)"
kept=$(bucket list archive/ | sed -n 's/^[0-9]* \(.*\)\.tar\.gz$/\1/p')
check "the original's is kept whole" cmp archive <(bucket get "$kept.tar.gz")
check "with its metadata" cmp metadata <(bucket get "$kept.json")
check "under a name of the original's kind" \
    grep -qxE 'archive/myapp/202611/myapp-20250721-2118-f7a5a27-archived-on-[0-9]{8}-[0-9]{4}' <<<"$kept"

# --- half an image -----------------------------------------------------------------------------------------------

bucket delete $KEY.tar.gz
refused 3 "archive is not|not found" "an image without an archive cannot be pulled" pull $REF --output none.tar
refused 3 "image not found in S3" "nor promoted" promote $REF production
s3dock push $REF --json >mended.json
check "a push mends it" same "false false" "$(json skipped mended.json) $(json archived mended.json)"
check "then it can be pulled" s3dock pull $REF --output mended.tar

# --- what must not be followed ------------------------------------------------------------------------------------

printf '{"target_type":"tag","target_path":"tags/myapp/loop.json"}' >loop
printf '{"target_type":"image","target_path":"images/other/202611/other-20250721-2118-f7a5a27.tar.gz"}' >foreign
: >empty
bucket put tags/myapp/loop.json loop
bucket put pointers/myapp/loop.json loop
bucket put pointers/myapp/foreign.json foreign
bucket put pointers/myapp/empty.json empty
refused 6 "a tag must lead to an image" "a tag that leads to itself" current myapp loop
refused 6 "another application" "another application's image" pull myapp foreign --output none.tar
refused 6 "pointers/myapp/empty.json" "an empty document" pull myapp empty --output none.tar
s3dock list envs myapp --json >envs.json 2>warnings
check "the list goes on, and names all three" same 3 \
    "$(grep -c 'pointers/myapp/\(loop\|foreign\|empty\).json' warnings)"
check "in JSON as well" test "$(json warnings envs.json | grep -o pointers/myapp/ | wc -l)" = 3
check "a broken one is mended by promoting" s3dock promote $REF empty
