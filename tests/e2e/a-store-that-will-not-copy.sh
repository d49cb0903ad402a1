#!/usr/bin/env bash
# A server that cannot copy ranges, denies copies, requires equal parts, or whose archives change during the push. The
# push continues without copies, reports it once, and the image is complete.
. "$(dirname "$0")/lib.sh"
[ -z "${E2E_SLOW:-}" ] || skip "the sanitizers run with such stores in the engine test delta"
"$KIT/relatives" images
FIRST=shop:20250721-1000-aaaaaaa EDITED=shop:20250721-1100-bbbbbbb REBUILT=shop:20250722-1000-ccccccc
export AWS_ACCESS_KEY_ID=TESTACCESSKEY AWS_SECRET_ACCESS_KEY=test-secret-key-0001 AWS_REGION=us-east-1
export S3DOCK_BUCKET=images
# The server logs its requests to requests.log. The first image is pushed once.
python3 "$KIT/fake_s3.py" --port-file port --log requests.log &
at_exit "kill $!"
await test -s port
AWS_ENDPOINT_URL=http://127.0.0.1:$(cat port)
export AWS_ENDPOINT_URL
check "push of the first image" s3dock push $FIRST --input images/first.tar --level 1

# tell JSON: controls the server (fake_s3.py).
tell()
{
    curl -sf --data-binary "$1" "$AWS_ENDPOINT_URL/.fake" >told.json
}

tell '{"save": "first"}'
cp -a home home.first

# server RULES: bucket and host are as after that push. The server has these rules, which count from now.
server()
{
    rm -rf home && cp -a home.first home
    : >requests.log
    tell "{\"load\": \"first\", \"rules\": $1}" || fail "the server takes the rules" "$1"
}

# asked KIND: prints the number of requests of this kind
asked()
{
    grep -c "\"kind\": \"$1\"" requests.log
}

# push REF NAME
push()
{
    s3dock push "$1" --input "images/$2.tar" --level 1 --json "${@:3}" >push.json 2>push.err
}

push_stdin()
{
    s3dock push $EDITED --input - --level 1 <images/edited.tar 2>push.err
}

# whole REF NAME: a pull returns the complete image.
whole()
{
    s3dock pull "$1" --output pulled.tar && same_image "images/$2.tar" pulled.tar
}

said()
{
    grep -c "copies_refused_reason" push.json
}

# refuses SENTENCE RULE
refuses()
{
    server "[$2]"
    check "$1: the push succeeds" push $EDITED edited
    check "$1: the push reports the reason once" same 1 "$(said)"
    check "$1: the JSON states that copies were refused" same true "$(json copies_refused push.json)"
    check "$1: the push copies nothing" same 0 "$(json copied_bytes push.json)"
    check "$1: the image is complete" whole $EDITED edited
    before=$(asked CopyPart)
    check "$1: the next push succeeds" push $REBUILT rebuilt
    check "$1: the next push does not try to copy" same "$before" "$(asked CopyPart)"
    check "$1: the next push does not report it again" same 0 "$(said)"
}

refuses "unknown operation (501)" \
    '{"kind": "CopyPart", "times": 0, "do": "status", "status": 501, "code": "NotImplemented"}'
refuses "no right to copy (403)" \
    '{"kind": "CopyPart", "times": 0, "do": "status", "status": 403, "code": "AccessDenied"}'
refuses "ranges are not supported (400)" \
    '{"kind": "CopyPart", "times": 0, "do": "status", "status": 400, "code": "InvalidArgument"}'
refuses "parts must be equal (400 at the end)" \
    '{"kind": "Complete", "do": "status", "status": 400, "code": "InvalidPart"}'

server '[{"kind": "CopyPart", "nth": 2, "do": "status", "status": 404, "code": "NoSuchKey"}]'
check "a base is deleted during the push: the push succeeds" push $EDITED edited
check "the push finds other bases" test "$(json copied_bytes push.json)" -gt 0
check "the image is complete" whole $EDITED edited
server '[{"kind": "CopyPart", "nth": 3, "do": "status", "status": 412, "code": "PreconditionFailed"}]'
check "a base is replaced during the push: the push succeeds" push $EDITED edited
check "the push finds other bases" test "$(json copied_bytes push.json)" -gt 0
check "the image is complete" whole $EDITED edited
server '[{"kind": "CopyPart", "times": 0, "do": "status", "status": 412, "code": "PreconditionFailed"}]'
check "bases are replaced again and again: the push succeeds" push $EDITED edited
check "the push copies nothing then" same 0 "$(json copied_bytes push.json)"
check "the image is complete" whole $EDITED edited
server '[{"kind": "CopyPart", "nth": 2, "do": "error200", "code": "SlowDown"},
    {"kind": "CopyPart", "nth": 4, "do": "reset"}, {"kind": "CopyPart", "nth": 5, "do": "lose"},
    {"kind": "Complete", "do": "lose"}]'
check "a server with temporary faults: the push succeeds" push $EDITED edited
check "the push copies in spite of the faults" test "$(json copied_bytes push.json)" -gt 0
check "the image is complete" whole $EDITED edited
server '[{"kind": "CopyPart", "nth": 2, "times": 0, "do": "status", "status": 403, "code": "AccessDenied"}]'
check "push from standard input tests copying first" push_stdin
check "one line reports that nothing can be copied" same 1 "$(grep -c "nothing could be copied from other archives" push.err)"
check "the image from standard input is complete" whole $EDITED edited
