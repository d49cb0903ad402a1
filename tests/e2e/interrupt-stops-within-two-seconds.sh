#!/usr/bin/env bash
# Ctrl-C and SIGTERM: the program ends within two seconds and leaves no incomplete image. It keeps the uploaded parts, and
# the next push resumes the upload. With --no-resume, nothing is left.
. "$(dirname "$0")/lib.sh"
need_s3
REF=app:20250721-2118-f7a5a27
make_image $REF image.tar --size 60 --seed 5

# in_front ARGUMENT...: runs the program like a terminal does. A shell makes background processes ignore SIGINT.
in_front()
{
    exec env --default-signal=INT "$S3DOCK" "$@"
}

# interrupt SIGNAL CODE SENTENCE: signals the program (its pid in $pid) and checks how it ends.
interrupt()
{
    kill -"$1" "$pid"
    timed_wait "$pid"
    check "$3: exit code $2" same "$2" "$ended"
    check "$3: within 2 s" in_time 2000
    check "$3: one error line" same 1 "$(grep -c '^error' err.txt)"
}

# explains TEXT: the error states how to resume. On a machine that was busy meanwhile (timed_wait), the program may end
# before it has cleaned up; then it prints another text.
explains()
{
    grep -q "$1" err.txt || { test "$delay" -gt 0 && grep -q "transferred data is kept: run the same command again" err.txt; }
}

for signal in INT TERM; do
    code=$([ $signal = INT ] && echo 130 || echo 143)

    # A push whose input does not end: it delivers 40 MB at once, then nothing.
    before=$(bucket_state)
    rm -f err.txt # the log of the last push has the awaited line, too
    mkfifo push.pipe
    { head -c 40000000 image.tar && exec sleep 900; } >push.pipe &
    feeder=$!
    in_front push $REF --input - --log-level 3 ${again:+--no-resume} <push.pipe 2>err.txt &
    pid=$!
    await grep -q 'partNumber=1&.*: 200' err.txt
    sleep 0.5
    interrupt $signal "$code" "SIG$signal during a push"
    kill $feeder 2>/dev/null
    wait $feeder 2>/dev/null
    rm push.pipe
    if [ -n "${again:-}" ]; then
        check "--no-resume: the bucket is unchanged, without an unfinished upload" same "state $before" "state $(bucket_state)"
    else
        check "the bucket has no incomplete image" empty "$(bucket list images/)"
        check "the message states how to resume" explains "the uploaded parts are kept"
    fi
    check "the next push succeeds" into "push-$signal.json" s3dock push $REF --input image.tar --json --force
    again=yes
done
check "the next push does not send the kept parts again" test "$(json resumed_bytes push-INT.json)" -ge 8388608
check "after --no-resume, the next push resumes nothing" same 0 "$(json resumed_bytes push-TERM.json)"
check "no unfinished upload is left" nothing_left
# has_kept_data: the running pull has data in the cache.
has_kept_data()
{
    [ -n "$(find "$HOME/.cache/s3dock/pulls" -type f -size +1024k)" ]
}

for signal in INT TERM; do
    code=$([ $signal = INT ] && echo 130 || echo 143)

    # A pull into a pipe whose reader does not read.
    rm -rf "$HOME/.cache/s3dock/pulls"
    mkfifo pull.pipe
    { exec 3<pull.pipe && exec sleep 900; } &
    reader=$!
    in_front pull $REF --output - >pull.pipe 2>err.txt &
    pid=$!
    await has_kept_data
    interrupt $signal "$code" "SIG$signal during a pull to a pipe"
    check "the message states that the downloaded data is kept" explains "the fetched bytes are kept: run the same command again"
    kill $reader 2>/dev/null
    wait $reader 2>/dev/null
    rm pull.pipe
done
check "pull after the interruptions" s3dock pull $REF --output back.tar
check "the pulled image is right" same_image image.tar back.tar
