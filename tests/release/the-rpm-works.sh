#!/usr/bin/env bash
# The .rpm of each architecture is installed with rpm, used and removed. No distribution with RPM can be fetched here: the
# system is Debian's with the program rpm and an empty database.
. "$(dirname "$0")/lib.sh"
need_host_and_edge

# with_rpm SCRIPT: runs a script in the system with the package, whose file is $1.
with_rpm()
{
    in_root --keep "$work/root" bookworm rpm qemu-user-static -- sh -euc "$1" sh "$rpm"
}

for machine in x86_64 aarch64; do
    as_root rm -rf "$work/root"
    rpm=$(artifact "s3dock-*.$machine.rpm") || exit 1
    # shellcheck disable=SC2016
    check "$machine: the package wants nothing but rpm" with_rpm \
        'wanted=$(rpm -qp --requires "$1") && ! printf "%s\n" "$wanted" | grep -v "^rpmlib("'
    # shellcheck disable=SC2016
    check "$machine: its licence names those of the libraries" with_rpm \
        'rpm -qp --qf "%{LICENSE}" "$1" | grep -F "Apache-2.0 AND " | grep -F "(GPL-2.0-only WITH GCC-exception-2.0)"'
    # shellcheck disable=SC2016
    check "$machine: the package is installed" with_rpm 'rpm -i --ignorearch "$1"'
    check "$machine: its files are those that it names" with_rpm 'rpm -V s3dock'
    emulator=()
    [ $machine = x86_64 ] || emulator=(/usr/bin/qemu-aarch64-static)
    program_in --keep "$work/root" bookworm rpm qemu-user-static -- "${emulator[@]}" /usr/bin/s3dock
    works "$machine"
    # shellcheck disable=SC2016
    check "$machine: an update is installed over it" with_rpm 'rpm -U --force --ignorearch "$1"'
    check "$machine: nothing is left after it is removed" with_rpm \
        'rpm -e s3dock && ! find /usr /etc /var /lib -xdev -name "*s3dock*" | grep .'
done
