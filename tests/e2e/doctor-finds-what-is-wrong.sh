#!/bin/bash
# `s3dock doctor` against the real server and the real daemon: all is well; then one thing after the other is not.
. "$(dirname "$0")/lib.sh"

need_docker
need_s3

# status NAME: what the last report (--json) says of that check.
status()
{
    python3 - "$1" <<'PYTHON'
import json, sys
checks = json.load(open("report.json"))["data"]["checks"]
print(" ".join(c["status"] for c in checks if c["name"] == sys.argv[1]))
PYTHON
}

# report ARGUMENT...: asks for a report; its exit code in $code.
report()
{
    s3dock doctor --json "$@" >report.json 2>report.err
    code=$?
}

# --- all is well ---

before=$(bucket_state)
check "a good setup passes" s3dock doctor
report
check "with exit code 0" same 0 "$code"
check "and ok in the JSON" same true "$(json ok report.json)"
for name in configuration credentials endpoint clock bucket list put head get "get a range" copy "put if absent" \
    "put if unchanged" "upload: begin" "upload: part" "upload: list" "upload: complete" "upload: copy part" \
    "upload: abort" delete docker "docker images" "docker layers"; do
    check "$name is ok" same ok "$(status "$name")"
done
check "the bucket is as it was" same "$before" "$(bucket_state)"
check "no unfinished upload is left" nothing_left
s3dock doctor >report.txt
check "no line is wider than 100 columns" test -z "$(awk 'length > 100' report.txt)"
check "the secret is not in it" test -z "$(grep -F -- "$AWS_SECRET_ACCESS_KEY" report.txt report.json)"

report --read-only
check "reading alone passes too" same 0 "$code"
check "and says that writing was not tried" same skipped "$(status writing)"

# --- something is wrong ---

AWS_SECRET_ACCESS_KEY=not-the-secret-of-that-key report
check "a wrong secret: exit code of credentials" same 4 "$code"
check "the bucket fails" same failed "$(status bucket)"
check "nothing else is tried" same skipped "$(status rights)"
check "docker is looked at all the same" same ok "$(status docker)"
check "the envelope tells of the failure" same false "$(json success report.json)"

report --bucket no-such-bucket-at-all
check "a wrong bucket: exit code of what is missing" same 3 "$code"
check "the bucket fails, then" same failed "$(status bucket)"

report --endpoint http://127.0.0.1:1
check "a wrong endpoint: exit code of the network" same 5 "$code"
check "the endpoint fails" same failed "$(status endpoint)"

report --docker-host "unix://$work/no.sock"
check "a daemon that is named and not there: exit code of Docker" same 10 "$code"
check "docker fails" same failed "$(status docker)"

cat >s3dock.json5 <<CONFIG
{profiles: {default: {bucket: "$BUCKET", buckett: "x", secret_key: "0123456789abcdef"}}, naming: {include_git_branch: true}}
CONFIG
chmod 644 s3dock.json5
report
check "oddities of the file are warnings" same "ok warning warning warning" "$(status configuration)"
check "which are no failure" same 0 "$code"

echo '{profiles: ' >s3dock.json5
report
check "a broken file: exit code of usage" same 2 "$code"
check "the configuration fails" same failed "$(status configuration)"
check "the bucket is not guessed" same skipped "$(status bucket)"
rm s3dock.json5

need_directory
report
check "a directory passes" same 0 "$code"
check "copies and conditions included" same "ok ok ok" \
    "$(status copy) $(status "put if absent") $(status "put if unchanged")"
