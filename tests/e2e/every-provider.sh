#!/usr/bin/env bash
# All kinds of work on a scripted store of each personality (tests/kit/personalities.py), or on those that are named:
# doctor, push, push of an edited image, pull on another host, promotions of two hosts at once, cleanup. The program
# adapts to the quirks without a setting. With E2E_FEW=yes, few personalities that show each quirk at least once.
. "$(dirname "$0")/lib.sh"
[ -z "${E2E_SLOW:-}" ] || skip "the stores differ, not the builds: the plain one is enough"
"$KIT/relatives" images 15
FIRST=shop:20250721-1000-aaaaaaa EDITED=shop:20250721-1100-bbbbbbb
export AWS_ACCESS_KEY_ID=TESTACCESSKEY AWS_SECRET_ACCESS_KEY=test-secret-key-0001 S3DOCK_BUCKET=images
SERVER=
# shellcheck disable=SC2016  # evaluated at exit
at_exit '[ -z "$SERVER" ] || kill $SERVER'

# The response to the second upload that is completed is lost. The program recognises the object.
echo '[{"kind": "Complete", "nth": 2, "do": "lose"}]' >script

# begin NAME: starts a new, empty store of this personality, without its bucket. The hosts do not see it. Sets
# COPIES and CONDITIONS to yes or no.
begin()
{
    [ -z "$SERVER" ] || { kill "$SERVER" && wait "$SERVER"; } 2>/dev/null
    rm -rf port requests.log home/.cache elsewhere
    python3 "$KIT/fake_s3.py" --port-file port --personality "$1" --absent --script script --log requests.log &
    SERVER=$!
    await test -s port
    # libcurl resolves every name below localhost, so a bucket can be in front of it.
    AWS_ENDPOINT_URL=http://s3.localhost:$(cat port)
    export AWS_ENDPOINT_URL
    read -r COPIES CONDITIONS < <(python3 - "$KIT" "$1" <<'PYTHON'
import sys
sys.path.insert(0, sys.argv[1])
from personalities import quirks_of
quirks = quirks_of(sys.argv[2])
print("yes" if quirks["copy_part"] == "yes" and not quirks["equal_parts"] else "no",
      "yes" if quirks["conditions"] == "honoured" else "no")
PYTHON
)
}

push()
{
    s3dock push "$1" --input "$2" --level 1 --json >push.json 2>push.err
}

# copied: the push of the edited image copied, or it reported once why not.
copied()
{
    if [ "$COPIES" = yes ]; then
        test "$(json copied_bytes push.json)" -gt 0
    else
        same 1 "$(grep -c '"copies_refused_reason"' push.json)"
    fi
}

# warned: without conditional writes, the winner of a race prints that once; otherwise nothing.
warned()
{
    local count
    s3dock promote $FIRST production 2>warning.err || return 1
    count=$(grep -c "no conditional writes" warning.err)
    same "$([ "$CONDITIONS" = yes ] && echo 0 || echo 1)" "$count"
}

# day NAME: all kinds of work on this store
day()
{
    begin "$1"
    check "$1: doctor creates the bucket and finds nothing that prevents work" s3dock doctor --create
    check "$1: push" push $FIRST images/first.tar
    check "$1: push of the edited image" push $EDITED images/edited.tar
    check "$1: the push copies, or reports once why not" copied
    check "$1: another host pulls the first image" pulls $FIRST images/first.tar
    check "$1: another host pulls the edited image" pulls $EDITED images/edited.tar
    check "$1: two hosts promote at once: success or conflict" promote_at_once staging $EDITED $FIRST race
    check "$1: every success is in the audit log" is_whole_history staging race.one race.other
    check "$1: promote warns only where the store has no conditional writes" warned
    # Without conditional writes, the log may have both promotions in the other order. cleanup then refuses, and names this.
    [ "$CONDITIONS" = yes ] || { s3dock promote $FIRST staging && s3dock promote $EDITED staging; } 2>/dev/null
    check "$1: cleanup" s3dock cleanup shop --keep 1
    check "$1: no request is refused for a header that was not asked for" same 0 "$(refused_headers)"
}

# refused_headers: the number of requests that this store never accepts.
refused_headers()
{
    grep -cE '"x-amz-(acl|tagging|checksum-|sdk-checksum|request-payer|object-lock)' requests.log
}

mapfile -t NAMES < <(python3 "$KIT/personalities.py" ${E2E_FEW:+--few})
[ $# = 0 ] || NAMES=("$@")
for name in "${NAMES[@]}"; do
    day "$name"
done
