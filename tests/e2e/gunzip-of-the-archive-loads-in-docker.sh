#!/usr/bin/env bash
# The archive in the bucket is an ordinary .tar.gz: gunzip and docker load restore the image.
. "$(dirname "$0")/lib.sh"
need_docker
need_edge
need_s3
REF=app:20250721-2118-f7a5a27
"$KIT/images" small $REF
s3dock push $REF

bucket get "$(archive_key)" archive.tar.gz
bucket get "$(metadata_key)" metadata.json
check "gzip -t accepts the archive" gzip -t archive.tar.gz
check "tar reads the whole archive" tar -tzf archive.tar.gz
check "the metadata's checksum is the archive's MD5" same "$(json checksum metadata.json)" "$(md5sum <archive.tar.gz | cut -d ' ' -f 1)"
check "the metadata's size is the archive's size" same "$(json size metadata.json)" "$(stat -c %s archive.tar.gz)"
check "the metadata's index_sha256 is the SHA-256 of the index" same "$(json index_sha256 metadata.json)" \
    "$(bucket get "$(index_key)" | sha256sum | cut -d ' ' -f 1)"
gunzip -c archive.tar.gz >archive.tar
check "every layer has its diffID" "$KIT/image_facts" archive.tar
check "docker load accepts the archive" on_edge docker load -i archive.tar
check "the loaded image has the pushed id" same "$(image_id $REF)" "$(on_edge image_id $REF)"
plain=$(gzip -6 -c archive.tar | wc -c)
check "the archive is at most 1.03 times the size of gzip -6" test "$(stat -c %s archive.tar.gz)" -le $((plain * 103 / 100))
