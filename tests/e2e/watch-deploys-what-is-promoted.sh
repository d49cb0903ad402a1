#!/usr/bin/env bash
# s3dock watch --deploy: a promoted image serves soon after, without a lost request. A bad image does not, and is not
# tried again. A rollback on the host is not undone. A watcher that is stopped or killed at any time leaves nothing that
# its next start cannot continue.
#
# KILLS=20 tests/e2e/watch-deploys-what-is-promoted.sh: more signals, at other moments of a deployment.
. "$(dirname "$0")/lib.sh"
# shellcheck source=../kit/deploy.sh
. "$KIT/deploy.sh"
need_deployments
KILLS=${KILLS:-2}
add_proxied watched haproxy 'observe: "500ms", drain: "5s", stop: "2s", keep: 1' || skip "no HAProxy: $(tail -n 1 "$work/watched.proxy.log")"
python3 "$KIT/service_manager.py" --socket "$work/notify" --log manager.log &
# shellcheck disable=SC2034  # used at the exit
MANAGER=$!
# shellcheck disable=SC2016
at_exit 'kill $MANAGER $WATCH $SECOND 2>/dev/null'
for gen in 1 2 3; do
    check "push generation $gen" make_release $gen
done
check "push a generation that ends at once" make_release 4 "ENV EXIT_CODE=3"
promote_release 1 watched

# watch NAME [ARGUMENT...]: starts a watcher; sets WATCH.
watch()
{
    local name=$1
    shift
    DOCKER_HOST=$EDGE NOTIFY_SOCKET=$work/notify WATCHDOG_USEC=6000000 "$S3DOCK" watch --deploy --interval 1s \
        --metrics "$work/s3dock.prom" "$@" >>"$name.jsonl" 2>>"$name.err" &
    WATCH=$!
}

# serves GEN: the proxy leads to this generation.
serves()
{
    curl -fsS -m 2 "http://127.0.0.1:$FRONT/" | grep -q "^gen=$1 "
}

# running NUMBER: so many containers of the deployment run.
running()
{
    [ "$(on_edge docker ps -q --filter "name=^$APP-" | wc -l)" = "$1" ]
}

# events: prints the events and their generations.
events()
{
    python3 -c 'import json,sys
for line in sys.stdin:
    change = json.loads(line)
    print(change["event"], int(change["image_ref"][-7:] or 0), change.get("error", {}).get("code", ""))' <first.jsonl
}

# has_event EVENT [NUMBER]: so many times, or more (1).
has_event()
{
    [ "$(events | grep -c "^$1")" -ge "${2:-1}" ]
}

# stopped_in_time: ends the watcher with SIGTERM.
stopped_in_time()
{
    kill -TERM $WATCH
    timed_wait $WATCH
    [ "$ended" = 0 ] && in_time 2000
}

watch first
check "the first image is deployed" await serves 1
start_load watched "$FRONT" --rate 40 --late 5
promote_release 2 watched
check "what is promoted serves" await serves 2
check "its deployment ends" await has_event "deployed 2"
# The record promises the next one at once, so that a host that is lost a minute later counts as silent.
# recorded: the document of this host has both.
recorded()
{
    tr -d ' \n' <"$(echo "$work/store/images/deployments/$APP/watched/"*.json)" |
        grep -Eq '"heartbeat_seconds":900,.*"version":"[0-9]|"version":"[0-9].*"heartbeat_seconds":900'
}
check "its record names the heartbeat and the version" await recorded
promote_release 4 watched
check "a bad image is reported" await has_event "failed 4 exited"
polls=$(grep -c WATCHDOG manager.log)
check "what served before serves" serves 2

# The failure is remembered: for more than ten polls nothing is created.
created=$(on_edge docker ps -aq --filter "name=^$APP-" | sort)
sleep 12
check "the bad image is not tried again" same "$created" "$(on_edge docker ps -aq --filter "name=^$APP-" | sort)"
check "nor is it reported again" same 1 "$(events | grep -c '^failed')"
check "status marks the host as failed, with the cause" grep -q 'failed.*deploy\.exited' <(s3dock status "$APP" watched)
check "the metrics state that the host is behind" grep -q '^s3dock_deploy_behind.* 1$' s3dock.prom
check "the watchdog is served meanwhile" test "$(grep -c WATCHDOG manager.log)" -gt "$polls"
promote_release 3 watched
check "the next image is deployed" await has_event "deployed 3"

# A rollback by hand. It waits until the watcher has recorded its deployment. The load does not get
# the list of containers that have left: a deployment may start a retired one again.
check "a rollback on the host" on_edge s3dock deploy "$APP" watched --rollback --wait 1m
check "what served before the last deployment serves" serves 2
sleep 4
check "the watcher does not undo it" serves 2
check "the metrics name the hold" await grep -q '^s3dock_deploy_held.* 1$' s3dock.prom
promote_release 1 watched
check "the next promotion ends the hold" await serves 1
check "its deployment ends" await has_event "deployed 1" 2 # the first one was at the beginning

# Two watchers: one deploys, the other waits and finds the work done.
# deployments: prints how often 1 was replaced by 2.
deployments()
{
    cat first.jsonl second.jsonl | grep -c "\"event\":\"deployed\".*$(ref_of 2)\",\"previous_ref\":\"$(ref_of 1)"
}

# deployed_again NUMBER
deployed_again()
{
    [ "$(deployments)" -ge "$1" ]
}
SECOND=$WATCH
watch second
before=$(deployments)
promote_release 2 watched
check "with two watchers, what is promoted serves" await serves 2
check "the deployment of one of them ends" await deployed_again $((before + 1))
sleep 3 # polls of the other one
check "it was deployed once" same $((before + 1)) "$(deployments)"
check "SIGTERM ends a watcher in time" stopped_in_time
WATCH=$SECOND
check "and the other" stopped_in_time
SECOND=

# Signals in the middle of a deployment.
generation=2
for ((kill = 1; kill <= KILLS; kill++)); do
    generation=$((generation % 3 + 1))
    watch "kill$kill"
    sleep 0.7
    promote_release $generation watched
    await grep -q "pulled" "kill$kill.jsonl"
    sleep "$(python3 -c "print(round(2.6 * ($kill - 0.5) / $KILLS, 2))")"
    if ((kill % 2)); then
        check "SIGTERM $kill: in time" stopped_in_time
    else
        kill -KILL $WATCH
        wait $WATCH 2>/dev/null
    fi
    phase=$(grep -o "STATUS=.*" manager.log | tail -n 1)
    watch "after$kill"
    check "signal $kill ($phase): the next start completes it" await serves $generation
    check "signal $kill: one container serves, one is kept" await running 1
    check "signal $kill: the document of this host has the image" await s3dock status "$APP" watched --check
    check "signal $kill: the watcher ends" stopped_in_time
done
# no_request_failed: prints the reasons.
no_request_failed()
{
    end_load watched || { tail -n 12 "$work/watched.load" "$work/watched.load.err" && false; }
}

check "no request failed" no_request_failed
