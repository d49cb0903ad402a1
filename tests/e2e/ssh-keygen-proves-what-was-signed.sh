#!/usr/bin/env bash
# ssh-keygen alone proves the signatures of s3dock: images, versions and environments.
. "$(dirname "$0")/lib.sh"
need_s3
command -v ssh-keygen >/dev/null || skip "ssh-keygen is missing"
ONE=shop:20251130-0101-0000001 TWO=shop:20251130-0202-0000002
IMAGE=images/shop/202511/shop-20251130-0101-0000001
PRODUCTION=pointers/shop/production

for name in ci deploy; do
    ssh-keygen -q -t ed25519 -N "" -C "$name@example.com" -f "$name"
    echo "$name@example.com $(cut -d' ' -f1,2 $name.pub)"
done >allowed_signers
export S3DOCK_SIGN_KEY=$work/ci
make_image $ONE one.tar --size 1 --layers 2 --seed 1
make_image $TWO two.tar --size 1 --layers 2 --seed 2
make_image $ONE other.tar --size 1 --layers 2 --seed 3

# proven DOCUMENT NAMESPACE IDENTITY: ssh-keygen proves the document of the bucket by one of its signatures.
proven()
{
    local block
    rm -f block.*
    bucket get "$1.json" >document
    bucket get "signatures/$1.sig" | awk '/^-----BEGIN/ { n++ } { print > ("block." n) }'
    for block in block.*; do
        ssh-keygen -Y verify -f allowed_signers -I "$3" -n "$2" -s "$block" <document && return
    done
    return 1
}

blocks()
{
    bucket get "signatures/$1.sig" | grep -c '^-----BEGIN'
}

unproven()
{
    ! proven "$@"
}

# --- a push, a version, an environment ----------------------------------------------------------------------

check "a push signs" into push.json s3dock --json push $ONE --input one.tar
check "and prints the fingerprint of the key" \
    same "$(ssh-keygen -lf ci.pub | cut -d' ' -f2)" "$(json signed_by push.json)"
check "ssh-keygen proves the metadata" proven $IMAGE s3dock-image ci@example.com
check "not as an environment" unproven $IMAGE s3dock-environment ci@example.com
check "not as a document of another user" unproven $IMAGE s3dock-image deploy@example.com

check "verify lists the key, without demands" into verify.json s3dock --json verify $ONE
check "which was not judged" same "$(json signed_by push.json) false" "$(json key verify.json) $(json judged verify.json)"

check "the same push changes nothing" s3dock push $ONE --input one.tar
check "and adds no signature" same 1 "$(blocks $IMAGE)"
check "tag" s3dock tag $ONE v1.0.0
check "ssh-keygen proves the version" proven tags/shop/v1.0.0 s3dock-version ci@example.com
echo '{ profiles: { default: { trust: { signers: "allowed_signers" } } } }' >trust.json5
check "a host proves the version" s3dock pull shop:v1.0.0 --output version.tar --config trust.json5
check "and forgets its number on request" into reset s3dock verify shop:v1.0.0 --reset-sequence --config trust.json5
check "promote, with another key" s3dock promote shop:v1.0.0 production --sign-key deploy
check "ssh-keygen proves the environment" proven $PRODUCTION s3dock-environment deploy@example.com
bucket get $PRODUCTION.json >pointer.json
check "it states its image" same "$(json image_id push.json)" "$(json image_id pointer.json)"

# --- more signatures ----------------------------------------------------------------------------------------

check "a second person signs the environment" into sign.json s3dock --json sign shop production
check "and sees what it states" same "$(json image_id push.json)" "$(json image_id sign.json)"
check "both signatures prove it" proven $PRODUCTION s3dock-environment ci@example.com
check "the first one, too" proven $PRODUCTION s3dock-environment deploy@example.com
refused 8 "another image" "another image is not signed" sign $ONE --image-id "sha256:$(printf '%064d' 0)"
check "the right one is" s3dock sign $ONE --image-id "$(json image_id push.json)" --sign-key deploy
check "ssh-keygen proves the image" proven $IMAGE s3dock-image deploy@example.com
# Another user adds the image of another platform.
bucket get $PRODUCTION.json >kept.json
sed 's|\("images":\) *\[|\1 [{"platform": "linux/s390x", "image_id": "sha256:'"$(printf '%064d' 0)"'"},|' kept.json >added.json
check "the pointer gets one more image" sh -c '! cmp -s kept.json added.json'
bucket put $PRODUCTION.json added.json
refused 8 "other images" "it is not signed together with the wanted one" \
    sign shop production --image-id "$(json image_id push.json)"
bucket put $PRODUCTION.json kept.json

# --- changes ------------------------------------------------------------------------------------------------

check "push another image" s3dock push $TWO --input two.tar
check "promote it" s3dock promote $TWO production
check "ssh-keygen proves it" proven $PRODUCTION s3dock-environment ci@example.com
bucket get $PRODUCTION.json >later.json
check "its number is higher" test "$(json sequence later.json)" -gt "$(json sequence pointer.json)"
check "roll back" s3dock rollback shop production
check "ssh-keygen proves the former image" proven $PRODUCTION s3dock-environment ci@example.com
check "which is the first one" grep -q "$(json image_id push.json)" document

# An image that was pushed without a key is signed by a push that has the same image, and by no other.
env -u S3DOCK_SIGN_KEY "$S3DOCK" push $ONE --input other.tar >push.log 2>&1
check "an unsigned push replaces the image" unproven $IMAGE s3dock-image ci@example.com
check "verify lists no signature of the former image" into verify.json s3dock --json verify $ONE
check "which proves nothing" grep -q '"signatures": \[\]' verify.json
check "a signed push of another image replaces it again" s3dock push $ONE --input one.tar
check "and is proven" proven $IMAGE s3dock-image ci@example.com
env -u S3DOCK_SIGN_KEY "$S3DOCK" push $ONE --input one.tar --force >push.log 2>&1
check "a signed push of the same image signs the metadata of the bucket" into again.json s3dock --json push $ONE --input one.tar
check "without storing it again" same "true true" "$(json skipped again.json) $(json signed again.json)"
check "and is proven" proven $IMAGE s3dock-image ci@example.com

# A user without a key writes the id of another image into the metadata: hosts with that image would use it.
zeros=$(printf '%064d' 0)
for name in manifest_id engine_id; do
    bucket get $IMAGE.json | sed "/\"$name\"/d; s/.*\"image_id\".*/&\n  \"$name\": \"sha256:$zeros\",/" >lie.json
    bucket put $IMAGE.json lie.json
    check "a signed push of the image, whose metadata has a false $name" into lie.out s3dock --json push $ONE --input one.tar
    check "replaces it" same "false true" "$(json skipped lie.out) $(json signed lie.out)"
    check "and is proven" proven $IMAGE s3dock-image ci@example.com
    check "without the false id" empty "$(grep "$zeros" document)"
done

refused 2 "cannot read the key that signs" "a key that is missing" sign $ONE --sign-key "$work/missing"
refused 9 "ssh-keygen" "a file that is no key" promote $TWO production --sign-key "$work/one.tar"

# --- the commands of README.md ------------------------------------------------------------------------------

REF=shop:20250721-2118-f7a5a27
make_image $REF readme.tar --size 1 --layers 2 --seed 4
sed -n '/^### Signed images/,/^### More/s/^\$ //p' "$TOP/README.md" | sed "s|~/.ssh/release|$work/ci|; s|push $REF|& --input readme.tar|" >commands
check "an image, its version and its environment, without a key" env -u S3DOCK_SIGN_KEY sh -ec \
    "'$S3DOCK' push $REF --input readme.tar; '$S3DOCK' tag $REF v1.4.0; '$S3DOCK' promote shop v1.4.0 production"
# shellcheck disable=SC1091
check "the commands of README.md sign them" eval '(set -e; . ./commands)'
check "a host accepts them" s3dock verify shop production --config trust.json5
