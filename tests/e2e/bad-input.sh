#!/usr/bin/env bash
# Every wrong input ends with one clear error line and its exit code, and changes nothing in the bucket or on the host.
. "$(dirname "$0")/lib.sh"
need_docker
need_edge
need_s3
REF=app:20250721-2118-f7a5a27
make_image $REF image.tar --size 20 --seed 5
push=(push "$REF" --input image.tar)
pull=(pull "$REF" --output out.tar)

# --- the command line -----------------------------------------------------------------------------------

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
2 gzip.has.the.levels.1.to  push app:20250721-2118-f7a5a27 --level 13
2 compression               push app:20250721-2118-f7a5a27 --compression brotli
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
check "the control character does not reach the terminal" test "$(tr -d '[:print:]\n\t' <refused.err | wc -c)" = 0
refused 2 "" "a name of 10000 letters" push "$(printf 'a%.0s' {1..10000}):20250721-2118-f7a5a27"
refused 2 "" "an empty argument, as from an unset variable" push ""
echo '{ default_profile: "x", profiles: { x: { bucket: ' >broken.json5
refused 2 "broken.json5" "a broken configuration file" "${push[@]}" --config broken.json5
head -c 5000 /dev/urandom >noise.json5
refused 2 "noise.json5" "random bytes as configuration file" "${push[@]}" --config noise.json5

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
refused 3 "no-such-bucket" "no such bucket, with pull" "${pull[@]}" --bucket no-such-bucket
with AWS_ACCESS_KEY_ID=nobody -- 4 "" "an unknown access key" "${push[@]}"
with AWS_SECRET_ACCESS_KEY=not-the-secret-of-anybody -- 4 "" "a wrong secret key" "${push[@]}"
with AWS_SECRET_ACCESS_KEY=not-the-secret-of-anybody -- 4 "" "a wrong secret key, with pull" "${pull[@]}"
with AWS_ACCESS_KEY_ID= AWS_SECRET_ACCESS_KEY= -- 4 "went unsigned" "no credentials" "${push[@]}"
with AWS_SECRET_ACCESS_KEY= -- "(2|4)" "" "a key without its secret" "${push[@]}"
# shellcheck disable=SC2046  # two assignments
with $("$KIT/ceph" user "other$$" "$E2E_S3_DIR") -- 4 "" "the key of another user" "${push[@]}"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export S3DOCK_RETRIES=2
with AWS_ENDPOINT_URL="http://127.0.0.1:$port" -- 5 "127.0.0.1:$port" "no server on the port" "${push[@]}"
with AWS_ENDPOINT_URL="http://no-such-host.invalid" -- 5 "no-such-host.invalid" "an unknown host name" "${push[@]}"
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
    await test -s answer.txt
    shift
    refused "$@" --endpoint "$(cat answer.txt)"
    kill $server
    wait $server 2>/dev/null
}

answering 200 None --tls -- 2 "certificate" "an untrusted certificate" "${push[@]}"
answering 403 RequestTimeTooSkewed --hours 5 -- 4 "clock" "a wrong clock" "${push[@]}"
answering 400 AuthorizationHeaderMalformed --region eu-west-1 -- "(2|4)" "region" "a wrong region" "${push[@]}"
answering 403 AccessDenied -- 4 "" "access denied" "${pull[@]}"
answering 400 ExpiredToken -- 4 "expired" "expired credentials" "${pull[@]}"
answering 500 InternalError -- 5 "" "a server with internal errors" "${pull[@]}"
answering 501 NotImplemented -- 12 "" "a server without a required operation" "${push[@]}"

# --- the image and the daemon -----------------------------------------------------------------------------

refused 3 "$REF" "an image that is not in the bucket" "${pull[@]}"
refused 3 "nothere" "an image that is not in the daemon" push nothere:20250721-2118-f7a5a27
with DOCKER_HOST="unix://$work/nowhere.sock" -- 10 "nowhere.sock" "no daemon behind the socket" push $REF
with DOCKER_HOST="tcp://127.0.0.1:$port" -- 10 "127.0.0.1:$port" "no daemon on the port" push $REF
with DOCKER_HOST="nonsense" -- 2 "nonsense" "an invalid daemon address" push $REF
refused 3 "absent.tar" "a missing archive file" push $REF --input absent.tar
refused 6 "noise.json5: bad tar" "random bytes as archive" push $REF --input noise.json5
check "the hint names the expected input" grep -q "hint: an archive of docker save" refused.err
refused "(2|9)" "" "a folder as archive" push $REF --input "$work"
check "push of the image" s3dock "${push[@]}"
enough()
{
    s3dock "$@" 2>enough.err | head -c 10 >/dev/null
    echo "${PIPESTATUS[0]} $(wc -c <enough.err)"
}
check "a closed output pipe ends a pull like SIGPIPE, without a message" same "141 0" "$(enough pull $REF --output -)"
refused 9 "no-such-folder" "an output in a missing folder" pull $REF --output no-such-folder/out.tar
with DOCKER_HOST="unix://$work/nowhere.sock" -- 10 "nowhere.sock" "no daemon to pull into" pull $REF

# --- the disk ----------------------------------------------------------------------------------------------

mkdir small
if mount -t tmpfs -o size=4m none small 2>/dev/null; then
    at_exit "umount -l '$work/small'"
    refused 9 "space" "a full disk at the output" pull $REF --output small/out.tar
    check "the full disk has no incomplete file" empty "$(ls -A small)"
    mkdir small/store
    refused 9 "space" "a full disk at a directory bucket" "${push[@]}" --endpoint "file://$work/small" --bucket store
    check "the directory bucket is empty" empty "$(find small/store -type f ! -path "*/.s3dock/lock")"
    mount -o remount,ro small
    refused 9 "" "config init on a read-only disk" config init small/s3dock.json5
    umount small
else
    skip_check "a full disk" "cannot mount a small disk"
fi
check "config init" s3dock config init made.json5
check "config init writes a file that only its owner can read" same 600 "$(stat -c %a made.json5)"
refused "(2|8)" "made.json5" "config init over an existing file" config init made.json5

# --- the bucket and the folder afterwards ---------------------------------------------------------------------

check "the bucket has one image and no unfinished upload" same "3 0" "$(bucket list images/ | wc -l) $(bucket uploads | wc -l)"
check "pull of the image" s3dock "${pull[@]}"
check "the pulled image is the pushed one" same_image image.tar out.tar
check "no temporary file is left" empty "$(find . -name '*.part' -o -name '*.tmp' -o -name '.s3dock*')"
