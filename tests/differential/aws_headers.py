"""s3dock sends the x-amz-* headers that the AWS CLI sends for the same options. Run by aws_cli_headers.

Both talk to a server that records the headers. Each parameter is passed to each operation of the CLI that knows it, so
AWS's own model decides which request carries which header. Prints TAP.
"""
import argparse
import base64
import contextlib
import http.server
import io
import os
import re
import subprocess
import sys
import tempfile
import threading

OPERATIONS = [  # name in the model, parameters that the operation needs
    ("PutObject", {"Key": "key", "Body": "FILE"}),
    ("GetObject", {"Key": "key"}),
    ("HeadObject", {"Key": "key"}),
    ("CopyObject", {"Key": "key", "CopySource": "bucket-name/source"}),
    ("CreateMultipartUpload", {"Key": "key"}),
    ("UploadPart", {"Key": "key", "UploadId": "upload", "PartNumber": "1", "Body": "FILE"}),
    ("UploadPartCopy", {"Key": "key", "UploadId": "upload", "PartNumber": "1", "CopySource": "bucket-name/source"}),
    ("CompleteMultipartUpload", {"Key": "key", "UploadId": "upload",
                                 "MultipartUpload": '{"Parts": [{"PartNumber": 1, "ETag": "e"}]}'}),
    ("AbortMultipartUpload", {"Key": "key", "UploadId": "upload"}),
    ("DeleteObject", {"Key": "key"}),
    ("ListObjectsV2", {}),
    ("ListParts", {"Key": "key", "UploadId": "upload"}),
    ("ListMultipartUploads", {}),
]

KEY = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd"
CONTEXT = '{"app":"s3dock"}'
OWNER = "111122223333"
SETS = [  # name, parameters of the CLI, variables of s3dock
    ("no options", {}, {}),
    ("SSE-S3, class, ACL, requester pays",
     {"ServerSideEncryption": "AES256", "StorageClass": "STANDARD_IA", "ACL": "bucket-owner-full-control",
      "RequestPayer": "requester"},
     {"ENCRYPTION": "AES256", "STORAGE_CLASS": "STANDARD_IA", "ACL": "bucket-owner-full-control",
      "REQUESTER_PAYS": "true"}),
    ("SSE-KMS with key, context and bucket key, owner, tags",
     {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": KEY, "BucketKeyEnabled": "",
      "SSEKMSEncryptionContext": base64.b64encode(CONTEXT.encode()).decode(), "ExpectedBucketOwner": OWNER,
      "ExpectedSourceBucketOwner": OWNER, "Tagging": "team=a%20b&kind=image"},
     {"ENCRYPTION": "aws:kms", "ENCRYPTION_KEY": KEY, "BUCKET_KEY": "true", "ENCRYPTION_CONTEXT": CONTEXT,
      "BUCKET_OWNER": OWNER, "TAGS": "team=a%20b&kind=image"}),
    ("DSSE-KMS and object lock",
     {"ServerSideEncryption": "aws:kms:dsse", "ObjectLockMode": "COMPLIANCE",
      "ObjectLockRetainUntilDate": "2030-01-01T00:00:00Z", "ObjectLockLegalHoldStatus": "ON"},
     {"ENCRYPTION": "aws:kms:dsse", "LOCK_MODE": "COMPLIANCE", "LOCK_UNTIL": "2030-01-01T00:00:00Z",
      "LEGAL_HOLD": "true"}),
    ("checksum SHA-256", {"ChecksumAlgorithm": "SHA256"}, {"CHECKSUM": "sha256"}),
]

# Headers that differ, each with the reason.
SIGNATURE = {"x-amz-date", "x-amz-content-sha256"}  # of the time; s3dock signs the body in another way
KNOWN = {
    "x-amz-sdk-checksum-algorithm": "the SDK's own word for the algorithm, beside its checksum",
    "x-amz-checksum-crc32": "the SDK's digest where S3 demands one; s3dock has Content-MD5",
    "x-amz-checksum-algorithm": "announced by the CLI for SHA-256; s3dock has the SHA-256 of parts in the signature",
}
PART_KNOWN = {"x-amz-checksum-sha256": "s3dock has the SHA-256 of a part in the signature"}


# --- the recording server -------------------------------------------------------------------------------

def operation_of(method, path, headers):
    """Returns the name of the operation in the model."""
    parts = path.split("?", 1)
    query = parts[1] if len(parts) > 1 else ""
    copy = "x-amz-copy-source" in headers
    whole = parts[0].strip("/").count("/") == 0
    if method == "PUT":
        if "partNumber=" in query:
            return "UploadPartCopy" if copy else "UploadPart"
        return "CopyObject" if copy else "PutObject"
    if method == "POST":
        return "CompleteMultipartUpload" if "uploadId=" in query else "CreateMultipartUpload"
    if method == "DELETE":
        return "AbortMultipartUpload" if "uploadId=" in query else "DeleteObject"
    if method == "HEAD":
        return "HeadObject"
    if whole:
        return "ListMultipartUploads" if "uploads" in query else "ListObjectsV2"
    return "ListParts" if "uploadId=" in query else "GetObject"


ETAG = "&quot;0123456789abcdef0123456789abcdef-1&quot;"
NAMESPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
BODIES = {
    "CopyObject": f"<CopyObjectResult {NAMESPACE}><ETag>{ETAG}</ETag></CopyObjectResult>",
    "UploadPartCopy": f"<CopyPartResult {NAMESPACE}><ETag>{ETAG}</ETag></CopyPartResult>",
    "CreateMultipartUpload": f"<InitiateMultipartUploadResult {NAMESPACE}><Bucket>bucket-name</Bucket><Key>key</Key>"
                             "<UploadId>upload</UploadId></InitiateMultipartUploadResult>",
    "CompleteMultipartUpload": f"<CompleteMultipartUploadResult {NAMESPACE}><ETag>{ETAG}</ETag>"
                               "</CompleteMultipartUploadResult>",
    "ListObjectsV2": f"<ListBucketResult {NAMESPACE}><IsTruncated>false</IsTruncated></ListBucketResult>",
    "ListParts": f"<ListPartsResult {NAMESPACE}><IsTruncated>false</IsTruncated></ListPartsResult>",
    "ListMultipartUploads": f"<ListMultipartUploadsResult {NAMESPACE}><IsTruncated>false</IsTruncated>"
                            "</ListMultipartUploadsResult>",
}


class Recorder(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen = {}

    def respond(self):
        headers = {name.lower(): value for name, value in self.headers.items()}
        operation = operation_of(self.command, self.path, headers)
        self.rfile.read(int(headers.get("content-length", 0)))
        Recorder.seen.setdefault(operation, []).append(headers)
        body = BODIES.get(operation, "data" if operation == "GetObject" else "").encode()
        self.send_response(204 if self.command == "DELETE" else 200)
        self.send_header("ETag", '"0123456789abcdef0123456789abcdef"')
        self.send_header("x-amz-request-id", "1")
        for name, value in headers.items():  # a store repeats the encryption
            if name == "x-amz-server-side-encryption":
                self.send_header(name, value)
        if self.command != "DELETE":
            self.send_header("Content-Length", str(len(body) if self.command != "HEAD" else 4))
        self.end_headers()
        if self.command not in ("HEAD", "DELETE"):
            self.wfile.write(body)

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = respond

    def log_message(self, *_):
        pass


def recorded():
    seen, Recorder.seen = Recorder.seen, {}
    return seen


# --- the two clients ------------------------------------------------------------------------------------

def flag_of(member):
    """The CLI's flag of a member of the model."""
    from botocore import xform_name  # pylint: disable=import-outside-toplevel,import-error
    return "--" + xform_name(member, "-")


def run_cli(driver, operations, url, parameters, file):
    """Calls each operation with all parameters that it knows. Returns the recorded requests."""
    for name, needed in OPERATIONS:
        members = operations.operation_model(name).input_shape.members
        command = ["s3api", flag_of(name)[2:], "--endpoint-url", url, "--bucket", "bucket-name"]
        for member, value in list(needed.items()) + [p for p in parameters.items() if p[0] in members]:
            command += [flag_of(member)] + ([file if value == "FILE" else value] if value else [])
        if name == "GetObject":
            command.append(os.devnull)
        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            code = driver.main(command)
        if code:
            raise RuntimeError(f"{' '.join(command)}: {said.getvalue()}")
    return recorded()


def run_s3dock(program, url, variables):
    environment = {"PATH": os.environ["PATH"], "S3DOCK_BUCKET": "bucket-name", "S3DOCK_REGION": "us-east-1"}
    environment.update({f"S3DOCK_{name}": value for name, value in variables.items()})
    subprocess.run([program, url], env=environment, check=True, timeout=60)
    return recorded()


def comparable(operation, headers):
    skipped = SIGNATURE | set(KNOWN) | (set(PART_KNOWN) if operation == "UploadPart" else set())
    kept = {name: value for name, value in headers.items() if name.startswith("x-amz-") and name not in skipped}
    if "x-amz-copy-source" in kept:  # with and without a slash in front: S3 accepts both
        kept["x-amz-copy-source"] = kept["x-amz-copy-source"].lstrip("/")
    return kept


def differences(ours, theirs):
    for name, _ in OPERATIONS:
        if name not in ours or name not in theirs:
            yield f"{name}: {'s3dock' if name not in ours else 'the CLI'} sent no request"
            continue
        mine, other = comparable(name, ours[name][-1]), comparable(name, theirs[name][-1])
        for header in sorted(set(mine) | set(other)):
            if mine.get(header) != other.get(header):
                yield f"{name}: {header}: s3dock {mine.get(header)!r}, CLI {other.get(header)!r}"


# --- the comparison -------------------------------------------------------------------------------------

def compare_all(program):
    import awscli  # pylint: disable=import-outside-toplevel,import-error
    from awscli.clidriver import create_clidriver  # pylint: disable=import-outside-toplevel,import-error
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    driver = create_clidriver()
    operations = driver.session.get_service_model("s3")
    failed = 0
    print(f"# AWS CLI {awscli.__version__}")
    for number, (name, parameters, variables) in enumerate(SETS, 1):
        with tempfile.NamedTemporaryFile() as file:
            file.write(b"body")
            file.flush()
            theirs = run_cli(driver, operations, url, parameters, file.name)
        found = list(differences(run_s3dock(program, url, variables), theirs))
        failed += bool(found)
        print(f"{'not ' if found else ''}ok {number} - {name}: the headers of the AWS CLI")
        for line in found:
            print(f"# {line}")
    print(f"1..{len(SETS)}")
    server.shutdown()
    return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    options = parser.parse_args()
    for name in [name for name in os.environ if re.match("AWS_|.*_proxy$", name, re.IGNORECASE)]:
        del os.environ[name]
    os.environ.update(AWS_ACCESS_KEY_ID="TESTACCESSKEY", AWS_SECRET_ACCESS_KEY="test-secret-key-0001",
                      AWS_DEFAULT_REGION="us-east-1", AWS_CONFIG_FILE=os.devnull,
                      AWS_SHARED_CREDENTIALS_FILE=os.devnull, AWS_REQUEST_CHECKSUM_CALCULATION="when_required",
                      AWS_RESPONSE_CHECKSUM_VALIDATION="when_required")
    sys.exit(compare_all(options.program))


if __name__ == "__main__":
    main()
