#!/usr/bin/env bash
# Secrets of every source stay out of results, logs of all levels, errors, doctor, config show, and of the environment
# and the command line of other programs. Every secret contains the word HUSH.
. "$(dirname "$0")/lib.sh"
REF=app:20250721-2118-f7a5a27
make_image $REF image.tar --size 2 --layers 1 --seed 8
unset "${!AWS_@}" 2>/dev/null
export S3DOCK_BUCKET=images S3DOCK_REGION=us-east-1 AWS_EC2_METADATA_DISABLED=true
mkdir -p home/.aws/sso/cache

python3 "$KIT/fake_credentials.py" --port-file issuer.port --keys keys.json --log issuer.log \
    --secret-key HUSH-base-secret --web-token HUSH-web-token --sso-token HUSH-sso-token \
    --refresh-token HUSH-refresh-token --container-token HUSH-container-token 2>issuer.err &
at_exit "kill $!"
python3 "$KIT/fake_s3.py" --port-file store.port --keys keys.json --log store.log \
    --access-key AKIAFAKEBASE --secret-key HUSH-base-secret 2>store.err &
at_exit "kill $!"
await test -s issuer.port -a -s store.port
ISSUER=http://127.0.0.1:$(cat issuer.port)
S3DOCK_ENDPOINT=http://127.0.0.1:$(cat store.port)
export S3DOCK_ENDPOINT

# outputs NAME PROGRAM-ENVIRONMENT...: runs commands with these variables and keeps all that they print.
outputs()
{
    local name=$1 format command
    shift
    (
        export "${@?}"
        for format in --json --quiet "--log-level 3"; do
            # shellcheck disable=SC2086  # an option and its value
            for command in "list images" "doctor --read-only" "config show --origin" "push $REF --input image.tar --force" \
                "pull $REF --output pulled.tar"; do
                echo "s3dock $command $format"
                s3dock $command $format 2>&1
                echo "${command%% *} ended with $?"
            done
        done
    ) >"output.$name"
}

# hushed NAME: the output has text, and no secret. The issuer gives secrets and tokens that begin with "fake-".
hushed()
{
    local found
    found=$(grep -n -B 3 'HUSH\|fake-secret\|fake-session' "output.$1")
    test -s "output.$1" && empty "$found"
}

# case_of NAME VARIABLE...: a source whose keys the store accepts.
case_of()
{
    local name=$1
    shift
    outputs "$name" "$@"
    check "$name: push and pull succeed" same 6 "$(grep -c '^pu[sl][hl] ended with 0' "output.$name")"
    check "$name: no output has a secret" hushed "$name"
}

printf 'HUSH-web-token' >web-token
printf 'HUSH-container-token' >container-token
cat >helper <<HELPER
#!/bin/sh
env >environment
tr '\\0' ' ' </proc/\$PPID/cmdline >caller
echo HUSH-not-json-\$1
HELPER
chmod +x helper

case_of environment AWS_ACCESS_KEY_ID=AKIAFAKEBASE AWS_SECRET_ACCESS_KEY=HUSH-base-secret
case_of container AWS_CONTAINER_CREDENTIALS_FULL_URI="$ISSUER/container" \
    AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE="$PWD/container-token"
case_of web-identity AWS_ENDPOINT_URL_STS="$ISSUER" AWS_ROLE_ARN=arn:aws:iam::123456789012:role/R \
    AWS_WEB_IDENTITY_TOKEN_FILE="$PWD/web-token"

cat >home/.aws/credentials <<'INI'
[default]
aws_access_key_id = AKIAFAKEBASE
aws_secret_access_key = HUSH-base-secret
INI
chmod 600 home/.aws/credentials
case_of files AWS_PROFILE=default
cat >home/.aws/config <<'INI'
[profile role]
role_arn = arn:aws:iam::123456789012:role/R
source_profile = default
[profile sso]
sso_session = corp
sso_account_id = 123456789012
sso_role_name = R
[sso-session corp]
sso_region = us-east-1
sso_start_url = https://example.com/start
INI
case_of role AWS_PROFILE=role AWS_ENDPOINT_URL_STS="$ISSUER"
cat >"home/.aws/sso/cache/$(printf corp | sha1sum | cut -d' ' -f1).json" <<JSON
{"accessToken": "HUSH-sso-token", "expiresAt": "2099-01-01T00:00:00Z", "refreshToken": "HUSH-refresh-token",
 "clientId": "client-id", "clientSecret": "HUSH-client-secret", "registrationExpiresAt": "2099-01-01T00:00:00Z"}
JSON
case_of sso AWS_PROFILE=sso AWS_ENDPOINT_URL_SSO="$ISSUER" AWS_ENDPOINT_URL_SSO_OIDC="$ISSUER"

# --- failures ---

outputs refused AWS_ACCESS_KEY_ID=AKIAFAKEBASE AWS_SECRET_ACCESS_KEY=HUSH-wrong-secret
check "a refused secret is in no output" hushed refused
outputs line-end AWS_ACCESS_KEY_ID=AKIAFAKEBASE AWS_SECRET_ACCESS_KEY=$'HUSH-secret-with\nline-end'
check "a malformed secret is in no output" hushed line-end
outputs half AWS_SECRET_ACCESS_KEY=HUSH-secret-without-key
check "a secret without its key is in no output" hushed half
outputs token AWS_CONTAINER_CREDENTIALS_FULL_URI="$ISSUER/container" \
    AWS_CONTAINER_AUTHORIZATION_TOKEN=$'HUSH-token\r\nx: y'
check "a malformed token of a container is in no output" hushed token

for line in "aws_secret_access_key HUSH-secret-without-sign" "[HUSH-section" "aws secret = HUSH-secret" \
    " HUSH-continuation" "aws_secret_access_key = HUSH secret # HUSH"; do
    printf '[default]\naws_access_key_id = AKIAFAKEBASE\n%s\n' "$line" >home/.aws/credentials
    outputs malformed AWS_PROFILE=default
    check "a malformed credentials file: no output has a part of it" hushed malformed
done

printf '[default]\ncredential_process = %s secret\n' "$PWD/helper" >home/.aws/config
rm home/.aws/credentials
outputs program AWS_PROFILE=default
check "the output of a program that is no JSON is in no output" hushed program
check "the program ran" test -s environment

# --- the configuration of s3dock ---

cat >s3dock-keys.json5 <<'JSON5'
{profiles: {default: {access_key: "AKIAFAKEBASE", secret_key: "HUSH-base-secret", session_token: ""}}}
JSON5
chmod 600 s3dock-keys.json5
case_of configuration S3DOCK_CONFIG="$PWD/s3dock-keys.json5"
rm environment
cat >s3dock-keys.json5 <<'JSON5'
{profiles: {other: {access_key: "AKIAFAKEBASE", secret_key: "HUSH-base-secret"}}}
JSON5
outputs program S3DOCK_CONFIG="$PWD/s3dock-keys.json5" AWS_PROFILE=default
check "a program gets no secret of the configuration" test -s environment -a -z "$(grep HUSH environment caller)"
for text in '{profiles: {default: {secret_key: "HUSH-secret" "x"}}}' '{profiles: {default: {secret_key: HUSH}}}' \
    '{profiles: {default: {secret_key: ["HUSH"]}}}' '{profiles: {default: {secret: "HUSH-secret"}}}'; do
    echo "$text" >s3dock-keys.json5
    outputs malformed S3DOCK_CONFIG="$PWD/s3dock-keys.json5"
    check "a malformed configuration: no output has a part of it" hushed malformed
done
check "no file of s3dock has a secret" test -z "$(grep -rl 'HUSH\|fake-secret' home/.cache home/.config 2>/dev/null)"

# --- memory ---

# dumps COMMAND...: kills the command with a signal that writes a core dump; prints the names of dumps.
dumps()
{
    mkdir dump
    (
        ulimit -c unlimited
        cd dump || exit
        "$@" >/dev/null 2>&1 <"$work/pipe" &
        sleep 1
        kill -SEGV $!
        wait $!
    ) 2>/dev/null
    ls dump
    rm -r dump
}

mkfifo pipe
exec 7<>pipe
rm home/.aws/config
export AWS_ACCESS_KEY_ID=AKIAFAKEBASE AWS_SECRET_ACCESS_KEY=HUSH-base-secret
if [ -n "${E2E_SLOW:-}" ] || [ -z "$(dumps cat)" ]; then
    skip_check "a killed push writes no core dump" "no program writes one here"
else
    check "a killed push writes no core dump" empty "$(dumps "$S3DOCK" push $REF --force --input -)"
fi
