# shellcheck shell=bash
# lint.sh - formatting and static analysis, as TAP; sourced, never run.

sources()
{
    find core cli tests bench -name "*.$1" | sort
}

scripts()
{
    { echo ./dev && grep -rlE '^#!.*\b(bash|sh)$|^# shellcheck shell' .ci .github bench ci tests tools; } | sort
}

# check_scripts [--deep]: --deep follows the files that a script sources, which takes five times as long. Without it,
# the use of variables across files is not judged.
check_scripts()
{
    # shellcheck disable=SC2046
    if [ "${1:-}" = --deep ]; then
        shellcheck $(scripts)
    else
        shellcheck --norc --exclude=SC1090,SC1091,SC2034,SC2153,SC2154 $(scripts)
    fi
}

# lint [--deep]: --deep lets clang-tidy follow fifty times as many steps through a function.
lint()
{
    local status=0
    # shellcheck disable=SC2046  # no file name has a space
    one_check "clang-format" clang-format --dry-run -Werror $(sources c) $(sources h) || status=1
    one_check "shellcheck" check_scripts "$@" || status=1
    one_check "cppcheck" cppcheck_all || status=1
    one_check "builds without a warning (for clang-tidy)" build plain sampled || return 1
    one_check "the bench harness" bench/selftest build-test || status=1
    # shellcheck disable=SC2046
    one_check "clang-tidy" tests/kit/tidy "$@" build-test "$KIT_CACHE/tidy" $(sources c | grep -E '^(core|cli)/') || status=1
    return $status
}

# All headers are included through core/ and the root; cppcheck does not read the headers of other
# libraries.
cppcheck_all()
{
    mkdir -p .cache/cppcheck
    cppcheck --quiet --error-exitcode=1 --inline-suppr --enable=warning,performance,portability --std=c11 \
        --suppress=missingInclude --suppress=missingIncludeSystem --cppcheck-build-dir=.cache/cppcheck \
        -j "$(nproc)" -I core -I . core cli
}

# changed_sources PATTERN: C files that are new, or differ from the branch that this one follows.
changed_sources()
{
    {
        git diff --name-only --diff-filter=d --merge-base '@{upstream}' 2>/dev/null ||
            git diff --name-only --diff-filter=d HEAD
        git ls-files --others --exclude-standard
    } | sort -u | grep -E "$1" || true
}

lint_changed()
{
    local files status=0
    mapfile -t files < <(changed_sources '\.[ch]$')
    one_check "formatting of changed files" xargs -r clang-format --dry-run -Werror <<<"${files[*]}" || status=1
    mapfile -t files < <(changed_sources '^(core|cli)/.*\.c$')
    one_check "clang-tidy of changed files" tests/kit/tidy build-test "$KIT_CACHE/tidy" "${files[@]}" || status=1
    return $status
}
