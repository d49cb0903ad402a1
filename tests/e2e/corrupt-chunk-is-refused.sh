#!/usr/bin/env bash
# One wrong bit in the archive, the index or the metadata never reaches Docker or a file.
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

# flip IN OUT OFFSET: flips one bit of the byte at OFFSET.
flip()
{
    python3 - "$@" <<'PYTHON'
import sys
data = bytearray(open(sys.argv[1], "rb").read())
data[int(sys.argv[3])] ^= 0x10
open(sys.argv[2], "wb").write(data)
PYTHON
}

# Writes the archive's ETag into the metadata, so that a pull must detect the wrong byte and not the wrong ETag.
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
refused "(6|8)" "" "an archive with another ETag than its metadata" pull $REF --output out.tar
for offset in $((size / 3)) $((size / 2)) $((size - 3)); do
    flip archive bad $offset
    bucket put "$archive" bad
    claim_etag
    refused 6 "" "a wrong bit at $offset of the archive, into a file" pull $REF --output out.tar
    check "the refused pull leaves no file" test ! -e out.tar
    DOCKER_HOST=$EDGE refused 6 "" "a wrong bit at $offset of the archive, into a daemon" pull $REF
    refused 6 "integrity" "a wrong bit at $offset of the archive, with verify" verify $REF
done
head -c $((size - 1000)) archive >bad
bucket put "$archive" bad
claim_etag
refused 6 "" "a truncated archive" pull $REF --output out.tar
check "the daemon has no image" empty "$(on_edge docker images -q)"
# With an index, a pull reads only the layers and the config. Damage in other bytes has no effect. Without an index, a
# pull checks all bytes.
for offset in 0 20; do
    flip archive bad $offset
    bucket put "$archive" bad
    claim_etag
    rm -f out.tar
    check "pull with a wrong bit at $offset, outside of the layers" s3dock pull $REF --output out.tar
    check "the pulled image is right" same_image saved.tar out.tar
    refused 6 "" "verify of a wrong bit at $offset" verify $REF
    bucket delete "$index"
    rm -f out.tar
    refused 6 "" "pull of a wrong bit at $offset, without the index" pull $REF --output out.tar
    check "the refused pull leaves no file" test ! -e out.tar
    bucket put "$index" index
done
bucket put "$archive" archive
claim_etag
check "pull of the repaired archive" s3dock pull $REF --output out.tar
bucket get "$metadata" metadata

# A pull may ignore a damaged index and read the archive without it. It must never return another image.
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
    check "a wrong bit at $offset of the index never gives a wrong image" right_or_refused
done
head -c $((size / 2)) index >bad
bucket put "$index" bad
check "a truncated index never gives a wrong image" right_or_refused
refused 6 "integrity" "a truncated index, with verify" verify $REF
bucket put "$index" index

head -c 100 metadata >bad
bucket put "$metadata" bad
refused 6 "" "truncated metadata" pull $REF --output refused.tar
python3 - metadata >bad <<'PYTHON'
import json, sys
document = json.load(open(sys.argv[1]))
document["image_id"] = "sha256:" + "0" * 64
json.dump(document, sys.stdout)
PYTHON
bucket put "$metadata" bad
refused 6 "" "metadata that names another image" pull $REF --output refused.tar
check "the refused pulls leave no file" test ! -e refused.tar
bucket put "$metadata" metadata
rm -f out.tar
check "pull after all repairs" s3dock pull $REF --output out.tar
check "the image after all repairs is right" same_image saved.tar out.tar
check "verify after all repairs" s3dock verify $REF
check "push --verify of an existing image" s3dock push $REF --verify
