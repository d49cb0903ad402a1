#!/usr/bin/env bash
# A host that demands signatures: pull, deploy and watch run signed images only, whatever a writer of the bucket
# without a key changes. The keys are those of ssh-keygen, and ssh-keygen proves the signatures.
. "$(dirname "$0")/lib.sh"
[ -z "${E2E_SLOW:-}" ] || skip "the sanitizers run with the unit tests of trust and the engine test hostile"
# shellcheck source=../kit/deploy.sh
. "$KIT/deploy.sh"
need_deployments
command -v ssh-keygen >/dev/null || skip "no ssh-keygen"

STORE=$work/store/images
for who in ci deploy stranger; do
    ssh-keygen -q -t ed25519 -N '' -C "$who@example.com" -f "$work/$who"
done
{
    echo "ci@example.com namespaces=\"s3dock-image\" $(cut -d ' ' -f 1,2 ci.pub)"
    echo "deploy@example.com $(cut -d ' ' -f 1,2 deploy.pub)"
} >"$HOME/.s3dock/allowed_signers"
chmod 600 "$HOME/.s3dock/allowed_signers"
read -r BLUE GREEN < <(free_ports 2)
add_container site.json5
add_entry site "container: \"site.json5\", port: 8080, slots: [$BLUE, $GREEN], health: { http: \"/healthz\" },
    observe: \"500ms\", drain: \"500ms\""
TRUST='{ signers: "allowed_signers", allow: [{ identity: "ci@example.com", sign: ["images"] }, { identity: "deploy@*" }] }'
sed -i "1s/^{/{ profiles: { default: { trust: $TRUST } },/" "$HOME/.s3dock/config.json5"
# shellcheck disable=SC2016
at_exit 'kill $WATCH 2>/dev/null'

# sign_with WHO COMMAND...: runs the command with the key of WHO.
# shellcheck disable=SC2317  # check calls it
sign_with()
{
    local who=$1
    shift
    S3DOCK_SIGN_KEY=$work/$who "$@"
}

# runs GEN: the only container of the deployment that runs has the image of this generation.
runs()
{
    same "$(ref_of "$1")" "$(on_edge docker ps --filter "name=^$APP-" --format '{{.Label "dev.s3dock.image"}}')"
}

# attack SENTENCE COMMAND...: keeps the bucket, changes it, and checks that pull and deploy refuse it and that the
# containers stay. Restores the bucket.
attack()
{
    local sentence=$1 status=0 command
    shift
    rm -rf kept && cp -a store kept
    "$@" || fail "$sentence" "the attack failed"
    for command in pull deploy; do
        on_edge s3dock $command "$APP" site >attack.log 2>&1
        status=$?
        [ $status = 7 ] || break
    done
    if [ $status = 7 ] && runs 1 >/dev/null; then
        pass "refused by pull and deploy: $sentence"
    else
        fail "refused by pull and deploy: $sentence" "$command: exit code $status" "$(cat attack.log)"
    fi
    rm -rf store && mv kept store
}

for gen in 1 2; do
    check "CI pushes generation $gen with its key" sign_with ci make_release $gen
done
check "another user promotes it" sign_with deploy promote_release 1 site
KEY=pointers/$APP/site
# shellcheck disable=SC2016
check "ssh-keygen proves the signature of the environment" sh -c 'ssh-keygen -Y verify -f "$0" -I deploy@example.com \
    -n s3dock-environment -s "$1/signatures/$2.sig" <"$1/$2.json"' "$HOME/.s3dock/allowed_signers" "$STORE" "$KEY"
check "verify prints who signed" sh -c "'$S3DOCK' verify $APP site | grep -q 'deploy@example.com.*may sign this'"
check "the signed image is pulled" on_edge s3dock pull "$APP" site --quiet
check "and deployed" deploy site
check "it runs" runs 1

IMAGE=images/$APP/202601
FIRST=$IMAGE/$(ref_of 1 | tr : -)
OTHER=$IMAGE/$(ref_of 2 | tr : -)

# The attacks. $STORE is the bucket.
# shellcheck disable=SC2317  # attack calls them
{
strip() { rm "$STORE/signatures/$KEY.sig"; }
point() { sed -i "s|$(basename "$FIRST")|$(basename "$OTHER")|" "$STORE/$KEY.json"; }
sign_by_stranger() { point && sign_with stranger env HOME="$work/nobody" "$S3DOCK" sign "$APP" site >/dev/null; }
exchange_metadata() { cp "$STORE/$OTHER.json" "$STORE/$FIRST.json" && cp "$STORE/signatures/$OTHER.sig" "$STORE/signatures/$FIRST.sig"; }
strip_image() { rm "$STORE/signatures/$FIRST.sig"; }
edit_metadata() { sed -i 's/"size":/"size" :/' "$STORE/$FIRST.json"; }
}
mkdir nobody
attack "no signature" strip
attack "a pointer to another image" point
attack "a signature of a stranger" sign_by_stranger
attack "metadata of another image" exchange_metadata
attack "an image without a signature" strip_image
attack "edited metadata" edit_metadata

check "generation 3 is pushed without a key" make_release 3
refused 7 'not signed' "the promotion of an unsigned image" promote "$(ref_of 3)" site

# --- old pointers, and watch --------------------------------------------------------------------------

cp -a "$STORE/$KEY.json" old.json
cp -a "$STORE/signatures/$KEY.sig" old.sig
DOCKER_HOST=$EDGE "$S3DOCK" watch --deploy --interval 1s "$APP" site >watch.jsonl 2>watch.err &
WATCH=$!
check "generation 2 is promoted" sign_with deploy promote_release 2 site
check "the watcher deploys it" await runs 2
cp -a old.json "$STORE/$KEY.json"
cp -a old.sig "$STORE/signatures/$KEY.sig"
check "the watcher reports the old pointer" await grep -q 'trust.sequence\|old document' watch.err
check "what serves is kept" runs 2
kill $WATCH
on_edge s3dock deploy "$APP" site >deploy.log 2>&1
check "a deployment refuses it, too" same 7 $?
check "what serves is kept" runs 2
check "the number can be forgotten" s3dock verify "$APP" site --reset-sequence
finish
