#!/usr/bin/env bash
# The archive in the bucket is an ordinary .tar.gz: gunzip and docker load are enough to get the image out.
. "$(dirname "$0")/lib.sh"
need_docker
need_edge
need_s3
REF=app:20250721-2118-f7a5a27
"$KIT/images" small $REF
s3dock push $REF

bucket get "$(archive_key)" archive.tar.gz
bucket get "$(metadata_key)" metadata.json
check "gzip finds no fault" gzip -t archive.tar.gz
check "tar reads it to the end" tar -tzf archive.tar.gz
check "the metadata's checksum is its MD5" same "$(json checksum metadata.json)" "$(md5sum <archive.tar.gz | cut -d ' ' -f 1)"
check "the metadata's size is its size" same "$(json size metadata.json)" "$(stat -c %s archive.tar.gz)"
check "the metadata's index_sha256 is the index's" same "$(json index_sha256 metadata.json)" \
    "$(bucket get "$(index_key)" | sha256sum | cut -d ' ' -f 1)"
gunzip -c archive.tar.gz >archive.tar
check "every layer is what the configuration says" "$KIT/image_facts" archive.tar
check "docker load takes it" on_edge docker load -i archive.tar
check "the id is the pushed one" same "$(image_id $REF)" "$(on_edge image_id $REF)"
plain=$(gzip -6 -c archive.tar | wc -c)
check "it is at most 1.03 times as large as gzip -6 makes it" test "$(stat -c %s archive.tar.gz)" -le $((plain * 103 / 100))
