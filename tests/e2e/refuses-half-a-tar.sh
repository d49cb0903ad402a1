#!/usr/bin/env bash
# An incomplete stream never becomes an image in the bucket.
. "$(dirname "$0")/lib.sh"
need_s3
REF=app:20250721-2118-f7a5a27
make_image $REF whole.tar --size 30 --seed 1
size=$(stat -c %s whole.tar)

# half SENTENCE FILE [CODE]: a push refuses FILE, as a file and as a pipe.
half()
{
    refused "${3:-6}" "" "$1" push $REF --input "$2"
    INPUT=$2 refused "${3:-6}" "" "$1, from a pipe" push $REF --input -
}

: >empty.tar
half "an empty file" empty.tar
head -c 100 whole.tar >tiny.tar
half "the first hundred bytes of an archive" tiny.tar
head -c 100000 /dev/urandom >noise.tar
half "random bytes" noise.tar
for percent in 10 50 90 99; do
    head -c $((size * percent / 100)) whole.tar >half.tar
    half "the first $percent % of an archive" half.tar
done
python3 - whole.tar <<'PYTHON'
# The archive without the two zero blocks at the end, and the archive with a daemon's error instead of them.
import sys, tarfile
with tarfile.open(sys.argv[1]) as archive:
    for entry in archive:
        end = entry.offset_data + (entry.size + 511) // 512 * 512
data = open(sys.argv[1], "rb").read(end)
open("no-trailer.tar", "wb").write(data)
open("error-behind.tar", "wb").write(data + b'{"errorDetail":{"message":"write: no space left on device"}}\n')
PYTHON
half "an archive without its trailer" no-trailer.tar
half "an archive with a daemon's error instead of the trailer" error-behind.tar 10
gzip -c whole.tar | head -c 5000000 >half.tar.gz
half "a truncated compressed archive" half.tar.gz
for layout in legacy oci oci-gzip; do
    make_image $REF lie.tar --size 5 --seed 1 --layout $layout --lie
    half "a layer with another digest than in the config ($layout)" lie.tar
    make_image $REF missing.tar --size 5 --seed 1 --layout $layout --missing-layer
    half "a missing layer ($layout)" missing.tar
done
tar -cf other.tar whole.tar
half "a tar without an image" other.tar
check "the refused pushes leave the bucket empty" empty "$(bucket_state)"
check "push of the complete archive" s3dock push $REF --input whole.tar
