# shellcheck shell=bash
# kit.sh - functions of the kit's programs. A program sources this file.
#
# A server of the kit has one directory for its data, sockets, logs and pid files. So to stop a server, a
# program kills the processes in the pid files and unmounts everything below the directory.

# With set -e, a failed step ends $(...), too. Without this, the steps after it run.
shopt -s inherit_errexit

# The checkout, and the default directory for state.
KIT_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck disable=SC2034  # used by the programs that source this file
KIT_RUN=$KIT_ROOT/.run
. "$KIT_ROOT/tests/kit/cache.sh"
. "$KIT_ROOT/tests/kit/python.sh"

say()
{
    printf '%s\n' "$*" >&2
}

die()
{
    say "${0##*/}: $*"
    exit 1
}

# Runs a command as root, directly or through sudo. Without a terminal, it asks for no password.
as_root()
{
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
        sudo "$@"
    else
        say "${0##*/}: needs root (or sudo) for: $*"
        return 1
    fi
}

need()
{
    local tool
    for tool in "$@"; do
        command -v "$tool" >/dev/null || [ -x "/usr/sbin/$tool" ] ||
            die "$tool is not installed: run ./dev packages test"
    done
}

# pid_of FILE WORD: prints the pid in FILE, if that process runs and its command line contains WORD. So a
# stale pid file, whose number belongs to another process now, has no effect.
pid_of()
{
    local pid
    [ -r "$1" ] || return 1
    pid=$(tr -dc 0-9 <"$1")
    [ -n "$pid" ] && [ -r "/proc/$pid/cmdline" ] || return 1
    tr '\0' ' ' <"/proc/$pid/cmdline" | grep -qF -- "$2" || return 1
    printf '%s\n' "$pid"
}

# stop_pid PID SECONDS: sends SIGTERM, waits, and sends SIGKILL.
stop_pid()
{
    local tenths=$(($2 * 10))
    as_root kill -TERM "$1" 2>/dev/null || return 0
    while [ -e "/proc/$1" ] && ! grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null; do
        if [ $((tenths -= 1)) -lt 0 ]; then
            as_root kill -KILL "$1" 2>/dev/null
            sleep 0.2
            return 0
        fi
        sleep 0.1
    done
}

# wait_until SECONDS COMMAND...: repeats the command until it succeeds.
wait_until()
{
    local tries=$(($1 * 5))
    shift
    until "$@" >/dev/null 2>&1; do
        [ $((tries -= 1)) -gt 0 ] || return 1
        sleep 0.2
    done
}

# free_port: prints a free loopback port.
free_port()
{
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}
