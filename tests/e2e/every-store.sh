#!/usr/bin/env bash
# The whole work on one kind of real S3 server: every-store.sh NAME (tests/kit/store list). Bucket, doctor, push, push of
# an edited image, a killed push, pull on another host, versions, promotions of two hosts at once, cleanup.
. "$(dirname "$0")/lib.sh"
[ -z "${E2E_SLOW:-}" ] || skip "the servers differ, not the builds: the plain one is enough"
STORE=${1:-ceph}
need_store "$STORE"
"$KIT/relatives" images
FIRST=shop:20250721-1000-aaaaaaa EDITED=shop:20250721-1100-bbbbbbb REBUILT=shop:20250722-1000-ccccccc
BIG=app:20250721-2118-f7a5a27

# The features that the server lacks. The program detects them, and doctor warns about them.
COPIES=ok CONDITIONS=ok
[ "$STORE" != rclone ] || COPIES=warning CONDITIONS=warning
UNCHANGED="an unchanged object is not sent again"

push()
{
    s3dock push "$1" --input "$2" --json >push.json 2>push.err
}

# --- doctor, push, pull -------------------------------------------------------------------------------

# doctor_found NAME [MEMBER]: the status of one check, or another member.
doctor_found()
{
    python3 - "$1" "${2:-status}" <<'PYTHON'
import json, sys
print(next((check[sys.argv[2]] for check in json.load(open("doctor.json"))["data"]["checks"] if check["name"] == sys.argv[1]), None))
PYTHON
}

no_bucket()
{
    ! S3DOCK_BUCKET=$BUCKET-new s3dock doctor
}

new_bucket()
{
    S3DOCK_BUCKET=$BUCKET-new s3dock doctor --create
}

check "doctor fails without the bucket" no_bucket
check "doctor --create creates the bucket" new_bucket
check "doctor finds the new bucket" new_bucket
check "doctor finds nothing that prevents work" into doctor.json s3dock doctor --json
check "doctor tests conditions" same $CONDITIONS "$(doctor_found "put if absent")"
check "an unchanged object is not read again" same "$UNCHANGED" "$(doctor_found "get if changed" detail)"
check "doctor tests copies" same $COPIES "$(doctor_found "upload: copy part")"
check "doctor leaves nothing in the bucket" empty "$(bucket_state)"

check "push" push $FIRST images/first.tar
check "another host pulls the image" pulls $FIRST images/first.tar
check "push of the edited image" push $EDITED images/edited.tar
if [ $COPIES = ok ]; then
    check "the store copies what has not changed" test "$(json copied_bytes push.json)" -gt "$(json uploaded_bytes push.json)"
else
    check "the push reports that the store cannot copy" grep -q 'does not copy parts' push.json
    check "push of the rebuilt image" push $REBUILT images/rebuilt.tar
    check "the next push does not report it again" same 0 "$(grep -c copies_refused_reason push.json)"
fi
check "another host pulls the edited image" pulls $EDITED images/edited.tar
check "no temporary object is left" empty "$(bucket list archive/)"
check "no unfinished upload is left" nothing_left

# --- a killed push --------------------------------------------------------------------------------------

has_recorded()
{
    s3dock resume --json >running.json 2>/dev/null
    [ "$(json bytes running.json)" -gt 5000000 ]
}

make_image $BIG big.tar --size 60 --seed 5
"$S3DOCK" push $BIG --input big.tar --no-progress --limit-rate 8M 2>killed.err &
pid=$!
check "a push uploads the first part" await has_recorded
kill -9 $pid
wait $pid 2>/dev/null
check "push after kill -9" push $BIG big.tar
check "the second push resumes the first one" test "$(json resumed_bytes push.json)" -gt 5000000
check "another host pulls the image" pulls $BIG big.tar
check "no unfinished upload is left" nothing_left

# --- versions and environments --------------------------------------------------------------------------

check "tag" s3dock tag $FIRST v1.0.0
check "promote of a version" s3dock promote shop v1.0.0 production
check "another host finds the image of the environment" same $FIRST "$(elsewhere s3dock current shop production)"

for round in 1 2 3 4; do
    check "two hosts promote at once: success or conflict ($round)" promote_at_once staging $EDITED $FIRST $round
done
check "every success is in the audit log" is_whole_history staging [1-4].one [1-4].other
if [ $CONDITIONS = warning ]; then
    check "promote warns once that the store has no conditions" same 1 "$(s3dock promote $FIRST other 2>&1 | grep -c 'no conditional writes')"
fi

# --- cleanup --------------------------------------------------------------------------------------------

check "cleanup of old images" s3dock cleanup shop --keep 1
sleep 1.1
check "cleanup of their data" s3dock cleanup --retired-after 1s --unfinished 1s
check "an image in use stays" pulls $FIRST images/first.tar
check "list" same "v1.0.0 -> $FIRST" "$(s3dock list tags shop)"
