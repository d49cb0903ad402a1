#!/usr/bin/env bash
# What an archive is made of, what moves between two, and what a pull would fetch: the numbers agree with one another and
# with what lies in the bucket.
. "$(dirname "$0")/lib.sh"
need_directory
ONE=app:20250721-2118-f7a5a27
SAME=app:20250722-2118-f7a5a27
MORE=app:20250723-2118-f7a5a27
OTHER=app:20250724-2118-f7a5a27
make_image $ONE one.tar --seed 5 --size 12
make_image $SAME same.tar --seed 5 --size 12
make_image $MORE more.tar --seed 5 --size 16
make_image $OTHER other.tar --seed 6 --size 12
for name in one same more other; do
    declare -n ref=${name^^}
    s3dock push "$ref" --input $name.tar
done
s3dock tag $MORE v1.0.0

# sums FILE: what stands in the rows is what stands in the last one.
sums()
{
    python3 - "$1" <<'PYTHON'
import json, sys

data = json.load(open(sys.argv[1]))["data"]
data = data.get("plan", data)
total, rows = data["total"], data["layers"] + [data["rest"]]
for name in total:
    found = sum(row[name] for row in rows)
    if found != total[name]:
        sys.exit(f"{name}: {found}, not {total[name]}")
PYTHON
}

total()
{
    python3 -c "import json, sys; data = json.load(open('$2'))['data']; print(data.get('plan', data)['total']['$1'])"
}

archive_size()
{
    bucket list images/ | sed -n "s/^\([0-9]*\) .*${1#*:}\.tar\.gz$/\1/p"
}

s3dock inspect $ONE --json >one.json
check "inspect: rows and sum agree" sums one.json
check "the sum is the archive" same "$(archive_size $ONE)" "$(total size one.json)"
check "its id is the image's" same "$("$KIT/image_facts" one.tar | sed -n 's/^image //p')" "$(json image_id one.json | sed 's/sha256://')"
check "a row a layer" test "$(s3dock inspect $ONE | grep -c sha256:)" = 4
check "rows of one length" same 1 "$(s3dock inspect $ONE | sed '1,/layer/d' | awk '{ print length() }' | sort -u | wc -l)"
check "by version" s3dock inspect app:v1.0.0

s3dock diff $ONE $SAME --json >diff.json
check "diff: rows and sum agree" sums diff.json
check "of the same content nothing moves" same 0 "$(total moving_size diff.json)"
check "since each layer is there" same 3 "$(grep -c '"here": true' diff.json)"
s3dock diff $ONE app:v1.0.0 --json >diff.json
check "rows and sum agree" sums diff.json
check "of more of the same a part moves" \
    test "$(total moving_size diff.json)" -gt 0 -a "$(total moving_size diff.json)" -lt $(($(archive_size $MORE) * 2 / 3))
s3dock diff $ONE $OTHER --json >diff.json
check "of another one all of it" test "$(total moving_size diff.json)" -gt $(($(archive_size $OTHER) * 97 / 100))
check "as a table" s3dock diff $ONE $OTHER

# Layers too small for chunks of their own: they lie between the documents, and move all the same.
mkdir small
for number in 1 2; do
    echo $number >small/file
    "$KIT/make_image" small:2025073$((number - 1))-2118-f7a5a27 small.tar --from "$work/small" --layers 1 --size 1
    s3dock push small:2025073$((number - 1))-2118-f7a5a27 --input small.tar
done
small=(small:20250730-2118-f7a5a27 small:20250731-2118-f7a5a27)
s3dock diff "${small[@]}" --json >diff.json
check "a layer in the rest moves" test "$(total moving_size diff.json)" -gt 0
check "rows and sum agree" sums diff.json
check "the rest is a row" grep -q "the rest  .* %" <(s3dock diff "${small[@]}")
check "nothing moves to where it is" same 0 \
    "$(s3dock diff "${small[0]}" "${small[0]}" --json >diff.json && total moving_size diff.json)"

# moving FILE: all of each layer, and of the rest a part: the config, and not the headers.
moving()
{
    python3 - "$1" <<'PYTHON'
import json, sys

plan = json.load(open(sys.argv[1]))["data"]["plan"]
for row in plan["layers"]:
    if row["moving_size"] != row["size"]:
        sys.exit(f"{row}")
if not 0 < plan["rest"]["moving_size"] < plan["rest"]["size"]:
    sys.exit(f"{plan['rest']}")
PYTHON
}

# A pull fetches layers and config. It is so far the same as to a host that has only an image of other content.
s3dock pull $ONE --dry-run --output none.tar --json >plan.json
check "a dry run plans all layers and the config" moving plan.json
check "rows and sum agree" sums plan.json
check "the sum is what it says it would fetch" same "$(json to_fetch plan.json)" "$(total moving_size plan.json)"
s3dock diff $OTHER $ONE --json >diff.json
check "and what moves to a host with another image" same "$(total moving_size diff.json)" "$(total moving_size plan.json)"
check "and fetches nothing of it" test ! -e none.tar
s3dock pull $ONE --output some.tar --json >pull.json
check "a pull fetches what was planned" same "$(json to_fetch plan.json)" "$(json to_fetch pull.json)"
check "which is what moves, with index and documents" test \
    "$(json downloaded_bytes pull.json)" -ge "$(json to_fetch plan.json)" -a \
    "$(json downloaded_bytes pull.json)" -le $(($(json to_fetch plan.json) + 20000))
s3dock pull small:20250730-2118-f7a5a27 --dry-run --output none.tar --json >plan.json
check "nor is what layer and config share planned twice" test "$(total moving_size plan.json)" -le "$(total size plan.json)"
check "rows and sum agree" sums plan.json
check "the plan is the result" grep -q "in all" <(s3dock pull $ONE --dry-run --output none.tar 2>/dev/null)

refused 3 "no image app:20250721-2118-0000000" "an image that is not there" inspect app:20250721-2118-0000000
refused 3 "app:20250721-2118-0000000" "neither to compare with" diff $ONE app:20250721-2118-0000000
refused 2 "diff" "compare with what?" diff $ONE
rm "$work/store/images/$(bucket list images/ | sed -n 's/^[0-9]* \(.*20250724.*\.index\)$/\1/p')"
refused 3 "index" "an index that is gone" inspect $OTHER
