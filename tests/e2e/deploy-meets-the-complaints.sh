#!/usr/bin/env bash
# Complaints of users of other deployment tools, which docs/deploy.md lists: those that need a real daemon. The
# numbers are those of the page.
. "$(dirname "$0")/lib.sh"
# shellcheck source=../kit/deploy.sh
. "$KIT/deploy.sh"
need_deployments
NAME=$APP-site
"$KIT/request_log" "${EDGE#unix://}" relay.sock docker.log &
at_exit "kill $!"
await test -S relay.sock
DAEMON=$EDGE
EDGE=unix://$work/relay.sock
read -r BLUE GREEN < <(free_ports 2)

# entry [KEY: VALUE, ...]
entry()
{
    ENTRIES=()
    add_entry site "container: \"site.json5\", port: 8080, slots: [$BLUE, $GREEN],
        health: { http: \"/healthz\", within: \"20s\" }, observe: \"1s\", drain: \"1s\", $*"
}

host()
{
    DOCKER_HOST=$DAEMON docker "$@"
}

# policies: the restart policy of the container that serves, and those of the others.
policies()
{
    host ps -aq --filter "name=^$NAME" |
        DOCKER_HOST=$DAEMON xargs docker inspect -f '{{.Name}} {{.HostConfig.RestartPolicy.Name}}' |
        sed "s|^/${NAME} |serves |; s|^/${NAME}.* |retired |" | sort -u | xargs
}

make_releases()
{
    make_release 1 "ENV OLD=yes" && make_release 2 "ENV TERM_MODE=ignore" && make_release 3 "ENV START_DELAY=4" && make_release 4
}

add_container site.json5 'RestartPolicy: { Name: "always" },'
entry
check "the images are in the bucket" make_releases
promote_release 1 site
check "the first deployment works" deploy site

entry 'after: ["/bin/false"],'
promote_release 2 site
mkdir -p store/images/deployments && chmod 500 store/images/deployments
check "c08, c09: what fails after the commit is a warning, and the exit code is 0" deploy site
check "c08: the warning names the hook" grep -qi 'warning.*after' site.err
check "c12: only the container that serves has a restart policy" same "retired no serves always" "$(policies)"
# shellcheck disable=SC2016
check "c20: variables of the old image are not kept" bash -c '! grep -q OLD= <<<"$0"' \
    "$(host inspect -f '{{.Config.Env}}' "$NAME")"

sed -i 's/HostConfig: {/StopTimeout: 2, &/' "$HOME/.s3dock/site.json5"
entry
: >docker.log
check "a changed spec is deployed" deploy site
promote_release 3 site
DOCKER_HOST=$EDGE "$S3DOCK" deploy "$APP" site >slow.out 2>slow.err &
SLOW=$!
await grep -q 'until it is ready' slow.err
check "c17: a second deployment reports the first one" exits 8 on_edge s3dock deploy "$APP" site
kill -KILL $SLOW
{ wait $SLOW; } 2>/dev/null
check "c17, c18: after kill -9 there is no lock and no container in the way" deploy site
flock "$XDG_STATE_HOME/s3dock/deploy/$APP@site.lock" sh -c ": >locked; sleep 0.5" &
await test -e locked
check "c17: a lock that is held for a moment, as by a poll of watch, is waited for" on_edge s3dock deploy "$APP" site
check "c14: the container had the time of its own spec to stop, and then it was killed" \
    python3 -c 'import json, sys
unit = json.load(open(sys.argv[1]))["data"]["units"][0]
sys.exit(not (unit["stopped"]["forced"] and 1.8 < unit["stopped"]["seconds"] < 20))' site.json
check "c13: no long request stops a container" bash -c '! grep -E "/(stop|restart|wait)[? ]|/(stop|restart|wait)$" docker.log'
check "c11, c18: one container runs, and one is kept" same "$NAME 2" \
    "$(host ps --filter "name=^$NAME" --format '{{.Names}}') $(host ps -aq --filter "name=^$NAME" | wc -l)"

host kill "$NAME" >/dev/null
promote_release 4 site
add_entry broken 'container: "none.json5", prot: 1'
check "c19, c25: a dead container and a broken entry are no obstacle" deploy site
# shellcheck disable=SC2016
check "c19: the new version serves" bash -c 'curl -fsS "http://$0/" | grep -q gen=4' "$(host port "$NAME" 8080 | head -n 1)"
check "c23: the containers of others are untouched" same 1 "$(host run -d --name "$NAME-2.g1" --network "deploy$$" "$(ref_of 4)" >/dev/null;
    on_edge s3dock deploy --force "$APP" site >/dev/null 2>&1; host ps -q --filter "name=^$NAME-2.g1" | wc -l)"
chmod 700 store/images/deployments

# generations: the states and generations of both containers.
generations()
{
    host inspect -f '{{.State.Running}} {{.Config.Env}}' "$APP-pair-web" "$APP-pair-worker" | sed 's/\(true\|false\).*GEN=\([^] ]*\).*/\1 \2/' | xargs
}

read -r BLUE GREEN < <(free_ports 2)
add_container web.json5
add_container worker.json5
ENTRIES=()
add_entry pair "observe: \"1s\", drain: \"1s\", units: {
    web: { container: \"web.json5\", port: 8080, slots: [$BLUE, $GREEN], health: { http: \"/healthz\" } },
    worker: { container: \"worker.json5\", order: \"stop-first\", health: { uptime: \"1s\" } } },"
promote_release 1 pair
check "two units are deployed" deploy pair
promote_release 4 pair
sed -i 's/HostConfig: {/Env: ["EXIT_CODE=3"], &/' "$HOME/.s3dock/worker.json5"
check "c10: a worker that fails takes all units back" exits 11 deploy pair
check "c10: both units have the first version" same "true 1 true 1" "$(generations)"
add_container worker.json5
check "c10: without the fault both get the new one" deploy pair
check "c10: both units have it" same "true 4 true 4" "$(generations)"

FINISHED=yes
