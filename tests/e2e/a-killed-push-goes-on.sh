#!/usr/bin/env bash
# A push that is killed at any moment and run again sends what was missing then, on this host or on another one, and the
# archive is that of an undisturbed push. What moved is counted on the wire.
. "$(dirname "$0")/lib.sh"
need_s3
REF=app:20250721-2118-f7a5a27
KILLS=2
[ -z "${E2E_SLOW:-}" ] || KILLS=1
PART=8388608

"$KIT/make_image" $REF image.tar --size 70 --seed 5
check "an undisturbed push" s3dock push $REF --input image.tar
key=$(archive_key)
bucket get "$(archive_key)" whole.tar.gz
bucket get "$(index_key)" whole.index
bucket get "$(metadata_key)" whole.json
size=$(stat -c %s whole.tar.gz)

coproc RELAY { exec "$KIT/relay" "${AWS_ENDPOINT_URL#*//}" "$work/count" --up --rate $((size / 3)); }
at_exit "kill $RELAY_PID"
read -r port <&"${RELAY[0]}"
export AWS_ENDPOINT_URL=http://127.0.0.1:$port

sent()
{
    cat "$work/count"
}

# begun SIGNAL SECONDS: a push into an empty bucket that gets a signal so long after its first part has arrived. With
# little memory few parts are on their way at once.
begun()
{
    bucket empty
    "$S3DOCK" push $REF --input image.tar --no-progress --memory 24M --log-level 3 2>begun.txt &
    local pid=$!
    for _ in $(seq 300); do
        grep -q 'partNumber=1&.*: 200' begun.txt && break
        sleep 0.1
    done
    sleep "$2"
    kill "-$1" $pid
    wait $pid 2>/dev/null
    sleep 0.5 # the wire empties
}

# again: what the rerun sends, and what the first one had sent, is hardly more than the archive.
again()
{
    local before
    before=$(sent)
    s3dock push $REF --input image.tar --json >push.json || return 1
    sleep 0.2
    echo "$(($(sent) - before)) bytes, of $size, of which $(json resumed_bytes push.json) were there"
    test $(($(sent) - before)) -le $((size - $(json resumed_bytes push.json) + size / 50))
}

same_as_whole()
{
    bucket get "$key" again.tar.gz && cmp whole.tar.gz again.tar.gz &&
        bucket get "${key%.tar.gz}.index" again.index && cmp whole.index again.index &&
        bucket get "$(metadata_key)" again.json &&
        same "$(json checksum whole.json)" "$(json checksum again.json)"
}

for ((i = 0; i < KILLS; i++)); do
    begun KILL "0.$((RANDOM % 10))"
    check "killed: the rerun sends what was missing" again
    check "the archive, the index and the checksum are those of an undisturbed push" same_as_whole
    check "no unfinished upload is left" nothing_left
    check "and no temporary object" same '' "$(bucket list archive/)"
done

begun TERM 0.3
check "after SIGTERM the state lies in the bucket, too" test -n "$(bucket list archive/.s3dock-tmp/push/)"
rm -r "$HOME/.cache/s3dock"
check "another host sends what was missing" again
check "not all of it" test "$(json resumed_bytes push.json)" -ge $PART
check "the archive is the same" same_as_whole
check "no unfinished upload is left by two hosts" nothing_left
check "and no temporary object by them" same '' "$(bucket list archive/)"
