#!/usr/bin/env bash
# A deployment with nothing to do takes one round trip to the bucket and one to the daemon. Counted by a scripted S3
# server and by a relay in front of a real daemon.
. "$(dirname "$0")/lib.sh"
# shellcheck source=../kit/deploy.sh
. "$KIT/deploy.sh"
need_deployments

"$KIT/request_log" "${EDGE#unix://}" relay.sock docker.log &
at_exit "kill $!"
python3 "$KIT/fake_s3.py" --port-file s3.port --log s3.log &
at_exit "kill $!"
await test -s s3.port -a -S relay.sock
AWS_ENDPOINT_URL=http://127.0.0.1:$(cat s3.port)
export AWS_ENDPOINT_URL AWS_ACCESS_KEY_ID=TESTACCESSKEY AWS_SECRET_ACCESS_KEY=test-secret-key-0001 S3DOCK_BUCKET=images
EDGE=unix://$work/relay.sock
read -r BLUE GREEN < <(free_ports 2)
add_container site.json5
add_entry site "container: \"site.json5\", port: 8080, slots: [$BLUE, $GREEN], health: { http: \"/healthz\" },
    observe: \"1s\", drain: \"1s\""

# requests: the requests of one deployment.
requests()
{
    : >s3.log
    : >docker.log
    deploy site || return 1
    echo "bucket:"
    python3 -c 'import json, sys
for line in open("s3.log"):
    request = json.loads(line)
    print(request["method"], request["path"])'
    echo "daemon:"
    sed 's|^GET /containers/json.*|GET /containers/json|' docker.log
}

check "an image is in the bucket" make_release 1
check "the environment has it" promote_release 1 site
check "the first deployment works" deploy site
check "its result is deployed" same deployed "$(json result site.json)"
requests >sent
check "the second one has nothing to do" same unchanged "$(json result site.json)"
check "it sends one request to the bucket and one to the daemon" \
    same "bucket:
GET /images/pointers/$APP/site.json
daemon:
GET /containers/json" "$(cat sent)"

platform=$(docker version -f '{{.Server.Os}}/{{.Server.Arch}}')
check "a platform on the command line is another container" deploy site --platform "$platform"
check "which replaces the first one" same deployed "$(json result site.json)"
check "again" deploy site --platform "$platform"
check "has nothing to do" same unchanged "$(json result site.json)"
# refuses PLATFORM: the deployment fails, and names it.
refuses()
{
    ! deploy site --platform "$1" && grep -q '"not_found' site.json && grep -q "$1" site.json
}
check "a platform that the bucket does not have is refused" refuses linux/riscv64

FINISHED=yes
