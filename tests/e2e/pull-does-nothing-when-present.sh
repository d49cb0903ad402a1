#!/usr/bin/env bash
# A pull of an image that the host has neither downloads nor loads.
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
check "the first pull loads once" same 1 "$(loads)"
check "the second pull" on_edge s3dock pull $REF --json
on_edge s3dock pull $REF --json >again.json
check "the second pull reports that it skipped" same true "$(json skipped again.json)"
check "the second pull downloads less than 64 KiB" test "$(json downloaded_bytes again.json)" -lt 65536
check "the second pull does not load" same 1 "$(loads)"
on_edge docker image rm -f $REF >/dev/null
check "pull after the image was removed" on_edge s3dock pull $REF
check "the pulled image has the pushed id" same "$(image_id $REF)" "$(on_edge image_id $REF)"
