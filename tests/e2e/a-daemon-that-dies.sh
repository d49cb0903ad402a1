#!/usr/bin/env bash
# The Docker daemon is killed during an export and during a load. The command reports it and ends at once. After a
# restart of the daemon, the same command succeeds.
. "$(dirname "$0")/lib.sh"
[ -z "${E2E_SLOW:-}" ] || skip "the fault is in the daemon: one build is enough"
need_s3
REF=app:20250721-2118-f7a5a27
at_exit "'$KIT/docker' stop '$work/d'"
DOCKER_HOST=$(start_docker "$work/d") || skip "no Docker daemon: $(head -n 1 "$work/docker.log")"
export DOCKER_HOST

make_image $REF image.tar --size 60 --seed 5
docker load --quiet --input image.tar
id=$(image_id $REF)

# dies SECONDS ARGUMENT...: runs the command and kills the daemon after this time.
dies()
{
    local pid
    "$S3DOCK" "${@:2}" --no-progress >out.txt 2>err.txt &
    pid=$!
    sleep "$1"
    "$KIT/docker" kill "$work/d"
    timed_wait $pid
    "$KIT/docker" again "$work/d" >again.txt 2>&1 || cat again.txt
}

check_report()
{
    check "$1: one error line names Docker" test "$(grep -c '^error\[docker\.' err.txt)" = 1
    check "$1: exit code 10" same 10 "$ended"
    check "$1: the command ends within 5 s" in_time 5000
}

# With this limit, both commands last longer than the daemon.
dies 1 push $REF --source docker --limit-rate 10M
check_report "killed during an export"
check "the bucket has no incomplete image" empty "$(bucket list images/ | grep -v 'tar.gz$')"
check "the same push succeeds" s3dock push $REF --source docker
check "no unfinished upload is left" nothing_left

docker image rm $REF >/dev/null
dies 2 pull $REF --limit-rate 10M --force
check_report "killed during a load"
check "the daemon has no incomplete image" empty "$(docker image ls -q)"
check "the same pull succeeds" s3dock pull $REF
check "the daemon has the pushed image" same "$id" "$(image_id $REF)"
