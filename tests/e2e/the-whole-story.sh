#!/usr/bin/env bash
# From a commit to another host and back: build, push, tag, promote, pull, roll back, list. What is answered is
# compared with what the original answered in the same situation (tests/golden/cli).
. "$(dirname "$0")/lib.sh"
need_docker
need_edge
need_s3
command -v git >/dev/null || skip "no git"
export GIT_CONFIG_NOSYSTEM=1
git config --global user.name builder
git config --global user.email builder@example.com
git config --global init.defaultBranch main

# story NUMBER SENTENCE ARGUMENT...: the program answers as the original did in step NUMBER. $first is its image.
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
    *-err-*) check "and that is an error" test "$code" != 0 ;;
    *) [ "$code" = 0 ] || fail "exit code 0" "$code" "$(cat "$work/story.err")" ;;
    esac
}

# commit CONTENT TIME: a commit that Docker can build
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
check "build" "$KIT/like_golden" "$TOP/tests/golden/cli/24-build.stdout" ../build.json "$git_hash=f7a5a27"
cd ..
story 01 "push" --json push "$first"
check "one event" same 1 "$(events)"
story 02 "push it again" --json push "$first"
check "an event for that, too" same 2 "$(events)"
check "which says that it was skipped" same true "$(last_event push >event.json && json was_skipped event.json)"

# Another image of the same name: what was there is kept.
docker tag "$first" keep:it
docker build -q -t "$first" --label again=yes repo >/dev/null 2>&1
story 03 "push another image of that name" --json push "$first"
check "the replaced one is whole under archive/" same 3 "$(bucket list archive/myapp/202507/ | wc -l)"
docker tag keep:it "$first"
check "and the first one again" s3dock push "$first"
check "which makes two" same 6 "$(bucket list archive/ | wc -l)"

# --- tag and promote --------------------------------------------------------------------------------------

story 04 "tag" --json tag "$first" v1.2.0
story 05 "promote an image" --json promote "$first" production
story 06 "promote a version over it" --json promote myapp v1.2.0 production
check "the event names what was there before" same "images/myapp/202507/${first/:/-}.tar.gz" \
    "$(last_event promotion >event.json && json previous_target event.json)"
story 07 "promote an image to another environment" --json promote "$first" staging
before=$(events)
story 08 "promote it again" --json promote "$first" staging
check "which is no event" same "$before" "$(events)"

# --- pull on another host ----------------------------------------------------------------------------------

DOCKER_HERE=$DOCKER_HOST
export DOCKER_HOST=$EDGE
story 09 "pull an environment" --json pull myapp production
docker image rm -f "$first" >/dev/null
story 10 "pull a version" --json pull myapp v1.2.0
story 11 "pull what is there already" --json pull myapp staging
check "by environment into a file" s3dock pull myapp production --output file.tar
check "APP:VERSION is understood, too" s3dock pull myapp:v1.2.0 --output again.tar
check "the same image" same_image file.tar again.tar
export DOCKER_HOST=$DOCKER_HERE
check "the other host has the very image" same "$(image_id "$first")" "$(on_edge image_id "$first")"

# --- look --------------------------------------------------------------------------------------------------

story 12 "current" --json current myapp production
story 13 "list apps" --json list apps
story 14 "list images" --json list images myapp
s3dock --json list images myapp --month 202507 | sed 's/"202507"/"202611"/' >month.json
check "list images of a month" "$KIT/like_golden" "$TOP/tests/golden/cli/15-list-images-month.stdout" month.json \
    "${first#*:}=20250721-2118-f7a5a27" "/202507/=/202611/"
story 16 "list tags" --json list tags myapp
story 17 "list envs" --json list envs myapp
story 18 "list tag-for" --json list tag-for myapp production
story 19 "list tag-for, without one" --json list tag-for myapp staging
story 20 "current of nothing" --json current myapp nope
story 25 "list envs as text" list envs myapp
story 25 "list environments is the same" list environments myapp
story 26 "list tags as text" list tags myapp
story 27 "list images as text" list images myapp
story 28 "current as text" current myapp production

# --- the second commit, and back -----------------------------------------------------------------------------

commit two "2025-07-22T09:00:00"
second=myapp:20250722-0900-$(git -C repo rev-parse HEAD | cut -c 1-7)
check "build the second commit" s3dock build myapp --path repo
check "push it" s3dock push "$second"
check "tag it" s3dock tag "$second" v1.10.0
refused 8 "v1.10.0 is the version of" "a version stays where it is" tag "$first" v1.10.0
check "promote it, in one word" s3dock promote myapp:v1.10.0 production
check "current says so" same "$second" "$(s3dock current myapp production)"
check "pull it" on_edge s3dock pull myapp production
check "the other host has it" same "$(image_id "$second")" "$(on_edge image_id "$second")"
check "v1.10.0 comes before v1.2.0" same "v1.10.0 -> $second v1.2.0 -> $first" "$(s3dock list tags myapp | xargs)"

s3dock rollback myapp production --dry-run --json >back.json
check "a dry run of rolling back names the first one" same "$first" "$(json image_ref back.json)"
check "and changes nothing" same "$second" "$(s3dock current myapp production)"
check "roll back" s3dock rollback myapp production
check "to the first one, by its version" same v1.2.0 "$(s3dock list tag-for myapp production)"
check "once more" s3dock rollback myapp production
check "to the first one, as an image" same "$first" "$(s3dock current myapp production)"
refused 3 "nothing that myapp/production could go back to" "there is nothing before that" \
    rollback myapp production
s3dock history myapp production >history.txt
check "the history has it all, newest first" same \
    "$first (rollback) myapp:v1.2.0 (rollback) myapp:v1.10.0 myapp:v1.2.0 $first" \
    "$(sed 's/^[^ ]*  //; s/  by [^ ]*//' history.txt | xargs)"
check "history --limit" same 2 "$(s3dock history myapp production --limit 2 | wc -l)"

# --- who ---------------------------------------------------------------------------------------------------

check "from a CI" env GITHUB_ACTIONS=true GITHUB_ACTOR=octocat GITHUB_REPOSITORY=o/r GITHUB_RUN_ID=7 \
    "$S3DOCK" promote "$second" staging
last_event promotion >event.json
check "the event names its user" same octocat "$(json user event.json)"
check "and its run" same https://github.com/o/r/actions/runs/7 "$(json ci_run event.json)"
check "no unfinished upload is left" nothing_left
check "and no throw-away object" same "" "$(bucket list audit/.)"
