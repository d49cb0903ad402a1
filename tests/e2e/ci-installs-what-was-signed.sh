#!/usr/bin/env bash
# The install script of CI, the action for GitHub and the template for GitLab install only a release that the right
# key has signed, whatever their cache contains.
. "$(dirname "$0")/lib.sh"
command -v minisign >/dev/null || skip "minisign is not installed"
case $(uname -m) in
x86_64) archive=s3dock_9.8.7_linux_amd64.tar.gz ;;
aarch64) archive=s3dock_9.8.7_linux_arm64.tar.gz ;;
*) skip "there is no release for $(uname -m)" ;;
esac
template=$TOP/ci/gitlab/s3dock.yml

# sign [-l]: signs the checksums of the release; -l: in the older form, without a hash of the file.
sign()
{
    (cd release && sha256sum ./*.tar.gz | sed 's|\./||' >SHA256SUMS) &&
        minisign -S ${1:+"$1"} -s "${KEY:-key.secret}" -m release/SHA256SUMS -x release/SHA256SUMS.minisig >/dev/null
}

# without PROGRAM...: a folder of the usual programs, without these.
without()
{
    local dir=$work/without-$1
    mkdir -p "$dir"
    ln -sf /bin/* /usr/bin/* "$dir/" 2>/dev/null
    (cd "$dir" && rm -f "$@")
    echo "$dir"
}

# install_release FOLDER: as a job does.
install_release()
{
    S3DOCK_VERSION=${VERSION:-9.8.7} S3DOCK_PUBLIC_KEY=$public S3DOCK_RELEASES=${RELEASES:-file://$work/release} \
        sh "$TOP/ci/install" "$1"
}

# refuses REASON SENTENCE [FOLDER]: the installation fails with this reason and leaves no program.
refuses()
{
    local folder=${3:-$work/refused}
    if install_release "$folder" >refused.out 2>refused.err; then
        fail "refused: $2" "it was installed"
    elif grep -q -- "$1" refused.err && [ ! -s refused.out ] && [ ! -e "$folder/9.8.7/bin/s3dock" ]; then
        pass "refused: $2"
    else
        fail "refused: $2" "$(cat refused.out refused.err)"
    fi
    rm -rf "$folder"
}

# install_on MACHINE [SYSTEM]: on a machine of this kind.
install_on()
{
    mkdir -p "other machine"
    # shellcheck disable=SC2016
    printf '#!/bin/sh\n[ "$1" = -s ] && echo %s || echo %s\n' "${2:-Linux}" "$1" >"other machine/uname"
    chmod +x "other machine/uname"
    PATH="$work/other machine:$PATH" install_release "$work/on $1"
}

# takes ARCH MACHINE...: machines of these names take the archive for this architecture.
takes()
{
    local arch=$1 machine
    shift
    for machine in "$@"; do
        if install_on "$machine" 2>took.err; then
            echo "s3dock_9.8.7_linux_$arch.tar.gz"
        else
            grep -o "s3dock_9.8.7_linux_[a-z0-9]*.tar.gz" took.err | head -n 1
        fi | grep -qF "_$arch." || return 1
    done
}

# all_install: eight jobs install into one folder at the same time.
all_install()
{
    local job jobs=() failed=0
    for job in 1 2 3 4 5 6 7 8; do
        install_release "$work/shared" >/dev/null &
        jobs+=($!)
    done
    for job in "${jobs[@]}"; do
        wait "$job" || failed=1
    done
    return $failed
}

program=${archive%.tar.gz}/s3dock
mkdir -p release "pack/${program%/*}"
printf '#!/bin/sh\necho 9.8.7\n' >"pack/$program"
chmod +x "pack/$program"
tar -czf "release/$archive" -C pack "${program%/*}"
echo other >release/s3dock_9.8.7_other.tar.gz
for key in key other; do
    minisign -GW -p $key.pub -s $key.secret >/dev/null
done
public=$(tail -n 1 key.pub)
sign

# --- what is signed is installed --------------------------------------------------------------------
check "minisign verifies the release" into path install_release "$work/tools"
check "the path of the program is printed" test "$(cat path)" = "$work/tools/9.8.7/bin/s3dock"
check "the program is that of the release" cmp "pack/$program" tools/9.8.7/bin/s3dock
mv release away
check "a cache needs no download" install_release "$work/tools"
mv away release
check "jobs share a folder" all_install
touch tools/9.8.7/bin/git
check "a changed cache is installed" install_release "$work/tools"
check "no other program of a cache comes into the PATH" test "$(ls -A tools/9.8.7/bin)" = s3dock
mkdir elsewhere && rm -r tools/9.8.7/* && ln -s "$work/elsewhere" tools/9.8.7/bin && mkdir "tools/9.8.7/$archive" tools/9.8.7/SHA256SUMS
check "a cache with links and folders is replaced" install_release "$work/tools"
check "the PATH leads to no other folder" test ! -L tools/9.8.7/bin -a -z "$(ls elsewhere)" -a -f "tools/9.8.7/$archive"
rm tools/9.8.7/bin/s3dock && mkdir tools/9.8.7/bin/s3dock
check "a folder in the place of the program is replaced" install_release "$work/tools"
VERSION=v9.8.7 check "a version may begin with v" install_release "$work/a folder"
RELEASES=file://$work/release/ check "the address may end with a slash" install_release "$work/slash"
public=$(cat key.pub)
check "the key may be the whole file" install_release "$work/tools"
public=$(tail -n 1 key.pub)
check "names of amd64" takes amd64 x86_64 amd64
check "names of arm64" takes arm64 aarch64 arm64
no_minisign=$(without minisign)
PATH=$no_minisign check "openssl verifies the release" install_release "$work/by-openssl"
sign -l
PATH=$no_minisign check "openssl verifies a signature of the older form" install_release "$work/by-openssl-legacy"
check "minisign verifies a signature of the older form" install_release "$work/legacy"

# --- what is not signed is refused ------------------------------------------------------------------
# Each with minisign, and with openssl.
for path in "$PATH" "$no_minisign"; do
    PATH=$path
    by=openssl
    ! command -v minisign >/dev/null || by=minisign
    cp -r release whole
    echo more >>"release/$archive"
    refuses "another checksum" "a changed archive ($by)"
    (cd release && sha256sum ./*.tar.gz | sed 's|\./||' >SHA256SUMS)
    refuses "signature of the release is wrong" "changed checksums ($by)"
    rm release/SHA256SUMS.minisig
    refuses "has no SHA256SUMS.minisig" "a release without a signature ($by)"
    rm -r release && mv whole release
    cp -r release whole
    sed -i "/$archive/d" release/SHA256SUMS
    PATH=/usr/bin:/bin minisign -S -s key.secret -m release/SHA256SUMS -x release/SHA256SUMS.minisig >/dev/null
    refuses "no line for" "checksums without the archive ($by)"
    rm -r release && mv whole release
    cp -r release whole
    PATH=/usr/bin:/bin KEY=other.secret sign
    refuses "signature of the release is wrong" "a release that another key has signed ($by)"
    rm -r release && mv whole release
    install_release "$work/cache" >/dev/null
    echo more >>"cache/9.8.7/$archive"
    check "a changed cache is replaced ($by)" install_release "$work/cache"
    check "the cache has the release again ($by)" cmp "cache/9.8.7/$archive" "release/$archive"
    echo more >>"cache/9.8.7/$archive"
    rm cache/9.8.7/bin/s3dock
    mv release away
    refuses "cache is not used: .* another checksum" "a changed cache without a release ($by)" "$work/cache"
    mv away release
done
PATH=$(without minisign openssl) refuses "cannot be verified" "a machine without a program that verifies"
PATH=$(without sha256sum shasum) refuses "neither sha256sum" "a machine without a program for checksums"
PATH=/usr/bin:/bin
public=RWrong refuses "not a key of minisign" "a key that is none"
check "no release for other machines" into unknown.err eval '! install_on armv7l 2>&1 && ! install_on arm64 Darwin 2>&1'
check "the error names them" test "$(grep -c 'there is no release for \(armv7l\|Darwin\)' unknown.err)" = 2
RELEASES=http://example.org refuses "must begin with https" "an address without TLS"

# --- the action of GitHub ---------------------------------------------------------------------------
touch github.path github.output
GITHUB_PATH=$work/github.path GITHUB_OUTPUT=$work/github.output RUNNER_TEMP=$work/runner S3DOCK_VERSION=9.8.7 \
    S3DOCK_PUBLIC_KEY=$public S3DOCK_RELEASES=file://$work/release \
    check "the action installs the program" "$TOP/.github/actions/setup-s3dock/install"
GITHUB_PATH=/dev/null GITHUB_OUTPUT=/dev/null RUNNER_TEMP=$work/runner2 S3DOCK_VERSION=v9.8.7 S3DOCK_PUBLIC_KEY=$public \
    S3DOCK_RELEASES='' S3DOCK_REPOSITORY=http://127.0.0.1:1/acme/s3dock "$TOP/.github/actions/setup-s3dock/install" >default.log 2>&1
check "the default address is that of the repository" \
    grep -qF http://127.0.0.1:1/acme/s3dock/releases/download/v9.8.7/SHA256SUMS default.log
check "the action extends the PATH" test -x "$(cat github.path)/s3dock"
check "the action has the output path" grep -qx "path=$work/runner/s3dock/9.8.7/bin/s3dock" github.output

# --- the template of GitLab -------------------------------------------------------------------------
# GitLab reads these names as settings of the whole pipeline.
# shellcheck disable=SC2016
check "no job of the pipeline for GitLab has a reserved name" eval '! sed -n "/^## GitLab/,/^## Jenkins/p" "$TOP/docs/ci.md" |
    grep -E "^(after_script|before_script|cache|image|pages|services|types|workflow):"'
awk '/<<.END_OF_INSTALL/ {copy = 1; next} /END_OF_INSTALL/ {exit} copy' "$template" | sed 's/^      //' >embedded
check "the template has the install script" cmp embedded "$TOP/ci/install"
# The block of .s3dock, as GitLab gives it to the shell.
awk '/^\.s3dock:/ {job = 1} job && /^    - \|$/ {copy = 1; next} copy && /^# Web/ {exit} copy' "$template" | sed 's/^      //' >before
# A runner has a template without the folder info.
mkdir -p project no-template && git -C project init -q --template="$work/no-template"
cat >job <<'END'
set -e
. ../before
command -v s3dock
git status --porcelain --untracked-files=all
END
export CI_PROJECT_DIR=$work/project S3DOCK_VERSION=9.8.7 S3DOCK_PUBLIC_KEY=$public S3DOCK_RELEASES=file://$work/release
(cd project && sh ../job) >gitlab.out 2>gitlab.err
check "a job of GitLab has the program, and a clean working tree" test "$(cat gitlab.out)" = "$work/project/.s3dock-ci/9.8.7/bin/s3dock"
rm -r project/.s3dock-ci
S3DOCK_PUBLIC_KEY=$(tail -n 1 other.pub)
(cd project && sh ../job) >gitlab.out 2>gitlab.err
check "a job of GitLab ends if the key is another one" test ! -s gitlab.out -a -s gitlab.err
finish
