#!/usr/bin/env bash
# Docker builds what was committed, under the commit's name; everything else is refused, and a failure is one.
. "$(dirname "$0")/lib.sh"
need_docker
need_directory
command -v git >/dev/null || skip "no git"
export GIT_CONFIG_NOSYSTEM=1 GIT_COMMITTER_DATE="2025-07-21T23:18:59 +0200"
git config --global user.name builder
git config --global user.email builder@example.com
git config --global init.defaultBranch main
git config --global protocol.file.allow always

git init -q repo
cd repo || exit 1
mkdir -p app/deep
echo one >app/file
printf 'FROM scratch\nCOPY file /file\n' >app/Dockerfile
printf '*.log\n' >.gitignore
git add .
git commit -qm one
# the name of the repository's HEAD
name_of()
{
    echo "$2:20250721-2318-$(git -C "$1" rev-parse HEAD | cut -c 1-7)"
}
first=$(name_of . shop)

# the one file of an image
file_in()
{
    local container
    container=$(docker create "$1" none) && docker cp "$container:/file" - | tar -xO
    docker rm "$container" >/dev/null
}

# --- a clean commit ---------------------------------------------------------------------------------------

s3dock build shop --path app --json >"$work/build.json" 2>"$work/build.err"
check "build" same 0 $?
check "standard output is the answer alone" same true "$(json success "$work/build.json")"
check "docker's words are on standard error" grep -q COPY "$work/build.err"
check "the name is time and hash of the commit, on the committer's clock" same "$first" "$(json image_tag "$work/build.json")"
check "as the original told it" same "shop 20250721-2318 ${first##*-}" \
    "$(json app_name "$work/build.json") $(json git_time "$work/build.json") $(json git_hash "$work/build.json")"
check "Docker has it, under that id" same "$(docker image inspect --format "{{.Id}}" "$first")" "$(json image_id "$work/build.json")"
check "what was committed is in it" same one "$(file_in "$first")"
check "without --json, the name alone is" same "$first" "$(s3dock build shop --path app --quiet 2>/dev/null)"
check "the image can be pushed" s3dock push "$first"
cd app/deep || exit 1
check "from a folder deep inside" s3dock build inside --context .. --dockerfile ../Dockerfile
cd "$work/repo" || exit 1
check "more arguments reach docker" s3dock build labelled --path app -- --label "note=two words"
check "as they were" same "two words" \
    "$(docker image inspect --format '{{.Config.Labels.note}}' "$(name_of . labelled)")"
check "another daemon, another program" env -u DOCKER_HOST DOCKER_CONTEXT=nonsense \
    S3DOCK_DOCKER="$(command -v docker)" "$S3DOCK" build other --path app --docker-host "$DOCKER_HOST"
check "has the image" image_id "$(name_of . other)"

# --- --dry-run ------------------------------------------------------------------------------------------------

check "--dry-run says what it would run" same "docker build -f app/Dockerfile -t $(name_of . dry) app" \
    "$(s3dock build dry --path app --dry-run 2>/dev/null)"
check "and builds nothing" same "" "$(docker image ls -q dry)"
check "needs no daemon" s3dock build dry --path app --dry-run --docker-host "unix://$work/nowhere.sock"
check "and tells of buildx" same "docker buildx build --load --platform linux/arm64 -f app/Dockerfile -t $(name_of . dry) app" \
    "$(s3dock build --platform linux/arm64 dry --path app --dry-run 2>/dev/null)"

# --- not clean ------------------------------------------------------------------------------------------------

dirty="repository has uncommitted changes - commit all changes before building: "
echo two >app/file
refused 8 "$dirty.*app/file \(modified\)" "a changed file" build shop --path app
git add app/file
refused 8 "$dirty.*app/file \(staged\)" "a staged one" build shop --path app
check "the image is the one of before" same one "$(file_in "$first")"
git commit -qm two
second=$(name_of . shop)
check "committed, it is built" s3dock build shop --path app
check "under another name" test "$first" != "$second"
check "with the new content" same two "$(file_in "$second")"
touch app/noise.log app/notes
check "an untracked file is only a warning" s3dock build shop --path app
check "which names it, and not the ignored one" same "warning: not in the commit, but maybe in the image: app/notes (untracked)" \
    "$(s3dock build shop --path app 2>&1 >/dev/null | grep warning)"
s3dock build shop --path app --json >"$work/build.json" 2>/dev/null
check "--json names it too" same '["app/notes"]' "$(json untracked "$work/build.json")"
refused 8 "untracked.*app/notes" "--strict refuses it" build shop --path app --strict
rm app/notes
check "--strict has nothing against ignored ones" s3dock build shop --path app --strict

# --- other repositories -----------------------------------------------------------------------------------------

git -C "$work" clone -q --depth 1 "file://$work/repo" shallow
s3dock build shop --path "$work/shallow/app" --json >"$work/build.json" 2>/dev/null
check "a shallow clone gives the same name" same "$second" "$(json image_tag "$work/build.json")"
git -C "$work/shallow" checkout -q --detach
check "so does a detached HEAD" s3dock build shop --path "$work/shallow/app"
git worktree add -q "$work/tree" HEAD~1
check "a worktree is named after its own commit" s3dock build tree --path "$work/tree/app"
check "its own" image_id "tree:${first#*:}"
git init -q "$work/top"
git -C "$work/top" submodule -q add "$work/repo" sub
check "a submodule after its own, too" s3dock build sub --path "$work/top/sub/app"
check "its own as well" image_id "sub:${second#*:}"
refused 8 "no commit" "a repository without a commit" build shop --path "$work/top"
git -C "$work/top" commit -qm top
git clone -q "$work/top" "$work/without"
refused 8 "sub \(submodule not checked out\)" "a submodule that is not there" \
    build shop --path "$work/without" --context "$work/repo/app"
check "with the way out" grep -q "git submodule update --init --recursive" "$work/refused.err"
git -C "$work/without" submodule -q update --init --recursive
check "which is one" s3dock build shop --path "$work/without" --context "$work/repo/app"
git update-index --assume-unchanged app/file
echo hidden >app/file
refused 8 "app/file \(modified, hidden by an index flag\)" "a change that git status hides" build shop --path app
git update-index --no-assume-unchanged app/file
git checkout -q app/file
mkdir "$work/without-git"
ln -s "$(command -v docker)" "$work/without-git/docker"
check "without git, libgit2 reads, and that is said" same "warning: git is not in PATH: libgit2 reads the repository, which knows no filters and not all of git" \
    "$(PATH=$work/without-git "$S3DOCK" build shop --path app 2>&1 >/dev/null | grep libgit2)"
git clone -q --bare . "$work/bare.git"
refused 8 "bare" "a bare one" build shop --path "$work/bare.git"
refused 3 "not inside of a git repository" "none at all" build shop --path /
if [ "$(id -u)" = 0 ]; then
    cp -r "$work/shallow" "$work/theirs"
    chown -R 12345 "$work/theirs"
    refused 4 "belongs to another user" "somebody else's" build shop --path "$work/theirs/app"
    check "with the way out" grep -q "git config --global --add safe.directory $work/theirs" "$work/refused.err"
    git config --global --add safe.directory "$work/theirs"
    check "which is one" s3dock build shop --path "$work/theirs/app"
fi

# --- failure is failure -------------------------------------------------------------------------------------------

refused 3 "dockerfile not found: Dockerfile" "no Dockerfile" build shop
refused 3 "dockerfile not found: app/Nothing" "not this one" build shop --path app --dockerfile Nothing
refused 2 "name" "a name that is none" build Shop
refused 2 "needs APP" "no name" build -- --no-cache
refused 10 "nowhere.sock" "no daemon" build shop --path app --docker-host "unix://$work/nowhere.sock"
echo "{ docker: { program: '$work/nothing' } }" >"$work/nothing.json5"
refused 9 "cannot run" "no docker program" build shop --path app --config "$work/nothing.json5"
printf 'FROM scratch\nCOPY absent /absent\n' >app/Broken
git add app
git commit -qm broken
refused 10 "failed with exit code" "a build that fails" build shop --path app --dockerfile Broken
check "leaves no image" same "" "$(docker image ls -q "$(name_of . shop)")"
s3dock build shop --path app --dockerfile Broken --json >"$work/build.json" 2>/dev/null
check "--json says so" same "docker.build" "$(json error_code "$work/build.json")"
printf '#!/bin/sh\necho built, honestly\n' >"$work/liar"
chmod +x "$work/liar"
export S3DOCK_DOCKER=$work/liar
refused 10 "is not in Docker" "a docker that only says it built" build shop --path app

# --- whose image it is --------------------------------------------------------------------------------------------

real=$(command -v docker)
# program NAME SCRIPT: a docker program; $real is the true one
program()
{
    printf '#!/bin/bash\nreal=%s\n%s\n' "$real" "$2" >"$work/$1"
    chmod +x "$work/$1"
    export S3DOCK_DOCKER=$work/$1
}
git checkout -q HEAD~1
export S3DOCK_DOCKER=$real
check "an image of an earlier build" s3dock build whose --path app
whose=$(name_of . whose)
before=$(image_id "$whose")
check "built again, all of it cached" s3dock build whose --path app
program nothing 'exit 0'
refused 10 "earlier build" "a docker that builds nothing" build whose --path app
# shellcheck disable=SC2016
program elsewhere 'for word; do [ -z "$file" ] || { echo sha256:0000 >"$word"; exit; }; [ "$word" != --iidfile ] || file=next; done'
# containerd's store has ids of another kind than docker writes: there the words decide
words=(--no-cache)
docker info --format '{{.DriverStatus}}' | grep -q io.containerd.snapshotter && words=(--push)
refused 10 "earlier build" "a build whose result went elsewhere" build whose --path app -- "${words[@]}"
check "with the way out" grep -q -- "--load" "$work/refused.err"
refused 10 "earlier build" "that writes the user's file" build whose --path app -- "${words[@]}" --iidfile "$work/iid"
printf '%s' "$before" >"$work/iid"
program nothing 'exit 0'
refused 10 "earlier build" "an old file of the user's says nothing" build whose --path app -- --iidfile "$work/iid"
export S3DOCK_DOCKER=$real
check "the user's own --iidfile is written" s3dock build whose --path app -- "--iidfile=$work/iid"
check "with the image's id" same "$before" "$(image_id "$(cat "$work/iid")")"
check "no file stays in the cache" same "" "$(find "$HOME/.cache/s3dock" -name 'iid*' -o -name 'index*')"

# --- what changes meanwhile ---------------------------------------------------------------------------------------

# shellcheck disable=SC2016
program changes 'echo meanwhile >app/file; exec "$real" "$@"'
refused 8 "changed while.*app/file \(modified\)" "a file that changes while the image is built" build late --path app
check "the image does not keep the name" same "" "$(docker image ls -q late)"
git checkout -q app/file
refused 8 "changed while" "the same, where the name was another image's" build whose --path app
check "which has it again" same "$before" "$(image_id "$whose")"
git checkout -q app/file
# shellcheck disable=SC2016
program moves 'git commit -q --allow-empty -m moved; exec "$real" "$@"'
refused 8 "changed while.*HEAD was" "a HEAD that moves" build late --path app
check "the image does not keep the name" same "" "$(docker image ls -q late)"

# --- what the docker program gets to know ---------------------------------------------------------------------------

# shellcheck disable=SC2016
program tells 'env >'"$work"'/told; exec "$real" "$@"'
cat >"$work/keys.json5" <<CONFIG
{profiles: {default: {bucket: "b", access_key: "FILEKEYFILEKEY", secret_key: "file-secret-file-secret"}}}
CONFIG
S3DOCK_BUCKET=secret-bucket AWS_SESSION_TOKEN=token s3dock build told --path app --config "$work/keys.json5" >/dev/null 2>&1
check "nothing out of a file, and no variable of ours" same "" "$(grep -E '^S3DOCK_|file-secret' "$work/told")"
check "the user's own variables" grep -q "^AWS_SESSION_TOKEN=token" "$work/told"
unset S3DOCK_DOCKER
mkdir app/tools
printf '#!/bin/sh\ntouch %s/owned\n' "$work" >app/tools/docker
chmod +x app/tools/docker
cp app/tools/docker app/docker
cd app || exit 1
echo '{docker: {program: "./tools/docker"}}' >s3dock.json5
chmod go-w . s3dock.json5
git add -A .
git commit -qm tools
s3dock build told >/dev/null 2>"$work/told.err"
check "a program that a file of the current folder names does not run" test ! -e "$work/owned"
check "which is said" grep -q "docker.program is not obeyed" "$work/told.err"
check "and that the file is used" grep -q "using the configuration ./s3dock.json5 of the current folder" "$work/told.err"
PATH=.:$PATH s3dock build told >/dev/null 2>&1
check "nor one of the current folder that PATH names" test ! -e "$work/owned"
cd "$work/repo" || exit 1
git checkout -qf main

# --- interrupted ----------------------------------------------------------------------------------------------------

printf '#!/bin/sh\necho $$ >"%s/slow.pid"\nexec sleep 60\n' "$work" >"$work/slow"
chmod +x "$work/slow"
export S3DOCK_DOCKER=$work/slow
"$S3DOCK" build shop --path app 2>/dev/null &
ours=$!
for _ in {1..100}; do
    [ ! -s "$work/slow.pid" ] || break
    sleep 0.1
done
began=$(date +%s%N)
kill -TERM $ours
wait $ours
check "SIGTERM ends it with 143" same 143 $?
check "within two seconds" test $((($(date +%s%N) - began) / 1000000)) -lt 2000
check "and the program it ran" test ! -e "/proc/$(cat "$work/slow.pid")"
