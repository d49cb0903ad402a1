"""Checks of AWS Signature Version 4 (header form), for fake_s3.py and fake_credentials.py."""
import calendar
import hashlib
import hmac
import re
import time

SKEW_MAX = 900


class Refused(Exception):
    """A code of S3 or STS, and fields of its error document."""

    def __init__(self, status, code, message="no", **fields):
        super().__init__(code)
        self.status, self.code, self.message, self.fields = status, code, message, fields


class Signature:
    """The Authorization header of a request."""

    def __init__(self, headers, service):
        match = re.fullmatch(
            r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/" + service + r"/aws4_request, "
            r"SignedHeaders=([^,]+), Signature=([0-9a-f]{64})", headers.get("Authorization", ""))
        if not match:
            raise Refused(403, "AccessDenied")
        self.service, self.headers = service, headers
        self.access_key, self.day, self.region, self.names, self.signature = match.groups()

    def sent(self):
        return calendar.timegm(time.strptime(self.headers.get("x-amz-date", ""), "%Y%m%dT%H%M%SZ"))

    def is_good(self, secret, method, path, query, payload):
        """`payload` is the hash in the canonical request. Every x-amz-* header must be signed."""
        stamp, names = self.headers.get("x-amz-date", ""), self.names.split(";")
        query = "&".join(sorted(p if "=" in p else p + "=" for p in query.split("&") if p))
        lines = "".join(f"{n}:{' '.join((self.headers.get(n) or '').split())}\n" for n in names)
        canonical = "\n".join([method, path, query, lines, self.names, payload])
        key = ("AWS4" + secret).encode()
        for word in (self.day, self.region, self.service, "aws4_request"):
            key = hmac.new(key, word.encode(), hashlib.sha256).digest()
        text = (f"AWS4-HMAC-SHA256\n{stamp}\n{self.day}/{self.region}/{self.service}/aws4_request\n"
                + hashlib.sha256(canonical.encode()).hexdigest())
        good = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
        amz = {n.lower() for n in self.headers if n.lower().startswith("x-amz-")}
        missing = ({"host", "x-amz-date"} | amz) - set(names)
        return hmac.compare_digest(good, self.signature) and not missing
