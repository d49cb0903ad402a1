#!/usr/bin/env bash
# resume lists the objects of killed pushes, and cleanup removes old ones. cleanup removes images by a policy. It never
# removes an image that a version, an environment or its rollback leads to.
. "$(dirname "$0")/lib.sh"
need_s3

names=()
for day in 01 02 03 04 05 06; do
    ref=app:202507$day-1000-aaaaa$day
    make_image "$ref" "image-$day.tar" --size 1 --seed "$day"
    s3dock push "$ref" --input "image-$day.tar" 2>/dev/null
    names+=("$ref")
done
s3dock tag "${names[0]}" v1.0.0 2>/dev/null
s3dock promote "${names[1]}" production 2>/dev/null
s3dock promote "${names[2]}" production 2>/dev/null

check "resume prints nothing after complete pushes" empty "$(s3dock resume 2>/dev/null)"

# A push is killed in the middle. Its input delivers 40 MB and then stops.
ref=app:20250721-2118-f7a5a27
make_image $ref image.tar --size 60 --seed 5
mkfifo push.pipe
{ head -c 40000000 image.tar && exec sleep 900; } >push.pipe &
feeder=$!
"$S3DOCK" push $ref --input - --log-level 3 <push.pipe 2>err.txt &
pid=$!
await grep -q 'partNumber=1&.*: 200' err.txt
check "resume lists a running push" grep -q "^push .*in use" <(s3dock resume 2>/dev/null)
s3dock cleanup --unfinished 1s >/dev/null 2>&1
check "cleanup keeps the upload of a running push" test -n "$(bucket uploads)"
kill -9 $pid
wait $pid 2>/dev/null
kill $feeder
wait $feeder 2>/dev/null
s3dock resume --json >resume.json 2>/dev/null
check "resume lists a killed push" same push "$(json kind resume.json)"
check "resume prints the key of the push" same images/app/202507/app-20250721-2118-f7a5a27.tar.gz "$(json key resume.json)"
HOME=$work/other XDG_CACHE_HOME=$work/other s3dock resume >other.txt 2>/dev/null
check "resume on another host lists the upload" grep -q "^upload .*images/app/202507/app-20250721" other.txt

before=$(bucket_state)
check "cleanup without old uploads" s3dock cleanup
check "dry run of cleanup" s3dock cleanup --unfinished 1s --dry-run
check "the dry run changes nothing" same "$before" "$(bucket_state)"
sleep 2.2
check "cleanup with an old upload" s3dock cleanup --unfinished 1s
check "no unfinished upload is left" nothing_left
check "no checkpoint is left on this host" empty "$(s3dock resume 2>/dev/null)"

# An archive without metadata: its push ended before the last step.
key=images/app/202507/app-20250709-1000-bbbbb09.tar.gz
bucket put $key image-01.tar
check "resume lists an archive without metadata" grep -q "^archive .*bbbbb09" <(s3dock resume 2>/dev/null)
sleep 2.2
check "cleanup with an old archive without metadata" s3dock cleanup --unfinished 1s
check "resume prints how long the retired data remain" grep -q "^retired .*bbbbb09.*data deleted in" <(s3dock resume 2>/dev/null)
check "retiring deletes no archive" same 7 "$(bucket list images/ | grep -c 'tar.gz$')"
sleep 2.2
check "cleanup after the waiting time" s3dock cleanup --retired-after 1s
check "cleanup deletes only the retired archive" same 6 "$(bucket list images/ | grep -c 'tar.gz$')"
check "resume prints nothing after the cleanup" empty "$(s3dock resume 2>/dev/null)"

# Images.
refused 2 "need an application" "cleanup --keep without an application" cleanup --keep 2
refused 2 "no rule selects the images" "cleanup of an application without a policy" cleanup app
before=$(bucket_state)
s3dock cleanup app --keep 2 --dry-run --json >dry.json 2>/dev/null
check "the dry run counts the images to remove" same 1 "$(json images_removed dry.json)"
check "the dry run counts the images in use" same 3 "$(json images_in_use dry.json)"
check "the dry run removes no image" same "$before" "$(bucket_state)"
check "cleanup by age" s3dock cleanup app --keep 2 --older-than 1d
refused 3 "there is no image" "pull of a retired image" pull "${names[3]}" --output out.tar
check "the data of the retired image remain" same 1 "$(bucket list images/ | grep -c 'aaaaa04.tar.gz')"
s3dock resume --json >resume.json 2>/dev/null
check "resume lists the retired image" same retired "$(json kind resume.json)"
sleep 2.2
check "cleanup of retired data" s3dock cleanup --retired-after 1s
check "only the tombstone is left" same aaaaa04.retired "$(bucket list images/ | grep -o 'aaaaa04.*')"
check "push of the removed image" s3dock push "${names[3]}" --input image-04.tar
check "pull of the image that was pushed again" s3dock pull "${names[3]}" --output out.tar
check "the new push uses the key of another month" same images/app/202508/ "$(bucket list images/ | grep 'aaaaa04.tar.gz' | grep -o 'images/app/[0-9]*/')"
check "cleanup of the image that was pushed again" s3dock cleanup app --keep 2 --older-than 1d
check "the newest images and those in use are left" \
    same "aaaaa01 aaaaa02 aaaaa03 aaaaa05 aaaaa06" "$(bucket list images/ | grep -o 'aaaaa..\.json' | cut -c 1-7 | xargs)"
check "only retired data of the other images are left" same 15 "$(bucket list images/ | grep -vc 'aaaaa04\|bbbbb09')"
check "pull by version after the cleanup" s3dock pull app v1.0.0 --output out.tar
check "pull by environment after the cleanup" s3dock pull app production --output out.tar
check "rollback after the cleanup" s3dock rollback app production
check "the rollback restores the earlier image" same "${names[1]}" "$(s3dock current app production 2>/dev/null)"
check "cleanup of an unknown application does nothing" grep -q "nope has no images" <(s3dock cleanup nope --keep 1 2>&1)
check "cleanup with a high --older-than" s3dock cleanup app --keep 1 --older-than 20000d
check "cleanup removes no younger image" same 5 "$(bucket list images/ | grep -c 'json$')"

# A pointer that cannot be read: its target is unknown.
echo '{' >broken.json
bucket put pointers/app/staging.json broken.json
refused 8 "cannot find out which images" "cleanup with an unreadable pointer" cleanup app --keep 1
