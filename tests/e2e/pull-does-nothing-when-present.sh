#!/usr/bin/env bash
# A host that has the image already neither downloads nor loads.
. "$(dirname "$0")/lib.sh"
need_docker
need_edge
need_s3
REF=app:20250721-2118-f7a5a27
"$KIT/images" small $REF
s3dock push $REF

start=$(date +%s.%N)
loads()
{
    on_edge docker events --since "$start" --until "$(date +%s.%N)" --filter event=load --format x | wc -l
}

check "the first pull" on_edge s3dock pull $REF
check "loads once" same 1 "$(loads)"
check "the second pull" on_edge s3dock pull $REF --json
on_edge s3dock pull $REF --json >again.json
check "says that it skipped" same true "$(json skipped again.json)"
check "downloaded less than a page or two" test "$(json downloaded_bytes again.json)" -lt 65536
check "did not load" same 1 "$(loads)"
on_edge docker image rm -f $REF >/dev/null
check "once the image is gone the pull brings it" on_edge s3dock pull $REF
check "with its id" same "$(image_id $REF)" "$(on_edge image_id $REF)"
