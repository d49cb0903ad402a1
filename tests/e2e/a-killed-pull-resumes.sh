#!/usr/bin/env bash
# A pull is killed at a random moment and run again. The second run fetches the missing bytes, and no byte that the first
# run kept. A relay counts the bytes on the network.
. "$(dirname "$0")/lib.sh"
need_s3
REF=app:20250721-2118-f7a5a27
choose_kills

make_image $REF image.tar --size 60 --seed 5
s3dock push $REF --input image.tar
size=$(bucket list images/ | sed -n 's/^\([0-9]*\) .*gz$/\1/p')
coproc RELAY { exec "$KIT/relay" "${AWS_ENDPOINT_URL#*//}" "$work/count" --rate $((size / 3)) --hold "$work/hold"; }
at_exit "kill $RELAY_PID"
read -r port <&"${RELAY[0]}"
export AWS_ENDPOINT_URL=http://127.0.0.1:$port
pulls=$HOME/.cache/s3dock/pulls

moved()
{
    cat "$work/count"
}

# kept: bytes that the journal lists, 0 without a journal. Its first line names the archive; then 32 bytes per range.
kept()
{
    python3 - "$pulls"/*.spool <<'PYTHON'
import os, struct, sys

print(sum(struct.unpack_from("<QI", records, at)[1]
          for records in [open(path, "rb").read().split(b"\n", 1)[1] for path in sys.argv[1:] if os.path.exists(path)]
          for at in range(0, len(records) - 31, 32)))
PYTHON
}

# killed CONDITION...: starts a pull and kills it when the command ends. The command gets the number of the process as
# the variable `pid`.
killed()
{
    "$S3DOCK" pull $REF --output out.tar --memory 24M --no-progress 2>/dev/null &
    local pid=$!
    "$@"
    kill -9 $pid
    wait $pid 2>/dev/null
    await is_quiet
}

# has_moved BYTES: the count has reached this number.
has_moved()
{
    [ "$(moved)" -ge "$1" ]
}

# is_quiet: no bytes arrive in 0.3 s.
is_quiet()
{
    local before
    before=$(moved)
    sleep 0.3
    [ "$before" = "$(moved)" ]
}

# hold_at BYTES: the relay passes on bytes until its count reaches this number.
hold_at()
{
    echo "$1" >hold.new && mv hold.new hold
}

# has_stopped BYTES: the count has reached this number, or the pull has ended.
has_stopped()
{
    has_moved "$1" || ! kill -0 "$pid" 2>/dev/null
}

# step_to BYTES: lets the relay pass on small steps until the journal lists that many bytes. On a machine of any speed,
# the pull cannot end between two reads of the journal.
step_to()
{
    local at
    at=$(moved)
    while [ "$(kept 2>/dev/null || echo 0)" -lt "$1" ] && kill -0 "$pid" 2>/dev/null; do
        at=$((at + size / 30))
        hold_at $at
        await has_stopped $at
        sleep 0.1
    done
}

# again: the second run fetches the rest, the index and the documents.
again()
{
    local before kept
    before=$(moved) kept=$(kept)
    s3dock pull $REF --output out.tar --memory 24M --json >pull.json || return 1
    same "$kept" "$(json resumed_bytes pull.json)" || return 1
    echo "$(($(moved) - before)) bytes, of $size, of which $kept were kept"
    test $(($(moved) - before)) -le $((size - kept + size / 50))
}

s3dock pull $REF --output whole.tar --json >whole.json
undisturbed=$(moved)
for ((i = 0; i < KILLS; i++)); do
    before=$(moved)
    # At a random byte, which the relay passes on only after the kill.
    hold=$((before + undisturbed * (10 + RANDOM % 80) / 100))
    hold_at $hold
    killed await has_stopped $hold
    rm hold
    check "a killed pull leaves no incomplete file" test ! -e out.tar
    check "the second run fetches only the missing bytes" again
    check "both runs together fetch at most 1.15 times the bytes" test $(($(moved) - before)) -le $((undisturbed * 115 / 100))
    check "the output is the same" cmp whole.tar out.tar
    check "the cache has no partial download" empty "$(ls -A "$pulls")"
    rm out.tar
done

before=$(moved)
hold_at "$before"
killed step_to $((size / 2))
killed step_to $((size * 3 / 4))
rm hold
check "after two kills, three quarters are in the cache" test "$(kept)" -ge $((size * 3 / 4))
check "the second pull continued the first one" test $(($(moved) - before)) -le $((size * 115 / 100))
s3dock pull $REF --output out.tar --no-resume --json >pull.json
check "--no-resume fetches everything again" test "$(json downloaded_bytes pull.json)" -ge "$(json to_fetch whole.json)"
hold_at "$(moved)"
killed step_to $((size / 8))
rm hold
python3 - "$pulls"/*.part <<'PYTHON'
import sys

with open(sys.argv[1], "r+b") as part: # a byte of each block
    for at in range(0, part.seek(0, 2), 4096):
        part.seek(at)
        byte = part.read(1)
        part.seek(at)
        part.write(bytes([byte[0] ^ 255]))
PYTHON
check "a damaged partial download is not used" s3dock pull $REF --output out.tar --json
check "the output after damage is the same" cmp whole.tar out.tar

hold_at "$(moved)"
killed step_to $((size / 4))
rm hold
make_image $REF image.tar --size 60 --seed 6
env "${OWNER[@]}" "$S3DOCK" push $REF --input image.tar --no-delta
check "a partial download of a replaced image is not used" s3dock pull $REF --output out.tar --json
check "the output is the new image" same_image image.tar out.tar
