#!/usr/bin/env bash
# Keys that expire after seconds, in transfers that take longer. s3dock has the next keys before the old ones expire, so
# no request fails. An outage of the source, a kill and a change of the keys lose no data.
. "$(dirname "$0")/lib.sh"
REF=app:20250721-2118-f7a5a27
LIFE=4
[ -z "${E2E_SLOW:-}" ] || LIFE=12
make_image $REF image.tar --size 60 --seed 5
unset "${!AWS_@}"
export AWS_EC2_METADATA_DISABLED=true AWS_REGION=us-east-1 S3DOCK_BUCKET=images
# shellcheck disable=SC2016  # evaluated at exit
at_exit 'kill $(jobs -p)'

echo '{}' >keys.json
python3 "$KIT/fake_credentials.py" --port-file sts.port --keys keys.json --log sts.log --life $LIFE --web-token words &
python3 "$KIT/fake_s3.py" --port-file s3.port --keys keys.json --log s3.log &
await test -s sts.port
await test -s s3.port
STS=http://127.0.0.1:$(cat sts.port)
S3DOCK_ENDPOINT=http://127.0.0.1:$(cat s3.port)
export S3DOCK_ENDPOINT

# control SERVER JSON: changes a server.
control()
{
    curl -s -d "$2" "$1/.fake"
}

web_identity()
{
    printf words >token
    export AWS_ENDPOINT_URL_STS=$STS AWS_ROLE_ARN=arn:aws:iam::123456789012:role/ci AWS_WEB_IDENTITY_TOKEN_FILE=$work/token
}

# issued: prints the number of keys that STS has given.
issued()
{
    python3 -c 'import json; print(len(json.load(open("keys.json"))))'
}

# no_stale_request LOG: no request was signed with a key after its expiry, and the store refused no request because of
# its keys.
no_stale_request()
{
    python3 - "$1" <<'PYTHON'
import calendar, json, re, sys, time
keys = json.load(open("keys.json"))
stale = refused = signed = 0
for line in open(sys.argv[1]):
    request = json.loads(line)
    match = re.search(r"Credential=(ASIA[^/]*)/", request["headers"].get("authorization", ""))
    if not match:
        continue
    sent = calendar.timegm(time.strptime(request["headers"]["x-amz-date"], "%Y%m%dT%H%M%SZ"))
    signed += 1
    stale += sent > keys[match[1]]["until"]
    refused += request["status"] in (400, 403)
print(f"{signed} signed, {stale} with an expired key, {refused} refused")
sys.exit(not signed or stale or refused)
PYTHON
}

# slowly SECONDS: prints a rate at which the archive takes this long.
slowly()
{
    echo $((size / $1))
}

web_identity
check "push with keys of a web identity" s3dock push $REF --input image.tar --json
size=$(s3dock inspect $REF --json | python3 -c 'import json, sys; print(max(v for v in json.load(sys.stdin)["data"].values() if isinstance(v, int)))')

# --- a push and a pull with several sets -------------------------------------------------------------------------------

control "$S3DOCK_ENDPOINT" '{"load": ""}' >/dev/null
: >s3.log
before=$(issued)
check "a push outlives its keys" s3dock push $REF --input image.tar --memory 24M --limit-rate "$(slowly $((4 * LIFE)))"
check "the push has used several sets" test $(($(issued) - before)) -ge 3
check "no request of the push has an expired key" no_stale_request s3.log
: >s3.log
check "a pull outlives its keys" s3dock pull $REF --output out.tar --limit-rate "$(slowly $((4 * LIFE)))"
check "no request of the pull has an expired key" no_stale_request s3.log
check "the image is the same" same_image image.tar out.tar

# --- an outage --------------------------------------------------------------------------------------------------------

rm -rf out.tar home/.cache
: >s3.log
control "$STS" '{"rules": [{"kind": "WebIdentity", "nth": 2, "times": 9, "do": "status", "status": 503}]}' >/dev/null
# Nine refusals: several fetches fail, whole ones with their own repetitions.
check "a pull survives an outage of STS" s3dock pull $REF --output out.tar --limit-rate "$(slowly $((3 * LIFE)))"
check "STS was not available for a while" grep -q '"status": 503' sts.log
check "no request has an expired key" no_stale_request s3.log

# --- a helper program -------------------------------------------------------------------------------------------------

cat >helper <<'HELPER'
#!/bin/sh
exec curl -s "$(cat sts.url)/container" -o - | python3 -c '
import json, sys
key = json.load(sys.stdin)
print(json.dumps({"Version": 1, "AccessKeyId": key["AccessKeyId"], "SecretAccessKey": key["SecretAccessKey"],
                  "SessionToken": key["Token"], "Expiration": key["Expiration"]}))'
HELPER
chmod +x helper
echo "$STS" >sts.url
mkdir -p home/.aws
printf '[profile helper]\ncredential_process = cd %s && ./helper\n' "$work" >home/.aws/config
unset AWS_ROLE_ARN AWS_WEB_IDENTITY_TOKEN_FILE AWS_ENDPOINT_URL_STS
rm -rf out.tar home/.cache
: >s3.log
check "a pull with keys of a helper outlives them" \
    s3dock --profile helper pull $REF --output out.tar --limit-rate "$(slowly $((3 * LIFE)))"
check "no request of it has an expired key" no_stale_request s3.log

# --- a kill, and other keys -------------------------------------------------------------------------------------------

control "$S3DOCK_ENDPOINT" '{"load": ""}' >/dev/null
"$S3DOCK" --profile helper push $REF --input image.tar --memory 24M --limit-rate "$(slowly 20)" >/dev/null 2>&1 &
push=$!
has_part()
{
    s3dock --profile helper resume --json >running.json 2>/dev/null && [ "$(json bytes running.json)" -gt 5000000 ]
}
await has_part
kill -KILL $push
wait $push 2>/dev/null
export AWS_ACCESS_KEY_ID=TESTACCESSKEY AWS_SECRET_ACCESS_KEY=test-secret-key-0001
s3dock push $REF --input image.tar --json >push.json
check "with other keys, the next push resumes" test "$(json resumed_bytes push.json)" -gt 5000000
rm -rf out.tar home/.cache
check "its image is complete" s3dock pull $REF --output out.tar
check "and the same" same_image image.tar out.tar
