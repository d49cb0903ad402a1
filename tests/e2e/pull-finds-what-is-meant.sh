#!/usr/bin/env bash
# `pull APP TARGET`: a version, an environment, and names that look like the other kind.
. "$(dirname "$0")/lib.sh"
need_directory
ONE=app:20250721-2118-f7a5a27
TWO=app:20250722-0900-abcdef0
make_image $ONE one.tar --size 1 --seed 1
make_image $TWO two.tar --size 1 --seed 2
check "push of the first image" s3dock push $ONE --input one.tar
check "push of the second image" s3dock push $TWO --input two.tar
check "tag a version without a v" s3dock tag $ONE 1.2.0
check "tag a version that is not a number" s3dock tag $ONE stable
check "promote to an environment with a dot" s3dock promote $TWO vpn.prod
check "promote to an environment that looks like a version" s3dock promote $TWO 2.0
check "promote to an environment with the name of a version" s3dock promote $TWO 1.2.0

# finds TARGET TYPE IMAGE
finds()
{
    s3dock pull app "$1" --output out.tar --json >pull.json
    check "$1 is found as: $2" same "$2 $3" "$(json source_type pull.json) $(json image_ref pull.json)"
}

finds vpn.prod environment $TWO
finds stable tag $ONE
finds 2.0 environment $TWO
finds 1.2.0 tag $ONE
refused 3 "environment pointer not found: app/nowhere: .*neither a version nor an environment" \
    "an unknown target that looks like an environment" pull app nowhere --output none.tar
refused 3 "tag not found: app/v9.9.9: .*neither a version nor an environment" "an unknown target that looks like a version" \
    pull app v9.9.9 --output none.tar
refused 3 "tag not found: app/v9.9.9: there is no version" "an unknown version in one word" pull app:v9.9.9 --output none.tar

# hints WORDS SENTENCE ARGUMENTS ...: the command fails, and the hint has these words.
hints()
{
    local words=$1
    refused 3 "not found: app/" "${@:2}"
    check "the hint is: $words" grep -q "hint: .*$words" "$work/refused.err"
}

hints "s3dock pull app vpn.prod$" "an environment in one word" pull app:vpn.prod --output none.tar
hints "s3dock current app vpn.prod$" "inspect of an environment" inspect app:vpn.prod
hints "s3dock current app vpn.prod$" "promote of an environment" promote app vpn.prod production
hints "s3dock pull $TWO$" "an image in two words" pull app "${TWO#app:}" --output none.tar
hints "in one word: $TWO$" "promote of an image in two words" promote app "${TWO#app:}" production
refused 3 "environment pointer not found: app/nowhere" "history of an unknown environment" history app nowhere
refused 3 "environment pointer not found: nope/production" "history of an unknown application" history nope production
check "list images of an unknown application prints nothing" empty "$(s3dock list images nope)"
refused 2 "invalid" "an invalid name" pull app ../x --output none.tar
refused 2 "promoting from version tags requires specifying app name" "a version without its application" \
    promote v1.2.0 production
refused 2 "failed to parse image reference: invalid tag format in image reference: app:20250721-2118" \
    "an incomplete reference" promote app:20250721-2118 production
refused 2 "Current command requires app name and environment" "current without an environment" current app
refused 2 "not a month" "an invalid month" list images app --month 202513
