#!/usr/bin/env bash
# A pull of archives of the Go program, and of an archive whose index is missing. The pull checks the MD5.
. "$(dirname "$0")/lib.sh"
need_docker
need_edge
need_s3
REF=app:20250721-2118-f7a5a27
"$KIT/images" small $REF
s3dock push $REF
bucket delete "$(index_key)"
check "pull of an archive whose index is missing" on_edge s3dock pull $REF
check "the pulled image has the pushed id" same "$(image_id $REF)" "$(on_edge image_id $REF)"

# old NAME FILE [MD5]: stores the archive as the Go program does, under the month of the push.
old()
{
    local key=images/$1/202508/$1-20250721-2118-f7a5a27 md5
    md5=${3:-$(md5sum <"$2" | cut -d ' ' -f 1)}
    cat >old.json <<JSON
{
  "checksum": "$md5",
  "size": $(stat -c %s "$2"),
  "created_at": "2025-08-02T10:00:00.123456789+02:00",
  "git_hash": "f7a5a27",
  "git_time": "20250721-2118",
  "image_tag": "$1:20250721-2118-f7a5a27",
  "app_name": "$1"
}
JSON
    bucket put "$key.tar.gz" "$2"
    bucket put "$key.json" old.json
}

for name in one many wrong cut tail; do
    docker tag $REF $name:20250721-2118-f7a5a27
    docker save $name:20250721-2118-f7a5a27 >$name.tar
done
gzip -c one.tar >one.tar.gz
{
    head -c 4000000 many.tar | gzip -1
    tail -c +4000001 many.tar | gzip -9
} >many.tar.gz
gzip -c wrong.tar >wrong.tar.gz
gzip -c cut.tar | head -c 2000000 >cut.tar.gz
{
    gzip -c tail.tar
    echo "and something that does not belong here"
} >tail.tar.gz
old one one.tar.gz
old many many.tar.gz
old wrong wrong.tar.gz 00000000000000000000000000000000
old cut cut.tar.gz
old tail tail.tar.gz
on_edge docker image prune -af >/dev/null

for name in one many; do
    check "pull of an old archive of $name gzip member(s) into a file" s3dock pull $name:20250721-2118-f7a5a27 --output $name-back.tar
    check "the file has the same image" same_image $name.tar $name-back.tar
    check "pull of an old archive of $name gzip member(s) into a daemon" on_edge s3dock pull $name:20250721-2118-f7a5a27
done
refused 6 "checksum|md5" "a wrong MD5" pull wrong:20250721-2118-f7a5a27 --output refused.tar
refused 6 "" "a truncated archive" pull cut:20250721-2118-f7a5a27 --output refused.tar
refused 6 "" "an archive with trailing bytes" pull tail:20250721-2118-f7a5a27 --output refused.tar
check "the refused pulls leave no file" test ! -e refused.tar
DOCKER_HOST=$EDGE refused 6 "checksum|md5" "a wrong MD5, into a daemon" pull wrong:20250721-2118-f7a5a27
for name in one many wrong cut tail; do
    docker image rm $name:20250721-2118-f7a5a27 >/dev/null
done
