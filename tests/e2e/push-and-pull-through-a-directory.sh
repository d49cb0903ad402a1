#!/usr/bin/env bash
# A push from one daemon into a plain directory as bucket, and a pull into another host's daemon.
. "$(dirname "$0")/lib.sh"
need_docker
need_edge
need_directory
round_trip
check "the directory has the image's three objects and one audit event" same "3 4" "$(bucket list images/ | wc -l) $(bucket list | wc -l)"
