#!/usr/bin/env bash
# The STS of a MinIO server: a profile assumes a role with the keys of the server, and its session pushes and pulls.
. "$(dirname "$0")/lib.sh"
need_store minio
"$KIT/relatives" images
FIRST=shop:20250721-1000-aaaaaaa EDITED=shop:20250721-1100-bbbbbbb
mkdir home/.aws
cat >home/.aws/config <<EOF
[profile minio]
region = us-east-1
role_arn = arn:aws:iam::123456789012:role/any
source_profile = base
duration_seconds = 900
[profile base]
aws_access_key_id = $AWS_ACCESS_KEY_ID
aws_secret_access_key = $AWS_SECRET_ACCESS_KEY
EOF
SECRET_KEY=$AWS_SECRET_ACCESS_KEY

# as_role COMMAND...: the command has the profile and no keys. AWS_ENDPOINT_URL also applies to STS.
as_role()
{
    env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY -u AWS_DEFAULT_REGION AWS_PROFILE=minio AWS_ENDPOINT_URL="$AWS_ENDPOINT_URL" "$@"
}

push()
{
    as_role "$S3DOCK" push "$1" --input "images/$2.tar" --level 1 --log-level 3 >push.out 2>push.err
}

whole()
{
    as_role "$S3DOCK" pull "$1" --output pulled.tar && same_image "images/$2.tar" pulled.tar
}

check "a push with a session of MinIO succeeds" push $FIRST first
check "the role was assumed" grep -q "AWS STS: POST $AWS_ENDPOINT_URL/: 200" push.err
check "the secret key is not in the output" \
    bash -c "! grep -F -e '$SECRET_KEY' push.out push.err"
check "a push of a change succeeds" push $EDITED edited
check "the pulled image is complete" whole $EDITED edited

doctor()
{
    as_role "$S3DOCK" doctor >doctor.out 2>&1
}
check "doctor succeeds" doctor
check "doctor names the role" grep -q "role/any" doctor.out
check "doctor prints no secret" bash -c "! grep -F -e '$SECRET_KEY' doctor.out"

sed -i "s/^aws_secret_access_key = .*/aws_secret_access_key = wrong-secret-key/" home/.aws/config
code=0
as_role "$S3DOCK" list apps >wrong.out 2>wrong.err || code=$?
check "a wrong secret key is refused" same 4 $code
check "the refusal has the words of MinIO" grep -q "error.auth.denied.*AccessDenied: The request signature we calculated" wrong.err
check "the refusal has its remedy" grep -q "wrong secret key" wrong.err
