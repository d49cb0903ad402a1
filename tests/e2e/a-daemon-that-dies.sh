#!/usr/bin/env bash
# The Docker daemon is killed while an image is exported, and while one is loaded: the command says so and ends at once, and
# when the daemon is back the same command does it.
. "$(dirname "$0")/lib.sh"
[ -z "${E2E_SLOW:-}" ] || skip "once is enough: it is the daemon that dies"
need_s3
REF=app:20250721-2118-f7a5a27
at_exit "'$KIT/docker' stop '$work/d'"
DOCKER_HOST=$(start_docker "$work/d") || skip "no Docker daemon: $(head -n 1 "$work/docker.log")"
export DOCKER_HOST

make_image $REF image.tar --size 60 --seed 5
docker load --quiet --input image.tar
id=$(image_id $REF)

# dies SECONDS ARGUMENT...: the daemon is killed when the command has run for so long.
dies()
{
    local pid started
    "$S3DOCK" "${@:2}" --no-progress >out.txt 2>err.txt &
    pid=$!
    sleep "$1"
    "$KIT/docker" kill "$work/d"
    started=$SECONDS
    wait $pid
    status=$?
    took=$((SECONDS - started))
    "$KIT/docker" again "$work/d" >again.txt 2>&1 || cat again.txt
}

told()
{
    check "$1: one line says that the daemon failed" test "$(grep -c '^error\[docker\.' err.txt)" = 1
    check "$1: exit code 10" same 10 "$status"
    check "$1: soon" test $took -le 5
}

# At so little a second both last for longer than the daemon lives.
dies 1 push $REF --source docker --limit-rate 10M
told "killed during an export"
check "no half image" same "" "$(bucket list images/ | grep -v 'tar.gz$')"
check "the same push does it" s3dock push $REF --source docker
check "no unfinished upload is left" nothing_left

docker image rm $REF >/dev/null
dies 2 pull $REF --limit-rate 10M --force
told "killed during a load"
check "no half image is in the daemon" same "" "$(docker image ls -q)"
check "the same pull does it" s3dock pull $REF
check "the image is that one" same "$id" "$(image_id $REF)"
