#!/usr/bin/env bash
# A deployment is killed at each of its deeds, with a real daemon, a real proxy and a load. No request fails, the old
# container is not stopped before the commit, and the same command again completes the deployment. At the same deeds,
# the journal is damaged, the proxy restarts, the daemon is killed, or the host reboots. The image is bad, or the signal
# is SIGTERM.
#
# KILLS=all tests/e2e/deploy-survives-kills.sh [PROXY...]: every deed, before, within and after it, in both orders.
# Also of a rollback, of a transfer, and of a deployment with two units, behind the first proxy.
# Without it, a deed of each phase of the journal. SHARE=0.25: of all points so many.
# ORDERS="start-first stop-first units". GROUPS_OF_KILLS=kills,terms,journal,rollback,control,bad,proxy,pull,daemon,reboot.
# NOTES=FILE: gets each problem at once. RATE=40.
#
# As root, or with sudo, it runs in a network name space of its own (tests/kit/apart).
PATH=$PATH:/usr/sbin:/sbin
if [ $# = 0 ]; then
    set -- haproxy
    [ "${KILLS:-}" != all ] || set -- haproxy nginx caddy
fi
if [ -z "${APART:-}" ] && "$(dirname "$0")/../kit/apart" check; then
    "$(dirname "$0")/../kit/proxy" fetch >/dev/null 2>&1 || true # the name space has no way out
    exec "$(dirname "$0")/../kit/apart" "$0" "$@"
fi
. "$(dirname "$0")/lib.sh"
[ -z "${E2E_SLOW:-}" ] || skip "a sanitizer has its own memory: calls are not counted"
# shellcheck source=../kit/deploy.sh
. "$KIT/deploy.sh"
FAULTY=$(dirname "$(dirname "$S3DOCK")")/tests/libfaulty.so
[ -e "$FAULTY" ] || skip "this build has no libfaulty.so"
# The daemon is killed. It pushes and deploys, so that there is one only.
at_exit "'$KIT/docker' stop '$work/d'"
E2E_EDGE=$(start_docker "$work/d") || skip "no Docker daemon: $(head -n 1 "$work/docker.log")"
E2E_DOCKER=$E2E_EDGE
need_deployments

# keep_image GEN: an unlabelled container keeps the image: a deployment then has no transfer, whose number of calls
# differs from run to run.
keep_image()
{
    on_edge s3dock pull "$(ref_of "$1")" >"$work/pull.log" 2>&1 && docker create --name "$APP-keeps-$1" "$(ref_of "$1")" >/dev/null
}

for gen in 1 2 3 4; do
    { make_release $gen && keep_image $gen; } || fail "image $gen is pushed and pulled" "$(cat "$work/push.log" "$work/pull.log")"
done
{ make_release 8 "ENV EXIT_CODE=3" && keep_image 8; } || fail "the image that ends is pushed"
{ make_release 9 "ENV UNHEALTHY=yes" && keep_image 9; } || fail "the image that is never ready is pushed"

# add_lane ENV PROXY ORDER [UNITS NAMES]: a deployment that serves generation 1.
add_lane()
{
    local env=$1 order="order: \"$3\","
    [ -z "${4:-}" ] || order=
    add_proxied "$env" "$2" "$order observe: \"200ms\", drain: \"120s\", stop: \"20s\"" "${4:-}" || {
        skip_check "$env" "$(tail -n 1 "$work/$env.proxy.log")"
        return
    }
    first_deployment "$env" || return 0
    LANES+=("$env:$2:$3:$FRONT${5:+:$5}")
}

LANES=()
orders=${ORDERS:-start-first stop-first}
[ "${KILLS:-}" != all ] || orders=${ORDERS:-start-first stop-first units}
for proxy in "$@"; do
    for order in $orders; do
        case $order in
        units)
            [ "$proxy" = "$1" ] || continue
            add_container worker.json5
            add_lane "$proxy-units" "$proxy" start-first \
                'worker: { container: "worker.json5", order: "stop-first", health: { uptime: "1s" } }' web,worker
            ;;
        *) add_lane "$proxy-${order%-first}" "$proxy" "$order" ;;
        esac
    done
done
[ ${#LANES[@]} -gt 0 ] || exit 0

# Only a transfer uses these. Each has a layer of its own.
for gen in ${KILLS:+5 6 7}; do
    head -c 1000000 /dev/urandom >"$work/image/data/blob"
    make_release "$gen" || fail "image $gen is pushed" "$(cat "$work/push.log")"
done

more=()
[ "${KILLS:-}" != all ] || more=(--all)
DOCKER_HOST=$EDGE "$KIT/deploy_kills.py" --work "$work" --docker "$work/d" --faulty "$FAULTY" --program "$S3DOCK" \
    --app "$APP" --groups "${GROUPS_OF_KILLS:-kills,terms,journal,rollback,control,bad,proxy,pull,daemon,reboot}" --share "${SHARE:-1}" \
    --rate "${RATE:-40}" ${NOTES:+--notes "$NOTES"} "${more[@]}" "${LANES[@]}" >"$work/kills.out" 2>"$work/kills.err" || true
[ ! -s "$work/kills.err" ] || fail "the points run" "$(tail -n 5 "$work/kills.err")"
while read -r verdict rest; do
    case $verdict in
    ok) pass "$rest" ;;
    not) fail "${rest#ok }" ;;
    *) echo "$verdict $rest" ;;
    esac
done <"$work/kills.out"
[ -s "$work/kills.out" ] || fail "there is at least one point"
FINISHED=yes
