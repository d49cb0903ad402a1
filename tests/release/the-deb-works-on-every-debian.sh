#!/usr/bin/env bash
# The .deb is installed, used and removed in each release of Debian, in a system that has nothing else.
. "$(dirname "$0")/lib.sh"
need_release
need_docker
need_edge
need_s3
deb=$(artifact "s3dock_*_amd64.deb") || exit 1
"$KIT/images" small "$REF"
docker save "$REF" >saved.tar

# in_debian SCRIPT: runs a script in the system with the package.
in_debian()
{
    in_root --keep "$work/root" "$release" -- sh -euc "$1" sh "$deb"
}

for release in bullseye bookworm trixie sid; do
    as_root rm -rf "$work/root"
    # shellcheck disable=SC2016
    check "$release: the package is installed, without another one" in_debian 'dpkg -i "$1" && dpkg --audit'
    check "$release: its files are those that it names" in_debian 'dpkg --verify s3dock'
    check "$release: bash completes" in_debian \
        'exec bash -c ". /usr/share/bash-completion/completions/s3dock && complete -p s3dock"'
    check "$release: the man page is there" in_debian 'zcat /usr/share/man/man1/s3dock.1.gz | grep -q "^.TH"'
    program_in --keep "$work/root" "$release" -- /usr/bin/s3dock
    works "$release"
    # shellcheck disable=SC2016
    check "$release: an update is installed over it" in_debian 'dpkg -i "$1"'
    check "$release: nothing is left after it is removed" in_debian \
        'dpkg -P s3dock && ! find /usr /etc /var /lib -xdev -name "*s3dock*" | grep .'
done
