#!/usr/bin/env bash
# Docker builds the committed files, under the commit's name. build refuses all other states, and reports
# failures.
. "$(dirname "$0")/lib.sh"
need_docker
need_directory
need_git
export GIT_COMMITTER_DATE="2025-07-21T23:18:59 +0200"
git config --global protocol.file.allow always

git init -q repo
cd repo || exit 1
mkdir -p app/deep
echo one >app/file
printf 'FROM scratch\nCOPY file /file\n' >app/Dockerfile
printf '*.log\n' >.gitignore
git add .
git commit -qm one
# name_of REPOSITORY APP: prints the reference of the repository's HEAD
name_of()
{
    echo "$2:20250721-2318-$(git -C "$1" rev-parse HEAD | cut -c 1-7)"
}
first=$(name_of . shop)

# file_in REF: prints the only file of an image
file_in()
{
    local container
    container=$(docker create "$1" none) && docker cp "$container:/file" - | tar -xO
    docker rm "$container" >/dev/null
}

# --- a clean commit ---------------------------------------------------------------------------------------

s3dock build shop --path app --json >"$work/build.json" 2>"$work/build.err"
check "build of a clean commit" same 0 $?
check "standard output has only the JSON" same true "$(json success "$work/build.json")"
check "docker's output is on standard error" grep -q COPY "$work/build.err"
check "the name has the commit's hash and the committer's local time" same "$first" "$(json image_tag "$work/build.json")"
check "the JSON has the original's fields" same "shop 20250721-2318 ${first##*-}" \
    "$(json app_name "$work/build.json") $(json git_time "$work/build.json") $(json git_hash "$work/build.json")"
check "Docker has the image under the reported id" same "$(docker image inspect --format "{{.Id}}" "$first")" "$(json image_id "$work/build.json")"
check "the image has the committed file" same one "$(file_in "$first")"
check "without --json, standard output has only the name" same "$first" "$(s3dock build shop --path app --quiet 2>/dev/null)"
check "the image can be pushed" s3dock push "$first"
cd app/deep || exit 1
check "build from a subfolder" s3dock build inside --context .. --dockerfile ../Dockerfile
cd "$work/repo" || exit 1
check "build with arguments for docker" s3dock build labelled --path app -- --label "note=two words"
check "docker receives the arguments unchanged" same "two words" \
    "$(docker image inspect --format '{{.Config.Labels.note}}' "$(name_of . labelled)")"
check "build with another daemon and another program" env -u DOCKER_HOST DOCKER_CONTEXT=nonsense \
    S3DOCK_DOCKER="$(command -v docker)" "$S3DOCK" build other --path app --docker-host "$DOCKER_HOST"
check "the other daemon has the image" image_id "$(name_of . other)"

# --- --dry-run ------------------------------------------------------------------------------------------------

check "--dry-run prints the docker command" same "docker build -f app/Dockerfile -t $(name_of . dry) app" \
    "$(s3dock build dry --path app --dry-run 2>/dev/null)"
check "--dry-run builds nothing" empty "$(docker image ls -q dry)"
check "--dry-run needs no daemon" s3dock build dry --path app --dry-run --docker-host "unix://$work/nowhere.sock"
if ! docker info -f '{{.DriverStatus}}' | grep -q io.containerd.snapshotter; then
    refused 12 'stores images of one platform' "several platforms without containerd's store" \
        build --platform linux/amd64,linux/arm64 several --path app
fi
check "--dry-run prints the buildx command" same "docker buildx build --load --platform linux/arm64 -f app/Dockerfile -t $(name_of . dry) app" \
    "$(s3dock build --platform linux/arm64 dry --path app --dry-run 2>/dev/null)"

# --- changed files --------------------------------------------------------------------------------------------

dirty="repository has uncommitted changes - commit all changes before building: "
echo two >app/file
refused 8 "$dirty.*app/file \(modified\)" "a changed file" build shop --path app
git add app/file
refused 8 "$dirty.*app/file \(staged\)" "a staged file" build shop --path app
check "the refused build does not change the image" same one "$(file_in "$first")"
git commit -qm two
second=$(name_of . shop)
check "build of the second commit" s3dock build shop --path app
check "the second commit has another name" test "$first" != "$second"
check "the image has the new content" same two "$(file_in "$second")"
touch app/noise.log app/notes
check "build with an untracked file" s3dock build shop --path app
check "a warning names the untracked file, not the ignored one" same "warning: untracked files are not in the commit, but may be in the image: app/notes" \
    "$(s3dock build shop --path app 2>&1 >/dev/null | grep warning)"
s3dock build shop --path app --json >"$work/build.json" 2>/dev/null
check "--json names the untracked file" same '["app/notes"]' "$(json untracked "$work/build.json")"
refused 8 "untracked.*app/notes" "--strict with an untracked file" build shop --path app --strict
rm app/notes
check "--strict accepts ignored files" s3dock build shop --path app --strict

# --- other repositories ---------------------------------------------------------------------------------------

git -C "$work" clone -q --depth 1 "file://$work/repo" shallow
s3dock build shop --path "$work/shallow/app" --json >"$work/build.json" 2>/dev/null
check "a shallow clone gives the same name" same "$second" "$(json image_tag "$work/build.json")"
git -C "$work/shallow" checkout -q --detach
check "build with a detached HEAD" s3dock build shop --path "$work/shallow/app"
git worktree add -q "$work/tree" HEAD~1
check "build in a worktree" s3dock build tree --path "$work/tree/app"
check "the worktree's image has its own commit's name" image_id "tree:${first#*:}"
git init -q "$work/top"
git -C "$work/top" submodule -q add "$work/repo" sub
check "build in a submodule" s3dock build sub --path "$work/top/sub/app"
check "the submodule's image has its own commit's name" image_id "sub:${second#*:}"
refused 8 "no commit" "a repository without a commit" build shop --path "$work/top"
git -C "$work/top" commit -qm top
git clone -q "$work/top" "$work/without"
refused 8 "sub \(submodule not checked out\)" "a submodule that is not checked out" \
    build shop --path "$work/without" --context "$work/repo/app"
check "the hint names the git command" grep -q "git submodule update --init --recursive" "$work/refused.err"
git -C "$work/without" submodule -q update --init --recursive
check "build after that command" s3dock build shop --path "$work/without" --context "$work/repo/app"
git update-index --assume-unchanged app/file
echo hidden >app/file
refused 8 "app/file \(modified, hidden by an index flag\)" "a change that git status hides" build shop --path app
git update-index --no-assume-unchanged app/file
git checkout -q app/file
mkdir "$work/without-git"
ln -s "$(command -v docker)" "$work/without-git/docker"
check "without git, a warning states that libgit2 is used" same "warning: git is not in PATH: libgit2 reads the repository; it supports no filters and not every feature of git" \
    "$(PATH=$work/without-git "$S3DOCK" build shop --path app 2>&1 >/dev/null | grep libgit2)"
git clone -q --bare . "$work/bare.git"
refused 8 "bare" "a bare repository" build shop --path "$work/bare.git"
refused 3 "not inside of a git repository" "a folder without a repository" build shop --path /
if [ "$(id -u)" = 0 ]; then
    cp -r "$work/shallow" "$work/theirs"
    chown -R 12345 "$work/theirs"
    refused 4 "belongs to another user" "a repository of another user" build shop --path "$work/theirs/app"
    check "the hint names safe.directory" grep -q "git config --global --add safe.directory $work/theirs" "$work/refused.err"
    git config --global --add safe.directory "$work/theirs"
    check "build with safe.directory" s3dock build shop --path "$work/theirs/app"
fi

# --- failures -------------------------------------------------------------------------------------------

refused 3 "dockerfile not found: Dockerfile" "a folder without a Dockerfile" build shop
refused 3 "dockerfile not found: app/Nothing" "a Dockerfile that does not exist" build shop --path app --dockerfile Nothing
refused 2 "name" "an invalid name" build Shop
refused 2 "needs APP" "a missing name" build -- --no-cache
refused 10 "nowhere.sock" "no daemon to build with" build shop --path app --docker-host "unix://$work/nowhere.sock"
echo "{ docker: { program: '$work/nothing' } }" >"$work/nothing.json5"
refused 9 "cannot run" "a docker program that does not exist" build shop --path app --config "$work/nothing.json5"
printf 'FROM scratch\nCOPY absent /absent\n' >app/Broken
git add app
git commit -qm broken
refused 10 "failed with exit code" "a build that fails" build shop --path app --dockerfile Broken
check "the failed build leaves no image" empty "$(docker image ls -q "$(name_of . shop)")"
s3dock build shop --path app --dockerfile Broken --json >"$work/build.json" 2>/dev/null
check "--json has the error code of the failed build" same "docker.build" "$(json error_code "$work/build.json")"
printf '#!/bin/sh\necho built, honestly\n' >"$work/false-docker"
chmod +x "$work/false-docker"
export S3DOCK_DOCKER=$work/false-docker
refused 10 "is not in Docker" "a docker program that reports success without an image" build shop --path app

# --- images of an earlier build -------------------------------------------------------------------------------

real=$(command -v docker)
# program NAME SCRIPT: creates a docker program. In the script, $real is the real one.
program()
{
    printf '#!/bin/bash\nreal=%s\n%s\n' "$real" "$2" >"$work/$1"
    chmod +x "$work/$1"
    export S3DOCK_DOCKER=$work/$1
}
git checkout -q HEAD~1
export S3DOCK_DOCKER=$real
check "build of an image" s3dock build whose --path app
whose=$(name_of . whose)
before=$(image_id "$whose")
check "build of the same image from the cache" s3dock build whose --path app
program nothing 'exit 0'
refused 10 "earlier build" "a docker program that builds nothing" build whose --path app
# shellcheck disable=SC2016
program elsewhere 'for word; do [ -z "$file" ] || { echo sha256:0000 >"$word"; exit; }; [ "$word" != --iidfile ] || file=next; done'
# containerd's store has other ids than docker writes. There the arguments decide.
words=(--no-cache)
docker info --format '{{.DriverStatus}}' | grep -q io.containerd.snapshotter && words=(--push)
refused 10 "earlier build" "a build whose result is not in the daemon" build whose --path app -- "${words[@]}"
check "the hint names --load" grep -q -- "--load" "$work/refused.err"
refused 10 "earlier build" "the same build with the user's --iidfile" build whose --path app -- "${words[@]}" --iidfile "$work/iid"
printf '%s' "$before" >"$work/iid"
program nothing 'exit 0'
refused 10 "earlier build" "an old --iidfile" build whose --path app -- --iidfile "$work/iid"
export S3DOCK_DOCKER=$real
check "build writes the user's --iidfile" s3dock build whose --path app -- "--iidfile=$work/iid"
check "the --iidfile has the image's id" same "$before" "$(image_id "$(cat "$work/iid")")"
check "no temporary file is left in the cache" empty "$(find "$HOME/.cache/s3dock" -name 'iid*' -o -name 'index*')"

# --- changes during the build ---------------------------------------------------------------------------------

# shellcheck disable=SC2016
program changes 'echo meanwhile >app/file; exec "$real" "$@"'
refused 8 "changed while.*app/file \(modified\)" "a file that changes during the build" build late --path app
check "after the file change, the image has no name" empty "$(docker image ls -q late)"
git checkout -q app/file
refused 8 "changed while" "a file change, where the name was another image's" build whose --path app
check "the other image has its name again" same "$before" "$(image_id "$whose")"
git checkout -q app/file
# shellcheck disable=SC2016
program moves 'git commit -q --allow-empty -m moved; exec "$real" "$@"'
refused 8 "changed while.*HEAD was" "a HEAD that changes during the build" build late --path app
check "after the change of HEAD, the image has no name" empty "$(docker image ls -q late)"

# --- the environment of the docker program --------------------------------------------------------------------

# shellcheck disable=SC2016
program tells 'env >'"$work"'/told; exec "$real" "$@"'
cat >"$work/keys.json5" <<CONFIG
{profiles: {default: {bucket: "b", access_key: "FILEKEYFILEKEY", secret_key: "file-secret-file-secret"}}}
CONFIG
S3DOCK_BUCKET=secret-bucket AWS_SESSION_TOKEN=token s3dock build told --path app --config "$work/keys.json5" >/dev/null 2>&1
check "docker receives no key of a file and no S3DOCK_ variable" empty "$(grep -E '^S3DOCK_|file-secret' "$work/told")"
check "docker receives the user's variables" grep -q "^AWS_SESSION_TOKEN=token" "$work/told"
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
check "a program from a file in the current folder does not run" test ! -e "$work/owned"
check "a warning states that docker.program is ignored" grep -q "docker.program is ignored" "$work/told.err"
check "a note names the configuration file" grep -q "using the configuration ./s3dock.json5 of the current folder" "$work/told.err"
PATH=.:$PATH s3dock build told >/dev/null 2>&1
check "a program in the current folder does not run with . in PATH" test ! -e "$work/owned"
cd "$work/repo" || exit 1
git checkout -qf main

# --- interruption ---------------------------------------------------------------------------------------------

printf '#!/bin/sh\necho $$ >"%s/slow.pid"\nexec sleep 900\n' "$work" >"$work/slow"
chmod +x "$work/slow"
export S3DOCK_DOCKER=$work/slow
"$S3DOCK" build shop --path app 2>/dev/null &
ours=$!
await test -s "$work/slow.pid"
kill -TERM $ours
timed_wait $ours
check "SIGTERM ends the build with 143" same 143 "$ended"
check "the build ends within two seconds" in_time 2000
check "the docker program ends, too" test ! -e "/proc/$(cat "$work/slow.pid")"
