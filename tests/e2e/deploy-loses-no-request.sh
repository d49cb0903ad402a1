#!/usr/bin/env bash
# Deployments in a row behind HAProxy, nginx and Caddy, under load: no request fails, and none reaches a container that
# has lost its requests. A restart of the container, under the same load, does lose requests.
#
# DEPLOYMENTS=100 tests/e2e/deploy-loses-no-request.sh [PROXY...]: more of them, with all their numbers on standard error.
# KEEP=FOLDER: keeps the results and the log of each proxy.
# RATE=200, OBSERVE=1s, LATE=5 (seconds). WITNESS=yes: hey (closed loop, 20 connections) beside the load.
#
# As root, or with sudo, it runs in a network name space of its own (tests/kit/apart), with a daemon in it.
if [ -z "${APART:-}" ] && "$(dirname "$0")/../kit/apart" check; then
    "$(dirname "$0")/../kit/proxy" fetch >/dev/null 2>&1 || true # the name space has no way out
    exec "$(dirname "$0")/../kit/apart" "$0" "$@"
fi
[ -z "${APART:-}" ] || unset E2E_EDGE
. "$(dirname "$0")/lib.sh"
[ -z "${E2E_SLOW:-}" ] || skip "the load leaves no time for a sanitizer"
# shellcheck source=../kit/deploy.sh
. "$KIT/deploy.sh"
# shellcheck source=../kit/kit.sh
. "$KIT/kit.sh"
need_deployments
DEPLOYMENTS=${DEPLOYMENTS:-2}
RATE=${RATE:-60}
GENERATIONS=$((DEPLOYMENTS < 5 ? DEPLOYMENTS + 1 : 5))
PROXIES=("$@")
[ $# -gt 0 ] || PROXIES=(haproxy nginx caddy)

# deploy_all ENV: the deployments, one after the other. Stops at the first that fails.
deploy_all()
{
    local env=$1 number
    for ((number = 2; number <= DEPLOYMENTS + 1; number++)); do
        promote_release $(((number - 1) % GENERATIONS + 1)) "$env" && deploy "$env" || return 1
        cat "$work/$env.json" >>"$work/$env.results"
    done
}

# start_witness ENV PORT
start_witness()
{
    [ -n "${WITNESS:-}" ] || return 0
    "$("$KIT/proxy" hey path)" -z 4h -c 20 -q 5 "http://127.0.0.1:$2/" >"$work/$1.hey" 2>&1 &
    eval "HEY_$1=$!"
    echo $! >>"$work/loads"
}

# end_witness ENV: hey prints its results on SIGINT.
end_witness()
{
    local pid=HEY_$1
    [ -n "${!pid:-}" ] || return 0
    kill -INT "${!pid}"
    wait "${!pid}"
    ! grep -q 'Error distribution' "$work/$1.hey" && [ "$(grep -c '^  \[[0-9]*\]' "$work/$1.hey")" = 1 ] &&
        grep -q '^  \[200\]' "$work/$1.hey"
}

# run_proxy ENV PORT: all steps of one proxy, in a shell of its own. The codes are in ENV.codes.
run_proxy()
{
    local deployed=0 loaded=0 witnessed=0 sockets=0
    # Caddy before 2.7 closes websockets at each change.
    [ "$1" = caddy ] || sockets=0.01
    start_load "$1" "$2" --rate "$RATE" --late "${LATE:-5}" --sockets $sockets
    start_witness "$1" "$2"
    deploy_all "$1" || deployed=$?
    sleep 0.5
    end_witness "$1" || witnessed=$?
    end_load "$1" || loaded=$?
    echo "$deployed $loaded $witnessed" >"$work/$1.codes"
}

# numbers ENV: one line for a person.
numbers()
{
    python3 - "$1" "$work" <<'PYTHON'
import json, os, re, statistics, sys
env, work = sys.argv[1:]
load = json.load(open(f"{work}/{env}.load"))
latency = load["latency"]
decoder, text, results = json.JSONDecoder(), open(f"{work}/{env}.results").read().strip(), []
while text:
    result, end = decoder.raw_decode(text)
    results.append(result["data"])
    text = text[end:].strip()
took = [sum(phase["seconds"] for phase in result["phases"]) for result in results]
print(f"{env}: {len(results)} deployments, median {statistics.median(took):.2f} s, longest {max(took):.2f} s; "
      f"{load['requests']} requests, {load['failed']} failed {load['failures'] or ''}, "
      f"{load['answers_after_leave']} after leave, {load['resent']} sent again, latency median "
      f"{latency['median'] * 1000:.1f} ms, p99 {latency['p99'] * 1000:.0f} ms, max {latency['max']:.2f} s, "
      f"longest gap {load['longest_gap']:.2f} s, own delay {load['own_delay']:.2f} s, {len(load['hosts'])} containers",
      file=sys.stderr)
if os.path.exists(f"{work}/{env}.hey"):
    hey = open(f"{work}/{env}.hey").read()
    print(f"{env}: hey:", " ".join(re.findall(r"Slowest:.*|Requests/sec:.*", hey)),
          " ".join(hey.partition("Status code distribution:")[2].split()), file=sys.stderr)
PYTHON
}

# is_complete ENV: each container has responded, and each but the last one has left.
is_complete()
{
    python3 - "$work/$1.load" "$work/$1.leaves" <<'PYTHON'
import json, sys
hosts = [host["host"] for host in json.load(open(sys.argv[1]))["hosts"]]
left = [line.split()[1] for line in open(sys.argv[2])]
print(hosts, left)
sys.exit(hosts[:-1] != left)
PYTHON
}

check_proxy()
{
    local env=$1 deployed loaded witnessed
    read -r deployed loaded witnessed <"$work/$env.codes"
    check "$env: $DEPLOYMENTS deployments succeed" show_unless "$deployed" "$work/$env.err" "$work/$env.json"
    if [ "$loaded" = 1 ] && only_queue_of_caddy "$env"; then
        skip_check "$env: no request fails" "net.ipv4.tcp_migrate_req is 0: Caddy's reload reset connections (docs/deploy/caddy.md)"
    elif [ "$loaded" = 1 ] && only_late_for_caddy "$env"; then
        skip_check "$env: no request fails" "responses took 5 s on this machine: Caddy's reload closes connections that wait so long"
    else
        check "$env: no request fails, and none reaches a container that has left" show_unless "$loaded" "$work/$env.load" "$work/$env.load.err"
    fi
    check "$env: every container answers until it leaves" is_complete "$env"
    check "$env: no container gets a second SIGTERM" no_second_signal "$env"
    [ -z "${WITNESS:-}" ] || check "$env: hey sees no failure" show_unless "$witnessed" "$work/$env.hey"
    [ "$DEPLOYMENTS" -le 2 ] || numbers "$env"
    [ -z "${KEEP:-}" ] || keep_files "$env"
}

keep_files()
{
    local file
    mkdir -p "$KEEP"
    for file in load leaves results err hey; do
        cp "$work/$1.$file" "$KEEP/$1.$file" 2>/dev/null
    done
    cp "$work/$1.proxy/log" "$KEEP/$1.log"
}

# show_unless CODE FILE...: prints the files if the code is not 0.
show_unless()
{
    [ "$1" = 0 ] || {
        tail -n 15 "${@:2}"
        return 1
    }
}

# only_queue_of_caddy ENV: Caddy closes its listener at each change, and the kernel resets the connections that wait in it.
# The sysctl prevents that; a test does not change the machine.
only_queue_of_caddy()
{
    [ "$1" = caddy ] && [ "$(cat /proc/sys/net/ipv4/tcp_migrate_req 2>/dev/null)" != 1 ] && python3 - "$work/$1.load" <<'PYTHON'
import json, sys
load = json.load(open(sys.argv[1]))
sys.exit(set(load["failures"]) != {"reset"} or load["answers_after_leave"] or load["failed"] * 50 > load["requests"])
PYTHON
}

# only_late_for_caddy ENV: at a change, Caddy's library takes a connection for unused that has sent no request for 5 s.
# On a machine that is too busy, requests wait so long to be read.
only_late_for_caddy()
{
    [ "$1" = caddy ] && python3 - "$work/$1.load" <<'PYTHON'
import json, sys
load = json.load(open(sys.argv[1]))
late = load["latency"].get("max", 0) > 5
sys.exit(not late or not set(load["failures"]) <= {"closed", "reset"} or load["answers_after_leave"])
PYTHON
}

no_second_signal()
{
    local id
    for id in $(on_edge docker ps -aq --filter "name=^$APP-$1"); do
        ! on_edge docker logs "$id" 2>&1 | grep 'second SIGTERM' || return 1
    done
}

# lost_some LOAD [KIND]: some requests succeeded, and some failed, those of this kind not counted.
lost_some()
{
    python3 - "$work/$1.load" "${2:-}" <<'PYTHON'
import json, sys
load = json.load(open(sys.argv[1]))
print(load["requests"], load["failures"])
lost = load["failed"] - load["failures"].get(sys.argv[2], 0)
sys.exit(not 0 < lost < load["requests"])
PYTHON
}

# run_aliased NAME [ALIAS]: a container of the network.
run_aliased()
{
    on_edge docker run -d --network "deploy$$" --name "$APP-$1" ${2:+--network-alias "$2"} "$IMAGE" >/dev/null
}

# load_of_alias: the load of a client in the network: each new connection asks Docker's name server for the alias.
load_of_alias()
{
    local client
    client=$(on_edge docker inspect -f '{{.State.Pid}}' "$APP-client")
    echo nameserver 127.0.0.11 >resolv.conf
    # shellcheck disable=SC2016
    as_root nsenter -t "$client" --net unshare --mount sh -c 'mount --bind "$0" /etc/resolv.conf && exec "$@"' resolv.conf \
        "$KIT/load.py" 8080 --host web --rate 60 --slow 0.05 --seconds 8 --answered "$work/alias.answered" >alias.load
}

# alias_loses: a new container takes the alias of the old one beside it, then the old one is stopped.
alias_loses()
{
    local loader
    IMAGE=$(on_edge docker inspect -f '{{.Image}}' "$APP-${running[0]##*:}") && run_aliased client && run_aliased old web || return 1
    load_of_alias &
    loader=$!
    await test -e alias.answered
    run_aliased new web && sleep 1 && on_edge docker stop -t 10 "$APP-old" >/dev/null
    wait $loader
    [ -s alias.load ] && lost_some alias late # of a busy machine
}

for ((gen = 1; gen <= GENERATIONS; gen++)); do
    make_release $gen || fail "image $gen is pushed" "$(cat "$work/push.log")"
done

running=()
declare -A fronts # proxy -> its port
for proxy in "${PROXIES[@]}"; do
    add_proxied "$proxy" "$proxy" "observe: \"${OBSERVE:-1s}\", drain: \"120s\"" || {
        skip_check "$proxy" "$(tail -n 1 "$work/$proxy.proxy.log")"
        continue
    }
    first_deployment "$proxy" || continue
    fronts[$proxy]=$FRONT
    run_proxy "$proxy" "$FRONT" &
    running+=("$!:$proxy")
done
[ ${#running[@]} -gt 0 ] || exit 0
for one in "${running[@]}"; do
    wait "${one%%:*}"
    check_proxy "${one##*:}"
done

# restarts PROXY: stops the container behind it, and starts it two seconds later, under load. On a busy machine the load
# sends its requests late, but not two seconds late.
restarts()
{
    start_load "$1" "${fronts[$1]}" --rate "$RATE"
    on_edge docker stop -t 5 "$APP-$1" && sleep 2 && on_edge docker start "$APP-$1" || return 1
    sleep 0.7
    end_load "$1"
    lost_some "$1"
}

# The load must be able to find lost requests. Caddy repeats them for 5 s, so there they are late.
check "a restart of the container loses requests, and the load reports them" restarts "${running[0]##*:}"
if as_root true 2>/dev/null; then
    check "so does a network alias that moves to another container" alias_loses
else
    skip_check "so does a network alias that moves to another container" "needs root, to send requests from a container's network"
fi
