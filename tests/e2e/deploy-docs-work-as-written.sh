#!/usr/bin/env bash
# The first ten minutes of docs/deploy.md: the blocks of commands are taken from the page and run as they are written, on
# a real daemon. Then a deployment behind HAProxy, nginx and Caddy, each with the files of its page. The entries of all
# pages are validated. Other ports and paths are used. So is the network of the scenario: the daemons of the tests have no
# default network.
. "$(dirname "$0")/lib.sh"
# shellcheck source=../kit/deploy.sh
. "$KIT/deploy.sh"
need_deployments
APP=myapp
mkdir site
cd site || exit 1
read -r BLUE GREEN FRONT < <(free_ports 3)

# block PAGE HEADING LANGUAGE [NUMBER]: prints a block of code of the page: the n-th of the language after the heading.
block()
{
    python3 - "$TOP/docs/$1" "$2" "$3" "${4:-1}" <<'PYTHON'
import re, sys
page, heading, language, number = sys.argv[1:]
text = ("\n" + open(page).read()).split(f"\n{heading}\n", 1)[1].split("\n## ", 1)[0]
print(re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)[int(number) - 1], end="")
PYTHON
}

# here: the settings that differ on this machine, and a short time to observe.
here()
{
    sed "s|health: .*|& observe: \"1s\",|; s/18081/$BLUE/g; s/18082/$GREEN/g; s|/run/haproxy/admin.sock|$work/admin.sock|; s/bind :80$/bind 127.0.0.1:$FRONT/"
}

# commands HEADING: runs the commands below the heading; stops at the first one that fails.
commands()
{
    block deploy.md "$1" sh | here >commands
    cat commands
    # shellcheck disable=SC1091
    (set -e && . ./commands)
}

# On the host that deploys, with the program under test.
docker()
{
    DOCKER_HOST=$EDGE command docker "$@"
}

s3dock()
{
    DOCKER_HOST=$EDGE "$S3DOCK" "$@"
}

configure()
{
    echo "{ $1 }" >s3dock.json5
}

# valid ENTRY: the keys are those of a valid entry; the files that it names exist.
valid()
{
    configure "deploy: { shop: { production: { container: \"shop.json5\", $1 } } }"
    "$S3DOCK" config validate
}

# is_written PAGE ENTRY_HEADING FILE_HEADING LANGUAGE NUMBER: the file of the page equals that which s3dock writes for the
# slot blue.
is_written()
{
    block "$1" "$2" json5 | python3 -c '
import json, re, sys
print(json.loads(re.search(r"line: (\".*\"),\n", sys.stdin.read())[1]).replace("{target}", "127.0.0.1:18081").rstrip("\n"))' >written
    block "$1" "$3" "$4" "$5" | diff - written
}

names_of_images()
{
    python3 - "$TOP/docs/deploy.md" <<'PYTHON'
import re, sys
print(*sorted(set(re.findall(r"myapp:(\d{8}-\d{4}-[0-9a-f]{7})", open(sys.argv[1]).read()))))
PYTHON
}

# make_named NAME: pushes an image of the page.
make_named()
{
    tar -C "$work/image" -c . | command docker import -c "ENV GEN=$1" -c 'CMD ["/app"]' - "$APP:$1" >/dev/null &&
        DOCKER_HOST=$DOCKER_HOST "$S3DOCK" push "$APP:$1" --quiet
}

at_exit "docker ps -aq --filter name=^myapp-production | xargs -r env DOCKER_HOST='$EDGE' docker rm -f"
mkdir -p "$work/image/tmp"
cp "$APP_PROGRAM" "$work/image/app"
read -r FIRST SECOND < <(names_of_images)
check "the page has two images" test -n "$FIRST" -a -n "$SECOND"
check "the first one is in the bucket" make_named "$FIRST"
check "and the second one" make_named "$SECOND"
s3dock promote "$APP:$FIRST" production --quiet

check "1: write the spec" commands "### 1. Write the spec"
sed -i "s/\"HostConfig\": {/&\"NetworkMode\": \"deploy$$\",/" myapp.production.json5
sed -i 's/container: "myapp/observe: "1s", &/' s3dock.json5
s3dock config trust >/dev/null
check "2: deploy" commands "### 2. Deploy"
check "the container has the name of the page" same true "$(docker inspect -f '{{.State.Running}}' myapp-production)"
configure "$(block deploy.md "### 3. Give it two slots and a gate" json5 | here)"
check "3: two slots and a gate" commands "### 3. Give it two slots and a gate"
check "it responds at a slot" curl -fsS "http://$(docker port myapp-production 8080)/healthz"

mkdir entries
cd entries || exit 1
block deploy.md "### The container file" json5 >shop.json5
SIDE="## s3dock's side" API="## With the admin API" IMPORT="## With a Caddyfile" NONE="# Deployments without a driver"
check "the example of a container file, and the entry of HAProxy" valid "$(block deploy/haproxy.md "$SIDE" json5)"
check "the entry of nginx" valid "$(block deploy/nginx.md "$SIDE" json5)"
check "the entry of Caddy with the admin API" valid "$(block deploy/caddy.md "$API" json5)"
check "the entry of Caddy with a Caddyfile" valid "$(block deploy/caddy.md "$IMPORT" json5)"
check "the entry of Traefik" valid "$(block deploy/traefik.md "$SIDE" json5)"
check "the entry without a driver" valid "$(block deploy/none.md "$NONE" json5)"
check "the entry with a command" valid "$(block deploy/none.md "$NONE" json5) $(block deploy/none.md "$NONE" json5 2)"
cp shop.json5 web.json5
cp shop.json5 worker.json5
echo A=1 >shop.env
configure "deploy: { $(block deploy.md "## Units" json5) }"
check "the example of units" "$S3DOCK" config validate
check "nginx gets the file of its page" is_written deploy/nginx.md "$SIDE" "## nginx's side" nginx 2
check "Caddy gets the file of its page" is_written deploy/caddy.md "$IMPORT" "$IMPORT" caddyfile 2
check "Traefik gets the file of its page" is_written deploy/traefik.md "$SIDE" "## Traefik's side" yaml 3
cd ..

HAPROXY=$("$KIT/proxy" haproxy path 2>"$work/proxy.log") || skip "no HAProxy: $(tail -n 1 "$work/proxy.log")"
block deploy/haproxy.md "## HAProxy's side" haproxy | here >"$work/haproxy.cfg"
"$HAPROXY" -f "$work/haproxy.cfg" -db 2>"$work/haproxy.log" &
at_exit "kill $!"
configure "deploy: { myapp: { production: { container: \"myapp.production.json5\",
    $(block deploy/haproxy.md "## s3dock's side" json5 | here) } } }"
check "4: the files of the page of HAProxy" commands "### 3. Give it two slots and a gate"
check "HAProxy has the application" await curl -fsS "http://127.0.0.1:$FRONT/"

# Requests without a pause, until the file `stop` exists.
(while [ ! -e stop ]; do curl -fsS -m 5 "http://127.0.0.1:$FRONT/" >>responses || echo failed >>responses; done) 2>>load.err &
LOAD=$!
check "5: release and roll back" commands "### 5. Release and roll back"
touch stop
wait $LOAD
check "no request failed" bash -c '! grep -q failed responses || { cat load.err; exit 1; }'
# shellcheck disable=SC2016
check "both versions have answered" bash -c 'grep -q "gen=$0" responses && grep -q "gen=$1" responses' "$FIRST" "$SECOND"
check "after the rollback, the first version serves" grep -q "gen=$FIRST" <(curl -fsS "http://127.0.0.1:$FRONT/")

# behind PROXY PAGE HEADING: the container runs already; the page puts it behind another proxy. The configuration of the proxy
# first names the slot that does not serve.
behind()
{
    local FRONT ADMIN FILE PID_FILE='' CHECK=() RELOAD=() settings serving
    serving=$(docker port myapp-production 8080 | sed 's/.*://')
    settings=$("$KIT/proxy" "$1" start "$work/$1" $((BLUE + GREEN - serving)) "$serving") || return
    at_exit "'$KIT/proxy' $1 stop '$work/$1'"
    eval "$settings"
    configure "deploy: { myapp: { production: { container: \"myapp.production.json5\",
        $(block "$2" "$3" json5 | here | sed "s|http://127.0.0.1:2019|${ADMIN:-}|; s|file: .*|file: \"${FILE:-}\",|
            s|check: .*|check: $(words_json "${CHECK[@]}"),|; s|reload: .*|reload: $(words_json "${RELOAD[@]}"),|
            s|pid_file: .*|pid_file: \"$PID_FILE\",|") } } }"
    s3dock config trust >/dev/null
    # The proxy runs already, and doctor finds faults of this machine.
    block "$2" "## Start it" sh | sed "/^nginx/d; /systemctl/d; /2019/d; /doctor/d; s/shop/myapp/; s|127.0.0.1/|127.0.0.1:$FRONT/|" >commands
    cat commands
    # shellcheck disable=SC1091
    (set -e && . ./commands)
}

# check_behind PROXY PAGE HEADING
check_behind()
{
    local text="$2, $1: a deployment makes the proxy use the slot that serves"
    if "$KIT/proxy" "${1%file}" path >/dev/null 2>"$work/proxy.log"; then
        check "$text" behind "$@"
    else
        skip_check "$text" "$(tail -n 1 "$work/proxy.log")"
    fi
}

check_behind nginx deploy/nginx.md "$SIDE"
check_behind caddy deploy/caddy.md "$API"
check_behind caddyfile deploy/caddy.md "$IMPORT"

FINISHED=yes
