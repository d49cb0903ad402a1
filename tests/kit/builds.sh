# shellcheck shell=bash
# builds.sh - the builds of this checkout and the unit tests in them; sourced, never run.
#
#   release   build/         what users install
#   bench     build-bench/   the same with the programs of bench/
#   plain     build-test/    no sanitizer; faults, valgrind, differential tests
#   asan      build-asan/    address and undefined behaviour sanitizers
#   tsan      build-tsan/    thread sanitizer
#   fuzz      build-fuzz/    clang, libFuzzer
#   quickfuzz build-quickfuzz/ the same without optimisation: half of the time of the build, 0.6 times as many inputs

build_dir()
{
    case $1 in
    release) echo build ;;
    plain) echo build-test ;;
    *) echo "build-$1" ;;
    esac
}

# program KIND: the program of a build.
program()
{
    if [ "$1" = tsan ]; then
        echo tests/kit/s3dock-tsan
    else
        echo "$(build_dir "$1")/cli/s3dock"
    fi
}

# Reports of sanitizers need names and lines only. All that debuggers need would cost a sixth of the time of a compilation.
SANITIZED="-Dc_args=-g1"

# With -O1, a file of a build with a sanitizer takes two thirds of the time of -O2.
LESS_OPTIMISED=-Doptimization=1

# Another checkout on this machine compiles only files that differ.
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=yes

# build KIND [TARGET...]: configures the folder if it is new, builds what changed, prints only failures. Warnings are
# errors in the builds of the tests.
build()
{
    local kind=$1
    shift
    # shellcheck disable=SC2086  # words are options
    case $kind in
    release) meson_build build -Dbuildtype=release -Dtests=false && state_commit build ;;
    bench) meson_build build-bench -Dbuildtype=release -Dtests=false -Dbench=true && state_commit build-bench ;;
    plain) fast_linker meson_build build-test -Dwerror=true -Dbench=true ;;
    asan) fast_linker meson_build build-asan -Dwerror=true $LESS_OPTIMISED -Db_sanitize=address,undefined $SANITIZED ;;
    tsan) fast_linker meson_build build-tsan -Dwerror=true $LESS_OPTIMISED -Db_sanitize=thread $SANITIZED ;;
    fuzz | quickfuzz)
        CC=clang fast_linker meson_build "build-$kind" -Dwerror=true -Dfuzz=true \
            "-Doptimization=$([ "$kind" = fuzz ] && echo 1 || echo 0)" \
            -Db_sanitize=address,undefined -Db_lundef=false $SANITIZED
        ;;
    esac && TARGETS=$* compile "$(build_dir "$kind")"
}

# fast_linker COMMAND...: configures with LLVM's linker, if there is one: a link takes a third of the time. The release
# build uses the linker of the machine.
fast_linker()
{
    if command -v ld.lld >/dev/null; then
        CC_LD=lld "$@"
    else
        "$@"
    fi
}

# meson_build DIR OPTION...: configures a new folder.
meson_build()
{
    local dir=$1
    shift
    [ ! -e "$dir/build.ninja" ] || return 0
    meson setup "$dir" "$@" >"$dir.log" 2>&1 || {
        cat "$dir.log" >&2
        return 1
    }
}

# state_commit DIR: the program states the commit at the time of the configuration, so a later commit needs a new one.
state_commit()
{
    local commit
    [ -e .git ] && commit=$(git log -1 --format=%h 2>/dev/null) || return 0
    grep -qF "\"$commit\"" "$1/cli/version.h" || meson setup --reconfigure "$1" >"$1.log" 2>&1 || {
        cat "$1.log" >&2
        return 1
    }
}

# compile DIR: builds $TARGETS (empty: all).
compile()
{
    # shellcheck disable=SC2086  # words are targets
    ninja -C "$1" $TARGETS >"$1.log" 2>&1 || {
        sed -n '/^FAILED/,$p' "$1.log" | grep -v '^cc \|^clang \|^\[' >&2
        return 1
    }
    rm -f "$1.log"
}

sanitizer_options()
{
    export ASAN_OPTIONS=detect_leaks=1:halt_on_error=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
        TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1
}

# unrandomised COMMAND...: runs a command without address space randomisation, if that is allowed. The thread sanitizer
# of older compilers does not start with much of it.
unrandomised()
{
    if command -v setarch >/dev/null && setarch -R true 2>/dev/null; then
        setarch -R "$@"
    else
        "$@"
    fi
}

# Valgrind finds uses of uninitialised values, which no sanitizer here does.
VALGRIND="valgrind --quiet --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite"
VALGRIND+=" --suppressions=$PWD/tests/kit/valgrind.supp"

# unit KIND: the unit and engine tests that can find something in one build. All run with the address sanitizer. The
# plain build runs what only it can: suites `slow` (full-size images) and `house`. The thread sanitizer runs the programs
# with two threads (suite `threads`). Valgrind runs suite `values` of the plain build, with small inputs. Expensive tests
# play a sample of their cases (tests/kit/sample.h).
unit()
{
    local -x S3DOCK_TEST_SAMPLE=yes
    case $1 in
    fast) meson_tests plain --no-suite slow ;;
    plain) meson_tests plain --suite slow --suite house --no-suite nightly ;;
    asan) meson_tests asan --no-suite slow --no-suite house ;;
    tsan) meson_tests tsan --suite threads --no-suite slow ;;
    valgrind) S3DOCK_TEST_SMALL=yes meson_tests plain --suite values --no-suite slow --wrapper "$VALGRIND" ;;
    esac
}

# unit_all KIND: every unit and engine test in one build.
unit_all()
{
    case $1 in
    valgrind) S3DOCK_TEST_SMALL=yes meson_tests plain --no-suite slow --no-suite house --wrapper "$VALGRIND" ;;
    *) meson_tests "$1" ;;
    esac
}

# meson_tests KIND [ARGUMENT...]: runs tests of one build and prints their TAP. Some tests wait for servers: more run at
# a time than there are processors. The time limits find tests that hang; a busy machine does not reach them.
meson_tests()
{
    local dir status=0
    dir=$(build_dir "$1")
    shift
    sanitizer_options
    rm -f "$dir"/meson-logs/testlog*.json
    unrandomised meson test -C "$dir" --no-rebuild --timeout-multiplier 5 --num-processes $((2 * $(nproc))) "$@" \
        >"$dir/tests.log" 2>&1 || status=$?
    # With a wrapper the name of the log contains the wrapper's.
    tests/kit/meson-tap "$dir"/meson-logs/testlog*.json
    return $status
}
