#!/bin/bash
# `s3dock doctor` with the real server and the real daemon: first without faults, then with one fault after the other.
. "$(dirname "$0")/lib.sh"

need_docker
need_s3

# status NAME: prints the status of that check in the last report (--json).
status()
{
    python3 - "$1" <<'PYTHON'
import json, sys
checks = json.load(open("report.json"))["data"]["checks"]
print(" ".join(c["status"] for c in checks if c["name"] == sys.argv[1]))
PYTHON
}

# report ARGUMENT...: writes report.json and sets $code to the exit code.
report()
{
    s3dock doctor --json "$@" >report.json 2>report.err
    code=$?
}

# --- no faults ---

before=$(bucket_state)
check "doctor passes with a good setup" s3dock doctor
report
check "the exit code is 0" same 0 "$code"
check "the JSON states ok" same true "$(json ok report.json)"
for name in configuration credentials endpoint clock bucket list put head get "get a range" "get if changed" copy "put if absent" \
    "put if unchanged" "upload: begin" "upload: part" "upload: list" "upload: complete" "upload: copy part" \
    "upload: abort" delete "lifecycle rules" docker "docker images" "docker layers"; do
    check "$name is ok" same ok "$(status "$name")"
done
check "doctor does not change the bucket" same "state $before" "state $(bucket_state)"
check "no unfinished upload is left" nothing_left
s3dock doctor >report.txt
check "no line is wider than 100 columns" test -z "$(awk 'length > 100' report.txt)"
check "the report does not contain the secret key" test -z "$(grep -F -- "$AWS_SECRET_ACCESS_KEY" report.txt report.json)"

report --read-only
check "doctor --read-only passes" same 0 "$code"
check "doctor --read-only skips writing" same skipped "$(status writing)"

# --- lifecycle rules ---

# rules RULE...: sets the rules of the bucket.
rules()
{
    printf '%s' "<LifecycleConfiguration>" "$@" "</LifecycleConfiguration>" >rules.xml
    bucket lifecycle rules.xml
}

rule="<Rule><ID>old</ID><Status>Enabled</Status><Filter><Prefix>%s</Prefix></Filter><Expiration><Days>30</Days></Expiration></Rule>"
# shellcheck disable=SC2059  # the rule is the format
check "the server takes a lifecycle rule" rules "$(printf "$rule" logs/)"
report --read-only
check "a rule for other keys is no warning" same ok "$(status "lifecycle rules")"
# shellcheck disable=SC2059
check "the server takes another rule" rules "$(printf "$rule" images/)"
report --read-only
check "a rule that deletes images is a warning" same warning "$(status "lifecycle rules")"
bucket lifecycle

# --- faults ---

AWS_SECRET_ACCESS_KEY=not-the-secret-of-that-key report
check "with a wrong secret key, the exit code is that of credentials" same 4 "$code"
check "with a wrong secret key, the bucket check fails" same failed "$(status bucket)"
check "doctor skips the checks that need the bucket" same skipped "$(status rights)"
check "doctor still checks docker" same ok "$(status docker)"
check "the JSON states the failure" same false "$(json success report.json)"

report --bucket no-such-bucket-at-all
check "with a wrong bucket, the exit code is that of missing objects" same 3 "$code"
check "with a wrong bucket, the bucket check fails" same failed "$(status bucket)"

report --endpoint http://127.0.0.1:1
check "with a wrong endpoint, the exit code is that of the network" same 5 "$code"
check "with a wrong endpoint, the endpoint check fails" same failed "$(status endpoint)"

report --docker-host "unix://$work/no.sock"
check "with a missing daemon, the exit code is that of Docker" same 10 "$code"
check "with a missing daemon, the docker check fails" same failed "$(status docker)"

cat >s3dock.json5 <<CONFIG
{profiles: {default: {bucket: "$BUCKET", buckett: "x", secret_key: "0123456789abcdef"}}, naming: {include_git_branch: true}}
CONFIG
chmod 644 s3dock.json5
report
check "unknown keys, ignored values and the file's mode are warnings" same "ok warning warning warning" "$(status configuration)"
check "warnings do not change the exit code" same 0 "$code"

echo '{profiles: ' >s3dock.json5
report
check "with a broken file, the exit code is that of usage" same 2 "$code"
check "with a broken file, the configuration check fails" same failed "$(status configuration)"
check "with a broken file, doctor skips the bucket check" same skipped "$(status bucket)"
rm s3dock.json5

need_directory
report
check "doctor passes with a directory" same 0 "$code"
check "a directory supports copies and conditions" same "ok ok ok" \
    "$(status copy) $(status "put if absent") $(status "put if unchanged")"
check "a directory has no lifecycle rules" same skipped "$(status "lifecycle rules")"
