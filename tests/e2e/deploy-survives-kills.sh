#!/usr/bin/env bash
# A deployment is killed at each of its deeds, with a real daemon, a real proxy and a load. No request fails, what
# served is not stopped before the commit, and the same command again completes the deployment. The journal is damaged
# there, the proxy restarts, the daemon is killed, the host reboots, the image is bad, or the signal is SIGTERM.
#
# KILLS=all tests/e2e/deploy-survives-kills.sh [PROXY...]: every deed, before, within and after it, in both orders.
# Without it, a deed of each phase of the journal. SHARE=0.25: of all points so many. ORDERS="start-first stop-first".
# GROUPS_OF_KILLS=kills,terms,journal,bad,proxy,daemon,reboot. NOTES=FILE: gets each problem at once. RATE=40.
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

LANES=()
for proxy in "$@"; do
    for order in ${ORDERS:-start-first stop-first}; do
        env=$proxy-${order%-first}
        add_proxied "$env" "$proxy" "order: \"$order\", observe: \"200ms\", drain: \"3s\", stop: \"5s\"" || {
            skip_check "$env" "$(tail -n 1 "$work/$env.proxy.log")"
            continue
        }
        promote_release 1 "$env"
        deploy "$env" || {
            fail "$env: the first deployment" "$(cat "$work/$env.err" "$work/$env.json")"
            continue
        }
        LANES+=("$env:$proxy:$order:$FRONT")
    done
done
[ ${#LANES[@]} -gt 0 ] || exit 0

more=()
[ "${KILLS:-}" != all ] || more=(--all)
DOCKER_HOST=$EDGE "$KIT/deploy_kills.py" --work "$work" --docker "$work/d" --faulty "$FAULTY" --program "$S3DOCK" \
    --app "$APP" --groups "${GROUPS_OF_KILLS:-kills,terms,journal,bad,proxy,daemon,reboot}" --share "${SHARE:-1}" \
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
