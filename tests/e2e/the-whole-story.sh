#!/usr/bin/env bash
# From a commit to another host and back: build, push, tag, promote, pull, roll back, list. The scenario compares the
# output with the original's output in the same situation (tests/golden/cli).
. "$(dirname "$0")/lib.sh"
need_docker
need_edge
need_s3
need_git

# story NUMBER SENTENCE ARGUMENT...: the program prints what the original printed in step NUMBER. $first is its image.
story()
{
    local golden sentence=$2 code=0
    golden=$(echo "$TOP/tests/golden/cli/$1-"*.stdout)
    shift 2
    "$S3DOCK" "$@" >"$work/story.out" 2>"$work/story.err" || code=$?
    cp "$work/story.out" "$work/last.json"
    check "$sentence" "$KIT/like_golden" "$golden" "$work/story.out" "${first#*:}=20250721-2118-f7a5a27" \
        "/202507/=/202611/" '"year_month": "202507"="year_month": "202611"'
    case $golden in
    *-err-*) check "$sentence: the exit code is not 0" test "$code" != 0 ;;
    *) [ "$code" = 0 ] || fail "exit code 0" "$code" "$(cat "$work/story.err")" ;;
    esac
}

# commit CONTENT TIME: creates a commit that Docker can build
commit()
{
    echo "$1" >repo/file
    git -C repo add .
    GIT_COMMITTER_DATE="$2 +0000" git -C repo commit -qm "$1"
}

events()
{
    bucket list "audit/myapp/" | wc -l
}

last_event()
{
    bucket get "$(bucket list audit/myapp/ | sed 's/^[0-9]* //' | grep -- "-$1-" | while read -r key; do
        echo "$(bucket get "$key" | sed -n 's/.*"timestamp": "\(.*\)".*/\1/p') $key"
    done | sort | tail -n 1 | cut -d ' ' -f 2)"
}

git init -q repo
printf 'FROM scratch\nCOPY file /file\nCMD ["/file"]\n' >repo/Dockerfile
commit one "2025-07-21T21:18:30"
first=myapp:20250721-2118-$(git -C repo rev-parse HEAD | cut -c 1-7)

# --- the first commit ------------------------------------------------------------------------------------

cd repo || exit 1
git_hash=$(git rev-parse HEAD | cut -c 1-7)
"$S3DOCK" build myapp --json >../build.json 2>../build.err
check "build of the first commit" "$KIT/like_golden" "$TOP/tests/golden/cli/24-build.stdout" ../build.json "$git_hash=f7a5a27"
cd ..
story 01 "push" --json push "$first"
check "the push writes one event" same 1 "$(events)"
story 02 "push the same image again" --json push "$first"
check "the second push writes an event, too" same 2 "$(events)"
check "the event of the second push states that it skipped" same true "$(last_event push >event.json && json was_skipped event.json)"

# A push of another image of the same name copies the first image to archive/.
docker tag "$first" keep:it
docker build -q -t "$first" --label again=yes repo >/dev/null 2>&1
story 03 "push another image of that name" --json push "$first"
check "archive/ has the three objects of the replaced image" same 3 "$(bucket list archive/myapp/202507/ | wc -l)"
docker tag keep:it "$first"
check "push of the first image again" s3dock push "$first"
check "archive/ has both replaced images" same 6 "$(bucket list archive/ | wc -l)"

# --- tag and promote --------------------------------------------------------------------------------------

story 04 "tag" --json tag "$first" v1.2.0
story 05 "promote an image" --json promote "$first" production
story 06 "promote a version over it" --json promote myapp v1.2.0 production
check "the event names the previous target" same "images/myapp/202507/${first/:/-}.tar.gz" \
    "$(last_event promotion >event.json && json previous_target event.json)"
story 07 "promote an image to another environment" --json promote "$first" staging
before=$(events)
story 08 "promote the same image again" --json promote "$first" staging
check "a promotion without a change writes no event" same "$before" "$(events)"

# --- pull on another host ----------------------------------------------------------------------------------

DOCKER_HERE=$DOCKER_HOST
export DOCKER_HOST=$EDGE
story 09 "pull an environment" --json pull myapp production
docker image rm -f "$first" >/dev/null
story 10 "pull a version" --json pull myapp v1.2.0
story 11 "pull a present image" --json pull myapp staging
check "pull by environment into a file" s3dock pull myapp production --output file.tar
check "pull by APP:VERSION" s3dock pull myapp:v1.2.0 --output again.tar
check "both files have the same image" same_image file.tar again.tar
export DOCKER_HOST=$DOCKER_HERE
check "the other host has the pushed image" same "$(image_id "$first")" "$(on_edge image_id "$first")"

# --- lists --------------------------------------------------------------------------------------------------

story 12 "current" --json current myapp production
story 13 "list apps" --json list apps
story 14 "list images" --json list images myapp
s3dock --json list images myapp --month 202507 | sed 's/"202507"/"202611"/' >month.json
check "list images of a month" "$KIT/like_golden" "$TOP/tests/golden/cli/15-list-images-month.stdout" month.json \
    "${first#*:}=20250721-2118-f7a5a27" "/202507/=/202611/"
story 16 "list tags" --json list tags myapp
story 17 "list envs" --json list envs myapp
story 18 "list tag-for" --json list tag-for myapp production
story 19 "list tag-for without a version" --json list tag-for myapp staging
story 20 "current of an unknown environment" --json current myapp nope
story 25 "list envs as text" list envs myapp
story 25 "list environments is the same" list environments myapp
story 26 "list tags as text" list tags myapp
story 27 "list images as text" list images myapp
story 28 "current as text" current myapp production

# --- the second commit, and back -----------------------------------------------------------------------------

commit two "2025-07-22T09:00:00"
second=myapp:20250722-0900-$(git -C repo rev-parse HEAD | cut -c 1-7)
check "build the second commit" s3dock build myapp --path repo
check "push the second image" s3dock push "$second"
check "tag the second image" s3dock tag "$second" v1.10.0
refused 8 "v1.10.0 is the version of" "tag of another image with an existing version" tag "$first" v1.10.0
check "promote by APP:VERSION" s3dock promote myapp:v1.10.0 production
check "current prints the second image" same "$second" "$(s3dock current myapp production)"
check "pull the second image" on_edge s3dock pull myapp production
check "the other host has the second image" same "$(image_id "$second")" "$(on_edge image_id "$second")"
check "list tags prints v1.10.0 before v1.2.0" same "v1.10.0 -> $second v1.2.0 -> $first" "$(s3dock list tags myapp | xargs)"

s3dock rollback myapp production --dry-run --json >back.json
check "rollback --dry-run names the first image" same "$first" "$(json image_ref back.json)"
check "rollback --dry-run changes nothing" same "$second" "$(s3dock current myapp production)"
check "roll back" s3dock rollback myapp production
check "the rollback restores the version" same v1.2.0 "$(s3dock list tag-for myapp production)"
check "a second rollback" s3dock rollback myapp production
check "the second rollback restores the image" same "$first" "$(s3dock current myapp production)"
refused 3 "myapp/production has no earlier image to roll back to" "a third rollback" \
    rollback myapp production
s3dock history myapp production >history.txt
check "history prints all events, newest first" same \
    "$first (rollback) myapp:v1.2.0 (rollback) myapp:v1.10.0 myapp:v1.2.0 $first" \
    "$(sed 's/^[^ ]*  //; s/  by [^ ]*//' history.txt | xargs)"
check "history --limit" same 2 "$(s3dock history myapp production --limit 2 | wc -l)"

# --- the user in a CI system ----------------------------------------------------------------------------------

check "promote from a CI system" env GITHUB_ACTIONS=true GITHUB_ACTOR=octocat GITHUB_REPOSITORY=o/r GITHUB_RUN_ID=7 \
    "$S3DOCK" promote "$second" staging
last_event promotion >event.json
check "the event has the CI system's user" same octocat "$(json user event.json)"
check "the event has the address of the run" same https://github.com/o/r/actions/runs/7 "$(json ci_run event.json)"
check "no unfinished upload is left" nothing_left
check "no probe object is left" empty "$(bucket list audit/.)"
