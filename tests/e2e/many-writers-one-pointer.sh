#!/usr/bin/env bash
# Fifty concurrent writers: the final value is the value of one writer, each change is in the audit log, and all other
# writers got an error.
. "$(dirname "$0")/lib.sh"
need_s3
WRITERS=${WRITERS:-50}

# image NUMBER: prints a reference
image()
{
    printf 'app:20250721-%02d%02d-%07x' $(($1 / 60)) $(($1 % 60)) "$1"
}

# A pointer does not need real archives. Metadata in the original's form is enough.
printf x >archive
for ((i = 0; i <= WRITERS; i++)); do
    ref=$(image $i)
    key=images/app/202507/${ref/:/-}
    printf '{"size":1,"git_hash":"%s","git_time":"%s","image_tag":"%s","app_name":"app"}' \
        "${ref##*-}" "${ref:4:13}" "$ref" >metadata
    bucket put "$key.tar.gz" archive
    bucket put "$key.json" metadata
done
check "promote by one writer" s3dock promote "$(image 0)" production

# race NAME COMMAND...: runs all writers at once, each with its image (not the first one). NAME.N is the output of writer N,
# NAME.N.code its exit code.
race()
{
    local name=$1 i
    shift
    for ((i = 1; i <= WRITERS; i++)); do
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

# events TYPE: copies the events of this type into the folder TYPE, and overtaken events into TYPE.overtaken
events()
{
    local key file
    mkdir -p "$1" "$1.overtaken"
    bucket list audit/app/ | sed 's/^[0-9]* //' | grep -- "-$1-" | while read -r key; do
        file=$1/${key##*/}
        bucket get "$key" >"$file"
        ! grep -q '"overtaken": true' "$file" || mv "$file" "$1.overtaken/"
    done
}

# audited FIELD FOLDER...: prints the images that the events name in this field, sorted.
audited()
{
    local field=$1 file
    shift
    find "$@" -name '*.json' | while read -r file; do
        json "$field" "$file"
    done | sort
}

# replaced FOLDER...: prints the images that the events name as replaced, sorted.
replaced()
{
    find "$@" -name '*.json' -exec sed -n 's/.*"previous_target": ".*\/\(.*\)\.tar\.gz".*/\1/p' {} + |
        sed 's/-/:/' | sort
}

# winners NAME: prints the images of the writers that ended with success and made a change, sorted.
winners()
{
    local i
    for ((i = 1; i <= WRITERS; i++)); do
        [ "$(cat "$1.$i.code")" = 0 ] && [ "$(json skipped "$1.$i")" = false ] && image "$i" && echo
    done | sort
}

# --- one environment ------------------------------------------------------------------------------------------

race promotion promote production
check "every writer ends with success or a conflict" \
    same "$WRITERS" $(($(ended promotion 0) + $(ended promotion 8)))
check "at least one writer succeeds" test "$(ended promotion 0)" -ge 1
check "at least one writer gets a conflict" test "$(ended promotion 8)" -ge 1
check "every conflict has the code conflict.changed" empty "$(for f in promotion.*.code; do
    [ "$(cat "$f")" = 8 ] && ! grep -q '"error_code": "conflict.changed"' "${f%.code}" && echo "$f"
done)"
check "the environment has the image of a successful writer" grep -qx "$(s3dock current app production)" <(winners promotion; image 0)
{
    winners promotion
    image 0
    echo
} | sort >expected
events promotion
check "the audit log has exactly the changes of the successful writers" \
    same "$(cat expected)" "$(audited source promotion)"

# The log is one chain: each event replaces the value of another event. The value of an overtaken writer either existed
# for a moment (then another writer replaced it) or never (then another writer replaced the same value).
current=$(s3dock current app production)
replaced promotion promotion.overtaken | uniq >gone
check "no value was replaced twice" empty "$(replaced promotion | uniq -d)"
check "every successful value but the last was replaced" empty "$(comm -23 <(grep -vx "$current" expected) gone)"
check "every replaced value is in the log" empty \
    "$(comm -13 <(audited source promotion promotion.overtaken) gone)"
check "the final value was not replaced" empty "$(grep -x "$current" gone)"
check "every overtaken writer got a conflict" empty "$(audited source promotion.overtaken | while read -r ref; do
    [ "$(cat promotion.$((16#${ref##*-})).code)" = 8 ] || echo "$ref"
done)"

# --- one version ----------------------------------------------------------------------------------------------

race tag tag v1.0.0
check "one writer tags the version" same 1 "$(ended tag 0)"
check "all other writers get a conflict" same $((WRITERS - 1)) "$(ended tag 8)"
check "the version has the image of the successful writer" same "v1.0.0 -> $(winners tag)" "$(s3dock list tags app)"
events tag
check "the audit log has one event for the version" same "$(winners tag)" "$(audited image_reference tag)"
check "no probe object is left" empty "$(bucket list audit/.)"
