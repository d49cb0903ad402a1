#!/usr/bin/env bash
# Archives that Docker and s3dock read differently. They change no other name of the host, and the output of a pull has
# only the entries of one image.
. "$(dirname "$0")/lib.sh"
need_edge
need_directory
REF=app:20250721-2118-f7a5a27
DECOY=decoy:latest

# file VARIANT: stores the archive without an index, as a writer of the bucket could.
file()
{
    local key=images/app/202507/app-20250721-2118-f7a5a27
    gzip -cn "$1.tar" >archive
    cat >metadata <<JSON
{"checksum": "$(md5sum <archive | cut -d ' ' -f 1)", "size": $(stat -c %s archive),
 "created_at": "2025-07-21T21:18:00Z", "git_hash": "f7a5a27", "git_time": "20250721-2118",
 "image_tag": "$REF", "app_name": "app"}
JSON
    bucket put $key.tar.gz archive
    bucket put $key.json metadata
}

# taken_or_refused COMMAND...: exit code 0 or 6.
taken_or_refused()
{
    "$@"
    case $? in 0 | 6) ;; *) return 1 ;; esac
}

# only_ours: a second reader also finds one manifest.json, its blobs, and no other name in the output.
only_ours()
{
    [ -e out.tar ] || return 0
    python3 - out.tar $REF <<'PYTHON'
import json, sys, tarfile
with tarfile.open(sys.argv[1]) as tar:
    names = [member.name for member in tar]
    manifest = json.load(tar.extractfile("manifest.json"))
    assert all(member.type == tarfile.REGTYPE and not member.pax_headers for member in tar), names
    assert sorted(names)[-3:] == ["index.json", "manifest.json", "oci-layout"], names
    assert all(name.startswith("blobs/sha256/") for name in sorted(names)[:-3]) and len(names) == 6, names
    assert [item["RepoTags"] for item in manifest] == [[sys.argv[2]]], manifest
PYTHON
}

decoy_id()
{
    on_edge docker inspect -f '{{.Id}}' $DECOY
}

make_image $DECOY decoy.tar --size 1
on_edge docker load -i decoy.tar >/dev/null
before=$(decoy_id)
for variant in $("$KIT/two_readers"); do
    use_bucket "hidden-$variant"
    rm -f out.tar
    "$KIT/two_readers" "$variant" $REF $DECOY "$variant.tar"
    file "$variant"
    check "$variant: a pull succeeds or refuses the archive" taken_or_refused on_edge s3dock pull $REF
    check "$variant: the other name is unchanged after a pull" same "$before" "$(decoy_id)"
    check "$variant: a pull into a file succeeds or refuses the archive" taken_or_refused s3dock pull $REF --output out.tar
    check "$variant: the file has only entries of the image" only_ours
    use_bucket "pushed-$variant"
    rm -f out.tar
    check "$variant: a push succeeds or refuses the archive" taken_or_refused s3dock push $REF --input "$variant.tar"
    s3dock pull $REF --output out.tar 2>/dev/null
    check "$variant: a pull after the push has only entries of the image" only_ours
    on_edge s3dock pull $REF --force 2>/dev/null
    check "$variant: the other name is unchanged after the push" same "$before" "$(decoy_id)"
    on_edge docker image rm -f $REF >/dev/null 2>&1
done
on_edge docker image rm -f $DECOY >/dev/null
