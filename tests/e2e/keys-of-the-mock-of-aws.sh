#!/usr/bin/env bash
# AWS's own mock of the metadata service gives keys that have expired, as the service does during an outage of its own.
# s3dock uses them: S3 accepts them.
. "$(dirname "$0")/lib.sh"
REF=app:20250721-2118-f7a5a27
make_image $REF image.tar --size 5 --layers 2 --seed 7
unset "${!AWS_@}" 2>/dev/null
at_exit "'$KIT/metadata_mock' stop '$work/mock'"
settings=$("$KIT/metadata_mock" start "$work/mock" 2>mock.err) || skip "$(tail -n 1 mock.err)"
export "${settings?}"

# The keys in the configuration of the mock.
cat >keys.json <<'JSON'
{"12345678901": {"secret": "v/12345678901", "until": 99999999999,
  "token": "TEST92test48TEST+y6RpoTEST92test48TEST/8oWVAiBqTEsT5Ky7ty2tEStxC1T=="}}
JSON
python3 "$KIT/fake_s3.py" --port-file port --keys keys.json --log requests.log 2>store.err &
SERVER=$!
at_exit "kill $SERVER"
await test -s port
S3DOCK_ENDPOINT=http://127.0.0.1:$(cat port)
export S3DOCK_ENDPOINT S3DOCK_BUCKET=images

push()
{
    s3dock push $REF --input image.tar --log-level 2 2>push.err
}

check "push with the keys of the mock" push
check "every request is signed with these keys" same 12345678901 \
    "$(grep -o 'Credential=[A-Z0-9]*' requests.log | cut -d= -f2 | sort -u)"
check "one note reports that the keys have expired" same 1 "$(grep -c 'credentials that have expired' push.err)"
check "the log names the role" grep -q "role baskinc-role of the instance" push.err
check "the region is that of the mock" same us-east-1 \
    "$(grep -o 'Credential=[A-Z0-9]*/[0-9]*/[a-z0-9-]*' requests.log | cut -d/ -f3 | sort -u)"
check "pull" s3dock pull $REF --output pulled.tar
check "the pulled image is the pushed one" same_image image.tar pulled.tar
s3dock doctor --read-only >report.txt 2>report.err
check "doctor names the source" grep -q "role baskinc-role of the instance" report.txt
check "no output has the secret" test -z "$(grep -F -- 'v/12345678901' push.err report.txt report.err)"
export AWS_EC2_METADATA_DISABLED=true
refused 4 "" "no keys, because the metadata service is switched off" push $REF --input image.tar --force
