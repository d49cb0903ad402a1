#!/usr/bin/env bash
# What killed pushes leave is told by resume and removed by cleanup when it is old; images go by policy, and never one
# that a version, an environment or its rollback leads to.
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

check "nothing is unfinished after whole pushes" same '' "$(s3dock resume 2>/dev/null)"

# A push that is killed in the middle: 30 MB come, then nothing.
ref=app:20250721-2118-f7a5a27
make_image $ref image.tar --size 60 --seed 5
mkfifo push.pipe
{ head -c 40000000 image.tar && exec sleep 60; } >push.pipe &
feeder=$!
"$S3DOCK" push $ref --input - --log-level 3 <push.pipe 2>err.txt &
pid=$!
for _ in $(seq 100); do
    grep -q 'partNumber=1&.*: 200' err.txt && break
    sleep 0.1
done
check "resume tells of the push that is at work" grep -q "^push .*at work" <(s3dock resume 2>/dev/null)
s3dock cleanup --unfinished 1s >/dev/null 2>&1
check "cleanup leaves it alone" test -n "$(bucket uploads)"
kill -9 $pid
wait $pid 2>/dev/null
kill $feeder
wait $feeder 2>/dev/null
s3dock resume --json >resume.json 2>/dev/null
check "resume tells of it when it was killed" same push "$(json kind resume.json)"
check "with its key" same images/app/202507/app-20250721-2118-f7a5a27.tar.gz "$(json key resume.json)"
HOME=$work/other XDG_CACHE_HOME=$work/other s3dock resume >other.txt 2>/dev/null
check "another host sees an upload" grep -q "^upload .*images/app/202507/app-20250721" other.txt

before=$(bucket_state)
check "what is young stays" s3dock cleanup
check "and a dry run changes nothing" s3dock cleanup --unfinished 1s --dry-run
check "at all" same "$before" "$(bucket_state)"
sleep 2.2
check "what is old goes" s3dock cleanup --unfinished 1s
check "no unfinished upload is left" nothing_left
check "and nothing here" same '' "$(s3dock resume 2>/dev/null)"

# An archive that nothing describes: a push that ended before its last step.
key=images/app/202507/app-20250709-1000-bbbbb09.tar.gz
bucket put $key image-01.tar
check "resume tells of an archive without a description" grep -q "^archive .*bbbbb09" <(s3dock resume 2>/dev/null)
sleep 2.2
check "cleanup retires it" s3dock cleanup --unfinished 1s
check "resume tells how long its data stay" grep -q "^retired .*bbbbb09.*data go in" <(s3dock resume 2>/dev/null)
check "and nothing was deleted" same 7 "$(bucket list images/ | grep -c 'tar.gz$')"
sleep 2.2
check "a later cleanup deletes it" s3dock cleanup --retired-after 1s
check "and nothing else" same 6 "$(bucket list images/ | grep -c 'tar.gz$')"
check "resume tells of nothing" same '' "$(s3dock resume 2>/dev/null)"

# Images.
refused 2 "which application" "images go only of an application that is named" cleanup --keep 2
refused 2 "which images" "and by a policy" cleanup app
before=$(bucket_state)
s3dock cleanup app --keep 2 --dry-run --json >dry.json 2>/dev/null
check "a dry run tells which would go" same 1 "$(json images_removed dry.json)"
check "and which would, but are in use" same 3 "$(json images_in_use dry.json)"
check "and removes none" same "$before" "$(bucket_state)"
check "old ones go, by their own time" s3dock cleanup app --keep 2 --older-than 1d
refused 3 "there is no image" "nobody finds what was removed" pull "${names[3]}" --output out.tar
check "its data are there" same 1 "$(bucket list images/ | grep -c 'aaaaa04.tar.gz')"
s3dock resume --json >resume.json 2>/dev/null
check "resume tells of it" same retired "$(json kind resume.json)"
sleep 2.2
check "its data go later" s3dock cleanup --retired-after 1s
check "with nothing but a tombstone left" same aaaaa04.retired "$(bucket list images/ | grep -o 'aaaaa04.*')"
check "the same image can be pushed again at once" s3dock push "${names[3]}" --input image-04.tar
check "and pulled" s3dock pull "${names[3]}" --output out.tar
check "under a key that no late request deletes" same images/app/202508/ "$(bucket list images/ | grep 'aaaaa04.tar.gz' | grep -o 'images/app/[0-9]*/')"
check "and removed again" s3dock cleanup app --keep 2 --older-than 1d
check "the newest, and those in use, are left" \
    same "aaaaa01 aaaaa02 aaaaa03 aaaaa05 aaaaa06" "$(bucket list images/ | grep -o 'aaaaa..\.json' | cut -c 1-7 | xargs)"
check "nothing of the others is left but what waits" same 15 "$(bucket list images/ | grep -vc 'aaaaa04\|bbbbb09')"
check "what a version leads to can be pulled" s3dock pull app v1.0.0 --output out.tar
check "what an environment leads to, too" s3dock pull app production --output out.tar
check "and what it was before" s3dock rollback app production
check "really before" same "${names[1]}" "$(s3dock current app production 2>/dev/null)"
check "an application without images is nothing to do" grep -q "nope has no images" <(s3dock cleanup nope --keep 1 2>&1)
check "nothing that is younger than AGE goes" s3dock cleanup app --keep 1 --older-than 20000d
check "really" same 5 "$(bucket list images/ | grep -c 'json$')"

# A pointer that cannot be read: nobody knows what it leads to.
echo '{' >broken.json
bucket put pointers/app/staging.json broken.json
refused 8 "cannot tell which images" "nothing goes when a pointer cannot be read" cleanup app --keep 1
