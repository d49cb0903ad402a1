#!/bin/bash
# stats and inspect of images that share objects: the example of docs/format.md, which tests/kit/make_thin writes. The
# sums agree with the list of the bucket.
. "$(dirname "$0")/lib.sh"

need_directory

FIRST=hi:20251101-1200-abc1234
SECOND=hi:20251102-0900-def5678

# sums FILE: the parts of each sum are the whole, and the sum is that of the bucket's list.
sums()
{
    python3 - "$1" "$( (bucket list images/; bucket list archive/) | awk '{ sum += $1 } END { print sum + 0 }')" <<'PYTHON'
import json, sys

data = json.load(open(sys.argv[1]))["data"]
for sums in [data["total"], *data["apps"]]:
    parts = sum(sums[part + "_bytes"] for part in ("data", "index", "document", "replaced", "retired", "unfinished"))
    if parts != sums["bytes"] or sums["whole"] + sums["thin"] != sums["images"]:
        sys.exit(f"{sums}")
if data["total"]["bytes"] != int(sys.argv[2]):
    sys.exit(f'{data["total"]["bytes"]} bytes, the list has {sys.argv[2]}')
PYTHON
}

# of FILE EXPRESSION: prints a value of the data.
of()
{
    python3 -c 'import json, sys; d = json.load(open(sys.argv[1]))["data"]; print(eval(sys.argv[2]))' "$1" "$2"
}

check "stats of an empty bucket" into empty.json s3dock stats --json
check "an empty bucket has no bytes" same 0 "$(of empty.json 'd["total"]["bytes"]')"

"$KIT/make_thin" "$work/thin" --example
bucket_folder=$work/store/$BUCKET
mkdir -p "$bucket_folder"
cp -r "$work/thin/." "$bucket_folder"
"$KIT/make_image" app:20250721-2118-f7a5a27 app.tar --layers 1 --size 1
s3dock push app:20250721-2118-f7a5a27 --input app.tar >/dev/null 2>&1

check "stats of all applications" into all.json s3dock stats --json
check "the parts are the whole, and the whole is the bucket" sums all.json
check "stats without indexes" into quick.json s3dock stats --quick --json
check "the parts are the whole without indexes, too" sums quick.json
check "sharing saves what the thin image refers to" same 249 "$(of all.json 'd["apps"][1]["saved_bytes"]')"
check "an application without shared data saves nothing" same 0 "$(of all.json 'd["apps"][0]["saved_bytes"]')"
S3DOCK_PRICE=1000 S3DOCK_CURRENCY=EUR s3dock stats hi --json >priced.json
check "the price gives the cost of a month" same "$(of priced.json 'round(d["total"]["bytes"] / 1e6, 6)')" \
    "$(of priced.json 'd["total"]["month_cost"]')"
check "the table has a row for each image" same 2 "$(s3dock stats hi | grep -c '^hi:')"

s3dock inspect $SECOND --json >second.json
check "inspect prints what a thin image uses" same "[(249, False), (343, True)]" \
    "$(of second.json '[(o["used"], o["alone"]) for o in d["objects"]]')"
check "inspect and stats agree what it frees" same "$(of second.json 'd["alone_bytes"]')" \
    "$(of all.json 'd["apps"][1]["list"][0]["alone_bytes"]')"
s3dock inspect $FIRST --json >first.json
check "the object of the whole image is needed by the other" same "[(592, False)]" \
    "$(of first.json '[(o["used"], o["alone"]) for o in d["objects"]]')"
s3dock inspect app:20250721-2118-f7a5a27 --json >app.json
check "an archive of format 2 has no list of objects" same "(2, 'gzip', False)" \
    "$(of app.json '(d["format"], d["codec"], "objects" in d)')"
