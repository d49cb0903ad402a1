# shellcheck shell=bash
# lib.sh - the beginning of every scenario: `. "$(dirname "$0")/lib.sh"`.
#
# A scenario is a script that names its servers (need_docker, need_edge, need_s3, need_directory), runs the
# program, and checks the result. Every check prints one line, "ok N - sentence", or "not ok N - sentence"
# with the reason below. A scenario that ends early counts as a failed check. `./dev test` provides the servers
# (E2E_DOCKER, E2E_EDGE, E2E_S3, and E2E_S3_DIR, the folder of the S3 server). If a scenario runs by hand, this
# file starts them and stops them at the end.
#
# The program under test is $S3DOCK (default build/s3dock). E2E_SLOW is set if a sanitizer makes it slow.
set -uo pipefail

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
KIT=$TOP/tests/kit
# shellcheck source=../kit/cache.sh
. "$KIT/cache.sh"
# shellcheck source=../kit/python.sh
. "$KIT/python.sh"
S3DOCK=$(realpath "${S3DOCK:-$TOP/build/s3dock}")
export S3DOCK

mkdir -p "$TOP/.run"
work=$(mktemp -d "$TOP/.run/e2e.XXXXXX")
cd "$work" || exit 1
# The tests use nothing of the user: no configuration, no credentials, no Docker context.
mkdir home
export HOME=$work/home
unset XDG_CONFIG_HOME XDG_CACHE_HOME XDG_STATE_HOME DOCKER_HOST DOCKER_CONTEXT AWS_PROFILE AWS_DEFAULT_PROFILE AWS_REGION \
    AWS_SESSION_TOKEN AWS_CONFIG_FILE AWS_SHARED_CREDENTIALS_FILE "${!S3DOCK_@}" 2>/dev/null
export NO_COLOR=1
# A sanitizer writes its report to a file, which finish() reads.
for sanitizer in ASAN UBSAN TSAN LSAN; do
    declare -x "${sanitizer}_OPTIONS=log_path=$work/sanitizer:exitcode=99:halt_on_error=1:print_stacktrace=1"
done

# It ends with this shell. No `wait` of a scenario waits for it.
mkfifo kit.port
"$KIT/kit_server" >kit.port </dev/null &
disown
read -r KIT_PORT <kit.port
rm kit.port

CHECKS=0
FAILED=0
ON_EXIT=()
FINISHED=

# --- checks ---------------------------------------------------------------------------------------

# check SENTENCE COMMAND...: the command succeeds.
check()
{
    local sentence=$1
    shift
    if "$@" >"$work/check.log" 2>&1; then
        pass "$sentence"
    else
        fail "$sentence" "$* -> $?" "$(tail -n 15 "$work/check.log")"
    fi
}

# into FILE COMMAND...: writes the standard output of the command to FILE.
into()
{
    local file=$1
    shift
    "$@" >"$file"
}

pass()
{
    CHECKS=$((CHECKS + 1))
    echo "ok $CHECKS - $1"
}

fail()
{
    local line
    CHECKS=$((CHECKS + 1))
    FAILED=$((FAILED + 1))
    echo "not ok $CHECKS - $1"
    shift
    printf '%s\n' "$@" | while IFS= read -r line; do
        echo "#   $line"
    done
}

# skip_check SENTENCE REASON: counts a check that is not possible here as skipped.
skip_check()
{
    CHECKS=$((CHECKS + 1))
    echo "ok $CHECKS - $1 # SKIP $2"
}

# skip REASON: ends the scenario, because this machine lacks a prerequisite.
skip()
{
    skip_check "the whole scenario" "$1"
    FINISHED=yes
    exit 0
}

# refused CODE PATTERN SENTENCE ARGUMENT...: the program fails with this exit code. It prints exactly one error
# line, which matches the (extended) pattern. Standard output is empty, and no output contains the secret key.
# The bucket is unchanged, unfinished uploads included.
refused()
{
    local code=$1 pattern=$2 sentence=$3 got wrong=() before
    shift 3
    before=$(bucket_state)
    "$S3DOCK" "$@" >"$work/refused.out" 2>"$work/refused.err" <"${INPUT:-/dev/null}"
    got=$?
    [[ $got =~ ^$code$ ]] || wrong+=("exit code $got, expected $code")
    [ "$(grep -c '^error' "$work/refused.err")" = 1 ] || wrong+=("not exactly one error line")
    grep '^error' "$work/refused.err" | grep -qEi -- "$pattern" || wrong+=("no match for: $pattern")
    [ ! -s "$work/refused.out" ] || wrong+=("something on standard output")
    if [ -n "${AWS_SECRET_ACCESS_KEY:-}" ] &&
        grep -qF -- "$AWS_SECRET_ACCESS_KEY" "$work/refused.err" "$work/refused.out"; then
        wrong+=("the secret key is in the output")
    fi
    [ "$before" = "$(bucket_state)" ] || wrong+=("the bucket changed:" "$(bucket_state)")
    if [ ${#wrong[@]} = 0 ]; then
        pass "refused: $sentence"
    else
        fail "refused: $sentence" "s3dock $*" "${wrong[@]}" "$(head -n 8 "$work/refused.err")"
    fi
}

# choose_kills: sets KILLS, the number of kills at a random moment. In a sample, archives are packed fast.
choose_kills()
{
    KILLS=${E2E_KILLS:-1}
    [ -n "${E2E_FEW:-}" ] || return 0
    export S3DOCK_LEVEL=1
    # A sanitizer observes the resumed run, not the kill. The later cases have resumed runs, too.
    # shellcheck disable=SC2034  # scenarios read it
    [ -z "${E2E_SLOW:-}" ] || KILLS=0
}

# --- time -------------------------------------------------------------------------------------------
#
# Scenarios run on machines of any speed, beside other work. They wait for events, not for a time.

# await COMMAND...: waits until the command succeeds, at most five minutes.
await()
{
    for _ in {1..3000}; do
        ! "$@" >/dev/null 2>&1 || return 0
        sleep 0.1
    done
    return 1
}

# timed_wait PID: waits for a process. Sets `ended` to its exit code and `took` to the milliseconds. Meanwhile 20 short
# sleeps run: `delay` is how many milliseconds more than on an idle machine they took.
timed_wait()
{
    local start measure
    start=$(date +%s%N)
    {
        for _ in {1..20}; do sleep 0.01; done
        date +%s%N
    } >"$work/measure" &
    measure=$!
    wait "$1" 2>/dev/null
    # shellcheck disable=SC2034  # scenarios read it
    ended=$?
    took=$((($(date +%s%N) - start) / 1000000))
    wait $measure
    delay=$((($(cat "$work/measure") - start) / 1000000 - 300))
    [ $delay -gt 0 ] || delay=0
}

# in_time MILLISECONDS: the process of timed_wait ended in this time. A sanitizer may take four times as long, a busy
# machine ten times its `delay` more.
in_time()
{
    local times=1 limit
    [ -z "${E2E_SLOW:-}" ] || times=4
    limit=$(($1 * times + 10 * delay))
    echo "$took ms, at most $limit ms"
    [ "$took" -le $limit ]
}

# --- servers of a scenario --------------------------------------------------------------------------

at_exit()
{
    ON_EXIT=("$*" "${ON_EXIT[@]}")
}

# start_docker DIR: starts a daemon for this scenario alone and prints its address.
start_docker()
{
    "$KIT/docker" start "$1" 2>"$work/docker.log" | sed 's/^DOCKER_HOST=//'
}

# need_docker: a daemon to push from. Sets DOCKER_HOST.
need_docker()
{
    DOCKER_HOST=${E2E_DOCKER:-}
    if [ -z "$DOCKER_HOST" ]; then
        at_exit "'$KIT/docker' stop '$work/b'"
        DOCKER_HOST=$(start_docker "$work/b") || skip "no Docker daemon: $(head -n 1 "$work/docker.log")"
    fi
    export DOCKER_HOST
}

# need_edge: the daemon of another host, without images. Sets EDGE. Use: `on_edge s3dock pull ...`
need_edge()
{
    EDGE=${E2E_EDGE:-}
    if [ -z "$EDGE" ]; then
        at_exit "'$KIT/docker' stop '$work/e'"
        EDGE=$(start_docker "$work/e") || skip "no second Docker daemon: $(head -n 1 "$work/docker.log")"
    fi
    on_edge docker image prune -af >/dev/null
}

on_edge()
{
    DOCKER_HOST=$EDGE "$@"
}

# need_podman: Podman as the daemon, without images. Sets DOCKER_HOST.
need_podman()
{
    at_exit "'$KIT/podman' stop '$work/p'"
    DOCKER_HOST=$("$KIT/podman" start "$work/p" 2>"$work/podman.log" | sed 's/^DOCKER_HOST=//') ||
        skip "no Podman: $(head -n 1 "$work/podman.log")"
    export DOCKER_HOST
}

# need_s3: an empty bucket of a real S3 server. Sets BUCKET and the AWS_ variables.
need_s3()
{
    local settings=${E2E_S3:-}
    if [ -z "$settings" ]; then
        at_exit "'$KIT/ceph' stop '$work/c'"
        settings=$("$KIT/ceph" start "$work/c" 2>"$work/ceph.log") ||
            skip "no S3 server: $(head -n 1 "$work/ceph.log")"
        export E2E_S3_DIR=$work/c
    fi
    set -a
    eval "$settings"
    set +a
    use_bucket "e2e-$(basename "$0" .sh | tr -cd 'a-z0-9-' | cut -c 1-40)-$$"
    at_exit bucket empty
}

# need_store NAME: the same with another kind of server (tests/kit/store). It is skipped if that cannot be had here.
need_store()
{
    local status=0
    if [ "$1" != ceph ]; then
        at_exit "'$KIT/store' $1 stop '$work/c'"
        E2E_S3=$("$KIT/store" "$1" start "$work/c" 2>"$work/store.log") || status=$?
        [ $status != 77 ] || skip "$(tail -n 1 "$work/store.log")"
        if [ $status != 0 ]; then
            fail "the server starts" "$(tail -n 8 "$work/store.log")"
            exit 1
        fi
        export E2E_S3_DIR=$work/c
    fi
    need_s3
}

# need_git: git with a configuration of the scenario alone.
need_git()
{
    command -v git >/dev/null || skip "no git"
    export GIT_CONFIG_NOSYSTEM=1
    git config --global user.name builder
    git config --global user.email builder@example.com
    git config --global init.defaultBranch main
}

# need_directory: an empty bucket in a plain directory.
need_directory()
{
    mkdir -p "$work/store"
    export AWS_ENDPOINT_URL=file://$work/store
    use_bucket images
}

use_bucket()
{
    local name
    BUCKET=$1
    # The tests read the bucket with these variables, also if a check changes the environment.
    OWNER=()
    for name in "${!AWS_@}"; do
        OWNER+=("$name=${!name}")
    done
    bucket make
    export S3DOCK_BUCKET=$BUCKET
}

bucket()
{
    kit "${OWNER[@]}" bucket "$1" "$BUCKET" "${@:2}"
}

bucket_state()
{
    [ -z "${BUCKET:-}" ] || bucket state 2>&1
}

# --- small helpers ------------------------------------------------------------------------------------

s3dock()
{
    "$S3DOCK" "$@"
}

# kit [NAME=VALUE...] PROGRAM ARGUMENT...: runs a small program in the process of tests/kit/kit_server.
kit()
{
    local client status size problem
    exec {client}<>"/dev/tcp/127.0.0.1/$KIT_PORT" || return 1
    printf '%s\0' $(($# + 1)) "$PWD" "$@" >&"$client"
    status=1 size=0 problem="kit_server: no response"
    read -r status size problem <&"$client"
    [ "$size" = 0 ] || cat <&"$client"
    exec {client}>&-
    [ -z "$problem" ] || echo "$problem" >&2
    return "$status"
}

# json FIELD FILE: prints the first value of that name in a JSON document, at any depth. Without one it
# fails and prints nothing.
json()
{
    kit json "$1" "$2"
}

# make_image REF OUT OPTION...: as tests/kit/make_image. All scenarios and builds share equal images.
# shellcheck disable=SC2016
make_image()
{
    local made=$TOP/.run/made one
    one=$made/$({ printf '%s\n' "$1" "${@:3}" && cat "$KIT/make_image"; } | sha256sum | cut -c 1-16)
    mkdir -p "$made"
    flock "$one.lock" sh -c '[ -e "$0" ] || { "$@" && mv "$0.new" "$0"; }' \
        "$one" "$KIT/make_image" "$1" "$one.new" "${@:3}" &&
        cp "$one" "$2"
}

# has_platforms: the daemon has images of several platforms, and lists and exports each of them (API 1.48).
has_platforms()
{
    docker info -f '{{.DriverStatus}}' | grep -q io.containerd.snapshotter &&
        [ "$(printf '1.48\n%s\n' "$(docker version -f '{{.Server.APIVersion}}')" | sort -V | head -n 1)" = 1.48 ]
}

# image_id REF: prints the SHA-256 of the image's config, which graph drivers use as id. A containerd store uses the
# digest of a manifest, which differs between hosts. There the function reads the config's name from `docker save`.
image_id()
{
    if docker info --format '{{.DriverStatus}}' | grep -q io.containerd.snapshotter; then
        docker save "$1" | tar -xO manifest.json |
            python3 -c 'import json, sys; print("sha256:" + json.load(sys.stdin)[0]["Config"].rpartition("/")[2])'
    else
        docker image inspect --format '{{.Id}}' "$1"
    fi
}

# same A B: two texts are equal, and not empty: two commands that fail print the same. Otherwise it prints both.
same()
{
    if [ "$1" != "$2" ] || [ -z "$1" ]; then
        printf 'one:   %s\nother: %s\n' "$1" "$2"
        return 1
    fi
}

# empty TEXT: otherwise it prints the text.
empty()
{
    [ -z "$1" ] || {
        printf 'not empty: %s\n' "$1"
        return 1
    }
}

# same_image A B: two archives have the same image: id, references and every layer.
same_image()
{
    kit image_facts "$1" >"$work/facts.1" && kit image_facts "$2" >"$work/facts.2" &&
        diff "$work/facts.1" "$work/facts.2"
}

# nothing_left: the bucket has no unfinished upload.
nothing_left()
{
    empty "$(bucket uploads)"
}

# Print the keys of the three objects of the only image in the bucket.
archive_key()
{
    bucket list images/ | sed -n 's/^[0-9]* \(.*\.tar\.gz\)$/\1/p'
}

index_key()
{
    bucket list images/ | sed -n 's/^[0-9]* \(.*\.index\)$/\1/p'
}

metadata_key()
{
    bucket list images/ | sed -n 's/^[0-9]* \(.*\.json\)$/\1/p'
}

# round_trip: a push from one daemon and a pull into another one, with all checks.
round_trip()
{
    local ref=app:20250721-2118-f7a5a27
    "$KIT/images" small $ref
    docker save $ref >saved.tar
    check "push" s3dock push $ref
    check "the archive, its index and its metadata are in the bucket" \
        test -n "$(archive_key)" -a -n "$(index_key)" -a -n "$(metadata_key)"
    check "the key has the month of the commit" same images/app/202507/app-20250721-2118-f7a5a27.tar.gz "$(archive_key)"
    check "no unfinished upload is left" nothing_left
    check "pull into another host's daemon" on_edge s3dock pull $ref
    check "the other daemon has the same image id" same "$(image_id $ref)" "$(on_edge image_id $ref)"
    on_edge docker save $ref >edge.tar
    check "the other daemon has the same layers" same_image saved.tar edge.tar
    check "pull into a file" s3dock pull $ref --output file.tar
    check "the file has the same image" same_image saved.tar file.tar
    s3dock pull $ref --output - >pipe.tar
    check "standard output has the same bytes as the file" cmp file.tar pipe.tar
    on_edge docker image rm -f $ref >/dev/null
    check "docker load accepts the file" on_edge docker load -i file.tar
    check "the loaded file has the same image id" same "$(image_id $ref)" "$(on_edge image_id $ref)"
    s3dock pull $ref --output json.tar --json >pull.json
    check "--json states success" same true "$(json success pull.json)"
    [ -n "${E2E_SLOW:-}" ] ||
        check "--json states a peak memory of at most 128 MiB" test "$(json peak_memory_bytes pull.json)" -le 134217728
}

# --- two hosts ----------------------------------------------------------------------------------------

# elsewhere COMMAND...: on another host: with an empty home folder.
elsewhere()
{
    mkdir -p "$work/elsewhere"
    HOME=$work/elsewhere "$@"
}

# pulls REF FILE: another host gets the image of that file.
pulls()
{
    elsewhere s3dock pull "$1" --output pulled.tar && same_image "$2" pulled.tar
}

# promote_at_once ENV REF OTHER FILE: two hosts promote different images at the same moment. Each one succeeds or gets a
# conflict. FILE.one and FILE.other get the results as JSON.
promote_at_once()
{
    local one=0 other=0 first second
    s3dock promote "$2" "$1" --json >"$4.one" 2>one.err &
    first=$!
    elsewhere s3dock promote "$3" "$1" --json >"$4.other" 2>other.err &
    second=$!
    wait $first || one=$?
    wait $second || other=$?
    echo "exit codes $one and $other"
    cat one.err other.err
    [[ "$one$other" =~ ^(00|08|80)$ ]]
}

# is_whole_history ENV FILE...: the audit log of shop has every promotion that succeeded, by its result (FILE), and no
# other. The environment has one of these images.
is_whole_history()
{
    s3dock history shop "$1" --limit 100 --json >history.json || return 1
    CURRENT=$(s3dock current shop "$1") python3 - "${@:2}" <<'PYTHON'
import json, os, sys
events = [event for event in json.load(open("history.json"))["data"]["events"] if not event["overtaken"]]
done = [data for data in (json.load(open(name)).get("data") for name in sys.argv[1:]) if data and not data["skipped"]]
print(f"{len(events)} events, {len(done)} successes, now {os.environ['CURRENT']}")
sources = sorted(event["source"] for event in events)
sys.exit(sources != sorted(data["image_ref"] for data in done) or os.environ["CURRENT"] not in sources)
PYTHON
}

# --- the end ------------------------------------------------------------------------------------------

finish()
{
    local status=$? command report
    trap - EXIT
    trap '' INT TERM # a second Ctrl-C must not keep the servers up
    if [ -z "$FINISHED" ]; then
        for report in "$work"/sanitizer.*; do
            [ ! -e "$report" ] || fail "the sanitizer reports nothing" "$(head -n 30 "$report")"
        done
        [ "$status" = 0 ] || fail "the scenario runs to its end" "it stopped with $status"
        [ "$CHECKS" -gt 0 ] || fail "the scenario has at least one check"
    fi
    for command in "${ON_EXIT[@]}"; do
        eval "$command" >/dev/null 2>&1
    done
    cd "$TOP" && rm -rf "$work"
    exit $((FAILED > 0))
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
