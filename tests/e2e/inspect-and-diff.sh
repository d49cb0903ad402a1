#!/usr/bin/env bash
# inspect, diff and pull --dry-run print the contents of an archive, the difference of two, and the bytes of a pull. The
# numbers agree with one another and with the bucket.
. "$(dirname "$0")/lib.sh"
need_directory
ONE=app:20250721-2118-f7a5a27
SAME=app:20250722-2118-f7a5a27
MORE=app:20250723-2118-f7a5a27
OTHER=app:20250724-2118-f7a5a27
make_image $ONE one.tar --seed 5 --size 12
make_image $SAME same.tar --seed 5 --size 12
make_image $MORE more.tar --seed 5 --size 16
make_image $OTHER other.tar --seed 7 --size 12 # shares no chunk with the others
for name in one same more other; do
    declare -n ref=${name^^}
    s3dock push "$ref" --input $name.tar
done
s3dock tag $MORE v1.0.0

# sums FILE: the last row is the sum of the other rows.
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
check "inspect: the rows add up" sums one.json
check "inspect: the sum is the archive's size" same "$(archive_size $ONE)" "$(total size one.json)"
check "inspect: the id is the image's id" same "$("$KIT/image_facts" one.tar | sed -n 's/^image //p')" "$(json image_id one.json | sed 's/sha256://')"
check "inspect: each layer has a row" test "$(s3dock inspect $ONE | grep -c sha256:)" = 4
check "inspect: all rows have the same length" same 1 "$(s3dock inspect $ONE | sed '1,/layer/d' | awk '{ print length() }' | sort -u | wc -l)"
check "inspect by version" s3dock inspect app:v1.0.0

s3dock diff $ONE $SAME --json >diff.json
check "diff of equal content: the rows add up" sums diff.json
check "diff of equal content: nothing moves" same 0 "$(total moving_size diff.json)"
check "diff of equal content: each layer is present" same 3 "$(grep -c '"here": true' diff.json)"
s3dock diff $ONE app:v1.0.0 --json >diff.json
check "diff of a larger image: the rows add up" sums diff.json
check "diff of a larger image: a part moves" \
    test "$(total moving_size diff.json)" -gt 0 -a "$(total moving_size diff.json)" -lt $(($(archive_size $MORE) * 2 / 3))
s3dock diff $ONE $OTHER --json >diff.json
check "diff of another image: nearly everything moves" test "$(total moving_size diff.json)" -gt $(($(archive_size $OTHER) * 97 / 100))
check "diff as a table" s3dock diff $ONE $OTHER

# Layers that are too small for chunks of their own: they share chunks with the documents, and move with them.
mkdir small
for number in 1 2; do
    echo $number >small/file
    "$KIT/make_image" small:2025073$((number - 1))-2118-f7a5a27 small.tar --from "$work/small" --layers 1 --size 1
    s3dock push small:2025073$((number - 1))-2118-f7a5a27 --input small.tar
done
small=(small:20250730-2118-f7a5a27 small:20250731-2118-f7a5a27)
s3dock diff "${small[@]}" --json >diff.json
check "diff of small layers: the rest moves" test "$(total moving_size diff.json)" -gt 0
check "diff of small layers: the rows add up" sums diff.json
check "diff: the rest is a row" grep -q "the rest  .* %" <(s3dock diff "${small[@]}")
check "diff of an image with itself: nothing moves" same 0 \
    "$(s3dock diff "${small[0]}" "${small[0]}" --json >diff.json && total moving_size diff.json)"

# moving FILE: all of each layer moves, and a part of the rest: the config without the headers.
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

# A pull fetches layers and config. That is the same as for a host that has only an image with other content.
s3dock pull $ONE --dry-run --output none.tar --json >plan.json
check "pull --dry-run plans all layers and the config" moving plan.json
check "pull --dry-run: the rows add up" sums plan.json
check "pull --dry-run: the sum is the stated number of bytes" same "$(json to_fetch plan.json)" "$(total moving_size plan.json)"
s3dock diff $OTHER $ONE --json >diff.json
check "pull --dry-run and diff with another image agree" same "$(total moving_size diff.json)" "$(total moving_size plan.json)"
check "pull --dry-run writes no file" test ! -e none.tar
s3dock pull $ONE --output some.tar --json >pull.json
check "a pull fetches the planned bytes" same "$(json to_fetch plan.json)" "$(json to_fetch pull.json)"
check "a pull downloads the planned bytes, the index and the documents" test \
    "$(json downloaded_bytes pull.json)" -ge "$(json to_fetch plan.json)" -a \
    "$(json downloaded_bytes pull.json)" -le $(($(json to_fetch plan.json) + 20000))
s3dock pull small:20250730-2118-f7a5a27 --dry-run --output none.tar --json >plan.json
check "chunks that layer and config share are planned once" test "$(total moving_size plan.json)" -le "$(total size plan.json)"
check "pull --dry-run of small layers: the rows add up" sums plan.json
check "pull --dry-run prints the plan as its result" grep -q "total" <(s3dock pull $ONE --dry-run --output none.tar 2>/dev/null)

refused 3 "no image app:20250721-2118-0000000" "inspect of a missing image" inspect app:20250721-2118-0000000
refused 3 "app:20250721-2118-0000000" "diff with a missing image" diff $ONE app:20250721-2118-0000000
refused 2 "diff" "diff with one image" diff $ONE
rm "$work/store/images/$(bucket list images/ | sed -n 's/^[0-9]* \(.*20250724.*\.index\)$/\1/p')"
refused 3 "index" "inspect of an image without an index" inspect $OTHER
