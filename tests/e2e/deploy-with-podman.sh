#!/usr/bin/env bash
# Deployments with Podman: a new image, bad ones, rollbacks. Podman before 5.1 cannot change a restart policy, and
# restarts containers that end by themselves: neither a failed candidate nor a retired container may run in the end. A
# policy that needs more than it can do is refused, with the reason.
. "$(dirname "$0")/lib.sh"
# shellcheck source=../kit/deploy.sh
. "$KIT/deploy.sh"
need_podman
# shellcheck disable=SC2034  # need_deployments uses them
E2E_DOCKER=$DOCKER_HOST E2E_EDGE=$DOCKER_HOST
need_deployments
read -r BLUE GREEN < <(free_ports 2)
NAME=$APP-site
add_container site.json5
add_entry site "container: \"site.json5\", port: 8080, slots: [$BLUE, $GREEN],
    health: { http: \"/healthz\", within: \"3s\" }, observe: \"1s\", drain: \"1s\", stop: \"3s\","

make_releases()
{
    make_release 1 && make_release 2 && make_release 3 "ENV UNHEALTHY=yes" && make_release 4 "ENV EXIT_CODE=3" &&
        make_release 5 "ENV ONCE=/tmp/once"
}

# running: the names of the containers that run.
running()
{
    docker ps --filter "name=$NAME" --format '{{.Names}}' | xargs
}

# containers: the names of all containers.
containers()
{
    docker ps -a --filter "name=$NAME" --format '{{.Names}}' | sort | xargs
}

check "the images are in the bucket" make_releases
promote_release 1 site
check "the first deployment" deploy site --blue-green
check "the first version serves" same 1 "$(generation)"
promote_release 2 site
check "a blue-green deployment" deploy site --blue-green
check "the second version serves" same 2 "$(generation)"
check "the first one is stopped" same "$NAME" "$(running)"
promote_release 3 site
check "a candidate that never gets healthy: exit code 11" exits 11 deploy site --blue-green
check "the second version still serves" same 2 "$(generation)"
check "the candidate is stopped" same "$NAME" "$(running)"
promote_release 4 site
check "a candidate that ends: exit code 11" exits 11 deploy site --blue-green
check "the message has its log" grep -q 'ends with code 3' site.json
check "the second version still serves" same 2 "$(generation)"
check "Podman does not start the candidate again" same "$NAME $NAME.g1.retired" "$(containers)"
check "a rollback" deploy site --rollback
check "the first version serves again" same 1 "$(generation)"
check "its container is the retired one" same 1 "$(python3 -c 'import json, sys
print(json.load(open(sys.argv[1]))["data"]["units"][0]["generation"])' site.json)"

promote_release 5 site
check "a version that does not start twice" deploy site --blue-green
promote_release 1 site
check "its successor" deploy site --blue-green
check "a rollback to it makes a new container" deploy site --rollback
check "because the retired one ended" grep -q 'taking the new one back' "$work/site.err"
check "it serves" same 5 "$(generation)"
check "Podman starts nothing else again" same "$NAME" "$(running)"
check "the container that served before is kept" same 1 "$(docker ps -a --filter "name=$NAME.*retired" \
    --format '{{.Image}}' | xargs | grep -c "$(ref_of 1)")"

add_container site.json5 'RestartPolicy: { Name: "always" },'
promote_release 2 site
if deploy site; then # Podman 5.1
    check "a restart policy that is changed" same 2 "$(generation)"
else
    check "a policy that this Podman cannot change: exit code 12" exits 12 deploy site
    check "its error code" same unsupported.update "$(json error_code site.json)"
    check "the message names the capability" grep -q 'cannot change the restart policy' site.json
    check "the hint names the policy that works" grep -q 'set the restart policy.*unless-stopped' site.json
    check "what served before serves" same 5 "$(generation)"
fi
FINISHED=yes
