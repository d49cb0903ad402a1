#!/usr/bin/env bash
# A push and a pull with a real S3 server: multipart upload, ranged reads, signatures.
. "$(dirname "$0")/lib.sh"
need_docker
need_edge
need_s3
round_trip
check "the bucket has the image's three objects and one audit event" same "3 4" "$(bucket list images/ | wc -l) $(bucket list | wc -l)"

make_image big:20250721-2118-f7a5a27 big.tar --size 80 --seed 3
check "push of an image of several parts" s3dock push big:20250721-2118-f7a5a27 --input big.tar
check "pull of an image of several parts" s3dock pull big:20250721-2118-f7a5a27 --output big-back.tar
check "the pulled image is the pushed one" same_image big.tar big-back.tar
check "no unfinished upload is left" nothing_left
