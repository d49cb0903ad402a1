#!/usr/bin/env bash
# A container that `docker run` started is adopted: its settings become a spec, the first deployment runs beside it with
# the same settings, and nothing of the old image is kept.
. "$(dirname "$0")/lib.sh"
# shellcheck source=../kit/deploy.sh
. "$KIT/deploy.sh"
need_deployments
CONFIG=$HOME/.s3dock/config.json5
SPEC=$HOME/.s3dock/shop.json5
NAME=$APP-shop

# inspect CONTAINER FORMAT
inspect()
{
    on_edge docker inspect -f "$2" "$1"
}

check "two images are in the bucket" make_release 1 "ENV OF_IMAGE=one"
check "the second one" make_release 2 "ENV OF_IMAGE=two"
check "the environment has the first one" promote_release 1 shop
check "the host has it" on_edge s3dock pull "$APP" shop
mkdir data
on_edge docker run -d --name "$NAME" --network "deploy$$" --restart unless-stopped --memory 64m --cap-drop NET_RAW \
    --label team=shop --label com.docker.compose.project=old -e COLOR=red -v "$work/data:/data" --tmpfs /cache:size=1m \
    --ulimit nofile=1000:1000 --log-opt max-size=1m "$(ref_of 1)" >/dev/null
echo '{ /* mine */ profiles: {}, }' >"$CONFIG"
chmod 600 "$CONFIG"

check "adopt prints both files and writes nothing" grep -q COLOR=red <(on_edge s3dock deploy --adopt "$NAME" "$APP" shop)
check "nothing was written" test ! -e "$SPEC" -a "$(cat "$CONFIG")" = '{ /* mine */ profiles: {}, }'
check "adopt writes both files" on_edge s3dock deploy --adopt "$NAME" "$APP" shop --output "$SPEC"
check "the configuration keeps its comments" grep -q '/\* mine \*/' "$CONFIG"
check "the configuration is valid" s3dock config validate
check "a second time nothing is overwritten" bash -c '! "$@"' _ "$S3DOCK" deploy --init "$APP" shop
check "no container of the comparison is left" same "$NAME" "$(on_edge docker ps -a --filter "name=$APP" --format '{{.Names}}')"
# shellcheck disable=SC2016
check "the spec has nothing of the image, of compose, or of one container" \
    bash -c '! grep -Ei "OF_IMAGE|compose|MacAddress|IPAddress" "$0"' "$SPEC"
check "the old container keeps the name until it is renamed" \
    bash -c '"$@" >out 2>&1; test $? = 8 && grep -q "docker rename" out' _ env DOCKER_HOST="$EDGE" "$S3DOCK" deploy "$APP" shop

on_edge docker rename "$NAME" "$NAME-before"
promote_release 2 shop
sed -i "s/name: \"$NAME\",/& observe: \"1s\",/" "$CONFIG"
check "then the deployment runs beside it" on_edge s3dock deploy "$APP" shop
check "the old one was not touched" same true "$(inspect "$NAME-before" '{{.State.Running}}')"
settings='{{.HostConfig.Memory}} {{.HostConfig.CapDrop}} {{.HostConfig.Binds}} {{.HostConfig.Tmpfs}} {{.HostConfig.LogConfig}} {{.HostConfig.RestartPolicy}} {{index .Config.Labels "team"}} {{json .HostConfig.Ulimits}}'
check "the new one has its settings" same "$(inspect "$NAME-before" "$settings")" "$(inspect "$NAME" "$settings")"
check "and its variables, beside those of the new image" same "COLOR=red GEN=2 OF_IMAGE=two" \
    "$(inspect "$NAME" '{{range .Config.Env}}{{println .}}{{end}}' | grep -E '^(COLOR|GEN|OF_IMAGE)' | sort | xargs)"
check "and no label of compose" same '<no value>' "$(inspect "$NAME" '{{index .Config.Labels "com.docker.compose.project"}}' | sed 's/^$/<no value>/')"
check "an unknown container is not adopted" \
    bash -c '"$@" >out 2>&1; test $? = 3 && grep -q "not_found.container" out' _ env DOCKER_HOST="$EDGE" "$S3DOCK" deploy --adopt "$APP-none" "$APP" other

FINISHED=yes
