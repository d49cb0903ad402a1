#!/usr/bin/env bash
# Hosts write their documents, and `status`, `history` and `cleanup` read them: in a directory, and in a real S3 server
# with the policy of docs/deploy/host-policy.json.
. "$(dirname "$0")/lib.sh"
RECORD_CALL=$(dirname "$(dirname "$S3DOCK")")/tests/e2e/record_call
[ -x "$RECORD_CALL" ] || skip "tests/e2e/record_call is not built"
need_s3
FIRST=shop:20250721-1000-aaaaaaa SECOND=shop:20250721-1100-bbbbbbb THIRD=shop:20250722-1000-ccccccc
AS_FAILED=0 AS_DEPLOYED=1 AS_ROLLED_BACK=3 # enum deploy_outcome
export XDG_STATE_HOME=$work/state

# on_host NAME: its machine id and its state.
on_host()
{
    HOST=$1
    mkdir -p "$work/hosts/$HOST/state"
    XDG_STATE_HOME=$work/hosts/$HOST/state
    printf '%s' "$HOST" | md5sum | cut -c 1-32 >machine-id
}

# reports OUTCOME IMAGE PREVIOUS [CODE]: the host writes its document after a run.
reports()
{
    "$RECORD_CALL" result "$HOST" shop production "${HEARTBEAT:-900}" "$@" >record.out 2>record.err
}

marks()
{
    s3dock status shop production --json 2>/dev/null | python3 -c '
import json, sys
for environment in json.load(sys.stdin)["data"]["environments"]:
    print(" ".join(host["host"] + ":" + ",".join(host["marks"]) for host in environment["hosts"]))'
}

fails_with()
{
    local code=$1 text=$2 got=0
    shift 2
    "$@" >out 2>err || got=$?
    if [ $got != "$code" ] || ! grep -qF -- "$text" err; then
        echo "exit code $got"
        cat err
        return 1
    fi
}

images()
{
    make_image $FIRST 1.tar --size 1 --seed 1
    make_image $SECOND 2.tar --size 1 --seed 2
    make_image $THIRD 3.tar --size 1 --seed 3
    s3dock push $FIRST --input 1.tar && s3dock push $SECOND --input 2.tar && s3dock push $THIRD --input 3.tar
}

# The whole story in one bucket.
story()
{
    check "$1: push" images
    check "$1: promote" s3dock promote $FIRST production
    check "$1: an environment without hosts" empty "$(marks)"
    for host in web-1 web-2; do
        on_host $host
        check "$1: $host reports its deployment" reports $AS_DEPLOYED $FIRST ""
    done
    check "$1: both hosts run the image" same "web-1: web-2:" "$(marks)"
    check "$1: status --check succeeds" s3dock status shop production --check
    check "$1: promote the next image" s3dock promote $SECOND production
    check "$1: both hosts are behind" same "web-1:behind web-2:behind" "$(marks)"
    check "$1: status --check fails" fails_with 11 deploy.behind s3dock status shop production --check
    on_host web-1
    check "$1: one deploys it" reports $AS_DEPLOYED $SECOND $FIRST
    on_host web-2
    check "$1: the other one fails" reports $AS_FAILED $SECOND $FIRST unhealthy
    check "$1: status shows both" same "web-1: web-2:failed,behind" "$(marks)"
    check "$1: status --check names the failure" fails_with 11 deploy.failed s3dock status shop production --check
    on_host web-2
    check "$1: a heartbeat" "$RECORD_CALL" heartbeat web-2 shop production 900
    check "$1: changes no mark" same "web-1: web-2:failed,behind" "$(marks)"

    on_host clone # another machine with the name of a host
    HOST=Web-1.
    HEARTBEAT=0 check "$1: a machine of the same name reports" reports $AS_DEPLOYED $SECOND ""
    check "$1: it has a name of its own" test "$(marks | wc -w)" = 3
    check "$1: the first one is unchanged" same 1 "$(marks | grep -c '^web-1: web-1-[0-9a-f]\{6\}: web-2:failed,behind$')"

    echo '{"host":' >broken.json
    bucket put deployments/shop/production/zero.json broken.json
    check "$1: a broken document is a warning" into status.out s3dock status shop
    check "$1: the other hosts are shown" same 3 "$(grep -c ' seen ' status.out)"
    check "$1: cleanup removes nothing while a document cannot be read" \
        fails_with 8 zero.json s3dock cleanup shop --keep 1
    bucket delete deployments/shop/production/zero.json

    s3dock history shop production >history.out
    check "$1: history shows deployments" grep -q "$SECOND  deployed on web-1$" history.out
    check "$1: history shows failures" grep -q "$SECOND  failed on web-2 (deploy.unhealthy)$" history.out
    check "$1: history shows promotions" same 2 "$(grep -c '  by ' history.out)"

    check "$1: promote a third image" s3dock promote $THIRD production
    on_host web-1
    check "$1: a host goes back by hand" reports $AS_ROLLED_BACK $FIRST $SECOND
    check "$1: promote the third image again" s3dock promote $THIRD staging
    check "$1: cleanup keeps what hosts run" s3dock cleanup shop --keep 1
    check "$1: all images are there" same 3 "$(s3dock list images shop | wc -l)"
    s3dock list apps >apps.out
    check "$1: list apps shows the application only" same shop "$(cat apps.out)"
}

story s3

# --- the policy of a host ---------------------------------------------------------------------------

# as_host USER COMMAND...: with the keys of a host.
as_host()
{
    local user=$1
    shift
    AWS_ACCESS_KEY_ID=$user-access AWS_SECRET_ACCESS_KEY=$user-secret "$@"
}

# set_policy PROGRAM: the policy of docs for the user, changed by a line of Python.
set_policy()
{
    python3 - "$TOP/docs/deploy/host-policy.json" "$BUCKET" "$USER_NAME" "$1" >policy.json <<'PYTHON'
import json, sys
path, bucket, user, change = sys.argv[1:]
policy = json.loads(open(path).read().replace("BUCKET", bucket))
for statement in policy["Statement"]:
    statement["Principal"] = {"AWS": [f"arn:aws:iam:::user/{user}"]}
exec(change)
print(json.dumps(policy))
PYTHON
    bucket policy policy.json
}

USER_NAME=host$$
check "the store has a user for hosts" "$KIT/ceph" user $USER_NAME "$E2E_S3_DIR"
on_host web-1
check "without a policy the host reads nothing" fails_with 4 auth.denied as_host $USER_NAME s3dock current shop production
check "the policy of the documentation" set_policy ''
check "the host reads the pointer" same $THIRD "$(as_host $USER_NAME s3dock current shop production)"
check "the host pulls the image" as_host $USER_NAME s3dock pull shop production --output pulled.tar
check "the host writes its document" as_host $USER_NAME reports $AS_DEPLOYED $THIRD $FIRST
on_host new-host
check "a new host writes its first document" as_host $USER_NAME reports $AS_DEPLOYED $THIRD ""
check "the host reads the status" as_host $USER_NAME s3dock status shop production
check "the host cannot promote" fails_with 4 auth.denied as_host $USER_NAME s3dock promote $FIRST production
make_image shop:20250723-1000-ddddddd 4.tar --size 1 --seed 4
check "the host cannot push" fails_with 4 auth.denied as_host $USER_NAME s3dock push shop:20250723-1000-ddddddd --input 4.tar
check "the environment is unchanged" same $THIRD "$(s3dock current shop production)"

check "a policy without the right to write" set_policy 'del policy["Statement"][2]'
check "the refusal names the right" fails_with 4 s3:PutObject as_host $USER_NAME \
    "$RECORD_CALL" result new-host shop production 900 $AS_DEPLOYED $THIRD ""
check "it is not reported again" as_host $USER_NAME reports $AS_DEPLOYED $THIRD ""
check "a heartbeat sends nothing" as_host $USER_NAME "$RECORD_CALL" heartbeat new-host shop production 900
check "both succeed without a document" same 1 "$(cat record.out)"

check "an old policy, which does not name deployments/" set_policy '
policy["Statement"][0]["Condition"] = {"StringLike": {"s3:prefix": [
    "images/*", "tags/*", "pointers/*", "audit/*", "archive/*", ".s3dock*"]}}
policy["Statement"].append({**policy["Statement"][0], "Action": "s3:ListBucketMultipartUploads"})
del policy["Statement"][-1]["Condition"]'
check "status names the missing right" fails_with 4 "s3:ListBucket" as_host $USER_NAME s3dock status shop production
check "history shows the promotions" as_host $USER_NAME s3dock history shop production
check "cleanup removes nothing and names the right" \
    fails_with 8 "s3:ListBucket" as_host $USER_NAME s3dock cleanup shop --keep 1 --dry-run

need_directory
story directory
