#!/usr/bin/env bash
# Docker up to 24 saves one layout, Docker 25 another one, and containerd's store compressed layers. All of them work.
. "$(dirname "$0")/lib.sh"
need_docker
need_directory
REF=app:20250721-2118-f7a5a27
for layout in legacy oci oci-gzip; do
    use_bucket "layout-$layout"
    make_image $REF $layout.tar --size 20 --seed 9 --layout $layout
    check "$layout: push" s3dock push $REF --input $layout.tar
    check "$layout: pull" s3dock pull $REF --output $layout-back.tar
    check "$layout: the pulled image is the pushed one" same_image $layout.tar $layout-back.tar
done
use_bucket layout-oci
docker image rm -f $REF >/dev/null 2>&1
if docker load -i oci.tar >/dev/null 2>&1; then
    docker image rm -f $REF >/dev/null 2>&1
    check "pull of an OCI archive into this daemon" s3dock pull $REF
fi
use_bucket layout-legacy
docker image rm -f $REF >/dev/null 2>&1
check "pull of a legacy archive into this daemon" s3dock pull $REF
check "the daemon has the image id of the legacy archive" same "$(image_id $REF)" "sha256:$("$KIT/image_facts" legacy.tar | sed -n 's/^image //p')"
docker image rm -f $REF >/dev/null 2>&1
