#!/usr/bin/env bash
# Each test of a gate with a real daemon: good containers pass soon, bad ones leave the container that serves as it is,
# and the error states the reason.
. "$(dirname "$0")/lib.sh"
# shellcheck source=../kit/deploy.sh
. "$KIT/deploy.sh"
need_deployments

# add_unit ENV KEYS [HOST_CONFIG]: a deployment without a proxy. Its ports are in BLUE and GREEN.
add_unit()
{
    read -r BLUE GREEN < <(free_ports 2)
    add_container "$1.json5" "${3:-}"
    add_entry "$1" "container: \"$1.json5\", port: 8080, slots: [$BLUE, $GREEN], observe: \"100ms\", drain: \"1s\", $2"
}

# serves PORT GEN: the generation responds there.
serves()
{
    curl -fsS --noproxy '*' --max-time 10 "http://127.0.0.1:$1/" | grep "^gen=$2 "
}

# passes ENV KIND: the deployment succeeds by this test.
passes()
{
    deploy "$1" && same "$2" "$(json kind "$work/$1.json")"
}

# fails ENV CODE PATTERN: exit code 11, this error code, and words of the error.
fails()
{
    local status=0
    deploy "$1" || status=$?
    cat "$work/$1.json" "$work/$1.err"
    same 11 $status && json error_code "$work/$1.json" | grep -xE "$2" && json error "$work/$1.json" | grep -E -- "$3"
}

# within ENV SECONDS: the gate took less.
within()
{
    json gate "$work/$1.json"
    python3 -c 'import json, sys; sys.exit(json.loads(sys.argv[1])["seconds"] >= float(sys.argv[2]))' "$(json gate "$work/$1.json")" "$2"
}

release()
{
    make_release "$@" || fail "image $1 is pushed" "$(cat "$work/push.log")"
}

HEALTH='HEALTHCHECK CMD ["/app", "--health"]'
release 1
release 2 "ENV EXIT_CODE=3"
release 3 "ENV UNHEALTHY=yes"
release 4 "ENV ONLY_HOST=shop.example.com"
release 5 "ENV START_DELAY=60"
release 6 "$HEALTH"
release 7 "ENV UNHEALTHY=yes" 'HEALTHCHECK --interval=1s --retries=1 CMD ["/app", "--health"]'
release 8 "ENV EAT=200"
release 9 "ENV CRASH_AFTER=1.5"
release 10 "ENV REDIRECT=yes" "ENV TERM_MODE=ignore"

# --- http -----------------------------------------------------------------------------------------
# With another policy, Docker starts a container that ends again between two looks.
add_unit http 'health: { http: "/healthz", within: "3s" }, observe: "4s"' 'RestartPolicy: { Name: "no" },'
promote_release 1 http
check "http: a good container passes" passes http http
check "http: it passes within two seconds, although it may take longer" within http 2
promote_release 2 http
check "a container that exits fails at once, with its code" fails http deploy.exited 'exited with code 3$'
promote_release 3 http
check "a bad status fails, with the words of the application" fails http deploy.unhealthy 'status 503: no database'
promote_release 4 http
check "a refused Host header is in the message" fails http deploy.unhealthy 'status 403: wrong host'
promote_release 9 http
check "a container that exits while it is observed is taken back" fails http deploy.observe 'ended with exit code 1 while it was observed'
check "what served before serves" serves "$BLUE" 1
check "the container that serves has its name" same running "$(on_edge docker inspect --format '{{.State.Status}}' "$APP-http")"

add_unit host 'health: { http: "/healthz", host: "shop.example.com" }, stop: "1s"'
promote_release 4 host
check "http: the Host header is sent" passes host http
promote_release 10 host
check "http: a redirect passes" passes host http
promote_release 4 host
check "a container that ignores SIGTERM is killed after its time" deploy host
check "the result states it" same true "$(json forced "$work/host.json")"

# --- tcp, exec, docker, uptime ----------------------------------------------------------------------
add_unit tcp 'health: { tcp: true, within: "2s" }'
promote_release 5 tcp
check "tcp: a port that only Docker's proxy opens does not pass" fails tcp deploy.unhealthy 'the connection was closed at once'
promote_release 1 tcp
check "tcp: a port of the application passes" passes tcp tcp

add_unit exec 'health: { exec: ["/app", "--health"], within: "2s" }'
promote_release 3 exec
check "exec: an exit code fails" fails exec deploy.unhealthy 'exit code 1'
promote_release 1 exec
check "exec: a command in the container passes" passes exec exec

add_unit docker 'health: { docker: true, within: "20s" }'
promote_release 6 docker
check "docker: a HEALTHCHECK passes" passes docker docker
check "docker: it passes before the first run of the daemon" within docker 10
promote_release 7 docker
check "docker: an unhealthy container fails, with the output of its command" fails docker deploy.unhealthy 'HEALTHCHECK reports: HTTP/1.1 503'
promote_release 1 docker
check "docker: an image without HEALTHCHECK is named" fails docker deploy.unhealthy 'has no HEALTHCHECK'

add_unit blind 'health: { uptime: "1s" }' 'Memory: 41943040'
promote_release 1 blind
check "uptime: a container that runs passes" passes blind uptime
promote_release 8 blind
check "a container that is killed for its memory is named" fails blind deploy.exited 'more memory than its limit'
