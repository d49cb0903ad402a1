# shellcheck shell=bash
# checks.sh - runs checks, keeps their results, prints the closing line; sourced, never run.
#
# Each check is a line of TAP in a file of .run/logs: "ok 1 - ...", "not ok 2 - ...", "ok 3 - ... # SKIP why".
# The closing line counts these lines. Between begin_checks and the end of the shell, `conclude` runs on exit: it ends
# the process groups that the shell started, stops the servers, and prints the closing line.

LOGS=.run/logs

begin_checks()
{
    rm -rf $LOGS
    mkdir -p $LOGS
    CONCLUDED=
    trap 'exit 130' INT
    trap 'exit 143' TERM
    trap conclude EXIT
}

# end_checks: the run reached its end. Without it, `conclude` counts one failed check more.
end_checks()
{
    CONCLUDED=yes
}

# run_checks NAME COMMAND...: runs a command that prints TAP, then prints one line for it and its failures. The line has
# the time, and the processor time without that of servers. A command that fails without a failed check counts as one.
run_checks()
{
    local name=$1 log=$LOGS/${1//[^A-Za-z0-9._-]/-}.tap status=0 result=ok text TIMEFORMAT='%0R s, processor %0U s + %0S s'
    shift
    mkdir -p $LOGS
    # In a subshell: when a signal ends the run, `conclude` prints to the output of the run, not to the log.
    { time { ("$@") >"$log" 2>"$log.err" </dev/null; }; } 2>"$log.time" || status=$?
    if [ $status != 0 ] && ! has_failed "$log"; then
        echo "not ok - ends well (status $status)" >>"$log"
        tail -n 20 "$log.err" | sed 's/^/# /' >>"$log"
    fi
    ! has_failed "$log" || result=FAIL
    # One write: lines of several lanes do not mix.
    text=$(printf '  %-4s %s (%s)\n' $result "$name" "$(tail -n 1 "$log.time")" && print_problems "$log")
    printf '%s\n' "$text"
    [ $result = ok ]
}

# print_problems FILE: the failed and skipped checks of a TAP file, with their details.
print_problems()
{
    awk '/^not ok / && !/# SKIP/ { bad = 1 } /^ok / { bad = 0 } /^(not )?ok .*# SKIP/ { print "      " $0 }
         bad && !/# SKIP/ { print "      " $0 }' "$1"
}

has_failed()
{
    [ "$(grep '^not ok ' "$1" | grep -vc '# SKIP')" != 0 ]
}

# one_check NAME COMMAND...: makes a command one check: it passes if the command succeeds.
one_check()
{
    local name=$1 output
    shift
    if output=$("$@" 2>&1); then
        echo "ok - $name"
    else
        echo "not ok - $name"
        tail -n 40 <<<"$output" | sed 's/^/#   /'
        return 1
    fi
}

# count_checks PATTERN: the number of result lines that match.
count_checks()
{
    cat $LOGS/*.tap | grep -cE "$1" || true
}

# conclude: ends the programs that still run, prints the last line, exits with 1 if a check failed.
conclude()
{
    local passed failed skipped group
    trap - EXIT
    trap '' INT TERM # a second Ctrl-C does not interrupt the stop of the servers
    for group in $(jobs -p); do
        kill -TERM -- "-$group" 2>/dev/null || true
    done
    wait
    tests/kit/with-servers stop >/dev/null 2>&1 || true
    if [ -z "$CONCLUDED" ]; then
        echo "not ok - the test run reaches its end" >$LOGS/end.tap
        echo "the test run ended early" >&2
    fi
    skipped=$(count_checks '^(not )?ok .*# SKIP')
    passed=$(($(count_checks '^ok ') - $(count_checks '^ok .*# SKIP')))
    failed=$(($(count_checks '^not ok ') - $(count_checks '^not ok .*# SKIP')))
    if [ "$skipped" = 0 ]; then
        echo "$passed passed, $failed failed"
    else
        echo "$passed passed, $failed failed, $skipped skipped"
    fi
    exit $((failed > 0))
}
