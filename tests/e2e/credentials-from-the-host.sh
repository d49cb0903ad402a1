#!/usr/bin/env bash
# Keys of the host: instance metadata, container endpoint, pod identity, credential_process. Whole pushes and pulls with
# keys that expire during the transfer, outages, slow and hostile responses. The metadata never goes through a proxy.
. "$(dirname "$0")/lib.sh"
REF=app:20250721-2118-f7a5a27
LARGE=app:20250721-2200-abcdef0
make_image $REF image.tar --size 12 --layers 2 --seed 5
make_image $LARGE large.tar --size 48 --layers 3 --seed 6
unset "${!AWS_@}" 2>/dev/null
export S3DOCK_BUCKET=images S3DOCK_REGION=us-east-1
# The store is localhost, which no_proxy names; the metadata is at 127.0.0.1, which it does not name.
export http_proxy=http://127.0.0.1:1 https_proxy=http://127.0.0.1:1 no_proxy=localhost
ISSUER='' STORE=''
at_exit stop_servers

stop_servers()
{
    local pid
    for pid in $ISSUER $STORE; do
        kill "$pid" && wait "$pid"
    done 2>/dev/null
    ISSUER='' STORE=''
}

# servers OPTION...: starts a new issuer of keys with these options, and a new store that accepts its keys.
servers()
{
    stop_servers
    rm -rf issuer.port store.port keys.json issuer.log store.log home/.cache home/.aws
    unset "${!AWS_@}" 2>/dev/null
    python3 "$KIT/fake_credentials.py" --port-file issuer.port --keys keys.json --log issuer.log "$@" 2>issuer.err &
    ISSUER=$!
    await test -s issuer.port
    python3 "$KIT/fake_s3.py" --port-file store.port --keys keys.json --log store.log 2>store.err &
    STORE=$!
    await test -s store.port
    URL=http://127.0.0.1:$(cat issuer.port)
    S3DOCK_ENDPOINT=http://localhost:$(cat store.port)
    export S3DOCK_ENDPOINT
}

# rules JSON: the script of the issuer from now on.
rules()
{
    curl -sf --noproxy '*' -d "{\"rules\": [$1]}" "$URL/.fake" >/dev/null
}

# asked KIND: the number of requests of this kind to the issuer.
asked()
{
    grep -c "\"kind\": \"$1\"" issuer.log
}

# signers: the number of different keys that signed requests to the store.
signers()
{
    grep -o 'Credential=[A-Z0-9]*' store.log | sort -u | wc -l
}

use_instance()
{
    export AWS_EC2_METADATA_SERVICE_ENDPOINT=$URL
}

use_container()
{
    export AWS_CONTAINER_CREDENTIALS_FULL_URI=$URL/container AWS_EC2_METADATA_DISABLED=true
}

push()
{
    s3dock push $REF --input image.tar --level 1 --log-level 3 2>push.err
}

pull()
{
    rm -f pulled.tar
    s3dock pull $REF --output pulled.tar --log-level 3 2>pull.err && same_image image.tar pulled.tar
}

no_secret()
{
    ! grep -q 'fake-secret\|fake-session-token\|imds-token\|pod-token' "$@"
}

# transfers NAME: a push and a pull with the keys of this source.
transfers()
{
    check "$1: push" push
    check "$1: pull" pull
    check "$1: the store saw keys of that source only" test "$(signers)" -ge 1
    check "$1: no secret is in the log" no_secret push.err pull.err
}

# --- each source ---

servers
use_instance
transfers "instance"
check "instance: each run asks for one token" same 2 "$(asked ImdsToken)"
check "instance: each run asks for the keys once" same 2 "$(asked ImdsRole)"
unset S3DOCK_REGION
check "instance: without a setting, the region is that of the instance" pull
check "instance: the region was asked for" test "$(asked ImdsRegion)" -ge 1
export S3DOCK_REGION=us-east-1

servers --container-token pod-token-0001
use_container
printf 'pod-token-0001' >token
export AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=$PWD/token
transfers "pod identity"
check "pod identity: the metadata service of the instance was not asked" same 0 "$(asked ImdsToken)"

servers
use_container
transfers "container"

servers
mkdir -p home/.aws
cat >helper <<HELPER
#!/bin/sh
curl -sf --noproxy '*' $URL/container | sed 's/"Token"/"Version": 1, "SessionToken"/'
HELPER
chmod +x helper
printf '[default]\ncredential_process = %s\n' "$PWD/helper" >home/.aws/config
transfers "credential_process"

# --- keys that expire during a transfer ---

# long_push: takes some times the life of a key.
long_push()
{
    s3dock push $LARGE --input large.tar --level 1 --limit-rate 2M --log-level 3 2>push.err
}

no_refusal()
{
    empty "$(grep -o '"status": 40[0-3]' store.log)"
}

servers --life 5
use_instance
check "keys of 5 s: a push of many seconds" long_push
check "keys of 5 s: the push changes its keys" test "$(signers)" -ge 2
check "keys of 5 s: the store refused no request" no_refusal
check "keys of 5 s: the token of the service is kept" same 1 "$(asked ImdsToken)"

servers --life 6
use_instance
(
    await test -s store.log
    rules '{"kind": "Imds", "nth": 1, "times": 6, "do": "status", "status": 503}'
) &
check "an outage of the service during the push does not end it" long_push
wait %+ 2>/dev/null
check "the outage was noticed" test "$(grep -c '"status": 503' issuer.log)" -ge 1
check "the push changes its keys after the outage" test "$(signers)" -ge 2

servers --life 5
use_container
(
    await test -s store.log
    rules '{"kind": "Container", "nth": 1, "times": 2, "do": "reset"}'
) &
check "an outage of the container endpoint during the push does not end it" long_push
wait %+ 2>/dev/null
check "the push changes its keys after that outage" test "$(signers)" -ge 2

# --- slow and hostile responses ---

# fails SENTENCE RULE PATTERN: the push ends with the exit code of credentials, in some seconds.
fails()
{
    local before
    before=$(date +%s)
    rules "$2"
    push
    check "$1: the exit code is that of credentials" same 4 $?
    check "$1: the error has the reason" grep -Eq "$3" push.err
    check "$1: the push ends soon" test $(($(date +%s) - before)) -le 60
    check "$1: the store got no request" test ! -s store.log
}

servers
use_container
fails "a huge document" '{"kind": "Container", "times": 0, "do": "huge", "bytes": 1000000}' "too large"
fails "a redirect" '{"kind": "Container", "times": 0, "do": "redirect", "location": "/elsewhere"}' "status 302"
check "the redirect is not followed" same 0 "$(asked Unknown)"
fails "a page of a proxy" '{"kind": "Container", "times": 0, "do": "status", "status": 200, "body": "<html>"}' \
    "not valid JSON"
fails "a slow document" '{"kind": "Container", "times": 0, "do": "slow", "seconds": 0.3}' "imed out|timeout"
fails "a refusal" '{"kind": "Container", "times": 0, "do": "status", "status": 403, "code": "AccessDenied"}' \
    "403: AccessDenied"
unset AWS_CONTAINER_CREDENTIALS_FULL_URI AWS_EC2_METADATA_DISABLED
use_instance
fails "no role document" '{"kind": "ImdsRole", "times": 0, "do": "status", "status": 500}' "status 500"
fails "a role that cannot be assumed" '{"kind": "ImdsRole", "times": 0, "do": "status", "status": 200,
    "body": "{\"Code\": \"AssumeRoleUnauthorizedAccess\"}"}' "AssumeRoleUnauthorizedAccess"
fails "a slow role document" '{"kind": "ImdsRole", "times": 0, "do": "slow", "seconds": 0.3}' "imed out|timeout"

