# shellcheck shell=bash
# lib.sh - what every scenario starts with: `. "$(dirname "$0")/lib.sh"`.
#
# A scenario is a script that says what it needs (need_docker, need_edge, need_s3, need_directory), does
# something with the program, and checks it. Every check prints one line, "ok N - sentence" or
# "not ok N - sentence" with the reason below, and all are counted; a scenario that ends early is itself a
# failed check. The servers come from `./dev test` (E2E_DOCKER, E2E_EDGE, E2E_S3) or, when a scenario is run
# by hand, are started for it and stopped with it (the same for E2E_S3_DIR, where that server lives).
#
# The program under test is $S3DOCK (default build/s3dock); E2E_SLOW says that a sanitizer slows it down.
set -uo pipefail

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
KIT=$TOP/tests/kit
S3DOCK=$(realpath "${S3DOCK:-$TOP/build/s3dock}")
export S3DOCK

mkdir -p "$TOP/.run"
work=$(mktemp -d "$TOP/.run/e2e.XXXXXX")
cd "$work" || exit 1
# Nothing of the person who runs this: no configuration, no credentials, no Docker context.
mkdir home
export HOME=$work/home
unset XDG_CONFIG_HOME XDG_CACHE_HOME XDG_STATE_HOME DOCKER_HOST DOCKER_CONTEXT AWS_PROFILE AWS_REGION \
    AWS_SESSION_TOKEN "${!S3DOCK_@}" 2>/dev/null
export NO_COLOR=1
# A sanitizer that finds something writes it down where finish() looks.
for sanitizer in ASAN UBSAN TSAN LSAN; do
    declare -x "${sanitizer}_OPTIONS=log_path=$work/sanitizer:exitcode=99:halt_on_error=1:print_stacktrace=1"
done

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

# into FILE COMMAND...: its standard output in the file; notes on standard error are not part of it.
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

# skip_check SENTENCE REASON: one check that cannot be made here; counted as skipped, not as passed.
skip_check()
{
    CHECKS=$((CHECKS + 1))
    echo "ok $CHECKS - $1 # SKIP $2"
}

# skip REASON: what this scenario needs is not here; says so and ends it.
skip()
{
    skip_check "the whole scenario" "$1"
    FINISHED=yes
    exit 0
}

# refused CODE PATTERN SENTENCE ARGUMENT...: the program fails with this exit code; the first line it says
# is one clear error line that matches the (extended) pattern; standard output stays empty; no secret shows;
# and the bucket is as it was, unfinished uploads included.
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
        pass "$sentence"
    else
        fail "$sentence" "s3dock $*" "${wrong[@]}" "$(head -n 8 "$work/refused.err")"
    fi
}

# --- what a scenario needs --------------------------------------------------------------------------

at_exit()
{
    ON_EXIT=("$*" "${ON_EXIT[@]}")
}

# start_docker DIR: a daemon for this scenario alone; prints its address.
start_docker()
{
    "$KIT/docker" start "$1" 2>"$work/docker.log" | sed 's/^DOCKER_HOST=//'
}

# A daemon to push from: DOCKER_HOST.
need_docker()
{
    DOCKER_HOST=${E2E_DOCKER:-}
    if [ -z "$DOCKER_HOST" ]; then
        at_exit "'$KIT/docker' stop '$work/b'"
        DOCKER_HOST=$(start_docker "$work/b") || skip "no Docker daemon: $(head -n 1 "$work/docker.log")"
    fi
    export DOCKER_HOST
}

# Another host's daemon, empty at first: EDGE. `on_edge docker images`, `on_edge s3dock pull ...`
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

# Podman as the daemon, with no images: DOCKER_HOST.
need_podman()
{
    at_exit "'$KIT/podman' stop '$work/p'"
    DOCKER_HOST=$("$KIT/podman" start "$work/p" 2>"$work/podman.log" | sed 's/^DOCKER_HOST=//') ||
        skip "no Podman: $(head -n 1 "$work/podman.log")"
    export DOCKER_HOST
}

# A bucket of a real S3 server, empty: BUCKET and the AWS_ variables.
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

# The same in a plain directory.
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
    # The tests look into the bucket with these, whatever a check makes of the environment.
    OWNER=()
    for name in "${!AWS_@}"; do
        OWNER+=("$name=${!name}")
    done
    bucket make
    export S3DOCK_BUCKET=$BUCKET
}

bucket()
{
    env "${OWNER[@]}" "$KIT/bucket" "$1" "$BUCKET" "${@:2}"
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

# json FIELD FILE: the first value of that name in a JSON document, wherever it stands.
json()
{
    python3 - "$1" "$2" <<'PYTHON'
import json, sys

def find(node, name):
    if isinstance(node, dict) and name in node:
        return node[name]
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else []:
        found = find(child, name)
        if found is not None:
            return found

value = find(json.load(open(sys.argv[2])), sys.argv[1])
print(json.dumps(value) if isinstance(value, (dict, list, bool)) else value)
PYTHON
}

# make_image REF OUT OPTION...: as tests/kit/make_image; equal ones are made once, for all scenarios and builds.
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

# The SHA-256 of the image's config: what graph drivers call its id. A containerd store's id is that of a manifest,
# which differs from host to host; there the config is looked up in what the daemon saves.
image_id()
{
    if docker info --format '{{.DriverStatus}}' | grep -q io.containerd.snapshotter; then
        docker save "$1" | tar -xO manifest.json |
            python3 -c 'import json, sys; print("sha256:" + json.load(sys.stdin)[0]["Config"].rpartition("/")[2])'
    else
        docker image inspect --format '{{.Id}}' "$1"
    fi
}

# same A B: two texts are equal; says both when not.
same()
{
    [ "$1" = "$2" ] || {
        printf 'one:   %s\nother: %s\n' "$1" "$2"
        return 1
    }
}

# same_image A B: two archives hold the same image: id, references and every layer.
same_image()
{
    "$KIT/image_facts" "$1" >"$work/facts.1" && "$KIT/image_facts" "$2" >"$work/facts.2" &&
        diff "$work/facts.1" "$work/facts.2"
}

# nothing_left: no unfinished upload, no temporary file of the store.
nothing_left()
{
    same "" "$(bucket uploads)"
}

# The keys of the image's three objects (of the one image in the bucket).
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

# The main job, from one daemon to another, checked from every side.
round_trip()
{
    local ref=app:20250721-2118-f7a5a27
    "$KIT/images" small $ref
    docker save $ref >saved.tar
    check "push" s3dock push $ref
    check "the archive, its index and its metadata are in the bucket" \
        test -n "$(archive_key)" -a -n "$(index_key)" -a -n "$(metadata_key)"
    check "under the month of the commit" same images/app/202507/app-20250721-2118-f7a5a27.tar.gz "$(archive_key)"
    check "no unfinished upload is left" nothing_left
    check "pull into another host's daemon" on_edge s3dock pull $ref
    check "the same image id there" same "$(image_id $ref)" "$(on_edge image_id $ref)"
    on_edge docker save $ref >edge.tar
    check "the same layers there" same_image saved.tar edge.tar
    check "pull into a file" s3dock pull $ref --output file.tar
    check "the same image in the file" same_image saved.tar file.tar
    s3dock pull $ref --output - >pipe.tar
    check "standard output gives the same bytes" cmp file.tar pipe.tar
    on_edge docker image rm -f $ref >/dev/null
    check "docker load takes the file" on_edge docker load -i file.tar
    check "as the same image" same "$(image_id $ref)" "$(on_edge image_id $ref)"
    s3dock pull $ref --output json.tar --json >pull.json
    check "--json tells of success" same true "$(json success pull.json)"
    [ -n "${E2E_SLOW:-}" ] ||
        check "and of peak memory under 128 MiB" test "$(json peak_memory_bytes pull.json)" -le 134217728
}

# --- the end ------------------------------------------------------------------------------------------

finish()
{
    local status=$? command report
    trap - EXIT
    trap '' INT TERM # a second Ctrl-C must not keep the servers up
    if [ -z "$FINISHED" ]; then
        for report in "$work"/sanitizer.*; do
            [ ! -e "$report" ] || fail "the sanitizer is silent" "$(head -n 30 "$report")"
        done
        [ "$status" = 0 ] || fail "the scenario runs to its end" "it stopped with $status"
        [ "$CHECKS" -gt 0 ] || fail "the scenario checks something"
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
