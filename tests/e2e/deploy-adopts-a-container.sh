#!/usr/bin/env bash
# Containers with many settings become specs, and a container from each spec has the same settings.
. "$(dirname "$0")/lib.sh"
need_docker
SPEC_CALL=$(dirname "$(dirname "$S3DOCK")")/tests/e2e/spec_call
mkdir -m 700 specs image
echo data >image/file
mkdir image/data bound
IMAGE=(-c 'ENV A=1' -c 'ENV PATH=/bin' -c 'CMD ["/app"]' -c 'EXPOSE 9000' -c 'LABEL team=x' -c 'VOLUME /data' -c 'USER 1000'
    -c 'WORKDIR /bin')
LIMITS=(--memory 64m --memory-reservation 32m --cpus 1.5 --cpu-shares 512 --pids-limit 100 --ulimit nofile=1024:2048
    --ulimit core=0 --shm-size 32m --oom-score-adj 100)
# shellcheck disable=SC2054  # the commas belong to an option
MOUNTS=(-v "$work/bound:/etc/bind:ro" -v "adopted:/var/shop" --mount "type=tmpfs,dst=/mnt/t,tmpfs-size=1000000" -v /anonymous
    --tmpfs /run:rw,size=65536k --read-only)
RIGHTS=(--user 5:6 --cap-add NET_ADMIN --cap-drop MKNOD --device /dev/null:/dev/other --group-add 44
    --security-opt no-new-privileges --pid host)
HEALTH=(--health-cmd 'test -e /x' --health-interval 5s --health-retries 2 --health-start-period 3s --health-timeout 1s)
NETWORK=(--network adopted-web --network-alias shop-alias --dns 10.0.0.1 --dns-search example.com --dns-option ndots:2
    --add-host db:10.0.0.5 --hostname shophost -p 127.0.0.1:18080:8080 -p 19001:9001/udp --expose 7000)
PROCESS=(--entrypoint /bin/app --workdir /etc --stop-signal SIGINT --stop-timeout 7 --restart on-failure:3 -e A=3 -e B=2 -l own=1
    -t -i)

# adopted SENTENCE SOCKET CONTAINER...: each container and the one of its spec are the same.
adopted()
{
    local sentence=$1 socket=$2
    shift 2
    check "$sentence" "$KIT/adopt_round.py" "$socket" "$SPEC_CALL" specs "$@"
}

# --- Docker ---
socket=${DOCKER_HOST#unix://}
create()
{
    docker create "$@" >/dev/null
}
remove_all()
{
    docker rm -fv full plain host reset fixed >/dev/null 2>&1
    docker network rm adopted-web adopted-db >/dev/null 2>&1
    docker volume rm adopted >/dev/null 2>&1
}
at_exit remove_all
tar -C image -c . | docker import "${IMAGE[@]}" -c 'HEALTHCHECK CMD ["/app"]' - adopted:1 >/dev/null
docker network create --subnet 10.231.17.0/24 adopted-web >/dev/null
docker network create --subnet 10.231.18.0/24 adopted-db >/dev/null
create --name full "${LIMITS[@]}" "${MOUNTS[@]}" "${RIGHTS[@]}" "${HEALTH[@]}" "${NETWORK[@]}" "${PROCESS[@]}" \
    --mount type=volume,src=adopted,dst=/mnt/v,readonly --device-cgroup-rule 'c 1:3 mr' --log-driver json-file \
    --log-opt max-size=10m --log-opt max-file=2 --sysctl net.ipv4.ip_forward=1 --init --ipc shareable \
    --domainname example.com -l com.docker.compose.project=p -l com.docker.compose.service=web adopted:1 one two
docker network connect --alias db-alias adopted-db full
create --name plain adopted:1
create --name host --network host --user 0 adopted:1
create --name reset --entrypoint '' --no-healthcheck --privileged --network none adopted:1 /bin/app x
create --name fixed --network adopted-web --ip 10.231.17.99 --rm --security-opt systempaths=unconfined adopted:1
adopted "a spec keeps every setting" "$socket" full
adopted "a spec of few settings is enough" "$socket" plain host reset fixed
check "labels of compose are left out" sh -c '! grep -q com.docker.compose specs/full.json5'
check "what cannot be kept is a comment" grep -q '^// HostConfig.AutoRemove: true' specs/fixed.json5

dropped()
{
    "$KIT/adopt_round.py" --drop "$1" "$socket" "$SPEC_CALL" specs full >dropped.log 2>&1
    [ $? = 1 ] && grep -q "$1: " dropped.log && grep -q "judge: the daemon did not take $1 of" dropped.log
}
check "a limit that the daemon drops is found" dropped HostConfig.Memory
check "a right that the daemon does not take away is found" dropped HostConfig.CapDrop

# The Engine accepts a member that it does not know.
with_typo()
{
    sed 's/"Memory":/"Memroy":/' specs/full.json5 >specs/typo.json5
    chmod 600 specs/typo.json5
    "$SPEC_CALL" judge specs/typo.json5 specs/full.made.json >typo.log 2>&1
    [ $? = 1 ] && grep -q 'ignores HostConfig.Memroy of specs/typo.json5 (did you mean Memory?)' typo.log
}
adopted "the container is made again" "$socket" full
check "a typo is named with the nearest name" with_typo

# --- Podman ---
PODMAN=$("$KIT/podman" start "$work/p" 2>"$work/podman.log" | sed 's/^DOCKER_HOST=unix:\/\///')
if [ -z "$PODMAN" ]; then
    skip_check "Podman: a spec keeps every setting" "no Podman: $(head -n 1 "$work/podman.log")"
    exit 0
fi
at_exit "'$KIT/podman' stop '$work/p'"
podman()
{
    "$KIT/podman" run "$work/p" "$@" >/dev/null
}
tar -C image -c . | podman import "${IMAGE[@]}" - localhost/adopted:1 2>/dev/null
podman network create --subnet 10.231.19.0/24 adopted-web
podman create --name full "${LIMITS[@]}" "${MOUNTS[@]}" "${RIGHTS[@]}" "${HEALTH[@]}" "${NETWORK[@]}" "${PROCESS[@]}" \
    localhost/adopted:1 one two
podman create --name plain localhost/adopted:1
podman create --name reset --entrypoint '' --privileged --network none localhost/adopted:1 /bin/app x
adopted "Podman: a spec keeps every setting" "$PODMAN" full plain reset
