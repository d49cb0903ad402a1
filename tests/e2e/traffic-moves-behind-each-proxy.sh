#!/usr/bin/env bash
# The drivers of deploy/traffic with real proxies: switches under load, streams and websockets that began before, drained
# sessions, restarts and kills of the proxy, refused configurations. The proxies run side by side.
#
# tests/e2e/traffic-moves-behind-each-proxy.sh [PROXY...]
#
# As root, or with sudo, it runs in a network name space of its own (tests/kit/apart).
if [ -z "${APART:-}" ] && "$(dirname "$0")/../kit/apart" check; then
    "$(dirname "$0")/../kit/proxy" fetch >/dev/null 2>&1 || true # the name space has no way out
    exec "$(dirname "$0")/../kit/apart" "$0" "$@"
fi
. "$(dirname "$0")/lib.sh"
# shellcheck source=../kit/deploy.sh
. "$KIT/deploy.sh"
# shellcheck source=../kit/kit.sh
. "$KIT/kit.sh"
need_app
MOVE=$(dirname "$(dirname "$S3DOCK")")/tests/e2e/move_traffic
[ -x "$MOVE" ] || skip "this build has no program move_traffic"
PROXIES=("$@")
[ $# -gt 0 ] || PROXIES=(haproxy nginx caddy caddyfile)

# move ARGUMENT...: drives the floor with the settings of the proxy of this shell.
move()
{
    "$MOVE" "${SETTINGS[@]}" "blue=127.0.0.1:$BLUE" "green=127.0.0.1:$GREEN" pid_blue=$$ pid_green=$$ "$@"
}

# result CODE SENTENCE: notes a check for the main shell.
result()
{
    printf '%s %s\n' "$1" "$NAME: $2" >>"$home/results"
    [ "$1" = 0 ] || sed 's/^/# /' "$home/out" >>"$home/results"
}

# try SENTENCE COMMAND...: the command succeeds.
try()
{
    local sentence=$1 status=0
    shift
    "$@" >"$home/out" 2>&1 || status=1
    result $status "$sentence"
}

# prints LINES COMMAND...: the command succeeds and prints these lines.
prints()
{
    local expected=$1 got
    shift
    got=$("$@") && echo "$got" && [ "$got" = "$expected" ]
}

# fails PATTERN COMMAND...: the command fails, and its errors match.
fails()
{
    local pattern=$1
    shift
    ! "$@" 2>"$home/err" && cat "$home/err" && grep -q -- "$pattern" "$home/err"
}

# get PATH: a request through the proxy.
get()
{
    curl -sS --max-time 60 --noproxy '*' "http://127.0.0.1:$FRONT$1"
}

# served_by SLOT: twenty requests in a row, each on a new connection, reach this slot.
served_by()
{
    local got
    got=$(curl -sS --max-time 20 --noproxy '*' -H 'Connection: close' "http://127.0.0.1:$FRONT/[1-20]")
    echo "$got" | sort | uniq -c
    [ "$(grep -c "gen=$1 " <<<"$got")" = 20 ]
}

# is_whole FILE: the stream has its end.
is_whole()
{
    tail -c 100 "$1"
    [ "$(tail -n 1 "$1")" = end ]
}

# websocket: writes the file `open` when it is connected, sends a line each 50 ms and reads it back, until `close` exists.
websocket()
{
    python3 - "$FRONT" "$home/open" "$home/close" <<'PYTHON'
import os, socket, sys, time
peer = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 10)
peer.sendall(b"GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")
answer = peer.makefile("rb")
if b" 101 " not in answer.readline():
    sys.exit("no 101")
while answer.readline() != b"\r\n":
    pass
open(sys.argv[2], "w").close()
lines, last = 0, False
while not last:
    last = os.path.exists(sys.argv[3])  # one line more after the switch
    peer.sendall(b"line %d\n" % lines)
    if answer.readline() != b"line %d\n" % lines:
        sys.exit(f"cut after {lines} lines")
    lines += 1
    time.sleep(0.05)
PYTHON
}

settings_of()
{
    case $NAME in
    haproxy) SETTINGS=(haproxy "admin=$ADMIN" backend=shop) ;;
    caddy) SETTINGS=(caddy "admin=$ADMIN" id=shop) ;;
    nginx) SETTINGS=(file "file=$FILE" "line=server {target};" "pid_file=$PID_FILE" "check=${CHECK[*]}" "reload=${RELOAD[*]}") ;;
    caddyfile) SETTINGS=(file "file=$FILE" "line=$(sed "s/127.0.0.1:[0-9]*/{target}/" "$FILE")" "check=${CHECK[*]}" "reload=${RELOAD[*]}") ;;
    esac
}

# switch_to SLOT OTHER: prints nothing but the failure.
switch_to()
{
    move "enter:$1" "leave:$2" >/dev/null
}

# --- the checks of one proxy ------------------------------------------------------------------------

check_first()
{
    # Both slots of HAProxy are in rotation until one is taken out.
    [ "$NAME" != haproxy ] || prints $'where: blue green\nhold:green\nwhere: blue' move where hold:green where || return 1
    if [ "$NAME" != caddy ] || migrates; then
        prints "examine: 0" move examine || return 1
    fi
    prints "where: blue" move where && served_by blue
}

check_switch()
{
    prints $'enter:green\nleave:blue\nwhere: green' move enter:green leave:blue where && served_by green
}

# Switches to and fro until the load has ended.
switches_under_load()
{
    local status=0 loader switches=0
    python3 "$KIT/load.py" "$FRONT" --seconds 2 --rate 40 --slow-seconds 0.5 --late 5 >"$home/load" 2>&1 &
    loader=$!
    while kill -0 $loader 2>/dev/null; do
        switch_to blue green && switch_to green blue || status=1
        switches=$((switches + 2))
    done
    wait $loader || status=1
    echo "$switches switches"
    tail -n 20 "$home/load"
    return $status
}

# migrates: Linux moves connections from a listener that is closed to a new one.
migrates()
{
    [ "$(cat /proc/sys/net/ipv4/tcp_migrate_req 2>/dev/null)" = 1 ]
}

check_load()
{
    if [[ $NAME == caddy* ]] && ! migrates; then
        echo "skip $NAME: no request fails during switches under load # SKIP this kernel resets new connections when Caddy listens anew" >>"$home/results"
        return
    fi
    try "no request fails during switches under load" switches_under_load
}

has_left()
{
    grep -q '^leave:green' "$home/drain"
}

# drain_while LENGTH: a stream and a websocket of green, during a switch to blue; the drain waits for them. LENGTH: of
# the stream, in tenths of a second.
drain_while()
{
    local stream socket mover
    rm -f "$home/open" "$home/close"
    switch_to green blue
    websocket >"$home/websocket" 2>&1 &
    socket=$!
    wait_until 60 test -e "$home/open"
    get "/stream?$1" >"$home/stream" &
    stream=$!
    sleep 0.3
    move enter:blue leave:green busy:green idle:green:60000 >"$home/drain" 2>&1 &
    mover=$!
    wait_until 60 has_left
    touch "$home/close"
    WEBSOCKET=0 DRAINED=0
    wait $socket || WEBSOCKET=1
    wait $mover || DRAINED=1
    wait $stream
}

# On a busy machine, a switch can take longer than a short stream.
check_drain()
{
    local length
    for length in 15 40 100; do
        drain_while $length
        ! grep -q '^busy:green: [1-9]' "$home/drain" || return 0
    done
}

is_drained()
{
    cat "$home/drain"
    [ "$DRAINED" = 0 ] && grep -q '^busy:green: [1-9]' "$home/drain" && grep -q '^idle green: 0 left' "$home/drain"
}

# Caddy before 2.7 closes websockets at each change (docs/deploy/caddy.md).
check_websocket()
{
    cp "$home/websocket" "$home/out"
    if [ ! -e "$home/open" ]; then
        result 1 "a websocket is opened"
    elif [[ $NAME == caddy* ]] && "$("$KIT/proxy" caddy path)" version | grep -q '^v*2\.[0-6]\.'; then
        result $((1 - WEBSOCKET)) "a websocket is closed at the switch"
    else
        result "$WEBSOCKET" "a websocket continues during the drain"
    fi
}

check_cut()
{
    local stream status=0
    switch_to green blue
    get "/stream?100" >"$home/cut" 2>&1 &
    stream=$!
    sleep 0.4
    move enter:blue leave:green busy:green cut:green idle:green:5000
    wait $stream && status=1
    return $status
}

# After a restart, HAProxy has forgotten the states: both serve until `leave` is repeated.
survives()
{
    switch_to green blue && "$KIT/proxy" "$NAME" "$1" "$home/proxy" || return 1
    [ "$1" != kill ] || "$KIT/proxy" "$NAME" again "$home/proxy" || return 1
    if [ "$NAME" = haproxy ]; then
        prints "where: blue green" move where
    else
        prints "where: green" move where
    fi && prints $'leave:blue\nwhere: green' move leave:blue where && served_by green
}

# A configuration that the proxy refuses, and a reload that does nothing.
check_refusal()
{
    local before good=("${SETTINGS[@]}") status=0
    before=$(cat "$FILE")
    SETTINGS=("${good[@]}" "line=nonsense {target}")
    fails "deploy.switch: the check of" move enter:blue || status=1
    SETTINGS=("${good[@]}" reload=false)
    fails "deploy.switch: .*may not run the restored" move enter:blue || status=1
    SETTINGS=("${good[@]}")
    prints "where: unknown" move where || status=1
    [ "$before" = "$(cat "$FILE")" ] && served_by green && prints $'enter:green\nwhere: green' move enter:green where || status=1
    if [ "$NAME" = nginx ]; then
        SETTINGS=("${good[@]}" reload=true limit=300)
        fails "no new workers" move enter:blue || status=1
        SETTINGS=("${good[@]}")
        move enter:green || status=1
    fi
    return $status
}

# run_proxy NAME: all steps of one proxy, in a shell of its own.
run_proxy()
{
    local settings status=0 slot pids=()
    NAME=$1 home=$work/$1
    mkdir -p "$home"
    read -r BLUE GREEN < <(free_ports 2)
    for slot in BLUE GREEN; do
        GEN=${slot,,} PORT=${!slot} "$APP_PROGRAM" >"$home/$slot" 2>&1 &
        pids+=($!)
    done
    # shellcheck disable=SC2064  # now
    trap "kill ${pids[*]}; '$KIT/proxy' $NAME stop '$home/proxy'" EXIT
    settings=$("$KIT/proxy" "$NAME" start "$home/proxy" "$BLUE" "$GREEN" 2>"$home/out") || status=$?
    if [ $status = 77 ]; then
        echo "skip $NAME: requests move # SKIP $(tail -n 1 "$home/out")" >>"$home/results"
        return
    fi
    result $status "starts with the configuration of docs/deploy"
    [ $status = 0 ] || return
    eval "$settings"
    settings_of
    try "the first slot serves, and doctor finds no fault" check_first
    try "a switch moves all new requests" check_switch
    check_load
    check_drain
    try "a stream that began before the switch ends whole" is_whole "$home/stream"
    try "the slot is idle when its last request has ended" is_drained
    check_websocket
    [ "$NAME" != haproxy ] || try "sessions that are left can be cut" check_cut
    try "a restart of the proxy changes nothing" survives restart
    try "so does its kill" survives kill
    [ -z "${FILE:-}" ] || try "a refused file and a reload without effect restore the old content" check_refusal
}

for proxy in "${PROXIES[@]}"; do
    (run_proxy "$proxy") >"$work/$proxy.log" 2>&1 &
done
wait
for proxy in "${PROXIES[@]}"; do
    while read -r code sentence; do
        case $code in
        0) pass "$sentence" ;;
        skip) skip_check "${sentence% # SKIP *}" "${sentence#* # SKIP }" ;;
        1) fail "$sentence" ;;
        *) echo "$code $sentence" ;;
        esac
    done <"$work/$proxy/results"
done
