#!/usr/bin/env bash
# A push that is killed at any moment and run again sends what was missing then, on this host or on another one, and the
# archive is that of an undisturbed push. What moved is counted on the wire. Then the same for one that copies from an
# earlier archive.
. "$(dirname "$0")/lib.sh"
need_s3
REF=app:20250721-2118-f7a5a27
KILLS=2
[ -z "${E2E_SLOW:-}" ] || KILLS=1
LIMIT=${E2E_SLOW:+8000} # a sanitizer slows everything down; the promise is for the program itself
LIMIT=${LIMIT:-2000}
PART=8388608

make_image $REF image.tar --size 70 --seed 5
check "an undisturbed push" s3dock push $REF --input image.tar
key=$(archive_key)
bucket get "$(archive_key)" whole.tar.gz
bucket get "$(index_key)" whole.index
bucket get "$(metadata_key)" whole.json
size=$(stat -c %s whole.tar.gz)

DIRECT=$AWS_ENDPOINT_URL # what is not counted need not take its time
coproc RELAY { exec "$KIT/relay" "${AWS_ENDPOINT_URL#*//}" "$work/count" --up --rate $((size / 3)); }
at_exit "kill $RELAY_PID"
read -r port <&"${RELAY[0]}"
export AWS_ENDPOINT_URL=http://127.0.0.1:$port

sent()
{
    cat "$work/count"
}

# struck PID SIGNAL SECONDS: the push that writes begun.txt gets a signal so long after its first part has arrived.
# `took`: milliseconds until it had ended; `ended`: with which status.
struck()
{
    local at
    for _ in $(seq 300); do
        grep -q 'partNumber=1&.*: 200' begun.txt && break
        sleep 0.1
    done
    sleep "$3"
    at=$(date +%s%N)
    kill "-$2" "$1"
    wait "$1" 2>/dev/null
    ended=$?
    took=$((($(date +%s%N) - at) / 1000000))
    sleep 0.5 # the wire empties
}

# begun SIGNAL SECONDS: a push into an empty bucket that gets a signal so long after its first part has arrived. With
# little memory few parts are on their way at once.
begun()
{
    bucket empty
    "$S3DOCK" push $REF --input image.tar --no-progress --memory 24M --log-level 3 2>begun.txt &
    struck $! "$1" "$2"
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

# --- a push that copies ----------------------------------------------------------------------------

NEXT=app:20250722-2118-f7a5a27
make_image $NEXT next.tar --size 100 --seed 5
nkey=${key//20250721/20250722}

based()
{
    bucket empty
    AWS_ENDPOINT_URL=$DIRECT s3dock push $REF --input image.tar
}

# delta: pushes NEXT, and says in delta.bytes what went over the wire.
delta()
{
    local before
    before=$(sent)
    "$S3DOCK" push $NEXT --input next.tar --json >delta.json || return 1
    sleep 0.2
    echo $(($(sent) - before)) >delta.bytes
}

same_as_next()
{
    bucket get "$nkey" again.tar.gz && cmp next.tar.gz again.tar.gz &&
        bucket get "${nkey%.tar.gz}.index" again.index && cmp next.index again.index
}

check "an earlier image" based
check "a push that copies from it" delta
check "it has copied" test "$(json copied_bytes delta.json)" -gt 1000000
undisturbed=$(cat delta.bytes)
bucket get "$nkey" next.tar.gz
bucket get "${nkey%.tar.gz}.index" next.index

# delta_killed SIGNAL SECONDS: after the first part has arrived. In delta.before: what had gone over the wire.
delta_killed()
{
    local before
    based >based.txt 2>&1
    before=$(sent)
    "$S3DOCK" push $NEXT --input next.tar --no-progress --log-level 3 --limit-rate $((undisturbed / 4)) 2>begun.txt &
    struck $! "$1" "$2"
    echo $(($(sent) - before)) >delta.before
}

# Both together, but for what was on its way.
delta_again()
{
    delta || return 1
    echo "$(cat delta.before) and $(cat delta.bytes) bytes, of $undisturbed; $(json resumed_bytes delta.json) were there"
    test "$(json resumed_bytes delta.json)" -gt 5000000 &&
        test $(($(cat delta.before) + $(cat delta.bytes))) -le $((undisturbed + undisturbed / 20 + 3 * PART))
}

for ((i = 0; i < KILLS; i++)); do
    delta_killed KILL "1.$((RANDOM % 10))"
    check "killed while it copies: the rerun does what was missing" delta_again
    check "the archive and the index are those of an undisturbed push" same_as_next
    check "no unfinished upload is left of it" nothing_left
    check "and no temporary object of it" same '' "$(bucket list archive/)"
done

delta_killed TERM 1
check "SIGTERM ends a push that copies" same 143 "$ended"
check "within two seconds" test "$took" -le "$LIMIT"
rm -r "$HOME/.cache/s3dock"
check "another host goes on with a push that copies" delta_again
check "its archive is the same" same_as_next
check "it leaves no unfinished upload" nothing_left
check "nor a temporary object" same '' "$(bucket list archive/)"
