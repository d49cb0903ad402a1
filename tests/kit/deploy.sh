# shellcheck shell=bash
# deploy.sh - functions of scenarios that deploy: an application, its images, entries of the configuration, a load.
# shellcheck disable=SC2154
# Sourced after tests/e2e/lib.sh, which sets its variables. The images are pushed from DOCKER_HOST; EDGE is the host that deploys.

# need_deployments: a builder, a host that deploys, a bucket, the application, a network. Sets APP_PROGRAM.
need_deployments()
{
    need_docker
    need_edge
    need_directory
    need_app
    need_network
    # The state of this host, also as root.
    export XDG_STATE_HOME=$work/state
    mkdir -p "$XDG_STATE_HOME" "$HOME/.s3dock"
    chmod 700 "$XDG_STATE_HOME"
    at_exit remove_containers
    at_exit "xargs -r kill -TERM <'$work/loads'" # also those of other shells
    ENTRIES=()
    APP=shop$$
}

# need_app: compiles tests/kit/app.c, once for all scenarios.
need_app()
{
    local made=$TOP/.run/made
    APP_PROGRAM=$made/app-$(sha256sum <"$KIT/app.c" | cut -c 1-16)
    mkdir -p "$made"
    # shellcheck disable=SC2016
    flock "$made/app.lock" sh -c '[ -e "$0" ] || { cc -std=gnu11 -D_GNU_SOURCE -O2 -static -s -pthread -o "$0.new" "$1" && mv "$0.new" "$0"; }' \
        "$APP_PROGRAM" "$KIT/app.c" 2>"$work/app.log" ||
        skip "the application cannot be linked statically: $(head -n 1 "$work/app.log")"
}

# need_network: the network of the containers. The daemons of the tests have none. Other daemons of this host, also
# killed ones, whose bridges stay, must not have the same addresses.
need_network()
{
    local number
    at_exit "on_edge docker network rm deploy$$"
    for number in {1..40}; do
        number=$((RANDOM % 250))
        [ -z "$(PATH=$PATH:/sbin ip route show "10.229.$number.0/24")" ] || continue
        ! on_edge docker network create --subnet 10.229.$number.0/24 "deploy$$" >/dev/null 2>"$work/network.log" || return 0
    done
    skip "no network for the containers: $(tail -n 1 "$work/network.log")"
}

remove_containers()
{
    on_edge docker ps -aq --filter "name=^$APP-" | xargs -r env DOCKER_HOST="$EDGE" docker rm -f
}

# --- images -----------------------------------------------------------------------------------------

# ref_of GEN: the reference of the image of a generation. Later generations have later times.
ref_of()
{
    printf '%s:20260101-%02d%02d-%07x' "$APP" $(($1 / 60)) $(($1 % 60)) "$1"
}

# make_release GEN [CHANGE...]: makes the image and pushes it. CHANGE: as of `docker import -c`: "ENV UNHEALTHY=yes",
# "HEALTHCHECK CMD [\"/app\", \"--health\"]", "VOLUME /data".
make_release()
{
    local gen=$1 change changes=()
    shift
    for change in "$@"; do
        changes+=(-c "$change")
    done
    mkdir -p "$work/image/data" "$work/image/tmp"
    # A link would change the file for the tar of another scenario.
    [ -e "$work/image/app" ] || cp "$APP_PROGRAM" "$work/image/app"
    tar -C "$work/image" --owner=0 --group=0 -c . |
        docker import -c "ENV GEN=$gen" -c 'CMD ["/app"]' -c 'EXPOSE 8080' "${changes[@]}" - "$(ref_of "$gen")" >/dev/null &&
        s3dock push "$(ref_of "$gen")" >"$work/push.log" 2>&1 && docker image rm "$(ref_of "$gen")" >/dev/null
}

# promote_release GEN ENV...
promote_release()
{
    local gen=$1 env
    shift
    for env in "$@"; do
        s3dock promote "$(ref_of "$gen")" "$env" >"$work/promote.log" 2>&1 || return 1
    done
}

# --- the configuration --------------------------------------------------------------------------------

# free_ports NUMBER: prints free loopback ports.
free_ports()
{
    python3 - "$1" <<'PYTHON'
import socket, sys
sockets = [socket.socket() for _ in range(int(sys.argv[1]))]
for each in sockets:
    each.bind(("127.0.0.1", 0))
ports = [each.getsockname()[1] for each in sockets]
for each in sockets:
    each.close()
print(*ports)
PYTHON
}

# words_json WORD...: a JSON array.
words_json()
{
    python3 -c 'import json, sys; print(json.dumps(sys.argv[1:]))' "$@"
}

# add_entry ENV ENTRY: adds a deployment to the configuration; ENTRY: its keys.
add_entry()
{
    ENTRIES+=("$1: { $2 },")
    cat >"$HOME/.s3dock/config.json5" <<CONFIG
{ deploy: { $APP: {
    ${ENTRIES[*]}
} } }
CONFIG
    chmod 600 "$HOME/.s3dock/config.json5"
}

# add_container FILE [HOST_CONFIG]: a container file in the network of the scenario.
add_container()
{
    printf '{ HostConfig: { NetworkMode: "deploy%s", %s } }\n' $$ "${2:-}" >"$HOME/.s3dock/$1"
    chmod 600 "$HOME/.s3dock/$1"
}

# add_proxied ENV PROXY MORE [UNITS]: starts a proxy (tests/kit/proxy) and adds a deployment behind it. Sets FRONT. With
# more units, the one behind the proxy is `web`.
add_proxied()
{
    local env=$1 proxy=$2 blue green settings status=0 ADMIN FILE PID_FILE CHECK RELOAD traffic unit
    read -r blue green < <(free_ports 2)
    at_exit "'$KIT/proxy' $proxy stop '$work/$env.proxy'"
    settings=$("$KIT/proxy" "$proxy" start "$work/$env.proxy" "$blue" "$green" 2>"$work/$env.proxy.log") || status=$?
    [ $status = 0 ] || return $status
    eval "$settings"
    case $proxy in
    haproxy) traffic="haproxy: \"$ADMIN\", backend: \"shop\", servers: [\"blue\", \"green\"]" ;;
    caddy) traffic="caddy: \"$ADMIN\", id: \"shop\"" ;;
    *)
        traffic="file: \"$FILE\", line: \"server {target};\", check: $(words_json "${CHECK[@]}"), reload: $(words_json "${RELOAD[@]}"), pid_file: \"${PID_FILE:-}\""
        ;;
    esac
    add_container "$env.json5"
    unit="container: \"$env.json5\", port: 8080, slots: [$blue, $green], health: { http: \"/healthz\" }, traffic: { $traffic }"
    [ -z "${4:-}" ] || unit="units: { web: { $unit }, $4 }"
    add_entry "$env" "$unit, $3"
}

# --- deployments --------------------------------------------------------------------------------------

# deploy ENV [ARGUMENT...]: deploys on the host. The result is in ENV.json, the messages are in ENV.err. Notes in
# ENV.leaves when the container that served before lost its requests.
deploy()
{
    local env=$1 status=0
    shift
    on_edge s3dock deploy "$APP" "$env" --json "$@" >"$work/$env.json" 2>"$work/$env.err" || status=$?
    note_leave "$env"
    return $status
}

# note_leave ENV: adds "TIME HOST" to ENV.leaves. The time is that of the end, less all phases after `leave`: not earlier
# than the true one, because the phases do not contain the end of the program.
note_leave()
{
    python3 - "$work/$1.json" "$work/$1.leaves" <<'PYTHON'
import json, sys, time
now = time.time()
try:
    data = json.load(open(sys.argv[1]))["data"]
except (ValueError, KeyError):
    sys.exit()
names = [phase["phase"] for phase in data.get("phases", [])]
if "leave" in names and data.get("result") in ("deployed", "rolled_back"):
    later = sum(phase["seconds"] for phase in data["phases"][names.index("leave") + 1:])
    with open(sys.argv[2], "a") as file:
        for unit in data["units"]:
            if unit.get("previous_id"):
                print(f"{now - later:.6f} {unit['previous_id'][:12]}", file=file)
PYTHON
}

# start_load ENV PORT [OPTION...]: starts a load, and waits for its first response. Its result will be in ENV.load.
start_load()
{
    local env=$1 port=$2
    shift 2
    : >>"$work/$env.leaves"
    rm -f "$work/$env.answered"
    "$KIT/load.py" "$port" --leaves "$work/$env.leaves" --answered "$work/$env.answered" "$@" >"$work/$env.load" 2>"$work/$env.load.err" &
    eval "LOAD_$env=$!"
    echo $! >>"$work/loads"
    await test -e "$work/$env.answered"
}

# end_load ENV: waits for the last response. Returns the exit code of tests/kit/load.py.
end_load()
{
    local pid=LOAD_$1
    kill -TERM "${!pid}"
    wait "${!pid}"
}

# first_deployment ENV: deploys generation 1. A failure is a failed check.
first_deployment()
{
    promote_release 1 "$1"
    deploy "$1" || {
        fail "$1: the first deployment" "$(cat "$work/$1.err" "$work/$1.json")"
        return 1
    }
}

# --- checks -----------------------------------------------------------------------------------------

# generation: prints the generation that responds at the port of the container $NAME.
generation()
{
    curl -fsS -m 5 "http://127.0.0.1:$(on_edge docker port "$NAME" 8080 | sed -n '1s/.*://p')/" | sed 's/.*gen=\([^ ]*\) .*/\1/'
}

# exits CODE COMMAND...: the command ends with this exit code.
exits()
{
    local code=$1 got=0
    shift
    "$@" || got=$?
    same "$code" "$got"
}
