#!/usr/bin/env bash
# s3dock watch: it pulls the image of an environment, and each image that the environment means later. No failure of
# the bucket stops the watcher or a container. It asks the bucket once an interval, and reports to systemd.
. "$(dirname "$0")/lib.sh"
need_docker
for n in 1 2 3; do
    REF[n]=follow:2026010$n-1000-abcdef$n
    make_image "${REF[n]}" "image$n.tar" --size 1 --layers 1 --seed "9$n"
done
at_exit "docker image rm -f ${REF[*]} >/dev/null 2>&1"
export AWS_ACCESS_KEY_ID=AKEXAMPLE AWS_SECRET_ACCESS_KEY=secret-of-the-watcher S3DOCK_BUCKET=images

# start_bucket: starts the server, on the same port after the first time.
start_bucket()
{
    rm -f port
    python3 "$KIT/fake_s3.py" --port-file port --log requests.log --bucket images --access-key AKEXAMPLE \
        --secret-key secret-of-the-watcher 2>store.err &
    SERVER=$!
    await test -s port
    S3DOCK_ENDPOINT=http://127.0.0.1:$(cat port)
    export S3DOCK_ENDPOINT
}

start_bucket
# shellcheck disable=SC2016
at_exit 'kill $SERVER $MANAGER $WATCH 2>/dev/null'
python3 "$KIT/service_manager.py" --socket "$work/notify" --log manager.log &
# shellcheck disable=SC2034  # used at the exit
MANAGER=$!
await grep -q LISTENING manager.log
for n in 1 2 3; do
    check "push image $n" s3dock push "${REF[n]}" --input "image$n.tar" --quiet
done
check "the environment means image 1" s3dock promote "${REF[1]}" production --quiet

# watch ARGUMENT...: starts the watcher as systemd does.
watch()
{
    NOTIFY_SOCKET=$work/notify WATCHDOG_USEC=1000000 "$S3DOCK" watch follow production --interval 1s \
        --metrics "$work/s3dock.prom" "$@" >>changes.jsonl 2>>watch.err &
    WATCH=$!
}

# rules JSON: sets how the bucket responds to requests from now on.
rules()
{
    curl -fsS -d "{\"rules\": $1}" "$S3DOCK_ENDPOINT/.fake" >/dev/null
}

# has IMAGE: the daemon has it, and the hook ran for it.
has()
{
    docker image inspect "$1" && grep -q "^follow production $1 " hook.log
}

# metric NAME VALUE: the file of the metrics has it.
metric()
{
    grep -q "^s3dock_$1.* $2\$" s3dock.prom
}

# shellcheck disable=SC2016  # the hook expands it
watch --hook 'echo "$S3DOCK_APP $S3DOCK_ENV $S3DOCK_IMAGE ${NOTIFY_SOCKET:-none}" >>'"$work/hook.log"
check "the manager learns that the service is ready" await grep -q ' READY=1' manager.log
check "the first image is pulled" await has "${REF[1]}"
check "the environment moves" s3dock promote "${REF[2]}" production --quiet
check "the next image is pulled" await has "${REF[2]}"
check "one line of JSON for each change" same "pulled ${REF[1]}
pulled ${REF[2]}" "$(python3 -c 'import json,sys
for line in sys.stdin:
    change = json.loads(line)
    print(change["event"], change["image_ref"])' <changes.jsonl)"
check "the hook does not get the socket of the manager" test -z "$(grep -v 'none$' hook.log)"
check "the status names the image" await grep -q 'STATUS=follow/production current 20260102' manager.log

# The pointer is damaged, removed, refused; the bucket is away.
rules '[{"kind": "Get", "times": 2, "do": "text", "body": "garbage", "type": "application/json"}]'
check "a damaged pointer is reported" await grep -q 'integrity' watch.err
rules '[{"kind": "Get", "times": 2, "do": "status", "status": 404, "code": "NoSuchKey"}]'
check "a missing pointer is reported" await grep -q 'no pointer' watch.err
rules '[]'
kill -STOP "$SERVER"
sleep 3
kill -CONT "$SERVER"
check "the environment moves again" s3dock promote "${REF[3]}" production --quiet
check "after all of that, the image is pulled" await has "${REF[3]}"

# One poll an interval, and nothing but polls.
rules '[]'
sleep 5
polls=$(grep -c '"GET".*production.json' requests.log)
tail -n 3 requests.log >last.log
check "a poll without news is not answered with the document" same 3 "$(grep -c '"status": 304' last.log)"
check "the bucket is never listed" same 0 "$(grep -c '"kind": "List"' last.log)"
check "about one poll a second" test "$polls" -ge 8

check "the metrics name the results" metric 'watch_polls_total.*result="changed"' '[1-9][0-9]*'
check "the watchdog is served" test "$(grep -c ' WATCHDOG=1' manager.log)" -ge 10
kill -TERM $WATCH
timed_wait $WATCH
check "SIGTERM: exit code 0" same 0 "$ended"
check "SIGTERM: within 2 s" in_time 2000
check "the manager learns that the service ends" await grep -q ' STOPPING=1' manager.log
check "no output has the secret key" test -z "$(grep -F secret-of-the-watcher changes.jsonl watch.err hook.log s3dock.prom)"
