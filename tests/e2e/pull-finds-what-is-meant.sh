#!/usr/bin/env bash
# `pull APP TARGET`: a version, an environment, and names that look like the other.
. "$(dirname "$0")/lib.sh"
need_directory
ONE=app:20250721-2118-f7a5a27
TWO=app:20250722-0900-abcdef0
make_image $ONE one.tar --size 1 --seed 1
make_image $TWO two.tar --size 1 --seed 2
check "two images" s3dock push $ONE --input one.tar
check "the other" s3dock push $TWO --input two.tar
check "a version without a v" s3dock tag $ONE 1.2.0
check "one that is no number" s3dock tag $ONE stable
check "an environment with a dot" s3dock promote $TWO vpn.prod
check "one that looks like a version" s3dock promote $TWO 2.0
check "one of the name of a version" s3dock promote $TWO 1.2.0

# finds TARGET TYPE IMAGE
finds()
{
    s3dock pull app "$1" --output out.tar --json >pull.json
    check "$1 is a $2" same "$2 $3" "$(json source_type pull.json) $(json image_ref pull.json)"
}

finds vpn.prod environment $TWO
finds stable tag $ONE
finds 2.0 environment $TWO
finds 1.2.0 tag $ONE
refused 3 "environment pointer not found: app/nowhere" "neither, by the name of an environment" \
    pull app nowhere --output none.tar
refused 3 "tag not found: app/v9.9.9" "neither, by the name of a version" pull app v9.9.9 --output none.tar
refused 3 "tag not found: app/v9.9.9" "in one word" pull app:v9.9.9 --output none.tar
refused 2 "invalid" "no name at all" pull app ../x --output none.tar
refused 2 "promoting from version tags requires specifying app name" "a version without its application" \
    promote v1.2.0 production
refused 2 "failed to parse image reference: invalid tag format in image reference: app:20250721-2118" \
    "half a reference" promote app:20250721-2118 production
refused 2 "Current command requires app name and environment" "current of what?" current app
refused 2 "no month" "no month" list images app --month 202513
