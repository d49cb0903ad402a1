#!/usr/bin/env bash
# A proxy before the real S3 server refuses, resets, drops, truncates and delays requests: a sample of ./dev faults real.
. "$(dirname "$0")/lib.sh"
[ -z "${E2E_SLOW:-}" ] || skip "the sanitizers run with the scripted servers' faults"
need_s3
check "every command keeps its guarantees behind a faulty proxy before a real server" \
    "$KIT/../faults/run" --program "$S3DOCK" --results "$work/faults" --share 0.15 --seed "$RANDOM" real
