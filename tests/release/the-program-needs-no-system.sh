#!/usr/bin/env bash
# The program of each tarball runs in a folder that has nothing but the program: no library, no /proc, no /dev.
. "$(dirname "$0")/lib.sh"
need_host_and_edge

unpack amd64
program_in --file "$UNPACKED/s3dock=/s3dock" empty -- /s3dock
works "amd64, an empty root"
unpack arm64
program_in --file "$UNPACKED/s3dock=/s3dock" --file "$(qemu)=/qemu" empty -- /qemu /s3dock
works "arm64, an empty root"
