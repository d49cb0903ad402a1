#!/usr/bin/env bash
# An image goes from one daemon into a bucket that is a plain directory, and from there to another host.
. "$(dirname "$0")/lib.sh"
need_docker
need_edge
need_directory
round_trip
check "the store left the image's three objects and one audit event" same "3 4" "$(bucket list images/ | wc -l) $(bucket list | wc -l)"
