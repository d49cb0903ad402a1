#!/usr/bin/env bash
# The static program finds the authorities of TLS where each distribution has them, resolves names whose answer is too
# long for UDP, and speaks IPv6: for each architecture, in a root that has nothing else.
. "$(dirname "$0")/lib.sh"
need_release
mkdir certs
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=store.test \
    -addext subjectAltName=DNS:store.test,IP:127.0.0.1,IP:::1 -keyout key.pem -out cert.pem 2>/dev/null

# start_store ADDRESS: an S3 server with TLS on this address; sets PORT.
start_store()
{
    rm -f port
    python3 "$KIT/fake_s3.py" --port-file port --tls cert.pem key.pem --address "$1" &
    at_exit "kill $!"
    await test -s port
    PORT=$(cat port)
}

start_store 127.0.0.1
port4=$PORT
export AWS_ACCESS_KEY_ID=TESTACCESSKEY AWS_SECRET_ACCESS_KEY=test-secret-key-0001 S3DOCK_BUCKET=images

# with ENDPOINT FILE=PLACE... -- : one request of the program, in a root with these files.
with()
{
    local endpoint=$1 files=()
    shift
    while [ $# -gt 0 ]; do
        files+=(--file "$1")
        shift
    done
    program_in "${files[@]}" "${program[@]}"
    AWS_ENDPOINT_URL=$endpoint s3dock list apps
}

with_named_file()
{
    SSL_CERT_FILE=/mine.pem with "https://127.0.0.1:$port4" cert.pem=/mine.pem
}

# refused_without: no authority at all is an error that has the remedy.
refused_without()
{
    with "https://127.0.0.1:$port4" 2>refused.err && return 1
    cat refused.err
    grep -q 'SSL_CERT_FILE' refused.err
}

places="/etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/ca-bundle.pem
    /etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem /etc/ssl/cert.pem
    /etc/ssl/certs/$(openssl x509 -in cert.pem -noout -subject_hash).0"
if grep -q ' lo$' /proc/net/if_inet6 2>/dev/null; then
    start_store ::1
    port6=$PORT
fi
echo "nameserver 127.9.9.9" >resolv.conf
"$TOP/tests/release/dns" 127.9.9.9 "$work/dns.log" 2>dns.err &
at_exit "kill $!"
await test -s dns.log

for arch in amd64 arm64; do
    unpack $arch
    program=(--file "$UNPACKED/s3dock=/s3dock" empty -- /s3dock)
    [ $arch = amd64 ] || program=(--file "$UNPACKED/s3dock=/s3dock" --file "$(qemu)=/qemu" empty -- /qemu /s3dock)
    for place in $places; do
        check "$arch: the authorities are found in $place" with "https://127.0.0.1:$port4" "cert.pem=$place"
    done
    check "$arch: the authorities are found in SSL_CERT_FILE" with_named_file
    check "$arch: without authorities the error names the remedy" refused_without
    echo >dns.log
    check "$arch: a name with a long answer is resolved" with "https://store.test:$port4" \
        cert.pem=/etc/ssl/cert.pem resolv.conf=/etc/resolv.conf
    check "$arch: the long answer came over TCP" grep -q tcp dns.log
    if [ -n "${port6:-}" ]; then
        check "$arch: IPv6" with "https://[::1]:$port6" cert.pem=/etc/ssl/cert.pem
    else
        skip_check "$arch: IPv6" "this machine has no IPv6"
    fi
done
