#!/usr/bin/env bash
# Every wrong word gets one clear line and its own exit code, and changes nothing in the bucket or on the host.
. "$(dirname "$0")/lib.sh"
need_docker
need_edge
need_s3
REF=app:20250721-2118-f7a5a27
make_image $REF image.tar --size 20 --seed 5
push=(push "$REF" --input image.tar)
pull=(pull "$REF" --output out.tar)

# --- what was typed -----------------------------------------------------------------------------------

while read -r code pattern arguments; do
    # shellcheck disable=SC2086  # several words
    refused "$code" "$pattern" "s3dock $arguments" $arguments
done <<'TABLE'
2 command|unknown           frobnicate
2 psuh                      psuh app:20250721-2118-f7a5a27
2 frobnicate                push --frobnicate app:20250721-2118-f7a5a27
2 jobs                      push app:20250721-2118-f7a5a27 --jobs many
2 jobs                      push app:20250721-2118-f7a5a27 --jobs=-1
2 level                     push app:20250721-2118-f7a5a27 --level 99
2 memory                    push app:20250721-2118-f7a5a27 --memory 1
2 bucket                    push app:20250721-2118-f7a5a27 --bucket
2 .                         push
2 .                         pull
2 .                         push app:20250721-2118-f7a5a27 app:20250721-2118-f7a5a28
2 app:latest                push app:latest
2 latest                    tag app:20250721-2118-f7a5a27 latest
2 latest                    promote app:20250721-2118-f7a5a27 latest
2 tag.is.missing            push app
2 .                         push app:20250721-2118
2 .                         push app:20251321-2118-f7a5a27
2 .                         push app:20250721-2118-XYZ
2 .                         push ../app:20250721-2118-f7a5a27
2 .                         push a/../b:20250721-2118-f7a5a27
2 .                         push App!:20250721-2118-f7a5a27
3 app.latest                pull app:latest
2 .                         pull :20250721-2118-f7a5a27
2 nowhere.json5             push app:20250721-2118-f7a5a27 --config nowhere.json5
2 profile|nope              push app:20250721-2118-f7a5a27 --profile nope
2 endpoint                  push app:20250721-2118-f7a5a27 --endpoint ftp://127.0.0.1
2 endpoint                  push app:20250721-2118-f7a5a27 --endpoint http://
2 bucket                    push app:20250721-2118-f7a5a27 --bucket No_Such_Name!
TABLE
refused 2 "" "a control character in the name" push $'a\e[31mpp:20250721-2118-f7a5a27'
check "which does not reach the terminal" test "$(tr -d '[:print:]\n\t' <refused.err | wc -c)" = 0
refused 2 "" "a name of 10000 letters" push "$(printf 'a%.0s' {1..10000}):20250721-2118-f7a5a27"
refused 2 "" "an empty word, as an unset variable gives" push ""
echo '{ default_profile: "x", profiles: { x: { bucket: ' >broken.json5
refused 2 "broken.json5" "a broken configuration, named" "${push[@]}" --config broken.json5
head -c 5000 /dev/urandom >noise.json5
refused 2 "noise.json5" "noise as configuration" "${push[@]}" --config noise.json5

# --- the bucket and its server --------------------------------------------------------------------------

# with VARIABLE=VALUE ... -- ARGUMENTS OF refused
with()
{
    local saved=() variable
    while [ "$1" != -- ]; do
        variable=${1%%=*}
        saved+=("$variable=${!variable-}")
        export "${1?}"
        shift
    done
    shift
    refused "$@"
    for variable in "${saved[@]}"; do
        export "${variable?}"
    done
}

refused 3 "no-such-bucket" "no such bucket" "${push[@]}" --bucket no-such-bucket
refused 3 "no-such-bucket" "no such bucket, pull" "${pull[@]}" --bucket no-such-bucket
with AWS_ACCESS_KEY_ID=nobody -- 4 "" "an unknown access key" "${push[@]}"
with AWS_SECRET_ACCESS_KEY=not-the-secret-of-anybody -- 4 "" "a wrong secret key" "${push[@]}"
with AWS_SECRET_ACCESS_KEY=not-the-secret-of-anybody -- 4 "" "a wrong secret key, pull" "${pull[@]}"
with AWS_ACCESS_KEY_ID= AWS_SECRET_ACCESS_KEY= -- 4 "went unsigned" "no key at all" "${push[@]}"
with AWS_SECRET_ACCESS_KEY= -- "(2|4)" "" "a key without its secret" "${push[@]}"
# shellcheck disable=SC2046  # two assignments
with $("$KIT/ceph" user "other$$" "$E2E_S3_DIR") -- 4 "" "somebody else's key" "${push[@]}"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export S3DOCK_RETRIES=2
with AWS_ENDPOINT_URL="http://127.0.0.1:$port" -- 5 "127.0.0.1:$port" "nobody listens there" "${push[@]}"
with AWS_ENDPOINT_URL="http://no-such-host.invalid" -- 5 "no-such-host.invalid" "no such host" "${push[@]}"
with AWS_ENDPOINT_URL="https://${AWS_ENDPOINT_URL#*//}" -- 2 "TLS" "https to a server that speaks http" "${push[@]}"

# answering ARGUMENTS OF answer -- ARGUMENTS OF refused
answering()
{
    local arguments=() server
    while [ "$1" != -- ]; do
        arguments+=("$1")
        shift
    done
    rm -f answer.txt
    "$KIT/answer" "${arguments[@]}" >answer.txt 2>answer.err &
    server=$!
    for _ in {1..100}; do
        [ -s answer.txt ] && break
        sleep 0.1
    done
    shift
    refused "$@" --endpoint "$(cat answer.txt)"
    kill $server
    wait $server 2>/dev/null
}

answering 200 None --tls -- 2 "certificate" "a certificate nobody trusts" "${push[@]}"
answering 403 RequestTimeTooSkewed --hours 5 -- 4 "clock" "a clock that is wrong" "${push[@]}"
answering 400 AuthorizationHeaderMalformed --region eu-west-1 -- "(2|4)" "region" "a wrong region" "${push[@]}"
answering 403 AccessDenied -- 4 "" "a role that may not" "${pull[@]}"
answering 400 ExpiredToken -- 4 "expired" "expired credentials" "${pull[@]}"
answering 500 InternalError -- 5 "" "a server out of order" "${pull[@]}"
answering 501 NotImplemented -- 12 "" "a server that lacks what is needed" "${push[@]}"

# --- the image and the daemon -----------------------------------------------------------------------------

refused 3 "$REF" "an image that the bucket does not hold" "${pull[@]}"
refused 3 "nothere" "an image that the daemon does not have" push nothere:20250721-2118-f7a5a27
with DOCKER_HOST="unix://$work/nowhere.sock" -- 10 "nowhere.sock" "no daemon" push $REF
with DOCKER_HOST="tcp://127.0.0.1:$port" -- 10 "127.0.0.1:$port" "no daemon there" push $REF
with DOCKER_HOST="nonsense" -- 2 "nonsense" "no address of a daemon" push $REF
refused 3 "absent.tar" "an archive that is not there" push $REF --input absent.tar
refused 6 "noise.json5: bad tar" "noise as archive" push $REF --input noise.json5
check "the hint says what is expected" grep -q "hint: an archive of docker save" refused.err
refused "(2|9)" "" "a folder as archive" push $REF --input "$work"
check "now the image is in the bucket" s3dock "${push[@]}"
enough()
{
    s3dock "$@" 2>enough.err | head -c 10 >/dev/null
    echo "${PIPESTATUS[0]} $(wc -c <enough.err)"
}
check "a reader that has seen enough ends a pull like SIGPIPE, without a word" same "141 0" "$(enough pull $REF --output -)"
refused 9 "no-such-folder" "an output that cannot be made" pull $REF --output no-such-folder/out.tar
with DOCKER_HOST="unix://$work/nowhere.sock" -- 10 "nowhere.sock" "no daemon to pull into" pull $REF

# --- the disk ----------------------------------------------------------------------------------------------

mkdir small
if mount -t tmpfs -o size=4m none small 2>/dev/null; then
    at_exit "umount -l '$work/small'"
    refused 9 "space" "a full disk under the output" pull $REF --output small/out.tar
    check "leaves no half file" same "" "$(ls -A small)"
    mkdir small/store
    refused 9 "space" "a full disk under a directory bucket" "${push[@]}" --endpoint "file://$work/small" --bucket store
    check "leaves nothing in that bucket" same "" "$(find small/store -type f ! -path "*/.s3dock/lock")"
    mount -o remount,ro small
    refused 9 "" "a configuration that cannot be written" config init small/s3dock.json5
    umount small
else
    skip_check "a full disk" "cannot mount a small one"
fi
check "config init" s3dock config init made.json5
check "makes a file for its owner's eyes only" same 600 "$(stat -c %a made.json5)"
refused "(2|8)" "made.json5" "and does not overwrite it" config init made.json5

# --- nothing came of all this --------------------------------------------------------------------------------

check "the bucket holds the one image, and no unfinished upload" same "3 0" "$(bucket list images/ | wc -l) $(bucket uploads | wc -l)"
check "which is whole" s3dock "${pull[@]}"
check "and the same" same_image image.tar out.tar
check "no file but ours is left" same "" "$(find . -name '*.part' -o -name '*.tmp' -o -name '.s3dock*')"
