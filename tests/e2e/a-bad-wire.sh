#!/usr/bin/env bash
# A proxy before the real S3 server refuses, resets, loses, cuts and delays what passes: a sample of ./dev faults real.
. "$(dirname "$0")/lib.sh"
[ -z "${E2E_SLOW:-}" ] || skip "once is enough: sanitizers see the scripted servers' faults"
need_s3
check "disturbed on the wire to a real server, the program keeps its word" \
    "$KIT/../faults/run" --program "$S3DOCK" --results "$work/faults" --share 0.15 --seed "$RANDOM" real
