#!/usr/bin/env bash
# Fifty writers at once: what stands in the end is what one of them wrote, each change that was made is in the
# audit log, and everybody else was told.
. "$(dirname "$0")/lib.sh"
need_s3
WRITERS=${WRITERS:-50}

# image NUMBER: a name
image()
{
    printf 'app:20250721-%02d%02d-%07x' $(($1 / 60)) $(($1 % 60)) "$1"
}

# Archives need not be images for a pointer; the original's metadata is enough.
printf x >archive
for ((i = 0; i < WRITERS; i++)); do
    ref=$(image $i)
    key=images/app/202507/${ref/:/-}
    printf '{"size":1,"git_hash":"%s","git_time":"%s","image_tag":"%s","app_name":"app"}' \
        "${ref##*-}" "${ref:4:13}" "$ref" >metadata
    bucket put "$key.tar.gz" archive
    bucket put "$key.json" metadata
done
check "one writer, to begin with" s3dock promote "$(image 0)" production

# race NAME COMMAND...: all at once, each with its image; NAME.N is what it said, NAME.N.code how it ended
race()
{
    local name=$1 i
    shift
    for ((i = 0; i < WRITERS; i++)); do
        (
            until [ -e "$name.gate" ]; do sleep 0.05; done
            "$S3DOCK" --json "$1" "$(image "$i")" "${@:2}" >"$name.$i" 2>"$name.$i.err"
            echo $? >"$name.$i.code"
        ) &
    done
    sleep 1
    : >"$name.gate"
    wait
}

ended()
{
    cat "$1".*.code | grep -cx "$2"
}

# Which images the events of the log name, sorted.
audited()
{
    bucket list audit/app/ | sed 's/^[0-9]* //' | grep -- "-$1-" | while read -r key; do
        bucket get "$key" >event.json
        json "$2" event.json
    done | sort
}

# Which images those writers named who were told that they did it, sorted.
winners()
{
    local i
    for ((i = 0; i < WRITERS; i++)); do
        [ "$(cat "$1.$i.code")" = 0 ] && [ "$(json skipped "$1.$i")" = false ] && image "$i" && echo
    done | sort
}

# --- one environment ------------------------------------------------------------------------------------------

race promotion promote production
check "every writer ended well, or was told that another one was faster" \
    same "$WRITERS" $(($(ended promotion 0) + $(ended promotion 8)))
check "some were faster" test "$(ended promotion 0)" -ge 1
check "some were not" test "$(ended promotion 8)" -ge 1
check "those were told by name" same "" "$(for f in promotion.*.code; do
    [ "$(cat "$f")" = 8 ] && ! grep -q '"error_code": "conflict.changed"' "${f%.code}" && echo "$f"
done)"
check "what stands is one of them" grep -qx "$(s3dock current app production)" <(winners promotion; image 0)
{
    winners promotion
    image 0
    echo
} | sort >expected
check "every change is in the audit log, and nothing else is" same "$(cat expected)" "$(audited promotion source)"

# The log is one chain: each event replaced what another one made.
bucket list audit/app/ | sed 's/^[0-9]* //' | grep -- -promotion- | while read -r key; do
    bucket get "$key" | sed -n 's/.*"previous_target": ".*\/\(.*\)\.tar\.gz".*/\1/p'
done | sort >replaced
check "nothing was replaced twice" same "" "$(uniq -d replaced)"
current=$(s3dock current app production)
check "everything but what stands was replaced" same "$(grep -vx "$current" expected | sed 's/:/-/')" "$(cat replaced)"

# --- one version -----------------------------------------------------------------------------------------------

race tag tag v1.0.0
check "one image got the version" same 1 "$(ended tag 0)"
check "all others were told" same $((WRITERS - 1)) "$(ended tag 8)"
check "it stands" same "v1.0.0 -> $(winners tag)" "$(s3dock list tags app)"
check "and one event says so" same "$(winners tag)" "$(audited tag image_reference)"
check "no throw-away object is left" same "" "$(bucket list audit/.)"
