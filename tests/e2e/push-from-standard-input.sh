#!/usr/bin/env bash
# `docker save X | s3dock push X --input -`, and an archive file, give the same archive as a push from the daemon.
. "$(dirname "$0")/lib.sh"
need_docker
need_directory
REF=app:20250721-2118-f7a5a27
export S3DOCK_SOURCE=docker # the same stream as that of docker save, to the byte
"$KIT/images" small $REF

# pushed NAME ARGUMENT...: pushes into a bucket of that name and prints the archive's checksum.
pushed()
{
    use_bucket "$1"
    shift
    s3dock push $REF --json "$@" >push.json && json checksum push.json
}

from_docker=$(pushed from-docker)
check "the push from the daemon states a checksum" test -n "$from_docker"
docker save $REF >saved.tar
check "a pipe gives the same archive" same "$from_docker" "$(docker save $REF | pushed from-pipe --input -)"
check "a file gives the same archive" same "$from_docker" "$(pushed from-file --input saved.tar)"
gzip -k saved.tar
check "a file with gzip gives the same archive" same "$from_docker" "$(pushed from-gzip --input saved.tar.gz)"
check "a pipe with gzip gives the same archive" same "$from_docker" "$(pushed from-gzip-pipe --input - <saved.tar.gz)"
python3 - <<'PYTHON'
import bz2, lzma
data = open("saved.tar", "rb").read()
half = len(data) // 2
open("saved.tar.xz", "wb").write(lzma.compress(data[:half], preset=0) + lzma.compress(data[half:], preset=0))
open("saved.tar.bz2", "wb").write(bz2.compress(data[:half]) + bz2.compress(data[half:]))
PYTHON
check "a file with two xz streams gives the same archive" same "$from_docker" "$(pushed from-xz --input saved.tar.xz)"
check "a pipe with two bzip2 streams gives the same archive" same "$from_docker" "$(pushed from-bzip2 --input - <saved.tar.bz2)"
head -c -5 saved.tar.xz >cut.tar.xz
refused 6 "cut.tar.xz: the compressed data is cut short" "a truncated xz file" push $REF --force --input cut.tar.xz
use_bucket from-pipe
check "pull of the image from the pipe" s3dock pull $REF --output back.tar
check "the pulled image is the pushed one" same_image saved.tar back.tar

docker tag $REF app:latest
docker save app:latest $REF >both.tar
docker image rm app:latest >/dev/null
refused 8 "not $REF alone" "an archive with a second name" push $REF --force --input both.tar
check "the hint names the right docker save" grep -q "hint: docker save $REF, without any other name" refused.err
