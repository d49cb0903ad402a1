#!/usr/bin/env bash
# If the endpoint's host names a bucket, the original put its objects into a folder of that bucket. With `key_prefix`,
# s3dock reads and writes all objects there.
. "$(dirname "$0")/lib.sh"
need_docker
need_s3
REF=myapp:20250721-2118-f7a5a27
KEY=profile-bucket/images/myapp/202507/myapp-20250721-2118-f7a5a27

"$KIT/images" small $REF
docker save $REF | gzip -9n >archive
printf '{"size":%s,"image_tag":"%s","git_hash":"f7a5a27"}' "$(stat -c %s archive)" $REF >metadata
bucket put $KEY.tar.gz archive
bucket put $KEY.json metadata
bucket put images/myapp/202507/myapp-20250721-2118-0000000.json metadata # an image outside of the prefix

export S3DOCK_KEY_PREFIX=profile-bucket
check "list apps prints the application" same myapp "$(s3dock list apps)"
check "list images prints the image" same $REF "$(s3dock list images myapp)"
check "a push recognises the image" same true "$(s3dock push $REF --json >push.json && json skipped push.json)"
check "pull" s3dock pull $REF --output file.tar
check "tag" s3dock tag $REF v1.0.0
check "promote" s3dock promote myapp v1.0.0 production
check "list envs prints the environment" same "production -> $REF (via v1.0.0)" "$(s3dock list envs myapp)"
check "history prints one event" same 1 "$(s3dock history myapp production | wc -l)"
s3dock push $REF --force --json >replaced.json
check "the replaced image is copied within the prefix" same true "$(json archived replaced.json)"
check "the copy of the archive is complete" cmp archive <(bucket get "$(bucket list profile-bucket/archive/ | sed -n 's/^[0-9]* \(.*\.tar\.gz\)/\1/p')")
check "the documents contain keys without the prefix" same images/myapp/202507/myapp-20250721-2118-f7a5a27.tar.gz \
    "$(bucket get profile-bucket/tags/myapp/v1.0.0.json >tag.json && json target_path tag.json)"
check "s3dock writes nothing outside of the prefix" same 1 "$(bucket list | grep -cv ' profile-bucket/')"
refused 2 "not a folder of a bucket" "a key prefix with .." list apps --key-prefix ../other
S3DOCK_BUCKET=no-such-bucket refused 3 "no such bucket" "list apps of a missing bucket" list apps
