# shellcheck shell=bash
# macos.sh - builds the program for macOS, and checks the result as far as Linux can; sourced, never run.
#
# Nothing here runs the program: that needs a Mac.

# libraries_of_macos TARGET: prints the folder of the libraries. Its name has the hash of their sources
# and options.
libraries_of_macos()
{
    local parts
    parts=$(cat tools/release/{libraries,sources.tsv,zig} "tools/release/toolchains/$1" tools/release/frameworks/*/*.tbd \
        tools/release/frameworks/*/Headers/*.h | sha256sum)
    echo "$KIT_CACHE/release/libraries/$1-${parts::12}"
}

# complete_prefix PREFIX: Meson before 1.3 has another word for pkg-config, and searches no library in folders that this
# compiler does not print. The header of zlib gets what its configure script writes: the warnings of this build want it.
complete_prefix()
{
    sed -i -E 's/^#(ifdef|if) +(HAVE_UNISTD_H|HAVE_STDARG_H)\>.*/#if 1/' "$1/include/zconf.h"
    sed -i "s/^pkg-config = .*/&\npkgconfig = 'pkg-config'/" "$1/meson.ini"
    printf '%s\n' 'Name: bzip2' 'Description: bzip2' 'Version: 1.0' 'Libs: -lbz2' >"$1/lib/pkgconfig/bzip2.pc"
}

# build_libraries_for_macos TARGET PREFIX
build_libraries_for_macos()
{
    tools/release/zig install &&
        rm -rf .run/macos/sources && # of a run that was interrupted
        tools/release/sources unpack .run/macos/sources &&
        tools/release/libraries "tools/release/toolchains/$1" .run/macos/sources "$2" &&
        complete_prefix "$2" &&
        touch "$2/complete" &&
        rm -rf .run/macos/sources
}

# libraries_for_macos TARGET: builds them, unless they are in the cache. Two checkouts wait for each other.
libraries_for_macos()
{
    local prefix
    prefix=$(libraries_of_macos "$1")
    mkdir -p "${prefix%/*}"
    exec 8>"$prefix.lock"
    flock 8
    [ -e "$prefix/complete" ] || build_libraries_for_macos "$1" "$prefix"
}

# program_for_macos TARGET: the machine file of the cache names the compiler's script in the checkout that built the
# libraries. Other libraries need another build.
program_for_macos()
{
    local file=.run/macos/$1.ini
    sed "s|'[^']*/tools/release/zig'|'$PWD/tools/release/zig'|" "$(libraries_of_macos "$1")/meson.ini" >"$file.new"
    cmp -s "$file.new" "$file" || rm -rf "build-$1"
    mv "$file.new" "$file"
    meson_build "build-$1" --cross-file "$file" -Dtests=false -Dwerror=true \
        -Dbuildtype=release -Disal=disabled -Dsystemd_unit_dir= && TARGETS='' compile "build-$1"
}

# Symbols of the C library that no header declares, and that each release has. The compiler calls most of them.
UNDECLARED="dyld_stub_binder|__tlv_bootstrap|___chkstk_darwin|_bzero|_memset_pattern16|_environ|___.*_chk|___(bzero|stack_chk|stdoutp|stderrp|stdinp|error|maskrune|tolower|toupper).*"

# imports_for_macos TARGET ARCH MACOS: fails if the program takes something from a library that this release of macOS
# does not have: the headers state since when each function exists. The linker knows the newest release only.
# It also prefers a function of libSystem to one of our archives, and libSystem exports names that no header declares.
imports_for_macos()
{
    local file=.run/macos/$1.c
    {
        for header in arpa/inet assert copyfile ctype dirent dlfcn errno execinfo fcntl fnmatch grp ifaddrs \
            inttypes libgen locale math net/if netdb netinet/tcp poll pthread pwd regex sched search setjmp signal \
            spawn stdio stdlib string strings sys/acl sys/event sys/file sys/ioctl sys/mman sys/mount sys/random \
            sys/resource sys/select sys/socket sys/stat sys/statvfs sys/sysctl sys/time sys/uio sys/un sys/utsname \
            sys/wait sys/xattr syslog termios time unistd wchar malloc/malloc mach/mach mach/mach_time \
            libkern/OSCacheControl CommonCrypto/CommonCryptoError CommonCrypto/CommonRandom Security/Security \
            SystemConfiguration/SCDynamicStoreCopySpecific; do
            printf '#if __has_include(<%s.h>)\n#include <%s.h>\n#endif\n' $header $header
        done
        echo 'const void *const imports[] = {'
        tests/kit/macho imports "build-$1/cli/s3dock" | grep -vxE "$UNDECLARED" |
            sed -E 's/^_([^$]*).*/    (const void *)\&\1,/' | sort -u
        echo '};'
    } >"$file"
    tools/release/zig cc "$2" -fno-builtin -Wno-deprecated-declarations -Werror=unguarded-availability \
        -c "$file" -o "${file%.c}.o"
}

# macos TARGET ARCH MACOS: all checks of one target.
macos()
{
    mkdir -p .run/macos
    one_check "the libraries build ($1)" libraries_for_macos "$1" || return 1
    one_check "the program builds without a warning ($1)" program_for_macos "$1" || return 1
    one_check "its header, libraries and signature are right ($1)" \
        tests/kit/macho check "build-$1/cli/s3dock" "$2" "$3" || return 1
    one_check "macOS $3 has all functions that it calls ($1)" imports_for_macos "$@"
}

# macos_all: both kinds of Macs.
macos_all()
{
    local target arch
    while read -r target arch; do
        if run_checks "$target" macos "$target" "$arch" 11.0; then
            echo "       build-$target/cli/s3dock: $(tests/kit/macho check "build-$target/cli/s3dock" "$arch" 11.0)"
        fi
    done <<<"darwin_arm64 arm64
darwin_amd64 x86_64"
    echo "untested on a Mac: nothing here runs these programs"
}
