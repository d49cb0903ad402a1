# shellcheck shell=bash
# python.sh - puts the folder of the real python3 first into PATH; sourced, never run.
#
# A version manager has a shell script in its place. The script takes eight times as long as Python's own start, and the
# tests start Python hundreds of times.
if [ -z "${KIT_PYTHON:-}" ]; then
    KIT_PYTHON=$(python3 -c 'import os, sys; print(os.path.dirname(os.path.realpath(sys.executable)))' 2>/dev/null) || true
    export KIT_PYTHON PATH="${KIT_PYTHON:+$KIT_PYTHON:}$PATH"
fi
