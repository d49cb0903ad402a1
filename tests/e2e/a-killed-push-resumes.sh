#!/usr/bin/env bash
# A push is killed at a random moment and run again, on this host or on another one. The second run sends the missing
# bytes, and the archive is that of an undisturbed push. A relay counts the bytes on the network. Then the same for a push
# that copies from an earlier archive.
. "$(dirname "$0")/lib.sh"
need_s3
REF=app:20250721-2118-f7a5a27
choose_kills
PART=8388608

make_image $REF image.tar --size 70 --seed 5
check "push without a kill" s3dock push $REF --input image.tar
key=$(archive_key)
bucket get "$(archive_key)" whole.tar.gz
bucket get "$(index_key)" whole.index
bucket get "$(metadata_key)" whole.json
size=$(stat -c %s whole.tar.gz)

DIRECT=$AWS_ENDPOINT_URL # for requests that are neither counted nor slowed down
coproc RELAY { exec "$KIT/relay" "${AWS_ENDPOINT_URL#*//}" "$work/count" --up --rate $((size / 3)); }
at_exit "kill $RELAY_PID"
read -r port <&"${RELAY[0]}"
export AWS_ENDPOINT_URL=http://127.0.0.1:$port

sent()
{
    cat "$work/count"
}

# has_recorded PID: the checkpoint of the push has a part; or the push ended. The list also has temporary objects, which
# can be there before the first part.
has_recorded()
{
    ! kill -0 "$1" 2>/dev/null && return
    AWS_ENDPOINT_URL=$DIRECT s3dock resume --json 2>/dev/null | python3 -c '
import json, sys
items = json.load(sys.stdin)["data"]["unfinished"]
sys.exit(sum(item.get("bytes", 0) for item in items if item["kind"] == "push") <= 5000000)'
}

# struck PID SIGNAL SECONDS: sends the signal to the push, this time after its checkpoint has a part. Sets the variables
# of timed_wait.
struck()
{
    await has_recorded "$1"
    sleep "$3"
    kill "-$2" "$1"
    timed_wait "$1"
    await is_quiet
}

# is_quiet: no bytes arrive in half a second.
is_quiet()
{
    local before
    before=$(sent)
    sleep 0.5
    [ "$before" = "$(sent)" ]
}

# begun SIGNAL SECONDS: a push into an empty bucket that gets the signal this time after its first part. Little memory
# limits the number of parts in flight.
begun()
{
    bucket empty
    "$S3DOCK" push $REF --input image.tar --no-progress --memory 24M --log-level 3 2>begun.txt &
    struck $! "$1" "$2"
}

# again: both runs together send at most 2 % more than the archive.
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
    check "after kill -9, the second run sends only the missing bytes" again
    check "archive, index and checksum are those of an undisturbed push" same_as_whole
    check "no unfinished upload is left" nothing_left
    check "no temporary object is left" empty "$(bucket list archive/)"
done

begun TERM 0.3
check "after SIGTERM, the checkpoint is in the bucket, too" test -n "$(bucket list archive/.s3dock-tmp/push/)"
rm -r "$HOME/.cache/s3dock"
check "another host sends only the missing bytes" again
check "another host resumes at least one part" test "$(json resumed_bytes push.json)" -ge $PART
check "the archive of two hosts is the same" same_as_whole
check "two hosts leave no unfinished upload" nothing_left
check "two hosts leave no temporary object" empty "$(bucket list archive/)"

# --- a push that copies ----------------------------------------------------------------------------

NEXT=app:20250722-2118-f7a5a27
make_image $NEXT next.tar --size 100 --seed 5
nkey=${key//20250721/20250722}

based()
{
    bucket empty
    AWS_ENDPOINT_URL=$DIRECT s3dock push $REF --input image.tar
}

# delta: pushes NEXT, and writes the number of sent bytes to delta.bytes.
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

check "push of an earlier image" based
check "push of the next image" delta
check "the push copied chunks" test "$(json copied_bytes delta.json)" -gt 1000000
undisturbed=$(cat delta.bytes)
bucket get "$nkey" next.tar.gz
bucket get "${nkey%.tar.gz}.index" next.index

# delta_killed SIGNAL SECONDS: sends the signal this time after the first part. Writes the sent bytes to delta.before.
delta_killed()
{
    local before
    based >based.txt 2>&1
    before=$(sent)
    "$S3DOCK" push $NEXT --input next.tar --no-progress --log-level 3 --limit-rate $((undisturbed / 8)) 2>begun.txt &
    struck $! "$1" "$2"
    echo $(($(sent) - before)) >delta.before
}

# delta_again: both runs together send few bytes more than one run. Bytes in flight are allowed.
delta_again()
{
    delta || return 1
    echo "$(cat delta.before) and $(cat delta.bytes) bytes, of $undisturbed; $(json resumed_bytes delta.json) were there"
    test "$(json resumed_bytes delta.json)" -gt 5000000 &&
        test $(($(cat delta.before) + $(cat delta.bytes))) -le $((undisturbed + undisturbed / 20 + 3 * PART))
}

for ((i = 0; i < KILLS; i++)); do
    delta_killed KILL "0.$((RANDOM % 10))"
    check "after kill -9 of a copying push, the second run does the missing work" delta_again
    check "archive and index are those of an undisturbed push" same_as_next
    check "the copying push leaves no unfinished upload" nothing_left
    check "the copying push leaves no temporary object" empty "$(bucket list archive/)"
done

delta_killed TERM 0.3
check "SIGTERM ends a copying push" same 143 "$ended"
check "the copying push ends within two seconds" in_time 2000
rm -r "$HOME/.cache/s3dock"
check "another host resumes a copying push" delta_again
check "the archive of the resumed copying push is the same" same_as_next
check "the resumed copying push leaves no unfinished upload" nothing_left
check "the resumed copying push leaves no temporary object" empty "$(bucket list archive/)"
