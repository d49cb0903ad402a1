#!/usr/bin/env bash
# A host of its own: its disk is small, it restarts, and a directory of its containers vanishes. The exit codes 9 and 13,
# and the complaints that need a daemon that can be killed.
. "$(dirname "$0")/lib.sh"
# shellcheck source=../kit/deploy.sh
. "$KIT/deploy.sh"
# shellcheck source=../kit/kit.sh
. "$KIT/kit.sh"
HOST=$work/disk/d
mkdir disk
as_root mount -t tmpfs -o size=256m,mode=755 tmpfs disk 2>mount.log || skip "no file system for a small disk: $(cat mount.log)"
at_exit "as_root umount -l '$work/disk'"
as_root chown "$(id -u)" disk
at_exit "'$KIT/docker' stop '$HOST'"
E2E_EDGE=$(start_docker "$HOST") || skip "no Docker daemon: $(head -n 1 docker.log)"
need_deployments
read -r BLUE GREEN WEB < <(free_ports 3)
NAME=$APP-site

# entry [KEY: VALUE, ...]
entry()
{
    ENTRIES=()
    add_entry site "container: \"site.json5\", port: 8080, slots: [$BLUE, $GREEN],
        health: { http: \"/healthz\", within: \"10s\" }, observe: \"1s\", drain: \"1s\", stop: \"3s\", $*"
}

# fails CODE PATTERN COMMAND...: the command ends with this exit code, and its messages match.
fails()
{
    local code=$1 pattern=$2 got=0
    shift 2
    "$@" >fails.out 2>fails.err || got=$?
    if ! same "$code" "$got" || ! grep -qEi -- "$pattern" fails.err; then
        cat fails.err
        return 1
    fi
}

# deploys OPTION...
deploys()
{
    on_edge s3dock deploy "$@" "$APP" site
}

has_nothing_to_do()
{
    deploys --progress none | grep -q 'nothing to do'
}

running()
{
    on_edge docker ps --filter "name=^$NAME" --format '{{.Names}}' | sort | xargs
}

serves()
{
    same "$1 $NAME" "$(generation) $(running)"
}

make_releases()
{
    make_release 1 && make_release 2 && make_release 3 && make_release 4
}

add_container site.json5
entry
check "the images are in the bucket" make_releases
promote_release 1 site
check "the first deployment works" deploys

# --- a full disk (exit code 9) --------------------------------------------------------------------------

promote_release 2 site
FREE=$(stat -f -c "%a * %S" disk)
as_root head -c $((FREE - 4000000)) /dev/zero >disk/filler
check "without room the exit code is 9, and the message states how much is missing" fails 9 'disk.*needs [0-9]+ MB' deploys
check "the first version serves" serves 1
check "nothing was created" same 1 "$(on_edge docker ps -aq --filter "name=^$NAME" | wc -l)"
as_root rm -f disk/filler
check "with room the same command deploys" deploys
check "the second version serves" serves 2

# --- a restart of the host -------------------------------------------------------------------------------

# All processes end. (A daemon that finds running containers stops them, and records that as a stop by the user.)
restart_host()
{
    local processes
    processes=$(on_edge docker ps -q | DOCKER_HOST=$EDGE xargs docker inspect -f '{{.State.Pid}}')
    "$KIT/docker" kill "$HOST" && as_root xargs kill -KILL <<<"$processes" && "$KIT/docker" again "$HOST" >/dev/null
}

check "the daemon and all containers end, and the daemon starts" restart_host
for _ in {1..60}; do
    ! serves 2 >/dev/null 2>&1 || break
    sleep 0.5
done
check "c12: the version that served is back, and no other one" serves 2
check "the next deployment has nothing to do" has_nothing_to_do

# --- the URL that must respond ---------------------------------------------------------------------------

promote_release 3 site
entry "verify: \"http://127.0.0.1:$WEB/\","
check "a URL that does not respond takes the candidate back" fails 11 "deploy\.observe.*$WEB" deploys
check "the second version serves again" serves 2
(cd home && exec python3 -m http.server --bind 127.0.0.1 "$WEB" >"$work/web.log" 2>&1) &
at_exit "kill $!"
await curl -fsS -o web.html "http://127.0.0.1:$WEB/"
check "a URL that responds lets it pass" deploys
check "the third version serves" serves 3
check "the URL was requested" grep -q 'GET / HTTP' web.log

# --- what the containers of the host have in common ------------------------------------------------------

entry
promote_release 4 site
on_edge docker run -d --name "$APP-sidecar" --network "container:$NAME" -e PORT=8081 "$(ref_of 3)" >/dev/null
check "c22: a container in the network of the one that serves is named" fails 2 "usage\.judge.*$APP-sidecar" deploys
check "c22: both still run" same "$APP-sidecar $NAME" "$(on_edge docker ps --format '{{.Names}}' | sort | xargs)"
on_edge docker rm -f "$APP-sidecar" >/dev/null
printf '{ HostConfig: { NetworkMode: "deploy%s" }, NetworkingConfig: { EndpointsConfig: { deploy%s: { IPAMConfig: { IPv4Address: "%s" } } } } }\n' \
    $$ $$ "$(on_edge docker network inspect -f '{{(index .IPAM.Config 0).Subnet}}' "deploy$$" | sed 's|0/24|77|')" >"$HOME/.s3dock/site.json5"
check "c21: an address that two containers cannot have is refused" fails 2 'usage\.judge.*address' deploys
check "the third version serves still" serves 3

# --- nothing serves (exit code 13) -----------------------------------------------------------------------

# The directory vanishes while both containers exist, so neither of them can start.
mkdir shared
add_container site.json5 "Mounts: [{ Type: \"bind\", Source: \"$work/shared\", Target: \"/data\" }]"
entry 'order: "stop-first",'
check "a stop-first deployment works" deploys
entry "order: \"stop-first\", before_switch: [\"/bin/rm\", \"-r\", \"$work/shared\"],"
check "if neither version starts, the exit code is 13" fails 13 'down\.serving.*nothing of' deploys --force
check "nothing runs" empty "$(running)"
mkdir shared
entry 'order: "stop-first",'
check "the next deployment works" deploys
check "the fourth version serves" serves 4

# --- an image that was pushed again ----------------------------------------------------------------------

push_again()
{
    tar -C "$work/image" --owner=0 --group=0 -c . | docker import -c "ENV GEN=again" -c 'CMD ["/app"]' - "$(ref_of 4)" >/dev/null &&
        s3dock push --force "$(ref_of 4)" && docker image rm "$(ref_of 4)" >/dev/null
}

check "the same reference gets other bytes" push_again
check "a deployment compares references, and has nothing to do" has_nothing_to_do
check "--force deploys the other bytes" deploys --force
check "they serve" serves again

FINISHED=yes
