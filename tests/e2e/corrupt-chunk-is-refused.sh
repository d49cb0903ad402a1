#!/usr/bin/env bash
# One wrong byte in the archive, the index or the metadata: never in Docker, never in a file.
. "$(dirname "$0")/lib.sh"
need_docker
need_edge
need_s3
REF=app:20250721-2118-f7a5a27
"$KIT/images" small $REF
s3dock push $REF
docker save $REF >saved.tar
archive=$(archive_key)
index=$(index_key)
metadata=$(metadata_key)
bucket get "$archive" archive
bucket get "$index" index
bucket get "$metadata" metadata
size=$(stat -c %s archive)

# flip IN OUT OFFSET: one bit of one byte.
flip()
{
    python3 - "$@" <<'PYTHON'
import sys
data = bytearray(open(sys.argv[1], "rb").read())
data[int(sys.argv[3])] ^= 0x10
open(sys.argv[2], "wb").write(data)
PYTHON
}

# The archive's ETag is written into the metadata, so that the wrong byte itself is what must be noticed.
claim_etag()
{
    python3 - metadata "$(bucket etag "$archive")" >patched <<'PYTHON'
import json, sys
document = json.load(open(sys.argv[1]))
document["archive_etag"] = sys.argv[2]
json.dump(document, sys.stdout)
PYTHON
    bucket put "$metadata" patched
}

flip archive bad $((size / 2))
bucket put "$archive" bad
refused "(6|8)" "" "an archive that is not the one the metadata names" pull $REF --output out.tar
for offset in $((size / 3)) $((size / 2)) $((size - 3)); do
    flip archive bad $offset
    bucket put "$archive" bad
    claim_etag
    refused 6 "" "a wrong bit at $offset of the archive, into a file" pull $REF --output out.tar
    check "no half file is left" test ! -e out.tar
    DOCKER_HOST=$EDGE refused 6 "" "a wrong bit at $offset of the archive, into a daemon" pull $REF
    refused 6 "integrity" "a wrong bit at $offset of the archive, verified" verify $REF
done
head -c $((size - 1000)) archive >bad
bucket put "$archive" bad
claim_etag
refused 6 "" "an archive that ends early" pull $REF --output out.tar
check "the daemon holds nothing of it" same "" "$(on_edge docker images -q)"
# Only layers and config are read of an archive with an index: what lies beside them is not used, and may be damaged.
# Without the index all of it is judged.
for offset in 0 20; do
    flip archive bad $offset
    bucket put "$archive" bad
    claim_etag
    rm -f out.tar
    check "a wrong bit at $offset, beside the layers, is not used" s3dock pull $REF --output out.tar
    check "and the image is right" same_image saved.tar out.tar
    refused 6 "" "verify finds it" verify $REF
    bucket delete "$index"
    rm -f out.tar
    refused 6 "" "without the index it is refused" pull $REF --output out.tar
    check "no half file is left" test ! -e out.tar
    bucket put "$index" index
done
bucket put "$archive" archive
claim_etag
check "the right bytes are pulled" s3dock pull $REF --output out.tar
bucket get "$metadata" metadata

# Whoever loses trust in the index may still read the archive without it: what must never come is something else.
right_or_refused()
{
    local status
    rm -f out.tar
    s3dock pull $REF --output out.tar
    status=$?
    if [ $status = 0 ]; then
        same_image saved.tar out.tar
    else
        [ $status = 6 ] && [ ! -e out.tar ]
    fi
}
size=$(stat -c %s index)
for offset in 0 9 40 $((size / 4)) $((size / 2)) $((size - 1)); do
    flip index bad $offset
    bucket put "$index" bad
    check "a wrong bit at $offset of the index does no harm" right_or_refused
done
head -c $((size / 2)) index >bad
bucket put "$index" bad
check "half an index does no harm" right_or_refused
refused 6 "integrity" "half an index, verified" verify $REF
bucket put "$index" index

head -c 100 metadata >bad
bucket put "$metadata" bad
refused 6 "" "half a metadata document" pull $REF --output refused.tar
python3 - metadata >bad <<'PYTHON'
import json, sys
document = json.load(open(sys.argv[1]))
document["image_id"] = "sha256:" + "0" * 64
json.dump(document, sys.stdout)
PYTHON
bucket put "$metadata" bad
refused 6 "" "metadata that names another image" pull $REF --output refused.tar
check "no half file is left" test ! -e refused.tar
bucket put "$metadata" metadata
rm -f out.tar
check "all repaired: it is pulled" s3dock pull $REF --output out.tar
check "and right" same_image saved.tar out.tar
check "and verified" s3dock verify $REF
check "and a push that has nothing to do verifies it" s3dock push $REF --verify
