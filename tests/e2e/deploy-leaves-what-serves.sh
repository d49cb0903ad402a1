#!/usr/bin/env bash
# Bad input and bad luck of deployments. Whatever happens before the commit: the container that served before serves, and
# the message names the cause. The exit code states that a container serves (11), or why nothing was tried. At the end, a
# deployment, a bad image and a rollback behind HAProxy.
. "$(dirname "$0")/lib.sh"
# shellcheck source=../kit/deploy.sh
. "$KIT/deploy.sh"
need_deployments
read -r BLUE GREEN < <(free_ports 2)
NAME=$APP-site

# entry [KEY: VALUE, ...]: writes the configuration; the keys follow those of the entry.
entry()
{
    ENTRIES=()
    add_entry site "container: \"site.json5\", port: 8080, slots: [$BLUE, $GREEN],
        health: { http: \"/healthz\", within: \"3s\" }, observe: \"1s\", drain: \"1s\", stop: \"3s\", $*"
}

# serves: the container of the name is the first one, was never restarted, and responds.
serves()
{
    same "$SERVING true 0" "$(on_edge docker inspect -f '{{.Id}} {{.State.Running}} {{.RestartCount}}' "$NAME")" &&
        same 1 "$(generation)"
}

# fails CODE PATTERN SENTENCE [OPTION...]: the deployment ends with this code; the output matches the pattern; the first
# version serves; no other container of the deployment runs.
fails()
{
    local code=$1 pattern=$2 sentence=$3 got=0 wrong=()
    on_edge s3dock deploy "${@:4}" "$APP" site >fails.out 2>fails.err || got=$?
    [ "$got" = "$code" ] || wrong+=("exit code $got, expected $code")
    grep -qEi -- "$pattern" fails.err || wrong+=("no match for: $pattern")
    [ "$(grep -c '^error' fails.err)" = 1 ] || wrong+=("not exactly one error line")
    [ ! -s fails.out ] || wrong+=("something on standard output")
    same "$NAME" "$(on_edge docker ps --filter "name=^$NAME" --format '{{.Names}}')" >running || wrong+=("$(cat running)")
    serves >serves.log 2>&1 || wrong+=("the first version does not serve: $(cat serves.log)")
    if [ ${#wrong[@]} = 0 ]; then
        pass "$sentence"
    else
        fail "$sentence" "${wrong[@]}" "$(tail -n 12 fails.err)"
    fi
}

# start_garbage SOCKET: a program that responds to every connection with text that no proxy sends.
start_garbage()
{
    python3 - "$1" <<'PYTHON' &
import os, socket, sys
server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1])
server.listen()
while True:
    client = server.accept()[0]
    client.recv(4096)
    client.sendall(b"\x00\xff" + os.urandom(2000) + b"\n# 5\n,,,\n")
    client.close()
PYTHON
    at_exit "kill $!"
    await test -S "$1"
}

# hold_port PORT: another program listens there, until release_port.
hold_port()
{
    python3 -c '
import socket, sys, time
held = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print("up", flush=True)
time.sleep(600)' "$1" >held &
    HOLDER=$!
    at_exit "kill $HOLDER"
    await grep -q up held
}

release_port()
{
    kill $HOLDER
    wait $HOLDER 2>/dev/null
}

make_releases()
{
    make_release 1 && make_release 2 "ENV EXIT_CODE=3" && make_release 3 "ENV UNHEALTHY=yes" &&
        make_release 4 "ENV ONLY_HOST=shop.example.com" && make_release 5 "VOLUME /data" &&
        make_release 6 "ENV CRASH_AFTER=1" "ENV EXIT_CODE=4" && make_release 7
}

# --- the first version ---------------------------------------------------------------------------------

add_container site.json5
entry
check "the images are in the bucket" make_releases
check "without a pointer the exit code is 3" exits 3 on_edge s3dock deploy "$APP" site
promote_release 1 site
check "the first deployment works" on_edge s3dock deploy --blue-green "$APP" site
SERVING=$(on_edge docker inspect -f '{{.Id}}' "$NAME")
check "the first version serves" serves
check "a second deployment has nothing to do" grep -q 'nothing to do' <(on_edge s3dock deploy "$APP" site)

# --- candidates that fail ------------------------------------------------------------------------------

promote_release 2 site
fails 11 'deploy\.exited.*3' "a candidate that exits: its exit code is printed"
promote_release 3 site
fails 11 'deploy\.unhealthy.*503' "a candidate that never gets healthy: the status is printed"
check "the last lines of its log are printed" grep -q '^  | gen 3' fails.err
promote_release 4 site
fails 11 'deploy\.unhealthy.*403' "a candidate that responds wrongly: the status is printed"
promote_release 6 site
add_container site.json5 'RestartPolicy: { Name: "no" },' # else Docker starts it again between two looks
fails 11 'deploy\.(exited|observe).*code 4' "a candidate that ends after a second"
add_container site.json5
promote_release 5 site
fails 2 'usage\.judge.*/data' "anonymous volumes are refused, and named"

# --- specs -----------------------------------------------------------------------------------------------

promote_release 7 site
add_container site.json5 'Memroy: 100000000'
fails 2 'usage\.judge.*Memroy' "a key that Docker ignores is refused"
add_container site.json5 'AutoRemove: true'
fails 2 'AutoRemove' "AutoRemove is refused"
add_container site.json5 "PortBindings: { \"8080/tcp\": [{ HostPort: \"$BLUE\" }] }"
fails 2 'usage\.' "a fixed port is refused"
add_container site.json5 '{'
fails 2 'usage\.deploy.*site\.json5' "a container file that is no JSON5: the file is named"
add_container site.json5
entry 'helth: {},'
fails 2 'usage\.deploy.*helth.*health' "a typing error of the entry: the nearest key is printed"

# --- ports -----------------------------------------------------------------------------------------------

entry
free_slot=$((BLUE + GREEN - $(on_edge docker port "$NAME" 8080 | sed -n '1s/.*://p')))
on_edge docker run -d --name "$APP-other" --network "deploy$$" -p "127.0.0.1:$free_slot:8080" "$(ref_of 1)" >/dev/null
fails 2 "usage\\.judge.*port $free_slot .*$APP-other" "the port of another container: it is named"
fails 2 "usage\\.judge.*port $free_slot .*$APP-other" "the dry run refuses it, too" --dry-run
on_edge docker rm -f "$APP-other" >/dev/null
read -r BLUE GREEN <<<"$GREEN $BLUE"
entry
fails 2 'usage\.judge.*exchanged' "exchanged slots"
read -r BLUE GREEN <<<"$GREEN $BLUE"
entry
hold_port "$free_slot"
fails 11 'deploy\.start.*(port|address)' "a port that is taken: Docker's words are printed"
check "doctor names the port" grep -q 'taken by another program' <(on_edge s3dock doctor 2>&1 | tr -s ' \n' ' ')
release_port

# --- proxies ---------------------------------------------------------------------------------------------

entry "traffic: { haproxy: \"$work/none.sock\", backend: \"shop\" },"
fails 11 'deploy\.switch.*none\.sock' "a proxy that is away"
start_garbage "$work/garbage.sock"
entry "traffic: { haproxy: \"$work/garbage.sock\", backend: \"shop\" },"
fails 11 'deploy\.switch' "a proxy that responds with garbage"
cat >refuses <<'SH'
#!/bin/sh
case $S3DOCK_ACTION in
enter) [ "$S3DOCK_CONTAINER" = "$(cat serving)" ] || { echo "the load balancer says no" >&2; exit 1; } ;;
where | busy) exit 3 ;;
esac
SH
chmod +x refuses
echo "$SERVING" >serving
entry "traffic: { command: [\"$work/refuses\"] },"
fails 11 'deploy\.switch.*the load balancer says no' "a proxy that refuses: its words are printed"
entry 'before_switch: ["/bin/sh", "-c", "echo the smoke test failed >&2; exit 1"],'
fails 11 'deploy\.hook.*the smoke test failed' "a hook that fails: its words are printed"

# --- names -----------------------------------------------------------------------------------------------

on_edge docker run -d --name "$APP-foreign" --network "deploy$$" "$(ref_of 1)" >/dev/null
entry "name: \"$APP-foreign\","
check "a foreign container under the name: exit code 8" exits 8 on_edge s3dock deploy "$APP" site
check "--adopt is named" grep -q -- "--adopt $APP-foreign $APP site" <(on_edge s3dock deploy "$APP" site 2>&1)
check "the foreign container runs" same true "$(on_edge docker inspect -f '{{.State.Running}}' "$APP-foreign")"
add_entry twin "container: \"site.json5\", name: \"$NAME\","
promote_release 7 twin
check "a container of another deployment under the name: exit code 8" exits 8 on_edge s3dock deploy "$APP" twin
check "the other deployment is named" grep -q "deployment $APP/site/" <(on_edge s3dock deploy "$APP" twin 2>&1)

# --- and in the end --------------------------------------------------------------------------------------

entry
check "after all of that, a good version is deployed" on_edge s3dock deploy "$APP" site
check "it serves" same 7 "$(generation)"
check "no candidate is left beyond those that are kept" \
    test "$(on_edge docker ps -aq --filter "name=^$NAME" | wc -l)" -le 2

# --- behind a proxy --------------------------------------------------------------------------------------

# through GEN: the proxy leads to this generation.
through()
{
    same "$1" "$(curl -fsS -m 5 "http://127.0.0.1:$FRONT/" | sed 's/^gen=\([^ ]*\) .*/\1/')"
}

behind_haproxy()
{
    promote_release 1 front
    check "the first deployment behind HAProxy" deploy front --blue-green
    check "the proxy leads to it" through 1
    promote_release 7 front
    check "a blue-green deployment behind HAProxy" deploy front --blue-green
    check "the proxy leads to the new version" through 7
    promote_release 2 front
    check "a bad image: exit code 11" exits 11 deploy front --blue-green
    check "the proxy leads to what served before" through 7
    check "a rollback" deploy front --rollback
    check "the proxy leads to the version before" through 1
}

if add_proxied front haproxy 'observe: "1s", drain: "1s", stop: "3s",'; then
    behind_haproxy
else
    skip_check "deployments behind HAProxy" "$(tail -n 1 "$work/front.proxy.log")"
fi

FINISHED=yes
