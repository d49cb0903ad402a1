#!/usr/bin/env bash
# Whole pushes and pulls with credentials from the AWS files: a chain of two roles, a web identity, and SSO whose token
# must be refreshed. The store accepts only the keys that the issuer has issued, until they expire.
. "$(dirname "$0")/lib.sh"
"$KIT/relatives" images
FIRST=shop:20250721-1000-aaaaaaa EDITED=shop:20250721-1100-bbbbbbb
unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_DEFAULT_REGION
export S3DOCK_BUCKET=images
STORE='' ISSUER=''
# shellcheck disable=SC2016  # evaluated at exit
at_exit '[ -z "$STORE" ] || kill $STORE'
# shellcheck disable=SC2016
at_exit '[ -z "$ISSUER" ] || kill $ISSUER'

# stop_servers: the last store and the last issuer
stop_servers()
{
    [ -z "$STORE" ] || { kill "$STORE" && wait "$STORE"; } 2>/dev/null
    [ -z "$ISSUER" ] || { kill "$ISSUER" && wait "$ISSUER"; } 2>/dev/null
    STORE='' ISSUER=''
}

# servers [OPTION...]: a new, empty store with the options STORE_OPTIONS, and an issuer with these options. The issuer logs
# its requests to issuer.log.
STORE_OPTIONS=()
servers()
{
    stop_servers
    rm -rf store.port issuer.port issuer.log store.log keys home/.aws home/.cache
    mkdir -p home/.aws/sso/cache
    python3 "$KIT/fake_credentials.py" --port-file issuer.port --log issuer.log --keys keys "$@" &
    ISSUER=$!
    await test -s issuer.port
    python3 "$KIT/fake_s3.py" --port-file store.port --log store.log --keys keys "${STORE_OPTIONS[@]}" &
    STORE=$!
    await test -s store.port
    ISSUER_URL=http://127.0.0.1:$(cat issuer.port)
    AWS_ENDPOINT_URL_S3=http://127.0.0.1:$(cat store.port)
    export AWS_ENDPOINT_URL_S3 AWS_ENDPOINT_URL_STS=$ISSUER_URL
}

# rules JSON: a new script of the issuer
rules()
{
    curl -sf -d "{\"rules\": $1}" "$ISSUER_URL/.fake" >fake.json
}

# asked KIND: prints the number of requests of this kind to the issuer
asked()
{
    grep -c "\"kind\": \"$1\"" issuer.log
}

# signers: prints the access keys that signed requests to the store
signers()
{
    grep -o 'Credential=[A-Z0-9]*' store.log | sort -u | cut -d= -f2 | paste -sd' '
}

push()
{
    s3dock push "$1" --input "images/$2.tar" --level 1 >push.out 2>push.err
}

# whole REF NAME: a pull returns the complete image.
whole()
{
    s3dock pull "$1" --output pulled.tar 2>pull.err && same_image "images/$2.tar" pulled.tar
}

# round SOURCE: a push, a push of a change, and a pull
round()
{
    check "$1: the push succeeds" push $FIRST first
    check "$1: the push of a change succeeds" push $EDITED edited
    check "$1: the pulled image is complete" whole $EDITED edited
    check "$1: no secret is in the output" no_secret push.out push.err pull.err
}

# no_secret FILE...: the files contain no secret and no token that was issued
no_secret()
{
    python3 - "$@" <<'PYTHON'
import json, sys
words = [key[part] for key in json.load(open("keys")).values() for part in ("secret", "token")]
words += ["fake-base-secret", "web-token", "sso-token-", "refresh-0", "client-secret"]
sys.exit(any(word in open(name, errors="replace").read() for name in sys.argv[1:] for word in words))
PYTHON
}

# --- roles --------------------------------------------------------------------------------------------

role_profiles()
{
    cat >home/.aws/config <<EOF
[profile backup]
region = us-east-1
role_arn = arn:aws:iam::123456789012:role/Outer
source_profile = inner
external_id = shop=1
[profile inner]
role_arn = arn:aws:iam::123456789012:role/Inner
source_profile = base
role_session_name = nightly
EOF
    cat >home/.aws/credentials <<EOF
[base]
aws_access_key_id = AKIAFAKEBASE
aws_secret_access_key = fake-base-secret
EOF
}

servers
role_profiles
export AWS_PROFILE=backup
round "two roles"
check "two roles: each program assumes both" same 6 "$(asked AssumeRole)"
check "two roles: only keys of the outer role sign" same "ASIAFAKE00000002 ASIAFAKE00000004 ASIAFAKE00000006" "$(signers)"
rules '[{"kind": "AssumeRole", "do": "status", "status": 503}, {"kind": "AssumeRole", "nth": 2, "do": "reset"}]'
check "two roles: an outage of STS is survived" whole $EDITED edited
rules '[{"kind": "AssumeRole", "nth": 2, "times": 0, "do": "status", "status": 403, "code": "AccessDenied",
    "message": "not authorized to perform: sts:AssumeRole"}]'
refused 4 "auth.denied.*role/Outer: AccessDenied" "a role whose trust policy refuses" list apps
check "the refusal has its remedy" grep -q "trust policy of the role" refused.err
rules '[{"kind": "AssumeRole", "times": 0, "do": "redirect", "location": "http://127.0.0.1:1/"}]'
refused 4 "auth.answer.*302" "a redirect of STS" list apps
rules '[{"kind": "AssumeRole", "times": 0, "do": "huge", "bytes": 10000000}]'
refused 5 "network.service.*too large" "a response without end" list apps

for clock in 7200 -7200; do
    STORE_OPTIONS=(--clock "$clock")
    servers --clock "$clock" --token-size 12000
    role_profiles
    check "two roles: clocks that differ by $clock s and long tokens: the push succeeds" push $FIRST first
    check "two roles: clocks that differ by $clock s: the pulled image is complete" whole $FIRST first
done

# slowly.py FILE: prints the file within 20 seconds
cat >slowly.py <<'PYTHON'
import os, sys, time
with open(sys.argv[1], "rb") as file:
    size = os.fstat(file.fileno()).st_size
    while chunk := file.read(size // 40 + 1):
        sys.stdout.buffer.write(chunk)
        time.sleep(0.5)
PYTHON

# push_slowly: a push of 20 seconds
push_slowly()
{
    python3 slowly.py images/first.tar | s3dock push $FIRST --input - --level 1 >push.out 2>push.err
}

STORE_OPTIONS=()
servers --life 6
role_profiles
check "two roles: a push of 20 seconds succeeds with keys of 6 seconds" push_slowly
check "two roles: the program has assumed the outer role again and again" test "$(asked AssumeRole)" -gt 4
check "two roles: the store has not refused any key" same 0 "$(grep -c '"status": 400' store.log)"
check "two roles: no secret is in the output" no_secret push.out push.err
check "two roles: the pulled image is complete" whole $FIRST first

# --- a role with an MFA device ------------------------------------------------------------------------

# on_terminal TEXT COMMAND...: runs the command on a terminal of its own, and types the text when it asks for a code. The
# output of the terminal is in terminal.out.
on_terminal()
{
    python3 - "$@" <<'PYTHON'
import os, pty, sys
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
seen, typed = b"", False
while True:
    try:
        part = os.read(terminal, 4096)
    except OSError:
        break
    seen += part
    if not typed and b"Enter MFA code for " in seen:
        os.write(terminal, sys.argv[1].encode() + b"\n")
        typed = True
    if not part:
        break
open("terminal.out", "wb").write(seen)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
PYTHON
}

servers
role_profiles
sed -i 's/^external_id.*/mfa_serial = arn:aws:iam::123456789012:mfa\/me/' home/.aws/config
check "MFA: the program asks for the code" on_terminal 123456 "$S3DOCK" push $FIRST --input images/first.tar --level 1
check "MFA: the question names the device" grep -q "Enter MFA code for arn:aws:iam::123456789012:mfa/me" terminal.out
check "MFA: the code is sent to STS" grep -q "TokenCode=123456" issuer.log
check "MFA: the code is not on the terminal" bash -c "! grep -q 123456\\b terminal.out"
check "MFA: a wrong code fails" same 4 "$(on_terminal 654321 "$S3DOCK" list apps; echo $?)"
check "MFA: the failure has its remedy" grep -q "the MFA code was wrong" terminal.out
servers --life 6
role_profiles
sed -i 's/^external_id.*/mfa_serial = arn:aws:iam::123456789012:mfa\/me/' home/.aws/config
check "MFA: keys that expire during a push end it" same 4 "$(on_terminal 123456 \
    bash -c "python3 slowly.py images/first.tar | '$S3DOCK' push $FIRST --input - --level 1"; echo $?)"
check "MFA: a running push does not ask for a code" grep -q "auth.login.*a running transfer does not ask" terminal.out
before=$(wc -l <issuer.log)
code=0
setsid -w "$S3DOCK" list apps >mfa.out 2>mfa.err || code=$?
check "MFA: without a terminal it is refused" same 4 "$code"
check "MFA: the refusal names the device" grep -q "auth.login.*mfa/me" mfa.err
check "MFA: no request was sent before" same "$before" "$(wc -l <issuer.log)"

# --- web identity -------------------------------------------------------------------------------------

servers
unset AWS_PROFILE
export AWS_REGION=us-east-1 AWS_ROLE_ARN=arn:aws:iam::123456789012:role/Pod AWS_WEB_IDENTITY_TOKEN_FILE=$work/token
echo web-token >token
round "web identity"
check "web identity: one exchange for each program" same 3 "$(asked WebIdentity)"
echo other-token >token
refused 4 "auth.denied.*InvalidIdentityToken" "a token of an unknown issuer" list apps
rm token
refused 4 "auth.token_file.*$work/token" "a token file that is missing" list apps
unset AWS_ROLE_ARN AWS_WEB_IDENTITY_TOKEN_FILE

# --- SSO ----------------------------------------------------------------------------------------------

# sso_profile MINUTES: a profile, and a token that ends in so many minutes
sso_profile()
{
    cat >home/.aws/config <<EOF
[default]
region = us-east-1
sso_session = corp
sso_account_id = 123456789012
sso_role_name = Developer
[sso-session corp]
sso_region = us-east-1
sso_start_url = https://d-123.awsapps.com/start
EOF
    cat >"home/.aws/sso/cache/$(printf corp | sha1sum | cut -d' ' -f1).json" <<EOF
{"startUrl": "https://d-123.awsapps.com/start", "region": "us-east-1", "accessToken": "sso-token-0",
 "expiresAt": "$(date -u -d "$1 min" +%Y-%m-%dT%H:%M:%SZ)", "clientId": "client-id", "clientSecret": "client-secret",
 "registrationExpiresAt": "2099-01-01T00:00:00Z", "refreshToken": "refresh-0", "scopes": ["sso:account:access"]}
EOF
}

servers
sso_profile 60
export AWS_ENDPOINT_URL_SSO=$ISSUER_URL AWS_ENDPOINT_URL_SSO_OIDC=$ISSUER_URL
round "SSO"
check "SSO: a token with time left is not refreshed" same 0 "$(asked Refresh)"

servers
sso_profile 2
export AWS_ENDPOINT_URL_SSO=$ISSUER_URL AWS_ENDPOINT_URL_SSO_OIDC=$ISSUER_URL
round "SSO with an ending token"
check "the token is refreshed once for all programs" same 1 "$(asked Refresh)"
check "the file has the new tokens" grep -q sso-token-1 home/.aws/sso/cache/*.json
check "the file keeps what it had" grep -q sso:account:access home/.aws/sso/cache/*.json
check "only its owner may read the file" same 600 "$(stat -c %a home/.aws/sso/cache/*.json)"

sso_profile -2
rules '[{"kind": "Refresh", "times": 0, "do": "status", "status": 400, "code": "invalid_grant"}]'
refused 4 "auth.login.*expired.*invalid_grant" "a refresh token that is over" list apps
check "the refusal names the command" grep -q "aws sso login --sso-session corp" refused.err
rm home/.aws/sso/cache/*.json
refused 4 "auth.login.*does not exist" "no token at all" list apps
sso_profile 60
rules '[{"kind": "Portal", "times": 0, "do": "status", "status": 403, "code": "ForbiddenException", "message": "No access"}]'
refused 4 "auth.denied.*Developer in account 123456789012.*No access" "a role that is not assigned" list apps
rules '[{"kind": "Portal", "times": 0, "do": "status", "status": 200, "body": "{\"roleCredentials\": [[[[[[[[[[[[[[[["}]'
refused 4 "auth.answer" "a hostile response of the portal" list apps
