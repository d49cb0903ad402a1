# shellcheck shell=bash
# kit.sh - what the kit's programs share; sourced, never run.
#
# A server of the kit lives in one directory: its data, sockets, logs and pid files. Nothing of it is
# anywhere else, so stopping it is killing what the pid files name and unmounting what is below.

# The checkout, and where state goes when no directory is given.
KIT_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck disable=SC2034  # used by the programs that source this file
KIT_RUN=$KIT_ROOT/.run

say()
{
    printf '%s\n' "$*" >&2
}

die()
{
    say "${0##*/}: $*"
    exit 1
}

# Runs a command as root, directly or through sudo; never asks for a password when there is nobody.
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

# pid_of FILE WORD: the pid in FILE if such a process runs and WORD stands in its command line, so that
# a stale pid file, whose number meanwhile belongs to somebody else, is never believed.
pid_of()
{
    local pid
    [ -r "$1" ] || return 1
    pid=$(tr -dc 0-9 <"$1")
    [ -n "$pid" ] && [ -r "/proc/$pid/cmdline" ] || return 1
    tr '\0' ' ' <"/proc/$pid/cmdline" | grep -qF -- "$2" || return 1
    printf '%s\n' "$pid"
}

# stop_pid PID SECONDS: asks, waits, insists.
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

# wait_until SECONDS COMMAND...: until the command succeeds.
wait_until()
{
    local tenths=$(($1 * 5))
    shift
    until "$@" >/dev/null 2>&1; do
        [ $((tenths -= 1)) -gt 0 ] || return 1
        sleep 0.2
    done
}

# A loopback port that was free a moment ago.
free_port()
{
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}
