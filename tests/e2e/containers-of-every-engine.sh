#!/usr/bin/env bash
# The requests for containers and networks, one by one, and the actions and responses of a real daemon.
# Argument "podman": Podman, which needs a minute.
. "$(dirname "$0")/lib.sh"
CALL=$(dirname "$S3DOCK")/../tests/docker_call
[ -x "$CALL" ] || skip "$CALL is not built"
command -v cc >/dev/null || skip "no C compiler for the program in the containers"
podman=${1:-}
if [ "$podman" ]; then
    need_podman
else
    need_docker
fi
NET=e2e-$$-net OTHER=e2e-$$-other PORT=$((20000 + $$ % 10000))
# Podman's default limits are higher than those of some machines.
HOST='"Ulimits":[{"Name":"nofile","Soft":1024,"Hard":1024},{"Name":"nproc","Soft":1024,"Hard":1024}]'

remove_all()
{
    docker ps -aq --filter label=e2e=$$ | xargs -r docker rm -f
    docker network rm $NET $OTHER
    docker image rm -f held:$$
}
at_exit 'remove_all >/dev/null 2>&1'

cc -static -O1 -o held "$KIT/held.c" || skip "no static C library"
tar -cf held.tar held
docker import held.tar held:$$ >/dev/null
docker network create --subnet 10.213.$(($$ % 250)).0/28 $NET >/dev/null
docker network create --subnet 10.214.$(($$ % 250)).0/28 $OTHER >/dev/null

# gives PATTERN ARGUMENT...: the output of docker_call matches the whole pattern (extended).
gives()
{
    local pattern=$1 got
    shift
    got=$("$CALL" "$@")
    echo "docker_call $*: $got"
    [[ $got =~ ^($pattern)$ ]]
}

# body COMMAND [MORE]: a body of a create. MORE: members, with a comma before them.
body()
{
    echo "{\"Image\":\"held:$$\",\"Cmd\":[$1],\"Labels\":{\"e2e\":\"$$\",\"test\":\"a \\\"b\\\"\"}${2:-,\"HostConfig\":{\"NetworkMode\":\"none\",$HOST}}}"
}

# creates NAME BODY
creates()
{
    gives '[0-9a-f]{64}.*' create "$@"
}

# runs NAME BODY: a container is created and started.
runs()
{
    creates "$@" && gives "" start "$1"
}

# does_not_start PATTERN NAME BODY: a container is created, and the error of its start matches the pattern.
does_not_start()
{
    creates "$2" "$3" && gives "docker.start: $1" start "$2"
}

# is_in NAME PATTERN: an inspect matches the pattern.
is_in()
{
    gives ".* $2 .*" inspect "$1"
}

# soon NAME PATTERN: an inspect matches the pattern within ten seconds.
soon()
{
    for _ in {1..100}; do
        ! is_in "$@" >/dev/null || return 0
        sleep 0.1
    done
    is_in "$@"
}

here=local=1\ same_host=1
[ -n "${E2E_DOCKER:-}" ] || check "the daemon is on this host" gives ".* $here runtime=[a-z]+ memory=1" engine
check "a network exists" gives "" network $NET
check "another network does not" gives absent network no-such-net
slot="\"ExposedPorts\":{\"80/tcp\":{}},\"HostConfig\":{\"NetworkMode\":\"$NET\",$HOST,\"PortBindings\":{\"80/tcp\":[{\"HostIp\":\"127.0.0.1\",\"HostPort\":\"$PORT\"}]}}"
more=",\"StopSignal\":\"SIGINT\",\"StopTimeout\":7,$slot"
check "create" creates e2e-$$-a "$(body '"/held"' "$more")"
check "the name is taken" gives 'conflict.container: .*' create e2e-$$-a "$(body '"/held"')"
check "there is no such image" gives 'not_found.image: .*' create e2e-$$-b '{"Image":"no-such-image:1"}'
check "a created container" is_in e2e-$$-a 'state=created .* pid=0 .* policy=(no)?:0 signal=SIGINT timeout=7 address= test=a "b"'
check "an absent container" gives absent inspect no-such-container
check "a signal needs a running container" gives absent kill e2e-$$-a SIGTERM
check "connect" gives "" connect e2e-$$-a $OTHER '{"Aliases":["blue"]}'
check "connect again" gives "" connect e2e-$$-a $OTHER
check "connect to an absent network" gives 'not_found.network: .*' connect e2e-$$-a no-such-net
check "start" gives "" start e2e-$$-a
check "start again" gives "" start e2e-$$-a
check "a running container has an address in each network" gives '.* state=running .* pid=1 .* address=10\.213\..*' inspect e2e-$$-a $NET
check "its address in the other network" gives '.* address=10\.214\..*' inspect e2e-$$-a $OTHER
check "the list filtered by its label" gives '[0-9a-f]{64} e2e-.*-a sha256:[0-9a-f]{64} running none test=a "b" created=1' list 'test=a "b"'
check "a list with a single request" gives '[0-9a-f]{64} e2e-.*-a .* running .*' once e2e=$$
check "the image id of the container is that of the image" same \
    "$(docker image inspect --format '{{.Id}}' held:$$ | sed 's/^sha256://')" \
    "$("$CALL" inspect e2e-$$-a | sed 's/.*image=sha256:\([0-9a-f]*\).*/\1/')"
check "a container whose port is taken does not start" \
    does_not_start '.*' e2e-$$-b "$(body '"/held"' ",$slot")"
check "it exists" is_in e2e-$$-b 'state=(created|exited)'
check "it can be removed" gives "" remove e2e-$$-b
check "a container without its program does not start" \
    does_not_start '.*no such file.*' e2e-$$-b "$(body '"/no-such-program"')"
check "it can be removed, too" gives "" remove e2e-$$-b
check "the exit code of a command" gives 7 exec e2e-$$-a 30000 /held exit 7
check "a command that does not exist" gives '127|docker.exec: .*no such file.*' exec e2e-$$-a 30000 /no-such-program
check "a command that runs too long" gives 'docker.exec: .*longer than 0.3 s' exec e2e-$$-a 300 /held sleep 30
check "the end of the log" gives '.*line 30.*' log e2e-$$-a f 5
check "the other output, without colours" gives '.*red text.*' log e2e-$$-a f 99
if gives 'unsupported.update: .*' restart e2e-$$-a unless-stopped 0 >/dev/null; then
    check "only an old Podman cannot change a restart policy" test -n "$podman"
else
    check "the restart policy changes while the container runs" is_in e2e-$$-a 'policy=unless-stopped:0'
    check "an unknown policy is refused" gives 'docker.refused: .*' restart e2e-$$-a sometimes 0
fi
check "rename of a running container" gives "" rename e2e-$$-a e2e-$$-c
check "rename to the same name" gives "" rename e2e-$$-c e2e-$$-c
check "a running container is not removed" gives 'conflict.container: .*' remove e2e-$$-c
check "its image is not removed" gives 'conflict.image: .*' untag held:$$
check "a signal" gives "" kill e2e-$$-c SIGINT
check "the container ends" soon e2e-$$-c 'state=exited .* pid=0 exit=0'
sleep 0.5
check "its restart policy does not start it again" is_in e2e-$$-c 'state=exited .* count=0'
check "a command needs a running container" gives 'docker.exec: .*' exec e2e-$$-c 1000 /held exit 0
check "a container that ends at once" runs e2e-$$-d "$(body '"/held","exit","3"')"
check "its exit code" soon e2e-$$-d 'state=exited .* exit=3 oom=0'
check "a taken name" gives 'conflict.container: .*' rename e2e-$$-d e2e-$$-c
check "its image is used by a stopped container" gives 'conflict.image: .*' untag held:$$
always="\"HostConfig\":{\"NetworkMode\":\"none\",$HOST,\"RestartPolicy\":{\"Name\":\"always\"}}"
check "a container that is always started" runs e2e-$$-e "$(body '"/held","slow","60"' ",$always")"
check "a signal that it does not obey soon" gives "" kill e2e-$$-e SIGTERM
check "it runs" is_in e2e-$$-e 'state=running'
check "SIGKILL" gives "" kill e2e-$$-e SIGKILL
check "it ends" soon e2e-$$-e 'state=exited .* exit=137 oom=0'
sleep 0.5
check "it is not started again" is_in e2e-$$-e 'state=exited .* count=0'
if [ -z "$podman" ]; then # there, systemd runs the tests
    health='"Healthcheck":{"Test":["CMD","/held","exit","0"],"Interval":300000000,"Timeout":30000000000,"Retries":1}'
    check "a container with a HEALTHCHECK" \
        runs e2e-$$-f "$(body '"/held"' ",$health,\"HostConfig\":{\"NetworkMode\":\"none\",$HOST}")"
    check "it becomes healthy" soon e2e-$$-f 'health=healthy'
    check "the list reports its health" gives '.* running healthy .*' list e2e=$$
    check "a signal ends it" gives "" kill e2e-$$-f SIGKILL
    check "it has ended" soon e2e-$$-f state=exited
    check "it is removed" gives "" remove e2e-$$-f
fi
for one in c d e; do
    check "remove a stopped container" gives "" remove e2e-$$-$one
done
check "remove an absent container" gives absent remove e2e-$$-c
check "remove the image" gives "" untag held:$$
