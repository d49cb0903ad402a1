#!/usr/bin/env python3
"""A scripted S3 store in memory, with faults on request.

It verifies signatures (SigV4, header form), clock and region like S3. It supports objects, ranges, conditions,
copies, multipart uploads and lists. It follows a script of rules (see script.py). Kinds:
Head Get Put Delete Copy List Create Part CopyPart Complete Abort Parts Uploads Lifecycle Bucket (creation); of these also Range (a Get
of a part) and PutIf (a Put with a condition); and Any. Actions:

    status       respond with `status`, `code`, `message`, `region`, `headers`, or a raw `body`
    error200     respond with 200 and an <Error> of `code`
    empty        respond with 200 and no body
    text         respond with `status` (200) and `body` as `type` (text/html)
    reset        reset the connection before any work
    drown        read the whole request, then reset the connection without any work
    lose         do the work, then reset the connection without a response
    drop         do the work, then respond with `status` and `code`
    cut          send only `bytes` of the response's body, then reset
    stall        send nothing for `seconds`, then reset
    delay        wait `seconds`, then continue
    refuse       reset, and refuse connections for `seconds`
    range        respond with this `content_range`
    whole        ignore the Range header
    headers      continue, with these additional `headers`
    flip         flip one bit in the middle of the response's body
    short        omit the last `bytes` of the response's body, with a matching length

The server logs every request as one JSON line (--log). It writes its port to --port-file when it listens.

--personality NAME makes it behave as a store of that kind: see personalities.py.

A test can reuse the server: POST /.fake with a JSON object. The server handles the members in this order: "load" (the
name of a saved state; "" empties the bucket), "rules" (a new script, counted from now), "damage" ([key, byte, bit]),
"save" (a name), "write" (a file that gets all saved states), "read" (such a file). The response lists the requests by kind since the last script, in order, and every object's size and
SHA-256.
"""
import argparse
import base64
import email.utils
import hashlib
import json
import os
import pickle
import re
import select
import socket
import ssl
import struct
import sys
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler
from xml.sax.saxutils import escape

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))

from personalities import PERSONALITIES, quirks_of  # noqa: E402
from script import Script, names_of  # noqa: E402
from signature import SKEW_MAX, Refused, Signature  # noqa: E402


class Store:
    def __init__(self, options):
        self.options = options
        self.quirks = quirks_of(options.personality)
        if options.no_conditions:
            self.quirks["conditions"] = "ignored"
        if options.bare_etags:
            self.quirks["bare_etags"] = True
        if options.unless:
            self.quirks["unless"] = options.unless
        if options.object_lock:
            self.quirks["md5"] = True
        self.region = options.region or self.quirks["region"]
        self.failed_once = False
        self.has_bucket = not options.absent
        self.lock = threading.RLock()
        self.objects = {}  # key -> (bytes, etag, seconds)
        self.begun = {}  # id -> seconds
        self.uploads = {}  # id -> (key, {number: (bytes, md5)})
        self.saved = {"": ({}, {})}
        self.serial = 0
        self.refuse_until = 0
        self.waker, self.woken = os.pipe()
        self.script = Script(json.load(open(options.script)) if options.script else [])
        self.log = open(options.log, "a", buffering=1) if options.log else None

    def now(self):
        return time.time() + self.options.clock

    def control(self, words):
        with self.lock:
            if "load" in words:
                objects, uploads = self.saved[words["load"]]
                self.objects = dict(objects)
                self.uploads = {name: (key, dict(parts)) for name, (key, parts) in uploads.items()}
            told = {"kinds": self.script.kinds, "uploads": len(self.uploads)}
            if "rules" in words:
                self.script.begin(words["rules"], words.get("seed", 1))
            if "damage" in words:
                key, byte, bit = words["damage"]
                data, etag, seconds = self.objects[key]
                data = bytearray(data)
                data[byte] ^= 1 << bit
                self.objects[key] = (bytes(data), etag, seconds)
            if "save" in words:
                self.saved[words["save"]] = (dict(self.objects), {
                    name: (key, dict(parts)) for name, (key, parts) in self.uploads.items()})
            if "write" in words:
                with open(words["write"], "wb") as file:
                    pickle.dump(self.saved, file)
            if "read" in words:
                with open(words["read"], "rb") as file:
                    self.saved.update(pickle.load(file))
            if words.get("objects"):
                told["objects"] = {key: [len(data), hashlib.sha256(data).hexdigest()]
                                   for key, (data, _, _) in self.objects.items()}
            return told

    def refuse(self, seconds):
        """Refuses connections from now on."""
        self.refuse_until = time.time() + seconds
        os.write(self.woken, b"!")


def error_xml(code, message="", **fields):
    more = "".join(f"<{k}>{escape(str(v))}</{k}>" for k, v in fields.items())
    return (f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code>'
            f"<Message>{escape(message)}</Message>{more}</Error>").encode()


def result_xml(root, *fields):
    body = "".join(f"<{k}>{v}</{k}>" for k, v in fields)
    return ('<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<{root} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{body}</{root}>').encode()


def iso(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(seconds))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    store = None

    # -- one request --

    def handle_one(self):
        self.body = b""
        self.began = self.store.now()  # a key must be valid when the request begins
        url = self.path.split("?", 1)
        self.raw_path = url[0]
        self.raw_query = url[1] if len(url) > 1 else ""
        self.query = dict(urllib.parse.parse_qsl(self.raw_query, keep_blank_values=True))
        self.name_object()
        if self.raw_path == "/.fake":
            return self.control()
        names = names_of(self.command, self.key, self.query, {name.lower() for name in self.headers})
        self.kind = names[-1]
        rule = self.store.script.rule(*names, token=self.headers.get("X-Amz-Security-Token"))
        self.extra = {}
        self.send_limit = None
        if rule["do"] in ("reset", "refuse"):
            if rule["do"] == "refuse":
                self.store.refuse(rule.get("seconds", 1))
            self.note(0)
            return self.cut()
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.misbehave(rule)

    def name_object(self):
        """Sets bucket and key: from the path, or the bucket from the host name."""
        path = urllib.parse.unquote(self.raw_path).lstrip("/")
        bucket = self.store.options.bucket
        self.in_host = self.headers.get("Host", "").startswith(bucket + ".")
        if self.in_host:
            self.bucket, self.key = bucket, path
        else:
            self.bucket, _, self.key = path.partition("/")

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_one

    def control(self):
        words = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
        body = json.dumps(self.store.control(words)).encode()
        self.send_response_only(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def misbehave(self, rule):
        do = rule["do"]
        if do == "status":
            body = rule.get("body")
            fields = {"Region": rule["region"]} if "region" in rule else {}
            self.extra = rule.get("headers", {})
            return self.answer(rule["status"], error_xml(
                rule["code"], rule.get("message", "as the script says"), **fields)
                if body is None and "code" in rule else (body or "").encode())
        if do == "error200":
            return self.answer(200, error_xml(rule["code"]))
        if do == "empty":
            return self.answer(200, b"")
        if do == "text":
            return self.answer(rule.get("status", 200), rule["body"].encode(),
                               rule.get("type", "text/html"))
        if do == "drown":
            self.note(0)
            return self.cut()
        if do == "stall":
            self.note(0)
            time.sleep(rule["seconds"])
            return self.cut()
        if do == "delay":
            time.sleep(rule["seconds"])
        if do == "headers":
            self.extra = rule["headers"]
        if do == "cut":
            self.send_limit = rule.get("bytes", 0)
        self.whole = do == "whole"
        if do == "range":
            self.extra = {"Content-Range": rule["content_range"]}
        status, body, headers = self.perform()
        if do == "flip" and body:
            at = len(body) // 2
            body = body[:at] + bytes([body[at] ^ 1]) + body[at + 1:]
        if do == "short":
            body = body[:max(0, len(body) - rule.get("bytes", 1))]
        if do == "lose":
            self.note(status)
            return self.cut()
        if do == "drop":
            return self.answer(rule["status"], error_xml(rule["code"]))
        return self.answer(status, body, **headers)

    def perform(self):
        try:
            self.authenticate()
            if not self.in_host and self.store.quirks["addressing"] == "virtual":
                raise Refused(403, self.store.quirks["path_code"])
            if self.kind == "Bucket":
                return self.on_Bucket()
            if self.bucket != self.store.options.bucket or not self.store.has_bucket:
                raise Refused(404, "NoSuchBucket")
            self.demands()
            with self.store.lock:
                return getattr(self, "on_" + self.kind)()
        except Refused as fault:
            return fault.status, error_xml(fault.code, "no", **fault.fields), {}

    def answer(self, status, body=b"", type="application/xml", **headers):
        self.note(status)
        self.send_response_only(status)
        if "Date" not in self.extra:
            self.send_header("Date", email.utils.formatdate(self.store.now(), usegmt=True))
        headers = {k.replace("_", "-"): v for k, v in headers.items()}
        headers.setdefault("Content-Length", str(len(body)))
        headers.setdefault("Content-Type", type)
        headers.update(self.extra)
        for name, value in headers.items():
            if value is not None:
                self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD" or status == 204:
            return
        self.wfile.write(body if self.send_limit is None else body[:self.send_limit])
        if self.send_limit is not None:
            self.wfile.flush()
            self.cut()

    def cut(self):
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def note(self, status):
        if self.store.log:
            self.store.log.write(json.dumps({
                "kind": self.kind, "method": self.command, "path": self.raw_path,
                "query": self.raw_query, "bytes": len(self.body), "status": status,
                "headers": {k.lower(): v for k, v in self.headers.items()}}) + "\n")

    def log_message(self, *args):
        pass

    # -- signature --

    def authenticate(self):
        signature = Signature(self.headers, "s3")
        secret = self.secret_of(signature.access_key)
        if self.store.region and signature.region != self.store.region:
            raise Refused(400, "AuthorizationHeaderMalformed", Region=self.store.region)
        if abs(signature.sent() - self.store.now()) > SKEW_MAX:
            raise Refused(403, "RequestTimeTooSkewed")
        payload = self.headers.get("x-amz-content-sha256", "")
        if payload != "UNSIGNED-PAYLOAD" and payload != hashlib.sha256(self.body).hexdigest():
            raise Refused(400, "XAmzContentSHA256Mismatch")
        if "x-amz-content-sha256" not in signature.names.split(";") or not signature.is_good(
                secret, self.command, self.raw_path, self.raw_query, payload):
            raise Refused(403, "SignatureDoesNotMatch")

    def secret_of(self, access_key):
        """Finds a key of the command line, or one of the file that fake_credentials.py writes."""
        options = self.store.options
        if access_key == options.access_key:
            return options.secret_key
        issued = json.load(open(options.keys)) if options.keys else {}
        if access_key not in issued:
            raise Refused(403, "InvalidAccessKeyId")
        key = issued[access_key]
        if self.headers.get("x-amz-security-token") != key["token"]:
            raise Refused(400, "InvalidToken")
        if key["until"] < self.began:
            raise Refused(400, "ExpiredToken")
        return key["secret"]

    # -- buckets --

    def on_Bucket(self):
        region = re.search(rb"<LocationConstraint>([^<]*)</LocationConstraint>", self.body)
        asked = region[1].decode() if region else "us-east-1"
        if self.bucket != self.store.options.bucket:
            raise Refused(409, "BucketAlreadyExists")
        if self.store.quirks["location"] and asked != self.store.region:
            raise Refused(400, "IllegalLocationConstraintException")
        if self.store.has_bucket:
            raise Refused(409, "BucketAlreadyOwnedByYou")
        self.store.has_bucket = True
        return 200, b"", {"Location": "/" + self.bucket}

    # -- objects --

    def find(self, key):
        if key not in self.store.objects:
            raise Refused(404, "NoSuchKey")
        return self.store.objects[key]

    def conditions(self):
        quirks = self.store.quirks
        asked = self.headers.get("If-None-Match") or self.headers.get("If-Match")
        if not asked or quirks["conditions"] == "ignored":
            return
        if quirks["conditions"] != "honoured":
            raise Refused(501 if quirks["conditions"] == "NotImplemented" else 400, quirks["conditions"])
        there = self.store.objects.get(self.key)
        if self.headers.get("If-None-Match") == "*" and there:
            raise Refused(412, "PreconditionFailed")
        wanted = self.headers.get("If-Match")
        if quirks["bare_etags"] and there and wanted:
            wanted = f'"{wanted}"'  # as Ceph: quotes count as a part of the ETag
        if wanted and (not there or there[1] != wanted):
            raise Refused(412 if there else 404, "PreconditionFailed" if there else "NoSuchKey")

    def demands(self):
        """The requirements of the store, of a bucket with a default retention, or with a policy, for each request."""
        digest, options, quirks = self.headers.get("Content-MD5"), self.store.options, self.store.quirks
        if any(name.lower().startswith(quirks["refused"]) for name in self.headers):
            raise Refused(*quirks["refusal"])
        if digest and base64.b64decode(digest) != hashlib.md5(self.body).digest():
            raise Refused(400, "BadDigest")
        if quirks["md5"] and self.kind in ("Put", "Part") and not digest:
            raise Refused(400, "InvalidRequest")
        asked = self.headers.get("x-amz-server-side-encryption")
        begins = self.kind in ("Put", "Copy", "Create")
        if asked and not begins:
            raise Refused(400, "InvalidArgument")
        if begins and options.encryption and asked != options.encryption:
            raise Refused(403, "AccessDenied")
        if asked:
            self.extra = {"x-amz-server-side-encryption": asked, **self.extra}

    def keep(self, data, etag=None):
        etag = etag or '"%s"' % hashlib.md5(data).hexdigest()
        self.store.objects[self.key] = (data, etag, self.store.now())
        return etag

    def on_Put(self):
        self.conditions()
        return 200, b"", {"ETag": self.keep(self.body)}

    def on_Get(self):
        data, etag, modified = self.find(self.key)
        if self.headers.get("If-Match") not in (None, etag):
            raise Refused(412, "PreconditionFailed")
        headers = {"ETag": etag, "Last_Modified": email.utils.formatdate(modified, usegmt=True),
                   "type": "application/octet-stream"}
        if self.headers.get("If-None-Match") == etag and self.store.quirks["unless"] != "ignored":
            return (304, b"", headers) if self.store.quirks["unless"] == "honoured" else (
                412, error_xml("PreconditionFailed"), {})
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if not wanted or self.whole:
            return 200, data, headers
        first = int(wanted[1])
        last = min(int(wanted[2] or len(data)), len(data) - 1)
        if first >= len(data):
            raise Refused(416, "InvalidRange")
        headers["Content_Range"] = f"bytes {first}-{last}/{len(data)}"
        return 206, data[first:last + 1], headers

    def on_Head(self):
        data, etag, modified = self.find(self.key)
        return 200, data, {"ETag": etag,
                           "Last_Modified": email.utils.formatdate(modified, usegmt=True)}

    def on_Delete(self):
        self.store.objects.pop(self.key, None)
        return 204, b"", {}

    def source(self):
        path = urllib.parse.unquote(self.headers["x-amz-copy-source"]).lstrip("/")
        data, etag, _ = self.find(path.split("/", 1)[1])
        wanted = self.headers.get("x-amz-copy-source-if-match")
        if wanted and (wanted != etag or (self.store.quirks["strict_source"] and "-" in etag)):
            raise Refused(412, "PreconditionFailed")
        return data

    def on_Copy(self):
        self.conditions()
        etag = self.keep(self.source())
        return 200, result_xml("CopyObjectResult", ("ETag", escape(etag))), {}

    # -- multipart --

    def upload(self):
        upload = self.store.uploads.get(self.query["uploadId"])
        if not upload or upload[0] != self.key:
            raise Refused(404, "NoSuchUpload")
        return upload[1]

    def on_Create(self):
        self.store.serial += 1
        name = f"upload-{self.store.serial}"
        self.store.uploads[name] = (self.key, {})
        self.store.begun[name] = self.store.now()
        return 200, result_xml("InitiateMultipartUploadResult", ("Bucket", self.bucket),
                               ("Key", escape(self.key)), ("UploadId", name)), {}

    def keep_part(self, data):
        md5 = hashlib.md5(data)
        self.upload()[int(self.query["partNumber"])] = (data, md5)
        return '"%s"' % md5.hexdigest()

    def on_Part(self):
        return 200, b"", {"ETag": self.keep_part(self.body)}

    def on_CopyPart(self):
        way = self.store.quirks["copy_part"]
        if way == "empty":
            return 200, b"", {"ETag": self.keep_part(b"")}
        if way != "yes":
            raise Refused(501, way)
        data = self.source()
        wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("x-amz-copy-source-range", ""))
        if wanted:
            if int(wanted[2]) >= len(data):
                raise Refused(416, "InvalidRange")
            data = data[int(wanted[1]):int(wanted[2]) + 1]
        return 200, result_xml("CopyPartResult", ("ETag", escape(self.keep_part(data)))), {}

    def on_Complete(self):
        parts, quirks = self.upload(), self.store.quirks
        self.conditions()
        late = quirks["complete"] == "late"
        if late and not self.store.failed_once:
            self.store.failed_once = True
            return 200, b"   \n" + error_xml("InternalError"), {}
        listed = [(int(number), etag.decode().replace("&quot;", '"').strip('"')) for number, etag in re.findall(
            rb"<Part><PartNumber>(\d+)</PartNumber><ETag>([^<]*)</ETag></Part>", self.body)]
        self.check_parts(parts, listed)
        pieces = [parts[number] for number, _ in listed]
        etag = self.keep(b"".join(data for data, _ in pieces), self.etag_of([md5 for _, md5 in pieces]))
        del self.store.uploads[self.query["uploadId"]]
        fields = [("Key", escape(self.key)), ("ETag", "" if quirks["etag"] == "empty" else escape(etag))]
        return 200, (b"   \n" if late else b"") + result_xml("CompleteMultipartUploadResult", *fields), {}

    def check_parts(self, parts, listed):
        quirks, numbers = self.store.quirks, [number for number, _ in listed]
        for number, etag in listed:
            if number not in parts or etag != parts[number][1].hexdigest():
                raise Refused(400, "InvalidPart")
        sizes = [len(parts[number][0]) for number in numbers]
        if any(size < self.store.options.part_min for size in sizes[:-1]):
            raise Refused(400, "EntityTooSmall")
        if quirks["equal_parts"] and sizes and (len(set(sizes[:-1])) > 1 or sizes[-1] > sizes[0]):
            raise Refused(400, "InvalidPart")
        if quirks["contiguous"] and numbers != list(range(1, len(numbers) + 1)):
            raise Refused(400, "InvalidPart")
        if len(numbers) > quirks["parts_max"]:
            raise Refused(400, "InvalidArgument")

    def etag_of(self, md5s):
        """The ETag of an object of parts."""
        digest = hashlib.md5(b"".join(md5.digest() for md5 in md5s)).hexdigest()
        form = self.store.quirks["etag"]
        if form == "own":
            return '"%s"' % base64.b32encode(bytes.fromhex(digest)).decode().strip("=").lower()
        return '"%s-%d"' % (digest.upper() if form == "upper" else digest, len(md5s))

    def on_Abort(self):
        self.upload()
        del self.store.uploads[self.query["uploadId"]]
        return 204, b"", {}

    # -- lists --

    def on_Parts(self):
        parts, page = self.upload(), self.store.options.page
        numbers = [n for n in sorted(parts) if n > int(self.query.get("part-number-marker", 0))]
        fields = [("Part", "".join(f"<{k}>{v}</{k}>" for k, v in (
            ("PartNumber", n), ("ETag", escape(f'"{parts[n][1].hexdigest()}"')),
            ("Size", len(parts[n][0]))))) for n in numbers[:page]]
        fields.append(("IsTruncated", "true" if numbers[page:] else "false"))
        if numbers[page:]:
            fields.append(("NextPartNumberMarker", numbers[page - 1]))
        return 200, result_xml("ListPartsResult", *fields), {}

    def on_Uploads(self):
        marker = (self.query.get("key-marker", ""), self.query.get("upload-id-marker", ""))
        prefix, page = self.query.get("prefix", ""), self.store.options.page
        way = self.store.quirks["list_uploads"]
        if way not in ("yes", "exact"):
            raise Refused(501, way)
        found = sorted((key, name) for name, (key, _) in self.store.uploads.items()
                       if (key == prefix if way == "exact" else key.startswith(prefix)) and (key, name) > marker)
        fields = [("Upload", f"<Key>{escape(k)}</Key><UploadId>{n}</UploadId>"
                             f"<Initiated>{iso(self.store.begun[n])}</Initiated>")
                  for k, n in found[:page]]
        fields.append(("IsTruncated", "true" if found[page:] else "false"))
        if found[page:]:
            fields += [("NextKeyMarker", escape(found[page - 1][0])),
                       ("NextUploadIdMarker", found[page - 1][1])]
        return 200, result_xml("ListMultipartUploadsResult", *fields), {}

    def on_Lifecycle(self):
        raise Refused(404, "NoSuchLifecycleConfiguration")

    def on_List(self):
        prefix, delimiter = self.query.get("prefix", ""), self.query.get("delimiter", "")
        page, after = self.store.options.page, self.query.get("continuation-token", "")
        names = set()
        for key in self.store.objects:
            if key.startswith(prefix):
                rest = key[len(prefix):]
                cut = rest.find(delimiter) if delimiter else -1
                names.add((prefix + rest[:cut + 1], True) if cut >= 0 else (key, False))
        found = [n for n in sorted(names) if n[0] > after]
        fields = []
        for name, is_prefix in found[:page]:
            if is_prefix:
                fields.append(("CommonPrefixes", f"<Prefix>{escape(name)}</Prefix>"))
                continue
            data, etag, modified = self.store.objects[name]
            fields.append(("Contents", f"<Key>{escape(name)}</Key><Size>{len(data)}</Size>"
                           f"<ETag>{escape(etag)}</ETag><LastModified>{iso(modified)}"
                           "</LastModified>"))
        fields.append(("IsTruncated", "true" if found[page:] else "false"))
        if found[page:]:
            fields.append(("NextContinuationToken", escape(found[page - 1][0])))
        return 200, result_xml("ListBucketResult", *fields), {}


def serve_one(connection, address):
    try:
        Handler(connection, address, None)
    except (OSError, ValueError):
        pass
    finally:
        connection.close()


def listen(address, port):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return socket.create_server((address, port), family=family, backlog=64)


def secured(context, connection):
    """Does the handshake. After a failure, the client's bytes are read: a reset would overtake the alert."""
    secure = context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
    try:
        secure.do_handshake()
    except OSError:
        with socket.socket(fileno=os.dup(secure.fileno())) as plain:
            secure.close()
            plain.settimeout(1)
            plain.shutdown(socket.SHUT_WR)
            while plain.recv(4096):
                pass
        raise
    return secure


def serve(store, address, port_file, tls, client_ca):
    listener = listen(address, 0)
    port = listener.getsockname()[1]
    with open(port_file + ".new", "w") as out:
        out.write(str(port))
    os.rename(port_file + ".new", port_file)
    context = None
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*tls)
        if client_ca:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(client_ca)
    while True:
        # A server that waits uses no processor time: there are many of them.
        if store.waker in select.select([listener, store.waker], [], [])[0]:
            os.read(store.waker, 4096)
        listener.settimeout(0)
        if store.refuse_until > time.time():
            listener.close()
            time.sleep(max(0, store.refuse_until - time.time()))
            listener = listen(address, port)
        try:
            connection, client = listener.accept()
            connection.settimeout(None)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if context:
                connection = secured(context, connection)
        except OSError:
            continue
        threading.Thread(target=serve_one, args=(connection, client), daemon=True).start()


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port-file", required=True)
    parser.add_argument("--script", help="file with the rules")
    parser.add_argument("--log", help="file for the requests")
    parser.add_argument("--tls", nargs=2, metavar=("CERT", "KEY"))
    parser.add_argument("--client-ca", metavar="FILE", help="demand a client certificate of this authority")
    parser.add_argument("--address", default="127.0.0.1", help="of this machine, to listen on")
    parser.add_argument("--bucket", default="images")
    parser.add_argument("--absent", action="store_true", help="the bucket does not exist before it is created")
    parser.add_argument("--access-key", default="TESTACCESSKEY")
    parser.add_argument("--secret-key", default="test-secret-key-0001")
    parser.add_argument("--keys", help="file with more keys, as fake_credentials.py writes it")
    parser.add_argument("--region", help="that signatures must name (default: that of the personality)")
    parser.add_argument("--unless", choices=["honoured", "ignored", "refused"],
                        help="what becomes of reads with If-None-Match")
    parser.add_argument("--personality", default="", choices=["", *PERSONALITIES], metavar="NAME")
    parser.add_argument("--clock", type=float, default=0, help="seconds this store is ahead")
    parser.add_argument("--page", type=int, default=1000, help="entries of a listing's page")
    parser.add_argument("--part-min", type=int, default=5 * 1024 * 1024)
    parser.add_argument("--no-conditions", action="store_true", help="ignore write conditions")
    parser.add_argument("--object-lock", action="store_true",
                        help="refuse objects and parts without Content-MD5")
    parser.add_argument("--encryption", help="refuse objects that are not to be encrypted so")
    parser.add_argument("--bare-etags", action="store_true",
                        help="If-Match of a write is honoured without quotes only")
    parser.add_argument("--attached", action="store_true",
                        help="end with whoever holds the other end of standard input")
    options = parser.parse_args()
    if options.attached:
        threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    store = Store(options)
    Handler.store = store
    serve(store, options.address, options.port_file, options.tls, options.client_ca)


if __name__ == "__main__":
    main()
